"""What `make up` says at its end: where the stack answers and where its logins stand."""

import os
import subprocess
from pathlib import Path

import pytest

INFRA = Path(__file__).parents[2] / "infra"


@pytest.fixture
def env(tmp_path: Path) -> Path:
    """The settings of a stack, as they are written the first time."""
    file = tmp_path / ".env"
    subprocess.run([INFRA / "env.sh", file], check=True, capture_output=True, timeout=60)
    return file


def told(env: Path, **environment: str) -> str:
    done = subprocess.run(
        [INFRA / "addresses.sh", env],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert not done.stderr
    return done.stdout


def line(text: str, start: str) -> str:
    [found] = [line for line in text.splitlines() if line.startswith(start)]
    return found


def test_the_console_s_address_and_where_its_login_stands_are_told(env: Path) -> None:
    console = line(told(env), "MinIO console")
    assert " http://localhost:9001 " in console
    assert console.endswith(f"login: MINIO_ROOT_USER and MINIO_ROOT_PASSWORD in {env}")


def test_the_broker_s_address_and_where_its_login_stands_are_told(env: Path) -> None:
    broker = line(told(env), "RabbitMQ")
    assert " http://localhost:15672 " in broker
    assert broker.endswith(f"login: RABBITMQ_USER and RABBITMQ_PASSWORD in {env}")


def test_the_names_that_logins_stand_under_are_there_and_their_values_are_not_told(env: Path) -> None:
    text = told(env)
    values = dict(line.split("=", 1) for line in env.read_text().splitlines() if "=" in line)
    for name in ("MINIO_ROOT_PASSWORD", "RABBITMQ_PASSWORD"):
        assert len(values[name]) >= 32
        assert values[name] not in text


def test_the_port_that_was_set_is_the_one_that_is_told(env: Path) -> None:
    env.write_text(env.read_text().replace("MINIO_CONSOLE_PORT=9001", "MINIO_CONSOLE_PORT=9101"))
    assert " http://localhost:9101 " in told(env)
    assert " http://localhost:9201 " in told(env, MINIO_CONSOLE_PORT="9201")


@pytest.mark.parametrize(
    "written", ['MINIO_CONSOLE_PORT="9101"', "export MINIO_CONSOLE_PORT='9101'", " MINIO_CONSOLE_PORT = 9101 # ours"]
)
def test_a_port_may_be_written_in_every_way_that_compose_reads(env: Path, written: str) -> None:
    env.write_text(env.read_text().replace("MINIO_CONSOLE_PORT=9001", written))
    assert " http://localhost:9101 " in told(env)


def test_a_server_that_is_not_started_here_has_no_address(env: Path) -> None:
    assert "MinIO console" not in told(env, COMPOSE_PROFILES="rabbitmq")
    assert "RabbitMQ" not in told(env, COMPOSE_PROFILES="minio")
