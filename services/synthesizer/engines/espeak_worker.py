"""One espeak-ng in a process of its own: the library is not thread-safe, and it may crash.

Run as a script, with the standard library alone, so that it starts in a moment. It reads requests from
standard input and answers on standard output until the input ends:

- request: one line of JSON, a list of pieces with the fields of ``espeak_ssml.Piece``.
- answer: one line of JSON, then ``bytes`` bytes of 16-bit little-endian mono samples, all pieces in turn:
  ``{"bytes": n, "places": [sample, ...], "turns": [[sample, voice], ...], "words": [[[position, sample], ...], ...]}``,
  one place for each place of each piece, in their order; a turn where the voice that was found is another than before;
  for each piece its word events, the position being the character of its SSML, from 1;
  or ``{"unknown": voice}``, or ``{"error": "..."}``.

The first line it writes, before any request, is ``{"rate": hertz}`` or ``{"error": "..."}``.
Arguments: the path of the library, the folder that holds ``espeak-ng-data``.

Constants are those of https://github.com/espeak-ng/espeak-ng/blob/master/src/include/espeak-ng/speak_lib.h
"""

import json
import os
import re
import sys
from ctypes import (
    CDLL,
    CFUNCTYPE,
    POINTER,
    Structure,
    Union,
    c_char_p,
    c_int,
    c_short,
    c_size_t,
    c_uint,
    c_void_p,
    string_at,
)
from pathlib import Path
from typing import Any, BinaryIO

AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_DONT_EXIT = 0x8000
POS_CHARACTER = 1
CHARS_UTF8 = 1
SSML = 0x10
PHONEMES = 0x100
ENDPAUSE = 0x1000
EVENT_LIST_TERMINATED = 0
EVENT_WORD = 1
EVENT_MARK = 3
BYTES_PER_SAMPLE = 2

_SILENCE = re.compile(rb"\0*")

MAX_SECONDS = 1_800
"""Longest speech of one request, so that a person's edit cannot fill the memory."""
TOO_LONG = f"it speaks for more than {MAX_SECONDS // 60} minutes: shorten it"


class _EventId(Union):
    _fields_ = [("number", c_int), ("name", c_char_p), ("string", c_char_p)]


class _Event(Structure):
    _fields_ = [
        ("type", c_int),
        ("unique_identifier", c_uint),
        ("text_position", c_int),
        ("length", c_int),
        ("audio_position", c_int),
        ("sample", c_int),
        ("user_data", c_void_p),
        ("id", _EventId),
    ]


_Callback = CFUNCTYPE(c_int, POINTER(c_short), c_int, POINTER(_Event))


class Library:
    """The loaded library; at most one a process.

    ``folder`` becomes the working directory: the library silently falls back to another place where the path
    of its data exceeds about 150 characters, and a relative path is never that long. Raises OSError where the
    library or its data cannot be read.
    """

    def __init__(self, library: str, folder: str) -> None:
        self._espeak = CDLL(library)
        self._espeak.espeak_Synth.argtypes = (
            c_char_p, c_size_t, c_uint, c_int, c_uint, c_uint, c_void_p, c_void_p,
        )  # fmt: skip
        self._pcm = bytearray()
        self._marks: list[tuple[int, int]] = []
        self._words: list[tuple[int, int]] = []
        self._callback = _Callback(self._receive)
        os.chdir(folder)
        self.rate: int = self._espeak.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, b".", INITIALIZE_DONT_EXIT)
        if self.rate <= 0:
            raise OSError(f"espeak-ng cannot read its data in {folder}")
        self._espeak.espeak_SetSynthCallback(self._callback)
        self._variants = frozenset(path.name for path in Path("espeak-ng-data/voices/!v").iterdir())

    def select(self, voice: str) -> bool:
        """Make a voice the current one; False where there is none, and then the previous one stays current.

        A voice is a name or a language, with a variant after a plus sign if need be: ``pt-br+f3``. The
        library passes over a variant it does not know.
        """
        variant = voice.partition("+")[2]
        if variant and variant not in self._variants:
            return False
        return bool(self._espeak.espeak_SetVoiceByName(voice.encode()) == 0)

    def speak(self, ssml: str, flags: int = ENDPAUSE) -> tuple[bytearray, list[tuple[int, int]], list[tuple[int, int]]]:
        """The samples of an SSML document, its numbered marks and the positions of its words, each with its sample.

        ``flags``: ``ENDPAUSE`` for the pause of a sentence's end, ``PHONEMES`` to read ``[[...]]`` as such.
        Raises RuntimeError where the library fails or speaks for longer than ``MAX_SECONDS``.
        """
        # A pause that the text before left open would begin this one; the end of a paragraph settles it.
        self._synthesize("<speak><p></p></speak>", ENDPAUSE)
        self._synthesize(ssml, flags)
        if self._is_too_long():
            raise RuntimeError(TOO_LONG)
        return self._pcm, self._marks, self._words

    def _synthesize(self, ssml: str, flags: int) -> None:
        self._pcm, self._marks, self._words = bytearray(), [], []
        text = ssml.encode(errors="replace")
        status = self._espeak.espeak_Synth(
            text, len(text) + 1, 0, POS_CHARACTER, 0, CHARS_UTF8 | SSML | flags, None, None
        )
        if status != 0:
            raise RuntimeError(f"espeak-ng failed with status {status}")

    def _receive(self, samples: Any, count: int, events: Any) -> int:
        """Called by the library with each stretch of speech; anything but 0 stops it."""
        for event in events:
            if event.type == EVENT_LIST_TERMINATED:
                break
            if event.type == EVENT_WORD:
                self._words.append((event.text_position, event.audio_position * self.rate // 1000))
            elif event.type == EVENT_MARK:
                self._marks.append((int(event.id.name), event.audio_position * self.rate // 1000))
        if samples and count:
            self._pcm += string_at(samples, BYTES_PER_SAMPLE * count)
        return int(self._is_too_long())

    def _is_too_long(self) -> bool:
        return len(self._pcm) > BYTES_PER_SAMPLE * self.rate * MAX_SECONDS


def answer(library: Library, pieces: list[dict[str, Any]]) -> tuple[dict[str, Any], bytearray]:
    """The answer to one request, and the samples that follow it."""
    speech = bytearray()
    places: list[int] = []
    turns: list[tuple[int, str]] = []
    words: list[list[tuple[int, int]]] = []
    for piece in pieces:
        voice = next(filter(library.select, piece["voices"]), None)
        if voice is None:
            return {"unknown": piece["voices"][0]}, bytearray()
        start = len(speech) // BYTES_PER_SAMPLE
        pcm = bytearray()
        marks: list[tuple[int, int]] = []
        events: list[tuple[int, int]] = []
        if piece["ssml"]:
            flags = (ENDPAUSE if piece["ends"] else 0) | (PHONEMES if piece["has_phonemes"] else 0)
            try:
                pcm, marks, events = library.speak(piece["ssml"], flags)
            except RuntimeError as error:
                return {"error": str(error)}, bytearray()
            name = _name_of(voice)
            if not turns or turns[-1][1] != name:
                turns.append((start if turns else 0, name))
        if piece["silence"] is not None:
            _pause(pcm, piece["silence"] * library.rate // 1000)
        speech += pcm
        if len(speech) > BYTES_PER_SAMPLE * library.rate * MAX_SECONDS:
            return {"error": TOO_LONG}, bytearray()
        end = start + len(pcm) // BYTES_PER_SAMPLE
        within = [start] * len(piece["places"])
        for number, sample in marks:
            within[number] = min(start + sample, end)
        places += within
        words.append([(position, min(start + _heard(pcm, sample), end)) for position, sample in events])
    return {"bytes": len(speech), "places": places, "turns": turns, "words": words}, speech


def _heard(pcm: bytearray, sample: int) -> int:
    """The first sample with sound from this one on: a quotation mark before a word is a pause in it."""
    silence = _SILENCE.match(pcm, sample * BYTES_PER_SAMPLE)
    assert silence
    return silence.end() // BYTES_PER_SAMPLE


def _name_of(voice: str) -> str:
    """One name for each voice: the library passes over the case of a language, not over that of a variant."""
    language, plus, variant = voice.partition("+")
    return language.lower() + plus + variant


def _pause(pcm: bytearray, samples: int) -> None:
    """Make the silence at the end of speech last for so many samples, whatever it was before."""
    heard = -(-len(pcm.rstrip(b"\0")) // BYTES_PER_SAMPLE) * BYTES_PER_SAMPLE
    pcm[heard:] = bytes(samples * BYTES_PER_SAMPLE)


def _write(to: BinaryIO, head: dict[str, Any], body: bytes | bytearray = b"") -> None:
    to.write(json.dumps(head).encode() + b"\n")
    to.write(body)
    to.flush()


def main(library_path: str, folder: str) -> None:
    try:
        library = Library(library_path, folder)
    except OSError as error:
        _write(sys.stdout.buffer, {"error": str(error)})
        return
    _write(sys.stdout.buffer, {"rate": library.rate})
    for line in sys.stdin.buffer:
        head, pcm = answer(library, json.loads(line))
        _write(sys.stdout.buffer, head, pcm)


if __name__ == "__main__":
    main(*sys.argv[1:])
