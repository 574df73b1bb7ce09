"""What is kept of an engine's speech when its voices change: all that the others spoke, and nothing else."""

import pytest

from darkchannel.runtime.engines import Engine
from darkchannel.runtime.speech_cache import speech_key
from darkchannel.speech.rendering import rendered
from tests.contract.engines import KINDS
from tests.contract.engines.kind import Growing, Kind

GROWING = [(kind, kind.growing) for kind in KINDS if kind.growing]
CHOOSING = [(kind, growing, growing.better) for kind, growing in GROWING if growing.better]
TELLING = [(kind, growing) for kind, growing in GROWING if growing.tells_replaced]
WORDS = "O barco voltou ao porto."


def _name(parameter: object) -> str | None:
    return parameter.name if isinstance(parameter, Kind) else ""


def _scripts(kind: Kind) -> dict[str, str]:
    """By who speaks: the voice that the engine chooses, named ones, and several in turn."""
    man, woman = (f'<voice name="{name}" xml:lang="pt-BR">{WORDS}</voice>' for name in (kind.man, kind.woman))
    foreign = '<lang xml:lang="en-US">The boat.</lang> <lang xml:lang="gn">Mokõi.</lang>'
    scripts = {
        "chosen": WORDS,
        "man": man,
        "woman": woman,
        "both": f"{woman} {man}",
        "woman, chosen": f"{woman} {WORDS} {foreign}",
    }
    return {name: f'<speak xml:lang="pt-BR">{content}</speak>' for name, content in scripts.items()}


async def _keys(kind: Kind, engine: Engine) -> dict[str, str]:
    scripts = {name: rendered(ssml) for name, ssml in _scripts(kind).items()}
    return {
        name: speech_key(script, engine.name, await engine.revision(script)).digest for name, script in scripts.items()
    }


def _changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize("kind", KINDS, ids=_name)
async def test_who_speaks_as_before_is_known_as_before(kind: Kind) -> None:
    async with kind.opened() as engine:
        before = await _keys(kind, engine)
        assert len(set(before.values())) == len(before)
        assert await _keys(kind, engine) == before


@pytest.mark.parametrize(("kind", "growing"), GROWING, ids=_name)
async def test_a_voice_that_is_added_leaves_the_speech_of_the_others(kind: Kind, growing: Growing) -> None:
    async with growing.opened() as (engine, put):
        before = await _keys(kind, engine)
        await put(growing.other, 1)
        assert await engine.has(growing.other)
        assert _changed(before, await _keys(kind, engine)) == set()


@pytest.mark.parametrize(("kind", "growing", "better"), CHOOSING, ids=_name)
async def test_a_better_voice_is_heard_where_none_is_named(kind: Kind, growing: Growing, better: str) -> None:
    async with growing.opened() as (engine, put):
        before = await _keys(kind, engine)
        await put(better, 1)
        assert _changed(before, await _keys(kind, engine)) == {"chosen", "woman, chosen"}


@pytest.mark.parametrize(("kind", "growing"), TELLING, ids=_name)
async def test_a_voice_that_is_replaced_is_heard_anew_and_no_other(kind: Kind, growing: Growing) -> None:
    async with growing.opened() as (engine, put):
        await put(growing.other, 1)
        before = await _keys(kind, engine)
        await put(growing.other, 2)
        assert _changed(before, await _keys(kind, engine)) == set()
        await put(kind.woman, 3)
        assert _changed(before, await _keys(kind, engine)) == {"woman", "both", "woman, chosen"}


@pytest.mark.parametrize(("kind", "growing"), TELLING, ids=_name)
async def test_two_voices_that_change_places_are_heard_anew(kind: Kind, growing: Growing) -> None:
    async with growing.opened() as (engine, put):
        for name, number in ((kind.man, 1), (kind.woman, 2)):
            await put(name, number)
        before = await _keys(kind, engine)
        for name, number in ((kind.man, 2), (kind.woman, 1)):
            await put(name, number)
        assert {"man", "woman", "both"} <= _changed(before, await _keys(kind, engine))
