"""What scripts import of the object store, on a folder and on a real MinIO."""

import asyncio
import runpy
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import pytest

from darkchannel import keys, pipeline, recordings
from darkchannel.errors import Unavailable
from darkchannel.events import ObjectCreated
from darkchannel.minio import (
    JobManager,
    MinIOClient,
    format_size,
    generate_job_id,
    get_s3_url,
    parse_s3_url,
    sanitize_filename,
)
from darkchannel.runtime.embedded import Embedded, embedded
from darkchannel.storage import admin
from tests.servers import MinioServer

EXAMPLE = Path(__file__).parents[2] / "examples" / "minio_example.py"


async def _buckets(minio: MinioServer) -> None:
    user, password = minio.access_key, minio.secret_key
    async with admin.connect(endpoint=minio.endpoint, region=minio.region, user=user, password=password) as server:
        for bucket in (*keys.BUCKETS, keys.RECORDINGS):
            await server.make_bucket(bucket)


@pytest.fixture(params=["folder", pytest.param("minio", marks=pytest.mark.docker)])
def client(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MinIOClient]:
    monkeypatch.chdir(tmp_path)
    for name in ("MINIO_ENDPOINT", "MINIO_PUBLIC_URL", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    if request.param == "minio":
        minio: MinioServer = request.getfixturevalue("minio")
        asyncio.run(_buckets(minio))
        (tmp_path / ".env").write_text(
            f"MINIO_ENDPOINT={minio.endpoint}\nMINIO_ROOT_USER={minio.access_key}\n"
            f"MINIO_ROOT_PASSWORD={minio.secret_key}\n"
        )
    recordings.get_minio_uploader.cache_clear()
    with MinIOClient() as client:
        yield client


def test_what_goes_up_comes_down(client: MinIOClient, tmp_path: Path) -> None:
    source = tmp_path / "fala.wav"
    source.write_bytes(b"RIFF")
    address = client.upload_file(source, keys.TEMP, "a/fala.wav", metadata={"dono": "ana"})
    assert address == "s3://darkchannel-temp/a/fala.wav"
    assert client.upload_bytes(b"oi", keys.TEMP, "a/b.txt") == get_s3_url(keys.TEMP, "a/b.txt")
    assert Path(client.download_file(keys.TEMP, "a/fala.wav", tmp_path / "volta.wav")).read_bytes() == b"RIFF"
    assert client.download_bytes(keys.TEMP, "a/b.txt") == b"oi"
    told = client.get_object_metadata(keys.TEMP, "a/fala.wav")
    assert (told["size"], told["metadata"]) == (4, {"dono": "ana"})
    assert [item["key"] for item in client.list_objects(keys.TEMP, "a/")] == ["a/b.txt", "a/fala.wav"]
    with urlopen(client.generate_presigned_url(keys.TEMP, "a/b.txt", expiration=60)) as answer:
        assert answer.read() == b"oi"
    client.delete_object(keys.TEMP, "a/b.txt")
    assert not client.object_exists(keys.TEMP, "a/b.txt")
    assert client.object_exists(keys.TEMP, "a/fala.wav")


def test_what_is_not_there_is_a_missing_file_and_leaves_none(client: MinIOClient, tmp_path: Path) -> None:
    for missing in (
        lambda: client.download_bytes(keys.TEMP, "nada"),
        lambda: client.download_file(keys.TEMP, "nada", tmp_path / "nada"),
        lambda: client.get_object_metadata(keys.TEMP, "nada"),
        lambda: JobManager(client).get_job_metadata(generate_job_id()),
        lambda: client.upload_file(tmp_path / "nada", keys.TEMP, "nada"),
    ):
        with pytest.raises(FileNotFoundError, match=r"nada|metadata"):
            missing()
    assert [path.name for path in tmp_path.iterdir() if "nada" in path.name] == []
    client.delete_object(keys.TEMP, "nada")


def test_a_job_is_accounted_for_from_its_creation_to_its_copy(client: MinIOClient, tmp_path: Path) -> None:
    jobs = JobManager(client)
    job = jobs.create_job("Capítulo 1: O Início", "Era uma vez...", ssml="<speak>...</speak>", autor="Ana")
    assert jobs.get_job_metadata(job)["status"] == "pending"
    with pytest.raises(FileNotFoundError, match="upload_final_audio first"):
        jobs.generate_download_url(job)
    assert jobs.upload_chunk(job, 1, b"dois") == f"{job}/chunks/chunk-001.wav"
    jobs.upload_chunk(job, 0, b"um")
    jobs.upload_chunk(job, 0, b"um, outra vez")
    jobs.add_chunk(job, 2, f"{job}/chunks/chunk-002.wav", failed=True)
    chunks = jobs.get_job_metadata(job)["chunks"]
    assert (chunks["total"], chunks["completed"], chunks["failed"]) == (3, 2, 1)
    assert [file["index"] for file in chunks["files"]] == [0, 1, 2]
    assert [item["size"] for item in jobs.list_chunks(job)] == [13, 4]
    final = tmp_path / "final.mp3"
    final.write_bytes(b"ID3")
    assert jobs.upload_final_audio(job, final) == f"{job}/final/audiobook.mp3"
    jobs.update_job_metadata(job, {"job_id": "outro"})
    told = jobs.update_job_status(job, "completed", nota="bom")
    assert (told["job_id"], told["status"], told["nota"], told["autor"]) == (job, "completed", "bom", "Ana")
    assert told["completed_at"] >= told["created_at"]
    with urlopen(jobs.generate_download_url(job)) as answer:
        assert answer.read() == b"ID3"
    copy = jobs.copy_to_output(job)
    assert copy.endswith("/Capítulo 1_ O Início.mp3")
    assert client.download_bytes(keys.OUTPUT, copy) == b"ID3"


def test_chunks_that_are_uploaded_at_once_are_all_accounted_for(client: MinIOClient) -> None:
    jobs = JobManager(client)
    job = jobs.create_job("Muitos", "...")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda index: jobs.upload_chunk(job, index, b"RIFF"), range(24)))
    assert jobs.get_job_metadata(job)["chunks"]["completed"] == 24


def test_a_recording_lies_where_the_notifier_looks_for_it(client: MinIOClient) -> None:
    uploader = recordings.get_minio_uploader()
    assert uploader.is_available
    url = uploader.upload_audio(b"ID3", "abc-123", 5, metadata={"caller-name": "José", "nota": "a b"})
    key = f"company_5/voice/{datetime.now(UTC):%Y/%m/%d}/abc-123.mp3"
    assert url
    with urlopen(url) as answer:
        assert answer.read() == b"ID3"
    told = client.get_object_metadata(keys.RECORDINGS, key)["metadata"]
    assert (told["call-uuid"], told["company-id"], told["caller-name"]) == ("abc-123", "5", "Jos%C3%A9")
    for wrong in ({"format": "exe"}, {"audio_data": b""}, {"call_uuid": "../a"}, {"company_id": 0}):
        call = {"audio_data": b"ID3", "call_uuid": "abc", "company_id": 5} | wrong
        with pytest.raises(ValueError, match=r"record|names no call"):
            uploader.upload_audio(**call)


def test_a_server_that_is_away_is_said_to_be_so_and_stops_no_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINIO_ENDPOINT", f"http://127.0.0.1:{unused_tcp_port}")
    monkeypatch.setenv("MINIO_ACCESS_KEY", "ana")
    monkeypatch.setenv("MINIO_SECRET_KEY", "hush-hush-hush")
    recordings.get_minio_uploader.cache_clear()
    uploader = recordings.get_minio_uploader()
    assert not uploader.is_available
    assert uploader.upload_audio(b"ID3", "abc-123", 5) is None
    with pytest.raises(Unavailable) as refused:
        MinIOClient().download_bytes(keys.TEMP, "a")
    assert "hush" not in str(refused.value)


def test_the_example_runs(client: MinIOClient, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    said = capsys.readouterr().out
    assert "chunks completed: 2" in said
    assert "downloaded 140.7 KB" in said


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Capítulo 1: O Início.mp3", "Capítulo 1_ O Início.mp3"),
        ("../../etc/passwd", "_._etc_passwd"),
        ("  . ", "audio"),
        ("", "audio"),
        ("CON.mp3", "_CON.mp3"),
        ("a%2Fb.wav", "a_b.wav"),
        ("é" * 300 + ".mp3", "é" * 98 + ".mp3"),
    ],
)
def test_a_name_is_one_that_every_file_system_takes(name: str, safe: str) -> None:
    assert sanitize_filename(name) == safe


def test_addresses_and_sizes_are_written_as_people_read_them() -> None:
    assert parse_s3_url("s3://a/b/c d") == ("a", "b/c d")
    assert parse_s3_url(get_s3_url("a", "b//c?d#e")) == ("a", "b//c?d#e")
    for wrong in ("http://a/b", "s3://", "a/b", ""):
        with pytest.raises(ValueError, match="s3://bucket/key"):
            parse_s3_url(wrong)
    assert [format_size(size) for size in (0, 1023, 1536, 5 << 30, 1 << 50)] == [
        "0 B", "1023 B", "1.5 KB", "5.0 GB", "1024.0 TB",
    ]  # fmt: skip


async def test_the_services_leave_such_a_job_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DARKCHANNEL_FOLDER", str(tmp_path))
    monkeypatch.delenv("MINIO_ENDPOINT", raising=False)
    monkeypatch.delenv("MINIO_PUBLIC_URL", raising=False)
    final = tmp_path / "final.mp3"
    final.write_bytes(b"ID3")

    def work() -> str:
        with MinIOClient() as client:
            jobs = JobManager(client)
            job = jobs.create_job("Meu", "Era uma vez...", ssml="<speak>Era uma vez.</speak>")
            jobs.upload_chunk(job, 0, b"RIFF")
            # As an eager script names them: exactly as DarkChannel does.
            client.upload_bytes(b"RIFF", keys.JOBS, keys.chunk(job, 0))
            client.upload_bytes(b"<speak>Era uma vez.</speak>", keys.JOBS, keys.segment(job, 0))
            jobs.upload_final_audio(job, final)
            jobs.update_job_status(job, "completed")
            return job

    async with embedded(tmp_path, drops=False) as running:
        job = await asyncio.to_thread(work)
        await running.store.put(keys.JOBS, keys.ask(job, "1"), b"{}")
        before = [(info.key, info.etag) async for info in running.store.list(keys.JOBS, f"{job}/")]
        events = [(stage.queue, key) for key, _ in before for stage in pipeline.stages_for(keys.JOBS, key)]
        assert {queue for queue, _ in events} >= {"darkchannel.speak", "darkchannel.encode", "darkchannel.progress"}
        for queue, key in events:
            running.bus.put(queue, ObjectCreated(keys.JOBS, key).encode())
        async with asyncio.timeout(30):
            while len(settled := _settled(running)) < len(events):  # noqa: ASYNC110  # handlers work
                await asyncio.sleep(0.02)
            while await running.store.head(keys.JOBS, keys.ask(job, "1")):  # noqa: ASYNC110  # the reconciler looks
                await asyncio.sleep(0.02)
        after = [(info.key, info.etag) async for info in running.store.list(keys.JOBS, f"{job}/")]
    assert set(settled) == {"ack"}
    assert after == before


def _settled(running: Embedded) -> list[str]:
    """How each message ended."""
    return [
        sample.labels["settlement"]
        for metric in running.process.metrics.messages.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
        for _ in range(int(sample.value))
    ]
