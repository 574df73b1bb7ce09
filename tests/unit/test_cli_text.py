"""``darkchannel text``: what it prints of a text and of a document, and how it exits."""

import io
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from darkchannel.cli import texts
from darkchannel.cli.app import run
from darkchannel.cli.exits import Code
from services.splitter import document

BOOK = """\
# Partida

O Sr. Prado saiu às 8h. Ninguém o viu.

# Volta

— Quem é? — perguntou ela. Era o n.º 5.
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(text: str | bytes, name: str = "conto.txt") -> str:
    Path(name).write_bytes(text.encode() if isinstance(text, str) else text)
    return name


def standard_input(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(body), encoding="ascii"))


def the_error(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith("darkchannel: ")
    assert err.count("\n") == 1
    return err


def test_sentences_stand_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    name = written("O Sr. Prado\r\nsaiu. Quem viu?\r\n\r\nNinguém")
    assert run(["text", "sentences", "--language", "pt-BR", name]) == Code.OK
    assert capsys.readouterr().out == "O Sr. Prado saiu.\nQuem viu?\nNinguém\n"


def test_sentences_end_by_the_rules_of_the_language(capsys: pytest.CaptureFixture[str]) -> None:
    name = written("No. 5 is red. No. 6 is not.")
    assert run(["text", "sentences", "--language", "en", name]) == Code.OK
    assert capsys.readouterr().out == "No. 5 is red.\nNo. 6 is not.\n"


def test_each_line_is_normalised_to_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    name = written("\ufeffTem 2 páginas.\n\nSem número.\n")
    assert run(["text", "normalize", name]) == Code.OK
    assert capsys.readouterr().out == "Tem duas páginas.\n\nSem número.\n"


@pytest.mark.parametrize("command", ["sentences", "normalize"])
def test_a_dash_is_standard_input_in_utf8_whatever_the_terminal_speaks(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    standard_input("\ufeffNão há ninguém.".encode(), monkeypatch)
    assert run(["text", command, "-"]) == Code.OK
    assert capsys.readouterr().out == "Não há ninguém.\n"


@pytest.mark.parametrize("command", ["sentences", "normalize"])
def test_what_is_not_utf8_is_refused_with_its_place(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["text", command, written("coração".encode("latin-1"))]) == Code.FAILED
    assert "byte 4 of conto.txt is not UTF-8" in the_error(capsys)
    standard_input(b"\xff", monkeypatch)
    assert run(["text", command, "-"]) == Code.FAILED
    assert "byte 0 of standard input is not UTF-8" in the_error(capsys)


@pytest.mark.parametrize("command", ["sentences", "normalize", "plan"])
def test_a_missing_file_is_not_found_and_a_folder_or_a_wrong_language_is_wrong_usage(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["text", command, "nowhere.txt"]) == Code.NOT_FOUND
    assert "nowhere.txt" in the_error(capsys)
    assert run(["text", command, "."]) == Code.USAGE
    assert "is no file" in the_error(capsys)
    assert run(["text", command, written("Oi."), "--language", "!"]) == Code.USAGE
    assert "language" in the_error(capsys)


@pytest.mark.parametrize("command", ["sentences", "normalize"])
def test_an_empty_text_is_no_error(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["text", command, written("")]) == Code.OK
    assert not capsys.readouterr().out.strip()


def test_a_plan_lists_each_segment_with_its_number_chapter_characters_and_first_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["text", "plan", written(BOOK)]) == Code.OK
    out, err = capsys.readouterr()
    rows = [line.split("\t") for line in out.splitlines()]
    assert [row[:2] for row in rows] == [["0", "Partida"], ["1", "Volta"]]
    assert "O Sr. Prado saiu às 8h." in rows[0][3]
    assert err.startswith("conto: 2 chapters, 2 segments, ")


def test_a_plan_shows_no_more_than_the_first_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["text", "plan", written("palavra " * 50)]) == Code.OK
    number, _, characters, words = capsys.readouterr().out.rstrip("\n").split("\t")
    assert (number, characters) == ("0", str(len("palavra " * 50) - 1))
    assert words.endswith("…")
    assert len(words) <= texts.FIRST_WORDS


def test_a_plan_as_json_is_the_book_that_the_splitter_makes(capsys: pytest.CaptureFixture[str]) -> None:
    body = BOOK + "\n# Fim\n\n" + "Choveu muito. " * 400
    assert run(["text", "plan", written(body), "--voice", "pt-br+f3", "--json"]) == Code.OK
    told = json.loads(capsys.readouterr().out)
    book = document.read(body.encode(), "conto.txt", ({"voice": "pt-br+f3"},))
    assert told | {"chapters": []} == {
        "title": book.title, "author": None, "language": "pt-BR", "engine": "auto", "voice": "pt-br+f3", "chapters": [],
    }  # fmt: skip
    assert [chapter["title"] for chapter in told["chapters"]] == [chapter.title for chapter in book.chapters]
    assert [[one["ssml"] for one in chapter["segments"]] for chapter in told["chapters"]] == [
        list(chapter.segments) for chapter in book.chapters
    ]
    flat = [one for chapter in told["chapters"] for one in chapter["segments"]]
    assert [one["index"] for one in flat] == list(range(len(flat)))
    assert len(flat) > len(book.chapters)
    assert all(one["characters"] == len(one["text"]) for one in flat)
    assert " ".join(one["text"] for one in flat).endswith("Choveu muito.")


def test_a_plan_applies_the_lexicons_it_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    name = written("O Prado saiu.")
    lexicon = written(
        '<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon" xml:lang="pt">'
        "<lexeme><grapheme>Prado</grapheme><alias>Prádo</alias></lexeme></lexicon>",
        "termos.pls",
    )
    assert run(["text", "plan", name, "--lexicon", lexicon, "--json"]) == Code.OK
    [chapter] = json.loads(capsys.readouterr().out)["chapters"]
    assert '<sub alias="Prádo">Prado</sub>' in chapter["segments"][0]["ssml"]


def test_a_plan_names_a_lexicon_that_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["text", "plan", written("Oi."), "--lexicon", written("<lexicon>", "termos.pls")]) == Code.FAILED
    assert "termos.pls is broken at line 1" in the_error(capsys)


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [("conto.txt", b"", "no bytes"), ("conto.xyz", b"Oi.", "extensions"), ("conto.ssml", b"<speak>", "speak")],
)
def test_a_plan_refuses_what_the_splitter_refuses(
    name: str, body: bytes, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["text", "plan", written(body, name)]) == Code.FAILED
    assert says in the_error(capsys)


@pytest.mark.parametrize("points", [[], [metadata.EntryPoint("plan", "no_such_module:read", texts.GROUP)]])
def test_a_plan_without_the_splitter_says_what_to_install(
    points: list[metadata.EntryPoint], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(texts, "entry_points", lambda **_: metadata.EntryPoints(points))
    assert run(["text", "plan", written(BOOK)]) == Code.FAILED
    assert "pip install 'darkchannel[splitter]'" in the_error(capsys)


def test_a_reader_that_goes_away_leaves_no_trace() -> None:
    name = written("Uma frase. " * 50_000)
    words = [sys.executable, "-m", "darkchannel.cli", "text", "sentences", name]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == b"Uma frase.\n"
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.parametrize("command", ["sentences", "normalize", "plan"])
def test_help_gives_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["text", command, "--help"]) == Code.OK
    assert f"darkchannel text {command} " in " ".join(capsys.readouterr().out.split())
