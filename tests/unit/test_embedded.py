"""The embedded program around a service of the test's own: its store, its bus, its end."""

import asyncio
from pathlib import Path

import pytest

from darkchannel import keys
from darkchannel.cli.local import Waits
from darkchannel.errors import Transient
from darkchannel.events import ObjectCreated
from darkchannel.runtime.embedded import Embedded, embedded
from darkchannel.runtime.service import Context, Parts, Service
from darkchannel.storage.folder import FolderStore

BOUND = 20


class Accepting:
    """A splitter that only notes what it is called with."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[ObjectCreated] = asyncio.Queue()

    @property
    def service(self) -> Service:
        async def build(_: Context) -> Parts:
            return Parts(handlers={"accept": self.accept})

        return Service(name="splitter", build=build)

    async def accept(self, event: ObjectCreated) -> None:
        self.heard.put_nowait(event)

    async def next(self) -> ObjectCreated:
        async with asyncio.timeout(BOUND):
            return await self.heard.get()


async def reasons(pipeline: Embedded, *, wanted: bool) -> dict[str, str]:
    """What is waited for, once there is something, or once there is nothing."""
    async with asyncio.timeout(BOUND):
        while bool(found := pipeline.process.health.reasons) is not wanted:  # noqa: ASYNC110  # probes ask it
            await asyncio.sleep(0.01)
    return found


async def test_a_document_calls_the_splitter_with_its_version(tmp_path: Path) -> None:
    accepting = Accepting()
    async with embedded(tmp_path, services=[accepting.service]) as pipeline:
        await pipeline.store.put(keys.INBOX, "livro.txt", b"Era uma vez.")
        event = await accepting.next()
        (version,) = [info.version async for info in pipeline.store.versions(keys.INBOX)]
    assert event == ObjectCreated(keys.INBOX, "livro.txt", version)


async def test_a_file_dropped_into_the_inbox_folder_is_taken_in(tmp_path: Path) -> None:
    accepting = Accepting()
    async with embedded(tmp_path, services=[accepting.service]):
        (tmp_path / keys.INBOX).mkdir(exist_ok=True)
        (tmp_path / keys.INBOX / "livro.txt").write_text("Era uma vez.")
        assert (await accepting.next()).key == "livro.txt"


async def test_an_inbox_that_cannot_be_read_is_waited_for_and_said(tmp_path: Path) -> None:
    accepting = Accepting()
    (tmp_path / keys.INBOX).symlink_to("elsewhere")
    async with embedded(tmp_path, services=[accepting.service]) as pipeline:
        assert keys.INBOX in (await reasons(pipeline, wanted=True))["inbox"]
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere" / "livro.txt").write_text("Era uma vez.")
        assert (await accepting.next()).key == "livro.txt"
        await reasons(pipeline, wanted=False)


async def test_what_documents_wait_for_is_told_once_with_the_time_until_the_next_try(tmp_path: Path) -> None:
    class Refusing(Accepting):
        async def accept(self, event: ObjectCreated) -> None:
            await super().accept(event)
            raise Transient(f"{event.key} cannot be read now") from Transient("the shelf does not answer")

    refusing = Refusing()
    async with embedded(tmp_path, services=[refusing.service], retry_delays=(0.01, 300.0)) as pipeline:
        waits = Waits(pipeline)
        for name in ("um.txt", "dois.txt"):
            await pipeline.store.put(keys.INBOX, name, b"Era uma vez.")
        for _ in range(4):
            await refusing.next()
        async with asyncio.timeout(BOUND):
            while [retry.delay for retry in pipeline.bus.put_off] != [300.0, 300.0]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert waits.news() == ["waiting    the shelf does not answer; trying again in 5 min"]
        assert waits.news() == []


async def test_a_side_task_that_dies_ends_what_its_caller_waits_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: object) -> None:
        raise RuntimeError("the folder is gone")

    monkeypatch.setattr(FolderStore, "watch", dies)
    async with asyncio.timeout(BOUND):
        with pytest.raises(RuntimeError, match="the folder is gone"):
            async with embedded(tmp_path, services=[Accepting().service]):
                await asyncio.Event().wait()


async def test_the_caller_s_own_error_passes_through(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with embedded(tmp_path, services=[Accepting().service]):
            raise KeyError("mine")
