"""Post a message once, to an address that has been checked, and say what came of it."""

import asyncio
import io
import os
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from ssl import SSLContext

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from darkchannel.runtime.service import utc_now
from services.handoff_notifier.addresses import Addresses, Forbidden, Resolve, SystemResolver, parse, shown
from services.handoff_notifier.messages import Answer, Message
from services.handoff_notifier.settings import NotifierSettings

CONNECT_SECONDS = 5.0
"""For the name, the connection and TLS together."""
MOST_BODY = 65_536
"""Bytes read of an answer."""
HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"
"""https://www.rfc-editor.org/rfc/rfc9110#http.date, the form that is sent today."""
LOOKUPS = 64
"""Names of webhooks that are looked up at once."""
TRUSTED_LOOKUPS = 8
"""Names that the operator gave, besides: no job's webhook may keep them waiting."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Poster:
    """Posts over the network. Nothing is kept between two messages: no connection, no cookie, no address."""

    def __init__(
        self,
        settings: NotifierSettings,
        *,
        resolve: Resolve | None = None,
        clock: Callable[[], datetime] = utc_now,
        tls: SSLContext | bool = True,
    ) -> None:
        self._settings = settings
        self._addresses = Addresses(settings.webhook_allowed_hosts, resolve or SystemResolver(LOOKUPS))
        self._resolve = resolve or SystemResolver(TRUSTED_LOOKUPS)
        self._clock = clock
        self._tls = tls
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    def timeout(self, message: Message) -> float:
        """Seconds one try may take."""
        return self._settings.omniplay_timeout_seconds if message.trusted else self._settings.webhook_timeout_seconds

    async def __call__(self, message: Message, signed: Mapping[str, str]) -> Answer:
        """Post with the headers of the message and of its signature; what goes wrong is in the answer."""
        try:
            url = parse(message.url)
            if not message.trusted:
                self._addresses.check(url)
            return await self._post(url, message, signed)
        except Forbidden as forbidden:
            return Answer(0, note=str(forbidden), forbidden=True)

    async def _post(self, url: URL, message: Message, signed: Mapping[str, str]) -> Answer:
        answer = None
        try:
            # Not aiohttp's own total: that one is rounded up to whole seconds.
            async with asyncio.timeout(self.timeout(message)):
                request = self._session(message.trusted).post(
                    url,
                    data=io.BytesIO(message.body),  # aiohttp warns of bytes when there are many
                    headers={**message.headers, **signed},
                    allow_redirects=False,
                )
                async with request as response:
                    answer = self._answer(response)
                    return replace(answer, body=await _read(response))
        except (aiohttp.ClientError, OSError) as error:
            if answer is None:
                return Answer(0, note=_trouble(error, shown(url), self.timeout(message)))
            return answer  # to send again for want of the rest of it might do a thing twice

    def _answer(self, response: aiohttp.ClientResponse) -> Answer:
        after = _retry_after(response.headers.get("Retry-After"), self._clock())
        return Answer(response.status, retry_after=after, note=_note(response.status))

    def _session(self, trusted: bool) -> aiohttp.ClientSession:
        if trusted not in self._sessions:
            find = self._resolve if trusted else self._addresses.of
            self._sessions[trusted] = aiohttp.ClientSession(
                # A connection kept open may be closed just when the next message goes out on it, and nobody could tell
                # whether that arrived.
                connector=aiohttp.TCPConnector(
                    resolver=_Resolver(find), use_dns_cache=False, force_close=True, limit=0, ssl=self._tls
                ),
                timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=_headers(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._sessions[trusted]

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()


class _Resolver(AbstractResolver):
    """Gives aiohttp what was found and checked for this very connection.

    aiohttp does not ask for a host that is an IP address; such are checked with the URL.
    """

    def __init__(self, find: Resolve) -> None:
        self._find = find

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - aiohttp asks for any
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await self._found(host, port)
        ]

    async def _found(self, host: str, port: int) -> Sequence[str]:
        """Raises OSError, which alone aiohttp expects, and which it expects instead of nothing."""
        try:
            found = await self._find(host, port)
        except UnicodeError as error:  # a label that is empty or too long
            raise OSError("the lookup failed") from error
        if not found:
            raise OSError("no address")
        return found

    async def close(self) -> None:
        """Holds nothing."""


def _headers() -> dict[str, str]:
    try:
        name = f"darkchannel/{version('darkchannel')}"
    except PackageNotFoundError:  # run from its source tree
        name = "darkchannel"
    # Not compressed: an answer of 64 kB could unfold to any size.
    return {"Content-Type": "application/json", "Accept-Encoding": "identity", "User-Agent": name}


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """What comes, up to ``MOST_BODY``; the rest is lost with the connection."""
    try:
        return await response.content.readexactly(MOST_BODY)
    except asyncio.IncompleteReadError as short:
        return short.partial


def _retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds, from seconds or a date; None for what is neither.

    https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    """
    if value is None:
        return None
    if re.fullmatch("[0-9]+", value):
        return float(value)
    try:
        date = datetime.strptime(value, HTTP_DATE).replace(tzinfo=UTC)
    except ValueError:
        return None
    return max((date - now).total_seconds(), 0.0)


def _note(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    return f"HTTP {status}: a redirect is not followed" if status in REDIRECTS else f"HTTP {status}"


# For people. The errors' own texts name addresses and quote what the receiver sent.
_TROUBLES = (
    (aiohttp.ClientConnectorCertificateError, "{host}: its certificate is not valid"),
    (aiohttp.ClientSSLError, "no TLS with {host}"),
    (aiohttp.ClientConnectorDNSError, "{host} has no address, or its name server does not answer"),
    (aiohttp.ConnectionTimeoutError, "no connection to {host} in {connect:g} s"),
    (TimeoutError, "no answer from {host} in {total:g} s"),
    (aiohttp.ClientConnectorError, "no connection to {host}: {reason}"),
    (aiohttp.ClientResponseError, "{host} does not answer in HTTP"),
    (Exception, "{host} closed the connection without an answer"),
)


def _trouble(error: OSError | aiohttp.ClientError, host: str, total: float) -> str:
    reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "none of its addresses answers"
    template = next(template for kind, template in _TROUBLES if isinstance(error, kind))
    return template.format(host=host, connect=CONNECT_SECONDS, total=total, reason=reason)
