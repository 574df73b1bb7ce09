"""Lettering: lines of text on a picture, in the font that comes with Pillow, which has no accents of its own.

The font is Aileron with the letters of ASCII and a few signs; Latin letters with accents get theirs as strokes.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from PIL import Image, ImageDraw, ImageFont

_LEADING: Final = 1.32
_LONGEST: Final = 1_000
"""In characters: more would only cost time."""


class Box(NamedTuple):
    """Where text goes, in pixels."""

    left: int
    top: int
    right: int
    bottom: int


def write(letters: Image.Image, text: str, box: Box, sizes: Sequence[int]) -> int:
    """Set ``text`` in lines in ``box``, in the first of ``sizes`` (pixels) in which it fits; where the lines end.

    ``letters`` is a mask, of mode L. Where even the last size is too large the text is cut. Text with letters that
    the font has no shapes for is left out, and of other text what is no letter and has no shape.
    """
    words = list(_words(text[:_LONGEST]))
    for size in sizes:
        font = _font(size)
        lines = list(_wrapped(words, font, box.right - box.left))
        room = max(1, int((box.bottom - box.top) / (size * _LEADING)))
        if len(lines) <= room:
            break
    if len(lines) > room:
        lines = [*lines[: room - 1], [*lines[room - 1][:-1], "..."]]
    for number, line in enumerate(lines):
        _set(letters, " ".join(line), font, (box.left, box.top + number * size * _LEADING))
    return box.top + round(len(lines) * size * _LEADING)


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow was built without FreeType"
    return font


def _wrapped(words: list[str], font: ImageFont.FreeTypeFont, width: int) -> Iterator[list[str]]:
    """Lines no wider than ``width``; a word that alone is wider is cut."""
    line: list[str] = []
    for word in words:
        rest = word
        while rest:
            part = rest[: 5 * width // int(font.size)]  # no letter is narrower than a fifth of its size
            while len(part) > 1 and font.getlength(_base(part)) > width:
                part = part[: len(part) * 7 // 8]
            rest = rest[len(part) :]
            if line and font.getlength(_base(" ".join([*line, part]))) > width:
                yield line
                line = []
            line.append(part)
    if line:
        yield line


_SPELLED: Final = str.maketrans({
    "–": "-", "—": "-", "•": "·", "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "ł": "l",
    "Ł": "L", "đ": "d", "Đ": "D", "ı": "i",
})  # fmt: skip
"""What the font lacks, as it is written without it."""

# Strokes over (or, of the cedilla, under) the middle of a letter: points in thousandths of the letters' size.
_STROKES: Final[dict[str, tuple[tuple[tuple[int, int], ...], ...]]] = {
    "\u0300": (((-90, -150), (30, -30)),),
    "\u0301": (((90, -150), (-30, -30)),),
    "\u0302": (((-120, -30), (0, -140), (120, -30)),),
    "\u0303": (((-140, -50), (-105, -95), (-60, -105), (0, -80), (60, -55), (105, -65), (140, -110)),),
    "\u0304": (((-120, -80), (120, -80)),),
    "\u0308": (((-100, -80), (-98, -80)), ((98, -80), (100, -80))),
    "\u030a": (((0, -150), (50, -125), (60, -85), (35, -45), (-35, -45), (-60, -85), (-50, -125), (0, -150)),),
    "\u030c": (((-120, -140), (0, -30), (120, -140)),),
    "\u0327": (((10, 0), (0, 60), (60, 80), (75, 130), (30, 175), (-60, 170)),),
}


def _words(text: str) -> Iterator[str]:
    """The words of a text in characters of the font and strokes; none where a letter of it has no shape."""
    plain = unicodedata.normalize("NFKD", text.translate(_SPELLED))
    if all(char.isascii() or not char.isalpha() for char in plain):
        shown = (char if char.isspace() or (char.isprintable() and _is_shown(char)) else "" for char in plain)
        yield from "".join(shown).split()


def _is_shown(char: str) -> bool:
    return char.isascii() or char in "‘’“”‹›«»·°" or char in _STROKES


def _base(text: str) -> str:
    return "".join(char for char in text if char not in _STROKES)


def _set(letters: Image.Image, text: str, font: ImageFont.FreeTypeFont, at: tuple[float, float]) -> None:
    """Draw a line, and with strokes the accents that the font lacks."""
    draw = ImageDraw.Draw(letters)
    draw.text(at, _base(text), 255, font)
    done = ""
    for char in text:
        if char in _STROKES and done:
            start = at[0] + font.getlength(done) - font.getlength(done[-1])
            _accent(draw, char, done[-1], font, (start, at[1]))
        elif char not in _STROKES:
            done += char


def _accent(
    draw: ImageDraw.ImageDraw, mark: str, letter: str, font: ImageFont.FreeTypeFont, at: tuple[float, float]
) -> None:
    x, y = at
    box = font.getbbox(letter)
    top = box[1]
    if letter in "ij" and mark != "\u0327":
        top = font.getbbox("x")[1]
        draw.rectangle((x + box[0], y + box[1] - 1, x + box[2], y + top - font.size * 0.02), 0)
    base = box[3] if mark == "\u0327" else top
    middle = x + (box[0] + box[2]) / 2
    half = font.size * 0.036
    for stroke in _STROKES[mark]:
        points = [(middle + dx * font.size / 1000, y + base + dy * font.size / 1000) for dx, dy in stroke]
        draw.line(points, 255, round(2 * half), joint="curve")
        for px, py in (points[0], points[-1]):
            draw.ellipse((px - half, py - half, px + half, py + half), 255)
