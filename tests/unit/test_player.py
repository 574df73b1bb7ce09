"""The player's page: all in one file, whatever the titles and the text hold."""

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.jobs.records import Mark
from services.merger.cues import Line
from services.merger.player import page

NASTY = [
    "</script><script>alert(1)</script>",
    "<!-- <script>",
    "]]>",
    "\u2028\u2029",
    "\"&quot;'",
    "=;#\\\n",
    "😀",
    "$data $title",
]


def made(
    title: str = "O cais",
    lines: Sequence[Line] = (),
    chapters: Sequence[Mark] = (),
    *,
    author: str | None = "Inês Braga",
    language: str = "pt-BR",
    audio: str = "audiobook.mp3",
    pictures: tuple[str | None, str | None] = ("cover.jpg", "waveform.png"),
) -> str:
    return "".join(
        page(
            title=title, author=author, language=language, seconds=90.0, chapters=chapters, lines=lines,
            audio=audio, cover=pictures[0], waveform=pictures[1],
        )
    )  # fmt: skip


class Read(HTMLParser):
    """What a browser finds in a page: elements, and the text of each kind of them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img", "input"):
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[self._open[-1]][-1] += data

    @property
    def data(self) -> Any:
        return json.loads(self.texts["script"][0])

    def attribute(self, tag: str, name: str) -> list[str | None]:
        return [attributes[name] for found, attributes in self.tags if found == tag and name in attributes]


@pytest.mark.parametrize("text", NASTY)
def test_no_title_or_sentence_leaves_its_place(text: str) -> None:
    read = Read(made(text, [Line(1, 2, text, 0)], [Mark(title=text, start=0, end=90)], author=text))
    assert len(read.texts["script"]) == 2
    assert read.texts["title"] == [text]
    assert read.texts["h1"] == [text]
    assert read.data["lines"][0][3] == text
    assert read.data["chapters"] == [[0, text.strip()]]


@given(st.lists(st.text(max_size=40), max_size=5))
def test_what_was_written_is_what_is_read(texts: list[str]) -> None:
    text = made(lines=[Line(at, at + 1, text, 0) for at, text in enumerate(texts)])
    start = text.index('id="data">') + len('id="data">')
    body = text[start : text.index("</script>", start)]
    assert [line[3] for line in json.loads(body)["lines"]] == texts
    assert not set("<>\u2028\u2029") & set(body)


def test_nothing_comes_from_any_other_address() -> None:
    text = made()
    assert "http:" not in text
    assert "https:" not in text
    assert "//" not in "".join(value or "" for name in ("src", "href") for value in Read(text).attribute("img", name))
    assert Read(text).attribute("link", "href") == ["data:,"]
    assert Read(text).attribute("script", "src") == []


def test_the_policy_lets_this_style_and_this_script_in_and_no_other() -> None:
    read = Read(made())
    (policy,) = (content or "" for content in read.attribute("meta", "content") if "default-src" in (content or ""))
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))

    def hashed(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    assert rules["default-src"] == "'none'"
    assert rules["style-src"] == hashed(read.texts["style"][0])
    assert rules["script-src"] == hashed(read.texts["script"][1])
    assert "unsafe" not in policy


def test_times_are_whole_centiseconds_rounded_down() -> None:
    read = Read(made(lines=[Line(1.239, 2, "Um.", 0), Line(4.1, 6, "Dois.", 1, True)]))
    assert read.data["lines"] == [[123, 0, 0, "Um."], [410, 1, 1, "Dois."]]


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("O mar veio.", ((1.0, "O"), (1.25, "mar"), (2.0, "veio")), [0, "O ", 25, "mar ", 100, "veio."]),
        ("— O mar", ((1.1, "O"), (1.25, "mar")), [0, "— ", 10, "O ", 25, "mar"]),
        ("O mar, o mar.", ((1.25, "mar"), (3.0, "mar")), [0, "O ", 25, "mar, o ", 200, "mar."]),
        ("O mar", ((1.0, "céu"), (1.25, "mar"), (1.5, "")), [0, "O ", 25, "mar"]),
        ("O mar", ((1.0, "céu"),), [0, "O mar"]),
        ("", ((1.0, "céu"),), [0, ""]),
    ],
)
def test_words_cut_their_sentence_where_they_are_spoken(
    text: str, words: tuple[tuple[float, str], ...], expected: list[int | str]
) -> None:
    assert Read(made(lines=[Line(1.0, 4.0, text, 0, words=words)])).data["lines"][0][3] == expected


@given(st.text(alphabet="ab é.", max_size=30), st.lists(st.text(alphabet="abé", max_size=3), max_size=8))
def test_no_letter_of_a_sentence_is_lost_whatever_its_words(text: str, words: list[str]) -> None:
    line = Line(1.0, 9.0, text, 0, words=tuple((1.0 + at / 4, word) for at, word in enumerate(words)))
    packed = Read(made(lines=[line])).data["lines"][0][3]
    assert (packed if isinstance(packed, str) else "".join(packed[1::2])) == text


@pytest.mark.parametrize(
    ("language", "word"), [("pt-BR", "Capítulos"), ("PT", "Capítulos"), ("en-GB", "Chapters"), ("de", "Chapters")]
)
def test_its_words_are_of_the_language_of_the_book(language: str, word: str) -> None:
    read = Read(made(language=language))
    assert read.texts["summary"] == [word]
    assert read.attribute("html", "lang") == [language]


def test_a_book_without_pictures_author_or_text_has_a_page() -> None:
    read = Read(made(author=None, pictures=(None, None)))
    assert read.attribute("img", "src") == []
    assert read.data["lines"] == []
    assert "None" not in "".join(read.texts["p"])


def test_names_of_files_are_written_as_addresses() -> None:
    read = Read(made(audio="o mar #1?.mp3", pictures=('a"b.jpg', "w.png")))
    assert read.data["audio"] == "o%20mar%20%231%3F.mp3"
    assert read.attribute("img", "src") == ["a%22b.jpg", "w.png"]


def test_every_control_has_a_name() -> None:
    read = Read(made())
    for tag in ("button", "input", "select", "article", "section"):
        controls = [attributes for found, attributes in read.tags if found == tag]
        assert controls
        assert all(attributes.get("aria-label") for attributes in controls)


def test_no_placeholder_is_left() -> None:
    assert not re.search(r"\$[a-z]", re.sub(r"<(script|style)\b.*?</\1>", "", made(), flags=re.DOTALL))


def test_a_long_book_is_written_in_pieces_and_few_words() -> None:
    lines = (Line(at * 6.0, at * 6.0 + 5, "Frase de trinta letras ao todo.", 0) for at in range(15_000))
    pieces = page(
        title="Sem fim", author=None, language="pt-BR", seconds=90_000, chapters=[], lines=lines,
        audio="audiobook.mp3", cover=None, waveform=None,
    )  # fmt: skip
    sizes = [len(piece) for piece in pieces]
    assert max(sizes) < 20_000
    assert sum(sizes) < 15_000 * 60
