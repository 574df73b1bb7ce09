"""A segment as espeak-ng says it rightly: cut where it must not decide for itself, and in markup it cannot misread.

Measured on espeak-ng 1.52: a break takes other pauses than it says and leaves the speed around it to what is spoken
next; ``<lang>`` is unknown and a variant (``pt-br+f3``) of a nested ``<voice>`` passed over; a ``<prosody>`` in a
``<prosody>`` is neither product nor replacement, and 20 of them are lost; ``<emphasis>`` is heard in silence. So the
voices and the breaks are ours, and each text stands in one ``<prosody>`` at most, with plain figures. A ``<mark>``
before ``<s>`` lengthens the pause there, one inside does not.
"""

import re
from dataclasses import dataclass, field

from darkchannel.errors import Permanent
from darkchannel.speech.expected import excerpt
from darkchannel.speech.rendering import DEFAULT_LANGUAGE, language_of
from darkchannel.speech.script import Edge, Pause, Place, Say, flat, names
from darkchannel.speech.ssml import Element, spoken
from services.synthesizer.engines import espeak_voices
from services.synthesizer.engines.espeak_phonemes import mnemonics
from services.synthesizer.engines.espeak_text import in_manner, written

MAX_CHARACTERS = 40_000
"""Of a segment's words; the splitter stays far below, a person's edit may not."""
MAX_PLACES = 4_000
"""Marks and sentences of a segment: more than its chunk can hold."""

_ENDINGS = (*".!?…:;,", "")
_VOICE = re.compile(r"[A-Za-z0-9_+-]{1,100}")
_LANGUAGES = "https://github.com/espeak-ng/espeak-ng/blob/master/docs/languages.md"
_ALIASES = {"zh": "cmn", "no": "nb", "nn": "nb", "iw": "he", "in": "id"}
"""Languages that espeak-ng knows under another tag."""
_BRAZILIAN = {"pt": "pt-br"}
"""Its own ``pt`` is of Portugal, and speaks for pt-PT and pt-AO; who names no country here means this one."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What one voice speaks without a break."""

    voices: tuple[str, ...]
    """The first that exists is meant."""
    ssml: str = ""
    """Empty: nothing to speak."""
    has_phonemes: bool = False
    """Whether ``[[...]]`` in it are espeak-ng's mnemonics, and not just brackets."""
    ends: bool = False
    """Whether the pause of a sentence's end follows."""
    places: tuple[str | None, ...] = ()
    """Marks by their names, None where a sentence starts; in the SSML their numbers are their names, since espeak-ng
    cuts and misreads others. What is not in the SSML stands at the start."""
    silence: int | None = None
    """Milliseconds between the last sound and what follows; None: as the engine has it."""


def prepare(script: Element) -> list[Piece]:
    """Cut a rendered segment where its voice changes or a break stands, and write it as espeak-ng reads it.

    Raises Permanent where the segment is too long, names a voice that espeak-ng lacks, or has nothing to speak.
    """
    characters = len(spoken(script))
    if characters > MAX_CHARACTERS:
        raise Permanent(f"it has {characters} characters, more than the {MAX_CHARACTERS} of a segment: shorten it")
    language = language_of(script, DEFAULT_LANGUAGE)
    default = _of_language(language)
    if not default:
        raise Permanent(unknown_language(language))
    writer = _Writer(default)
    is_heard = False
    for event in flat(script):
        writer.write(event)
        is_heard |= isinstance(event, Pause) or (isinstance(event, Say) and bool(event.text.strip() or event.ipa))
    if not is_heard:
        raise Permanent("it has nothing to speak: give it some text or a break")
    pieces = writer.finish()
    places = sum(len(piece.places) for piece in pieces)
    if places > MAX_PLACES:
        raise Permanent(f"it has {places} marks and sentences, more than the {MAX_PLACES} of a segment: shorten it")
    return pieces


def unknown_voice(voice: str) -> str:
    """The message for a voice that is not there."""
    return (
        f"espeak has no voice '{excerpt(voice)}': name a language such as pt-br, or a language and a variant such as"
        f" pt-br+f3; {_LANGUAGES} lists them all"
    )


def unknown_language(tag: str) -> str:
    """The message for a language that espeak-ng does not speak."""
    return (
        f"espeak speaks no '{excerpt(tag)}': change the option language, or xml:lang, to a tag such as pt-BR;"
        f" {_LANGUAGES} lists them all"
    )


@dataclass(slots=True)
class _Writer:
    """Pieces in the making; ``default`` are the voices of the document."""

    default: tuple[str, ...]
    _pieces: list[Piece] = field(default_factory=list)
    _voices: tuple[str, ...] = ()
    _parts: list[str] = field(default_factory=list)
    """Of the SSML of the piece; none until it has words."""
    _places: list[str | None] = field(default_factory=list)
    _has_phonemes: bool = False
    _tail: str = ""
    """The words written last."""
    _edges: list[str] = field(default_factory=list)
    _held: list[str | None] = field(default_factory=list)
    """Tags of blocks, and marks, since the last words: they stand before the next."""

    def write(self, event: Say | Pause | Place | Edge) -> None:
        if isinstance(event, Say):
            self._say(event)
        elif isinstance(event, Pause):
            self._mark_held()
            self._cut(silence=event.milliseconds)
        elif isinstance(event, Edge):
            if self._parts:
                self._edges.append(f"<{event.block}>" if event.starts else f"</{event.block}>")
        else:
            self._held.append(event.name)
            if not self._edges:
                self._mark_held()

    def finish(self) -> list[Piece]:
        self._mark_held()
        self._cut(ends=True)
        return self._pieces

    def _say(self, say: Say) -> None:
        phonemes = mnemonics(say.ipa, say.language) if say.ipa else []
        if not phonemes and not say.text.strip():
            if self._parts and not self._edges:
                self._parts.append(" ")
            return
        voices = _voices_of(say, self.default)
        if self._parts and voices != self._voices:
            self._cut(ends=bool(self._edges) or self._tail.rstrip()[-1:] in _ENDINGS)
        self._voices = voices
        self._parts += self._edges
        self._edges = []
        self._mark_held()
        # The spaces keep brackets apart from one another, and from a tag, which they would swallow.
        before = " " if self._tail.endswith(("[", "]")) else ""
        self._tail = "".join(f" [[{word}]] " for word in phonemes) or before + written(say.text)
        self._parts.append(in_manner(self._tail, say.manner))
        self._has_phonemes |= bool(phonemes)

    def _mark_held(self) -> None:
        for name in self._held:
            if self._parts:
                self._parts.append(f'<mark name="{len(self._places)}"/>')
            self._places.append(name)
        self._held = []

    def _cut(self, *, ends: bool = False, silence: int | None = None) -> None:
        """End a piece; where its sentence goes on in the next, its voice must not fall."""
        if self._parts and not ends and not self._edges and self._tail.rstrip()[-1:].isalnum():
            self._parts.append(",")
        elif self._parts and ends:
            self._parts += self._edges
        if self._parts or self._places or silence:
            self._pieces.append(
                Piece(
                    voices=self._voices if self._parts else self.default,
                    ssml=f"<speak>{''.join(self._parts)}</speak>" if self._parts else "",
                    has_phonemes=self._has_phonemes,
                    ends=ends,
                    places=tuple(self._places),
                    silence=silence,
                )
            )
        self._parts, self._places, self._edges = [], [], []
        self._has_phonemes, self._tail = False, ""


def _voices_of(say: Say, default: tuple[str, ...]) -> tuple[str, ...]:
    """By name, else by language; words of a language without a voice are spoken by the document's."""
    languages = _of_language(say.language)
    if not say.voice:
        return tuple(dict.fromkeys((*languages, *default)))
    voice = next(filter(espeak_voices.has, names(say.voice)), None)
    if voice is None:
        raise Permanent(unknown_voice(say.voice))
    if not say.is_foreign:
        return _shortened(voice)
    variant = "".join(voice.partition("+")[1:])
    return tuple(dict.fromkeys((*(language + variant for language in languages), *_shortened(voice))))


def _shortened(voice: str) -> tuple[str, ...]:
    """``fr-fr+f3`` is no voice, though ``fr-fr`` and ``fr+f3`` are."""
    language, plus, variant = voice.partition("+")
    return (voice, language.partition("-")[0] + plus + variant) if plus else (voice,)


def _of_language(tag: str) -> tuple[str, ...]:
    """``pt-BR`` is a voice itself; ``en-AU`` is not, and ``en`` speaks for it. None where the tag is no tag."""
    if not _VOICE.fullmatch(tag) or "+" in tag:
        return ()
    primary = tag.partition("-")[0]
    names = (_BRAZILIAN.get(tag.lower(), tag), primary, _ALIASES.get(primary.lower(), primary))
    return tuple(dict.fromkeys(names))
