"""Covers: the picture that came with a document made fit for every player, or one drawn from the title."""

import hashlib
from io import BytesIO
from typing import Final

from PIL import Image, ImageCms, ImageDraw, ImageOps, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from services.merger.lettering import Box, write

SIDE: Final = 1_400
"""Longest side in pixels: what shops ask for, and more than players show."""
SHORTEST: Final = 100
"""Below this many pixels there is nothing to see."""
QUALITY: Final = 85

_PIXELS: Final = {"JPEG": 80_000_000, "MPO": 80_000_000, "PNG": 9_600_000, "GIF": 9_600_000, "WEBP": 4_000_000}
"""How many a picture may have by its format: decoding them takes up to 100 MB.

A JPEG is decoded at a half, a quarter or an eighth of its size where it is larger than needed.
"""
_PIXELS_OF_SCANS: Final = 9_600_000
"""How many of a JPEG in several scans, which libjpeg holds whole."""


def cover(picture: bytes | None, title: str, author: str | None) -> tuple[bytes, str | None]:
    """A JPEG of at most 1,400 pixels a side, in sRGB, without EXIF; and why ``picture`` was of no use, if it was not.

    In its place, and where there is none, one is drawn, the same for the same title and author.
    """
    if picture is None:
        return _jpeg(drawn(title, author)), None
    try:
        return _jpeg(_given(picture)), None
    except Exception as error:  # whatever a decoder makes of bytes from anywhere, the book gets its cover
        reason = str(error) if isinstance(error, _Unfit) else f"cannot be read: {error or type(error).__name__}"
        return _jpeg(drawn(title, author)), f"the cover {reason}; one was drawn instead"


class _Unfit(Exception):
    pass


def _given(picture: bytes) -> Image.Image:
    try:
        image: Image.Image = Image.open(BytesIO(picture), formats=[name for name in _PIXELS if name != "MPO"])
    except UnidentifiedImageError:
        raise _Unfit("is not a JPEG, PNG, GIF or WebP picture") from None
    width, height = image.size
    scale = min(1.0, SIDE / max(width, height))
    if min(width, height) * scale < SHORTEST:
        raise _Unfit(f"has {width} x {height} pixels, too few to show")
    if isinstance(image, JpegImageFile):
        several = "progressive" in image.info or not _is_one_scan(picture, image.layers)
        limit = _PIXELS_OF_SCANS if several else _PIXELS["JPEG"]
    else:
        limit = _PIXELS[image.format or ""]
    if width * height > limit:
        raise _Unfit(f"has {width} x {height} pixels, too many to decode")
    image.draft(None, (int(width * scale), int(height * scale)))
    image.load()
    return _bare(_srgb(_flat(_upright(_small(image)))))


def _is_one_scan(jpeg: bytes, layers: int) -> bool:
    """Whether the first scan holds every component, so that a decoder needs no more than a few rows at a time.

    Markers: https://www.w3.org/Graphics/JPEG/itu-t81.pdf, annex B.
    """
    at = 2
    while jpeg[at : at + 1] == b"\xff":
        marker = jpeg[at + 1]
        if marker == 0xDA:
            return jpeg[at + 4] == layers
        at += 1 if marker == 0xFF else 2 + int.from_bytes(jpeg[at + 2 : at + 4])
    return False


def _small(image: Image.Image) -> Image.Image:
    """At most SIDE a side, in a mode of 8 bits a channel whose colours can be mixed."""
    if image.mode == "I;16":
        # The upper bytes: a mere conversion would make everything white.
        image = Image.frombytes("L", image.size, image.tobytes()[1::2])
    elif image.mode in ("P", "1"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image.thumbnail((SIDE, SIDE), reducing_gap=2.0)
    return image


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # a damaged note on how it was held
        return image


def _flat(image: Image.Image) -> Image.Image:
    """What is transparent becomes white."""
    if not image.has_transparency_data:
        return image
    clear = image.convert("RGBA")
    paper = Image.new("RGB", clear.size, "white")
    paper.paste(clear, mask=clear.getchannel("A"))
    # Flattened grey with a profile of grey is still grey.
    flat = paper.convert("L") if image.mode == "LA" else paper
    flat.info["icc_profile"] = image.info.get("icc_profile")
    return flat


def _srgb(image: Image.Image) -> Image.Image:
    if profile := image.info.get("icc_profile"):
        try:
            own = ImageCms.ImageCmsProfile(BytesIO(profile))
            converted = ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
            assert converted
            return converted
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a profile that is damaged, or of another kind of picture
    return image.convert("RGB")


def _bare(image: Image.Image) -> Image.Image:
    """Without what came with the picture: notes on how it was taken, profiles, comments."""
    bare = Image.new("RGB", image.size)
    bare.paste(image)
    return bare


def _jpeg(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


# (paper, bars, letters): dark enough for white letters, each with a tint of its own.
_COLOURS: Final = (
    ("#1f3a4d", "#3f6f8c", "#f4efe6"),
    ("#4a2338", "#8a4a6b", "#f7eee8"),
    ("#24442f", "#4d7f5c", "#f2f0e4"),
    ("#5a2e1c", "#a0603f", "#f8f0e4"),
    ("#2c2f57", "#5a60a0", "#efeff8"),
    ("#3d3a2a", "#7b7550", "#f5f1e2"),
)
_MARGIN: Final = 120
_SIZES: Final = (170, 150, 132, 116, 102, 90, 79, 69, 61, 54, 48, 42)
"""Of the letters of a title, in pixels: the first at which it fits."""
_AUTHOR_SIZES: Final = (64, 54, 46, 40)
_TITLE_BOTTOM: Final = 900
_AUTHOR_BOTTOM: Final = 1_080
_TWICE: Final = 2
"""Letters are drawn at twice the size and made smaller: so the accents have smooth edges too."""


def drawn(title: str, author: str | None) -> Image.Image:
    """A square cover with title and author, over bars as of a sound that the title alone decides.

    Text in a script that the font has no shapes for is left out: half of a word would be worse.
    """
    seed = hashlib.sha256(title.encode("utf-8", "replace")).digest()
    paper, tint, ink = _COLOURS[seed[0] % len(_COLOURS)]
    image = Image.new("RGB", (SIDE, SIDE), paper)
    _bars(ImageDraw.Draw(image), seed[1:], tint)
    letters = Image.new("L", (SIDE * _TWICE, SIDE * _TWICE))
    bottom = write(letters, title, _box(_MARGIN, _TITLE_BOTTOM), [size * _TWICE for size in _SIZES]) // _TWICE
    box = _box(bottom + 50, _AUTHOR_BOTTOM)
    end = write(letters, author or "", box, [size * _TWICE for size in _AUTHOR_SIZES])
    mask = letters.reduce(_TWICE, (0, 0, letters.width, end))
    image.paste(Image.new("RGB", mask.size, ink), mask=mask)
    return image


def _box(top: int, bottom: int) -> Box:
    return Box(_MARGIN * _TWICE, top * _TWICE, (SIDE - _MARGIN) * _TWICE, bottom * _TWICE)


def _bars(draw: ImageDraw.ImageDraw, seed: bytes, colour: str) -> None:
    """Rounded bars along the foot, taller towards the middle."""
    step = (SIDE - 2 * _MARGIN) / len(seed)
    for number, value in enumerate(seed):
        rise = 1 - abs(2 * number / (len(seed) - 1) - 1) ** 2
        half = 6 + (24 + value / 255 * 66) * (0.25 + 0.75 * rise)
        left = _MARGIN + number * step + step * 0.2
        draw.rounded_rectangle((left, 1_190 - half, left + step * 0.6, 1_190 + half), step * 0.3, colour)
