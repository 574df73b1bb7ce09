"""Voices are named in a script, and a script can be had without those that are another engine's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.speech.rendering import rendered
from darkchannel.speech.ssml import serialise, spoken
from services.synthesizer.voices import named, passed_over, without

NAMES = ("ana", "bento", "clara")
TEXT = '<p><voice name="ana">Oi, <voice name="bento clara" xml:lang="en">hello,</voice></voice> bom dia.</p>'


def script(content: str = TEXT, language: str = "pt-BR") -> str:
    return f'<speak xml:lang="{language}">{content}</speak>'


def test_every_name_is_found_also_of_several_in_one_element() -> None:
    assert named(rendered(script())) == set(NAMES)
    assert named(rendered(script('<voice xml:lang="en">hello</voice> <mark name="dora"/>'))) == frozenset()


@pytest.mark.parametrize(
    ("strange", "left"),
    [({"ana"}, {"bento", "clara"}), ({"bento"}, {"ana", "clara"}), ({"bento", "clara"}, {"ana"}), (set(NAMES), set())],
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
        ({"bento", "clara"}, {"bento", "clara"}),
        (set(NAMES), set(NAMES)),
        (set(), set()),
    ],
)
def test_a_voice_is_passed_over_where_its_element_names_no_other_that_the_engine_has(
    strange: set[str], lost: set[str]
) -> None:
    assert passed_over(rendered(script()), strange) == lost
    assert passed_over(rendered(script("bom dia")), strange) == set()


@given(st.sets(st.sampled_from(NAMES)))
def test_no_word_is_lost(strange: set[str]) -> None:
    whole = rendered(script())
    assert spoken(without(whole, strange)) == spoken(whole)


def test_a_script_without_strange_voices_is_the_same() -> None:
    whole = rendered(script())
    assert without(whole, frozenset()) is whole
    assert without(whole, {"dora"}) == whole
