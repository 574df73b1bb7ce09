"""The real stack, as a user starts it: a document dropped with a foreign client becomes an audiobook.

The tests share one stack and run in the order they stand here; the last one stops it.
"""

import io
import json
import os
import re
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
from botocore.exceptions import ClientError

from darkchannel import keys, pipeline
from darkchannel.jobs.recordings import Call
from darkchannel.jobs.records import Manifest
from darkchannel.storage.policies import OPERATOR, user_of
from tests.e2e.stack import REPLICAS, ROOT, Stack, stack
from tests.recordings import clip
from tests.servers import docker_problem

pytestmark = pytest.mark.docker

PARAGRAPHS = 120
HANDOFF = "/api/tickets/realtime-handoff"
CALL = Call(5, "2026/01/15", "7f3c9a52")
RATE = 22_050
METRICS = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080/metrics', timeout=5).read().decode())"


def text(title: str) -> bytes:
    body = "\n\n".join(
        f"Na noite {number}, o faroleiro de {title} subiu os degraus um por um, acendeu a lanterna e olhou o mar. "
        f"Contou {number} barcos no horizonte, anotou a conta no caderno e esperou que a manhã viesse devagar."
        for number in range(1, PARAGRAPHS + 1)
    )
    return body.encode()


def drop(running: Stack, key: str, **metadata: str) -> str:
    """Put a document into the inbox and return its job."""
    put = running.s3(OPERATOR).put_object(Bucket=keys.INBOX, Key=key, Body=text(Path(key).stem), Metadata=metadata)
    return keys.job_id(keys.INBOX, key, put["VersionId"])


def wait_for(s3: Any, key: str, seconds: int = 180) -> None:
    s3.get_waiter("object_exists").wait(Bucket=keys.JOBS, Key=key, WaiterConfig={"Delay": 1, "MaxAttempts": seconds})


def listed(s3: Any, bucket: str, prefix: str = "") -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", ())]


def spoken_seconds(s3: Any, job: str) -> float:
    """How long the chunks of a job are together."""
    total = 0.0
    for key in listed(s3, keys.JOBS, f"{job}/chunks/"):
        body = s3.get_object(Bucket=keys.JOBS, Key=key)["Body"].read()
        with wave.open(io.BytesIO(body)) as chunk:
            total += chunk.getnframes() / chunk.getframerate()
    return total


def decoded_seconds(audio: bytes) -> float:
    """How long ffmpeg says an audio file is when it decodes all of it."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "-", "-f", "s16le", "-ac", "1"]
    done = subprocess.run([*command, "-ar", str(RATE), "-"], input=audio, capture_output=True, check=True, timeout=120)
    assert not done.stderr
    return len(done.stdout) / 2 / RATE


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    assert docker_problem() is None
    with stack(tmp_path_factory.mktemp("stack")) as started:
        yield started


@pytest.fixture(scope="module")
def job(running: Stack) -> str:
    """A finished job of an OmniPlay company, with a webhook."""
    options = {"company-id": "7", "title": "O farol", "author": "Ana Lima", "webhook-url": running.hook}
    job = drop(running, "contos/farol.txt", **options)
    wait_for(running.s3(OPERATOR), keys.run_event(job, 1, "closed"))
    return job


def test_compose_refuses_to_start_without_secrets(tmp_path: Path) -> None:
    empty = tmp_path / "empty.env"
    empty.touch()

    done = subprocess.run(
        ["docker", "compose", "--env-file", empty, "config"], cwd=ROOT, capture_output=True, text=True, check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith(("MINIO_", "RABBITMQ_"))},
    )  # fmt: skip

    assert done.returncode != 0
    assert "infra/env.sh" in done.stderr


def test_a_dropped_document_is_found_in_the_output_as_long_as_what_was_spoken(running: Stack, job: str) -> None:
    s3 = running.s3(OPERATOR)

    [found] = [key for key in listed(s3, keys.OUTPUT) if key.endswith("/farol.mp3")]
    audio = s3.get_object(Bucket=keys.OUTPUT, Key=found)["Body"].read()

    [build] = [key for key in listed(s3, keys.JOBS) if keys.parse_manifest(key) and key.startswith(job)]
    manifest = Manifest.model_validate_json(s3.get_object(Bucket=keys.JOBS, Key=build)["Body"].read())
    assert decoded_seconds(audio) == pytest.approx(manifest.seconds, abs=0.05)
    assert 0.7 < manifest.seconds / spoken_seconds(s3, job) < 1.5
    assert listed(s3, keys.INBOX) == []


def test_omniplay_hears_of_it_with_a_signature(running: Stack, job: str) -> None:
    [post] = running.omniplay.wait_for(HANDOFF, 1, seconds=60)
    assert post["headers"]["X-Company-Id"] == "7"
    assert post["headers"]["Authorization"] == "Bearer token-of-the-tests"
    assert job in str(post["body"])
    assert {"webhook-id", "webhook-signature"} <= {name.lower() for name in post["headers"]}


def test_its_webhook_hears_of_it_from_its_beginning_to_its_end(running: Stack, job: str) -> None:
    told = [post["body"] for post in running.omniplay.wait_for("/hook", 3, seconds=60)]
    told.sort(key=lambda event: event["metadata"]["sequence"])

    events = [event["event_type"] for event in told]
    assert [event for event in events if event != "task.progress"] == ["task.created", "task.started", "task.completed"]
    assert {event["task_id"] for event in told} == {job}
    assert told[-1]["data"]["output_data"]["audio_url"].startswith("http://")


def test_a_recording_is_handed_off_with_the_transcript_that_came_first(running: Stack) -> None:
    s3 = running.s3(running.administrator)
    said = json.dumps([{"role": "user", "text": "Bom dia.", "timestamp": 400}])
    s3.put_object(Bucket=keys.RECORDINGS, Key=CALL.transcript("json"), Body=said)
    s3.put_object(
        Bucket=keys.RECORDINGS, Key=CALL.recording("wav"), Body=clip(), Metadata={"caller-id": "11 98765-4321"}
    )

    *_, post = running.omniplay.wait_for(HANDOFF, 2, seconds=60)
    told = post["body"]
    assert (told["call_uuid"], told["caller_id"]) == ("7f3c9a52", "5511987654321")
    assert [turn["text"] for turn in told["transcript"]] == ["Bom dia."]
    assert told["duration_seconds"] == 2


def test_each_of_three_synthesizers_spoke_some_of_it(running: Stack, job: str) -> None:
    replicas = running.containers("synthesizer")
    spoken = [
        sum(map(float, re.findall(r'^darkchannel_messages_total\{.*stage="speak".*\} (\S+)$', text, re.MULTILINE)))
        for replica in replicas
        if (text := subprocess.run(
            ["docker", "exec", replica, "python", "-c", METRICS], capture_output=True, text=True, check=True, timeout=30
        ).stdout)
    ]  # fmt: skip

    assert len(spoken) == REPLICAS
    assert all(count > 0 for count in spoken), spoken


@pytest.mark.parametrize("service", pipeline.SERVICES)
def test_a_service_s_user_is_refused_what_the_table_does_not_grant(running: Stack, service: str) -> None:
    s3 = running.s3(user_of(service))
    granted = {grant.bucket for grant in pipeline.grants_of(service) if "w" in grant.actions}

    s3.list_objects_v2(Bucket=keys.JOBS, MaxKeys=1)  # the user is known, so that a refusal is the policy's
    for bucket in set(keys.BUCKETS) - granted:
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.put_object(Bucket=bucket, Key="2026-01-01/not-mine", Body=b"x")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=keys.JOBS, Key="not-mine", Body=b"x")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_bucket(Bucket=keys.JOBS)


def test_stopping_in_mid_book_drains_cleanly_and_the_next_start_finishes_it(running: Stack, job: str) -> None:
    s3 = running.s3(OPERATOR)
    second = drop(running, "segundo.txt")
    wait_for(s3, keys.chunk(second, 0))

    running.compose("stop", timeout=180)

    states = subprocess.run(
        ["docker", "inspect", "--format", "{{.Name}} {{.State.ExitCode}} {{.State.OOMKilled}}",
         *running.containers(*pipeline.SERVICES)],
        capture_output=True, text=True, check=True, timeout=30,
    ).stdout.splitlines()  # fmt: skip
    assert len(states) == len(pipeline.SERVICES) + REPLICAS - 1
    assert [state for state in states if not state.endswith(" 0 false")] == []

    running.up()
    wait_for(s3, keys.run_event(second, 1, "closed"))
    assert any(key.endswith("/segundo.mp3") for key in listed(s3, keys.OUTPUT))
    told = [post["body"]["call_uuid"] for post in running.omniplay.wait_for(HANDOFF, 2, seconds=60)]
    assert sorted(told) == sorted([job, CALL.call]), "the second has no company, and the first is announced once"
