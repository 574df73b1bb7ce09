from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from darkchannel.speech.ssml import Element
from services.splitter.footnotes import placed
from services.splitter.formats.draft import Block, Note

TEXT = "O rio sobe. A ponte cai. Ninguém viu."
BLOCK = Block(TEXT, pause=True, notes=(Note(10, "Em março."), Note(len(TEXT), "Ou quase.")))


def test_a_note_is_left_out_unless_asked_for() -> None:
    assert list(placed([BLOCK], "skip", "pt-BR")) == [BLOCK]


def test_a_note_inline_follows_its_sentence_and_the_scene_ends_at_its_end() -> None:
    assert list(placed([BLOCK], "inline", "pt-BR")) == [
        Block("O rio sobe."),
        Block("Nota: Em março."),
        Block("A ponte cai. Ninguém viu.", pause=True),
        Block("Nota: Ou quase."),
    ]


def test_notes_at_the_end_follow_the_chapter_under_a_heading_in_its_language() -> None:
    last = Element("p", {}, ("Fim.",))
    assert list(placed([BLOCK, last], "end", "en")) == [
        BLOCK,
        last,
        Block("Notes.", heading=True),
        Block("Em março."),
        Block("Ou quase."),
    ]


def test_a_chapter_without_notes_stays() -> None:
    assert list(placed([Block("Oi.")], "end", "pt")) == [Block("Oi.")]


@given(st.text(min_size=1), st.lists(st.tuples(st.integers(0, 200), st.text(min_size=1)), max_size=5))
def test_inline_notes_lose_no_word_of_the_text_nor_of_a_note(text: str, notes: Sequence[tuple[int, str]]) -> None:
    ordered = tuple(Note(at, note) for at, note in sorted(notes))
    found = [item for item in placed([Block(text, notes=ordered)], "inline", "pt") if isinstance(item, Block)]
    said = [block.text.removeprefix("Nota: ") for block in found if block.text.startswith("Nota: ")]
    assert said == [note.text for note in ordered]
    rest = "".join(block.text for block in found if not block.text.startswith("Nota: "))
    assert "".join(rest.split()) == "".join(text.split())
