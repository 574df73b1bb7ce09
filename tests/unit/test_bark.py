"""Bark where it is not installed, and what is told of it before it is loaded."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from darkchannel.errors import Permanent, Unavailable
from darkchannel.runtime.engines import open_engine
from darkchannel.storage.memory import MemoryStore
from services.synthesizer.engines import bark
from services.synthesizer.engines.bark import Bark, BarkSettings


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is installed here")
async def test_without_torch_it_is_opened_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = await open_engine("bark", MemoryStore())
    with pytest.raises(Unavailable, match=r"Bark lacks torch: pip install 'darkchannel\[synthesizer-bark\]'"):
        await engine.voices()
    await engine.close()


@pytest.mark.parametrize(
    ("name", "value"), [("BARK_DEVICE", "tpu"), ("BARK_BATCH", "0"), ("BARK_BATCH", "many"), ("BARK_GATHER_MS", "-1")]
)
async def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Permanent, match=f"wrong setting: {name}: "):
        await open_engine("bark", MemoryStore())


async def test_a_setting_left_empty_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BARK_MODEL", "BARK_DEVICE", "BARK_BATCH"):
        monkeypatch.setenv(name, "")
    assert BarkSettings() == BarkSettings(bark_model="suno/bark", bark_device="auto", bark_batch=16)


@pytest.mark.parametrize(
    ("device", "gpu", "slots", "segments"),
    [("auto", True, 16, None), ("auto", False, 2, 1), ("cpu", True, 2, 1), ("cuda", False, 16, None)],
)
async def test_books_are_for_a_gpu_which_has_its_next_batch_at_hand(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, device: str, gpu: bool, slots: int, segments: int | None
) -> None:
    monkeypatch.setattr(bark, "GPUS", (str(tmp_path / "none"), str(tmp_path if gpu else tmp_path / "neither")))
    engine = Bark(BarkSettings.model_validate({"bark_device": device, "bark_batch": 8}))
    assert (engine.slots, engine.most_segments) == (slots, segments)
    assert engine.is_costly


@pytest.mark.parametrize(
    ("language", "speaks"), [("pt-BR", True), ("PT", True), ("ja-JP", True), ("gn", False), ("ptx", False), ("", False)]
)
async def test_it_speaks_the_languages_of_its_voices(language: str, speaks: bool) -> None:
    assert await Bark(BarkSettings()).speaks(language) is speaks
