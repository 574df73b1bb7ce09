"""A bounded memory for what never changes under its key."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def _one(_: object) -> int:
    return 1


class Lru(Generic[K, V]):
    """``size``: how much all values may weigh together; each weighs 1 where nothing else is said."""

    def __init__(self, size: int, weigh: Callable[[V], int] = _one) -> None:
        self._size = size
        self._weigh = weigh
        self._weight = 0
        self._items: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        if key in self._items:
            self._items.move_to_end(key)
        return self._items.get(key)

    def put(self, key: K, value: V) -> None:
        """What alone is too heavy is not kept, nor is what was under its key."""
        self.forget(key)
        weight = self._weigh(value)
        if weight > self._size:
            return
        self._items[key] = value
        self._weight += weight
        while self._weight > self._size:
            _, oldest = self._items.popitem(last=False)
            self._weight -= self._weigh(oldest)

    def forget(self, key: K) -> None:
        if key in self._items:
            self._weight -= self._weigh(self._items.pop(key))
