"""The labelled sets themselves, how they are scored, and how well the rules agree with them."""

from pathlib import Path

import pytest

from tests.labelled import TAGS, Case, accuracy, cases, paragraphs, sentence_f1, words

LANGUAGES = tuple(TAGS)


@pytest.mark.parametrize(("language", "least"), [("pt", 300), ("en", 150)])
def test_there_are_enough_labelled_sentences(language: str, least: int) -> None:
    assert sum(map(len, paragraphs(language))) >= least


def test_there_are_enough_labelled_readings() -> None:
    assert sum(len(cases(language)) for language in LANGUAGES) >= 250


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_label_is_well_formed(language: str) -> None:
    for paragraph in paragraphs(language):
        assert paragraph == tuple(" ".join(sentence.split()) for sentence in paragraph)
    for case in cases(language):
        assert all(words(reading) for reading in case.readings), case
        assert not any(character.isdigit() for reading in case.readings for character in reading), case


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_labelled_twice(language: str) -> None:
    for labels in (paragraphs(language), [case.text for case in cases(language)]):
        assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_end_where_a_narrator_ends_them(language: str) -> None:
    score = sentence_f1(language)
    assert score.f1 >= 0.98, _report(f"F1 {score.f1:.4f}", score.wrong)


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_said_as_a_narrator_says_them(language: str) -> None:
    result = accuracy(language)
    assert result.share >= 0.97, _report(f"{result.right} of {result.cases} right", result.wrong)


def test_a_missed_and_a_needless_boundary_are_both_wrong(tmp_path: Path) -> None:
    (tmp_path / "sentences.pt.txt").write_text("# note\nUm dia.\nDois dias.\nTrês.\n\nQuatro longos anos.\n", "utf-8")

    def wrongly(text: str, language: str) -> list[str]:
        assert language == "pt-BR"
        return ["Um dia. ", "Dois dias. Três."] if text.startswith("Um") else ["Quatro ", "longos", " anos."]

    score = sentence_f1("pt", tmp_path, wrongly)
    assert (score.sentences, score.found, score.labelled, score.set) == (4, 1, 2, 3)
    assert (score.precision, score.recall, score.f1) == (1 / 3, 1 / 2, 2 / 5)
    assert score.wrong == [
        "not cut: Um dia. Dois dias. ‖ Três.",
        "cut: Quatro ‖ longos anos.",
        "cut: Quatro longos ‖ anos.",
    ]


def test_a_reading_counts_by_its_words_alone(tmp_path: Path) -> None:
    (tmp_path / "normalisation.en.tsv").write_text(
        "21 men\ttwenty-one men\nNo. 1?\tnumber one|No one\n#2\ttwo\n", "utf-8"
    )
    said = {"21 men": " Twenty one, men!", "No. 1?": "no one?", "#2": "hash two"}

    result = accuracy("en", tmp_path, lambda text, language: said[text])
    assert (result.right, result.cases) == (2, 3)
    assert result.wrong == ["#2: said 'hash two', right is 'two'"]


def test_a_digit_left_over_is_a_word() -> None:
    assert words("pão-de-ló, d'água: 3 ou ٣") == ["pão", "de", "ló", "d'água", "3", "ou", "٣"]


def test_alternatives_are_read_from_one_line(tmp_path: Path) -> None:
    (tmp_path / "normalisation.pt.tsv").write_text("14\tcatorze|quatorze\n", "utf-8")
    assert cases("pt", tmp_path) == [Case("14", ("catorze", "quatorze"))]


def _report(figure: str, wrong: list[str]) -> str:
    return "\n".join([figure, *wrong])
