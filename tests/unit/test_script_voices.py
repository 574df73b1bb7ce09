"""Voices are named in a script, and a script can be had without those that are another engine's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.speech.rendering import rendered
from darkchannel.speech.ssml import serialise, spoken
from services.synthesizer.voices import named, passed_over, without

VOICES = ("ana", "bento clara")
TEXT = '<p><voice name="ana">Oi, <voice name="bento clara" xml:lang="en">hello,</voice></voice> bom dia.</p>'


def script(content: str = TEXT, language: str = "pt-BR") -> str:
    return f'<speak xml:lang="{language}">{content}</speak>'


def test_every_voice_is_found_several_names_in_one_element_as_one() -> None:
    assert named(rendered(script())) == set(VOICES)
    assert named(rendered(script('<voice xml:lang="en">hello</voice> <mark name="dora"/>'))) == frozenset()


@pytest.mark.parametrize(
    ("strange", "left"),
    [({"ana"}, {"bento clara"}), ({"bento clara"}, {"ana"}), ({"bento", "clara"}, set(VOICES)), (set(VOICES), set())],
)
def test_what_is_strange_is_not_asked_for_and_the_rest_is(strange: set[str], left: set[str]) -> None:
    bare = without(rendered(script()), strange)
    assert named(bare) == left
    assert 'xml:lang="en"' in serialise(bare)


@pytest.mark.parametrize(
    ("strange", "lost"),
    [
        ({"ana"}, {"ana"}),
        ({"bento"}, set()),
        ({"bento clara"}, {"bento clara"}),
        (set(VOICES), set(VOICES)),
        (set(), set()),
    ],
)
def test_a_voice_that_is_passed_over_is_told_as_it_is_written(strange: set[str], lost: set[str]) -> None:
    assert passed_over(rendered(script()), strange) == lost
    assert passed_over(rendered(script("bom dia")), strange) == set()


@pytest.mark.parametrize(
    ("content", "lost"),
    [
        ('<voice name="nova"><p><voice name="clara"><s>Oi.</s></voice></p></voice>', set()),
        ('<voice name="nova">«<voice name="clara">Oi.</voice>»<break time="1s"/><mark name="m"/></voice>', set()),
        ('<voice name="nova"><voice xml:lang="en">hello</voice></voice>', set()),
        ('<voice name="nova"><voice name="bento">Oi.</voice></voice>', {"bento"}),
        ('<voice name="nova"><p><s><prosody rate="slow">Oi.</prosody></s></p></voice>', {"nova"}),
        ('<voice name="nova"><voice name="clara">Oi.</voice> 7</voice>', {"nova"}),
        ('<voice name="nova"><phoneme ph="oj">oi</phoneme></voice>', {"nova"}),
    ],
)
def test_a_voice_that_no_word_was_to_be_said_in_is_not_passed_over(content: str, lost: set[str]) -> None:
    assert passed_over(rendered(script(content)), {"nova", "bento"}) == lost


def test_a_long_name_that_is_passed_over_is_told_cut_short() -> None:
    name = "x" * 500
    assert passed_over(rendered(script(f'<voice name="{name}">Oi.</voice>')), {name}) == {"x" * 79 + "…"}


@given(st.sets(st.sampled_from(VOICES)))
def test_no_word_is_lost(strange: set[str]) -> None:
    whole = rendered(script())
    assert spoken(without(whole, strange)) == spoken(whole)


def test_a_script_without_strange_voices_is_the_same() -> None:
    whole = rendered(script())
    assert without(whole, frozenset()) is whole
    assert without(whole, {"dora"}) == whole
