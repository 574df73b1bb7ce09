"""What the attributes of ``prosody`` and ``emphasis`` come to, the same on every engine.

https://www.w3.org/TR/speech-synthesis11/#S3.2.4; plain numbers are those of SSML 1.0. Nested elements add up: a
``slow`` inside a ``slow`` is slower still. What is none of these values changes nothing.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from darkchannel.speech.ssml import Element

RATES = {"x-slow": 0.6, "slow": 0.8, "fast": 1.25, "x-fast": 1.6}
"""Times the speed around it."""
PITCHES = {"x-low": 0.7, "low": 0.85, "high": 1.15, "x-high": 1.3}
"""Times the pitch around it."""
VOLUMES = {"silent": -math.inf, "x-soft": -12.0, "soft": -6.0, "loud": 4.0, "x-loud": 8.0}
"""Decibels above what is around it."""
SLOWEST, FASTEST = 0.5, 4.0
LOWEST, HIGHEST = 0.65, 1.65
LOUDEST = 12.0

_NUMBER = re.compile(r"([+-]?)(\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})(%|dB|st)?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Manner:
    """How something is said, against the ordinary speech of its voice."""

    rate: float = 1.0
    """Times the ordinary speed."""
    pitch: float = 1.0
    """Times the ordinary pitch."""
    volume: float = 0.0
    """Decibels above the ordinary level; negative infinity is silence."""

    def of(self, element: Element) -> "Manner":
        """The manner inside an element, where this is that of what is around it."""
        attributes = _EMPHASIS.get(element.attributes.get("level", "moderate"), {})
        if element.name == "prosody":
            attributes = element.attributes
        elif element.name != "emphasis":
            return self
        return Manner(
            rate=min(max(self.rate * _rate(attributes.get("rate", "")), SLOWEST), FASTEST),
            pitch=min(max(self.pitch * _pitch(attributes.get("pitch", "")), LOWEST), HIGHEST),
            volume=min(_volume(attributes.get("volume", ""), self.volume), LOUDEST),
        )


ORDINARY = Manner()

_EMPHASIS: Mapping[str, Mapping[str, str]] = {
    "strong": {"rate": "85%", "pitch": "+8%", "volume": "+4dB"},
    "moderate": {"rate": "92%", "pitch": "+4%", "volume": "+2dB"},
    "reduced": {"rate": "105%", "volume": "-4dB"},
}


def _rate(value: str) -> float:
    found = _NUMBER.fullmatch(value.strip())
    if not found:
        return RATES.get(value.strip(), 1.0)
    sign, number, unit = found.groups()
    if unit not in ("%", None):
        return 1.0
    return _changed(sign, float(number) / (100 if unit else 1))


def _pitch(value: str) -> float:
    found = _NUMBER.fullmatch(value.strip())
    if not found:
        return PITCHES.get(value.strip(), 1.0)
    sign, number, unit = found.groups()
    if unit == "%":
        return _changed(sign, float(number) / 100)
    if unit and unit.lower() == "st":
        return float(2 ** (min(float(sign + number), 48.0) / 12))
    return 1.0


def _volume(value: str, around: float) -> float:
    found = _NUMBER.fullmatch(value.strip())
    if not found:
        return around + VOLUMES.get(value.strip(), 0.0)
    sign, number, unit = found.groups()
    if unit and unit.lower() == "db":
        return around + float(sign + number)
    if unit == "%":
        return around + _decibels(_changed(sign, float(number) / 100))
    if unit is None:  # of 100, which is the ordinary level
        level = 10 ** (around / 20) + float(sign + number) / 100 if sign else float(number) / 100
        return _decibels(level)
    return around


def _changed(sign: str, factor: float) -> float:
    """``factor``, or where it has a sign, that much more or less than 1."""
    return max(0.0, 1 + float(f"{sign}1") * factor) if sign else factor


def _decibels(factor: float) -> float:
    return 20 * math.log10(factor) if factor > 0 else -math.inf
