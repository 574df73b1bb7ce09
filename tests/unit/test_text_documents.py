import pickle
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from darkchannel.errors import Refused
from services.splitter.document import read
from services.splitter.lines.inline import plain
from tests.unit.documents import segments, spoken_text, words

SAMPLE = Path(__file__).parents[2] / "examples" / "o-farol.md"


def spoken_words(body: bytes, name: str = "book.txt") -> list[str]:
    return words(spoken_text(segments(read(body, name, []))))


def test_the_sample_book_has_three_titled_chapters_and_the_options_of_its_front_matter() -> None:
    book = read(SAMPLE.read_bytes(), SAMPLE.name, [])
    assert [chapter.title for chapter in book.chapters] == [
        "Capítulo 1: A chegada",
        "Capítulo 2: O caderno azul",
        "Capítulo 3: A volta",
    ]
    assert (book.title, book.author, book.options.language) == ("O Farol", "DarkChannel", "pt-BR")
    assert spoken_text(book.chapters[0].segments).strip().startswith("Capítulo 1: A chegada")


def test_a_book_and_the_way_to_read_it_can_be_sent_to_another_process() -> None:
    book = read("Olá.".encode(), "a.txt", [{"title": "A"}])
    assert pickle.loads(pickle.dumps(book)) == book
    assert pickle.loads(pickle.dumps(read)) is read


def test_an_empty_document_is_refused_as_empty() -> None:
    with pytest.raises(Refused, match="empty"):
        read(b"", "a.txt", [])


@pytest.mark.parametrize("body", [b" \n\t\r\n ", b"\xef\xbb\xbf\n", "\u2003\u00a0".encode(), b"\xff\xfe \x00"])
def test_a_document_of_white_space_is_refused_as_such(body: bytes) -> None:
    with pytest.raises(Refused, match="white space"):
        read(body, "a.txt", [])


def test_a_document_of_signs_without_a_word_is_refused_as_such() -> None:
    with pytest.raises(Refused, match="no words"):
        read("?!… — 🎉".encode(), "a.txt", [])


@pytest.mark.parametrize("name", ["a.odt", "a", "a.txt.exe", "a.é"])
def test_an_unknown_extension_is_refused_with_those_that_are_read(name: str) -> None:
    with pytest.raises(Refused, match=r"txt, md, text, ssml, xml, epub"):
        read("Olá.".encode(), name, [])


@pytest.mark.parametrize("name", ["a.txt", "a.MD", "b/c.text"])
def test_the_extensions_of_text_are_read_as_text(name: str) -> None:
    assert spoken_words("Olá, mundo.".encode(), name) == ["Olá", "mundo"]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_the_encodings_people_save_in_are_read_rightly(codec: str) -> None:
    text = "Não há razão: a ação começou às três, disse José."
    assert spoken_words(text.encode(codec)) == words(text)


def test_utf_16_in_the_other_byte_order_is_read_rightly() -> None:
    assert spoken_words(b"\xfe\xff" + "Coração".encode("utf-16-be")) == ["Coração"]


def test_typographic_quotes_of_windows_are_read_rightly() -> None:
    assert "“Olá”" in spoken_text(segments(read("Disse: “Olá” — e saiu.".encode("cp1252"), "a.txt", [])))


def test_damaged_utf_8_is_refused_with_the_place_of_the_damage() -> None:
    body = "Não há ação.".encode() + b"\xc3" + " É só isso.".encode()
    with pytest.raises(Refused, match=r"byte 16 of the document is damaged UTF-8"):
        read(body, "a.txt", [])


@pytest.mark.parametrize(
    "body",
    [
        b"abc\0def",
        b"PK\x03\x04\x14\0\0\0",
        bytes(range(256)) * 4,
        b"\xff\xfe\x00\xd8\x00",
        b"%PDF-1.7\n\xe2\xe3\xcf\xd3\n\x01\x02stream\x99\x98\x97",
        "Привет, как дела? Всё хорошо.".encode("koi8-r"),
        b"\x81\x8d\x8f\x90",
    ],
    ids=["nul", "zip", "every byte", "broken utf-16", "pdf", "another alphabet", "no code page"],
)
def test_bytes_that_are_no_text_are_refused(body: bytes) -> None:
    with pytest.raises(Refused, match="save it as UTF-8"):
        read(body, "a.txt", [])


def test_utf_16_without_a_byte_order_mark_is_refused_as_binary() -> None:
    with pytest.raises(Refused, match="binary"):
        read("Olá, mundo".encode("utf-16-le"), "a.txt", [])


def test_control_characters_and_soft_hyphens_fall_out_without_a_word() -> None:
    assert spoken_words("O fa\x01rol\x08 brilha\u00ad\x7fva\ufeff.\ufffe".encode()) == ["O", "farol", "brilhava"]


def test_front_matter_wins_over_all_other_places_and_unknown_keys_are_left_alone() -> None:
    body = b"---\ntitle: 1984\nauthor: [George, Orwell]\nlang: xx\ndate: 2024-05-01\nEngine: espeak\n---\nTexto."
    book = read(body, "a.md", [{"title": "x", "voice": "v"}, {"title": "y"}])
    assert (book.title, book.author, book.options.voice, book.options.engine) == (
        "1984",
        "George, Orwell",
        "v",
        "espeak",
    )
    assert words(spoken_text(segments(book))) == ["Texto"]


@pytest.mark.parametrize(
    ("front", "says"),
    [
        ("title: [a", r"broken at line \d"),
        ("title: a\nthis: [", r"broken at line \d"),
        ("title: x\n: y: z\n - w", "broken"),
        ("priority: soon", "priority: .*'soon'"),
        ("title:\n  - 1\n  - 2", "title must be one value"),
        ("title: &x [*x]", "title must be one value"),
        ("date: 2024-99-99", "broken"),
        ('title: "a\\ud800"', "broken"),
    ],
)
def test_wrong_front_matter_is_refused_with_the_place_or_the_name(front: str, says: str) -> None:
    with pytest.raises(Refused, match=says):
        read(f"---\n{front}\n---\nTexto.".encode(), "a.md", [])


def test_front_matter_of_others_may_nest_as_it_likes() -> None:
    front = "a: &a {x: [1]}\nb: [*a, *a]\ntitle: 2024-05-01"
    assert read(f"---\n{front}\n---\nTexto.".encode(), "a.md", []).title == "2024-05-01"


def test_front_matter_without_an_end_is_refused() -> None:
    with pytest.raises(Refused, match="no closing ---"):
        read(b"---\ntitle: x\n\nTexto.", "a.md", [])


def test_front_matter_alone_is_a_document_of_white_space() -> None:
    with pytest.raises(Refused, match="white space"):
        read(b"---\ntitle: x\n---\n", "a.md", [])


def test_prose_between_two_rules_is_no_front_matter() -> None:
    body = b"---\nEra uma vez um farol.\n---\nFim."
    assert spoken_words(body) == ["Era", "uma", "vez", "um", "farol", "Fim"]


@pytest.mark.parametrize(
    "heading",
    [
        "# Um",
        "## Dois ##",
        "Capítulo 3",
        "CAPÍTULO XII",
        "Capitulo Um",
        "Capítulo vinte e um",
        "Capítulo 4: O mar",
        "Capítulo V — A volta",
        "Prólogo",
        "EPÍLOGO",
        "Chapter 7",
        "Chapter Twelve. Home",
        "**Capítulo 9**",
        "Capítulo Primeiro",
        "Capítulo 1º",
        "CAPÍTULO 2 O MAR",
        "Prefácio",
        "Introdução",
        "Posfácio",
        "Parte II",
        "Livro Primeiro",
        "Segunda Parte",
        "Cap. 3",
        "Apêndice B",
        "SOBRE A AUTORA",
        "Glossário",
        "#Capítulo 5",
    ],
)
def test_a_chapter_starts_at_a_heading_which_is_spoken_first(heading: str) -> None:
    book = read(f"Antes de tudo.\n\n{heading}\n\nDepois.".encode(), "livro.md", [])
    title = heading.strip("#* ")
    assert [chapter.title for chapter in book.chapters] == ["livro", title]
    assert words(spoken_text(book.chapters[1].segments)) == [*words(title), "Depois"]
    assert book.chapters[1].segments[0].count("<break") == 1


@pytest.mark.parametrize(
    "line",
    [
        "Capítulo 3 foi o mais longo.",
        "Livro civil",
        "Parte de mim",
        "Introdução: foi assim que tudo começou.",
        "Referências de outra vida",
        "#Capítulo 3 foi longo",
        "XII",
        "No capítulo 3",
        "Prólogos",
        "Capítulo",
        "Chapter and verse",
        "#hashtag",
        "12.",
        "Capítulo " + "3: " + "a" * 200,
    ],
)
def test_other_lines_start_no_chapter(line: str) -> None:
    assert len(read(f"Antes.\n\n{line}\n\nDepois.".encode(), "a.txt", []).chapters) == 1


def test_a_chapter_line_inside_a_paragraph_starts_no_chapter() -> None:
    assert len(read("Ele abriu o livro no\nCapítulo 3\ne leu em voz alta.".encode(), "a.txt", []).chapters) == 1


def chapter_titles(text: str) -> list[str]:
    return [chapter.title for chapter in read(text.encode(), "a.txt", []).chapters]


@pytest.mark.parametrize("name", ["A CHEGADA", "A chegada"])
def test_the_line_below_a_chapters_number_is_its_name(name: str) -> None:
    assert chapter_titles(f"Capítulo 1\n\n{name}\n\nEra.\n\nCapítulo 2\n\nFoi.") == [
        f"Capítulo 1: {name}",
        "Capítulo 2",
    ]
    assert spoken_words(f"Capítulo 1\n{name}\n\nEra.".encode()) == ["Capítulo", "1", *words(name), "Era"]


@pytest.mark.parametrize("line", ["— Olá", "Choveu.", "e choveu", "Capítulo 2"])
def test_a_sentence_below_a_chapters_number_is_not_its_name(line: str) -> None:
    assert "Capítulo 1:" not in "".join(chapter_titles(f"Capítulo 1\n\n{line}\n\nEra."))


@pytest.mark.parametrize("numbers", [["I", "II", "III"], ["1", "2", "3"], ["1.", "2.", "3."]])
def test_numbers_that_count_through_the_document_start_chapters(numbers: list[str]) -> None:
    assert chapter_titles("".join(f"{number}\n\nTexto.\n\n" for number in numbers)) == numbers


def test_two_numbers_and_one_that_counts_nowhere_start_no_chapters() -> None:
    assert chapter_titles("I\n\nUm.\n\nII\n\nDois.") == ["a"]
    assert chapter_titles("I\n\nUm.\n\nII\n\nDois.\n\nIII\n\nTrês.\n\nI\n\nFim.") == ["I", "II", "III"]


@pytest.mark.parametrize("numbers", [["1.", "2.", "3."], ["I –", "II –", "III –"], ["I.", "II.", "III."]])
def test_numbers_before_names_that_count_through_the_document_start_chapters(numbers: list[str]) -> None:
    titles = [f"{number} {name}" for number, name in zip(numbers, ("A terra", "O mar", "O céu"), strict=True)]
    assert chapter_titles("".join(f"{title}\n\nTexto.\n\n" for title in titles)) == titles


def test_items_of_a_list_start_no_chapters() -> None:
    assert chapter_titles("Leve:\n\n1. Pão\n\n2. Água\n\n3. Sal\n\nE venha.") == ["a"]


def test_a_chapter_line_between_two_rules_is_a_heading_and_the_sentence_above_is_none() -> None:
    text = "-----\nCAPÍTULO 1\n-----\nEra cedo!\n=====\nCAPÍTULO 2\n=====\nChoveu."
    assert chapter_titles(text) == ["CAPÍTULO 1", "CAPÍTULO 2"]
    assert spoken_words(text.encode()) == words(text)


def test_the_header_and_the_licence_of_project_gutenberg_are_left_out() -> None:
    around = "*** {} OF THE PROJECT GUTENBERG EBOOK O LAGO ***"
    text = f"Este livro é livre.\n\n{around.format('START')}\n\nEra cedo.\n\n{around.format('END')}\n\nLicença."
    assert spoken_words(text.encode()) == ["Era", "cedo"]


def test_a_chapter_heading_of_markdown_is_named_by_the_one_below_it() -> None:
    text = "# Capítulo 1\n\n### A chegada\n\nUm.\n\n# Capítulo 2\n\nDois."
    assert chapter_titles(text) == ["Capítulo 1: A chegada", "Capítulo 2"]


def test_numbers_within_chapters_are_headings_but_no_chapters() -> None:
    text = "".join(f"Capítulo {chapter}\n\nI\n\nUm.\n\nII\n\nDois.\n\nIII\n\nTrês.\n\n" for chapter in (1, 2))
    assert chapter_titles(text) == ["Capítulo 1", "Capítulo 2"]
    assert segments(read(text.encode(), "a.txt", []))[0].count("<break") == 4


def test_parts_begin_their_first_chapter() -> None:
    text = "Parte I\n\nA TERRA\n\nCapítulo 1\n\nUm.\n\nParte II\n\nCapítulo 2\n\nDois."
    assert chapter_titles(text) == ["Capítulo 1", "Capítulo 2"]
    assert spoken_words(text.encode()) == words(text)


def test_a_single_first_level_heading_at_the_start_titles_the_book() -> None:
    book = read(b"# O Mar\n\n## Um\n\nTexto.\n\n## Dois\n\nTexto.", "a.md", [])
    assert book.title == "O Mar"
    assert [chapter.title for chapter in book.chapters] == ["Um", "Dois"]
    assert words(spoken_text(book.chapters[0].segments)) == ["O", "Mar", "Um", "Texto"]


def test_an_option_titles_the_book_before_the_document_and_the_document_before_the_file() -> None:
    assert read(b"# O Mar\n\nTexto.", "a.md", [{"title": "Opção"}]).title == "Opção"
    assert read(b"# O Mar\n\nTexto.", "a.md", []).title == "O Mar"
    assert read(b"Texto.", "caixa/Memórias Póstumas.md", []).title == "Memórias Póstumas"


def test_long_titles_are_shortened_but_spoken_whole() -> None:
    book = read(f"# {'palavra ' * 100}\n\nTexto.".encode(), "a.md", [])
    assert len(book.title) <= 200
    assert words(spoken_text(segments(book))).count("palavra") == 100


@pytest.mark.parametrize(
    ("marked", "said"),
    [
        ("o *farol* e o **mar** e ***tudo***", "o farol e o mar e tudo"),
        ("_sim_, __não__ e nome_de_arquivo", "sim, não e nome_de_arquivo"),
        ('veja [a página](https://e.org/a_(b)) e ![um mapa](m.png "t")', "veja a página e um mapa"),
        ("como disse[^1] [ela][2]", "como disse ela"),
        ("`código` e ~~nada~~", "código e nada"),
        ("2 * 3 * 4 e a \\* b", "2 * 3 * 4 e a * b"),
        ("“*Vem!*”, disse. (*Rápido*)", "“Vem!”, disse. (Rápido)"),
        ("uma linha<br/>outra", "uma linha outra"),
        ("[[Ilha do Mel]], [[Ilha do Mel|a ilha]] e ![[foto.png|300]]fim", "Ilha do Mel, a ilha e fim"),
        ("é ==claro==: a==b e x == y", "é claro: a==b e x == y"),
        ("[!note]- Aviso", "Aviso"),
        ("A volta {#volta .sem-numero}", "A volta"),
        ("[um]{.destaque} {-} {x} a{b}", "um {x} a{b}"),
    ],
)
def test_marks_of_markdown_are_not_spoken(marked: str, said: str) -> None:
    assert plain(marked) == said


def test_lines_of_a_paragraph_are_joined_and_items_and_dialogue_stand_alone() -> None:
    body = "Uma linha\nquebrada.\n- Item um\n- Item dois\n— Olá!\n> Citação\n> longa.\n```\ncódigo\n```\n".encode()
    [segment] = segments(read(body, "a.md", []))
    for paragraph in ("<s>Uma linha quebrada.</s>", "<s>Item um</s>", "<s>Item dois</s>", "<s>— Olá!</s>"):
        assert f"<p>{paragraph}</p>" in segment or paragraph in segment
    assert segment.count("<p>") == 6


@pytest.mark.parametrize("rule", ["***", "---", "* * *", "⁂", "_____"])
def test_a_rule_between_scenes_is_a_pause(rule: str) -> None:
    [segment] = segments(read(f"Um.\n\n{rule}\n\nDois.".encode(), "a.md", []))
    assert '<p><s>Um.</s></p><break time="2000ms"/><p><s>Dois.</s></p>' in segment


@pytest.mark.parametrize(("scene", "time"), [("0", "0ms"), ("1.25", "1250ms"), ("10", "10000ms")])
def test_between_scenes_is_the_pause_that_was_asked_for_and_after_a_heading_is_not(scene: str, time: str) -> None:
    [segment] = segments(read(b"# I\n\nUm.\n\n***\n\nDois.", "a.md", [{"pauses": f"scene={scene}"}]))
    assert f'<p><s>I</s></p><break time="1000ms"/><p><s>Um.</s></p><break time="{time}"/>' in segment


def test_marks_that_never_close_are_read() -> None:
    for hostile in ("*a " * 100_000, "[" * 300_000, "[](a" * 75_000, "![a](" * 60_000, "_" * 300_000, "\\" * 300_000):
        assert read(f"a {hostile}".encode(), "a.md", []).chapters


PROSE = st.text(
    st.one_of(
        st.sampled_from(" \n.,;!?—“”ãéÇ"), st.characters(codec="utf-8", categories=["Ll", "Lu", "Nd", "Po", "Zs"])
    ),
    min_size=1,
)


@given(PROSE)
@example("a. " * 5_000)
@example("palavra " * 2_500)
@example("palavra, " * 2_500)
@example("x" * 20_000)
def test_no_character_of_a_text_is_lost(text: str) -> None:
    said = "".join(words(text))
    body = f"Um {text}".encode()
    pieces = segments(read(body, "a.txt", []))
    assert "".join(words(spoken_text(pieces))) == f"Um{said}"


@given(
    st.lists(
        st.text(st.characters(codec="ascii", categories=["Ll"]), min_size=1, max_size=30), min_size=1, max_size=900
    )
)
@example(["palavra"] * 2_500)
def test_no_word_is_cut_where_there_is_a_space(written: list[str]) -> None:
    assert spoken_words(" ".join(written).encode()) == written


@given(st.text(min_size=1))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(Refused):
        assert words(spoken_text(segments(read(text.encode(), "a.txt", []))))


@given(st.binary(min_size=1))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for name in ("a.txt", "a.ssml", "a.epub"):
        with suppress(Refused):
            assert segments(read(body, name, []))
