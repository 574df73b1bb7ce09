"""A short question to a speech server, asked once for all who wait for its answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

QUIET_SECONDS: Final = 10.0
"""How long nobody waits again for what a server has just held back: it is busy speaking."""


class Look:
    """``ask``: whether the server said anything within a few seconds."""

    def __init__(self, ask: Callable[[], Awaitable[bool]]) -> None:
        self._ask = ask
        self._asking: asyncio.Task[bool] | None = None
        self._quiet_until = 0.0
        """By the clock of the loop."""

    async def made(self) -> bool:
        """Whether the server said anything; False at once where it lately did not. Raises as ``ask``."""
        if self._asking is None:
            if asyncio.get_running_loop().time() < self._quiet_until:
                return False
            self._asking = asyncio.create_task(self._asked())
            self._asking.add_done_callback(_seen)
        return await asyncio.shield(self._asking)

    async def _asked(self) -> bool:
        try:
            has_told = await self._ask()
        finally:
            self._asking = None
        if not has_told:
            self._quiet_until = asyncio.get_running_loop().time() + QUIET_SECONDS
        return has_told

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])


def _seen(asking: asyncio.Task[bool]) -> None:
    """Nobody may be waiting any more; who is, is told of its error all the same."""
    if not asking.cancelled():
        asking.exception()
