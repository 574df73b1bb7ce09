"""The command line against a real MinIO, as the user that `.env` gives it."""

import asyncio
import json
from pathlib import Path
from urllib.request import urlopen

import pytest

from darkchannel import keys
from darkchannel.cli.app import run
from darkchannel.cli.exits import Code
from darkchannel.jobs.runs import State
from darkchannel.storage import admin, policies
from darkchannel.storage.s3 import S3Store
from tests.house import House
from tests.servers import MinioServer

pytestmark = pytest.mark.docker

SECRET = "hush-hush-hush"


async def _set_up(minio: MinioServer) -> None:
    user, password = minio.access_key, minio.secret_key
    async with admin.connect(endpoint=minio.endpoint, region=minio.region, user=user, password=password) as server:
        for bucket in keys.BUCKETS:
            await server.make_bucket(bucket)
        await server.keep_versions(keys.INBOX)
        for name in (policies.OPERATOR, policies.READER):
            await server.set_user(name, SECRET, policies.policies()[name])


@pytest.fixture
def house(minio: MinioServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """The MinIO, prepared; what the commands read from the environment is what a compose stack's .env holds."""
    asyncio.run(_set_up(minio))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MINIO_ENDPOINT", raising=False)
    for name, value in {
        "MINIO_PUBLIC_URL": minio.endpoint,
        "MINIO_ACCESS_KEY": policies.OPERATOR,
        "MINIO_SECRET_KEY": SECRET,
        "MINIO_READER_ACCESS_KEY": policies.READER,
        "MINIO_READER_SECRET_KEY": SECRET,
    }.items():
        monkeypatch.setenv(name, value)
    return House(lambda: S3Store(minio.endpoint, access_key=minio.access_key, secret_key=minio.secret_key))


def test_submit_puts_a_document_and_names_its_job(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    Path("memórias.txt").write_text("Ao verme que primeiro roeu.", encoding="utf-8")
    assert run(["submit", "memórias.txt", "--title", "Memórias Póstumas", "--json"]) == Code.OK
    told = json.loads(capsys.readouterr().out)
    info = house.do(lambda jobs: jobs.store.head(keys.INBOX, "memórias.txt"))
    assert told["job"] == keys.job_id(keys.INBOX, "memórias.txt", info.version)
    assert info.metadata["title"] == "Mem%C3%B3rias P%C3%B3stumas"


def test_a_job_is_seen_linked_and_cancelled(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    done, running = house.accept("pronto.txt", older=3), house.accept("livro.txt")
    house.end(done, State.COMPLETED)
    assert run(["jobs", "--json"]) == Code.OK
    listed = [it["job"] for it in json.loads(capsys.readouterr().out)["jobs"]]
    assert [job for job in listed if job in (running, done)] == [running, done]
    assert run(["link", "pronto.txt"]) == Code.OK
    with urlopen(capsys.readouterr().out.strip(), timeout=20) as answer:
        assert answer.read() == b"mp3"
    assert run(["cancel", "livro.txt"]) == Code.OK
    assert house.state(running) is State.CANCELLED


def test_the_operator_may_retry_a_job_and_ask_for_a_look(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    job = house.accept("falhou.txt")
    house.end(job, State.FAILED, "a voz falhou")
    assert run(["rebuild", job, "--json"]) == Code.OK
    assert run(["retry", "falhou.txt"]) == Code.OK
    assert house.state(job) is State.OPEN
    assert house.do(lambda jobs: jobs.marked(job, 2)) == house.do(lambda jobs: jobs.opened(job, 2))


def test_a_wrong_secret_is_one_line_that_does_not_tell_it(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINIO_SECRET_KEY", "not-the-secret")
    assert run(["jobs"]) == Code.AWAY
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "not-the-secret" not in err
