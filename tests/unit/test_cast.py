import pytest

from darkchannel.errors import Refused
from darkchannel.jobs.options import resolve
from services.splitter.document import read
from tests.unit.documents import segments

PLAY = b"---\nvoices:\n  Ana: pt-br+f3\n  Ana Maria: pt-br+f2\n  Seu Bento: pt-br+m3\n---\n"


def narrated(text: str, name: str = "peca.txt", **options: str) -> str:
    body = PLAY + text.encode() if name.endswith("txt") else text.encode()
    [segment] = segments(read(body, name, [options]))
    return segment.partition(">")[2].removesuffix("</speak>")


@pytest.mark.parametrize("label", ["Ana", "ANA", "— Ana", "**Ana**"])
def test_a_paragraph_that_names_its_speaker_is_spoken_in_that_voice_without_the_name(label: str) -> None:
    assert narrated(f"{label}: Bom dia!") == '<voice name="pt-br+f3"><p><s>Bom dia!</s></p></voice>'


def test_the_others_are_spoken_by_the_narrator() -> None:
    assert narrated("Seu Bento: Entre.\n\nEla entrou.") == (
        '<voice name="pt-br+m3"><p><s>Entre.</s></p></voice><p><s>Ela entrou.</s></p>'
    )


def test_the_longest_name_counts() -> None:
    assert narrated("Ana Maria: Oi.") == '<voice name="pt-br+f2"><p><s>Oi.</s></p></voice>'


@pytest.mark.parametrize("text", ["Mariana: oi.", "Ana disse: oi.", "Bento: oi.", "Ana:", "Anas: oi."])
def test_a_paragraph_that_only_looks_so_is_read_as_it_is(text: str) -> None:
    assert narrated(text) == f"<p><s>{text}</s></p>"


def test_a_voice_of_ssml_may_be_a_speaker() -> None:
    body = '<speak><p><voice name="ana">Oi.</voice> <voice name="pt-br+m1">Olá.</voice></p></speak>'
    assert narrated(body, "peca.ssml", voices="Ana=pt-br+f3") == (
        '<p><voice name="pt-br+f3">Oi.</voice> <voice name="pt-br+m1">Olá.</voice></p>'
    )


def test_a_name_may_hold_any_sign() -> None:
    assert resolve({"voices": "A. (criança)=x"}).voices == {"A. (criança)": "x"}
    body = "<speak><p>A. (criança): oi</p></speak>"
    assert narrated(body, "a.ssml", voices="A. (criança)=x") == "<p>A. (criança): oi</p>"


def test_voices_that_are_none_are_refused() -> None:
    with pytest.raises(Refused, match="voices: must be speakers and their voices"):
        read(b"---\nvoices: [Ana]\n---\nOi.", "a.txt", [])
