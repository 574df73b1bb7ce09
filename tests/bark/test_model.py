"""What is told of a model without loading it."""

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="Bark's tests run in an environment of their own: make test-bark")

from huggingface_hub import constants

from darkchannel.errors import Unavailable
from darkchannel.runtime.engines import NotSetUp
from services.synthesizer.engines.bark_model import find
from tests.bark.model import PRESETS


def test_a_folder_with_a_model_tells_its_voices(folder: Path) -> None:
    found = find(str(folder))
    assert found.folder == folder
    assert found.presets == PRESETS


@pytest.mark.parametrize("name", ["/nowhere/bark", "nowhere", "../bark", "http://hub.example/suno/bark", "a/b/c", ""])
def test_a_path_that_is_no_folder_is_told_with_what_to_do(name: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"there is no folder .*: set BARK_MODEL to a folder that holds one, or"):
        find(name or str(tmp_path / "nothing"))


def test_a_file_is_no_folder(folder: Path) -> None:
    with pytest.raises(Unavailable, match="there is no folder"):
        find(str(folder / "config.json"))


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        (
            "config.json",
            None,
            r"config.json cannot be read: .*No such file.*; fetch the model again, or set B",
        ),
        ("config.json", "{", "config.json cannot be read"),
        ("config.json", '{"model_type": "vits"}', "holds no model of Bark: its config.json names the kind 'vits'; set"),
        ("config.json", "[1]", "names the kind None"),
        ("model.safetensors", None, "has no weights: fetch it again, or set BARK_MODEL"),
        ("speaker_embeddings_path.json", None, "speaker_embeddings_path.json cannot be read"),
        ("speaker_embeddings_path.json", '{"announcer": {}}', "has no voices in its speaker_embeddings_path.json"),
    ],
)
def test_a_folder_with_no_model_or_half_of_one_is_told_with_what_to_do(
    folder: Path, tmp_path: Path, file: str, content: str | None, reason: str
) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / file).unlink()
    if content is not None:
        (copy / file).write_text(content)
    with pytest.raises(Unavailable, match=reason):
        find(str(copy))


def test_a_model_of_which_a_file_cannot_be_read_is_told_with_what_to_do(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "model.safetensors").unlink()
    (copy / "model.safetensors").mkdir()
    with pytest.raises(NotSetUp, match=r"cannot be read: .*model.safetensors.*; or set BARK_MODEL"):
        find(str(copy))


def test_a_name_is_looked_up_in_the_cache_of_the_hub_and_nowhere_else(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(Unavailable, match=r"noa/babble is not on this machine: hf download noa/babble .* fetches it"):
        find("noa/babble")
    cached = tmp_path / "models--noa--babble"
    revision = "5" * 40
    shutil.copytree(folder, cached / "snapshots" / revision)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(revision)
    assert find("noa/babble").presets == PRESETS


def test_a_revision_is_the_same_wherever_the_model_lies_and_another_with_other_weights(
    folder: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    assert find(str(copy)).revision == find(str(folder)).revision
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\1\2\3\4")
    after = find(str(copy)).revision
    assert after != find(str(folder)).revision
    settings = copy / "generation_config.json"
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "codebook_size": 1_000}))
    assert find(str(copy)).revision not in (after, find(str(folder)).revision)
