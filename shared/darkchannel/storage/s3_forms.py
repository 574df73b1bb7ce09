"""What requests to an S3 server and its answers look like, in the forms of our two clients."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from miniopy_async.api import Minio

from darkchannel.errors import Unavailable
from darkchannel.storage import user_metadata
from darkchannel.storage.port import NO_METADATA, ObjectInfo

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult  # not there when the program runs


_RETRY = {
    "max_retries": 4,
    "retry_timeout": timedelta(seconds=10),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2},
}
_TIMEOUTS = {"connect_timeout": "5s", "read_timeout": "60s", "timeout": "30min"}


def obstore_config(endpoint: str, access_key: str, secret_key: str, region: str) -> dict[str, Any]:
    return {
        "endpoint": endpoint,
        "access_key_id": access_key,
        "secret_access_key": secret_key,
        "region": region,
        "client_options": {**_TIMEOUTS, "allow_http": endpoint.startswith("http://")},
        "retry_config": _RETRY,
    }


def minio(endpoint: str, access_key: str, secret_key: str, region: str) -> Minio:
    url = urlsplit(endpoint)
    if url.scheme not in ("http", "https") or not url.netloc or url.path.strip("/"):
        raise Unavailable(f"{endpoint!r} is no address of an object store: write http(s)://host:port")
    return Minio(url.netloc, access_key, secret_key, secure=url.scheme == "https", region=region)


def plain(key: str) -> bool:
    """Whether obstore holds this name: it strips slashes at the ends and refuses others."""
    parts = key.split("/")
    return not any(part in ("", ".", "..") for part in parts) and not re.search(r"[\x00-\x1f\x7f]", key)


def options(version: str | None, if_match: str | None = None) -> "GetOptions":
    options: GetOptions = {}
    if version is not None:
        options["version"] = version
    if if_match is not None:
        options["if_match"] = f'"{if_match}"'
    return options


def info(key: str, found: "GetResult") -> ObjectInfo:
    meta = found.meta
    metadata = user_metadata.of_attributes(found.attributes)
    return ObjectInfo(key, _etag(meta["e_tag"]), meta["size"], meta["last_modified"], meta["version"], metadata)


def stat_info(item: Any) -> ObjectInfo:
    metadata = user_metadata.of_headers(item.metadata.items()) if item.metadata else NO_METADATA
    modified = item.last_modified or datetime.fromtimestamp(0, UTC)
    return ObjectInfo(item.object_name, _etag(item.etag), item.size or 0, modified, item.version_id, metadata)


def bare(etag: str | None) -> str:
    return (etag or "").strip('"')


def _etag(etag: str | None) -> str:
    if not etag:
        raise Unavailable("an answer bears no ETag, so no object store gave it: check the store's address")
    return bare(etag)
