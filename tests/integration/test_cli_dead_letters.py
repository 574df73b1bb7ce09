"""``dead-letters`` on a real RabbitMQ and MinIO, as the user that a compose stack's reconciler is."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aio_pika
import pytest

from darkchannel import keys, pipeline
from darkchannel.cli.app import run
from darkchannel.cli.exits import Code
from darkchannel.jobs.runs import State
from darkchannel.messaging import topology
from darkchannel.messaging.rabbitmq import RabbitBus
from darkchannel.storage import admin, policies
from darkchannel.storage.s3 import S3Store
from tests.house import House
from tests.letters import put_aside, segment
from tests.servers import MinioServer, RabbitServer

pytestmark = pytest.mark.docker

SECRET = "hush-hush-hush"
USER = policies.user_of(pipeline.RECONCILER)
SPEAK = pipeline.BY_NAME["speak"].queue


async def _set_up(minio: MinioServer) -> None:
    user, password = minio.access_key, minio.secret_key
    async with admin.connect(endpoint=minio.endpoint, region=minio.region, user=user, password=password) as server:
        for bucket in keys.BUCKETS:
            await server.make_bucket(bucket)
        await server.keep_versions(keys.INBOX)
        await server.set_user(USER, SECRET, policies.policies()[USER])


@pytest.fixture
def house(minio: MinioServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> House:
    asyncio.run(_set_up(minio))
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "MINIO_ENDPOINT": minio.endpoint,
        "MINIO_ACCESS_KEY": USER,
        "MINIO_SECRET_KEY": SECRET,
    }.items():
        monkeypatch.setenv(name, value)
    return House(lambda: S3Store(minio.endpoint, access_key=minio.access_key, secret_key=minio.secret_key))


class Broker:
    """The broker as a person at the management page has it, its queues emptied."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def empty(self) -> None:
        bus = await RabbitBus.connect(self._url)
        await bus.declare()
        await bus.close()
        async with await aio_pika.connect(self._url) as connection:
            channel = await connection.channel()
            for queue in topology.plan().queues:
                await (await channel.get_queue(queue.name)).purge()

    async def put_aside(self, bodies: list[bytes], reason: str) -> None:
        bus = await RabbitBus.connect(self._url)
        for body in bodies:
            await put_aside(bus, body, reason)
        await bus.close()

    async def put_aside_by_hand(self, body: bytes, queue: str) -> None:
        """A letter as another release wrote it."""
        headers: dict[str, Any] = {
            topology.ATTEMPT_HEADER: 3,
            topology.REASON_HEADER: "timeout",
            topology.QUEUE_HEADER: queue,
        }
        async with await aio_pika.connect(self._url) as connection:
            exchange = await (await connection.channel()).get_exchange(topology.DEAD)
            await exchange.publish(aio_pika.Message(body, headers=headers), "synthesizer")

    async def waiting(self, queue: str) -> list[tuple[bytes, Any]]:
        """Take what waits in a queue: bodies and attempts."""
        found = []
        async with await aio_pika.connect(self._url) as connection:
            source = await (await connection.channel()).get_queue(queue)
            while message := await source.get(no_ack=True, fail=False):
                found.append((message.body, message.headers.get(topology.ATTEMPT_HEADER)))
        return found


@pytest.fixture
def broker(rabbitmq: RabbitServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    monkeypatch.setenv("RABBITMQ_URL", rabbitmq.url)
    broker = Broker(rabbitmq.url)
    asyncio.run(broker.empty())
    yield broker
    asyncio.run(broker.empty())


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    assert run(["dead-letters", "list", "--json", *words]) == Code.OK
    letters: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["dead_letters"]
    return letters


def test_what_was_given_up_is_listed_shown_and_replayed(
    house: House, broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    job = house.accept("livro.txt")
    house.end(job, State.FAILED, "timeout")
    bodies = [segment(job, index) for index in range(3)]
    asyncio.run(broker.put_aside(bodies, "timeout: a voz não respondeu"))
    asyncio.run(broker.put_aside([b"scribble"], "not a bucket notification"))

    assert [letter["reason"] for letter in listed(capsys, "--limit", "2")] == ["timeout: a voz não respondeu"] * 2
    letters = listed(capsys, "--service", "synthesizer", "--reason", "TIMEOUT")
    assert [(it["job"], it["stage"], it["attempts"]) for it in letters] == [(job, "speak", 3)] * 3

    assert run(["dead-letters", "list"]) == Code.OK
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith(letters[0]["id"])

    assert run(["dead-letters", "show", letters[1]["id"]]) == Code.OK
    text = capsys.readouterr().out
    assert keys.segment(job, 1) in text
    assert '"EventName": "darkchannel:hint"' in text

    assert run(["dead-letters", "replay", "--reason", "timeout", "--dry-run"]) == Code.OK
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert house.state(job) is State.FAILED
    assert len(listed(capsys)) == 4

    assert run(["dead-letters", "replay", "--reason", "timeout"]) == Code.OK
    assert f"opened run 2 of job {job}" in capsys.readouterr().out
    assert house.state(job) is State.OPEN
    assert asyncio.run(broker.waiting(SPEAK)) == [(body, 1) for body in bodies]
    assert [letter["reason"] for letter in listed(capsys)] == ["not a bucket notification"]


def test_a_letter_named_by_its_id_is_replayed_alone_and_its_id_is_unknown_afterwards(
    house: House, broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    job = house.accept("livro.txt")
    asyncio.run(broker.put_aside([segment(job, index) for index in range(3)], "timeout"))
    wanted = listed(capsys)[1]["id"]
    assert run(["dead-letters", "replay", wanted, "--json"]) == Code.OK
    told = json.loads(capsys.readouterr().out)
    assert [letter["id"] for letter in told["replayed"]] == [wanted]
    assert told["opened"] == []
    assert asyncio.run(broker.waiting(SPEAK)) == [(segment(job, 1), 1)]
    assert wanted not in [letter["id"] for letter in listed(capsys)]
    for words in (["show", wanted], ["replay", wanted], ["replay", wanted, "--dry-run"]):
        assert run(["dead-letters", *words]) == Code.NOT_FOUND
        assert wanted in capsys.readouterr().err


@pytest.mark.parametrize("words", ["list", "replay", "replay --dry-run"])
def test_where_nothing_lies_aside_a_note_says_so(
    words: str, house: House, broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["dead-letters", *words.split()]) == Code.OK
    out, err = capsys.readouterr()
    assert "no dead letters" in out + err


def test_a_letter_of_a_stage_that_is_no_more_stays_and_holds_up_no_other(
    house: House, broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    job = keys.job_id(keys.INBOX, "livro.txt", "1")
    asyncio.run(broker.put_aside_by_hand(segment(job, 0), "darkchannel.sing"))
    asyncio.run(broker.put_aside([segment(job, 1)], "timeout"))
    assert [letter["stage"] for letter in listed(capsys)] == ["darkchannel.sing", "speak"]
    assert run(["dead-letters", "replay"]) == Code.FAILED
    out, err = capsys.readouterr()
    assert "replayed 1 dead letter\n" in out
    assert "darkchannel.sing" in err
    assert [letter["stage"] for letter in listed(capsys)] == ["darkchannel.sing"]
