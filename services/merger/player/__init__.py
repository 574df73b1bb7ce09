"""The player: one page with the chapters and the text of a book, that follows its sound.

It needs no server and asks nothing of any other address: opened from a folder it works as well.
"""

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from string import Template
from typing import Final
from urllib.parse import quote

from darkchannel.jobs.records import Mark
from services.merger.cues import Line

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "pt": {
        "player": "Tocador",
        "position": "Posição",
        "play": "Tocar",
        "pause": "Pausar",
        "space": "espaço",
        "back": "Voltar 10 segundos",
        "forward": "Avançar 10 segundos",
        "speed": "Velocidade",
        "contents": "Capítulos",
        "chapter": "Capítulo",
        "text": "Texto",
        "silent": "Este capítulo não tem texto.",
        "problem": "O áudio não pôde ser aberto. Ele deve estar na mesma pasta que esta página.",
    },
    "en": {
        "player": "Player",
        "position": "Position",
        "play": "Play",
        "pause": "Pause",
        "space": "space",
        "back": "Back 10 seconds",
        "forward": "Forward 10 seconds",
        "speed": "Speed",
        "contents": "Chapters",
        "chapter": "Chapter",
        "text": "Text",
        "silent": "This chapter has no text.",
        "problem": "The audio could not be opened. It should be in the same folder as this page.",
    },
}
_IN_THE_PAGE: Final = ("play", "pause", "space", "chapter", "silent", "problem")
"""The words that the script sets."""

_DATA: Final = "$data"


def page(
    *,
    title: str,
    author: str | None,
    language: str,
    seconds: float,
    chapters: Sequence[Mark],
    lines: Iterable[Line],
    audio: str,
    cover: str | None,
    waveform: str | None,
) -> Iterator[str]:
    """The page in pieces, to be written as UTF-8.

    ``language``: a BCP 47 tag; ``lines`` by time, chapter by chapter; ``audio``, ``cover`` and ``waveform``: names
    of files beside the page. Where ``audio`` is not there the page looks for ``../{name of its folder}`` with the
    same extension, as the main file of a book is called among the results.
    """
    words = _WORDS["pt" if language.lower().partition("-")[0] == "pt" else "en"]
    style, script = _part("style.css"), _part("player.js")
    head, tail = _part("page.html").split(_DATA)
    filled = {name: html.escape(word) for name, word in words.items()} | {
        "title": html.escape(title),
        "author": html.escape(author or ""),
        "language": html.escape(language),
        "seconds": f"{seconds:.2f}",
        "policy": _policy(style, script),
        "style": style,
        "script": script,
        "cover": _image(cover),
        "waveform": _image(waveform),
    }
    yield Template(head).substitute(filled)
    yield from _data(seconds, chapters, lines, audio, {name: words[name] for name in _IN_THE_PAGE})
    yield Template(tail).substitute(filled)


def _part(name: str) -> str:
    return (files(__name__) / name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    """Nothing but this style, this script and files beside the page: https://www.w3.org/TR/CSP3/.

    ``file:`` is for browsers to which a page opened from a folder is of no origin.
    """
    hashes = [base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in (style, script)]
    return (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "img-src 'self' file: data:; media-src 'self' file:; base-uri 'none'; form-action 'none'"
    )


def _image(name: str | None) -> str:
    return f'<img src="{html.escape(quote(name))}" alt="">' if name else ""


def _data(
    seconds: float, chapters: Sequence[Mark], lines: Iterable[Line], audio: str, words: Mapping[str, str]
) -> Iterator[str]:
    about = {
        "seconds": round(seconds, 2),
        "audio": quote(audio),
        "words": words,
        "chapters": [[_centiseconds(mark.start), mark.title.strip()] for mark in chapters],
    }
    yield _json(about).removesuffix("}") + ',"lines":['
    for number, line in enumerate(lines):
        yield ("," if number else "") + _json(_packed(line))
    yield "]}"


def _packed(line: Line) -> list[object]:
    start = _centiseconds(line.start)
    text = _spoken(line, start) if line.words else line.text
    return [start, line.chapter, int(line.opens), text]


def _spoken(line: Line, start: int) -> list[int | str]:
    """The text cut before each word that is found in it: when a part is spoken, and the part, by turns."""
    cuts = {0: 0}
    found = 0
    for when, word in line.words:
        at = line.text.find(word, found)
        if at >= 0 and word:
            cuts[at] = max(0, _centiseconds(when) - start)
            found = at + len(word)
    ends = [*list(cuts)[1:], len(line.text)]
    return [part for (at, when), end in zip(cuts.items(), ends, strict=True) for part in (when, line.text[at:end])]


def _centiseconds(seconds: float) -> int:
    """Rounded down: who goes there hears all of it."""
    return int(seconds * 100 + 1e-6)


def _json(value: object) -> str:
    """JSON that no reader of HTML takes for markup, and no reader of JavaScript for the end of a line."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char in "<>\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text
