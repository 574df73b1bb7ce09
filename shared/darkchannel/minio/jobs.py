"""Jobs that a script of yours carries out: a folder each in ``darkchannel-jobs``, told of by ``metadata.json``.

They have no ``plan.json``: the services leave them alone.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from darkchannel import keys
from darkchannel.minio.client import MinIOClient
from darkchannel.minio.utils import generate_job_id, sanitize_filename
from darkchannel.minio.waiting import wait

JSON: Final = "application/json"
ENDED: Final = ("completed", "failed", "cancelled")
OWN: Final = frozenset({"job_id", "created_at"})
"""What no update changes."""

Metadata = dict[str, Any]


class JobManager:
    """Creates jobs and keeps account of them. Methods raise as those of ``MinIOClient`` do."""

    bucket: Final = keys.JOBS

    def __init__(self, client: MinIOClient | None = None) -> None:
        self.client = client or MinIOClient()

    def create_job(self, chapter_title: str, input_text: str, ssml: str | None = None, **more: Any) -> str:
        """A new job, pending; returns its id. ``more`` is kept in its metadata."""
        job_id = generate_job_id()
        now = _now()
        self._write(
            job_id,
            {
                **more,
                "job_id": job_id,
                "status": "pending",
                "created_at": now,
                "updated_at": now,
                "chapter_title": chapter_title,
                "input_text": input_text,
                "ssml": ssml,
                "chunks": {"total": 0, "completed": 0, "failed": 0, "files": []},
            },
        )
        return job_id

    def get_job_metadata(self, job_id: str) -> Metadata:
        found: Metadata = json.loads(self.client.download_bytes(self.bucket, keys.metadata(job_id)))
        return found

    def update_job_metadata(self, job_id: str, updates: Metadata) -> Metadata:
        """Set some fields, whoever else writes meanwhile; returns all of them."""
        return self._change(job_id, lambda metadata: metadata | {k: v for k, v in updates.items() if k not in OWN})

    def update_job_status(self, job_id: str, status: str, **more: Any) -> Metadata:
        """``pending``, ``processing``, ``completed``, ``failed``, or a word of your own."""
        at = {f"{status}_at": _now()} if status in ENDED else {}
        return self.update_job_metadata(job_id, {"status": status, **at, **more})

    def add_chunk(self, job_id: str, index: int, s3_key: str, *, failed: bool = False) -> Metadata:
        """Account for a chunk; one that is told of again replaces what was told before."""

        def add(metadata: Metadata) -> Metadata:
            others = [file for file in metadata["chunks"]["files"] if file["index"] != index]
            state = {"failed": True} if failed else {}
            files = [*others, {"index": index, "s3_key": s3_key, "uploaded_at": _now(), **state}]
            bad = sum(file.get("failed", False) for file in files)
            counts = {"total": len(files), "completed": len(files) - bad, "failed": bad}
            chunks = {**counts, "files": sorted(files, key=lambda file: int(file["index"]))}
            return metadata | {"chunks": metadata["chunks"] | chunks}

        return self._change(job_id, add)

    def upload_chunk(self, job_id: str, index: int, chunk: str | Path | bytes) -> str:
        """Upload a WAV file, or its bytes, and account for it; returns its key."""
        key = f"{job_id}/chunks/chunk-{index:03d}.wav"
        self.get_job_metadata(job_id)  # first: no chunk without its job
        if isinstance(chunk, bytes):
            self.client.upload_bytes(chunk, self.bucket, key, content_type="audio/wav")
        else:
            self.client.upload_file(chunk, self.bucket, key, content_type="audio/wav")
        self.add_chunk(job_id, index, key)
        return key

    def upload_final_audio(self, job_id: str, file_path: str | Path) -> str:
        """Upload the finished audio as ``final/audiobook`` with the extension it has; returns its key."""
        self.get_job_metadata(job_id)
        key = keys.final(job_id, f"audiobook{Path(file_path).suffix.lower() or '.mp3'}")
        self.client.upload_file(file_path, self.bucket, key)
        self.update_job_metadata(job_id, {"output": {"s3_key": key, "uploaded_at": _now()}})
        return key

    def list_chunks(self, job_id: str) -> list[dict[str, Any]]:
        """The chunks that are there, as ``MinIOClient.list_objects`` tells of them."""
        return self.client.list_objects(self.bucket, f"{job_id}/chunks/")

    def generate_download_url(self, job_id: str, expiration: int = 3600) -> str:
        """A link to the finished audio for so many seconds. Raises FileNotFoundError while there is none."""
        return self.client.generate_presigned_url(self.bucket, self._final(job_id), expiration)

    def copy_to_output(self, job_id: str, name: str | None = None) -> str:
        """Copy the finished audio to ``darkchannel-output/{date}/{name}``, named by its chapter; returns the key."""
        final = self._final(job_id)
        stem = sanitize_filename(name or self.get_job_metadata(job_id)["chapter_title"] or job_id)
        suffix = Path(final).suffix
        key = f"{datetime.now(UTC):%Y-%m-%d}/{stem.removesuffix(suffix)}{suffix}"
        if wait(self.client.store.copy(self.bucket, final, keys.OUTPUT, key)) is None:
            raise FileNotFoundError(f"there is no object {self.bucket}/{final}")
        return key

    def _final(self, job_id: str) -> str:
        output = self.get_job_metadata(job_id).get("output")
        if not output:
            raise FileNotFoundError(f"job {job_id} has no finished audio: call upload_final_audio first")
        return str(output["s3_key"])

    def _change(self, job_id: str, change: Callable[[Metadata], Metadata]) -> Metadata:
        while True:
            found = self.client.get(self.bucket, keys.metadata(job_id))
            changed = change(json.loads(found.body)) | {"updated_at": _now()}
            if self._write(job_id, changed, over=found.info.etag):
                return changed

    def _write(self, job_id: str, metadata: Metadata, over: str | None = None) -> bool:
        body = json.dumps(metadata, ensure_ascii=False, indent=2).encode()
        put = self.client.store.put(self.bucket, keys.metadata(job_id), body, over=over, content_type=JSON)
        return wait(put) is not None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
