"""Models of Bark with random weights, which babble: tiny ones that load in a moment, and one of the full size."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import BarkConfig, BarkModel, BertTokenizer, GenerationConfig

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZáâãàéêíóôõúçÁÉ0123456789.,;:!?—-…'\"()"
PRESETS = ("v2/en_speaker_0", "v2/pt_speaker_0", "v2/pt_speaker_1")
SECONDS = 15
"""The most that a model speaks at once."""


@dataclass(frozen=True, slots=True)
class Size:
    part: dict[str, int]
    """Of each of the three transformers."""
    codec: dict[str, Any]
    tokens_a_second: float
    frames_a_second: float
    fine: dict[str, Any] = field(default_factory=dict)
    """How the last of them works."""


TINY = Size(
    part={"num_layers": 1, "num_heads": 2, "hidden_size": 16, "block_size": 1024},
    codec={
        "num_filters": 2,
        "hidden_size": 16,
        "codebook_dim": 16,
        "upsampling_ratios": [8, 8, 5, 5, 4],
        "target_bandwidths": [0.4],
    },
    tokens_a_second=2.5,
    frames_a_second=3.75,
    fine={"temperature": 1.0, "max_fine_input_length": 64, "max_fine_history_length": 32},
)
"""Of few steps a second, since these take the time."""
FULL = Size(
    part={"num_layers": 24, "num_heads": 16, "hidden_size": 1024, "block_size": 1024},
    codec={},
    tokens_a_second=49.9,
    frames_a_second=75,
    fine={"temperature": 0.5},
)
"""As suno/bark, https://huggingface.co/suno/bark/blob/main/config.json"""


def build(folder: Path, size: Size = TINY) -> Path:
    """Write a model, its tokenizer and its presets into a folder, as ``from_pretrained`` reads them; that folder."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    model = BarkModel(
        BarkConfig(
            semantic_config={"input_vocab_size": 129_600, "output_vocab_size": 10_048, **size.part},
            coarse_acoustics_config={"input_vocab_size": 12_096, "output_vocab_size": 12_096, **size.part},
            fine_acoustics_config={"input_vocab_size": 1_056, "output_vocab_size": 1_056, **size.part},
            codec_config={"sampling_rate": 24_000, **size.codec},
        )
    )
    model.generation_config = GenerationConfig(
        semantic_config={
            "max_new_tokens": int(SECONDS * size.tokens_a_second),
            "semantic_rate_hz": size.tokens_a_second,
            "do_sample": True,
        },
        coarse_acoustics_config={"coarse_rate_hz": size.frames_a_second, "do_sample": True},
        fine_acoustics_config=size.fine,
        sample_rate=24_000,
        codebook_size=1_024,
    )
    (model if size is TINY else model.to(torch.bfloat16)).save_pretrained(folder)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    vocabulary = {word: number for number, word in enumerate(words)}
    BertTokenizer(vocab=vocabulary, do_lower_case=False).save_pretrained(folder)
    _write_presets(folder)
    return folder


def _write_presets(folder: Path) -> None:
    chance = np.random.default_rng(7)
    named: dict[str, Any] = {"repo_or_path": "suno/bark"}
    for preset in PRESETS:
        prompts = {
            "semantic_prompt": chance.integers(0, 10_000, 20),
            "coarse_prompt": chance.integers(0, 1_024, (2, 30)),
            "fine_prompt": chance.integers(0, 1_024, (8, 30)),
        }
        named[preset] = {name: f"speaker_embeddings/{preset}_{name}.npy" for name in prompts}
        (folder / "speaker_embeddings" / "v2").mkdir(parents=True, exist_ok=True)
        for name, prompt in prompts.items():
            np.save(folder / named[preset][name], prompt)
    (folder / "speaker_embeddings_path.json").write_text(json.dumps(named))
