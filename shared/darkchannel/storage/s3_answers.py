"""What an S3 server's refusals mean, whichever client met them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import aiohttp
from miniopy_async.error import InvalidResponseError, MinioException, S3Error, ServerError
from obstore.exceptions import BaseError

from darkchannel.errors import Unavailable

_BAD_NAMES = frozenset({"XMinioInvalidObjectName", "XMinioInvalidResourceName", "KeyTooLongError", "InvalidURI"})
_NOTHING_SO_NAMED = frozenset({"", "InvalidArgument", "BadRequest"})
"""A version of another store's form; the answer to a HEAD has no body that could say more."""


class Missing(Exception):
    """There is no such object, or no such version of it."""


class Unsatisfiable(Exception):
    """The object is empty, so it has no first bytes."""


class Unanswered(Unavailable):
    """No answer came: whether the request was done is not known."""


class Conflict(Exception):
    """The condition of a request did not hold."""

    def __init__(self, *, retried: bool) -> None:
        super().__init__()
        self.retried = retried
        """Whether the client tried more than once, so that the first try may have been done unnoticed."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """Of a refusal: its HTTP status and S3's name for it, as far as they are known."""

    status: int | None
    code: str
    retried: bool = False


@contextmanager
def understood(endpoint: str, bucket: str, key: str = "") -> Iterator[None]:
    """Raise Missing, Unsatisfiable, Conflict, ValueError or Unavailable in place of what the clients raise.

    Clients' own messages may quote headers: ours are written from the status and the code alone.
    """
    try:
        yield
    except (BaseError, FileNotFoundError) as error:
        raise _meaning(_of_obstore(error), endpoint, bucket, key) from error
    except MinioException as error:
        raise _meaning(_of_miniopy(error), endpoint, bucket, key) from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise _meaning(_Answer(None, ""), endpoint, bucket, key) from error


def _of_obstore(error: Exception) -> _Answer:
    text = str(error)
    status = re.search(r"status code: (\d{3})", text)
    code = re.search(r"<Code>(\w+)</Code>", text)
    return _Answer(
        int(status[1]) if status else 404 if isinstance(error, FileNotFoundError) else None,
        code[1] if code else "",
        re.search(r"after [1-9]\d* retries", text) is not None,
    )


def _of_miniopy(error: MinioException) -> _Answer:
    if isinstance(error, S3Error):
        return _Answer(error.response.status, error.code or "")
    if isinstance(error, ServerError):
        return _Answer(error.status_code, "")
    if isinstance(error, InvalidResponseError):
        return _Answer(error._code, "")  # it has no public name for its status
    return _Answer(None, "")


def _meaning(answer: _Answer, endpoint: str, bucket: str, key: str) -> Exception:  # noqa: PLR0911 - one line a case
    what = f"{bucket}/{key}" if key else bucket
    if answer.status is None:
        return Unanswered(
            f"the object store {endpoint} does not answer: see that it runs and that its address is right"
        )
    if answer.code == "NoSuchBucket":
        return Unavailable(f"the bucket {bucket} is not on {endpoint}: make it with `darkchannel setup`")
    if answer.status in (401, 403):
        reason = f" ({answer.code})" if answer.code else ""
        return Unavailable(
            f"the object store {endpoint} refuses these credentials for {what}{reason}: "
            "check the access key, its secret, its policy and this machine's clock"
        )
    if answer.code in _BAD_NAMES:
        return ValueError(f"{what[:200]!r} is a name that the object store {endpoint} does not hold")
    if answer.status in (404, 405):  # 405: that version is a delete marker
        return Missing()
    if answer.status == 412:
        return Conflict(retried=answer.retried)
    if answer.status == 416:
        return Unsatisfiable()
    if answer.status == 400 and answer.code in _NOTHING_SO_NAMED:
        return Missing()
    return Unavailable(f"the object store {endpoint} failed on {what}: HTTP {answer.status} {answer.code}".rstrip())
