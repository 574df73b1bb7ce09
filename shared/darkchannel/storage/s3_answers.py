"""What an S3 server's refusals mean, whichever client met them."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import aiohttp
from miniopy_async.error import InvalidResponseError, MinioException, S3Error, ServerError
from obstore.exceptions import BaseError

from darkchannel.errors import Denied, Unavailable
from darkchannel.storage.port import GOES_ON

_BAD_NAMES = frozenset({"XMinioInvalidObjectName", "XMinioInvalidResourceName", "KeyTooLongError", "InvalidURI"})
_NOTHING_THERE = frozenset({"NoSuchKey", "NoSuchVersion", "MethodNotAllowed"})
"""The last: that version is a delete marker. A 404 of another name may come from a gateway before the store."""

_FULL = "the object store {endpoint} is full: free space or add a drive"
_READ_ONLY = "the disk of the object store {endpoint} is read-only: mount it writable"
_DRIVES = "the object store {endpoint} cannot use its drives ({code}): see in its log which are away, and mend them"
_EXPIRED = "the object store {endpoint} says that these credentials have expired ({code}): give this service new ones"
_SAID = {
    "XMinioStorageFull": _FULL,
    "IncompleteBody": "the object store {endpoint} took only a part of {what}: see whether its disk is full",
    "SlowDownRead": _DRIVES,
    "SlowDownWrite": _DRIVES,
    "SlowDown": "the object store {endpoint} is overloaded (SlowDown): give it time, or fewer clients",
    "XMinioServerNotInitialized": "the object store {endpoint} is starting: wait",
    "NoSuchBucket": "the bucket {bucket} is not on {endpoint}: make it, on DarkChannel's own server with "
    "`darkchannel setup`",
    "InvalidAccessKeyId": "the object store {endpoint} refuses this access key (InvalidAccessKeyId): "
    "check the access key, and enable its user where it was disabled",
    "SignatureDoesNotMatch": "the object store {endpoint} refuses these credentials (SignatureDoesNotMatch): "
    "check the access key and its secret",
    "RequestTimeTooSkewed": "the object store {endpoint} refuses requests because clocks differ: "
    "set the clocks of this machine and of the store",
    "ExpiredToken": _EXPIRED,
    "InvalidTokenId": _EXPIRED,
    # MinIO says the same of a policy that does not allow a write and of a read-only disk.
    "AccessDenied": "the object store {endpoint} denies these credentials {what} (AccessDenied): check the access key "
    "and its policy (`darkchannel setup` restores those of DarkChannel's own server); where it can read, see that the "
    "store's own disk is writable",
}
_CAUSES = {
    "no space left on device": _FULL,
    "disk quota exceeded": _FULL,
    "drive path full": _FULL,
    "read-only file system": _READ_ONLY,
    "input/output error": _DRIVES,
}
"""What MinIO quotes of its operating system where it only says InternalError."""
_FOREIGN = (
    "what answers at {endpoint} is no object store (HTTP {status}): "
    "check the address, its port, http or https, and what stands before the store"
)


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
    message: str = ""
    """Never shown: it may quote what we sent."""
    retried: bool = False


@contextmanager
def understood(endpoint: str, bucket: str, key: str = "", version: str | None = None) -> Iterator[None]:
    """Raise Missing, Unsatisfiable, Conflict, ValueError, Denied or Unavailable in place of what the clients raise.

    A HEAD that is refused is Unavailable, as its answer has no body that says why. Clients' own messages may quote
    headers: ours are written from the status, the code and known causes alone.
    """
    place = (endpoint, bucket, key, version)
    try:
        yield
    except (BaseError, FileNotFoundError) as error:
        raise _meaning(_of_obstore(error), *place) from error
    except MinioException as error:
        raise _meaning(_of_miniopy(error), *place) from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise _meaning(_Answer(None, ""), *place) from error
    except ET.ParseError as error:
        raise _meaning(_Answer(200, ""), *place) from error


def _of_obstore(error: Exception) -> _Answer:
    text = str(error)
    status = re.search(r"status code: (\d{3})", text)
    code = re.search(r"<Code>(\w+)</Code>", text)
    message = re.search(r"<Message>(.*?)</Message>", text, re.DOTALL)
    return _Answer(
        int(status[1]) if status else 404 if isinstance(error, FileNotFoundError) else None,
        code[1] if code else "",
        message[1] if message else "",
        re.search(r"after [1-9]\d* retries", text) is not None,
    )


def _of_miniopy(error: MinioException) -> _Answer:
    if isinstance(error, S3Error):
        # Where there is no body it makes a code up from the status; MinIO has it in a header.
        named = error.response.headers.get("X-Minio-Error-Code")
        return _Answer(error.response.status, named or error.code or "", error.message or "")
    if isinstance(error, ServerError):
        return _Answer(error.status_code, "")
    if isinstance(error, InvalidResponseError):
        return _Answer(error._code, "")  # it has no public name for its status
    return _Answer(None, "")


def _meaning(answer: _Answer, endpoint: str, bucket: str, key: str, version: str | None) -> Exception:
    what = f"{bucket}/{key}" if key else bucket
    if answer.status is None:
        return Unanswered(
            f"the object store {endpoint} does not answer: see that it runs and that its address is right{GOES_ON}"
        )
    if answer.code in _NOTHING_THERE or (version is not None and answer.code == "InvalidArgument"):
        return Missing()  # no version of ours has the form that another store's has
    if answer.status == 412:
        return Conflict(retried=answer.retried)
    if answer.status == 416:
        return Unsatisfiable()
    if answer.code in _BAD_NAMES:
        return ValueError(f"{what[:200]!r} is a name that the object store {endpoint} does not hold")
    said = _said(answer).format(endpoint=endpoint, bucket=bucket, what=what, status=answer.status, code=answer.code)
    return (Denied if answer.code == "AccessDenied" else Unavailable)(said + GOES_ON)


def _said(answer: _Answer) -> str:
    if known := _SAID.get(answer.code):
        return known
    for cause, known in _CAUSES.items():
        if cause in answer.message:
            return known
    if answer.status in (401, 403):
        return "the object store {endpoint} refuses these credentials for {what}: check the access key and its policy"
    if not answer.code and (answer.status or 0) < 500:
        return _FOREIGN
    if not answer.code:
        return "the object store {endpoint}, or what stands before it, is not ready (HTTP {status}): see its log"
    return "the object store {endpoint} failed on {what} (HTTP {status} {code}): see its log"
