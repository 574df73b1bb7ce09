"""Bark that knows when to stop: random weights never end their speech by themselves.

Run as a script it is the worker with this model in place of the usual one, as large a batch on the CPU as it is given,
and a sign of life at each step. It notes what the model is handed in the file that ``BARK_NOTES`` names.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import torch
from transformers import BarkModel
from transformers.models.bark.modeling_bark import BarkSemanticModel

from services.synthesizer.engines import bark_worker

LETTERS_A_SECOND = 14


class PacedSemantic(BarkSemanticModel):
    """Ends each speech after the time that its letters take."""

    letters_a_second = LETTERS_A_SECOND

    def generate(self, input_ids: Any, semantic_generation_config: Any, **kwargs: Any) -> Any:
        rate = semantic_generation_config.semantic_rate_hz / self.letters_a_second
        lengths = torch.ceil(kwargs["attention_mask"].sum(1) * rate).clamp(1, semantic_generation_config.max_new_tokens)
        longest = int(lengths.max())
        spoken = super().generate(
            input_ids, semantic_generation_config, max_new_tokens=longest, min_new_tokens=longest, **kwargs
        )
        after = torch.arange(spoken.shape[1], device=spoken.device)[None] >= lengths[:, None]
        return spoken.masked_fill(after, semantic_generation_config.semantic_pad_token)


class Paced(BarkModel):
    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.semantic = PacedSemantic(config.semantic_config)
        self.handed: list[tuple[list[list[int]], int]] = []
        """The tokens of each text of each batch, and the first of the voice's own."""

    def generate(self, input_ids: Any, attention_mask: Any, history_prompt: Any, **kwargs: Any) -> Any:
        texts = [row[mask.bool()].tolist() for row, mask in zip(input_ids, attention_mask, strict=True)]
        self.handed.append((texts, int(history_prompt["semantic_prompt"][0])))
        if notes := os.environ.get("BARK_NOTES"):
            with Path(notes).open("a") as file:
                file.write(json.dumps(self.handed[-1]) + "\n")
        return super().generate(input_ids, attention_mask=attention_mask, history_prompt=history_prompt, **kwargs)


def run(kind: type[Paced]) -> None:
    bark_worker.MOST_ON_CPU = 64
    bark_worker.BEAT_SECONDS = 0.0
    bark_worker.main(*sys.argv[1:], kind=kind)


if __name__ == "__main__":
    run(Paced)
