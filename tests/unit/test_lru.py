"""A bounded memory forgets what was used least recently, and never holds more than it may."""

from collections import OrderedDict

from hypothesis import given
from hypothesis import strategies as st

from darkchannel.storage.lru import Lru

KEYS = st.sampled_from("abcdef")
STEPS = st.lists(st.tuples(KEYS, st.none() | st.integers(0, 12)), max_size=60)
"""A read where there is no weight, else a value of that weight."""


@given(steps=STEPS, size=st.integers(0, 30))
def test_the_newest_used_values_that_fit_are_there_and_no_others(
    steps: list[tuple[str, int | None]], size: int
) -> None:
    lru: Lru[str, int] = Lru(size, lambda weight: weight)
    model: OrderedDict[str, int] = OrderedDict()
    for key, weight in steps:
        if weight is None:
            assert lru.get(key) == model.get(key)
            if key in model:
                model.move_to_end(key)
            continue
        lru.put(key, weight)
        model.pop(key, None)
        if weight <= size:
            model[key] = weight
        while sum(model.values()) > size:
            model.popitem(last=False)
    assert {key: lru.get(key) for key in "abcdef"} == {key: model.get(key) for key in "abcdef"}


def test_without_weights_so_many_values_are_held() -> None:
    lru: Lru[str, str] = Lru(2)
    for key in "abc":
        lru.put(key, key.upper())
    assert [lru.get(key) for key in "abc"] == [None, "B", "C"]


def test_what_is_too_heavy_drives_nothing_else_out_and_leaves_no_older_value() -> None:
    lru: Lru[str, str] = Lru(3, len)
    lru.put("a", "x")
    lru.put("b", "y")
    lru.put("b", "four")
    assert (lru.get("a"), lru.get("b")) == ("x", None)


def test_what_is_forgotten_makes_room() -> None:
    lru: Lru[str, str] = Lru(2, len)
    lru.put("a", "xx")
    lru.forget("a")
    lru.forget("nobody")
    lru.put("b", "y")
    lru.put("c", "z")
    assert (lru.get("a"), lru.get("b"), lru.get("c")) == (None, "y", "z")
