"""What happens in the process that holds the model, on tiny models that babble."""

import io
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="Bark's tests run in an environment of their own: make test-bark")

import numpy as np  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from transformers import BertTokenizer  # noqa: E402
from transformers.utils import logging  # noqa: E402

from services.synthesizer.engines import bark_worker  # noqa: E402
from services.synthesizer.engines.bark_worker import Pipe, Speaker, Unusable, halves, load, serve  # noqa: E402
from tests.bark.paced import LETTERS_A_SECOND, Paced, PacedSemantic  # noqa: E402

PROSE = "Hoje o mar amanheceu calmo e azul na praia."
STEP = 0.8
"""Seconds: two of the steps in which the tiny model counts its time."""

torch.set_num_threads(1)
logging.set_verbosity_error()
logging.disable_progress_bar()


def speaker(folder: Path, kind: type[Paced] = Paced, most: int = 8) -> Speaker:
    return Speaker(*load(str(folder), "cpu", kind), most)


@pytest.fixture(scope="module")
def paced(folder: Path) -> Speaker:
    return speaker(folder)


def say(speaker: Speaker, *texts: str) -> list[Any]:
    speaker.model.handed.clear()
    return speaker.speak(texts, speaker.history("v2/pt_speaker_1"))


def seconds(said: Any) -> float:
    assert isinstance(said, bytes)
    return len(said) / 2 / bark_worker.RATE


def letters(text: str) -> str:
    return "".join(text.split())


def handed(speaker: Speaker, folder: Path) -> list[list[str]]:
    """The texts of each batch as they reached the model, without their spaces."""
    tokenizer = BertTokenizer.from_pretrained(folder)
    return [
        ["".join(tokenizer.convert_ids_to_tokens(tokens)).replace("##", "") for tokens in texts]
        for texts, _ in speaker.model.handed
    ]


def test_each_text_of_a_batch_lasts_as_long_as_alone(paced: Speaker) -> None:
    texts = ["Um.", PROSE, "Ninguém veio.", PROSE * 3]
    together = [seconds(said) for said in say(paced, *texts)]
    assert len(paced.model.handed) == 1
    assert together == [seconds(said) for text in texts for said in say(paced, text)]
    assert together == pytest.approx([len(letters(text)) / LETTERS_A_SECOND for text in texts], abs=STEP)


def test_more_texts_than_it_speaks_at_once_come_batch_by_batch_in_their_order(folder: Path, paced: Speaker) -> None:
    texts = ["Um.", "Dois mares.", "Três velhos faróis.", "Quatro barcos ao longe na água."]
    small = speaker(folder, most=2)
    said = say(small, *texts)
    assert [len(texts) for texts, _ in small.model.handed] == [2, 2]
    assert [seconds(one) for one in said] == [seconds(one) for one in say(paced, *texts)]


@pytest.mark.parametrize("text", ["casa azul " * 60, "a" * 700, "x" * 90 + " fim", f"  {PROSE}  "])
def test_every_letter_reaches_the_model_however_long_the_text(folder: Path, text: str) -> None:
    paced = speaker(folder)
    paced.model.semantic.letters_a_second = 60  # as fast as none is cut
    say(paced, text)
    pieces = [piece for batch in handed(paced, folder) for piece in batch]
    assert "".join(pieces) == letters(text)
    assert all(len(tokens) <= 256 for texts, _ in paced.model.handed for tokens in texts)


def test_a_text_that_fills_all_the_time_there_is_was_cut_and_is_spoken_in_halves(folder: Path) -> None:
    slow = speaker(folder)
    slow.model.semantic.letters_a_second = 4
    long = " ".join([PROSE] * 3)
    said, short = say(slow, long, "Um.")
    assert seconds(said) == pytest.approx(len(letters(long)) / 4, abs=4 * STEP)
    assert seconds(short) < 2
    assert "".join(handed(slow, folder)[-1]) == letters(long)


def test_a_short_text_that_rambles_on_is_left_to_who_checks_it(folder: Path) -> None:
    slow = speaker(folder)
    slow.model.semantic.letters_a_second = 0.1
    (said,) = say(slow, "Um dois.")
    assert seconds(said) == pytest.approx(15, abs=STEP)
    assert len(slow.model.handed) == 1


@given(st.text(st.characters(codec="utf-8"), min_size=2).map(str.strip).filter(lambda text: len(text) > 1))
def test_two_halves_are_the_text(text: str) -> None:
    first, second = halves(text)
    assert first
    assert second
    assert letters(first + second) == letters(text)


def test_a_text_is_halved_between_words_near_its_middle() -> None:
    assert halves("um dois três quatro") == ("um dois", "três quatro")


def test_it_gives_a_sign_of_life_in_every_part_of_its_work(folder: Path) -> None:
    signs: list[None] = []
    model, processor = load(str(folder), "cpu", Paced)
    speaker = Speaker(model, processor, 1, lambda: signs.append(None))
    steps: Counter[str] = Counter()
    for part in ("semantic", "coarse_acoustics", "fine_acoustics"):
        getattr(model, part).layers[0].register_forward_hook(lambda *_, part=part: steps.update([part]))
    say(speaker, PROSE)
    assert len(steps) == 3
    assert len(signs) == steps.total()


class Cramped(Paced):
    """Is on a device of its own, which has room for so many texts at once, as the CPU has."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.room: dict[str, int] = {}
        self.asked: list[tuple[str, int]] = []
        """Where, and how many texts."""

    @property
    def device(self) -> Any:
        return getattr(self, "place", torch.device("cpu:0"))

    def to(self, *place: Any) -> Any:
        self.place = torch.device(place[0])
        return self

    def generate(self, input_ids: Any, *args: Any, **kwargs: Any) -> Any:
        self.asked.append((str(self.device), len(input_ids)))
        if len(input_ids) > self.room[str(self.device)]:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return super().generate(input_ids, *args, **kwargs)


def cramped(folder: Path, *, gpu: int, cpu: int) -> Speaker:
    model, processor = load(str(folder), "cpu", Cramped)
    model.place, model.room = torch.device("cpu:0"), {"cpu:0": gpu, "cpu": cpu}
    return Speaker(model, processor, 8)


TEXTS = ["Um.", "Dois mares.", "Três velhos faróis.", "Quatro barcos na água.", PROSE]


def test_a_batch_that_memory_does_not_hold_is_spoken_in_smaller_ones(folder: Path, paced: Speaker) -> None:
    speaker = cramped(folder, gpu=2, cpu=9)
    said = say(speaker, *TEXTS)
    assert speaker.model.asked == [("cpu:0", 5), ("cpu:0", 2), ("cpu:0", 3), ("cpu:0", 1), ("cpu:0", 2)]
    assert list(map(seconds, said)) == list(map(seconds, say(paced, *TEXTS)))


def test_batches_grow_again_when_there_is_memory(folder: Path) -> None:
    speaker = cramped(folder, gpu=1, cpu=9)
    say(speaker, *TEXTS[:2])
    speaker.model.room = {"cpu:0": 8, "cpu": 8}
    for _ in range(8):
        say(speaker, "Um.")
    assert speaker.most == 8


def test_a_text_that_the_gpu_does_not_hold_is_spoken_on_the_cpu_and_the_next_is_tried_there_again(folder: Path) -> None:
    speaker = cramped(folder, gpu=0, cpu=9)
    assert all(map(seconds, say(speaker, *TEXTS[:2])))
    assert speaker.model.asked == [("cpu:0", 2), ("cpu:0", 1), ("cpu", 1), ("cpu:0", 1), ("cpu", 1)]
    speaker.model.room = {"cpu:0": 8, "cpu": 0}
    assert all(map(seconds, say(speaker, "Um.")))


def test_a_text_that_no_memory_holds_is_unavailable_and_the_next_is_tried(folder: Path) -> None:
    speaker = cramped(folder, gpu=0, cpu=0)
    (first, _), (second, _) = answers(speaker, ask("Um."), ask("Um."))
    assert "there is not enough memory for one text: OutOfMemoryError" in first["unavailable"]
    assert second == first


def test_memory_that_the_cpu_lacks_is_told_from_other_faults() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60)
    assert bark_worker.is_out_of_memory(caught.value)
    assert not bark_worker.is_out_of_memory(RuntimeError("sizes do not match"))


class MuteSemantic(PacedSemantic):
    def generate(self, input_ids: Any, semantic_generation_config: Any, **kwargs: Any) -> Any:
        spoken = super().generate(input_ids, semantic_generation_config, **kwargs)
        spoken[kwargs["attention_mask"].sum(1) == 1] = semantic_generation_config.semantic_pad_token
        return spoken


class Mute(Paced):
    """Says nothing at all to a text of one letter, as Bark may."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.semantic = MuteSemantic(config.semantic_config)


def test_a_text_without_an_answer_harms_none_of_its_batch(folder: Path, paced: Speaker) -> None:
    good, bad, other = say(speaker(folder, Mute), PROSE, "a", "Um dois.")
    assert isinstance(bad, Exception)
    assert [seconds(good), seconds(other)] == [seconds(said) for said in say(paced, PROSE, "Um dois.")]


class Lost(Paced):
    def generate(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")


def ask(*texts: str, preset: str = "v2/pt_speaker_1") -> bytes:
    return json.dumps({"texts": texts, "preset": preset}).encode() + b"\n"


def answers(speaker: Speaker, *requests: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    """What the worker writes after its first line, with the samples of each answer."""
    written = io.BytesIO()
    serve(speaker, io.BytesIO(b"".join(requests)), Pipe(written))
    written.seek(0)
    first = json.loads(written.readline())
    assert first == {"device": speaker.device, "most": first["most"]}
    while line := written.readline():
        head = json.loads(line)
        yield head, written.read(sum(text.get("bytes", 0) for text in head.get("texts", [])))


def test_a_lost_gpu_ends_the_process(folder: Path) -> None:
    ((answer, _),) = answers(speaker(folder, Lost), ask("Um.", "Dois."), ask("Um."))
    assert answer == {"transient": "RuntimeError: CUDA error: an illegal memory access was encountered"}


def test_an_answer_has_the_samples_of_each_text_in_turn(folder: Path, paced: Speaker) -> None:
    ((head, pcm), (again, _)) = answers(speaker(folder, Mute), ask(PROSE, "a", "Um dois."), ask("Um."))
    sizes = [text.get("bytes") for text in head["texts"]]
    whole = say(paced, PROSE, "Um dois.")
    assert sizes == [len(whole[0]), None, len(whole[1])]
    assert len(pcm) == len(whole[0]) + len(whole[1])
    assert head["texts"][1]["error"]
    assert "bytes" in again["texts"][0]


@pytest.mark.parametrize("harm", ["missing", "cut", "flat"])
def test_a_voice_whose_files_are_broken_is_named_and_others_speak_on(folder: Path, tmp_path: Path, harm: str) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    prompt = copy / "speaker_embeddings" / "v2" / "pt_speaker_0_coarse_prompt.npy"
    if harm == "missing":
        prompt.unlink()
    elif harm == "cut":
        prompt.write_bytes(prompt.read_bytes()[:200])
    else:
        np.save(prompt, np.zeros(3, dtype=np.int64))
    ((broken, _), (sound, pcm)) = answers(speaker(copy), ask("Um.", preset="v2/pt_speaker_0"), ask("Um."))
    assert "the voice v2/pt_speaker_0 cannot be read: " in broken["permanent"]
    assert sound["texts"] == [{"bytes": len(pcm)}]


def test_a_model_with_the_names_of_weights_that_the_hub_has_is_whole(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    weights = load_file(copy / "model.safetensors")
    renamed = {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): weight
        for name, weight in weights.items()
    }
    assert renamed.keys() != weights.keys()
    (copy / "model.safetensors").unlink()
    torch.save(renamed, copy / "pytorch_model.bin")
    model, _ = load(str(copy), "cpu")
    assert torch.equal(model.semantic.lm_head.weight, weights["semantic.lm_head.weight"])


@pytest.mark.parametrize(
    ("harm", "reason"),
    [("cut", "cannot be read: .*fetch it again"), ("lacking", "lacks 1 of its weights"), ("slow", "24000 Hz")],
)
def test_half_a_model_is_refused_with_what_to_do(folder: Path, tmp_path: Path, harm: str, reason: str) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    weights = copy / "model.safetensors"
    if harm == "cut":
        weights.write_bytes(weights.read_bytes()[:1_000_000])
    elif harm == "lacking":
        kept = load_file(weights)
        del kept["coarse_acoustics.lm_head.weight"]
        save_file(kept, weights, {"format": "pt"})
    else:
        settings = copy / "generation_config.json"
        settings.write_text(settings.read_text().replace('"sample_rate": 24000', '"sample_rate": 16000'))
    with pytest.raises(Unusable, match=reason):
        load(str(copy), "cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_asked_for_and_not_there_is_refused(folder: Path) -> None:
    with pytest.raises(Unusable, match="BARK_DEVICE is cuda, and torch finds no GPU"):
        load(str(folder), "cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_without_room_is_left_for_the_cpu(folder: Path) -> None:
    gpu = Speaker(*load(str(folder), "cuda", Paced), 8)
    torch.cuda.set_per_process_memory_fraction(0.0001)
    try:
        assert all(map(seconds, say(gpu, *TEXTS)))
        assert gpu.device == "cpu"
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert all(map(seconds, say(gpu, *TEXTS)))
    assert gpu.device == "cuda"
