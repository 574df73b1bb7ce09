"""What every object store promises, held against memory, a folder and a real MinIO."""

import asyncio
import hashlib
import tracemalloc
import urllib.request
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from darkchannel.storage.port import NEW, ObjectInfo, ObjectStore
from tests.contract.stores import BUCKET, KINDS, LASTING_KINDS, VERSIONED, Subject, opened

ODD_KEYS = (
    "ação/capítulo 1.ssml",
    "😀.txt",
    "a+b c.txt",
    "a%2Fb.txt",
    "100% done %25 %2E.txt",
    "q?x#y&z=1;(~*').txt",
    ".hidden/.file",
    "back\\slash",
    "name%=",
    "%+name/%-",
    "/".join(["n" * 99] * 9),
)
REFUSABLE_KEYS = (
    "../up.txt",
    "a/../../up.txt",
    "a/./b.txt",
    "..",
    "/lead.txt",
    "a//b.txt",
    "folder/",
    "line\nfeed.txt",
    "n" * 900,
)


@pytest.fixture(params=KINDS)
async def subject(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Subject]:
    async with opened(request.param, request, tmp_path / "store") as it:
        yield it


@pytest.fixture
def store(subject: Subject) -> ObjectStore:
    return subject.store


@pytest.fixture
def here() -> str:
    """A prefix of this test's own: the MinIO is shared."""
    return f"{uuid.uuid4().hex}/"


def md5(body: bytes) -> str:
    return hashlib.md5(body).hexdigest()


async def listed(store: ObjectStore, prefix: str, after: str = "") -> list[str]:
    return [info.key async for info in store.list(BUCKET, prefix, after=after)]


async def versions(store: ObjectStore, prefix: str) -> list[str | None]:
    return [info.version async for info in store.versions(VERSIONED, prefix)]


async def test_what_was_put_is_read_again_with_its_etag(store: ObjectStore, here: str) -> None:
    etag = await store.put(BUCKET, f"{here}a", b"text", content_type="text/plain")
    found = await store.get(BUCKET, f"{here}a")
    assert etag == md5(b"text")
    assert found is not None
    assert (found.body, found.info.key, found.info.etag, found.info.size) == (b"text", f"{here}a", etag, 4)
    assert found.info.modified.tzinfo is not None


async def test_an_empty_object_is_an_object(store: ObjectStore, here: str) -> None:
    assert await store.put(BUCKET, f"{here}empty", b"") == md5(b"")
    for first in (None, 10):
        found = await store.get(BUCKET, f"{here}empty", first=first)
        assert found is not None
        assert found.body == b""


async def test_what_is_missing_is_an_answer_and_no_error(store: ObjectStore, here: str) -> None:
    key = f"{here}missing"
    assert await store.get(BUCKET, key) is None
    assert await store.get(BUCKET, key, first=5) is None
    assert await store.head(BUCKET, key) is None
    assert await store.copy(BUCKET, key, BUCKET, f"{here}copy") is None
    assert await store.copy(BUCKET, key, BUCKET, f"{here}copy", metadata={"a": "b"}) is None
    assert await store.get(VERSIONED, key, version="no-version") is None
    assert await store.head(VERSIONED, key, version="no-version") is None
    assert await store.copy(VERSIONED, key, BUCKET, f"{here}copy", version="no-version", metadata={}) is None
    await store.delete(BUCKET, key)
    await store.delete(VERSIONED, key, version="no-version")
    assert await listed(store, here) == []
    with pytest.raises(LookupError):
        await anext(aiter(store.stream(BUCKET, key)))


async def test_a_create_does_nothing_where_an_object_is(store: ObjectStore, here: str) -> None:
    assert await store.put(BUCKET, f"{here}a", b"first", over=NEW) == md5(b"first")
    assert await store.put(BUCKET, f"{here}a", b"second", over=NEW) is None
    found = await store.get(BUCKET, f"{here}a")
    assert found is not None
    assert found.body == b"first"


async def test_of_twenty_creators_exactly_one_wins(store: ObjectStore, here: str) -> None:
    bodies = [f"creator {n}".encode() for n in range(20)]
    etags = await asyncio.gather(*(store.put(BUCKET, f"{here}a", body, over=NEW) for body in bodies))
    won = [body for body, etag in zip(bodies, etags, strict=True) if etag is not None]
    found = await store.get(BUCKET, f"{here}a")
    assert found is not None
    assert won == [found.body]


async def test_a_replace_needs_the_etag_of_what_is_there(store: ObjectStore, here: str) -> None:
    first = await store.put(BUCKET, f"{here}a", b"one")
    assert first
    second = await store.put(BUCKET, f"{here}a", b"two", over=first)
    assert second == md5(b"two")
    assert await store.put(BUCKET, f"{here}a", b"three", over=first) is None
    assert await store.put(BUCKET, f"{here}a", b"four") == md5(b"four")
    assert await store.put(BUCKET, f"{here}a", b"five", over=second) is None


async def test_a_replace_creates_nothing(subject: Subject, here: str) -> None:
    refused = await subject.store.put(BUCKET, f"{here}a", b"one", over=md5(b"zero")) is None
    assert refused == subject.replaces_only_what_is_there
    assert (await subject.store.head(BUCKET, f"{here}a") is None) == refused


async def test_of_concurrent_replacements_of_one_content_exactly_one_wins(store: ObjectStore, here: str) -> None:
    seen = await store.put(BUCKET, f"{here}a", b"seen")
    etags = await asyncio.gather(*(store.put(BUCKET, f"{here}a", b"%d" % n, over=seen) for n in range(20)))
    assert len([etag for etag in etags if etag is not None]) == 1


@pytest.mark.parametrize("name", ODD_KEYS, ids=range(len(ODD_KEYS)))
async def test_odd_keys_are_keys(store: ObjectStore, here: str, name: str, tmp_path: Path) -> None:
    key = f"{here}{name}"
    body = name.encode()
    assert await store.put(BUCKET, key, body, over=NEW) == md5(body)
    found = await store.get(BUCKET, key)
    assert found is not None
    assert (found.body, found.info.key) == (body, key)
    assert await store.head(BUCKET, key)
    assert await listed(store, here) == [key]
    assert await store.copy(BUCKET, key, BUCKET, f"{key}.copy") == md5(body)
    assert await store.put_file(BUCKET, f"{key}.copy", _file(tmp_path, b"file")) == md5(b"file")
    assert await listed(store, key) == [key, f"{key}.copy"]
    await store.delete(BUCKET, key)
    assert await listed(store, here) == [f"{key}.copy"]


@pytest.mark.parametrize("name", REFUSABLE_KEYS, ids=range(len(REFUSABLE_KEYS)))
async def test_a_key_is_held_exactly_or_refused(store: ObjectStore, here: str, name: str) -> None:
    key = name if name.startswith(("/", "..")) else f"{here}{name}"
    try:
        etag = await store.put(BUCKET, key, b"odd")
    except ValueError:
        return
    assert etag == md5(b"odd")
    found = await store.get(BUCKET, key)
    assert found is not None
    assert (found.body, found.info.key) == (b"odd", key)
    assert key in await listed(store, key)
    await store.delete(BUCKET, key)
    assert await store.head(BUCKET, key) is None


@pytest.mark.parametrize("key", ["", "n" * 1025, "é" * 513, "nul\0", "\udcff"])
async def test_what_can_be_no_key_is_refused(store: ObjectStore, key: str) -> None:
    with pytest.raises(ValueError, match=r"name|key"):
        await store.put(BUCKET, key, b"odd")
    with pytest.raises(ValueError, match=r"name|key"):
        await store.get(BUCKET, key)


async def test_a_bucket_is_no_path(store: ObjectStore) -> None:
    with pytest.raises(ValueError, match="bucket"):
        await store.put("../elsewhere", "a", b"odd")


@pytest.mark.parametrize("order", [("a", "a/b"), ("a/b", "a"), ("a/b/c", "a/b", "a")])
async def test_an_object_lies_beside_a_folder_of_its_name(subject: Subject, here: str, order: tuple[str, ...]) -> None:
    store = subject.store
    for name in order:
        assert await store.put(BUCKET, f"{here}{name}", name.encode(), over=NEW)
        assert await store.put(BUCKET, f"{here}{name}", name.encode(), over=NEW) is None
    for name in order:
        found = await store.get(BUCKET, f"{here}{name}")
        assert found is not None
        assert found.body == name.encode()
    if subject.lists_below_objects:
        assert await listed(store, here) == sorted(f"{here}{name}" for name in order)
    await store.delete(BUCKET, f"{here}a")
    assert await store.head(BUCKET, f"{here}a") is None
    assert await store.head(BUCKET, f"{here}a/b")


async def test_listings_are_in_key_order_after_a_key_and_by_any_prefix(store: ObjectStore, here: str) -> None:
    names = ["a", "a-b", "a.txt", "a0", "b/1", "b/10", "b/2", "b-1", "é", "z/z/z", "z/z0", "🎧"]
    keys = sorted(f"{here}{name}" for name in names)
    for key in keys:
        await store.put(BUCKET, key, key.encode())
    assert await listed(store, here) == keys
    assert await listed(store, here.rstrip("/")) == keys
    for prefix in ("a", "b", "b/", "b/1", "z/z", "é", "nothing", "b/1/"):
        assert await listed(store, f"{here}{prefix}") == [key for key in keys if key.startswith(f"{here}{prefix}")]
    for after in (*keys, f"{here}b", f"{here}b/", f"{here}b/11", f"{here}zz"):
        assert await listed(store, here, after) == [key for key in keys if key > after]
    assert await listed(store, f"{here}b/", f"{here}b/1") == [f"{here}b/10", f"{here}b/2"]
    infos = {info.key: info async for info in store.list(BUCKET, here)}
    assert all((info.etag, info.size) == (md5(key.encode()), len(key.encode())) for key, info in infos.items())


@pytest.mark.parametrize("bucket", [BUCKET, VERSIONED])
async def test_folders_are_the_next_part_of_the_keys_that_have_one(store: ObjectStore, here: str, bucket: str) -> None:
    for name in ("a.txt", "b/1", "b/2/3", "b0/1", "b-1/x", "z/z/z", "ação/y", "z0"):
        await store.put(bucket, f"{here}{name}", b"x")
    assert await store.folders(bucket, here) == ("ação", "b", "b-1", "b0", "z")
    assert await store.folders(bucket, f"{here}b/") == ("2",)
    assert await store.folders(bucket, f"{here}z/z/") == ()
    assert await store.folders(bucket, f"{here}nothing/") == ()
    assert here.rstrip("/") in await store.folders(bucket, "")


async def test_a_folder_goes_with_its_last_object(store: ObjectStore, here: str) -> None:
    for name in ("gone/1", "left/1", "left/2"):
        await store.put(BUCKET, f"{here}{name}", b"x")
    for name in ("gone/1", "left/1"):
        await store.delete(BUCKET, f"{here}{name}")
    assert await store.folders(BUCKET, here) == ("left",)


async def test_a_listing_goes_on_past_a_thousand_objects(store: ObjectStore, here: str) -> None:
    keys = [f"{here}segment-{n:06d}.ssml" for n in range(1, 2101)]
    for start in range(0, len(keys), 100):
        await asyncio.gather(*(store.put(BUCKET, key, b"x") for key in keys[start : start + 100]))
    assert await listed(store, here) == keys
    assert await listed(store, f"{here}segment-00", keys[1049]) == keys[1050:]
    assert await listed(store, f"{here}segment-0010") == keys[999:1099]


async def test_reads_can_ask_for_a_content_and_for_its_first_bytes(store: ObjectStore, here: str) -> None:
    body = bytes(range(256)) * 64
    etag = await store.put(BUCKET, f"{here}a", body)
    whole = await store.get(BUCKET, f"{here}a", if_match=etag)
    head = await store.get(BUCKET, f"{here}a", if_match=etag, first=100)
    more = await store.get(BUCKET, f"{here}a", first=10 * len(body))
    assert whole is not None
    assert head is not None
    assert more is not None
    assert (whole.body, head.body, more.body) == (body, body[:100], body)
    assert (head.info.etag, head.info.size) == (etag, len(body))
    assert await store.get(BUCKET, f"{here}a", if_match=md5(b"other")) is None
    assert await store.get(BUCKET, f"{here}a", if_match=md5(b"other"), first=10) is None


async def test_user_metadata_comes_back_in_lower_case(store: ObjectStore, here: str, tmp_path: Path) -> None:
    metadata = {"Voice": "jo%C3%A3o", "company-id": "7", "title": "Ação & Reação"}
    expected = {name.lower(): value for name, value in metadata.items()}
    await store.put(BUCKET, f"{here}a", b"x", content_type="text/plain", metadata=metadata)
    await store.put_file(BUCKET, f"{here}b", _file(tmp_path, b"y"), metadata=metadata)
    for key in (f"{here}a", f"{here}b"):
        info = await store.head(BUCKET, key)
        found = await store.get(BUCKET, key)
        assert info is not None
        assert found is not None
        assert dict(info.metadata) == dict(found.info.metadata) == expected
    await store.put(BUCKET, f"{here}a", b"x")
    bare = await store.head(BUCKET, f"{here}a")
    assert bare is not None
    assert not bare.metadata


async def test_a_copy_keeps_the_metadata_or_takes_new_ones(store: ObjectStore, here: str) -> None:
    await store.put(BUCKET, f"{here}a", b"text", metadata={"digest": "old", "voice": "x"})
    assert await store.put(BUCKET, f"{here}kept é", b"in the way")
    assert await store.copy(BUCKET, f"{here}a", BUCKET, f"{here}kept é")
    assert await store.copy(BUCKET, f"{here}a", BUCKET, f"{here}new", metadata={"digest": "new"})
    assert await store.copy(BUCKET, f"{here}a", BUCKET, f"{here}none", metadata={})
    for name, metadata in (("kept é", {"digest": "old", "voice": "x"}), ("new", {"digest": "new"}), ("none", {})):
        found = await store.get(BUCKET, f"{here}{name}")
        assert found is not None
        assert (found.body, dict(found.info.metadata)) == (b"text", metadata)


async def test_an_object_copied_onto_itself_is_as_it_was_but_newer(store: ObjectStore, here: str) -> None:
    key = f"{here}a é.wav"
    etag = await store.put(BUCKET, key, b"speech", content_type="audio/wav")
    before = await _listed_info(store, key)
    assert await store.copy(BUCKET, key, BUCKET, key, metadata={"used": "today"})
    once = await _listed_info(store, key)
    # Again, with metadata that are there already: S3 refuses a copy that says nothing of them.
    assert await store.copy(BUCKET, key, BUCKET, key, metadata={"used": "today"})
    twice = await _listed_info(store, key)
    found = await store.get(BUCKET, key)
    assert found is not None
    assert (found.body, found.info.etag, dict(found.info.metadata)) == (b"speech", etag, {"used": "today"})
    assert before.modified < once.modified < twice.modified


async def test_deleting_one_version_leaves_the_newer_one(store: ObjectStore, here: str) -> None:
    key = f"{here}livro é.txt"
    await store.put(VERSIONED, key, b"old", metadata={"voice": "x"})
    old = await store.head(VERSIONED, key)
    await store.put(VERSIONED, key, b"newer")
    new = await store.head(VERSIONED, key)
    assert old is not None
    assert new is not None
    assert await versions(store, here) == [new.version, old.version]

    found = await store.get(VERSIONED, key, version=old.version)
    assert found is not None
    assert (found.body, found.info.version, dict(found.info.metadata)) == (b"old", old.version, {"voice": "x"})
    assert await store.copy(VERSIONED, key, BUCKET, f"{here}copy", version=old.version) == md5(b"old")

    await store.delete(VERSIONED, key, version=old.version)
    assert await store.get(VERSIONED, key, version=old.version) is None
    assert await store.head(VERSIONED, key, version=old.version) is None
    assert await store.copy(VERSIONED, key, BUCKET, f"{here}copy", version=old.version) is None
    left = await store.get(VERSIONED, key)
    assert left is not None
    assert (left.body, left.info.version) == (b"newer", new.version)
    await store.delete(VERSIONED, key, version=old.version)

    await store.delete(VERSIONED, key, version=new.version)
    assert await store.get(VERSIONED, key) is None
    assert await versions(store, here) == []


async def test_versions_hidden_by_a_delete_marker_are_still_told(store: ObjectStore, here: str) -> None:
    key = f"{here}a.txt"
    await store.put(VERSIONED, key, b"hidden")
    before = await versions(store, here)
    await store.delete(VERSIONED, key)
    assert await store.get(VERSIONED, key) is None
    assert [info.key async for info in store.list(VERSIONED, here)] == []
    assert await versions(store, here) == before
    found = await store.get(VERSIONED, key, version=before[0])
    assert found is not None
    assert found.body == b"hidden"


async def test_versions_are_listed_by_any_prefix(store: ObjectStore, here: str) -> None:
    for name in ("b/2.txt", "b/10.txt", "b.txt", "c.txt"):
        await store.put(VERSIONED, f"{here}{name}", name.encode())
    found = [info.key async for info in store.versions(VERSIONED, f"{here}b")]
    assert found == [f"{here}b.txt", f"{here}b/10.txt", f"{here}b/2.txt"]
    assert [info.key async for info in store.list(VERSIONED, here, after=f"{here}b/10.txt")] == [
        f"{here}b/2.txt",
        f"{here}c.txt",
    ]


async def test_a_stream_is_of_one_content(store: ObjectStore, here: str) -> None:
    etag = await store.put(BUCKET, f"{here}a", b"x" * 3_000_000)
    assert b"".join([piece async for piece in store.stream(BUCKET, f"{here}a", if_match=etag)]) == b"x" * 3_000_000
    with pytest.raises(LookupError):
        await anext(aiter(store.stream(BUCKET, f"{here}a", if_match=md5(b"other"))))


async def test_a_file_is_moved_where_that_is_asked(store: ObjectStore, here: str, tmp_path: Path) -> None:
    path = _file(tmp_path, b"a book")
    assert await store.put_file(BUCKET, f"{here}a", path) == md5(b"a book")
    assert path.read_bytes() == b"a book"
    assert await store.put_file(BUCKET, f"{here}b", path, move=True) == md5(b"a book")
    assert not path.exists()
    found = await store.get(BUCKET, f"{here}b", if_match=md5(b"a book"))
    assert found
    assert found.body == b"a book"


@pytest.mark.parametrize("subject", LASTING_KINDS, indirect=True)
async def test_200_megabytes_pass_in_flat_memory(store: ObjectStore, here: str, tmp_path: Path) -> None:
    block = bytes(range(256)) * 4096
    path = tmp_path / "large"
    with path.open("wb") as file:
        for _ in range(200):
            file.write(block)
    before = _resident()
    tracemalloc.start()
    try:
        etag = await store.put_file(BUCKET, f"{here}large", path)
        size = largest = 0
        async for piece in store.stream(BUCKET, f"{here}large", if_match=etag):
            size += len(piece)
            largest = max(largest, len(piece))
        assert tracemalloc.get_traced_memory()[1] < 48_000_000
    finally:
        tracemalloc.stop()
    assert size == path.stat().st_size
    assert largest < 16_000_000
    # What libraries hold outside Python: the process as a whole stays small, too.
    assert _resident() - before < 120_000_000
    await store.delete(BUCKET, f"{here}large")


@pytest.mark.parametrize("subject", LASTING_KINDS, indirect=True)
async def test_anyone_may_read_an_object_by_its_link(store: ObjectStore, here: str) -> None:
    key = f"{here}ação 1+1.txt"
    await store.put(BUCKET, key, b"read me")
    link = await store.link(BUCKET, key, seconds=60)

    def read() -> bytes:
        with urllib.request.urlopen(link, timeout=10) as answer:
            return bytes(answer.read())

    assert await asyncio.to_thread(read) == b"read me"


async def _listed_info(store: ObjectStore, key: str) -> ObjectInfo:
    (info,) = [info async for info in store.list(BUCKET, key)]
    return info


def _file(folder: Path, body: bytes) -> Path:
    path = folder / uuid.uuid4().hex
    path.write_bytes(body)
    return path


def _resident() -> int:
    """Bytes of memory this process has ever held at once."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
