"""What espeak-ng is said to have is what it speaks with."""

import pytest

from darkchannel.errors import Permanent
from darkchannel.speech.rendering import rendered
from services.synthesizer.engines import espeak_voices
from services.synthesizer.engines.espeak import Espeak


async def speaks(engine: Espeak, voice: str) -> bool:
    try:
        await engine.speak(rendered(f'<speak xml:lang="pt-BR"><voice name="{voice}">Oi, 1 2 3.</voice></speak>'))
    except Permanent:
        return False
    return True


def test_portuguese_of_brazil_is_told_first_with_its_tag() -> None:
    first = espeak_voices.voices()[0]
    assert (first.name, first.languages[0]) == ("pt-br", "pt-br")
    assert "pt-br+f3" in first.about


async def test_every_voice_that_is_told_speaks_and_has_its_name() -> None:
    engine = Espeak(slots=1)
    told = [voice.name for voice in espeak_voices.voices()]
    assert len(told) > 100
    for name in told:
        assert espeak_voices.has(name), name
        assert await speaks(engine, name), name
    await engine.close()


@pytest.mark.parametrize(
    "voice",
    [
        "pt-br",
        "PT-BR",
        "pt-br+f3",
        "pt-br+F3",
        "pt-br+",
        "pt-brx",
        "pt_BR",
        "v2/pt_speaker_2",
        "",
        "+f3",
        "pt-br+f3+f4",
        "nova pt-br+f3",
        "nova ana",
    ],
)
async def test_a_voice_is_had_exactly_where_it_can_be_spoken_with(voice: str) -> None:
    engine = Espeak(slots=1)
    assert await engine.has(voice) == (await speaks(engine, voice) and bool(voice))
    await engine.close()
