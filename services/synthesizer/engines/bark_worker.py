"""One Bark in a process of its own: torch takes seconds to load and gigabytes to hold, and a GPU may fail under it.

Run as a script with a folder that holds the model, a device (auto, cpu or cuda) and the most texts to speak at once. It
reads requests from standard input and answers on standard output until the input ends:

- request: one line of JSON, ``{"texts": [...], "preset": "v2/pt_speaker_3"}``.
- answer: one line of JSON, then the 16-bit little-endian mono samples of each text in turn:
  ``{"texts": [{"bytes": n} or {"error": "..."}, ...], "device": "cuda", "most": 8}``, the device being where the last
  of them was spoken and ``most`` how many it speaks at once from now on; or ``{"permanent": "..."}`` where the preset
  cannot be read, ``{"unavailable": "..."}`` where the memory does not do, ``{"transient": "..."}`` before it ends
  itself for a fault that may outlast the request.

Before an answer it writes ``{}`` now and then, which means that it is at work. The first line of all, once the model is
loaded, is ``{"device": "cuda", "most": 16}``, or ``{"unavailable": "..."}``.

What the model takes and yields: https://huggingface.co/docs/transformers/model_doc/bark
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import torch
from transformers import BarkModel, BarkProcessor
from transformers.models.bark.generation_configuration_bark import (
    BarkCoarseGenerationConfig,
    BarkSemanticGenerationConfig,
)

CPU = torch.device("cpu")
RATE = 24_000
MOST_ON_CPU = 2
"""More at once would make each wait for longer without getting them done sooner."""
MIN_END_PROBABILITY = 0.05
"""At which speech ends: where it is left to chance alone, Bark goes on with words that nobody wrote."""
LEAST_CHARACTERS = 40
"""Of a text that is spoken again in halves: a shorter one that fills Bark's time was rambled on, not cut."""
MAX_WORD = 80
"""Characters; Bark's tokenizer takes a word of more than 100 for one it does not know, and drops it."""
BEAT_SECONDS = 5.0

_LOST_DEVICE = re.compile("(CUDA|HIP) error")
"""After which nothing more comes from a GPU in this process."""
_LONG_WORD = re.compile(rf"\S{{{MAX_WORD}}}(?=\S)")


class Unusable(Exception):
    """This model cannot speak here."""


class Speaker:
    """A model that is loaded. ``beat`` is called again and again while it works."""

    def __init__(self, model: Any, processor: Any, most: int, beat: Callable[[], None] = lambda: None) -> None:
        self.model = model
        self.most = self._limit = most
        """How many texts it speaks at once: fewer after the memory ran out, then one more each time."""
        self._processor = processor
        self._home = model.device, model.dtype
        generation = model.generation_config
        semantic = BarkSemanticGenerationConfig(**generation.semantic_config)
        coarse = BarkCoarseGenerationConfig(**generation.coarse_acoustics_config)
        self._max_tokens: int = semantic.max_input_semantic_length
        frames = int(semantic.max_new_tokens * coarse.coarse_rate_hz / semantic.semantic_rate_hz)
        self._max_samples: int = frames * model.codec_model.config.hop_length
        for part in (model.semantic, model.coarse_acoustics, model.fine_acoustics):
            part.layers[0].register_forward_pre_hook(lambda *_: beat())

    @property
    def device(self) -> str:
        """Where it speaks: cpu or cuda."""
        return str(self.model.device.type)

    def history(self, preset: str) -> Any:
        """What a preset makes the model believe that it said before. Raises OSError, TypeError or ValueError."""
        return self._processor(text="", voice_preset=preset)["history_prompt"]

    def speak(self, texts: Sequence[str], history: Any) -> list[bytes | Exception]:
        """The samples of each text, or why there are none.

        Raises what ``is_out_of_memory`` tells where not even one text at a time fits, on the CPU neither, and
        RuntimeError where the GPU is lost.
        """
        pieces = [list(self._fitting(text)) for text in texts]
        spoken = iter(self._whole([piece for text in pieces for piece in text], history))
        return [_joined([next(spoken) for _ in text]) for text in pieces]

    def _fitting(self, text: str) -> Iterator[str]:
        """The text in pieces that the model reads to their ends, no word of them unknown for its length."""
        text = _LONG_WORD.sub(r"\g<0> ", text.strip())
        tokens = self._processor.tokenizer(text, add_special_tokens=False)["input_ids"]
        if len(tokens) <= self._max_tokens or len(text) < 2:
            yield text
        else:
            for half in halves(text):
                yield from self._fitting(half)

    def _whole(self, pieces: Sequence[str], history: Any) -> list[bytes | Exception]:
        """Each piece spoken to its end: one that fills all the time there is was cut, and is spoken in halves."""
        spoken = self._batches(pieces, history)
        cut = [at for at, said in enumerate(spoken) if self._is_cut(pieces[at], said)]
        if cut:
            again = iter(self._whole([half for at in cut for half in halves(pieces[at])], history))
            for at in cut:
                spoken[at] = _joined([next(again), next(again)])
        return spoken

    def _is_cut(self, piece: str, said: bytes | Exception) -> bool:
        return isinstance(said, bytes) and len(said) >= 2 * self._max_samples and len(piece) >= LEAST_CHARACTERS

    def _batches(self, pieces: Sequence[str], history: Any) -> list[bytes | Exception]:
        spoken: list[bytes | Exception] = []
        while len(spoken) < len(pieces):
            batch = pieces[len(spoken) : len(spoken) + self.most]
            self._move(*self._home)
            try:
                spoken += self._batch(batch, history)
                self.most = min(self.most + 1, self._limit)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                self.most = max(1, len(batch) // 2)
                if len(batch) == 1:
                    if self.model.device == CPU:
                        raise
                    self._move(CPU, torch.float32)
                    spoken += self._batch(batch, history)
        return spoken

    def _move(self, device: Any, dtype: Any) -> None:
        if self.model.device == device:
            return
        try:
            self.model.to(device, dtype)
        except torch.OutOfMemoryError:
            self.model.to(CPU, torch.float32)  # half of it may have moved
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _batch(self, batch: Sequence[str], history: Any) -> list[bytes | Exception]:
        """Of several texts one may be at fault: then each is spoken alone."""
        try:
            return list(self._generated(batch, history))
        except (RuntimeError, ValueError, IndexError) as error:
            if is_out_of_memory(error) or _LOST_DEVICE.search(str(error)):
                raise
            if len(batch) == 1:
                return [error]
        return [said for piece in batch for said in self._batch([piece], history)]

    def _generated(self, batch: Sequence[str], history: Any) -> Iterator[bytes]:
        device = self.model.device
        inputs = self._processor(text=list(batch), max_length=self._max_tokens)
        with torch.inference_mode():
            waves, lengths = self.model.generate(
                input_ids=inputs["input_ids"].to(device),
                attention_mask=inputs["attention_mask"].to(device),
                history_prompt={name: prompt.to(device) for name, prompt in history.items()},
                do_sample=True,
                min_eos_p=MIN_END_PROBABILITY,
                return_output_lengths=True,
            )
        for wave, length in zip(waves, lengths, strict=True):
            samples = torch.nan_to_num(wave[:length].float()).clamp(-1, 1) * 32_767
            yield samples.round().to(torch.int16).cpu().numpy().astype("<i2").tobytes()


def _joined(spoken: Sequence[bytes | Exception]) -> bytes | Exception:
    """What was spoken piece by piece; the first error where there is one."""
    speech = [said for said in spoken if isinstance(said, bytes)]
    return b"".join(speech) if len(speech) == len(spoken) else next(said for said in spoken if said not in speech)


def halves(text: str) -> tuple[str, str]:
    """Two texts, divided at the space nearest to the middle, else in the middle of the one word."""
    middle = len(text) // 2
    spaces = [found.start() for found in re.finditer(r"\s", text) if text[: found.start()].strip()]
    at = min(spaces, key=lambda space: abs(space - middle), default=middle)
    return text[:at].strip(), text[at:].strip()


def is_out_of_memory(error: BaseException) -> bool:
    """The CPU's allocator has no exception of its own."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)


def load(folder: str, device: str, kind: Any = BarkModel) -> tuple[Any, Any]:
    """Model and processor, in bfloat16 on a GPU. ``kind``: the class of the model. Raises Unusable."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise Unusable("BARK_DEVICE is cuda, and torch finds no GPU here: mend the driver, or set BARK_DEVICE=cpu")
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    try:
        model, info = kind.from_pretrained(folder, dtype=dtype, local_files_only=True, output_loading_info=True)
        processor = BarkProcessor.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # of many libraries, for what may lie in a folder
        raise Unusable(f"the model in {folder} cannot be read: {_first_line(error)}: fetch it again") from error
    # They would be filled with random numbers, and heard as a babble.
    lacking = set(info["missing_keys"]) & {name for name, _ in model.named_parameters()}
    if lacking:
        raise Unusable(f"the model in {folder} lacks {len(lacking)} of its weights: fetch it again")
    if getattr(model.generation_config, "sample_rate", RATE) != RATE:
        raise Unusable(
            f"the model in {folder} does not speak at {RATE} Hz as Bark does: set BARK_MODEL to one that does"
        )
    try:
        return model.to(device).eval(), processor
    except torch.OutOfMemoryError as error:
        raise Unusable(
            f"the GPU has no room for the model: {_first_line(error)}; free it, or set BARK_DEVICE=cpu"
        ) from error


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:300]


class Pipe:
    """Lines of JSON, and samples, to who asks."""

    def __init__(self, to: BinaryIO) -> None:
        self._to = to
        self._last = time.monotonic()

    def beat(self) -> None:
        if time.monotonic() >= self._last + BEAT_SECONDS:
            self.write({})

    def write(self, head: dict[str, Any], bodies: Sequence[bytes] = ()) -> None:
        self._to.write(json.dumps(head).encode() + b"\n")
        self._to.writelines(bodies)
        self._to.flush()
        self._last = time.monotonic()


def serve(speaker: Speaker, requests: BinaryIO, pipe: Pipe) -> None:
    """Answer until the requests end, or something is wrong with the device."""
    pipe.write({"device": speaker.device, "most": speaker.most})
    for line in requests:
        request = json.loads(line)
        try:
            history = speaker.history(request["preset"])
        except (OSError, ValueError, TypeError) as error:
            pipe.write({"permanent": f"the voice {request['preset']} cannot be read: {_first_line(error)}"})
            continue
        try:
            spoken = speaker.speak(request["texts"], history)
        except Exception as error:  # whatever it is, the request is to hear of it
            if not is_out_of_memory(error):
                pipe.write({"transient": _first_line(error)})
                return
            pipe.write({"unavailable": f"there is not enough memory for one text: {_first_line(error)}"})
            continue
        texts = [{"bytes": len(said)} if isinstance(said, bytes) else {"error": _first_line(said)} for said in spoken]
        head = {"texts": texts, "device": speaker.device, "most": speaker.most}
        pipe.write(head, [said for said in spoken if isinstance(said, bytes)])


def main(folder: str, device: str, most: str, kind: Any = BarkModel) -> None:
    # What libraries print is no answer.
    pipe = Pipe(os.fdopen(os.dup(sys.stdout.fileno()), "wb"))
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # Where memory runs out, this process goes, and not the service with all other work.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")
    try:
        model, processor = load(folder, device, kind)
    except Unusable as error:
        pipe.write({"unavailable": str(error)})
        return
    at_once = int(most) if model.device.type == "cuda" else min(int(most), MOST_ON_CPU)
    serve(Speaker(model, processor, at_once, pipe.beat), sys.stdin.buffer, pipe)


if __name__ == "__main__":
    main(*sys.argv[1:])
