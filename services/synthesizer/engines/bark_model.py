"""Where Bark's model lies, and what can be told of it without loading it."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from darkchannel.runtime.engines import NotSetUp

CONFIGURATION = "config.json"
PRESETS = "speaker_embeddings_path.json"
"""Names the voices of a model, and the files of each."""
PRESET = re.compile(r"v2/([a-z]{2})_speaker_\d+")
WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
ELSEWHERE = "set BARK_MODEL to a folder that holds one"
_TOLD_BYTES = 1 << 20
"""Of a file of weights, its end: other weights differ there, too."""


@dataclass(frozen=True, slots=True)
class Model:
    folder: Path
    presets: tuple[str, ...]
    """The names of its voices, such as ``v2/pt_speaker_3``, in its own order."""
    revision: str
    """Changes with its weights and with the library that runs it."""


def find(name: str) -> Model:
    """The model in a folder, or of this name in the cache of Hugging Face. Nothing is fetched, no library loaded.

    Raises NotSetUp, with what to do, where there is none or it is none of Bark, or what runs it is not installed.
    """
    for module in ("torch", "transformers"):
        if not find_spec(module):
            advice = "pip install 'darkchannel[synthesizer-bark]', or IMAGE_LOCK=bark for the image"
            raise NotSetUp(f"Bark lacks {module}: {advice}")
    folder = _folder(name)
    kind = _json(folder / CONFIGURATION).get("model_type")
    if kind != "bark":
        raise NotSetUp(f"{folder} holds no model of Bark: its {CONFIGURATION} names the kind {kind!r}; {ELSEWHERE}")
    if not any(_weights(folder)):
        raise NotSetUp(f"the model in {folder} has no weights: fetch it again, or {ELSEWHERE}")
    presets = tuple(preset for preset in _json(folder / PRESETS) if PRESET.fullmatch(preset))
    if not presets:
        raise NotSetUp(f"the model in {folder} has no voices in its {PRESETS}: fetch it again, or {ELSEWHERE}")
    try:
        fingerprint = _fingerprint(folder)
    except OSError as error:
        raise NotSetUp(f"the model in {folder} cannot be read: {error}; or {ELSEWHERE}") from error
    return Model(folder, presets, f"{version('transformers')} {fingerprint}")


def _folder(name: str) -> Path:
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder.resolve()
    if not re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", name):
        raise NotSetUp(f"there is no folder {name}, which BARK_MODEL names: {ELSEWHERE}, or to a name like suno/bark")
    # Imported here: it comes with transformers, and takes its time.
    from huggingface_hub import snapshot_download  # noqa: PLC0415
    from huggingface_hub.errors import LocalEntryNotFoundError  # noqa: PLC0415

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except LocalEntryNotFoundError as error:
        raise NotSetUp(
            f"the model {name} is not on this machine: hf download {name} --exclude '*.pt' fetches it, some 5 GB;"
            f" or {ELSEWHERE}"
        ) from error


def _json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise NotSetUp(f"{file} cannot be read: {error}; fetch the model again, or {ELSEWHERE}") from error
    return found if isinstance(found, dict) else {}


def _weights(folder: Path) -> Iterator[Path]:
    for pattern in WEIGHTS:
        yield from sorted(folder.glob(pattern))


def _fingerprint(folder: Path) -> str:
    told = hashlib.sha256()
    for file in (*sorted(folder.glob("*.json")), *_weights(folder)):
        with file.open("rb") as opened:
            size = opened.seek(0, 2)
            opened.seek(max(0, size - _TOLD_BYTES))
            told.update(f"{file.name} {size} ".encode() + opened.read())
    return told.hexdigest()[:16]
