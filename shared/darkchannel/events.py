"""What travels over the broker: one created object, as MinIO's notification or as our own hint.

Both have MinIO's shape, so that handlers and people reading a queue meet one format:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

import json
from dataclasses import dataclass
from urllib.parse import quote_plus, unquote_plus

from darkchannel.errors import Permanent


@dataclass(frozen=True, slots=True)
class ObjectCreated:
    """A hint that an object was created; handlers re-read the object and trust nothing else."""

    bucket: str
    key: str
    version: str | None = None

    def encode(self) -> bytes:
        item: dict[str, str] = {"key": quote_plus(self.key)}
        if self.version:
            item["versionId"] = self.version
        record = {"s3": {"bucket": {"name": self.bucket}, "object": item}}
        return json.dumps({"EventName": "darkchannel:hint", "Records": [record]}).encode()

    @classmethod
    def decode(cls, body: bytes) -> "ObjectCreated":
        """Read a notification; the key in a record is query-escaped exactly once.

        Raises Permanent for a body that is no notification.
        """
        try:
            s3 = json.loads(body)["Records"][0]["s3"]
            version = s3["object"].get("versionId") or None
            return cls(str(s3["bucket"]["name"]), unquote_plus(s3["object"]["key"]), version)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
            raise Permanent(f"not a bucket notification: {body[:200]!r}") from error
