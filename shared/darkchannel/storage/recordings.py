"""Where recordings of calls are: a bucket of our own store, or one of somebody else's server."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

from pydantic import SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from darkchannel import keys
from darkchannel.errors import Permanent
from darkchannel.storage.port import ObjectStore

LINK_SECONDS: Final = 7 * 86_400
"""The longest a presigned link may live: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html"""

_BUCKET: Final = re.compile(r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""


class RecordingsSettings(BaseSettings):
    """Each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", env_ignore_empty=True, frozen=True, hide_input_in_errors=True
    )

    recordings_endpoint: str = ""
    """A URL, ``host`` (https) or ``host:port`` (https on 443 and 8443, else http). Empty: our own store."""
    recordings_access_key: str = ""
    recordings_secret_key: SecretStr = SecretStr("")
    recordings_bucket: str = keys.RECORDINGS
    recordings_region: str = "us-east-1"
    recordings_public_url: str = ""
    """Where anyone may read ``{url}/{bucket}/{key}``. Empty: links are presigned."""
    minio_public_url: str = ""
    """Stands in for the public URL where it is of the same server as the endpoint."""

    @field_validator("recordings_bucket")
    @classmethod
    def _of_s3(cls, value: str) -> str:
        if not _BUCKET.fullmatch(value):
            raise ValueError("a bucket is named in 3 to 63 lower-case letters, digits, dots and hyphens")
        return value


@dataclass(frozen=True, slots=True)
class Recordings:
    """The recordings of calls. Their receipts lie in our own store, wherever these are."""

    store: ObjectStore
    bucket: str
    """Its name on that server."""
    is_own: bool
    """Whether they lie in our own store, whose events we hear."""
    public_url: str = ""

    async def close(self) -> None:
        """Close another server's store; our own is closed by whoever opened it."""
        if not self.is_own:
            await self.store.close()

    async def url(self, key: str) -> str:
        """Where the receiver of a handoff finds a recording: its public address, else a link for seven days."""
        if self.public_url:
            return f"{self.public_url}/{self.bucket}/{quote(key)}"
        return await self.store.link(self.bucket, key, seconds=LINK_SECONDS)


def open_recordings(settings: RecordingsSettings, own_store: ObjectStore) -> Recordings:
    """The recordings that the settings name, in our own store where they name no other. Does not connect.

    Raises Permanent for settings that cannot work, never with a secret in its words.
    """
    secret = settings.recordings_secret_key.get_secret_value()
    public = settings.recordings_public_url.rstrip("/")
    if public:
        _split("RECORDINGS_PUBLIC_URL", public)
    if not settings.recordings_endpoint:
        if settings.recordings_access_key or secret or settings.recordings_bucket != keys.RECORDINGS:
            raise Permanent(
                "RECORDINGS_BUCKET, RECORDINGS_ACCESS_KEY and RECORDINGS_SECRET_KEY are of a server that "
                "RECORDINGS_ENDPOINT must name, be it DarkChannel's own; without them recordings are looked for in "
                f"the bucket {keys.RECORDINGS} of DarkChannel's own"
            )
        return Recordings(own_store, keys.RECORDINGS, is_own=True, public_url=public)
    if not (settings.recordings_access_key and secret):
        raise Permanent(
            "RECORDINGS_ENDPOINT is set: set RECORDINGS_ACCESS_KEY and RECORDINGS_SECRET_KEY too, of a user of that "
            f"server who may list and read the bucket {settings.recordings_bucket}"
        )
    from darkchannel.storage.s3 import S3Store  # noqa: PLC0415  # whoever works on a folder does not wait for it

    endpoint = _address(settings.recordings_endpoint)
    store = S3Store(
        endpoint,
        access_key=settings.recordings_access_key,
        secret_key=secret,
        region=settings.recordings_region,
    )
    public = public or _of_same_host(settings.minio_public_url, endpoint)
    return Recordings(store, settings.recordings_bucket, is_own=False, public_url=public)


def _address(endpoint: str) -> str:
    """The endpoint as ``http(s)://host:port``; without a scheme it is https, but on a port that is usually plain."""
    bare = "://" not in endpoint
    url = _split("RECORDINGS_ENDPOINT", f"http://{endpoint}" if bare else endpoint)
    if url.path.strip("/"):
        raise _no_address("RECORDINGS_ENDPOINT")
    scheme = ("https" if url.port in (None, 443, 8443) else "http") if bare else url.scheme
    return f"{scheme}://{url.netloc}"


def _of_same_host(url: str, endpoint: str) -> str:
    """A public URL where it is of the endpoint's host; else it is DarkChannel's own, and says nothing of recordings."""
    if not url:
        return ""
    url = url.rstrip("/") if "://" in url else f"{urlsplit(endpoint).scheme}://{url}".rstrip("/")
    return url if _split("MINIO_PUBLIC_URL", url).hostname == urlsplit(endpoint).hostname else ""


def _split(setting: str, url: str) -> SplitResult:
    """Raises Permanent naming the setting, never its value, where this is no URL that has a host."""
    try:
        found = urlsplit(url)
        # Its port is only read here, and may be none.
        if found.scheme in ("http", "https") and found.hostname and found.port != 0 and "@" not in found.netloc:
            return found
    except ValueError:
        pass
    raise _no_address(setting)


def _no_address(setting: str) -> Permanent:
    return Permanent(f"{setting} is no address of an object store: write https://storage.example.com")
