"""What a store in a folder promises beyond the contract of all stores."""

import asyncio
import errno
import fcntl
import mmap
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkchannel import keys
from darkchannel.errors import Denied, Unavailable
from darkchannel.events import ObjectCreated
from darkchannel.storage.disk import Disk
from darkchannel.storage.disk_errors import problem
from darkchannel.storage.files import Files
from darkchannel.storage.folder import FolderStore
from darkchannel.storage.intake import Intake
from darkchannel.storage.locks import Locks
from darkchannel.storage.port import NEW

QUIET = 0.05
NOBODY = 65534
SHARED_MEMORY = Path("/dev/shm")


class Events(list[ObjectCreated]):
    """What a store told, and a way to wait for the next."""

    def __init__(self) -> None:
        super().__init__()
        self._told = asyncio.Event()

    def __call__(self, event: ObjectCreated) -> None:
        self.append(event)
        self._told.set()

    async def keys_once(self, count: int) -> list[str]:
        async with asyncio.timeout(20):
            while len(self) < count:
                self._told.clear()
                await self._told.wait()
        return sorted(event.key for event in self)


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def store(tmp_path: Path, events: Events) -> FolderStore:
    return FolderStore(tmp_path, on_created=events, quiet=QUIET)


def drop(root: Path, name: str, text: str = "text") -> Path:
    path = root / keys.INBOX / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def plain_files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and not path.is_relative_to(root / ".darkchannel")]


async def test_objects_are_plain_files_that_people_can_open(store: FolderStore, tmp_path: Path) -> None:
    await store.put(keys.OUTPUT, "2026-01-31/Dom Casmurro é.mp3", b"audio")
    assert (tmp_path / keys.OUTPUT / "2026-01-31/Dom Casmurro é.mp3").read_bytes() == b"audio"


async def test_a_dropped_document_becomes_a_version_and_is_told(
    store: FolderStore, tmp_path: Path, events: Events
) -> None:
    path = drop(tmp_path, "novels/50%25 off é.txt", "it was a dark night")
    assert await store.take_in() == ("novels/50%25 off é.txt",)
    assert not path.exists()
    (event,) = events
    assert (event.bucket, event.key) == (keys.INBOX, "novels/50%25 off é.txt")
    found = await store.get(keys.INBOX, event.key, version=event.version)
    assert found is not None
    assert (found.body, found.info.version) == (b"it was a dark night", event.version)
    assert [info.version async for info in store.versions(keys.INBOX)] == [event.version]
    assert await store.take_in() == ()


async def test_the_same_name_dropped_again_is_another_version(store: FolderStore, tmp_path: Path) -> None:
    for text in ("first", "other"):
        drop(tmp_path, "a.txt", text)
        assert await store.take_in() == ("a.txt",)
    newest, oldest = [info async for info in store.versions(keys.INBOX)]
    bodies = [await store.get(keys.INBOX, "a.txt", version=info.version) for info in (oldest, newest)]
    assert [found.body for found in bodies if found] == [b"first", b"other"]
    assert newest.modified > oldest.modified


def test_a_file_still_being_copied_is_left_until_it_is_whole(tmp_path: Path) -> None:
    now = [100.0]
    intake = Intake(tmp_path / keys.INBOX, quiet=0.5, clock=lambda: now[0])
    path = drop(tmp_path, "a.txt", "half")
    assert intake.look() == []
    with path.open("a") as file:
        file.write(" and half")
    now[0] += 0.6
    assert intake.look() == [], "it grew"
    now[0] += 0.3
    assert intake.look() == []
    assert intake.waiting
    now[0] += 0.3
    assert intake.look() == [("a.txt", path)]
    assert not intake.waiting


@pytest.mark.skipif(not hasattr(fcntl, "F_SETLEASE"), reason="only Linux tells who writes a file")
def test_a_file_that_somebody_still_writes_is_left_however_long_the_pause(tmp_path: Path) -> None:
    now = [100.0]
    intake = Intake(tmp_path / keys.INBOX, quiet=0.5, clock=lambda: now[0])
    path = drop(tmp_path, "a.txt", "half")
    with path.open("a") as file:
        for _ in range(3):
            assert intake.look() == []
            assert intake.waiting
            now[0] += 60
        file.write(" and half")
    intake.look()
    now[0] += 0.6
    assert intake.look() == [("a.txt", path)]


async def test_what_is_nobodys_document_stays_where_it_is(store: FolderStore, tmp_path: Path) -> None:
    names = (".hidden.txt", ".git/a.txt", "a.txt.part", "a.tmp", "a.CRDOWNLOAD", "sub/_options.yaml")
    paths = [drop(tmp_path, name) for name in names]
    (tmp_path / keys.INBOX / "empty folder").mkdir()
    (tmp_path / keys.INBOX / "link.txt").symlink_to(paths[0])
    assert await store.take_in() == ()
    assert all(path.exists() for path in paths)


async def test_options_lie_open_for_people_to_edit(store: FolderStore, tmp_path: Path) -> None:
    path = drop(tmp_path, "sub/_options.yaml", "voice: maria")
    found = await store.get(keys.INBOX, "sub/_options.yaml")
    assert found is not None
    assert (found.body, found.info.version) == (b"voice: maria", None)
    await store.put(keys.INBOX, "sub/_options.yaml", b"voice: ana")
    assert path.read_text() == "voice: ana"
    await store.put(keys.INBOX, "a.txt", b"text")
    assert [info.key async for info in store.list(keys.INBOX)] == ["a.txt", "sub/_options.yaml"]


async def test_a_watched_inbox_takes_in_what_is_dropped_before_and_while_it_is_watched(
    store: FolderStore, tmp_path: Path, events: Events
) -> None:
    stop = asyncio.Event()
    drop(tmp_path, "before.txt")
    watching = asyncio.create_task(store.watch(stop))
    assert await events.keys_once(1) == ["before.txt"]
    drop(tmp_path, "new folder/while.txt")
    assert await events.keys_once(2) == ["before.txt", "new folder/while.txt"]
    stop.set()
    await asyncio.wait_for(watching, 20)


async def test_a_name_that_is_not_utf8_does_not_end_the_watch(
    store: FolderStore, tmp_path: Path, events: Events
) -> None:
    stop = asyncio.Event()
    drop(tmp_path, "before.txt")
    watching = asyncio.create_task(store.watch(stop))
    await events.keys_once(1)
    drop(tmp_path, os.fsdecode(b"cora\xe7\xe3o.txt"))
    await events.keys_once(2)
    drop(tmp_path, "later.txt")
    assert await events.keys_once(3) == ["before.txt", "cora\ufffd\ufffdo.txt", "later.txt"]
    assert not watching.done()
    stop.set()
    await asyncio.wait_for(watching, 20)


async def test_a_file_that_is_moved_within_a_disk_is_not_copied(store: FolderStore, tmp_path: Path) -> None:
    book = tmp_path / "book"
    book.write_bytes(b"x" * 3_000_000)
    number = book.stat().st_ino
    await store.put_file(keys.JOBS, "book", book, move=True)
    assert (tmp_path / keys.JOBS / "book").stat().st_ino == number


@pytest.mark.skipif(not SHARED_MEMORY.is_dir(), reason="needs a second disk")
async def test_a_file_may_be_moved_from_another_disk(store: FolderStore) -> None:
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY) as name:
        book = Path(name, "book")
        book.write_bytes(b"from elsewhere")
        await store.put_file(keys.JOBS, "book", book, move=True)
        assert not book.exists()
    assert (found := await store.get(keys.JOBS, "book"))
    assert found.body == b"from elsewhere"


async def test_every_write_is_told_once(store: FolderStore, tmp_path: Path, events: Events) -> None:
    (tmp_path / "file").write_bytes(b"x")
    await store.put(keys.JOBS, "a", b"x", over=NEW)
    await store.put(keys.JOBS, "a", b"y", over=NEW)
    await store.put_file(keys.JOBS, "b", tmp_path / "file")
    await store.copy(keys.JOBS, "b", keys.OUTPUT, "c")
    await store.copy(keys.JOBS, "missing", keys.OUTPUT, "d")
    told = [(event.bucket, event.key) for event in events]
    assert told == [(keys.JOBS, "a"), (keys.JOBS, "b"), (keys.OUTPUT, "c")]


async def test_a_folder_copied_elsewhere_keeps_its_etags_and_metadata(store: FolderStore, tmp_path: Path) -> None:
    await store.put(keys.JOBS, "job/a", b"x", metadata={"voice": "ana"})
    await store.put(keys.INBOX, "doc.txt", b"y", metadata={"voice": "eva"})
    with_copy = tmp_path.parent / f"{tmp_path.name}-copy"
    shutil.copytree(tmp_path, with_copy, copy_function=shutil.copyfile)
    copied = FolderStore(with_copy)
    for bucket, key in ((keys.JOBS, "job/a"), (keys.INBOX, "doc.txt")):
        one, other = await store.head(bucket, key), await copied.head(bucket, key)
        assert one is not None
        assert other is not None
        assert (one.etag, one.metadata, one.version) == (other.etag, other.metadata, other.version)


async def test_an_edit_in_place_is_seen_also_when_size_and_time_stay_the_same(
    store: FolderStore, tmp_path: Path
) -> None:
    etag = await store.put(keys.JOBS, "segment.ssml", b"<speak>a</speak>", metadata={"voice": "ana"})
    path = tmp_path / keys.JOBS / "segment.ssml"
    was = path.stat()
    path.write_bytes(b"<speak>b</speak>")
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    found = await store.get(keys.JOBS, "segment.ssml")
    (info,) = [info async for info in store.list(keys.JOBS)]
    assert found is not None
    assert found.body == b"<speak>b</speak>"
    assert found.info.etag == info.etag != etag
    assert not found.info.metadata, "they belonged to the other content"
    assert await store.put(keys.JOBS, "segment.ssml", b"lost", over=etag) is None


async def test_foreign_files_are_objects_unless_no_key_is_written_so(store: FolderStore, tmp_path: Path) -> None:
    folder = tmp_path / keys.REFS
    folder.mkdir()
    for name in ("cover 50%.jpg", "a%20b.wav", ".DS_Store", "x%25", "bad%=name"):
        (folder / name).write_bytes(b"x")
    (folder / os.fsdecode(b"latin-\xe9.wav")).write_bytes(b"x")
    assert [info.key async for info in store.list(keys.REFS)] == ["a%20b.wav", "cover 50%.jpg"]
    assert await store.get(keys.REFS, "cover 50%.jpg")


@pytest.mark.parametrize("key", ["../out", "a/../../out", "/out", "..", "a/..", "%2E%2E/out", ".darkchannel/x"])
async def test_nothing_leaves_its_bucket(store: FolderStore, tmp_path: Path, key: str) -> None:
    outside = sorted(path for path in tmp_path.parent.iterdir() if path != tmp_path)
    await store.put(keys.JOBS, key, b"x")
    assert all(path.is_relative_to(tmp_path / keys.JOBS) for path in plain_files(tmp_path))
    assert sorted(path for path in tmp_path.parent.iterdir() if path != tmp_path) == outside
    assert [info.key async for info in store.list(keys.JOBS)] == [key]


async def test_versions_cannot_name_other_files(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    await store.put(keys.INBOX, "a", b"x")
    for version in ("../../..", "..", "", "0" * 24, "/etc"):
        assert await store.get(keys.INBOX, "secret", version=version or "x") is None


COUNTER = """
import asyncio, sys
from pathlib import Path
from darkchannel.storage.folder import FolderStore

async def main():
    store = FolderStore(Path(sys.argv[1]))
    for _ in range(100):
        while True:
            found = await store.get("darkchannel-jobs", "counter")
            body = b"%06d" % (int(found.body) + 1)
            if await store.put("darkchannel-jobs", "counter", body, over=found.info.etag):
                break

asyncio.run(main())
"""


async def test_two_processes_that_replace_by_etag_lose_no_update(store: FolderStore, tmp_path: Path) -> None:
    await store.put(keys.JOBS, "counter", b"%06d" % 0)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}

    def run() -> list[int]:
        running = [subprocess.Popen([sys.executable, "-c", COUNTER, str(tmp_path)], env=environment) for _ in range(2)]
        try:
            return [it.wait(timeout=60) for it in running]
        finally:
            for it in running:
                it.kill()
                it.wait()

    assert await asyncio.to_thread(run) == [0, 0]
    found = await store.get(keys.JOBS, "counter")
    assert found is not None
    assert found.body == b"000200"


async def test_readers_never_see_half_an_object(store: FolderStore) -> None:
    bodies = [bytes([n]) * 300_000 for n in range(8)]
    await store.put(keys.JOBS, "a", bodies[0])

    async def write() -> None:
        for body in bodies:
            await store.put(keys.JOBS, "a", body)

    async def read() -> None:
        for _ in range(20):
            found = await store.get(keys.JOBS, "a")
            assert found is not None
            assert found.body in bodies

    await asyncio.gather(write(), write(), read(), read())


async def test_an_object_and_a_folder_of_its_name_may_come_at_once(store: FolderStore) -> None:
    for n in range(20):
        made = await asyncio.gather(
            store.put(keys.JOBS, f"{n}/a", b"file", over=NEW),
            store.put(keys.JOBS, f"{n}/a/b", b"below", over=NEW),
            store.put(keys.JOBS, f"{n}/a", b"again", over=NEW),
        )
        assert made[1] is not None
        assert len([etag for etag in made if etag]) == 2
        assert [info.key async for info in store.list(keys.JOBS, f"{n}/")] == [f"{n}/a", f"{n}/a/b"]


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "disk of /data is full: free some space"),
        (errno.EDQUOT, "quota for /data is used up"),
        (errno.EROFS, "disk of /data is read-only: mount it writable"),
        (errno.EACCES, "/data/x may not be .* change its permissions"),
        (errno.EPERM, "/data/x may not be .* change its permissions"),
        (errno.EIO, "disk of /data failed at /data/x: see the system's log"),
        (errno.ENOTDIR, "/data/x .* move the file away"),
        (errno.ESTALE, "out of reach: mount it again"),
        (errno.EMFILE, "raise its limit"),
        (errno.EBUSY, "/data/x cannot be read or written"),
    ],
)
def test_a_disk_out_of_order_says_what_to_do(number: int, says: str) -> None:
    answer = problem(OSError(number, os.strerror(number), "/data/x"), Path("/data"))
    assert type(answer) is (Denied if number in (errno.EACCES, errno.EPERM) else Unavailable)
    assert re.search(says, str(answer))
    assert str(answer).endswith("goes on by itself")


@contextmanager
def small_disk(pages: int = 64, inodes: int = 100) -> Iterator[Path]:
    """A disk in memory of this test's own."""
    with tempfile.TemporaryDirectory() as folder:
        if not mounted(f"size={pages * mmap.PAGESIZE},nr_inodes={inodes}", "-t", "tmpfs", "none", folder):
            pytest.skip("only root may mount the small disk that this test fills")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def mounted(options: str, *what: str | Path) -> bool:
    mount = shutil.which("mount")
    return mount is not None and not subprocess.run([mount, "-o", options, *what], check=False).returncode


@pytest.mark.parametrize("bucket", [keys.JOBS, keys.INBOX])
async def test_a_disk_that_fills_up_at_any_point_holds_nothing_half_and_work_goes_on_with_space(bucket: str) -> None:
    full = 0
    for pages, inodes in [*((pages, 100) for pages in range(1, 16)), *((64, inodes) for inodes in range(2, 20))]:
        with small_disk(pages, inodes) as disk:
            store = FolderStore(disk)
            writing = store.put(bucket, "livro/a.txt", bytes(20_000), metadata={"voice": "ana"})
            (end,) = await asyncio.gather(writing, return_exceptions=True)
            found = await store.get(bucket, "livro/a.txt")
            if isinstance(end, BaseException):
                full += 1
                assert f"disk of {disk} is full" in str(end)
                assert found is None
            else:
                assert found is not None
                assert (found.info.size, found.info.metadata) == (20_000, {"voice": "ana"})
            assert [info.key async for info in store.list(bucket)] == ["livro/a.txt"] * (found is not None)
            assert not [path for path in disk.rglob("*") if path.suffix == ".new" or path.parent.name == "temporary"]
            assert found or not [*disk.glob(f"{keys.INBOX}/.accepted/*")]
            assert mounted(f"remount,size={64 * mmap.PAGESIZE},nr_inodes=100", disk)
            assert await store.put(bucket, "livro/a.txt", b"x")
    assert full > 10


async def test_a_disk_that_turns_read_only_is_read_and_says_why_nothing_is_written() -> None:
    with small_disk() as disk:
        store = FolderStore(disk, quiet=QUIET)
        etag = await store.put(keys.JOBS, "a", b"x")
        dropped = drop(disk, "livro.txt")
        assert mounted("remount,ro", disk)
        writes: list[Coroutine[Any, Any, object]] = [
            store.put(keys.JOBS, "a", b"y"),
            store.put(keys.JOBS, "b", b"y", over=NEW),
            store.copy(keys.JOBS, "a", keys.JOBS, "b"),
            store.delete(keys.JOBS, "a"),
            store.take_in(),
        ]
        for write in writes:
            with pytest.raises(Unavailable, match=f"disk of {disk} is read-only"):
                await write
        found = await store.get(keys.JOBS, "a")
        assert found is not None
        assert (found.body, found.info.etag) == (b"x", etag)
        assert mounted("remount,rw", disk)
        assert dropped.exists()
        assert await store.take_in() == ("livro.txt",)
        assert await store.put(keys.JOBS, "a", b"y", over=etag)


async def test_a_folder_of_the_inbox_that_may_not_be_read_is_told_and_holds_up_no_other() -> None:
    if os.geteuid():
        pytest.skip("only root may take rights from itself")
    with tempfile.TemporaryDirectory() as folder:
        store = FolderStore(Path(folder), quiet=QUIET)
        await store.put(keys.JOBS, "a", b"x")
        drop(Path(folder), "open.txt")
        closed = drop(Path(folder), "closed/closed.txt").parent
        for path in (Path(folder), *Path(folder).rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        closed.chmod(0)
        os.seteuid(NOBODY)
        try:
            with pytest.raises(Unavailable, match=f"{closed} may not be read"):
                await store.take_in()
        finally:
            os.seteuid(0)
        assert [info.key async for info in store.versions(keys.INBOX)] == ["open.txt"]


async def test_a_root_that_is_a_file_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(Unavailable):
        await FolderStore(tmp_path / "file").put(keys.JOBS, "a", b"x")


def test_a_lock_that_nobody_lets_go_of_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("darkchannel.storage.locks.WAIT_SECONDS", 0.05)
    locks = Locks(tmp_path)
    with locks.held("a"), pytest.raises(Unavailable, match="locked"), locks.held("a"):
        pass


def test_what_a_dead_process_left_half_written_is_swept_after_a_day(tmp_path: Path) -> None:
    files = Files(tmp_path)
    temporary = tmp_path / ".darkchannel" / "temporary"
    temporary.mkdir(parents=True)
    for name, age in (("old", 100_000), ("under way", 10)):
        (temporary / name).write_text("half")
        os.utime(temporary / name, (time.time() - age,) * 2)
    files.sweep()
    assert [path.name for path in temporary.iterdir()] == ["under way"]


PARTS = st.text(st.sampled_from("ab.-/%é"), min_size=1, max_size=6)


@settings(max_examples=300)
@given(st.sets(st.one_of(PARTS, PARTS.map(lambda part: "n" * 238 + part)), max_size=12), PARTS, PARTS)
def test_listings_are_what_sorting_all_keys_would_give(keys_put: set[str], prefix: str, after: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        disk = Disk(Path(folder))
        for key in keys_put:
            disk.write(keys.JOBS, key, [key.encode()], {})
        for start, past in (("", ""), (prefix, ""), ("", after), (prefix, after), ("n" * 239, "")):
            listed = [info.key for info in disk.list(keys.JOBS, start, past)]
            assert listed == sorted(key for key in keys_put if key.startswith(start) and key > past)
        above = f"{prefix}/"
        below = {key.removeprefix(above) for key in keys_put if key.startswith(above)}
        assert disk.folders(keys.JOBS, above) == tuple(sorted({it.partition("/")[0] for it in below if "/" in it}))
