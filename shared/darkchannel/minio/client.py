"""Objects: up, down, listed and linked."""

import mimetypes
import weakref
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from darkchannel.minio.utils import get_s3_url
from darkchannel.minio.waiting import wait
from darkchannel.runtime import settings
from darkchannel.runtime.background import begin
from darkchannel.runtime.settings import Settings
from darkchannel.storage.download import download
from darkchannel.storage.port import NO_METADATA, Object, ObjectInfo, ObjectStore

BINARY = "application/octet-stream"


class MinIOClient:
    """One server, or a folder where the settings name none; see ``darkchannel.minio``.

    Methods raise FileNotFoundError for an object that is not there, ``darkchannel.errors.Unavailable`` while the
    server is out of reach or refuses the keys, and ValueError for a key that it cannot hold.
    """

    def __init__(
        self, endpoint: str | None = None, access_key: str | None = None, secret_key: str | None = None
    ) -> None:
        self.store: ObjectStore = settings.open_store(_settings(endpoint, access_key, secret_key))
        # Whoever never closes it leaves no open connections behind all the same.
        self._closing = weakref.finalize(self, _close, self.store)

    def upload_file(
        self,
        file_path: str | Path,
        bucket: str,
        key: str,
        metadata: Mapping[str, str] | None = None,
        content_type: str | None = None,
    ) -> str:
        """Upload a file of any size in flat memory; returns its ``s3://`` address."""
        path = Path(file_path)
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {path}")
        kind = content_type or _kind(path.name)
        wait(self.store.put_file(bucket, key, path, content_type=kind, metadata=metadata or NO_METADATA))
        return get_s3_url(bucket, key)

    def download_file(self, bucket: str, key: str, file_path: str | Path) -> str:
        """Write an object to a file, which appears whole or not at all; returns its path."""
        try:
            wait(download(self.store, bucket, key, Path(file_path)))
        except LookupError as error:
            raise _missing(bucket, key) from error
        return str(file_path)

    def upload_bytes(
        self,
        data: bytes,
        bucket: str,
        key: str,
        metadata: Mapping[str, str] | None = None,
        content_type: str | None = None,
    ) -> str:
        """Upload bytes; returns the object's ``s3://`` address."""
        kind = content_type or _kind(key)
        wait(self.store.put(bucket, key, data, content_type=kind, metadata=metadata or NO_METADATA))
        return get_s3_url(bucket, key)

    def download_bytes(self, bucket: str, key: str) -> bytes:
        return self.get(bucket, key).body

    def list_objects(self, bucket: str, prefix: str = "") -> list[dict[str, Any]]:
        """``key``, ``size``, ``etag`` and ``last_modified`` of each object, in the order of the keys."""
        return wait(self._list(bucket, prefix))

    def delete_object(self, bucket: str, key: str) -> None:
        """Remove an object; none that is not there is missed."""
        wait(self.store.delete(bucket, key))

    def generate_presigned_url(self, bucket: str, key: str, expiration: int = 3600) -> str:
        """A link under which anyone may read the object for so many seconds, a week at most."""
        return wait(self.store.link(bucket, key, seconds=expiration))

    def object_exists(self, bucket: str, key: str) -> bool:
        return wait(self.store.head(bucket, key)) is not None

    def get_object_metadata(self, bucket: str, key: str) -> dict[str, Any]:
        """As ``list_objects`` tells of it, and its user ``metadata``."""
        info = wait(self.store.head(bucket, key))
        if info is None:
            raise _missing(bucket, key)
        return {**_told(info), "metadata": dict(info.metadata)}

    def get(self, bucket: str, key: str) -> Object:
        """An object with its ETag."""
        found = wait(self.store.get(bucket, key))
        if found is None:
            raise _missing(bucket, key)
        return found

    def close(self) -> None:
        if self._closing.detach():
            wait(self.store.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _list(self, bucket: str, prefix: str) -> list[dict[str, Any]]:
        return [_told(info) async for info in self.store.list(bucket, prefix)]


def _close(store: ObjectStore) -> None:
    begin(store.close())


class _Root(BaseSettings):
    """The server's administrator, whose name and password ``make up`` writes into ``.env``."""

    model_config = settings.FROM_ENVIRONMENT

    minio_root_user: str = ""
    minio_root_password: SecretStr = SecretStr("")


def _settings(endpoint: str | None, access_key: str | None, secret_key: str | None) -> Settings:
    """Keys come in pairs: those that are given, else the settings' own, else the administrator's."""
    chosen, root = settings.load(), settings.read(_Root)
    if access_key or secret_key:
        keys = access_key or "", SecretStr(secret_key or "")
    elif chosen.minio_access_key:
        keys = chosen.minio_access_key, chosen.minio_secret_key
    else:
        keys = root.minio_root_user, root.minio_root_password
    endpoint = endpoint or chosen.minio_endpoint
    return chosen.model_copy(
        update={"minio_endpoint": endpoint, "minio_access_key": keys[0], "minio_secret_key": keys[1]}
    )


def _told(info: ObjectInfo) -> dict[str, Any]:
    return {"key": info.key, "size": info.size, "etag": info.etag, "last_modified": info.modified}


def _kind(name: str) -> str:
    return mimetypes.guess_type(name)[0] or BINARY


def _missing(bucket: str, key: str) -> FileNotFoundError:
    return FileNotFoundError(f"there is no object {get_s3_url(bucket, key)}")
