"""The timeline of a book: however many sections it has, each is heard where its marks say."""

from fractions import Fraction
from itertools import accumulate
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.jobs.options import Options
from darkchannel.jobs.plan import Plan, Section
from darkchannel.jobs.records import SectionAudio, SectionRecord, Stored
from services.merger import timeline
from services.merger.mastering import SPARE_SECONDS

STREAMS = ((22_050, 576, 1_105), (22_050, 1_024, 1_024), (48_000, 960, 312), (22_050, 4_096, 0), (44_100, 1_152, 1_105))
"""(rate, frame, delay) of mp3, m4b, opus, flac and acx."""


def audio(rate: int, frame: int, delay: int, samples: int, speech_rate: int) -> SectionAudio:
    """What an encoder makes of a section and the silence to spare after it."""
    given = (samples / speech_rate + SPARE_SECONDS) * rate + delay
    return SectionAudio(key="", etag="", rate=rate, frame=frame, frames=ceil(given / frame), delay=delay)


def record(samples: int, loudness: float | None = None) -> SectionRecord:
    files = {"mp3": audio(22_050, 576, 1_105, samples, 22_050)}
    return SectionRecord(
        index=0, pairs=(), rate=22_050, samples=samples, loudness=loudness, files=files, cues=Stored(key="", etag="")
    )


@given(
    st.lists(st.integers(1, 30 * 22_050), min_size=1, max_size=300),
    st.sampled_from(STREAMS),
    st.sampled_from((22_050, 24_000, 16_000)),
)
def test_every_section_starts_within_half_a_frame_of_its_time(
    samples: list[int], stream: tuple[int, int, int], speech_rate: int
) -> None:
    rate, frame, delay = stream
    files = [audio(rate, frame, delay, each, speech_rate) for each in samples]
    keep = timeline.kept(files, samples, speech_rate)
    places = zip(accumulate(keep, initial=0), accumulate(samples, initial=0), strict=True)
    for frames, at in list(places)[:-1]:
        assert abs(Fraction(frames * frame, rate) - Fraction(at, speech_rate)) <= Fraction(frame, 2 * rate)


@given(st.lists(st.integers(1, 30 * 22_050), min_size=1, max_size=100), st.sampled_from(STREAMS))
def test_no_section_is_asked_for_more_frames_than_were_encoded_and_the_end_is_whole(
    samples: list[int], stream: tuple[int, int, int]
) -> None:
    rate, frame, delay = stream
    files = [audio(rate, frame, delay, each, 22_050) for each in samples]
    keep = timeline.kept(files, samples, 22_050)
    assert all(0 <= frames <= file.frames for frames, file in zip(keep, files, strict=True))
    assert sum(keep) * frame >= sum(samples) * rate / 22_050 + delay


def section(index: int, chapter: int) -> Section:
    return Section(index=index, chapter=chapter, title=f"C{chapter}", first=index, count=1, digest="")


def test_a_chapter_lasts_from_its_first_section_to_the_next_chapter() -> None:
    plan = Plan(title="Livro", options=Options(), sections=(section(0, 0), section(1, 0), section(2, 1)))
    marks = timeline.chapters(plan, [record(22_050), record(44_100), record(11_025)])
    assert [(mark.title, mark.start, mark.end) for mark in marks] == [("C0", 0, 3), ("C1", 3, 3.5)]


def test_a_soft_section_counts_nothing_and_a_silent_one_neither() -> None:
    spoken = [record(22_050, -19.0), record(22_050, -19.0)]
    assert timeline.loudness([*spoken, record(22_050, -45.0), record(22_050)]) == pytest.approx(-19.0)


def test_a_longer_section_counts_for_more() -> None:
    assert timeline.loudness([record(900, -18.0), record(100, -24.0)]) == pytest.approx(-18.34, abs=0.01)


def test_a_book_in_which_nothing_is_heard_has_no_loudness() -> None:
    assert timeline.loudness([record(100), record(100)]) is None
