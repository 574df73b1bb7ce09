"""Piper itself, in a process of its own: only there are its libraries and models loaded."""

import json
import os
import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from piper.voice import PiperVoice

LOADED: Final = 2
"""Voices that a process holds, of some 70 MB each where they are of medium quality."""
INPUTS: Final = frozenset({"input", "input_lengths", "scales"})
"""Of every Piper model: https://github.com/OHF-Voice/piper1-gpl/blob/main/src/piper/voice.py"""

_FULL_SCALE: Final = 32_767
_PREFIX: Final = re.compile(r"\[ONNXRuntimeError\] : \d+ : \w+ : (?:Load model from \S+ failed:)?")
_BRACKETS: Final = re.compile(r"\[(?=\[)")


class Damaged(Exception):
    """A model that cannot speak; the message goes on after its name."""


def spoken(model: str, config: str, text: str, speaker: int | None, accent: str | None) -> bytes:
    """16-bit little-endian mono samples, at the rate of the voice; none where it has no sound for any of the text.

    ``model`` is a path, ``config`` the JSON that belongs to it. ``accent``, a voice of espeak-ng, pronounces words of
    another language, where the model has all its sounds. Raises Damaged, MemoryError, and FileNotFoundError where the
    model is not there any more.
    """
    voice = _loaded(model, config)
    pieces = [_audio(voice, sounds, speaker) for sounds in _sentences(voice, text, accent)]
    return b"".join((np.clip(piece, -1, 1) * _FULL_SCALE).astype("<i2").tobytes() for piece in pieces)


@lru_cache(LOADED)
def _loaded(model: str, config: str) -> "PiperVoice":
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # or it tells its makers of each model, from release 1.31 on
    import onnxruntime  # noqa: PLC0415
    from piper.config import PiperConfig  # noqa: PLC0415
    from piper.voice import PiperVoice  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    # Processes side by side yield more than threads inside one.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Patterns are kept for each length of a sentence, and no two are of one length: 570 MB instead of 340.
    options.enable_mem_pattern = False
    options.log_severity_level = 4
    Path(model).stat()  # tells a file that is gone from one that is damaged
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        described = PiperConfig.from_dict(json.loads(config))
    except Exception as error:  # onnxruntime's own have no base in common
        raise _trouble("is no model that can be loaded", error) from None
    if not {put.name for put in session.get_inputs()} >= INPUTS:
        raise Damaged("is a model, but none of Piper's")
    return PiperVoice(session=session, config=described)


def _sentences(voice: "PiperVoice", text: str, accent: str | None) -> list[list[str]]:
    """What the model can sound of each sentence."""
    known = voice.config.phoneme_id_map.keys()
    if accent is not None:
        foreign = _phonemes(replace(voice, config=replace(voice.config, espeak_voice=accent)), text)
        if all(known >= {*sounds} for sounds in foreign):
            return foreign
    # Piper would pass over the others as well, with a line on standard error for each.
    own = ([sound for sound in sounds if sound in known] for sounds in _phonemes(voice, text))
    return [sounds for sounds in own if sounds]


def _phonemes(voice: "PiperVoice", text: str) -> list[list[str]]:
    try:
        # Two brackets would make phonemes of what stands in them.
        return voice.phonemize(_BRACKETS.sub("[ ", text))
    except Exception as error:
        raise _trouble(f"cannot be pronounced by espeak-ng's voice '{voice.config.espeak_voice}'", error) from None


def _audio(voice: "PiperVoice", sounds: list[str], speaker: int | None) -> NDArray[Any]:
    """Samples from -1 to 1, as loud as the model makes them: what is soft stays so."""
    from piper.config import SynthesisConfig  # noqa: PLC0415

    settings = SynthesisConfig(speaker_id=speaker)
    try:
        audio = np.asarray(voice.phoneme_ids_to_audio(voice.phonemes_to_ids(sounds), settings))
    except Exception as error:
        raise _trouble("is a model that does not speak", error) from None
    if audio.ndim != 1 or not np.isfinite(audio).all():
        raise Damaged("is a model that yields no samples")
    return audio


def _trouble(what: str, error: Exception) -> Exception:
    reason = _PREFIX.sub("", " ".join(str(error).split())) or type(error).__name__
    return MemoryError("memory ran out") if "alloc" in reason else Damaged(f"{what} ({reason[:200]})")
