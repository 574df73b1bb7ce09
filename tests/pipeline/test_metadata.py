"""``metadata.json`` at each step of a job: what a small one tells in full and a large one only counts."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from darkchannel import keys, pipeline
from darkchannel.errors import Unavailable
from darkchannel.jobs.metadata import SMALL_INPUT_BYTES, SMALL_JOB_SEGMENTS
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.memory import MemoryStore
from darkchannel.storage.metadata import project
from darkchannel.storage.port import Object, ObjectInfo
from tests.pipeline.bench import Bench


async def told(bench: Bench) -> list[dict[str, Any]]:
    """What the metadata of a new job says before each stage that follows, and at its end."""
    told: list[dict[str, Any]] = []
    for stage in (*(stage.name for stage in pipeline.STAGES[1:]), ""):
        await bench.deliver(until=stage)
        bench.later(seconds=2)
        await bench.first.reconciler.round()
        found = await bench.raw.get(keys.JOBS, keys.metadata(bench.job))
        assert found
        told.append(json.loads(found.body))
    return told


async def test_a_large_job_keeps_counts_and_names_its_input_instead_of_holding_it() -> None:
    count = SMALL_JOB_SEGMENTS + 1
    bench = Bench(tuple(str(index) for index in range(count)))
    body = b"x" * (SMALL_INPUT_BYTES + 1)
    bench.events.append(await bench.drop(body=body))
    *under_way, final = await told(bench)
    for metadata in (*under_way, final):
        assert not {"input_text", "ssml"} & set(metadata)
        assert "files" not in metadata["chunks"]
        assert metadata["chunks"]["total"] == count
        kept = await bench.raw.get(keys.JOBS, metadata["input_key"])
        assert kept
        assert kept.body == body
    assert under_way[0]["chunks"]["completed"] < count
    assert (final["status"], final["chunks"]["completed"]) == ("completed", count)


@pytest.mark.parametrize(("name", "field"), [("livro.md", "input_text"), ("livro.ssml", "ssml")])
async def test_a_small_job_holds_its_text_and_lists_its_files(name: str, field: str) -> None:
    bench = Bench()
    bench.events.append(await bench.drop(name, b"documento"))
    *_, final = await told(bench)
    assert final[field] == "documento"
    assert [file["s3_key"] for file in final["chunks"]["files"]] == [keys.chunk(bench.job, i) for i in range(3)]
    assert final["input_key"] == keys.source(bench.job, name.partition(".")[2])


class Failing(MemoryStore):
    """Away where the plan is wanted, once it is asked for chunks, which it never finishes listing."""

    def __init__(self) -> None:
        super().__init__()
        self.listing = asyncio.Event()

    async def get(self, bucket: str, key: str, **options: Any) -> Object | None:
        if key == keys.plan("job"):
            await self.listing.wait()
            raise Unavailable("the store is away")
        return await super().get(bucket, key, **options)

    async def list(self, bucket: str, prefix: str = "", *, after: str = "") -> AsyncIterator[ObjectInfo]:
        if prefix == "job/chunks/":
            self.listing.set()
            await asyncio.Event().wait()
        async for info in super().list(bucket, prefix, after=after):
            yield info


async def test_nothing_is_read_on_once_the_metadata_cannot_be_told() -> None:
    jobs = Jobs(Failing(), lambda: datetime.now(UTC))
    with pytest.raises(Unavailable, match="the store is away"):
        await project(jobs, "job", lambda: datetime.now(UTC))
    assert asyncio.all_tasks() == {asyncio.current_task()}
