"""Whether a stop ends a sentence, told by what stands on both its sides."""

import re
from dataclasses import dataclass

from darkchannel.speech.sentences.abbreviations import Words

NEAR = 64
"""Characters beside a stop that are looked at."""
_BRACKET = 240
"""Characters that a bracket inside a sentence may hold and be kept whole."""

_MARKS = re.compile(r"([.!?…]+)([^\w.!?…]*)\Z")
_NEXT = re.compile(r"(\W*)(\w\S*)")
_LAST = re.compile(r"(?:([^\s—–]+)\s+)?([^\s—–]+)\Z")
_MARKER = re.compile(r"\W*(?:\d{1,3}(?:\.\d{1,3}){0,3}|[ivx]{1,4}|[IVXLC]{1,6}|[A-Za-z])[.)]\W*")
_LAW = re.compile(
    r"\W*(?:art(?:igo|icle)?|cláusula|parágrafo|inciso|section|clause)\.?\s+(?:\d[\wº°ª.-]{0,12}|[ivxlc]{1,6}|único)\.\s*",
    re.IGNORECASE,
)
_ITEM = re.compile(r"[:;]\s{1,3}(?:\d{1,2}|[a-z])[.)]\s+\Z")
_LETTER_MARKER = re.compile(r"(?:[a-z]|[ivx]{1,4})\)")
_ADDRESS = re.compile(r"https?:|www\.|[\w.+-]+@\w|[\w-]{2,}(?:\.[\w-]{2,})+|[a-z]{1,2}[A-Z]")
_DOTTED = re.compile(r"[^\W\d_](?:\.[^\W\d_])+")
_ROMAN = re.compile(r"[IVXLCDM]{2,}|[VX]")
_NO_VOWEL = re.compile(r"[^\W\d_aeiouyáéíóúâêôãõà][b-df-hj-np-tv-xzç]{1,3}", re.IGNORECASE)
_NUMERAL = re.compile(r"(?:[IVXLCDM]{2,}|[VX])\b|[A-Z](?:[.,;:)]|\Z)")
_REIGN = re.compile(r"(?:\b(?:D|St)\.|\b(?:Dom|Dona|King|Queen|Pope))\s[^\W\d_]{1,20}\s[IVX]\.\s+\Z")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_I_SAID = re.compile(r"I\s[a-z]{3,}[.,:]")
_WHO = re.compile(r"[^\W\d_]\S*(?:\s+\S+){0,2}?\s+([^\W\d_]+)(?!\s+(?:que|nada|that|nothing)\b)")
_QUOTES = "\"'”’»"
_DASHES = "-—–"
_OPENERS = "\"'“”‘’«»([—–-*_"


@dataclass(frozen=True, slots=True)
class Stop:
    """A place after ``.``, ``!``, ``?`` or ``…``, what closes after it and white space."""

    text: str
    start: int
    """Where the sentence before it starts."""
    end: int
    """Where the next one would start."""
    marks: str
    closers: str
    previous: str
    """The word before the last."""
    last: str
    """The word that the stop stands at."""
    openers: str
    """What stands between the stop and the next word."""
    following: str
    """The next word."""

    @property
    def counted(self) -> str:
        """The word before the last, which may be what it counts or names, without what surrounds it."""
        return self.previous.lower().strip(_OPENERS + ".,")


def stop_at(text: str, start: int, end: int) -> Stop | None:
    """The stop before ``end``, if there is one and a word stands near it on both sides."""
    before, after = text[max(start, end - NEAR) : end], text[end : end + NEAR]
    marks, following = _MARKS.search(before), _NEXT.match(after)
    if not marks or not following:
        return None
    last = _LAST.search(before, 0, marks.start())
    return Stop(
        text=text,
        start=start,
        end=end,
        marks=marks[1],
        closers=marks[2],
        previous=(last and last[1]) or "",
        last=(last[2] if last else "").lstrip(_OPENERS),
        openers=following[1],
        following=following[2],
    )


def ends_sentence(stop: Stop, words: Words) -> bool:
    if is_marker(stop.text, stop.start, stop.end):
        return False
    if stop.following[0].islower() and not _ADDRESS.match(stop.following):
        return _ends_before_lower(stop, words)
    if _is_bracketed(stop):
        return False
    if stop.marks != ".":
        return not (_is_followed_by_speaker(stop, words) or _is_counting(stop))
    return _ends_before_capital(stop, words)


def is_marker(text: str, start: int, end: int) -> bool:
    """Whether nothing stands there, or after a colon or semicolon, but the number or the letter of an item."""
    if end - start <= 32 and (_MARKER.fullmatch(text, start, end) or _LAW.fullmatch(text, start, end)):
        return True
    return bool(_ITEM.search(text, max(start, end - 12), end))


def _ends_before_lower(stop: Stop, words: Words) -> bool:
    if _LETTER_MARKER.match(stop.following):
        return True
    if _is_ellipsis(stop) or stop.closers.strip() or any(dash in stop.openers for dash in _DASHES):
        return False
    if stop.marks == ".":
        return not _is_cut_short(stop, words)
    return not _is_opening(stop, words)


def _is_ellipsis(stop: Stop) -> bool:
    return "…" in stop.marks or stop.marks.endswith("..")


def _is_cut_short(stop: Stop, words: Words) -> bool:
    """Whether the last word is an abbreviation, known or by its look."""
    last = stop.last.lower()
    if words.measured and stop.counted.isdigit() and last in words.closing:
        return stop.following.strip(".,;:").lower() in words.measured
    if len(last) < 2 or _DOTTED.fullmatch(last) or _ROMAN.fullmatch(stop.last):
        return not last.isdigit()
    if any(last in known for known in (words.leading, words.numbered, words.named, words.closing, words.months)):
        return True
    if len(last) > 5 or not last.isalpha() or last in words.whole:
        return False
    return last[-1] in words.bare_ends or (last[-1] not in "aeiouáéíóúâêôã" and stop.following.lower() in words.linking)


def _is_opening(stop: Stop, words: Words) -> bool:
    """Whether ``!`` or ``?`` opens the sentence that goes on, or the words that tell who spoke follow."""
    following = stop.following.partition("-")[0].strip(",.;:!?…").lower()
    if following in words.joining or following in words.says:
        return True
    said = stop.text[stop.start : min(stop.end, stop.start + NEAR)].split()
    if len(said) == 1 and not said[0][0].islower():
        return True
    return len(said) <= 4 and any(word.strip(_OPENERS + "!?,").lower() in words.interjections for word in said)


def _is_followed_by_speaker(stop: Stop, words: Words) -> bool:
    """``“Vem!” Maria gritou.``: a name and a verb of saying after what closed a speech."""
    is_speech = any(quote in stop.closers for quote in _QUOTES) or any(dash in stop.openers for dash in _DASHES)
    if not is_speech and not _I_SAID.match(stop.text, stop.end):
        return False
    if stop.following.lower() in words.starters - {"i"}:
        return False
    at = stop.end + len(stop.openers)
    found = _WHO.match(stop.text[at : at + NEAR])
    return bool(found and found[1] in words.says)


def _is_counting(stop: Stop) -> bool:
    return _is_ellipsis(stop) and stop.last.isdigit() and stop.following[0].isdigit()


def _is_bracketed(stop: Stop) -> bool:
    """Whether the stop stands in a bracket that opened, or closes, in the middle of a sentence."""
    text, start, end = stop.text, max(stop.start, stop.end - _BRACKET), stop.end
    inside = end - len(stop.closers)
    opened = text.rfind("(", start, inside)
    if opened < 0 or text.rfind(")", opened, inside) >= 0:
        return False
    lead = text[stop.start : opened].rstrip()
    if not lead or lead[-1] in ".!?…":
        return False
    return (")" in stop.closers and stop.marks != ".") or (
        ")" not in stop.closers and text.find(")", end, end + _BRACKET) >= 0
    )


def _ends_before_capital(stop: Stop, words: Words) -> bool:
    """After a single full stop, where no lower case follows."""
    if len(stop.last) == 1 and stop.last.isupper():
        return _ends_after_letter(stop, words)
    last, is_counted = stop.last.lower(), stop.counted[-1:].isdigit()
    is_unit = is_counted and last in words.closing
    if is_counted and _starts(stop, words):
        return True
    if not is_unit and _announces(stop, words):
        return False
    if is_unit or (last in words.closing and last not in words.named):
        return not (stop.openers.startswith(("(", "[")) or stop.following.strip(".,").lower() in words.linking)
    if last in words.named or _DOTTED.fullmatch(last) or _is_without_vowel(stop.last, words):
        return _starts(stop, words)
    return not (stop.following[0].isdigit() and _is_cut_short(stop, words))


def _is_without_vowel(last: str, words: Words) -> bool:
    """Whether a word cannot be said, and so stands for one that can: ``Pç.``, but not ``TV.``"""
    return bool(_NO_VOWEL.fullmatch(last)) and not last.isupper() and last.lower() not in words.whole


def _announces(stop: Stop, words: Words) -> bool:
    """Whether the last word is an abbreviation that wants what follows."""
    last = stop.last.lower()
    is_number = stop.following[0].isdigit() or bool(_NUMERAL.match(stop.following))
    return last in words.leading or (last in words.numbered and is_number)


def _ends_after_letter(stop: Stop, words: Words) -> bool:
    """Whether a single capital is no initial: ``vitamina C.``, ``D. José I.``, ``Machado de A. Depois``."""
    last = stop.last.lower()
    if stop.counted in words.lettered | words.numbered or stop.previous[-1:].isdigit() or stop.previous[-1:] == "°":
        return True
    if last in "ivx" and (
        stop.counted in words.reigning or _REIGN.search(stop.text, max(stop.start, stop.end - NEAR), stop.end)
    ):
        return True
    if stop.following[0].isdigit():
        return last not in words.leading | words.named
    return _starts(stop, words)


def _starts(stop: Stop, words: Words) -> bool:
    """Whether a dash or a word that has a capital only there starts a sentence."""
    if any(dash in stop.openers for dash in _DASHES):
        return True
    found = _WORD.match(stop.following)
    return bool(found and stop.following[1:2] != "." and found[0].lower().replace("’", "'") in words.starters)
