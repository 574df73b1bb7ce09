"""Which engine speaks: installed ones register under the entry-point group ``darkchannel.engines``."""

import asyncio
import os

from darkchannel.audio.wav import Speech
from darkchannel.runtime.engines import AUTO, Engine, open_engine
from darkchannel.speech.rendering import rendered
from darkchannel.storage.port import ObjectStore

DEFAULT = "espeak"


class Engines:
    """The engines of one process, each opened when it is first asked for."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
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
            opening = self._opening[name] = asyncio.create_task(open_engine(name, self._store))
        try:
            return await asyncio.shield(opening)
        except Exception:  # and raised again: no failure is remembered, the next segment tries anew
            self._opening.pop(name, None)
            raise

    async def close(self) -> None:
        for opening in self._opening.values():
            engine = await opening
            await engine.close()
