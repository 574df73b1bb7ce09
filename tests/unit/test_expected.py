"""What a text is expected to take, held against what espeak-ng takes for it."""

from collections.abc import AsyncIterator
from unicodedata import category
from xml.sax.saxutils import escape

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from darkchannel.audio.faults import fault
from darkchannel.audio.wav import Speech
from darkchannel.errors import Refused
from darkchannel.speech.characters import clean
from darkchannel.speech.expected import excerpt, expected_seconds
from darkchannel.speech.rendering import rendered
from darkchannel.speech.ssml import spoken
from services.synthesizer.engines.espeak import Espeak

PORTUGUESE = (
    "Naquela manhã de agosto, o velho faroleiro subiu os cento e vinte degraus sem pressa nenhuma, como quem já não "
    "espera notícia. O mar estava liso, de um cinza de chumbo, e as gaivotas, pousadas no molhe, pareciam pedras que "
    "alguém tivesse esquecido de recolher."
)
ENGLISH = (
    "It was a grey August morning when the old lighthouse keeper climbed the hundred and twenty steps, slowly, as one "
    "who no longer waits for news. The sea lay flat, the colour of lead, and the gulls along the breakwater looked "
    "like stones that somebody had forgotten to collect."
)
FRENCH = (
    "Longtemps, les vieux pêcheurs étaient restés assis devant leurs bateaux, les mains dans les poches, sans dire un "
    "mot. Quand les enfants passaient en criant, ils levaient à peine les yeux; puis ils regardaient de nouveau les "
    "vagues qui montaient et descendaient."
)
SPANISH = (
    "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de razón y "
    "conciencia, deben comportarse fraternalmente los unos con los otros."
)
GERMAN = (
    "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt und "
    "sollen einander im Geiste der Brüderlichkeit begegnen."
)
RUSSIAN = "Все люди рождаются свободными и равными в своём достоинстве и правах. Они наделены разумом и совестью."
GREEK = "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα."
CHEROKEE = "ᏂᎦᏓ ᎠᏂᏴᏫ ᏂᎨᎫᏓᎸᎾ ᎠᎴ ᎤᏂᏠᏱ ᎤᎾᏕᎿ ᏚᏳᎧᏛ ᎨᏒᎢ."

PROSE = {"pt-BR": PORTUGUESE, "en": ENGLISH, "fr": FRENCH, "es": SPANISH, "de": GERMAN, "ru": RUSSIAN, "el": GREEK}

GOOD = {
    "dialogue": "— Você vem? — perguntou ela.\n— Não sei.\n— Então fique.\n— Fico. — E saiu, batendo a porta.",
    "verse": "Ao vento da tarde\num barco sem vela\nprocura no escuro\na luz da janela.\n\nNinguém o espera.",
    "list": "1. Ovos\n2. Leite\n3. Pão\n4. Sal\n5. Café",
    "numbers": "Em 1984, 3.500 pessoas pagaram R$ 1.234,56; o telefone era (11) 98765-4321.",
    "round numbers": "1000 2000 1000000 100 1000 2000 1000000000 100 1000000000000",
    "blob of digits": "1234567890" * 60,
    "blob of letters": "ACGTTGCA" * 80,
    "address": "Veja https://www.exemplo.com.br/livros/2023/capitulo-12?pagina=3 e escreva.",
    "one word": "Oi.",
    "one letter": "É",
    "one digit": "7",
    "capitals": "TODOS OS SERES HUMANOS NASCEM LIVRES E IGUAIS. CAPÍTULO PRIMEIRO: DA CHEGADA AO PORTO.",
    "Roman numerals": "Dom Pedro II, Luís XIV, século XXI, MDCCCLXXXVIII.",
    "drawn out": "Nãããããããããããããããããão! Aaaaaaaaaaaaaaaaaaaaah! Hellllllllllllo! Ahhhhhhhhhhh.",
    "one letter drawn out": "He" + "l" * 60 + "o",
    "a refrain with silent letters": "<lang xml:lang='en'>" + "through " * 80 + "</lang>",
    "laughter": "hahahahahahahahahahahaha kkkkkkkkkkkkkk rsrsrsrs",
    "emoji": "Que bom 😀 que você veio 🚀🚀🚀!",
    "emoji alone": "😀🚀",
    "marks alone": "* * *",
    "some Greek": "O filósofo escreveu λόγος e depois partiu.",
    "some cuneiform": "O sinal 𒀭 lia-se dingir, e 𒈗 lia-se lugal.",
    "some digits of Arabic": "No ano de ١٩٨٤, que ele escrevia assim, ninguém o conhecia ainda.",
    "Chinese": "人人生而自由，在尊严和权利上一律平等。",
    "Japanese": "すべての人間は、生まれながらにして自由である。",
    "Arabic": "يولد جميع الناس أحرارا",
    "Hindi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में स्वतन्त्रता प्राप्त है।",
    "Cherokee": CHEROKEE,
    "Ukrainian": "Всі люди народжуються вільними",
    "very fast": f'<prosody rate="x-fast">{PORTUGUESE}</prosody>',
    "twice as fast": f'<prosody rate="200%">{PORTUGUESE}</prosody>',
    "ten times as fast": f'<prosody rate="+900%">{PORTUGUESE}</prosody>',
    "faster and faster": f'<prosody rate="2"><prosody rate="200%">{PORTUGUESE}</prosody></prosody>',
    "faster than can be": f'<prosody rate="5000%">{PORTUGUESE}</prosody>',
    "one fast word": '<prosody rate="500%">Sim.</prosody>',
    "very slow": f'<prosody rate="x-slow">{RUSSIAN[:20]}</prosody>',
    "soft": f'<prosody volume="x-soft">{PORTUGUESE}</prosody>',
    "hushed": '<prosody volume="silent">Isto ninguém ouve.</prosody>',
    "volume zero": '<prosody volume="0">Isto ninguém ouve.</prosody>',
    "spelt": '<say-as interpret-as="characters">DarkChannel 2024</say-as>',
    "substitute": f'A <sub alias="u">{"x" * 60}</sub>.',
    "phoneme": '<phoneme alphabet="ipa" ph="a">palavra</phoneme>',
    "voices": '<voice name="pt-br+f3">Bom dia.</voice><p>E <lang xml:lang="fr">bonjour mes amis</lang> também.</p>',
    "a fast voice": f'<voice name="pt-br+Andrea">{PORTUGUESE}</voice>',
    "a fast voice of French": f'<voice name="fr+Andrea">{FRENCH}</voice>',
    "a whisper": f'<voice name="pt-br+whisper">{PORTUGUESE}</voice>',
    "silent letters": "<lang xml:lang='en'>Though the rough cough and hiccough ploughed him through, thorough thoughts "
    "brought eight neighbours straight through the night.</lang>",
    "silent letters of French": "<lang xml:lang='fr'>Les vieux oiseaux chantaient, disaient-ils, des eaux.</lang>",
    "silent letters of English in Portuguese": "through thorough though thoughts Hello guerra",
    "long break": 'Oi.<break time="40s"/>Tchau.',
    "breaks alone": '<break time="2s"/>',
    "a long segment": f"<p>{PORTUGUESE}</p>" * 9,
}


def ssml(content: str, *, language: str = "pt-BR") -> str:
    return f'<speak version="1.1" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="{language}">{content}</speak>'


@pytest.fixture
async def espeak() -> AsyncIterator[Espeak]:
    engine = Espeak(slots=1)
    yield engine
    await engine.close()


def judged(speech: Speech, text: str) -> str | None:
    return fault(speech.pcm, speech.rate, speech.places, expected=expected_seconds(text), longest=0)


async def test_no_good_speech_is_refused(espeak: Espeak) -> None:
    texts = {kind: ssml(content) for kind, content in GOOD.items()}
    texts |= {f"prose, {language}": ssml(text, language=language) for language, text in PROSE.items()}
    texts["Cherokee in its own voice"] = ssml(CHEROKEE, language="chr")
    verdicts = {kind: judged(await espeak.speak(rendered(text)), text) for kind, text in texts.items()}
    assert {kind: reason for kind, reason in verdicts.items() if reason} == {}


@pytest.mark.parametrize("language", PROSE)
async def test_prose_cut_in_half_is_noticed_whatever_silence_follows(espeak: Espeak, language: str) -> None:
    text = ssml(PROSE[language], language=language)
    speech = await espeak.speak(rendered(text))
    assert judged(speech, text) is None
    half = speech.pcm[: len(speech.pcm) // 4 * 2]
    for pcm in (half, half + bytes(60 * speech.rate)):
        assert "of speech where about" in (judged(Speech(pcm, speech.rate), text) or "")


async def test_speech_cut_before_its_last_sentence_is_noticed_however_slow_it_is(espeak: Espeak) -> None:
    text = ssml('<prosody rate="x-slow"><s>A primeira frase.</s><s>A segunda.</s></prosody>')
    speech = await espeak.speak(rendered(text))
    cut = speech.pcm[: (speech.sentences[1] - 1) * 2]
    assert "before its mark" in (judged(Speech(cut, speech.rate, sentences=speech.sentences), text) or "")


async def test_a_text_that_the_voice_passes_over_in_silence_is_refused(espeak: Espeak) -> None:
    digits = ssml("١٩٨٤", language="de")
    assert judged(await espeak.speak(rendered(digits)), digits) == "is silent"


TEXTS = st.text().map(clean)


@given(TEXTS, TEXTS)
def test_more_words_never_take_less(text: str, more: str) -> None:
    assume(text.strip())
    longer = f"{text} {more}"
    assert expected_seconds(ssml(escape(longer), language="el")) >= expected_seconds(ssml(escape(text), language="el"))


@given(TEXTS, st.sampled_from(["pt-BR", "en", "el"]))
def test_nothing_is_expected_exactly_of_a_text_without_letters_and_digits(text: str, language: str) -> None:
    segment = ssml(escape(text), language=language)
    assert (expected_seconds(segment) > 0) == any(
        character.isalnum() and category(character) != "No" for character in spoken(rendered(segment))
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1984", "mil novecentos e oitenta e quatro"),
        ("R$ 1.234,56", "mil duzentos e trinta e quatro reais e cinquenta e seis centavos"),
        ("7/9/1822", "sete de setembro de mil oitocentos e vinte e dois"),
        ("①", "um"),
        ("Dra.", "doutora"),
        ('<say-as interpret-as="digits">305</say-as>', "três zero cinco"),
        ('<sub alias="Organização">ONU</sub>', "organização"),
        ("<lang xml:lang='en'>$5</lang>", "<lang xml:lang='en'>five dollars</lang>"),
    ],
)
def test_a_number_is_expected_to_take_what_its_words_take(written: str, said: str) -> None:
    assert expected_seconds(ssml(written)) == expected_seconds(ssml(said)) > 0


@given(st.text(max_size=12))
def test_no_rate_and_no_volume_make_it_fail(value: str) -> None:
    quoted = escape(clean(value), {'"': "&quot;"})
    assert expected_seconds(ssml(f'<prosody rate="{quoted}">Era uma vez</prosody>')) > 0
    assert expected_seconds(ssml(f'<prosody volume="{quoted}">Era uma vez</prosody>')) >= 0


def test_prose_is_expected_to_take_what_a_reader_takes() -> None:
    assert expected_seconds(ssml("uma palavra " * 100)) == pytest.approx(1_000 / 13)


@pytest.mark.parametrize(
    ("rate", "speed"),
    [
        ("x-slow", 1), ("50%", 1), ("-20%", 1), ("0%", 1), ("", 1), ("swift", 1), ("1e99999%", 1),
        ("fast", 1.25), ("x-fast", 1.6), ("150%", 1.5), ("+50%", 1.5), (" 200%", 2), ("2", 2),
        ("+1", 2), ("900%", 4), ("99999%", 4),
    ],
)  # fmt: skip
def test_what_is_asked_to_be_faster_is_expected_to_take_less(rate: str, speed: float) -> None:
    plain = expected_seconds(ssml("Era uma vez um farol."))
    asked = expected_seconds(ssml(f'<prosody rate="{rate}">Era uma vez um farol.</prosody>'))
    assert asked == pytest.approx(plain / speed)


def test_nothing_is_expected_of_breaks_marks_and_what_falls_out() -> None:
    silent = '<break time="9s"/><mark name="aqui"/><metadata>nada</metadata><sub alias="">nada</sub> — …'
    assert expected_seconds(ssml(silent)) == 0


def test_a_segment_that_is_no_ssml_is_refused_as_the_engine_refuses_it() -> None:
    with pytest.raises(Refused, match="broken at line 1"):
        expected_seconds("Era uma vez")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<p><s>Era  uma\n vez</s><s>um farol.</s></p>", "Era uma vez um farol."),
        ('A <sub alias="Organização">ONU</sub>.', "A Organização."),
        ('<break time="1s"/>', ""),
        ("aqui estão palavras " * 20, "aqui estão palavras aqui estão palavras…"),
        ("道" * 200, "道" * 39 + "…"),
        ("oi " + "x" * 200, "oi " + "x" * 36 + "…"),
    ],
)
def test_an_excerpt_is_one_line_of_the_first_words(content: str, words: str) -> None:
    assert excerpt(ssml(content), 40) == words


@given(st.text(), st.integers(1, 100))
def test_an_excerpt_is_never_longer_than_asked_nor_fails(text: str, characters: int) -> None:
    found = excerpt(text, characters)
    assert len(found) <= characters
    assert "\n" not in found


def test_an_excerpt_of_a_broken_segment_shows_it_as_it_stands() -> None:
    assert excerpt("<speak>Era uma\nvez") == "<speak>Era uma vez"
