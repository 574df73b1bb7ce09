"""Several requests at once, so many and no more; the first error ends them all and is the error of the whole."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def together(work: Iterable[Coroutine[Any, Any, T]], *, at_once: int) -> list[T]:
    """What each returned, in their order. Raises the first error, once the others are cancelled and over."""
    coroutines = list(work)
    turns = asyncio.Semaphore(at_once)

    async def turn(one: Coroutine[Any, Any, T]) -> T:
        async with turns:
            return await one

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(turn(one)) for one in coroutines]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    finally:
        for one in coroutines:
            one.close()  # one whose turn never came would be warned about
    return [task.result() for task in tasks]
