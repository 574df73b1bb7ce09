"""The sentences of a book become subtitles that players read: all words, in order, when they are heard."""

import re
import subprocess
from collections import deque
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.audio import ffmpeg
from services.merger.cues import Line
from services.merger.subtitles import with_lrc, with_subtitles

Cue = tuple[int, int, str]
"""Start and end in milliseconds, and the lines."""

_CLOCK = r"(\d{2,}):([0-5]\d):([0-5]\d)[.,](\d{3})"
_JOINER = "\u2060"


def milliseconds(clock: str) -> int:
    found = re.fullmatch(_CLOCK, clock)
    assert found, clock
    hours, minutes, seconds, thousandths = map(int, found.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1_000 + thousandths


def timing(line: str, point: str) -> tuple[int, int]:
    start, arrow, end = line.split(" ")
    assert arrow == "-->"
    assert start[-4] == end[-4] == point
    return milliseconds(start), milliseconds(end)


def read_vtt(text: str) -> list[Cue]:
    """The cues as they are written, with the times of their words."""
    head, *blocks = text.removesuffix("\n").split("\n\n")
    assert head == "WEBVTT"
    found: list[Cue] = []
    for block in blocks:
        first, *rows = block.split("\n")
        if first.startswith("NOTE "):
            assert not rows
            continue
        assert rows
        assert all(row.strip() for row in rows)
        assert "-->" not in "".join(rows)
        found.append((*timing(first, "."), "\n".join(rows)))
    return found


def plain(text: str) -> str:
    """What a reader of WebVTT sees."""
    shown = re.sub(r"<[^>]*>", "", text)
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", shown)
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def read_srt(text: str) -> list[Cue]:
    found: list[Cue] = []
    for number, block in enumerate(text.removesuffix("\n\n").split("\n\n") if text else [], 1):
        first, second, *rows = block.split("\n")
        assert first == str(number)
        assert rows
        assert all(row.strip() for row in rows)
        found.append((*timing(second, ","), "\n".join(rows)))
    return found


def written(lines: Iterable[Line]) -> tuple[str, str]:
    """(WebVTT, SubRip)."""
    vtt, srt = StringIO(), StringIO()
    deque(with_subtitles(lines, vtt, srt), maxlen=0)
    return vtt.getvalue(), srt.getvalue()


def vtt(lines: Iterable[Line]) -> str:
    return written(lines)[0]


def srt(lines: Iterable[Line]) -> str:
    return written(lines)[1]


def lrc(lines: Iterable[Line], title: str, author: str | None) -> str:
    out = StringIO()
    deque(with_lrc(lines, out, title, author), maxlen=0)
    return out.getvalue()


def line(start: float, end: float, text: str, chapter: int = 0, words: str = "") -> Line:
    """``words``: the seconds at which they start."""
    told = tuple(zip(map(float, words.split()), text.split(), strict=True)) if words else ()
    return Line(start, end, text, chapter, words=told)


def test_lines_are_passed_on_as_they_are() -> None:
    lines = [line(0, 1, "Um."), line(1, 2, " "), line(2, 3, "Dois.")]
    assert [*with_subtitles(lines, StringIO(), StringIO())] == lines
    assert [*with_lrc(lines, StringIO(), "", None)] == lines


def test_a_sentence_is_a_cue_from_its_first_sound_to_its_last() -> None:
    lines = [line(0.5, 2.25, "A porta rangeu."), line(3.0, 5.125, "Ninguém veio.")]
    assert (vtt(lines)) == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:02.250\nA porta rangeu.\n\n00:00:03.000 --> 00:00:05.125\nNinguém veio.\n"
    )
    assert (srt(lines)) == (
        "1\n00:00:00,500 --> 00:00:02,250\nA porta rangeu.\n\n2\n00:00:03,000 --> 00:00:05,125\nNinguém veio.\n\n"
    )


def test_words_have_their_own_times_after_the_first_of_a_cue() -> None:
    found = vtt([line(5.0, 7.0, "O farol apagou.", words="5.0 5.32 6.2")])
    assert found.endswith("O <00:00:05.320>farol <00:00:06.200>apagou.\n")


def test_only_times_strictly_inside_a_cue_and_after_one_another_are_told() -> None:
    found = read_vtt(vtt([line(5.0, 7.0, "um dois três quatro cinco", words="4 6 6 6.5 7")]))
    assert found[0][2] == "um <00:00:06.000>dois três <00:00:06.500>quatro cinco"


def test_words_that_are_not_those_of_the_text_have_no_times() -> None:
    found = vtt([Line(0.0, 2.0, "Um dois", 0, words=((0.0, "um"), (1.0, "dois")))])
    assert [text for _, _, text in read_vtt(found)] == ["Um dois"]


LONG = (
    "No fim daquela tarde de agosto, as crianças desceram até o cais, contaram os barcos que voltavam e esperaram,"
    " caladas, que o último deles acendesse a lanterna."
)


def test_a_long_sentence_is_cut_when_the_words_are_heard() -> None:
    starts = " ".join(str(10 + number) for number in range(len(LONG.split())))
    found = read_srt(srt([line(10.0, 60.0, LONG, words=starts)]))
    assert [(start, end) for start, end, _ in found] == [(10_000, 22_000), (22_000, 29_000), (29_000, 60_000)]
    assert [text.split()[0] for _, _, text in found] == ["No", "contaram", "caladas,"]


def test_a_long_sentence_is_cut_by_its_letters_where_nobody_tells_of_its_words() -> None:
    found = read_srt(srt([line(0.0, (len(LONG) + 1) / 10, LONG)]))
    assert [start for start, _, _ in found] == [0, *(100 * LONG.index(word) for word in ("contaram", "caladas,"))]
    assert found[-1][1] == 100 * (len(LONG) + 1)


def test_a_word_that_is_cut_takes_its_time_evenly() -> None:
    found = read_srt(srt([line(0.0, 20.0, "Eis: " + "灯" * 60, words="0 4")]))
    assert [start for start, _, _ in found] == [0, 4_000 + 16_000 * found[0][2].count("灯") // 60]


def test_a_short_cue_is_shown_for_a_second_or_until_the_next() -> None:
    found = read_srt(srt([line(1.0, 1.2, "Sim."), line(1.7, 1.9, "Não."), line(9.0, 9.1, "Sim.")]))
    assert [(start, end) for start, end, _ in found] == [(1_000, 1_700), (1_700, 2_700), (9_000, 10_000)]


def test_sentences_at_one_moment_are_shown_one_after_another() -> None:
    found = read_srt(srt([line(1.0, 1.0, "Um."), line(1.0, 1.0, "Dois."), line(0.9, 3.0, "Três.")]))
    assert [(start, end) for start, end, _ in found] == [(1_000, 1_001), (1_001, 1_002), (1_002, 3_000)]


def test_a_book_without_text_is_an_empty_file_that_is_right() -> None:
    assert (vtt([line(0, 1, "\n ")])) == "WEBVTT\n"
    assert (srt([])) == lrc([line(0, 1, " ")], "", None) == ""


def test_a_book_of_more_than_a_hundred_hours_has_its_times() -> None:
    lines = [line(360_000.5, 360_002.0, "Tarde.")]
    assert "100:00:00.500 --> 100:00:02.000" in (vtt(lines))
    assert "100:00:00,500 --> 100:00:02,000" in (srt(lines))
    assert "[6000:00.50]Tarde.\n" in lrc(lines, "", None)


def test_markup_in_a_text_is_shown_as_it_is() -> None:
    text = "<b>a & b</b> --> c &lt; {x} <"
    (found,) = read_vtt(vtt([line(0, 2, text)]))
    assert plain(found[2]) == text
    (found,) = read_srt(srt([line(0, 2, text)]))
    assert found[2] == f"<{_JOINER}b>a & b<{_JOINER}/b> --{_JOINER}> c &lt; {{{_JOINER}x}} <"


def test_a_sentence_that_is_a_number_is_no_number_of_a_cue() -> None:
    assert [text for *_, text in read_srt(srt([line(0, 2, "1822"), line(2, 4, "1823")]))] == ["1822", "1823"]


def test_lrc_has_a_line_for_each_sentence_and_says_what_it_is() -> None:
    lines = [
        line(0.5, 2, "A porta rangeu."),
        line(61.239, 70, LONG),
        line(3_725.0, 3_726, "[00:12.00] foi a hora."),
        line(9.0, 9.5, "Fim."),
    ]
    assert lrc(lines, "O [último]\nfarol", "Lia Prado") == (
        "[ti:O (último) farol]\n[ar:Lia Prado]\n[00:00.50]A porta rangeu.\n"
        f"[01:01.24]{LONG}\n[62:05.00] [00:12.00] foi a hora.\n[62:05.00]Fim.\n"
    )


def test_a_cue_is_there_as_soon_as_the_next_is_known() -> None:
    vtt, srt = StringIO(), StringIO()

    def watched() -> Iterator[Line]:
        for number in range(4):
            assert vtt.getvalue().count("-->") == srt.getvalue().count("-->") == max(0, number - 1)
            yield line(number, number + 0.5, f"Frase {number}.")

    deque(with_subtitles(watched(), vtt, srt), maxlen=0)
    assert vtt.getvalue().count("-->") == 4


@pytest.mark.parametrize("form", ["webvtt", "srt"])
def test_ffmpeg_reads_every_cue(form: str, tmp_path: Path) -> None:
    lines = [
        line(0.5, 2.0, "A porta rangeu.", words="0.5 0.9 1.2"),
        line(3.0, 5.0, "1822"),
        line(6.0, 20.0, LONG, 1),
        line(21.0, 23.0, "<b>a & b</b> --> c"),
        line(24.0, 26.0, "שלום עולם 👩‍👩‍👧‍👦 灯台", 2),
    ]
    source = tmp_path / "book"
    source.write_text((vtt(lines) if form == "webvtt" else srt(lines)), encoding="utf-8", newline="")
    command = [ffmpeg.binary(), "-v", "warning", "-f", form, "-i", str(source), "-f", "srt", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stderr == b""
    found = read_srt(done.stdout.decode())
    expected = read_srt(srt(lines))
    assert [(start, end) for start, end, _ in found] == [(start, end) for start, end, _ in expected]
    words = [text.replace(_JOINER, "").split() for _, _, text in expected]
    assert [re.sub(r"</?font[^>]*>|\u2060", "", text).split() for _, _, text in found] == words


_WORDS = st.lists(
    st.sampled_from(
        ["a", "porta,", "<b>", "&", "-->", "1", "—", "שלום", "👩‍👩‍👧‍👦", "灯台。", "fim.", "x" * 50, "灯" * 30]
    ),
    max_size=30,
)
_SECONDS = st.floats(0, 3, allow_nan=False)


@st.composite
def _lines(draw: st.DrawFn) -> list[Line]:
    found: list[Line] = []
    start = draw(st.sampled_from([0.0, 3_599.0, 359_999.0]))
    for text in draw(st.lists(_WORDS, max_size=5)):
        end = start + draw(_SECONDS) * draw(st.integers(0, 8))
        starts = sorted(draw(st.lists(st.floats(start, end), min_size=len(text), max_size=len(text))))
        words = tuple(zip(starts, text, strict=True)) if draw(st.booleans()) else ()
        found.append(Line(start, end, " ".join(text), draw(st.integers(0, 2)), words=words))
        start = end + draw(st.sampled_from([0.0, 0.2, 1.5]))
    return found


@given(_lines())
def test_all_words_are_in_the_cues_in_order_and_no_cue_is_on_the_screen_with_another(lines: list[Line]) -> None:
    written = "".join("".join(line.text.split()) for line in lines)
    marked = read_vtt(vtt(lines))
    shown = read_srt(srt(lines))
    assert [(start, end, plain(text)) for start, end, text in marked] == [
        (start, end, text.replace(_JOINER, "")) for start, end, text in shown
    ]
    assert "".join("".join(plain(text).split()) for _, _, text in marked) == written
    assert all(start < end for start, end, _ in marked)
    assert all(before[1] <= after[0] for before, after in pairwise(marked))
    assert all(text.count("\n") <= 1 for _, _, text in marked)
    for start, end, text in marked:
        inside = [milliseconds(clock) for clock in re.findall(r"<(\d[^>]*)>", text)]
        assert all(before < after for before, after in pairwise([start, *inside, end]))
    stamps = re.findall(r"^\[(\d+):(\d\d\.\d\d)\]", lrc(lines, "", None), re.MULTILINE)
    assert len(stamps) == sum(bool(line.text) for line in lines)
