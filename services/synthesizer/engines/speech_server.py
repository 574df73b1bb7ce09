"""A speech server over HTTP: one request with its few repetitions, and what it means that all of them fail."""

import asyncio
import math
import ssl
from asyncio import IncompleteReadError
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

import aiohttp
from yarl import URL

from darkchannel.errors import Transient, Unavailable
from darkchannel.runtime.engines import Silent
from darkchannel.runtime.waiting import backoff
from services.synthesizer.engines.rest import Rest, retry_after
from services.synthesizer.engines.troubles import shown, trouble

CONNECT_SECONDS: Final = 5.0
"""For the name, the connection and TLS together."""
PATIENCE_SECONDS: Final = 10.0
"""After which a request is not repeated any more: another engine may speak meanwhile."""
LOOK_SECONDS: Final = 3.0
MOST_BYTES: Final = 64 << 20
"""Of an answer: eleven minutes of 16-bit samples at 48 kHz."""
FAILED: Final = 500
"""Status that may be of the server, and passes, or of this request alone, and stays."""
AWAY: Final = frozenset({408, 429, FAILED, 502, 503, 504})
"""Statuses by which a request is worth another try."""

Pauses = Callable[[], Iterable[float]]
"""Seconds before each repetition of one request."""
Body = Callable[[], aiohttp.FormData | bytes]
"""Makes what is sent, anew for each try: aiohttp sends a form once only."""


def pauses() -> Iterable[float]:
    """Some 7 s in all."""
    return islice(backoff(), 4)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = b""
    retry_after: float = 0.0
    """Seconds that the server asks for."""
    content_type: str = ""
    """In lower case, without its parameters."""

    @property
    def ok(self) -> bool:
        return self.status == 200


class SpeechServer:
    """Sends the requests of one engine. Its session is opened by the first of them, in the running loop."""

    def __init__(
        self,
        engine: str,
        *,
        timeout: float,
        advice: str,
        final: Collection[int] = (),
        pauses: Pauses = pauses,
        by_proxy: bool = False,
    ) -> None:
        """``timeout`` in seconds for one try; ``advice`` ends the message of Unavailable and Silent: what to do.

        ``final``: statuses that the engine judges itself, though others would try again. ``by_proxy``: whether the
        proxy that ``HTTPS_PROXY`` names is used, and ``NO_PROXY`` minded.
        """
        self._engine = engine
        self._timeout = timeout
        self._advice = advice
        self._away = AWAY.difference(final)
        self._pauses = pauses
        self._by_proxy = by_proxy
        self._opening = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None
        self._rest = Rest()

    async def ask(
        self,
        method: str,
        url: URL,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        repeats: bool = True,
    ) -> Answer:
        """The answer, whatever it says; a redirect is not followed. ``repeats``: whether it is tried again.

        Raises Unavailable while the server is out of reach: refused, or busy by its status, also after
        ``PATIENCE_SECONDS`` of trying again, or for longer by its own ``Retry-After``; Silent as soon as it takes what
        was sent and says nothing in time; Transient where the answer breaks off or has no end. An answer 500 is handed
        back where the last try, too, ends in it.
        """
        clock = asyncio.get_running_loop().time
        deadline = clock() + PATIENCE_SECONDS
        for pause in (*(self._pauses() if repeats else ()), math.inf):
            self._mind_rest(url)
            wait, answer = pause, None
            try:
                answer = await self._once(method, url, headers or {}, body, self._timeout)
            except (aiohttp.ClientError, OSError) as error:
                reason = self._trouble(url, error, self._timeout)
                if _is_silence(error):
                    raise Silent(self._told(url, reason)) from error
            else:
                if answer.status not in self._away:
                    return answer
                reason = self._refusal(answer)
                wait = max(pause, answer.retry_after)
            if clock() + wait > deadline:
                break
            await asyncio.sleep(wait)
        if answer and answer.status == FAILED:
            return answer
        raise self._unavailable(url, reason)

    async def look(self, method: str, url: URL, *, headers: Mapping[str, str] | None = None) -> Answer | None:
        """One short try; None where the server is connected to and says nothing: it may be busy speaking.

        Raises Unavailable as ``ask`` does.
        """
        self._mind_rest(url)
        try:
            answer = await self._once(method, url, headers or {}, None, LOOK_SECONDS)
        except (aiohttp.ClientError, OSError) as error:
            if _is_silence(error):
                return None
            raise self._unavailable(url, self._trouble(url, error, LOOK_SECONDS)) from error
        if answer.status in self._away:
            raise self._unavailable(url, self._refusal(answer))
        return answer

    async def _once(self, method: str, url: URL, headers: Mapping[str, str], body: Body | None, most: float) -> Answer:
        session = await self._open()
        # Shorter than all of it: who takes no connection is not busy but away.
        connect = min(CONNECT_SECONDS, most / 2)
        request = session.request(
            method,
            url,
            headers=headers,
            data=body() if body else None,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None, connect=connect),
        )
        # Not aiohttp's own total: that one is rounded up to whole seconds.
        async with asyncio.timeout(most), request as response:
            whole = await self._read(response)
            return Answer(response.status, whole, retry_after(response.headers), response.content_type)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        try:
            await response.content.readexactly(MOST_BYTES)
        except IncompleteReadError as whole:
            return whole.partial
        except aiohttp.ClientError as error:
            raise Transient(f"{self._engine}: the answer of {shown(response.url)} broke off") from error
        raise Transient(f"{self._engine}: the answer of {shown(response.url)} has more than {MOST_BYTES >> 20} MiB")

    def _mind_rest(self, url: URL) -> None:
        if reason := self._rested():
            raise self._unavailable(url, reason)

    def _refusal(self, answer: Answer) -> str:
        """What a server says that is away by its status; a rest too long to be waited for is kept to."""
        if answer.retry_after > PATIENCE_SECONDS:
            self._rest.begin(answer.retry_after)
        return self._rested() or f"answers HTTP {answer.status}"

    def _rested(self) -> str | None:
        """Why nothing is to be asked now."""
        ends = self._rest.ends()
        return f"wants no requests until {ends}" if ends else None

    def _trouble(self, url: URL, error: Exception, seconds: float) -> str:
        return trouble(url, error, seconds=seconds, by_proxy=self._by_proxy)

    def _unavailable(self, url: URL, reason: str) -> Unavailable:
        return Unavailable(self._told(url, reason))

    def _told(self, url: URL, reason: str) -> str:
        return f"{self._engine}: {shown(url)} {reason}; {self._advice}"

    async def _open(self) -> aiohttp.ClientSession:
        async with self._opening:
            if self._session is None:
                # Not aiohttp's own, made when it is imported: SSL_CERT_FILE may have been read from a file since.
                tls = await asyncio.to_thread(ssl.create_default_context)
                self._session = aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(limit=0, ssl=tls),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    trust_env=self._by_proxy,
                )
            return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


def _is_silence(error: Exception) -> bool:
    """Whether there was a connection, and no answer."""
    return isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ConnectionTimeoutError)
