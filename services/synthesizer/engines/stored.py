"""What engines keep in the object store, recordings and models, and what a store that is away makes of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from darkchannel.errors import Denied, Unavailable
from darkchannel.runtime.engines import NotSetUp, Unread
from darkchannel.storage.port import GOES_ON


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Reads of ``what``, plural. Raises NotSetUp where the store is Denied to us, Unread where it is Unavailable."""
    try:
        yield
    except Denied as error:
        raise NotSetUp(f"{what} may not be read: {str(error).removesuffix(GOES_ON)}") from error
    except Unavailable as error:
        raise Unread(f"{what} cannot be read: {error}") from error
