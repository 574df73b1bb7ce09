"""A service that dies at the worst moment: everything it had begun ends as if nothing had been."""

import signal
from collections.abc import Iterator

import pytest

from darkchannel import pipeline
from darkchannel.errors import Permanent
from darkchannel.runtime import failpoints
from tests.reliability.books import book
from tests.reliability.fleet import Fleet
from tests.reliability.witness import PART

DOCUMENTS = 3

PASSED = {
    "splitter": {
        "before-put": (1, 2, 3, 5, 9, 12),
        "after-put": (1, 2, 3, 5, 9, 12),
        "before-release": (1, 3),
        "before-copy": (1, 2),
        "after-copy": (1, 2),
        "before-delete": (1, 3),
        "before-ack": (1, 3),
    },
    "synthesizer": {"before-put": (1, 4), "after-put": (1, 2, 6), "before-release": (1, 3), "before-ack": (1, 7)},
    "merger": {
        "before-put": (1, 2, 5, 11, 12),
        "after-put": (1, 2, 5, 11, 12),
        "mid-upload": (1, 3),
        "before-ack": (1, 6),
    },
    "publisher": {
        "before-put": (1, 2, 3, 4),
        "after-put": (1, 2, 3, 4),
        "after-outcome": (1, 3),
        "before-copy": (1, 2, 5),
        "after-copy": (1, 2, 5),
        "before-ack": (1, 2, 4),
    },
    "handoff-notifier": {"before-put": (1, 3), "after-put": (1, 3), "before-ack": (1, 3)},
    "reconciler": {"in-round": (1, 2, 3, 5, 8), "before-put": (1, 2), "after-put": (1, 2), "before-delete": (1, 3)},
}
"""The passages tried, by service and failpoint. No service makes requests of the kinds that are missing."""

SAMPLE = (
    ("synthesizer", "before-release@2"),
    ("merger", "mid-upload"),
    ("publisher", "after-outcome"),
    ("reconciler", "in-round@2"),
)


def _all() -> Iterator[tuple[str, str]]:
    for service, places in PASSED.items():
        for name, passages in places.items():
            yield from ((service, f"{name}@{passage}") for passage in passages)


@pytest.mark.docker
@pytest.mark.parametrize(("service", "failpoint"), SAMPLE)
async def test_a_service_that_dies_at_a_failpoint_loses_nothing(fleet: Fleet, service: str, failpoint: str) -> None:
    await _dies_and_starts_again(fleet, service, failpoint)


@pytest.mark.docker
@pytest.mark.soak
@pytest.mark.parametrize(("service", "failpoint"), tuple(_all()))
async def test_a_service_that_dies_at_any_failpoint_loses_nothing(fleet: Fleet, service: str, failpoint: str) -> None:
    await _dies_and_starts_again(fleet, service, failpoint)


def test_every_failpoint_is_tried() -> None:
    assert {name for places in PASSED.values() for name in places} == set(failpoints.PLACES)
    assert set(PASSED) == set(pipeline.SERVICES)


def test_without_the_variable_there_is_no_failpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(failpoints.VARIABLE, raising=False)
    assert failpoints.from_environment() is None


@pytest.mark.parametrize("named", ["before-lunch", "before-put@0", "before-put@x", "before-put@", "@1"])
def test_a_failpoint_that_is_none_is_refused_with_the_list(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(failpoints.VARIABLE, named)
    with pytest.raises(Permanent, match=f"{named} is none: write one of before-put, .*before-ack"):
        failpoints.from_environment()


async def _dies_and_starts_again(fleet: Fleet, service: str, failpoint: str) -> None:
    if service == "reconciler":  # it has little to do while events arrive
        await _drop(fleet)
        await fleet.lose_messages()
    await fleet.start_all(*(other for other in pipeline.SERVICES if other != service))
    dying = await fleet.start(service, {failpoints.VARIABLE: failpoint})
    if service != "reconciler":
        await _drop(fleet)

    assert await dying.ended() == -signal.SIGKILL, dying.tail()
    await (await fleet.restart(dying, {})).ready()

    await fleet.until_closed()
    verdict = await fleet.verdict()
    assert verdict.jobs == DOCUMENTS
    if failpoint.startswith("mid-upload"):
        writes = await fleet.servers.witness.writes(fleet.store)
        assert any(write.request == PART for write in writes), "no upload was under way"


async def _drop(fleet: Fleet) -> None:
    for number in range(DOCUMENTS):
        await fleet.drop(f"livro-{number}.md", book(number))
