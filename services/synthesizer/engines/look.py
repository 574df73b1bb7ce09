"""A short question to a speech server, asked once for all who wait for its answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from darkchannel.errors import Unavailable

QUIET_SECONDS: Final = 10.0
"""How long nobody waits again for what a server has just held back: it is busy speaking."""


class Look:
    """``ask``: why the server said nothing within a few seconds, None where it did."""

    def __init__(self, ask: Callable[[], Awaitable[Unavailable | None]]) -> None:
        self._ask = ask
        self._asking: asyncio.Task[Unavailable | None] | None = None
        self._silence: Unavailable | None = None
        self._quiet_until = 0.0
        """By the clock of the loop."""

    async def made(self) -> Unavailable | None:
        """As ``ask``, and raises as it does; who comes soon after a silence is told of that one, and at once."""
        if self._asking is None:
            if asyncio.get_running_loop().time() < self._quiet_until:
                return self._silence
            self._asking = asyncio.create_task(self._asked())
            self._asking.add_done_callback(_seen)
        return await asyncio.shield(self._asking)

    async def _asked(self) -> Unavailable | None:
        try:
            self._silence = await self._ask()
        finally:
            self._asking = None
        if self._silence:
            self._quiet_until = asyncio.get_running_loop().time() + QUIET_SECONDS
        return self._silence

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])


def _seen(asking: asyncio.Task[Unavailable | None]) -> None:
    """Nobody may be waiting any more; who is, is told of its error all the same."""
    if not asking.cancelled():
        asking.exception()
