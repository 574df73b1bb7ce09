"""An object becomes a file, which appears whole or not at all."""

import asyncio
import uuid
from pathlib import Path

from darkchannel.storage.port import ObjectStore


async def download(store: ObjectStore, bucket: str, key: str, path: Path) -> None:
    """Write an object over whatever file is at ``path``, in flat memory.

    Raises LookupError where there is no such object, OSError where the file cannot be written.
    """
    # A name of its own: others may write the same file at this moment.
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with await asyncio.to_thread(part.open, "xb") as file:
            async for piece in store.stream(bucket, key):
                await asyncio.to_thread(file.write, piece)
        await asyncio.to_thread(part.replace, path)
    finally:
        await asyncio.to_thread(part.unlink, missing_ok=True)
