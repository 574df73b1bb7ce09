"""Covers: any picture gives one that every player shows, and no picture takes the process down."""

import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from services.merger.covers import SIDE, cover, drawn
from services.merger.lettering import Box, write

TITLE, AUTHOR = "Ninguém no cais", "Inês Braga"
MORE_MEGABYTES = 100


def two_halves(mode: str = "RGB", size: tuple[int, int] = (600, 900)) -> Image.Image:
    """Red above, blue below."""
    image = Image.new("RGB", size, "#d02020")
    image.paste("#2020d0", (0, size[1] // 2, *size))
    return image.convert(mode)


def encoded(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    out = BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def used(picture: bytes) -> Image.Image:
    body, reason = cover(picture, TITLE, AUTHOR)
    assert reason is None
    return opened(body)


def opened(body: bytes) -> Image.Image:
    image = Image.open(BytesIO(body))
    image.load()
    assert (image.format, image.mode) == ("JPEG", "RGB")
    assert max(image.size) <= SIDE
    assert not image.getexif()
    assert "icc_profile" not in image.info
    return image


def refused(picture: bytes) -> str:
    """Why a drawn cover stands for it."""
    body, reason = cover(picture, TITLE, AUTHOR)
    assert reason is not None
    assert body == cover(None, TITLE, AUTHOR)[0]
    return reason


def is_near(colour: object, expected: tuple[int, int, int], by: int = 12) -> bool:
    assert isinstance(colour, tuple)
    return all(abs(one - other) <= by for one, other in zip(colour, expected, strict=True))


@pytest.mark.parametrize(
    ("mode", "format"),
    [("RGB", "JPEG"), ("CMYK", "JPEG"), ("RGB", "PNG"), ("P", "PNG"), ("P", "GIF"), ("RGBA", "PNG"), ("RGB", "WEBP")],
)
def test_a_picture_keeps_its_size_and_colours(mode: str, format: str) -> None:
    halves = two_halves().quantize(8) if mode == "P" else two_halves(mode)
    image = used(encoded(halves, format))
    assert image.size == (600, 900)
    assert is_near(image.getpixel((300, 100)), (208, 32, 32))
    assert is_near(image.getpixel((300, 800)), (32, 32, 208))


@pytest.mark.parametrize(("size", "expected"), [((3_000, 2_000), (1_400, 933)), ((1_500, 2_800), (750, 1_400))])
@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_a_large_picture_is_made_smaller(size: tuple[int, int], expected: tuple[int, int], format: str) -> None:
    assert used(encoded(two_halves(size=size), format)).size == expected


def test_a_photograph_is_turned_as_it_was_held() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = used(encoded(two_halves(), "JPEG", exif=exif))
    assert image.size == (900, 600)
    assert is_near(image.getpixel((800, 300)), (208, 32, 32))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_damaged_note_on_how_it_was_held_is_passed_over() -> None:
    picture = encoded(two_halves(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    assert used(picture).size == (600, 900)


def test_what_is_transparent_becomes_white() -> None:
    clear = two_halves("RGBA")
    clear.paste((0, 0, 0, 0), (0, 0, 600, 450))
    for picture in (encoded(clear), encoded(clear.convert("LA")), encoded(clear.quantize(8))):
        assert is_near(used(picture).getpixel((300, 100)), (255, 255, 255))


def test_16_bit_grey_keeps_its_shades() -> None:
    image = Image.frombytes("I;16", (200, 200), struct.pack("<H", 0x4000) * 40_000)
    assert is_near(used(encoded(image)).getpixel((100, 100)), (0x40, 0x40, 0x40))


def test_of_an_animation_the_first_picture_counts() -> None:
    frames = [Image.new("RGB", (300, 300), colour) for colour in ("green", "red", "black")]
    for format in ("GIF", "PNG", "WEBP"):
        picture = encoded(frames[0], format, save_all=True, append_images=frames[1:])
        assert is_near(used(picture).getpixel((9, 9)), (0, 128, 0))


def test_colours_of_another_profile_become_those_of_srgb() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert used(encoded(two_halves(), icc_profile=profile)).size == (600, 900), "a profile of another kind"
    assert used(encoded(two_halves(), icc_profile=b"no profile")).size == (600, 900)
    for mode in ("RGB", "RGBA"):
        swapped = encoded(two_halves(mode), icc_profile=_swapped_primaries())
        assert is_near(used(swapped).getpixel((300, 100)), (32, 32, 208), by=40)


def _swapped_primaries() -> bytes:
    """The profile of sRGB with red and blue exchanged."""
    body = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(body[128:132])
    entries = {bytes(body[at : at + 4]): at for at in range(132, 132 + 12 * count, 12)}
    red, blue = entries[b"rXYZ"], entries[b"bXYZ"]
    body[red : red + 4], body[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(body)


def test_the_same_picture_gives_the_same_cover() -> None:
    picture = encoded(two_halves(), "JPEG")
    assert cover(picture, TITLE, AUTHOR) == cover(picture, TITLE, AUTHOR)


@pytest.mark.parametrize(
    "picture", [b"", b"<svg/>", b"%PDF-1.7", b"BM" + bytes(60), b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"]
)
def test_what_is_no_picture_gives_a_drawn_cover(picture: bytes) -> None:
    assert "one was drawn instead" in refused(picture)


def test_a_cut_picture_gives_a_drawn_cover_and_says_why() -> None:
    for format in ("JPEG", "PNG", "GIF", "WEBP"):
        whole = encoded(two_halves().effect_spread(40), format)
        assert "cannot be read" in refused(whole[: len(whole) // 2])


@pytest.mark.parametrize("size", [(1, 1), (99, 2_000), (20_000, 1_000)])
def test_a_picture_in_which_there_is_nothing_to_see_is_not_used(size: tuple[int, int]) -> None:
    assert "too few to show" in refused(encoded(Image.new("L", size)))


@pytest.mark.parametrize(("format", "side"), [("PNG", 3_200), ("GIF", 3_200), ("WEBP", 2_100), ("JPEG", 9_000)])
def test_a_picture_of_more_pixels_than_there_is_memory_for_is_not_used(format: str, side: int) -> None:
    assert "too many to decode" in refused(encoded(Image.new("L", (side, side)), format))


def test_a_jpeg_in_several_scans_may_have_fewer_pixels() -> None:
    picture = jpeg_of(8_900, 8_900)
    assert used(picture).size == (SIDE, SIDE)
    scan = picture.index(b"\xff\xda")
    several = picture[:scan] + b"\xff\xda\0\x08\x01" + picture[scan + 5 : scan + 7] + picture[scan + 11 :]
    assert "too many to decode" in refused(several)


@settings(max_examples=50)
@given(st.binary(max_size=300), st.integers(0, 2_000), st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"]))
def test_a_damaged_picture_never_raises(noise: bytes, at: int, format: str) -> None:
    picture = encoded(two_halves(size=(120, 120)), format)
    at %= len(picture)
    opened(cover(picture[:at] + noise + picture[at + len(noise) :], TITLE, None)[0])


def png_of(width: int, height: int) -> bytes:
    """A PNG that promises much and holds little."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(100_000)))
        + chunk(b"IEND", b"")
    )


def jpeg_of(width: int, height: int, **options: object) -> bytes:
    """A JPEG whose header tells of more than it holds."""
    picture = encoded(two_halves(), "JPEG", **options)
    frame = picture.index(b"\xff\xc2" if options.get("progressive") else b"\xff\xc0")
    return picture[: frame + 5] + struct.pack(">HH", height, width) + picture[frame + 9 :]


GREEDY: dict[str, Callable[[], bytes]] = {
    "a PNG of 900 million pixels": lambda: png_of(30_000, 30_000),
    "the largest PNG that is decoded": lambda: encoded(Image.new("RGBA", (3_098, 3_098), "#20d02080")),
    "a PNG of 30 MB": lambda: encoded(Image.new("RGB", (3_098, 3_098)), compress_level=0),
    "the largest picture with a palette": lambda: encoded(Image.new("P", (3_098, 3_098))),
    "the largest JPEG that is decoded": lambda: encoded(Image.new("L", (8_900, 8_900)), "JPEG"),
    "a JPEG that is not quite twice too large": lambda: encoded(Image.new("RGB", (5_500, 5_500), "#d02020"), "JPEG"),
    "the largest progressive JPEG": lambda: encoded(
        two_halves(size=(3_098, 3_098)), "JPEG", progressive=True, subsampling=0
    ),
    "a JPEG of four thousand million pixels": lambda: jpeg_of(65_000, 65_000),
    "a progressive JPEG of 79 million pixels": lambda: jpeg_of(8_900, 8_900, progressive=True),
    "the largest WebP that is decoded": lambda: encoded(Image.new("RGBA", (2_000, 2_000)), "WEBP", lossless=True),
    "a WebP of 200 million pixels": lambda: encoded(Image.new("L", (16_000, 200)), "WEBP").replace(
        struct.pack("<HH", 16_000, 200), struct.pack("<HH", 16_000, 12_500)
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def megabytes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """How much more memory a process had at its peak for each of the greedy pictures, each in a process of its own."""
    folder = tmp_path_factory.mktemp("pictures")
    for number, make in enumerate(GREEDY.values()):
        (folder / str(number)).write_bytes(make())
    script = f"""if True:
        import os, resource
        from services.merger.covers import cover
        cover(None, "Cais", None)
        for number in range({len(GREEDY)}):
            if os.fork() == 0:
                picture = open({str(folder)!r} + f"/{{number}}", "rb").read()
                before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                cover(picture, "Cais", None)
                print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, flush=True)
                os._exit(0)
            os.wait()
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return dict(zip(GREEDY, map(int, done.stdout.split()), strict=True))


@pytest.mark.parametrize("kind", GREEDY)
def test_memory_stays_flat_whatever_comes(kind: str, megabytes: dict[str, int]) -> None:
    assert megabytes[kind] < MORE_MEGABYTES


def test_a_drawn_cover_is_the_same_each_time_and_another_for_another_book() -> None:
    first = cover(None, TITLE, AUTHOR)
    assert first == cover(None, TITLE, AUTHOR)
    assert first[1] is None
    assert opened(first[0]).size == (SIDE, SIDE)
    assert first[0] != cover(None, TITLE + "!", AUTHOR)[0]
    assert first[0] != cover(None, TITLE, "Outra")[0]


@pytest.mark.parametrize("title", ["", "a" * 500, "palavra " * 62, "=;#\\\n\t", "😀", "\ud800", "\0", "x" * 100_000])
def test_any_title_can_be_drawn(title: str) -> None:
    assert drawn(title, title).size == (SIDE, SIDE)


def lettering(text: str) -> bytes:
    mask = Image.new("L", (1_000, 200))
    write(mask, text, Box(20, 20, 980, 180), [100])
    return mask.tobytes()


@pytest.mark.parametrize("letter", "áàâãçéêíóôõúüÁÀÂÃÇÉÊÍÓÔÕÚÜñÑåč")
def test_accented_letters_are_shown_each_with_its_own_accent(letter: str) -> None:
    bare = {"á": "a"}.get(letter, "")
    others = [lettering(other) for other in "aceiounAÁACEIOUNãâàéêíóôõúçüñåč" if other != letter]
    assert any(lettering(letter))
    assert lettering(letter) not in others
    assert lettering(letter) != lettering(bare)


def inked(text: str) -> tuple[int, int, int, int]:
    """The box that a text fills: left, top, right, bottom."""
    box = Image.frombytes("L", (1_000, 200), lettering(text)).getbbox()
    assert box
    return box


def test_an_accent_stands_over_its_letter_wherever_it_is_in_a_line() -> None:
    accent = [one != other for one, other in zip(lettering("mmé"), lettering("mme"), strict=True)]
    columns = [at % 1_000 for at, differs in enumerate(accent) if differs]
    assert inked("mm")[2] < min(columns) < max(columns) < inked("mme")[2]


def test_an_i_gives_its_dot_for_an_accent() -> None:
    left, top, right, _ = inked("i")
    middle, above = (left + right) // 2, inked("x")[1] - 4
    for text, has_dot in (("i", True), ("ï", False)):
        column = Image.frombytes("L", (1_000, 200), lettering(text)).crop((middle, top - 30, middle + 1, above))
        assert (column.getbbox() is not None) == has_dot


def test_a_cedilla_hangs_below_its_letter_and_a_tilde_stands_above() -> None:
    assert inked("ç")[3] > inked("c")[3] + 5
    assert inked("ç")[1] == inked("c")[1]
    assert inked("ã")[1] < inked("a")[1] - 5
    assert inked("ã")[3] == inked("a")[3]


def test_text_in_a_script_without_shapes_is_left_out_and_signs_alone_fall_out() -> None:
    assert not any(lettering("Тихий дон"))
    assert not any(lettering("Дон e cais"))
    assert lettering("Cais 😀") == lettering("Cais")
    assert lettering("Cais – cais") == lettering("Cais - cais")


def test_lines_stay_inside_their_box_however_long_the_words() -> None:
    for text in ("mar " * 400, "m" * 999, "w" * 40 + " ém " * 40):
        mask = Image.new("L", (1_000, 700))
        bottom = write(mask, text, Box(50, 60, 950, 640), [90, 60, 30])
        box = mask.getbbox()
        assert box
        assert box[0] >= 50 - 2
        assert box[1] >= 60
        assert box[2] <= 950 + 2
        assert max(bottom, box[3]) <= 640


def test_a_short_title_is_set_larger_than_a_long_one() -> None:
    def bottom(text: str) -> int:
        return write(Image.new("L", (1_000, 700)), text, Box(50, 50, 950, 650), [150, 100, 40])

    one_line = bottom("Cais") - 50
    assert 150 < one_line < 250
    assert bottom("Cais " * 100) - 50 > 2 * one_line
    assert 40 < (bottom("Cais " * 150) - 50) // 10 < 60, "ten lines of the smallest size"
