"""The fleet without any fault, and a verdict that can be lost: what the other tests here take for granted."""

import pytest

from darkchannel import keys
from tests.reliability import verdict
from tests.reliability.books import book
from tests.reliability.fleet import Fleet

pytestmark = pytest.mark.docker


async def test_documents_become_audiobooks_and_nothing_is_left(fleet: Fleet) -> None:
    await fleet.start_all()
    for number in range(3):
        await fleet.drop(f"livro-{number}.md", book(number))

    await fleet.until_closed()
    found = await fleet.verdict()

    assert (found.jobs, found.duplicates, found.chunks - found.segments) == (3, 0, 0)
    assert found.publications == 3


async def test_a_verdict_notices_what_is_cut_short_left_over_or_published_twice(fleet: Fleet) -> None:
    await fleet.start_all()
    job = await fleet.drop("livro.md", book(1))
    await fleet.until_closed()
    await fleet.verdict()

    name = await fleet.jobs.output_name(job)
    assert name
    audiobook = keys.output(*name, "mp3")
    whole = await fleet.store.get(keys.OUTPUT, audiobook)
    assert whole
    await fleet.store.put(keys.OUTPUT, audiobook, whole.body[:-1000], metadata={"build": "another"})
    await fleet.store.put(keys.OUTPUT, keys.output(name[0], "livro-2", "mp3"), whole.body)
    await fleet.store.put(keys.JOBS, keys.marker(job, 1), b"{}")
    await fleet.drop("later.md", book(2))

    writes = await fleet.servers.witness.writes(fleet.store)
    said = "\n".join((await verdict.judge(fleet.jobs, [job], writes)).faults)
    for fault in (
        f"{audiobook} is of build another",
        f"has {len(whole.body) - 1000} of {len(whole.body)} bytes",
        f"2 builds were published as {keys.OUTPUT}/{audiobook}",
        "livro-2.mp3 is left",
        f"{keys.marker(job, 1)} is left",
        "later.md",
    ):
        assert fault in said
