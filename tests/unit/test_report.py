"""What the command line counts and how it says it."""

import pytest

from darkchannel import keys
from darkchannel.cli.output import duration
from darkchannel.cli.report import Count, Reporter
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.memory import MemoryStore
from tests.house import House


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


async def put(jobs: Jobs, *names: str) -> None:
    for name in names:
        await jobs.store.put(keys.JOBS, name, b"")


def test_progress_counts_each_chunk_once_in_whatever_order_they_come(store: MemoryStore) -> None:
    house = House(lambda: store)
    job = house.accept("livro.txt", segments=6)

    async def counted(jobs: Jobs) -> list[Count]:
        reporter, counts = Reporter(jobs, job), []
        for batch in ((4, 0), (1,), (2, 3), (5,)):
            await put(jobs, *(keys.chunk(job, index) for index in batch))
            report = await reporter.report()
            assert report
            counts.append(report.segments)
        return counts

    assert [str(count) for count in house.do(counted)] == ["2 of 6", "3 of 6", "5 of 6", "6 of 6"]


def test_progress_counts_only_what_is_a_chunk_or_a_section_record(store: MemoryStore) -> None:
    house = House(lambda: store)
    job = house.accept("livro.txt", segments=2)

    async def report(jobs: Jobs) -> tuple[str, str, float]:
        await put(jobs, f"{job}/chunks/chunk-000000 (1).wav", keys.chunk(job, 1))
        await put(jobs, keys.section_file(job, 0, "0" * 16, "mp3"), keys.section_record(job, 0))
        found = await Reporter(jobs, job).report()
        assert found
        return str(found.segments), str(found.sections), found.fraction

    assert house.do(report) == ("1 of 2", "1 of 1", 0.75)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (59.94, "59.9 s"), (185, "3 min 05 s"), (4320.4, "1 h 12 min")]
)
def test_a_duration_is_said_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text
