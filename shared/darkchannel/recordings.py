"""Recordings of calls, uploaded where the handoff-notifier finds them.

Where they go, ``RECORDINGS_*`` and ``MINIO_*`` settings say: see docs/omniplay.md.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Final
from urllib.parse import quote

import structlog

from darkchannel.errors import DarkChannelError
from darkchannel.minio.client import MinIOClient
from darkchannel.minio.waiting import wait
from darkchannel.runtime.settings import read
from darkchannel.storage.recordings import Recordings, RecordingsSettings, open_recordings

log = structlog.get_logger(__name__)

CONTENT_TYPES: Final = {"mp3": "audio/mpeg", "wav": "audio/wav", "ogg": "audio/ogg", "webm": "audio/webm"}

_PLAIN: Final = " !\"#$&'()*+,/:;<=>?@[]^`{|}"


class MinioUploader:
    """Uploads the recordings of calls. It never raises for a server that is away: a call goes on without it."""

    def __init__(self, recordings: Recordings | None, why: str = "", client: MinIOClient | None = None) -> None:
        self._recordings = recordings
        self._client = client  # as long as its store is in use
        self._why = why

    @property
    def is_available(self) -> bool:
        """Whether the bucket can be reached now; where not, the log says why."""
        if self._recordings is None:
            log.warning("recordings cannot be uploaded", reason=self._why)
            return False
        try:
            wait(self._recordings.store.folders(self._recordings.bucket, ""))
        except (DarkChannelError, ValueError) as error:
            log.warning("recordings cannot be uploaded", reason=str(error))
            return False
        return True

    def upload_audio(
        self,
        audio_data: bytes,
        call_uuid: str,
        company_id: int,
        format: str = "mp3",
        metadata: dict[str, str] | None = None,
    ) -> str | None:
        """Upload a call and return its address; None, with the reason in the log, where it was not stored.

        ``metadata``: what the handoff tells of the call, such as ``caller-id`` or ``queue-id``. Raises ValueError
        for a format that is not mp3, wav, ogg or webm, an empty recording, or a name that is none.
        """
        extension = format.lower().removeprefix(".")
        if extension not in CONTENT_TYPES:
            raise ValueError(f"recordings are {', '.join(CONTENT_TYPES)}, not {format!r}")
        if not audio_data:
            raise ValueError("the recording is empty")
        if not call_uuid or set(call_uuid) & set("/\\?#") or company_id < 1:
            raise ValueError(f"{call_uuid!r} of company {company_id!r} names no call")
        now = datetime.now(UTC)
        key = f"company_{company_id}/voice/{now:%Y/%m/%d}/{call_uuid}.{extension}"
        told = {
            "call-uuid": call_uuid,
            "company-id": str(company_id),
            "uploaded-at": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            # Headers take ASCII: the notifier reads what is percent-encoded.
            **{name: quote(value, safe=_PLAIN) for name, value in (metadata or {}).items()},
        }
        if self._recordings is None:
            log.warning("a recording was not uploaded", call=call_uuid, reason=self._why)
            return None
        try:
            return wait(_uploaded(self._recordings, key, audio_data, CONTENT_TYPES[extension], told))
        except DarkChannelError as error:
            log.warning("a recording was not uploaded", call=call_uuid, reason=str(error))
            return None


async def _uploaded(recordings: Recordings, key: str, body: bytes, kind: str, metadata: dict[str, str]) -> str:
    await recordings.store.put(recordings.bucket, key, body, content_type=kind, metadata=metadata)
    return await recordings.url(key)


@cache
def get_minio_uploader() -> MinioUploader:
    """The uploader of this process, as the environment sets it."""
    try:
        client = MinIOClient()
        return MinioUploader(open_recordings(read(RecordingsSettings), client.store), client=client)
    except DarkChannelError as error:
        return MinioUploader(None, str(error))
