"""An engine under test."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from darkchannel.runtime.engines import Engine

NOBODY_CAN = frozenset({"`prosody` contour, range, duration", "`audio`"})
PLAIN = "engines of plain text"
PLAIN_CANNOT = NOBODY_CAN | {"`phoneme`"}

Put = Callable[[str, int], Awaitable[None]]
"""Have an engine get a voice of this name, or another one in its place: the number tells one from the other."""


@dataclass(frozen=True)
class Growing:
    """How an engine comes by further voices."""

    opened: Callable[[], AbstractAsyncContextManager[tuple[Engine, Put]]]
    other: str
    """A voice that it lacks, and would choose for nothing."""
    better: str | None = None
    """One that it would choose for Brazil; None where the choice is not ours."""
    tells_replaced: bool = True
    """Whether anybody can know that there is another voice under a name."""


@dataclass(frozen=True)
class Kind:
    """``column`` and ``cannot`` name what the table in docs/speech.md says of it, and the rows that it says no to."""

    name: str
    opened: Callable[[], AbstractAsyncContextManager[Engine]]
    """The engine, with the peer that it needs running beside it; both end with the context."""
    column: str = PLAIN
    cannot: frozenset[str] = PLAIN_CANNOT
    tells_words: bool = False
    chosen: str = ""
    """How it names the voice that it chooses for Brazil."""
    man: str = "pt-br"
    """A Portuguese voice as high as the chosen one."""
    woman: str = "pt-br+f3"
    """One that is at least one and a half times as high."""
    growing: Growing | None = None
    """None where its voices are those of its library."""
