"""What engines keep in the object store, recordings and models, and what a store that is away makes of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from darkchannel.errors import Transient, Unavailable


class Unread(Transient):
    """The store is out of reach, and the engine is not: another would speak on for nothing."""


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Reads of ``what``, plural. Raises Unread where the store is Unavailable."""
    try:
        yield
    except Unavailable as error:
        raise Unread(f"{what} cannot be read: {error}") from error
