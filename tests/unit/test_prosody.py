"""What the figures of ``prosody`` and ``emphasis`` come to."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.speech.prosody import (
    FASTEST,
    HIGHEST,
    LOUDEST,
    LOWEST,
    ORDINARY,
    PITCHES,
    RATES,
    SLOWEST,
    VOLUMES,
    Manner,
)
from darkchannel.speech.ssml import Element


def prosody(**attributes: str) -> Element:
    return Element("prosody", attributes)


@pytest.mark.parametrize(
    ("rate", "times"),
    [("150%", 1.5), ("+20%", 1.2), ("-20%", 0.8), ("1.5", 1.5), ("+0.5", 1.5), ("x-fast", 1.6), (" slow ", 0.8),
     ("medium", 1), ("default", 1), ("", 1), ("very quickly", 1), ("1e9%", 1), ("50ms", 1), ("3dB", 1)],
)  # fmt: skip
def test_a_rate_is_a_share_of_the_speed_around_it(rate: str, times: float) -> None:
    assert ORDINARY.of(prosody(rate=rate)).rate == pytest.approx(times)
    assert Manner(rate=1.25).of(prosody(rate=rate)).rate == pytest.approx(1.25 * times)


@pytest.mark.parametrize(
    ("pitch", "times"),
    [("+20%", 1.2), ("-10%", 0.9), ("120%", 1.2), ("+2st", 2 ** (1 / 6)), ("-3ST", 2 ** (-1 / 4)), ("high", 1.15),
     ("medium", 1), ("150Hz", 1), ("+20Hz", 1), ("high as a kite", 1)],
)  # fmt: skip
def test_a_pitch_is_a_share_of_the_pitch_around_it(pitch: str, times: float) -> None:
    assert ORDINARY.of(prosody(pitch=pitch)).pitch == pytest.approx(times)


@pytest.mark.parametrize(
    ("volume", "decibels"),
    [("+6dB", 6), ("-6dB", -6), ("-6.5DB", -6.5), ("loud", 4), ("x-soft", -12), ("silent", -math.inf), ("100", 0),
     ("50", -6.02), ("0", -math.inf), ("50%", -6.02), ("+50%", 3.52), ("-50", -6.02), ("-100%", -math.inf),
     ("medium", 0), ("loudly", 0)],
)  # fmt: skip
def test_a_volume_is_so_many_decibels_above_the_ordinary(volume: str, decibels: float) -> None:
    assert ORDINARY.of(prosody(volume=volume)).volume == pytest.approx(decibels, abs=0.01)


def test_nested_elements_add_up() -> None:
    outer = ORDINARY.of(prosody(rate="80%", pitch="+10%", volume="-6dB"))
    inner = outer.of(prosody(rate="80%", pitch="+10%", volume="-6dB"))
    assert (inner.rate, inner.pitch, inner.volume) == pytest.approx((0.64, 1.21, -12))


def test_nothing_is_heard_inside_silence_however_loud_it_is_asked_for() -> None:
    silence = ORDINARY.of(prosody(volume="silent"))
    assert silence.of(prosody(volume="+12dB")).of(Element("emphasis", {"level": "strong"})).volume == -math.inf


def test_emphasis_is_slower_and_louder_by_its_level() -> None:
    reduced, none, moderate, strong = (
        ORDINARY.of(Element("emphasis", {"level": level})) for level in ("reduced", "none", "moderate", "strong")
    )
    assert none == ORDINARY
    assert ORDINARY.of(Element("emphasis")) == moderate
    assert reduced.volume < none.volume < moderate.volume < strong.volume
    assert reduced.rate > none.rate > moderate.rate > strong.rate


def test_the_labels_go_from_less_to_more() -> None:
    for labels in (RATES, PITCHES, VOLUMES):
        assert list(labels.values()) == sorted(labels.values())


@given(st.lists(st.builds(prosody, rate=st.text(), pitch=st.text(), volume=st.text()) | st.builds(
    prosody, rate=st.sampled_from(["9999999999", "0%", "-100%", "400%"]),
    pitch=st.sampled_from(["+999999999st", "-999999999st", "0%", "900%"]),
    volume=st.sampled_from(["+999999999dB", "-999999999dB", "silent", "+900%"])), max_size=8))  # fmt: skip
def test_no_figures_lead_out_of_what_engines_can_do(elements: list[Element]) -> None:
    manner = ORDINARY
    for element in elements:
        manner = manner.of(element)
    assert SLOWEST <= manner.rate <= FASTEST
    assert LOWEST <= manner.pitch <= HIGHEST
    assert manner.volume <= LOUDEST
