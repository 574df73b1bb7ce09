"""Who may speak a job, and in which order: by language, voice, health, length and what the job says of engines."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.errors import DarkChannelError, Permanent, Transient
from darkchannel.jobs.choice import Choice, Left
from darkchannel.jobs.options import Options
from darkchannel.jobs.plan import Plan, Section
from darkchannel.runtime.engines import Voice
from services.synthesizer.selection import Standing, Wanted, in_line, speaks_language, usual, wanted

PORTUGUESE, ENGLISH, ANY = Voice("ana", ("pt-BR", "pt-PT")), Voice("ann", ("en-US",)), Voice("omni")
A_BOOK = Wanted("pt-BR", frozenset(), 40, is_free=True)
NATURAL = Standing((PORTUGUESE,))
ENGLISH_ONLY = Standing((ENGLISH,))
SLOW = Standing((ANY,), most_segments=10)
AWAY = Standing(away="it does not answer")
RESTING = Standing(away="it failed 5 times in a row", is_resting=True)
UNKNOWN = Standing(away="set OPENAI_SPEECH_URL", is_set_up=False)
ROBOT = Standing((ANY,))


def lacking(standing: Standing, *voices: str) -> Standing:
    return replace(standing, lacks=frozenset(voices))


@pytest.mark.parametrize(
    ("job", "standings", "line"),
    [
        # -- order and health
        (A_BOOK, {"natural": NATURAL, "robot": ROBOT}, ("natural", "robot")),
        (A_BOOK, {"robot": ROBOT, "natural": NATURAL}, ("robot", "natural")),
        (A_BOOK, {"natural": AWAY, "robot": ROBOT}, ("robot",)),
        (A_BOOK, {"natural": UNKNOWN, "robot": ROBOT}, ("robot",)),
        (A_BOOK, {"natural": AWAY, "robot": AWAY}, ("natural", "robot")),
        # -- language
        (A_BOOK, {"english": ENGLISH_ONLY, "robot": ROBOT}, ("robot",)),
        (A_BOOK, {"english": ENGLISH_ONLY, "away": AWAY}, ("english",)),
        (replace(A_BOOK, language="EN"), {"natural": NATURAL, "english": ENGLISH_ONLY}, ("english",)),
        (replace(A_BOOK, language="tlh"), {"natural": NATURAL, "english": ENGLISH_ONLY}, ("natural", "english")),
        # -- length
        (A_BOOK, {"slow": SLOW, "robot": ROBOT}, ("robot",)),
        (replace(A_BOOK, segments=10), {"slow": SLOW, "robot": ROBOT}, ("slow", "robot")),
        (replace(A_BOOK, is_free=False), {"slow": SLOW, "robot": ROBOT}, ("slow", "robot")),
        (A_BOOK, {"slow": SLOW, "away": AWAY}, ("slow",)),
        # -- voice
        (
            replace(A_BOOK, voices=frozenset({"pt-br+f3"})),
            {"natural": lacking(NATURAL, "pt-br+f3"), "robot": ROBOT},
            ("robot", "natural"),
        ),
        (
            replace(A_BOOK, voices=frozenset({"ann"})),
            {"natural": lacking(NATURAL, "ann"), "english": ENGLISH_ONLY, "robot": lacking(ROBOT, "ann")},
            ("english", "natural", "robot"),
        ),
        (
            replace(A_BOOK, voices=frozenset({"sun"})),
            {"slow": SLOW, "robot": lacking(ROBOT, "sun")},
            ("slow", "robot"),
        ),
    ],
)
def test_the_best_engine_is_the_first_and_the_others_stand_behind_it(
    job: Wanted, standings: dict[str, Standing], line: tuple[str, ...]
) -> None:
    assert in_line(job, standings) == line


@pytest.mark.parametrize(
    ("standings", "speaks", "line"),
    [
        ({"natural": NATURAL, "robot": ROBOT}, "robot", ("robot", "natural")),
        ({"natural": NATURAL, "slow": SLOW, "robot": ROBOT}, "slow", ("slow", "natural", "robot")),
        ({"english": ENGLISH_ONLY, "robot": ROBOT}, "english", ("english", "robot")),
        ({"natural": lacking(NATURAL, "x"), "robot": ROBOT}, "natural", ("natural", "robot")),
        ({"natural": AWAY, "robot": lacking(ROBOT, "x")}, "natural", ("natural", "robot")),
        ({"natural": RESTING, "robot": lacking(ROBOT, "x")}, "natural", ("robot",)),
        ({"natural": UNKNOWN, "robot": lacking(ROBOT, "x")}, "natural", ("robot",)),
        ({"natural": AWAY, "robot": AWAY}, "robot", ("robot",)),
        ({"natural": AWAY, "robot": RESTING}, "robot", ("robot",)),
        ({"natural": AWAY, "robot": AWAY}, "gone", ("natural", "robot")),
        ({"natural": NATURAL, "robot": ROBOT}, "gone", ("natural", "robot")),
    ],
)
def test_who_speaks_a_book_goes_on_until_its_speech_fails_whatever_its_last_look_said(
    standings: dict[str, Standing], speaks: str, line: tuple[str, ...]
) -> None:
    assert in_line(replace(A_BOOK, voices=frozenset({"x"})), standings, speaks) == line


@pytest.mark.parametrize(
    ("standings", "error", "says"),
    [
        (
            {"natural": lacking(NATURAL, "x"), "robot": lacking(ROBOT, "x", "y")},
            Permanent,
            "the voice 'x': `darkchannel v",
        ),
        ({"robot": lacking(ROBOT, "x", "y")}, Permanent, "the voices 'x', 'y': `darkchannel v"),
        (
            {"natural": lacking(NATURAL, "x"), "robot": lacking(ROBOT, "y")},
            Permanent,
            "all of 'x', 'y': name voices of one engine, or for each a list with one of every engine",
        ),
        ({"natural": UNKNOWN, "robot": lacking(ROBOT, "x")}, Permanent, "the voice 'x'"),
        ({"natural": AWAY, "robot": lacking(ROBOT, "x")}, Transient, "'x', and natural is away: it does not answer"),
    ],
)
def test_a_voice_that_nobody_has_is_named_and_waited_for_only_where_somebody_may_have_it(
    standings: dict[str, Standing], error: type[DarkChannelError], says: str
) -> None:
    with pytest.raises(error, match=f"no engine at hand has .*{says}"):
        in_line(replace(A_BOOK, voices=frozenset({"x", "y"})), standings)


def test_the_long_name_of_a_voice_is_cut_in_a_message() -> None:
    name = "x" * 200
    with pytest.raises(Permanent, match=r"has the voice 'x{79}…':"):
        in_line(replace(A_BOOK, voices=frozenset({name})), {"robot": lacking(ROBOT, name)})


names = st.sampled_from(["a", "b", "c", "d"])
standings = st.dictionaries(
    names,
    st.sampled_from(
        [NATURAL, ENGLISH_ONLY, SLOW, AWAY, RESTING, UNKNOWN, ROBOT, lacking(ROBOT, "x"), lacking(NATURAL, "x")]
    ),
    min_size=1,
)
jobs = st.builds(
    Wanted,
    st.sampled_from(["pt-BR", "en", "tlh"]),
    st.sampled_from([frozenset[str](), frozenset({"x"})]),
    st.integers(1, 40),
    is_free=st.booleans(),
)


@given(jobs, standings, st.none() | names)
def test_whoever_is_in_line_can_speak_unless_nobody_can(
    job: Wanted, standings: dict[str, Standing], speaks: str | None
) -> None:
    able = {name for name, standing in standings.items() if standing.away is None}
    try:
        line = in_line(job, standings, speaks)
    except DarkChannelError:
        assert speaks is None
        assert all("x" in standings[name].lacks for name in able)
        return
    assert line
    assert len(set(line)) == len(line)
    stays = {name for name, standing in standings.items() if standing.is_set_up and not standing.is_resting}
    assert set(line) <= (able | ({speaks} & stays) or set(standings))
    if speaks in stays:
        assert line[0] == speaks
    elif any(not standings[name].lacks for name in able):
        assert not standings[line[0]].lacks


@pytest.mark.parametrize(
    ("tags", "language", "speaks"),
    [(("pt-BR",), "pt", True), (("pt",), "pt-PT", True), (("en-GB", "es"), "ES-mx", True), (("en",), "pt", False)],
)
def test_a_language_is_spoken_whatever_its_country(tags: tuple[str, ...], language: str, speaks: bool) -> None:
    assert speaks_language([Voice("v", tags)], language) == speaks
    assert speaks_language([Voice("v", tags), ANY], language)


def test_the_usual_order_ends_with_the_one_that_is_always_there_and_sends_no_text_to_anybody() -> None:
    installed = ("bark", "espeak", "gtts", "openai", "openvoice", "piper", "somebodys")
    assert usual(installed) == ("piper", "openai", "openvoice", "bark", "somebodys", "espeak")
    assert usual(("espeak",)) == ("espeak",)


def test_what_a_job_wants_is_in_its_plan() -> None:
    section = Section(index=0, chapter=0, title="", first=0, count=7, digest="d")
    options = Options(voice="ana", voices={"Rui": "bento", "Eva": "ana"}, language="pt-PT")
    assert wanted(Plan(title="", options=options, sections=(section,))) == Wanted(
        "pt-PT", frozenset({"ana", "bento"}), 7, is_free=True
    )
    named = options.model_copy(update={"engine": "bark,espeak", "voice": None, "voices": {}})
    assert wanted(Plan(title="", options=named, sections=(section,))) == Wanted("pt-PT", frozenset(), 7, is_free=False)


def test_a_book_that_is_passed_on_keeps_its_rate_and_tells_who_spoke_before_and_why() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    first = Choice(engine="a", rate=24_000)
    third = first.passed_to("b", reason="gone", at=at).passed_to("c", reason="gone too", at=at)
    assert (third.engine, third.rate) == ("c", 24_000)
    assert third.before == (Left(engine="a", reason="gone", at=at), Left(engine="b", reason="gone too", at=at))
