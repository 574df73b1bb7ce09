"""Which engine speaks: installed ones register under the entry-point group ``darkchannel.engines``."""

import asyncio
import os
from importlib.metadata import EntryPoint, entry_points

from darkchannel.audio.wav import Speech
from darkchannel.errors import Permanent
from darkchannel.speech.rendering import rendered
from services.synthesizer.engines.port import Engine

GROUP = "darkchannel.engines"
AUTO = "auto"
DEFAULT = "espeak"


class Engines:
    """The engines of one process, each opened when it is first asked for."""

    def __init__(self) -> None:
        self.slots = os.cpu_count() or 1
        """How many segments are spoken at once."""
        self._opening: dict[str, asyncio.Task[Engine]] = {}

    async def speak(self, name: str, ssml: str) -> tuple[str, Speech]:
        """The name of the engine that spoke, and the speech.

        Raises Refused for what is no SSML, else as ``open_engine`` and the engine do.
        """
        script = await asyncio.to_thread(rendered, ssml)
        engine = await self._open(DEFAULT if name == AUTO else name)
        return engine.name, await engine.speak(script)

    async def _open(self, name: str) -> Engine:
        opening = self._opening.get(name)
        if opening is None:
            opening = self._opening[name] = asyncio.create_task(open_engine(name))
        try:
            return await asyncio.shield(opening)
        except Exception:  # and raised again: no failure is remembered, the next segment tries anew
            self._opening.pop(name, None)
            raise

    async def close(self) -> None:
        for opening in self._opening.values():
            engine = await opening
            await engine.close()


async def open_engine(name: str) -> Engine:
    """The engine of this name; ``auto`` leaves the choice to us.

    Raises Permanent where there is none of this name, or where what it needs is not installed.
    """
    engines = {point.name: point for point in entry_points(group=GROUP)}
    point = engines.get(DEFAULT if name == AUTO else name)
    if point is None:
        raise Permanent(f"there is no engine '{name}': choose from {', '.join((AUTO, *sorted(engines)))}")
    try:
        return await asyncio.to_thread(_open, point)
    except ImportError as error:
        raise Permanent(
            f"the engine '{point.name}' lacks {error.name or error}: pip install 'darkchannel[synthesizer]'"
        ) from error


def _open(point: EntryPoint) -> Engine:
    engine: Engine = point.load()()
    return engine
