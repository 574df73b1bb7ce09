"""One process of a service, and what it says."""

import asyncio
import signal
from collections.abc import Mapping
from pathlib import Path

BOUND = 60.0
"""Seconds that anything may take that ought to take a few."""


class Served:
    """Made by ``Fleet.start``."""

    def __init__(self, service: str, env: Mapping[str, str], process: asyncio.subprocess.Process, log: Path) -> None:
        self.service = service
        self.env = env
        self.process = process
        self.log = log
        self.is_wanted = True
        """Whether it is to run: who ends by itself while it is has failed."""
        self._ready = asyncio.Event()
        self.becoming_ready = asyncio.create_task(self._ready.wait())
        self.reading = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def is_ready(self) -> bool:
        return self._ready.is_set()

    @property
    def has_died(self) -> bool:
        return self.is_wanted and self.process.returncode is not None

    async def ready(self, seconds: float = BOUND) -> None:
        """Wait until it takes work."""
        waited = {self.becoming_ready, self.reading}
        await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        assert self.is_ready, f"{self.service} did not become ready:\n{self.tail()}"

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, SIGSTOP and SIGCONT say."""
        self.process.send_signal(number)

    async def kill(self) -> None:
        """End it with SIGKILL; returns when it is gone."""
        self.is_wanted = False
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """End it with SIGTERM and wait until it has drained; its exit status."""
        self.is_wanted = False
        if self.process.returncode is None:
            self.process.terminate()
        return await self.ended()

    async def ended(self, seconds: float = BOUND) -> int:
        """Wait until it ends by itself; its exit status, negative for a signal."""
        self.is_wanted = False
        try:
            async with asyncio.timeout(seconds):
                return await self.process.wait()
        except TimeoutError:
            raise AssertionError(f"{self.service} did not end within {seconds:g} s:\n{self.tail()}") from None

    def tail(self, lines: int = 15) -> str:
        said = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(f"  {self.service}: {line[:600]}" for line in said[-lines:])

    async def _read(self) -> None:
        assert self.process.stderr
        with self.log.open("ab") as log:
            async for line in self.process.stderr:
                log.write(line)
                log.flush()
                if b'"event": "ready"' in line:
                    self._ready.set()
        self.becoming_ready.cancel()
