"""The guide to engines: its commands run, its settings are the code's, its example of an engine narrates a book."""

import json
import re
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings

from darkchannel import keys
from darkchannel.audio import wav
from darkchannel.cli.app import run
from darkchannel.cli.exits import Code
from darkchannel.jobs.choice import Choice
from darkchannel.runtime.engines import AUTO, installed
from services.synthesizer.cache import CacheSettings
from services.synthesizer.engines.bark import BarkSettings
from services.synthesizer.engines.gtts import GttsSettings
from services.synthesizer.engines.openai_settings import OpenAISettings
from services.synthesizer.engines.openvoice_settings import OpenVoiceSettings
from services.synthesizer.engines.piper import PiperSettings
from services.synthesizer.selection import LAST, ON_REQUEST, USUAL
from services.synthesizer.settings import SynthesizerSettings
from tests.tiny_voice import PORTUGUESE, lay, model

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "engines.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
SETTINGS: tuple[type[BaseSettings], ...] = (
    SynthesizerSettings,
    CacheSettings,
    PiperSettings,
    OpenAISettings,
    OpenVoiceSettings,
    BarkSettings,
    GttsSettings,
)
FIELDS = {name.upper(): (kind, name) for kind in SETTINGS for name in kind.model_fields}
FETCHES = "darkchannel voices install"
"""Needs a network, or a file: tests/unit/test_cli_installing.py has both."""

PROGRAM = """\
import math, struct, sys, wave

text = sys.stdin.buffer.read().decode()
with wave.open(sys.stdout.buffer, "wb") as file:
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(8_000)
    file.writeframes(b"".join(struct.pack("<h", round(9_000 * math.sin(at / 8))) for at in range(560 * len(text))))
"""
"""Hums, for as long as the words would take."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


def commands() -> list[str]:
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith("darkchannel ") and not line.startswith(FETCHES)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("MINIO_ENDPOINT", "MINIO_PUBLIC_URL", *FIELDS):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTPS_PROXY", "https_proxy"):  # gTTS asks nobody
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("DARKCHANNEL_FOLDER", str(tmp_path / "data"))
    monkeypatch.setenv("PIPER_PROCESSES", "1")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    Path("conto.txt").write_text("Bom dia, vizinha.", encoding="utf-8")
    Path("saudacoes.txt").write_text("Bom dia.\nAté logo.\n", encoding="utf-8")
    return tmp_path


def chunks(root: Path) -> list[wav.ChunkRecord]:
    found = [wav.read_record(path.read_bytes()) for path in sorted(root.glob(f"data/{keys.JOBS}/*/chunks/*.wav"))]
    return [record for record in found if record]


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_guide_runs(line: str, folder: Path) -> None:
    models = folder / "data" / keys.REFS / keys.MODELS / "piper"
    models.mkdir(parents=True)
    lay(models, "pt_BR-faber-medium", model(110), PORTUGUESE)
    assert run(shlex.split(line, comments=True)[1:]) == Code.OK


@pytest.mark.parametrize("name", FIELDS)
def test_a_setting_of_an_engine_stands_in_the_guide_and_in_the_example_of_env(name: str) -> None:
    assert re.search(rf"^\| `{name}` \|", GUIDE, re.MULTILINE)
    assert re.search(rf"^#{name}=", EXAMPLE, re.MULTILINE)


def told_settings() -> dict[str, str]:
    table = GUIDE.partition("<!-- settings -->")[2].partition("<!-- /settings -->")[0]
    return dict(re.findall(r"^\| `([A-Z_]+)` \| (?:`(.*?)`)? ?\|", table, re.MULTILINE))


def test_the_guide_tells_of_no_setting_that_is_none() -> None:
    assert set(told_settings()) == set(FIELDS)


def value_of(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    kind, field = FIELDS[name]
    monkeypatch.setenv(name, value)
    return getattr(kind(_env_file=None), field)


@pytest.mark.parametrize("name", FIELDS)
def test_a_default_in_the_guide_is_that_of_the_code(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, field = FIELDS[name]
    monkeypatch.delenv(name, raising=False)
    default = kind.model_fields[field].default
    told = told_settings()[name]
    if told:
        assert value_of(name, told, monkeypatch) == default
    else:
        assert not (default.get_secret_value() if isinstance(default, SecretStr) else default)


def examples() -> list[tuple[str, str]]:
    """Settings as the guide and the example of ``.env`` would have people write them."""
    written = [line for block in (*blocks("sh"), EXAMPLE) for line in block.splitlines()]
    found = (re.fullmatch(r"#?([A-Z_]+)=(.+)", line) for line in written)
    return sorted({(match[1], match[2]) for match in found if match and match[1] in FIELDS})


@pytest.mark.parametrize(("name", "value"), examples())
def test_an_example_of_a_setting_is_taken(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        value_of(name, value, monkeypatch)
    except ValidationError as error:
        pytest.fail(str(error))


def test_every_engine_that_is_installed_can_be_chosen_by_the_guide() -> None:
    rows = re.findall(r"^\| `(\w+)`[^|]* \|(?: [^|]+ \|){5}$", GUIDE, re.MULTILINE)
    assert set(rows) == {"espeak", "piper", "openai", "openvoice", "bark", "gtts"} == set(installed()) & set(rows)


def test_the_order_of_auto_in_the_guide_and_in_the_example_is_that_of_the_code() -> None:
    assert f"`{','.join(USUAL)}`, then engines that others registered, then `{LAST}`" in GUIDE
    assert f"#ENGINES={','.join((*USUAL, LAST))}\n" in EXAMPLE
    assert all(f"`{name}` only where `ENGINES` or the job names it" in GUIDE for name in ON_REQUEST)


def test_the_example_of_a_choice_is_one() -> None:
    (example,) = map(json.loads, blocks("json"))
    assert Choice.model_validate(example).model_dump(mode="json") == example


@pytest.mark.parametrize("block", blocks("yaml"))
def test_a_server_beside_the_stack_changes_no_service_but_the_synthesizer(block: str) -> None:
    stack = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    services = yaml.safe_load(block)["services"]
    assert set(services) & set(stack["services"]) <= {"synthesizer"}
    assert all("image" in service for name, service in services.items() if name != "synthesizer")


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine of the guide, as its package would bring it."""
    (code,) = blocks("python")
    name = re.match(r"# (\w+)\.py\n", code)
    package = tomllib.loads(blocks("toml")[0])["project"]
    assert name
    packages = folder / "packages"
    told = packages / f"{package['name'].replace('-', '_')}-{package['version']}.dist-info"
    told.mkdir(parents=True)
    (packages / f"{name[1]}.py").write_text(code, encoding="utf-8")
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package['name']}\nVersion: {package['version']}\n")
    groups = package["entry-points"].items()
    lines = [f"[{group}]\n" + "".join(f"{key} = {at}\n" for key, at in points.items()) for group, points in groups]
    (told / "entry_points.txt").write_text("".join(lines))
    monkeypatch.syspath_prepend(packages)
    monkeypatch.delitem(sys.modules, name[1], raising=False)
    monkeypatch.setenv("PROGRAM_COMMAND", shlex.join([sys.executable, "-ISc", PROGRAM]))


def test_the_engine_of_the_guide_narrates_what_is_left_to_auto(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(folder, monkeypatch)
    assert run(["narrate", "conto.txt", "--engine", AUTO, "--voice", "program"]) == Code.OK
    assert [(record.engine, record.voice) for record in chunks(folder)] == [("program", "program")]


def test_the_engine_of_the_guide_says_what_it_lacks(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(folder, monkeypatch)
    monkeypatch.delenv("PROGRAM_COMMAND")
    assert run(["voices", "--engine", "program"]) == Code.OK
    assert "program cannot speak now: set PROGRAM_COMMAND to a program" in capsys.readouterr().err


@pytest.mark.parametrize(("script", "reason"), [("print('<html>')", "bytes of HTML"), ("", "nothing at all")])
def test_the_engine_of_the_guide_tells_of_a_program_that_writes_no_speech(
    script: str, reason: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(folder, monkeypatch)
    monkeypatch.setenv("PROGRAM_COMMAND", shlex.join([sys.executable, "-c", script]))
    assert run(["voices", "--sample", "program"]) == Code.FAILED
    assert reason in capsys.readouterr().err
    assert not Path("program.wav").exists()
