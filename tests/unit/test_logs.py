"""What a log line holds, and what it never holds."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.contextvars import bound_contextvars

from darkchannel.messaging.memory import MemoryBus
from darkchannel.runtime import logs
from darkchannel.runtime.service import Context, utc_now
from darkchannel.runtime.settings import Settings
from darkchannel.runtime.waiting import Stop
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.memory import MemoryStore
from services.handoff_notifier import SERVICE

SECRET = 'p"á/ss%wörd'


async def nothing(*_: Any, **__: Any) -> Any:
    raise AssertionError("nothing is computed here")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def settings(**values: object) -> Settings:
    return Settings.model_validate(
        {"minio_secret_key": SECRET, "rabbitmq_url": "amqp://dark:rabbit%2Fpass@mq:5672/"} | values
    )


def test_a_line_of_a_service_is_json_with_its_job_and_stage() -> None:
    stream = io.StringIO()
    logs.configure(settings(), stream=stream)
    with bound_contextvars(job="j1", stage="speak", service="synthesizer"):
        structlog.get_logger("darkchannel").info("spoken", seconds=1.5)
    line = json.loads(stream.getvalue())
    assert line.pop("timestamp")
    assert line == {
        "event": "spoken",
        "level": "info",
        "logger": "darkchannel",
        "job": "j1",
        "stage": "speak",
        "service": "synthesizer",
        "seconds": 1.5,
    }


def test_a_library_s_line_is_json_too() -> None:
    stream = io.StringIO()
    logs.configure(settings(), stream=stream)
    logging.getLogger("some.library").warning("retrying %s", "soon")
    assert json.loads(stream.getvalue())["event"] == "retrying soon"


def test_a_trace_stays_in_its_line() -> None:
    stream = io.StringIO()
    logs.configure(settings(), stream=stream)
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        structlog.get_logger("x").exception("failed")
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["exception"][0]["exc_value"] == "boom"


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_secret_reaches_a_log_line(log_format: str) -> None:
    stream = io.StringIO()
    logs.configure(settings(log_format=log_format), stream=stream)
    log = structlog.get_logger("x")
    log.info(f"key is {SECRET}", key=SECRET, url="amqp://dark:rabbit%2Fpass@mq", inner={"deep": [SECRET]})
    try:
        raise RuntimeError(f"refused {SECRET} and rabbit/pass")
    except RuntimeError:
        log.exception("failed")
    logging.getLogger("some.library").warning("connecting with %s", SECRET)
    text = stream.getvalue()
    for secret in (SECRET, json.dumps(SECRET)[1:-1], "rabbit%2Fpass", "rabbit/pass"):
        assert secret not in text
    assert logs.HIDDEN in text


@pytest.mark.parametrize("log_format", ["json", "console"])
async def test_no_secret_of_a_service_s_own_settings_reaches_a_log_line(
    log_format: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    said = {
        "VOICE_AI_SERVICE_TOKEN": "ficha-de-servico",
        "OMNIPLAY_WEBHOOK_SECRET": "whsec_bm92bw== whsec_dmVsaG8=",
        "WEBHOOK_SECRETS": "crm=whsec_Y3JtMQ== whsec_Y3JtMg==, default=palavra",
        "RECORDINGS_ENDPOINT": "https://storage.example",
        "RECORDINGS_ACCESS_KEY": "ouvinte",
        "RECORDINGS_SECRET_KEY": "chave-das-chamadas",
    }
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    stream = io.StringIO()
    logs.configure(settings(log_format=log_format), stream=stream)
    store = MemoryStore()
    context = Context(
        store=store, jobs=Jobs(store, utc_now), bus=MemoryBus(), clock=utc_now, compute=nothing, stop=Stop()
    )
    parts = await SERVICE.build(context)
    await parts.close()
    for value in said.values():
        structlog.get_logger("x").warning("refused", what=value, each=value.replace(" ", "\n"))
    secrets = ["ficha", "bm92bw", "dmVsaG8", "Y3JtMQ", "Y3JtMg", "palavra", "chave"]
    assert [secret for secret in secrets if secret in stream.getvalue()] == []
    assert "ouvinte" in stream.getvalue()


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_trace_holds_no_local_variables(log_format: str) -> None:
    """They are shown cut short, and half a secret does not read as one."""
    stream = io.StringIO()
    logs.configure(settings(log_format=log_format), stream=stream)

    def connect() -> None:
        address = f"amqp://{'long' * 20}:{SECRET}@mq"
        raise RuntimeError(f"refused after {len(address)} characters")

    try:
        connect()
    except RuntimeError:
        structlog.get_logger("x").exception("failed")
    assert "refused after" in stream.getvalue()
    assert "longlong" not in stream.getvalue()


def test_a_level_hides_what_lies_below() -> None:
    stream = io.StringIO()
    logs.configure(settings(log_level="WARNING"), stream=stream)
    structlog.get_logger("x").info("quiet")
    structlog.get_logger("x").warning("loud")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["loud"]
