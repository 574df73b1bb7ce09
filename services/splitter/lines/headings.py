"""Which lines without marks are headings: "Capítulo XII", "Segunda Parte", "Prólogo", and numbers in a series."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from darkchannel.speech.normalisation.numbers import roman

MAX_HEADING = 120
PART, CHAPTER, SECTION = 1, 2, 3
MIN_SERIES = 3
"""So many numbers in a row, each alone on its line, are headings; fewer may be anything."""

_ROMAN = r"(?=[ivxlcdm])m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})"
_ORDINAL = (
    r"(?:(?:d[ée]cim|vig[ée]sim|trig[ée]sim|quadrag[ée]sim)[oa] )?"
    r"(?:primeir|segund|terceir|quart|quint|sext|s[ée]tim|oitav|non|d[ée]cim|vig[ée]sim|trig[ée]sim|quadrag[ée]sim)[oa]"
    r"|[úu]nic[oa]|final|[úu]ltim[oa]"
    r"|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last"
)
_NUMBER = (
    rf"\d{{1,4}}(?:\.?[ºª°])?|{_ROMAN}|{_ORDINAL}"
    r"|uma?|dois|duas|tr[êe]s|quatro|cinco|seis|sete|oito|nove|dez|onze|doze|treze|catorze|quatorze|quinze"
    r"|dezesseis|dezessete|dezoito|dezenove|(?:vinte|trinta|quarenta|cinquenta|sessenta)(?: e \w{2,8})?"
    r"|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
    r"|(?:twenty|thirty|forty|fifty|sixty)(?:-\w{3,5})?"
)
_CHAPTERS = r"cap[íi]tulo|cap\.|chapter|canto|ato"
_PARTS = r"parte|livro|volume|tomo|part|book"
_NAMES = (
    r"pr[óo]logo|ep[íi]logo|pref[áa]cio|posf[áa]cio|introdu[çc][ãa]o|apresenta[çc][ãa]o|conclus[ãa]o|interl[úu]dio"
    r"|pre[âa]mbulo|pro[êe]mio|agradecimentos|dedicat[óo]ria|nota d[oa] (?:autora?|tradutora?|editora?)"
    r"|(?:ap[êe]ndice|anexo)(?: (?:[A-Z]|\d{1,2}))?|gloss[áa]rio|bibliografia|refer[êe]ncias|cronologia|ep[íi]grafe"
    r"|considera[çc][õo]es finais|sobre [oa] autora?"
    r"|prologue|epilogue|preface|foreword|introduction|afterword|conclusion|interlude|acknowledge?ments"
    r"|appendix(?: (?:[A-Z]|\d{1,2}))?|glossary|bibliography|references|about the author"
)
_LABEL = re.compile(
    rf"(?:(?P<chapter>{_CHAPTERS})\s+(?:{_NUMBER})|(?P<part>{_PARTS})\s+(?:{_NUMBER})"
    rf"|(?P<ordered>(?:{_ORDINAL})\s+(?:{_PARTS}|cap[íi]tulo|canto|ato))|(?P<name>{_NAMES}))(?!\w)",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"\s*+[.:–—-]\s*+")
_BARE = re.compile(rf"(?:(\d{{1,3}})|({_ROMAN.upper()}))[.)]?")
_NAMED = re.compile(rf"(?:(\d{{1,3}})|({_ROMAN.upper()}))(?:[.):]|\s+[–—-])\s+(\S.*)")
_TERMINAL = ".!?…,;"


@dataclass(frozen=True, slots=True)
class Label:
    level: int
    title: str
    """What stands behind the number: "A chegada" of "Capítulo 1: A chegada"."""
    is_numbered: bool


def label(line: str) -> Label | None:
    """What a line without marks says where it is the heading of a part or chapter.

    A sentence that begins like one ("Capítulo 3 foi difícil.") is none.
    """
    found = _LABEL.match(line) if len(line) <= MAX_HEADING else None
    if not found:
        return None
    is_chapter = bool(found["chapter"])
    level = PART if found["part"] or (found["ordered"] and not _names_chapter(found["ordered"])) else CHAPTER
    rest = line[found.end() :]
    separator = _SEPARATOR.match(rest)
    title = rest[separator.end() :].strip() if separator else rest.strip()
    if title and not separator and not title.isupper():
        return None
    if title and not is_chapter and title[-1] in _TERMINAL:
        return None
    return Label(level, title, not found["name"])


def _names_chapter(ordered: str) -> bool:
    return ordered.lower().endswith(("capítulo", "capitulo", "canto", "ato"))


def bare_number(line: str) -> tuple[bool, int] | None:
    """Whether a line that is only a number is Roman, and its value."""
    found = _BARE.fullmatch(line) if len(line) <= 16 else None
    return _counted(found) if found else None


def named_number(line: str) -> tuple[bool, int] | None:
    """The same of a number before a name ("2. A partida", "IV – O mar")."""
    found = _NAMED.fullmatch(line) if len(line) <= MAX_HEADING else None
    return _counted(found) if found and may_be_title(found[3]) else None


def _counted(found: re.Match[str]) -> tuple[bool, int]:
    return (False, int(found[1])) if found[1] else (True, roman(found[2]) or 0)


def series(numbers: Iterable[tuple[int, tuple[bool, int]]]) -> set[int]:
    """The places of those bare numbers that count 1, 2, 3 ... through the document, and begin anew with each part.

    >>> sorted(series([(4, (True, 1)), (7, (False, 12)), (9, (True, 2)), (12, (True, 3))]))
    [4, 9, 12]
    """
    runs: dict[bool, list[list[int]]] = {False: [], True: []}
    for place, (is_roman, value) in numbers:
        found = runs[is_roman]
        if value == 1:
            found.append([place])
        elif found and value == len(found[-1]) + 1:
            found[-1].append(place)
    counted = (found for found in runs.values() if max(map(len, found), default=0) >= MIN_SERIES)
    return {place for found in counted for run in found if len(run) > 1 for place in run}


def may_be_title(line: str) -> bool:
    """Whether the line below "Capítulo 1" is the chapter's name rather than its first sentence."""
    if len(line) > 80 or not line or not line[0].isalnum() or line[-1] in _TERMINAL + ":":
        return False
    return line.isupper() or (line[0].isupper() and len(line) <= 60)
