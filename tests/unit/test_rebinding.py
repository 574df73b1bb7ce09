"""A name server that says one thing to who checks and another to who connects, asked over the wire."""

import asyncio
import itertools
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest

from services.handoff_notifier.messages import Answer, Message
from services.handoff_notifier.posting import Poster
from services.handoff_notifier.settings import NotifierSettings
from tests.network import BOUND, OK, Certificate, Listener, certificate, listening, rerouted, saying

HOST = "rebinding.example.org"
PUBLIC = "8.8.4.4"
ADDRESS = struct.Struct("!HHHIH4s")
"""An A record whose name is that of the question: https://www.rfc-editor.org/rfc/rfc1035#section-4.1.3"""


@dataclass
class NameServer(asyncio.DatagramProtocol):
    """Answers each question for a name with the next of its answers; the last one stays."""

    answers: dict[str, list[list[str]]]
    asked: Counter[str] = field(default_factory=Counter)

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport
        self.address = transport.get_extra_info("sockname")

    def datagram_received(self, data: bytes, sender: tuple[str, int]) -> None:
        name = _name(data)
        answers = self.answers[name]
        found = answers[min(self.asked[name], len(answers) - 1)]
        self.asked[name] += 1
        head = data[:2] + struct.pack("!HHHHH", 0x8180, 1, len(found), 0, 0)
        records = [ADDRESS.pack(0xC00C, 1, 1, 0, 4, socket.inet_aton(address)) for address in found]
        self._transport.sendto(head + data[12:] + b"".join(records), sender)


class Question(asyncio.DatagramProtocol):
    def __init__(self, name: str) -> None:
        self._name = name
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        labels = b"".join(bytes([len(label)]) + label.encode() for label in self._name.split("."))
        transport.sendto(struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 1, 1))

    def datagram_received(self, data: bytes, sender: tuple[str, int]) -> None:
        self.answer.set_result(data)


def _name(question: bytes) -> str:
    labels, at = [], 12
    while length := question[at]:
        labels.append(question[at + 1 : at + 1 + length].decode())
        at += 1 + length
    return ".".join(labels)


@dataclass(frozen=True, slots=True)
class Resolver:
    """Asks a name server anew for each name, as a system without a cache does."""

    server: tuple[str, int]

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        transport, question = await loop.create_datagram_endpoint(lambda: Question(host), remote_addr=self.server)
        try:
            async with asyncio.timeout(BOUND):
                answer = await question.answer
        finally:
            transport.close()
        records = answer[12 + len(host) + 2 + 4 :]
        return [socket.inet_ntoa(fields[-1]) for fields in ADDRESS.iter_unpack(records)]


@dataclass
class Place:
    """A receiver that anything called reaches, and a name server that is asked for its address."""

    names: NameServer
    receiver: Listener
    wanted: list[tuple[str, int]]
    poster: Poster

    async def post(self) -> Answer:
        return await self.poster(Message("id", f"https://{HOST}/", b"{}"), {})


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), HOST)


@pytest.fixture
async def place(signed: Certificate, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    loop = asyncio.get_running_loop()
    transport, names = await loop.create_datagram_endpoint(lambda: NameServer({}), local_addr=("127.0.0.1", 0))
    resolver = Resolver(names.address)
    async with listening(saying(OK), signed.server) as receiver:
        poster = Poster(NotifierSettings(), resolve=resolver, tls=signed.client)
        yield Place(names, receiver, rerouted(monkeypatch, receiver.port), poster)
        await poster.close()
    transport.close()


async def test_one_message_asks_once_and_goes_where_it_was_checked_to_go(place: Place) -> None:
    place.names.answers[HOST] = [[PUBLIC], ["127.0.0.1"]]
    assert await place.post() == Answer(200, b"{}")
    assert place.names.asked == {HOST: 1}
    assert place.wanted == [(PUBLIC, 443)]


async def test_a_name_that_has_moved_inside_is_refused_the_next_time(place: Place) -> None:
    place.names.answers[HOST] = [[PUBLIC], ["127.0.0.1"]]
    assert [(await place.post()).forbidden for _ in range(3)] == [False, True, True]
    assert place.names.asked == {HOST: 3}
    assert place.wanted == [(PUBLIC, 443)]
    assert place.receiver.connections == 1


@pytest.mark.parametrize("found", list(itertools.permutations([PUBLIC, "8.8.8.8", "192.168.0.9"])))
async def test_a_name_with_one_address_inside_is_refused_wherever_that_stands(
    found: tuple[str, ...], place: Place
) -> None:
    place.names.answers[HOST] = [list(found)]
    assert (await place.post()).forbidden
    assert (place.wanted, place.receiver.connections) == ([], 0)


async def test_a_receiver_whose_first_address_is_away_is_reached_at_the_next_without_asking_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    connect = loop.sock_connect

    async def refuse(sock: socket.socket, address: tuple[str, int]) -> None:
        if address[0] == "8.8.8.8":
            raise ConnectionRefusedError
        await connect(sock, address)

    monkeypatch.setattr(loop, "sock_connect", refuse)
    place.names.answers[HOST] = [["8.8.8.8", PUBLIC], ["127.0.0.1"]]
    assert (await place.post()).accepted
    assert place.names.asked == {HOST: 1}
    assert place.wanted == [(PUBLIC, 443)]
