"""The stack that compose starts, read as text: how containers are bounded, what is open, where secrets come from."""

import base64
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from darkchannel import pipeline
from darkchannel.cli.setup import SetupSettings
from darkchannel.storage.recordings import RecordingsSettings
from services.handoff_notifier.settings import NotifierSettings
from services.synthesizer.cache import CacheSettings
from services.synthesizer.engines.bark import BarkSettings
from services.synthesizer.engines.gtts import GttsSettings
from services.synthesizer.engines.openai_settings import OpenAISettings
from services.synthesizer.engines.openvoice_settings import OpenVoiceSettings
from services.synthesizer.engines.piper import PiperSettings
from services.synthesizer.settings import SynthesizerSettings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
CONTAINERS: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
SERVICES = sorted(pipeline.SERVICES)
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN")
OPTIONAL = {
    "VOICE_AI_SERVICE_TOKEN",
    "OMNIPLAY_WEBHOOK_SECRET",
    "WEBHOOK_SECRETS",
    "RECORDINGS_SECRET_KEY",
    "DARKCHANNEL_WEBHOOK_SECRET",
}
"""Passed on where they are set: a stack that tells nobody has none, and the last only names one."""


def test_every_service_of_the_pipeline_is_a_container_of_its_own() -> None:
    ours = {name: container["command"] for name, container in CONTAINERS.items() if name in SERVICES}
    assert ours == {name: ["serve", name] for name in SERVICES}
    assert set(CONTAINERS) == {*SERVICES, "setup", "minio", "rabbitmq"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_a_health_check_a_policy_of_restarts_and_a_read_only_root(name: str) -> None:
    container = CONTAINERS[name]
    assert "/readyz" in container["healthcheck"]["test"][-1]
    assert container["restart"] == "unless-stopped"
    assert container["read_only"] is True


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_is_bounded_and_may_gain_nothing(name: str) -> None:
    container = CONTAINERS[name]
    assert re.fullmatch(r"\d+[mg]|\$\{[A-Z_]+:-\d+[mg]\}", container["mem_limit"])
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in container
    assert {"max-size", "max-file"} <= set(container["logging"]["options"])


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_be_scaled(name: str) -> None:
    assert not {"ports", "container_name", "hostname", "network_mode"} & set(CONTAINERS[name])


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_longer_to_drain_than_it_takes(name: str) -> None:
    [drain] = re.findall(r"\$\{DRAIN_SECONDS:-(\d+)\}", CONTAINERS[name]["environment"]["DRAIN_SECONDS"])
    assert int(CONTAINERS[name]["stop_grace_period"].removesuffix("s")) > int(drain)


def test_every_open_port_is_bound_to_loopback_and_can_be_set() -> None:
    ports = [port for container in CONTAINERS.values() for port in container.get("ports", ())]
    assert ports
    assert [port for port in ports if not re.fullmatch(r"127\.0\.0\.1:\$\{[A-Z_]+:-\d+\}:\d+", str(port))] == []


def test_compose_refuses_to_start_without_any_of_its_secrets() -> None:
    lenient = [name for name in re.findall(r"\$\{([A-Z_]+)(?!:\?|[A-Z_])", TEXT) if SECRET.search(name)]
    assert lenient == []


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_secret_never_stands_in_the_file_itself(name: str) -> None:
    environment = CONTAINERS[name].get("environment", {})
    values = {key: value for key, value in environment.items() if SECRET.search(key)}
    assert {key for key, value in values.items() if value is None} <= OPTIONAL
    for value in filter(None, values.values()):
        assert re.fullmatch(r"\$\{[A-Z_]+:\?[^}]+\}", value)


def test_setup_is_given_every_secret_it_asks_for() -> None:
    asked = {name.upper() for name, field in SetupSettings.model_fields.items() if field.is_required()}
    assert asked <= set(CONTAINERS["setup"]["environment"])


@pytest.mark.parametrize(
    ("service", "settings"),
    [
        ("handoff-notifier", NotifierSettings),
        ("handoff-notifier", RecordingsSettings),
        ("reconciler", RecordingsSettings),
        ("synthesizer", SynthesizerSettings),
        ("synthesizer", CacheSettings),
        ("synthesizer", PiperSettings),
        ("synthesizer", OpenAISettings),
        ("synthesizer", OpenVoiceSettings),
        ("synthesizer", BarkSettings),
        ("synthesizer", GttsSettings),
    ],
)
def test_a_service_is_given_every_setting_it_reads(service: str, settings: type[BaseSettings]) -> None:
    assert {name.upper() for name in settings.model_fields} <= set(CONTAINERS[service]["environment"])


def test_the_image_is_built_of_a_lock_that_is_there() -> None:
    [lock] = re.findall(r"\$\{IMAGE_LOCK:-(\w+)\}", CONTAINERS["setup"]["build"]["args"]["LOCK"])
    assert {lock, "bark"} <= {path.stem for path in (ROOT / "infra" / "locks").glob("*.txt")}
    assert f"ARG LOCK={lock}\n" in (ROOT / "infra" / "docker" / "Dockerfile").read_text(encoding="utf-8")


def test_env_sh_writes_a_secret_that_webhooks_can_be_signed_with(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    subprocess.run(["sh", ROOT / "infra" / "env.sh", env], check=True, capture_output=True, timeout=60)
    [secret] = NotifierSettings(_env_file=env).webhook_secrets["default"]
    assert len(base64.b64decode(secret.get_secret_value().removeprefix("whsec_"), validate=True)) >= 24


def test_env_sh_writes_every_name_that_compose_refuses_to_start_without(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    subprocess.run(["sh", ROOT / "infra" / "env.sh", env], check=True, capture_output=True, timeout=60)
    written = dict(line.split("=", 1) for line in env.read_text().splitlines() if "=" in line)
    required = set(re.findall(r"\$\{([A-Z_]+):\?", TEXT))
    assert required
    assert required <= {name for name, value in written.items() if value}


@pytest.mark.parametrize("file", ["infra/docker/Dockerfile", "infra/minio/Dockerfile"])
def test_an_image_does_not_run_as_root(file: str) -> None:
    last_stage = re.split(r"^FROM ", (ROOT / file).read_text(encoding="utf-8"), flags=re.MULTILINE)[-1]
    users = re.findall(r"^USER (\S+)$", last_stage, re.MULTILINE)
    assert users
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1])


def test_the_bundled_servers_have_a_health_check_and_are_restarted() -> None:
    assert "HEALTHCHECK" in (ROOT / "infra" / "minio" / "Dockerfile").read_text(encoding="utf-8")
    assert CONTAINERS["rabbitmq"]["healthcheck"]["test"]
    assert {CONTAINERS[name]["restart"] for name in ("minio", "rabbitmq")} == {"unless-stopped"}


def test_the_bundled_servers_can_be_left_out() -> None:
    assert {name: container["profiles"] for name, container in CONTAINERS.items() if "profiles" in container} == {
        "minio": ["minio"],
        "rabbitmq": ["rabbitmq"],
    }
    assert not any(needed["required"] for needed in CONTAINERS["setup"]["depends_on"].values())
