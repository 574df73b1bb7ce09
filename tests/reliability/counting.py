"""The shipped engine, counted: each time it is asked is a line in a file, which a killed process leaves behind."""

import asyncio
import os
from pathlib import Path

from darkchannel.audio.wav import Speech
from darkchannel.speech.ssml import Element, spoken
from darkchannel.storage.port import ObjectStore
from services.synthesizer.engines.espeak import Espeak
from services.synthesizer.levels import REFERENCES

NAME = "counted"
CALLS = "CALLS_OF_THE_TESTS"
SECONDS = 0.1
"""What a segment takes at least, so that a kill finds one half spoken."""

_ENTRY_POINT = f"[darkchannel.engines]\n{NAME} = {__name__}:engine\n"
_METADATA = "Metadata-Version: 2.1\nName: counted-engine\nVersion: 1\n"


class Counted(Espeak):
    """A plug-in like any other; Espeak speaks."""

    name = NAME

    async def speak(self, script: Element) -> Speech:
        if spoken(script) not in REFERENCES.values():  # on which a process measures its voice
            _count(Path(os.environ[CALLS]))
        await asyncio.sleep(SECONDS)
        return await super().speak(script)


def engine(_: ObjectStore) -> Counted:
    return Counted()


def install(folder: Path) -> dict[str, str]:
    """Register the engine for processes started in ``folder``; returns the environment in which they use it."""
    distribution = folder / "counted_engine-1.dist-info"
    distribution.mkdir()
    (distribution / "METADATA").write_text(_METADATA)
    (distribution / "entry_points.txt").write_text(_ENTRY_POINT)
    calls = folder / "calls.txt"
    calls.touch()
    return {"DARKCHANNEL_ENGINE": NAME, CALLS: str(calls)}


def _count(calls: Path) -> None:
    with calls.open("a") as lines:
        lines.write("asked\n")


def calls(folder: Path) -> int:
    return len((folder / "calls.txt").read_text().splitlines())
