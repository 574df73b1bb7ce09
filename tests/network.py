"""A network of one machine: whatever is called, one listener on loopback answers, and where it was called is kept."""

import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

Speaking = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What a listener does with one connection, after the head of the request."""

BOUND = 20
"""Seconds after which a wait for an event has failed."""


@dataclass
class Listener:
    """Listens on a port of loopback and keeps the head of each request."""

    speak: Speaking
    heads: list[str] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    """What each TLS client asked for (SNI)."""
    connections: int = 0
    port: int = 0
    _open: set[asyncio.Task[Any]] = field(default_factory=set)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head.decode())
            await self.speak(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(task)
            writer.close()

    async def finished(self) -> None:
        """Once nobody is talked to any more."""
        if self._open:
            async with asyncio.timeout(BOUND):
                await asyncio.wait(self._open)


@asynccontextmanager
async def listening(speak: Speaking, tls: ssl.SSLContext | None = None) -> AsyncIterator[Listener]:
    listener = Listener(speak)
    if tls:
        tls.set_servername_callback(lambda _socket, name, _context: listener.names.append(name))
    server = await asyncio.start_server(listener.talk, "127.0.0.1", 0, ssl=tls)
    listener.port = server.sockets[0].getsockname()[1]
    async with server:
        yield listener
        for task in [*listener._open]:
            task.cancel()


def saying(*parts: bytes) -> Speaking:
    """Say it all and hang up."""

    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()

    return speak


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def rerouted(monkeypatch: pytest.MonkeyPatch, port: int) -> list[tuple[str, int]]:
    """From now on each TCP connection of the running loop leads to this port of loopback; where each wanted to go."""
    loop = asyncio.get_running_loop()
    wanted: list[tuple[str, int]] = []
    connect = loop.sock_connect

    async def reroute(sock: socket.socket, address: tuple[Any, ...]) -> None:
        if sock.type is socket.SOCK_STREAM:
            wanted.append(address[:2])
            address = ("127.0.0.1" if sock.family is socket.AF_INET else "::ffff:127.0.0.1", port)
        await connect(sock, address)

    monkeypatch.setattr(loop, "sock_connect", reroute)
    return wanted


@dataclass(frozen=True, slots=True)
class Certificate:
    """Signed by itself."""

    certificate: Path
    key: Path

    @property
    def server(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self.key)
        return context

    @property
    def client(self) -> ssl.SSLContext:
        """Trusts it."""
        return ssl.create_default_context(cafile=str(self.certificate))


def certificate(folder: Path, *hosts: str) -> Certificate:
    """Made for the occasion; the test is skipped where there is no openssl."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl command is not there: TLS was not tested")
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    names = ",".join(f"DNS:{host}" for host in hosts)
    told = ["-subj", f"/CN={hosts[0]}", "-addext", f"subjectAltName={names}", "-days", "2"]
    files = ["-keyout", made.key, "-out", made.certificate]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command = [openssl, "req", "-x509", "-nodes", *curve, *told, *files]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return made
