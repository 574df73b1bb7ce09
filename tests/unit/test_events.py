import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.errors import Permanent
from darkchannel.events import ObjectCreated

KEYS = st.text(st.characters(codec="utf-8"), min_size=1)


@given(KEYS, KEYS, st.none() | st.text(st.characters(codec="utf-8"), min_size=1))
def test_an_event_is_read_as_it_was_written(bucket: str, key: str, version: str | None) -> None:
    event = ObjectCreated(bucket, key, version)
    assert ObjectCreated.decode(event.encode()) == event


def test_a_notification_of_minio_is_read_with_its_key_unescaped_once() -> None:
    s3 = {"bucket": {"name": "b"}, "object": {"key": "a%2Fb+c%2Bd%252F.txt", "versionId": "v", "size": 3}}
    body = json.dumps({"EventName": "s3:ObjectCreated:Put", "Key": "b/x", "Records": [{"s3": s3}]}).encode()
    assert ObjectCreated.decode(body) == ObjectCreated("b", "a/b c+d%2F.txt", "v")


@pytest.mark.parametrize("version", ["", None])
def test_an_object_of_an_unversioned_bucket_has_no_version(version: str | None) -> None:
    s3 = {"bucket": {"name": "b"}, "object": {"key": "a", "versionId": version}}
    assert ObjectCreated.decode(json.dumps({"Records": [{"s3": s3}]}).encode()).version is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b"null",
        b'{"Records": []}',
        b'{"Records": {}}',
        b'{"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": 5}}}]}',
        b'{"Records": [{"s3": {"bucket": {"name": "b"}, "object": {}}}]}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_what_is_no_notification_is_a_permanent_error(body: bytes) -> None:
    with pytest.raises(Permanent, match="not a bucket notification"):
        ObjectCreated.decode(body)
