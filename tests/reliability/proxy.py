"""A TCP proxy before a server, which does to connections what networks do."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

PIECE = 16 * 1024


class Proxy:
    """Passes everything on until it is told otherwise. Made by ``proxied``; to be used from any thread."""

    def __init__(self, host: str, port: int) -> None:
        self.port = 0
        """Where it listens, on all addresses: containers come from the bridge."""
        self._target = (host, port)
        self._loop = asyncio.new_event_loop()
        self._connections: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._refuses = False
        self._rate = 0.0
        self._flows = asyncio.Event()

    def pass_on(self) -> None:
        """End whatever was ordered; connections that are there go on."""
        self._order(refuses=False, rate=0, flows=True)

    def cut(self) -> None:
        """Reset every connection; new ones are passed on."""
        self._order(refuses=False, rate=0, flows=True, cuts=True)

    def refuse(self) -> None:
        """Reset every connection, new ones too."""
        self._order(refuses=True, rate=0, flows=True, cuts=True)

    def slow(self, kilobytes: float) -> None:
        """Pass so much on in a second, in each direction of each connection."""
        self._order(refuses=False, rate=kilobytes * 1000, flows=True)

    def hang(self) -> None:
        """Keep every connection, take new ones, and pass nothing on: what a lost route does."""
        self._order(refuses=False, rate=0, flows=False)

    def _order(self, *, refuses: bool, rate: float, flows: bool, cuts: bool = False) -> None:
        async def order() -> None:
            self._refuses, self._rate = refuses, rate
            (self._flows.set if flows else self._flows.clear)()
            for writer in self._connections if cuts else ():
                writer.transport.abort()

        self._run(order())

    def _run(self, work: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _listen(self) -> None:
        self._flows.set()
        self._server = await asyncio.start_server(self._take, "0.0.0.0", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        for writer in self._connections:
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._connect(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with self._kept(writer):
            await self._flows.wait()
            if self._refuses:
                return writer.transport.abort()
            there, onward = await asyncio.open_connection(*self._target)
            async with self._kept(onward):
                ways = [asyncio.create_task(self._pump(reader, onward)), asyncio.create_task(self._pump(there, writer))]
                try:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()
                    await asyncio.gather(*ways, return_exceptions=True)

    @asynccontextmanager
    async def _kept(self, writer: asyncio.StreamWriter) -> AsyncIterator[None]:
        """Close it in the end, with what it has still to send, unless it is aborted."""
        self._connections.add(writer)
        try:
            with suppress(OSError):
                yield
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        finally:
            self._connections.discard(writer)
            writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE):
            if self._rate:
                await asyncio.sleep(len(piece) / self._rate)
            await self._flows.wait()
            writer.write(piece)
            await writer.drain()


@contextmanager
def proxied(host: str, port: int) -> Iterator[Proxy]:
    """A proxy before ``host:port``, in a thread of its own: it outlives the loop of a test."""
    proxy = Proxy(host, port)
    thread = threading.Thread(target=proxy._loop.run_forever)
    thread.start()
    try:
        proxy._run(proxy._listen())
        try:
            yield proxy
        finally:
            proxy._run(proxy._close())
    finally:
        proxy._loop.call_soon_threadsafe(proxy._loop.stop)
        thread.join()
        proxy._loop.close()
