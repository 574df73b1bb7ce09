"""What lies at the listeners' place is the newest build, all of it and nothing else of ours."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from darkchannel import keys
from darkchannel.errors import Permanent
from darkchannel.jobs.plan import Plan
from darkchannel.jobs.records import BUILD, SectionRecord
from services.merger.binding import Bound, Keep
from services.merger.book import BookBinder
from services.merger.joining import Read
from tests.pipeline.bench import Bench, closed
from tests.pipeline.verdict import FILES


async def folder(bench: Bench) -> list[str]:
    """The names of what lies in the audiobook's folder."""
    name = await bench.jobs.output_name(bench.job)
    assert name
    under = f"{name[0]}/{name[1]}/"
    return [info.key.removeprefix(under) async for info in bench.raw.list(keys.OUTPUT, under)]


async def unwanted() -> None:
    raise AssertionError("a request that serves nothing")


async def test_the_main_file_lies_under_the_name_and_the_others_in_its_folder() -> None:
    bench = await closed(("um",))
    assert await bench.output() == ["2026-03-01/livro.mp3"]
    assert await folder(bench) == [file for file in FILES if file != "audiobook.mp3"]


async def test_a_file_that_the_next_build_no_longer_has_goes_and_what_people_put_there_stays() -> None:
    bench = await closed(("um",))
    earlier = keys.published("2026-03-01", "livro", "chapters/009-fim.mp3", "audiobook.mp3")
    await bench.raw.put(keys.OUTPUT, earlier, b"old", metadata={BUILD: "0" * 16})
    await bench.raw.put(keys.JOBS, keys.final(bench.job, "chapters/009-fim.mp3"), b"old", metadata={BUILD: "0" * 16})
    await bench.raw.put(keys.OUTPUT, "2026-03-01/livro/notas.txt", b"mine")
    await bench.edit(0, "outro")
    await bench.deliver()
    assert await folder(bench) == ["audiobook.vtt", "notas.txt"]
    assert await bench.raw.head(keys.JOBS, keys.final(bench.job, "chapters/009-fim.mp3")) is None
    assert await bench.published() == ["outro"]


async def test_a_first_book_is_copied_without_a_look_at_what_is_not_there_nor_a_second_one_at_what_is() -> None:
    bench = Bench(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="act")

    for copy in ("2026-03-01/livro/audiobook.vtt", keys.final(bench.job, "audiobook.vtt")):
        bench.store.before("head", copy, unwanted)
    await bench.deliver()
    assert bench.store.listed.count((keys.final(bench.job, ""), "")) == 1
    assert await bench.published() == ["um"]


async def test_a_book_that_is_there_is_not_copied_again() -> None:
    bench = Bench(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="act")
    event = bench.take("act")
    await bench.first.handlers["act"](event)
    build = (await bench.jobs.runs(bench.job, fresh=True)).completed[1]
    for file in FILES:
        bench.store.before("copy", keys.build_file(bench.job, build or "", file), unwanted)
    await bench.second.handlers["act"](event)


async def test_sections_that_cannot_be_joined_fail_the_run_with_a_reason() -> None:
    async def bind(
        plan: Plan, records: Sequence[SectionRecord], picture: bytes | None, read: Read, folder: Path, /, *, keep: Keep
    ) -> Bound:
        raise ValueError("a section of 3 frames is too short")

    bench = Bench(("um",))
    bench.events.append(await bench.drop())
    await bench.deliver(until="assemble")
    binder = BookBinder(bench.context(), bind)
    with pytest.raises(Permanent, match="a section of 3 frames is too short"):
        await binder.assemble(bench.take("assemble"))
