"""The voices that a script asks for: engines have voices of their own, and none knows another's.

Several names in one place count as one voice: that of the first name that the engine has.
"""

from collections.abc import Collection

from darkchannel.speech.expected import excerpt
from darkchannel.speech.script import Say, flat
from darkchannel.speech.ssml import Element


def named(script: Element) -> frozenset[str]:
    """The voices that a script asks for, each as it is written."""
    own = frozenset(filter(None, (_voice(script),)))
    return own.union(*(named(child) for child in script.children if isinstance(child, Element)))


def passed_over(script: Element, voices: Collection[str]) -> frozenset[str]:
    """Those of ``voices``, cut short, in whose place an engine without them says words."""
    said = (step for step in flat(script) if isinstance(step, Say) and any(map(str.isalnum, step.text)))
    return frozenset(excerpt(step.voice) for step in said if step.voice and step.voice in voices)


def without(script: Element, voices: Collection[str]) -> Element:
    """The script where these are not asked for; the language that it gives to their words stays."""
    if not voices:
        return script
    attributes = dict(script.attributes)
    if _voice(script) in voices:
        del attributes["name"]
    children = (without(child, voices) if isinstance(child, Element) else child for child in script.children)
    return Element(script.name, attributes, tuple(children))


def _voice(element: Element) -> str | None:
    """As ``Say.voice`` has it."""
    return element.attributes.get("name", "").strip() or None if element.name == "voice" else None
