"""Objects: up, down, listed and linked."""

import mimetypes
import os
import weakref
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import SecretStr

from darkchannel.minio.utils import get_s3_url
from darkchannel.minio.waiting import wait
from darkchannel.runtime import settings
from darkchannel.runtime.background import begin
from darkchannel.runtime.settings import Settings
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
        path = Path(file_path)
        wait(self._download(bucket, key, path))
        return str(path)

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

    async def _download(self, bucket: str, key: str, path: Path) -> None:
        part = path.with_name(f".{path.name}.part")
        try:
            with part.open("wb") as file:
                async for piece in self.store.stream(bucket, key):
                    file.write(piece)
            part.replace(path)
        except LookupError as error:
            raise _missing(bucket, key) from error
        finally:
            part.unlink(missing_ok=True)

    async def _list(self, bucket: str, prefix: str) -> list[dict[str, Any]]:
        return [_told(info) async for info in self.store.list(bucket, prefix)]


def _close(store: ObjectStore) -> None:
    begin(store.close())


def _settings(endpoint: str | None, access_key: str | None, secret_key: str | None) -> Settings:
    chosen = settings.load()
    user = access_key or chosen.minio_access_key or os.environ.get("MINIO_ROOT_USER", "")
    secret = secret_key or chosen.minio_secret_key.get_secret_value() or os.environ.get("MINIO_ROOT_PASSWORD", "")
    return chosen.model_copy(
        update={
            "minio_endpoint": endpoint or chosen.minio_endpoint,
            "minio_access_key": user,
            "minio_secret_key": SecretStr(secret),
        }
    )


def _told(info: ObjectInfo) -> dict[str, Any]:
    return {"key": info.key, "size": info.size, "etag": info.etag, "last_modified": info.modified}


def _kind(name: str) -> str:
    return mimetypes.guess_type(name)[0] or BINARY


def _missing(bucket: str, key: str) -> FileNotFoundError:
    return FileNotFoundError(f"there is no object {get_s3_url(bucket, key)}")
