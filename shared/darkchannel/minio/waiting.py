"""The answer of a store to callers that wait for it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from darkchannel.errors import Unavailable
from darkchannel.runtime.background import begin

T = TypeVar("T")

SECONDS: Final = 600.0
"""For one call: a large file over a slow line."""


def wait(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine. Raises Unavailable where it takes longer than ten minutes, else as it does."""

    async def bounded() -> T:
        async with asyncio.timeout(SECONDS):
            return await coroutine

    try:
        return begin(bounded()).result()
    except TimeoutError as error:
        raise Unavailable(f"the object store did not answer within {SECONDS:g} seconds") from error
