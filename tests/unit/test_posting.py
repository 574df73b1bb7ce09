"""One message posted: what the receiver is sent, and what is made of anything it may do."""

import asyncio
import gzip
import socket
import ssl
import struct
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.handoff_notifier import posting
from services.handoff_notifier.addresses import Resolve, SystemResolver
from services.handoff_notifier.messages import Answer, Message
from services.handoff_notifier.posting import Poster
from services.handoff_notifier.settings import NotifierSettings
from tests.network import OK, Certificate, Listener, Speaking, certificate, listening, rerouted, saying

SECRET = "s3cret"
PATH = f"/{SECRET}?token={SECRET}"
HOST = "crm.example.org"
PUBLIC = "8.8.4.4"
NOW = datetime(2025, 3, 9, 12, 0, tzinfo=UTC)
QUICK = 1
"""Seconds of a try that is meant to run out of time."""


async def post(
    listener: Listener, body: bytes = b"{}", headers: Mapping[str, str] | None = None, *, seconds: float = 15
) -> Answer:
    """One message to a listener, which the operator allows."""
    place = f"127.0.0.1:{listener.port}"
    allowed = NotifierSettings(webhook_allowed_hosts=(place,), webhook_timeout_seconds=seconds)
    poster = Poster(allowed, clock=lambda: NOW)
    try:
        return await poster(Message("id", f"http://{place}{PATH}", body, headers or {}), {"webhook-id": "id"})
    finally:
        await poster.close()


async def posted(message: Message, resolve: Resolve | None = None, *, tls: ssl.SSLContext | bool = True) -> Answer:
    """A message to where nothing is allowed."""
    poster = Poster(NotifierSettings(), resolve=resolve, tls=tls)
    try:
        return await poster(message, {})
    finally:
        await poster.close()


def answering(status: str, *headers: str, body: bytes = b"") -> Speaking:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return saying("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def refusing_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    while await reader.read(1000):
        pass


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    no_farewell = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_farewell)


def dripping(start: bytes) -> Speaking:
    """After the start a byte every hundredth of a second, for ever."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()

        def drip() -> None:
            if not writer.is_closing():
                writer.write(b"a")
                loop.call_later(0.01, drip)

        writer.write(start)
        drip()
        await silent(reader, writer)

    return speak


async def test_a_message_is_sent_whole_with_its_headers_and_those_of_its_signature() -> None:
    async with listening(answering("201 Created", body=b'{"ticket_id": 7}')) as listener:
        answer = await post(listener, b"{}", {"X-Company-Id": "7"})
        assert answer == Answer(201, b'{"ticket_id": 7}')
        [head] = listener.heads
    request, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    assert request == f"POST {PATH} HTTP/1.1"
    assert headers["host"] == f"127.0.0.1:{listener.port}"
    assert headers["content-type"] == "application/json"
    assert headers["content-length"] == "2"
    assert headers["user-agent"].startswith("darkchannel")
    assert headers["accept-encoding"] == "identity"
    assert (headers["webhook-id"], headers["x-company-id"]) == ("id", "7")


async def test_a_long_transcript_arrives_whole() -> None:
    body = bytes(range(256)) * 16_384
    heard = b""

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        heard = await reader.readexactly(len(body))
        writer.write(OK)

    async with listening(hear) as listener:
        assert (await post(listener, body)).accepted
    assert heard == body


async def test_neither_a_connection_nor_a_cookie_is_kept_for_the_next_message() -> None:
    async with listening(answering("200 OK", "Set-Cookie: visitor=7; Path=/")) as listener:
        poster = Poster(NotifierSettings())
        message = Message("id", f"http://127.0.0.1:{listener.port}/", b"{}", trusted=True)
        try:
            assert [(await poster(message, {})).status for _ in range(2)] == [200, 200]
        finally:
            await poster.close()
        assert listener.connections == 2
        assert "cookie" not in "".join(listener.heads).lower()


@pytest.mark.parametrize(
    ("status", "note"),
    [
        ("200 OK", None),
        ("204 No Content", None),
        ("400 Bad Request", "HTTP 400"),
        ("410 Gone", "HTTP 410"),
        ("503 Service Unavailable", "HTTP 503"),
        ("304 Not Modified", "HTTP 304"),
    ],
)
async def test_the_note_of_an_answer_is_its_status(status: str, note: str | None) -> None:
    async with listening(answering(status)) as listener:
        answer = await post(listener)
    assert (str(answer.status), answer.note) == (status[:3], note)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with listening(saying(OK)) as inside:
        away = answering(f"{status} Elsewhere", f"Location: http://127.0.0.1:{inside.port}/{SECRET}")
        async with listening(away) as listener:
            answer = await post(listener)
        assert answer == Answer(status, note=f"HTTP {status}: a redirect is not followed")
        assert not answer.again
        assert inside.connections == 0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("Sun, 09 Mar 2025 12:01:30 GMT", 90.0),
        ("Sun, 09 Mar 2025 11:00:00 GMT", 0.0),
        ("9" * 400, float("inf")),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("Sun, 99 Mar 2025 12:00:00 GMT", None),
        ("Sun, 09 Mar 99999999999999999999 12:00:00 GMT", None),
    ],
)
async def test_what_the_receiver_asks_for_is_read_in_seconds(value: str, seconds: float | None) -> None:
    async with listening(answering("429 Too Many Requests", f"Retry-After: {value}")) as listener:
        assert (await post(listener)).retry_after == seconds


TROUBLES = {
    "closes": (saying(), "{place} closed the connection without an answer"),
    "closes in the head": (saying(b"HTTP/1.1 200 OK\r\nX-"), "{place} closed the connection without an answer"),
    "resets": (reset, "{place} closed the connection without an answer"),
    "speaks mail": (saying(b"220 mail.example.org s3cret ready\r\n"), "{place} does not answer in HTTP"),
    "speaks garbage": (saying(bytes(range(256)) * 40), "{place} does not answer in HTTP"),
    "has a long header": (answering("200 OK", f"X-Long: {'a' * 10_000}"), "{place} does not answer in HTTP"),
    "has many headers": (answering("200 OK", *["X-Many: a"] * 1000), "{place} does not answer in HTTP"),
    "says nothing": (silent, "no answer from {place} in 1 s"),
    "drips its head": (dripping(b"HTTP/1.1 200 OK\r\nX-Slow: "), "no answer from {place} in 1 s"),
}


@pytest.mark.parametrize("what", TROUBLES)
async def test_a_receiver_in_trouble_is_told_of_in_words_and_tried_again(
    what: str, caplog: pytest.LogCaptureFixture
) -> None:
    speak, note = TROUBLES[what]
    async with listening(speak) as listener:
        answer = await post(listener, seconds=QUICK if f"in {QUICK} s" in note else 15)
        await listener.finished()
    assert answer == Answer(0, note=note.format(place=f"127.0.0.1:{listener.port}"))
    assert answer.again
    assert SECRET not in caplog.text


FRAGMENTS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/9.9 999 \r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: -5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Encoding: br\r\n",
        b"Content-Type: ;;=\r\n",
        b"Set-Cookie: \x01=\xff; expires=never\r\n",
        b"Retry-After: \xff\r\n",
        b"Location: //\xff[\r\n",
        b": \r\n",
        b"\r\n",
        b"ffffffffffffffff\r\n",
        b"{}",
    ]
)


@given(st.lists(FRAGMENTS | st.binary(max_size=8), max_size=8))
@settings(max_examples=50)
def test_nothing_that_a_receiver_says_is_raised(parts: list[bytes]) -> None:
    async def exchange() -> None:
        async with listening(saying(*parts)) as listener:
            answer = await post(listener, seconds=QUICK)
        assert answer.accepted or answer.note
        assert SECRET not in (answer.note or "")

    asyncio.run(exchange())


async def test_a_receiver_that_is_not_there_is_tried_again() -> None:
    listener = Listener(saying(), port=refusing_port())
    answer = await post(listener)
    assert answer == Answer(0, note=f"no connection to 127.0.0.1:{listener.port}: Connection refused")


async def test_a_name_that_is_not_known_is_tried_again() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, f"no {SECRET}")

    answer = await posted(Message("id", f"https://{HOST}{PATH}", b"{}"), resolve)
    assert answer == Answer(0, note=f"{HOST} has no address, or its name server does not answer")
    assert answer.again


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("error", [None, UnicodeError(f"label {SECRET} too long")])
async def test_a_lookup_that_comes_to_nothing_is_a_name_without_an_address(
    trusted: bool, error: Exception | None
) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        if error:
            raise error
        return []

    answer = await posted(Message("id", f"https://{HOST}{PATH}", b"{}", trusted=trusted), resolve)
    assert answer == Answer(0, note=f"{HOST} has no address, or its name server does not answer")
    assert answer.again


async def test_a_name_server_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(posting, "CONNECT_SECONDS", 0.05)
    answer = await posted(Message("id", f"https://{HOST}{PATH}", b"{}"), resolve)
    assert answer == Answer(0, note=f"no connection to {HOST} in 0.05 s")


async def test_names_are_looked_up_by_the_system_where_nothing_else_is_said() -> None:
    async with listening(saying(OK)) as listener:
        url = f"http://localhost:{listener.port}/"
        assert (await posted(Message("id", url, b"{}", trusted=True))).accepted


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n"]
)
async def test_an_answer_that_drips_is_cut_off_and_its_status_counts(start: bytes) -> None:
    async with listening(dripping(start)) as listener:
        answer = await post(listener, seconds=QUICK)
        await listener.finished()
    assert answer == Answer(200)


async def test_an_answer_that_breaks_off_counts_by_its_status() -> None:
    async with listening(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")) as listener:
        assert await post(listener) == Answer(200)
    async with listening(saying(b"HTTP/1.1 503 Away\r\nContent-Length: 100\r\n\r\n{")) as listener:
        assert await post(listener) == Answer(503, note="HTTP 503")


async def test_of_a_long_answer_64_kb_are_read_and_the_rest_is_not_waited_for() -> None:
    cut = False

    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal cut
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n")
        try:
            while True:  # much more than it said
                writer.write(b"a" * 10_000)
                await writer.drain()
        except OSError:
            cut = True

    async with listening(speak) as listener:
        assert await post(listener) == Answer(200, b"a" * 65_536)
        await listener.finished()
    assert cut


async def test_an_answer_in_pieces_is_read_whole() -> None:
    pieces = b"".join(b"1\r\n%c\r\n" % letter for letter in b'{"ticket_id": 7}')
    speak = saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", pieces, b"0\r\n\r\n")
    async with listening(speak) as listener:
        assert (await post(listener)).body == b'{"ticket_id": 7}'


async def test_a_compressed_answer_is_not_unfolded() -> None:
    packed = gzip.compress(b"a" * 10_000_000)
    async with listening(answering("200 OK", "Content-Encoding: gzip", body=packed)) as listener:
        assert (await post(listener)).body == packed


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(saying(OK)) as proxy, listening(saying(OK)) as listener:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            for spelled in (name, name.lower()):
                monkeypatch.setenv(spelled, f"http://127.0.0.1:{proxy.port}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        assert (await post(listener)).accepted
        assert (proxy.connections, listener.connections) == (0, 1)


async def test_a_netrc_file_tells_nobody_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "netrc"
    file.write_text(f"default login someone password {SECRET}\n")
    monkeypatch.setenv("NETRC", str(file))
    async with listening(saying(OK)) as listener:
        await post(listener)
        assert "authorization" not in listener.heads[0].lower()


@pytest.mark.parametrize("url", ["https://someone:s3cret@omniplay/", "http://127.1:80/", "ftp://omniplay/", "omniplay"])
async def test_a_trusted_address_has_to_be_a_plain_one_too(url: str) -> None:
    answer = await posted(Message("id", url, b"{}", trusted=True))
    assert answer.forbidden
    assert SECRET not in (answer.note or "")


async def test_posters_know_how_long_a_try_may_take() -> None:
    poster = Poster(NotifierSettings(omniplay_timeout_seconds=11, webhook_timeout_seconds=22))
    assert poster.timeout(Message("id", "", b"", trusted=True)) == 11
    assert poster.timeout(Message("id", "", b"")) == 22


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), HOST)


@pytest.fixture
async def secure(signed: Certificate) -> AsyncIterator[Listener]:
    async with listening(saying(OK), signed.server) as listener:
        yield listener


async def public(host: str, port: int) -> Sequence[str]:
    return [PUBLIC]


async def test_the_checked_address_is_connected_to_with_the_name_of_the_receiver(
    secure: Listener, signed: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = rerouted(monkeypatch, secure.port)
    assert await posted(Message("id", f"https://{HOST}:8443{PATH}", b"{}"), public, tls=signed.client) == Answer(
        200, b"{}"
    )
    assert wanted == [(PUBLIC, 8443)]
    assert secure.names == [HOST]
    assert f"Host: {HOST}:8443\r\n" in secure.heads[0]


async def test_what_a_trusted_message_may_reach_another_may_not(
    secure: Listener, signed: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def private(host: str, port: int) -> Sequence[str]:
        return ["10.0.0.7"]

    wanted = rerouted(monkeypatch, secure.port)
    poster = Poster(NotifierSettings(), resolve=private, tls=signed.client)
    answers = [await poster(Message("id", f"https://{HOST}/", b"{}", trusted=trusted), {}) for trusted in (True, False)]
    await poster.close()
    assert [(answer.status, answer.forbidden) for answer in answers] == [(200, False), (0, True)]
    assert wanted == [("10.0.0.7", 443)]


@pytest.mark.parametrize("host", [HOST, "other.example.org"])
async def test_a_certificate_that_nobody_vouches_for_or_of_another_host_is_not_accepted(
    host: str, secure: Listener, signed: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    rerouted(monkeypatch, secure.port)
    tls = True if host == HOST else signed.client
    answer = await posted(Message("id", f"https://{host}{PATH}", b"{}"), public, tls=tls)
    assert answer == Answer(0, note=f"{host}: its certificate is not valid")
    assert not secure.heads


async def test_a_receiver_that_speaks_no_tls_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(OK)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server:
        rerouted(monkeypatch, server.sockets[0].getsockname()[1])
        answer = await posted(Message("id", f"https://{HOST}{PATH}", b"{}"), public)
    assert answer == Answer(0, note=f"no TLS with {HOST}")


@pytest.fixture
def dead_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Semaphore]:
    """Lookups of names that begin with dead hang; it counts those."""
    asked, over = threading.Semaphore(0), threading.Event()
    look_up = socket.getaddrinfo

    def hang(host: str, *about: Any, **named: Any) -> Any:
        if host.startswith("dead"):
            asked.release()
            over.wait()
            raise socket.gaierror
        return look_up(host, *about, **named)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield asked
    over.set()


async def test_names_that_nobody_answers_for_hold_up_neither_omniplay_nor_the_end_of_the_process(
    dead_names: threading.Semaphore,
) -> None:
    poster = Poster(NotifierSettings())
    async with listening(saying(OK)) as listener, asyncio.TaskGroup() as group:
        webhooks = [
            group.create_task(poster(Message("id", f"https://dead{n}.example.org/", b"{}"), {})) for n in range(70)
        ]
        await asyncio.to_thread(lambda: [dead_names.acquire() for _ in range(64)])
        trusted = Message("id", f"http://localhost:{listener.port}/", b"{}", trusted=True)
        assert (await poster(trusted, {})).accepted
        assert all(thread.daemon for thread in threading.enumerate() if thread.name.startswith("dns"))
        for webhook in webhooks:
            webhook.cancel()
    await poster.close()


async def test_who_gives_up_a_lookup_gives_its_place_back_only_when_it_has_ended(
    dead_names: threading.Semaphore,
) -> None:
    resolver = SystemResolver(1)
    given_up = asyncio.create_task(resolver("dead.example.org", 443))
    await asyncio.to_thread(dead_names.acquire)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await resolver("dead-too.example.org", 443)
    assert "dns-dead-too.example.org" not in {thread.name for thread in threading.enumerate()}


async def test_a_lookup_for_which_there_is_no_thread_gives_its_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    resolver = SystemResolver(1)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", none_left)
        with pytest.raises(OSError, match="no thread"):
            await resolver("127.0.0.1", 443)
    async with asyncio.timeout(5):
        assert await resolver("127.0.0.1", 443) == ["127.0.0.1"]


async def test_a_lookup_that_has_ended_makes_room_for_the_next() -> None:
    resolver = SystemResolver(1)
    assert await resolver("127.0.0.1", 443) == await resolver("127.0.0.1", 443) == ["127.0.0.1"]
