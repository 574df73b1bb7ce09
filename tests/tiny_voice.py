"""Voices of Piper's shape, made by the tests: a model that hums a note for each sound it is given."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from piper.phoneme_ids import DEFAULT_PHONEME_ID_MAP

from darkchannel import keys
from darkchannel.storage.port import ObjectStore

RATE = 22_050
SAMPLES = 700
"""Of each id: with the padding between two of them a sound takes 63 ms."""
SWAY = 0.01
"""By which the pitch of one id differs from that of the next at least: two periods are less alike than one."""
SILENT = "^$ .,;:!?"


def model(*pitches: float, loudness: float = 0.3) -> bytes:
    """An ONNX model that hums at these pitches in hertz, one for each speaker; it heeds none of the scales."""
    ids = 1 + max(id_ for ids in DEFAULT_PHONEME_ID_MAP.values() for id_ in ids)
    loud = loudness * (1 - 0.1 * (np.arange(ids) % 3))
    loud[[DEFAULT_PHONEME_ID_MAP[sign][0] for sign in SILENT]] = 0
    tables = {
        "loud": loud.astype(np.float32),
        "sway": (1 + SWAY * (np.arange(ids) % 7 - 3)).astype(np.float32),
        "steps": np.array(pitches, np.float32) / RATE,
        "first": np.array([0], np.int64),
        "long": np.array([1, 1, SAMPLES], np.int64),
        "row": np.array([1, 1, 1, -1], np.int64),
        "time": np.array(3, np.int64),
        "last": np.array([2], np.int64),
    }
    speakers = ["sid"] if len(pitches) > 1 else []
    nodes = [
        *_each_lasting("loud", "envelope"),
        *_each_lasting("sway", "swaying"),
        helper.make_node("Gather", ["steps", *(speakers or ["first"])], ["step"]),
        helper.make_node("Mul", ["step", "swaying"], ["turning"]),
        helper.make_node("CumSum", ["turning", "time"], ["turns"]),
        *_harmonics(tables),
        helper.make_node("Mul", ["envelope", "hum"], ["output"]),
    ]
    inputs = [
        helper.make_tensor_value_info("input", TensorProto.INT64, [1, "ids"]),
        helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
        *(helper.make_tensor_value_info(name, TensorProto.INT64, [1]) for name in speakers),
    ]
    outputs = [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)]
    constants = [numpy_helper.from_array(table, name) for name, table in tables.items()]
    graph = helper.make_graph(nodes, "hum", inputs, outputs, constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(made.SerializeToString())


def _each_lasting(table: str, output: str) -> list[Any]:
    """What a table says of each id, for as many samples as it lasts."""
    return [
        helper.make_node("Gather", [table, "input"], [f"{table} found"]),
        helper.make_node("Unsqueeze", [f"{table} found", "last"], [f"{table} columns"]),
        helper.make_node("Expand", [f"{table} columns", "long"], [f"{table} lasting"]),
        helper.make_node("Reshape", [f"{table} lasting", "row"], [output]),
    ]


def _harmonics(tables: dict[str, Any]) -> list[Any]:
    """The note itself and two softer ones above it."""
    nodes = []
    for number in (1, 2, 3):
        tables[f"circle{number}"] = np.array(2 * np.pi * number, np.float32)
        tables[f"share{number}"] = np.array(1 / number / 2, np.float32)
        nodes += [
            helper.make_node("Mul", ["turns", f"circle{number}"], [f"angle{number}"]),
            helper.make_node("Sin", [f"angle{number}"], [f"sine{number}"]),
            helper.make_node("Mul", [f"sine{number}", f"share{number}"], [f"note{number}"]),
        ]
    return [*nodes, helper.make_node("Sum", ["note1", "note2", "note3"], ["hum"])]


def config(language: str, espeak: str, /, *, speakers: Sequence[str] = (), **others: Any) -> bytes:
    """The JSON beside a model, as Piper's own voices have it."""
    told = {
        "audio": {"sample_rate": RATE, "quality": "tiny"},
        "espeak": {"voice": espeak},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_type": "espeak",
        "phoneme_id_map": DEFAULT_PHONEME_ID_MAP,
        "num_symbols": 256,
        "num_speakers": max(1, len(speakers)),
        "speaker_id_map": {name: number for number, name in enumerate(speakers)},
        "language": {"code": language},
    }
    return json.dumps(told | others).encode()


PORTUGUESE = config("pt_BR", "pt-br")
ENGLISH = config("en_US", "en-us")


async def put(store: ObjectStore, name: str, body: bytes, described: bytes) -> None:
    """A voice where the synthesizers find it."""
    for key, content in files(name, body, described).items():
        await store.put(keys.REFS, f"models/piper/{key}", content)


def lay(folder: Path, name: str, body: bytes, described: bytes) -> Path:
    """A voice as two files; the path of its model."""
    for key, content in files(name, body, described).items():
        (folder / key).write_bytes(content)
    return folder / f"{name}.onnx"


def files(name: str, body: bytes, described: bytes) -> Mapping[str, bytes]:
    return {f"{name}.onnx": body, f"{name}.onnx.json": described}
