"""The timeline of a book: however many sections it has, each is heard where its marks say."""

from fractions import Fraction
from itertools import accumulate
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.jobs.options import Options
from darkchannel.jobs.plan import Plan, Section
from darkchannel.jobs.records import Coding, SectionAudio, SectionRecord, Stored
from services.merger import timeline
from services.merger.encodings import ENCODINGS
from services.merger.mastering import SPARE_SECONDS

STREAMS = tuple(ENCODINGS[name].coding(22_050) for name in ("mp3", "aac", "opus", "flac", "acx"))


def encoded(coding: Coding, samples: int, speech_rate: int) -> int:
    """How many frames an encoder makes of a section and of the silence to spare after it."""
    given = (samples / speech_rate + SPARE_SECONDS) * coding.rate + coding.delay
    return ceil(given / coding.frame)


def record(samples: int, loudness: float | None = None) -> SectionRecord:
    files = {"mp3": SectionAudio(key="", etag="", coding=STREAMS[0])}
    return SectionRecord(
        index=0, pairs=(), rate=22_050, samples=samples, loudness=loudness, files=files, cues=Stored(key="", etag="")
    )


@given(
    st.lists(st.integers(1, 30 * 22_050), min_size=1, max_size=300),
    st.sampled_from(STREAMS),
    st.sampled_from((22_050, 24_000, 16_000)),
)
def test_every_section_starts_within_half_a_frame_of_its_time(
    samples: list[int], coding: Coding, speech_rate: int
) -> None:
    keep = timeline.kept(coding, samples, speech_rate)
    places = zip(accumulate(keep, initial=0), accumulate(samples, initial=0), strict=True)
    for frames, at in list(places)[:-1]:
        off = Fraction(frames * coding.frame, coding.rate) - Fraction(at, speech_rate)
        assert abs(off) <= Fraction(coding.frame, 2 * coding.rate)


@given(st.lists(st.integers(1, 30 * 22_050), min_size=1, max_size=100), st.sampled_from(STREAMS))
def test_no_section_is_asked_for_more_frames_than_were_encoded_and_the_end_is_whole(
    samples: list[int], coding: Coding
) -> None:
    keep = timeline.kept(coding, samples, 22_050)
    made = [encoded(coding, each, 22_050) for each in samples]
    assert all(0 <= frames <= whole for frames, whole in zip(keep, made, strict=True))
    assert sum(keep) * coding.frame >= sum(samples) * coding.rate / 22_050 + coding.delay


def section(index: int, chapter: int) -> Section:
    return Section(index=index, chapter=chapter, title=f"C{chapter}", first=index, count=1, digest="")


def test_a_chapter_lasts_from_its_first_section_to_the_next_chapter() -> None:
    plan = Plan(title="Livro", options=Options(), sections=(section(0, 0), section(1, 0), section(2, 1)))
    marks = timeline.chapters(plan, [record(22_050), record(44_100), record(11_025)])
    assert [(mark.title, mark.start, mark.end) for mark in marks] == [("C0", 0, 3), ("C1", 3, 3.5)]


def test_a_chapter_begins_with_its_first_sound_and_the_book_with_its_first_sample() -> None:
    plan = Plan(title="Livro", options=Options(), sections=(section(0, 0), section(1, 1)))
    records = [record(22_050).model_copy(update={"lead": 2_205}) for _ in range(2)]
    marks = timeline.chapters(plan, records)
    assert [(mark.start, mark.end) for mark in marks] == [(0, pytest.approx(1.1)), (pytest.approx(1.1), 2)]


def test_a_soft_section_counts_nothing_and_a_silent_one_neither() -> None:
    spoken = [record(22_050, -19.0), record(22_050, -19.0)]
    assert timeline.loudness([*spoken, record(22_050, -45.0), record(22_050)]) == pytest.approx(-19.0)


def test_a_longer_section_counts_for_more() -> None:
    assert timeline.loudness([record(900, -18.0), record(100, -24.0)]) == pytest.approx(-18.34, abs=0.01)


def test_a_book_in_which_nothing_is_heard_has_no_loudness() -> None:
    assert timeline.loudness([record(100), record(100)]) is None
