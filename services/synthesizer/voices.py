"""The names of voices in a script: engines have voices of their own, and none knows another's."""

from collections.abc import Collection

from darkchannel.speech.ssml import Element


def named(script: Element) -> frozenset[str]:
    """The names that a script asks for; where an element gives several, each of them."""
    own = script.attributes.get("name", "").split() if script.name == "voice" else ()
    return frozenset(own).union(*(named(child) for child in script.children if isinstance(child, Element)))


def passed_over(script: Element, names: Collection[str]) -> frozenset[str]:
    """Those of ``names`` in whose place an engine without them speaks: all of an element that gives no other."""
    own = script.attributes.get("name", "").split() if script.name == "voice" else ()
    lost = frozenset(own) if all(name in names for name in own) else frozenset[str]()
    return lost.union(*(passed_over(child, names) for child in script.children if isinstance(child, Element)))


def without(script: Element, names: Collection[str]) -> Element:
    """The script where these are not asked for; the language that it gives to their words stays."""
    if not names:
        return script
    attributes = dict(script.attributes)
    if script.name == "voice" and "name" in attributes:
        kept = [name for name in attributes.pop("name").split() if name not in names]
        attributes |= {"name": " ".join(kept)} if kept else {}
    children = (without(child, names) if isinstance(child, Element) else child for child in script.children)
    return Element(script.name, attributes, tuple(children))
