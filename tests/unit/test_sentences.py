import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.speech.sentences import MERGED, WINDOW, break_point, split


@pytest.mark.parametrize(
    "sentences",
    [
        ["Uma frase. ", "Outra? ", "Mais uma!"],
        ["O Sr. Silva e a Dra. Souza moram na Av. Paulista. ", "Chegaram ontem."],
        ["D. João VI e J. R. Campos vieram. ", "Ficaram."],
        ["— Quem é? — perguntou ela. ", "— Sou eu."],
        ["“Vem!” disse. ", "Ele veio."],
        ["Ele parou... e seguiu. ", "Depois, nada."],
        ["Pensou naquilo a tarde toda... talvez amanhã. ", "Ou não..."],
        ["Ele parou. . . e foi. ", "Sumiu."],
        ["10... 9... 8... ", "Fogo!"],
        ["Custa 3.500,00 reais (ver pág. 12, art. 5). ", "É caro."],
        ["Nasceu em 1930. ", "Morreu em 1999."],
    ],
)
def test_portuguese_sentences_end_where_a_reader_ends_them(sentences: list[str]) -> None:
    assert split("".join(sentences), "pt-BR") == sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["Levou pão, vinho etc. ", "Depois voltou."],
        ["Levou pão, vinho etc. e voltou. ", "Comeu."],
        ["Levou 3 doz. de ovos, em jan. ou fev. do ano. ", "Comeu."],
        ["Trabalha na Souza S.A. ", "Hoje folgou."],
        ["Trabalha na Cia. Mineira. ", "Gosta."],
        ["Obrigada, dr. ", "Até logo, dr. Lucas."],
        ["Pesava 3 kg. ", "Media 20 cm."],
        ["São 30 min. ", "Marta corre."],
        ["O texto tem 40 págs. ", "A capa é azul."],
        ["Veja o art. XII. ", "Depois, o n.º 5."],
        ["Saiu em 3 set. 1999. ", "Fez calor."],
        ["Andou 5 km. ", "3 horas depois, parou."],
        ["Segundo Lima et al. (2010), a Souza S.A. (Bahia) fechou. ", "Certo."],
        ["Vende telefones etc. ", "iPhone não."],
        ["O Cdr. Lima mora ali. ", "Sai cedo."],
        ["Veja a súm. 12 e o gráf. 3 da Profª. Célia. ", "Depois, o cód. 4."],
        ["Fica na Pç. Tiradentes. ", "Não vejo TV. ", "Marta vê."],
    ],
)
def test_an_abbreviation_ends_a_sentence_only_where_it_can(sentences: list[str]) -> None:
    assert split("".join(sentences), "pt-BR") == sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["Tomou vitamina C. ", "Marta também."],
        ["Fez 30° C. ", "Marta suou. ", "A rede é de 220 V. ", "Rui sabe."],
        ["Veio o Dr. A. Prado. ", "Foi o Dr. A. ", "Ele sabe."],
        ["Reinava D. José I. ", "Lisboa tremeu."],
        ["Era o ano 44 a.C. ", "Roma ardia."],
        ["Leu J.R. Campos. ", "Gostou."],
        ["Todos o chamavam de J.P. desde cedo. ", "Ele ria."],
    ],
)
def test_a_letter_ends_a_sentence_where_it_is_no_initial(sentences: list[str]) -> None:
    assert split("".join(sentences), "pt-BR") == sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["1. Abra a caixa. ", "2. Leia o manual. ", "2.1. Guarde."],
        ["a) Abra a caixa, a tampa etc. ", "b) Leia o manual."],
        ["Leve: 1. pão; 2. vinho. ", "Não demore."],
        ["Um artigo novo. ", "Artigo novo. ", "Leia."],
        ["Art. 3.º A praça é de todos. ", "Art. 4. O rio também. ", "Parágrafo único. Salvo à noite."],
    ],
)
def test_the_number_of_an_item_belongs_to_it(sentences: list[str]) -> None:
    assert split("".join(sentences), "pt-BR") == sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["— Socorro! — Ana gritou. ", "— Já vou!"],
        ["“Quem é?” Rui perguntou. ", "Ninguém disse nada."],
        ["— Vou. — disse ela. ", "E foi."],
        ["Que horror! exclamou Rui. ", "Calou-se."],
    ],
)
def test_speech_and_who_spoke_are_one_sentence(sentences: list[str]) -> None:
    assert split("".join(sentences), "pt-BR") == sentences


def test_what_is_done_after_a_speech_is_a_sentence_of_its_own() -> None:
    assert split("— Vem! — Ana correu. — Já vou!", "pt-BR") == ["— Vem! ", "— Ana correu. ", "— Já vou!"]


def test_a_text_typed_without_capitals_has_sentences() -> None:
    sentences = [
        "oi gente, cheguei. ",
        "tudo bem. ",
        "e você, tem alguém aí? ",
        "vou sair já. ",
        "ok. ",
        "ah! que sono.",
    ]
    assert split("".join(sentences), "pt-BR") == sentences


def test_a_unit_ends_a_sentence_typed_in_lower_case_unless_a_small_word_goes_on() -> None:
    assert split("chego em 10 min. espera na porta?", "pt") == ["chego em 10 min. ", "espera na porta?"]
    assert split("são 10 min. de casa", "pt") == ["são 10 min. de casa"]
    assert split("a 10 min. walk", "en") == ["a 10 min. walk"]


def test_a_sentence_may_start_with_an_address_or_a_name_in_lower_case() -> None:
    sentences = ["Veja o mapa. ", "www.exemplo.org tem tudo. ", "ana@exemplo.org responde. ", "iPhone não serve."]
    assert split("".join(sentences), "pt-BR") == sentences


def test_a_bracket_inside_a_sentence_is_whole_and_one_outside_has_its_own() -> None:
    sentences = ["Rui (quem diria! E logo ele.) venceu. ", "(Ana perdeu. ", "Chorou.) ", "Fim."]
    assert split("".join(sentences), "pt-BR") == sentences


def test_blank_lines_items_and_speech_on_their_own_line_start_sentences() -> None:
    sentences = ["Capítulo Um\n\n", "A noite\ncaiu:\n", "- o frio\n", "- o vento\n", "— Vem — disse ela"]
    assert split("".join(sentences), "pt-BR") == sentences


def test_a_stop_without_a_space_ends_a_sentence_but_not_an_address() -> None:
    assert split("Ele veio.Ela foi.", "pt") == ["Ele veio.", "Ela foi."]
    assert split("Leia exemplo.org/Ana.Maria agora.", "pt") == ["Leia exemplo.org/Ana.Maria agora."]


@pytest.mark.parametrize(
    "sentences",
    [
        ["Mr. Smith met Dr. Jones. ", "They left."],
        ["She lives on Elm St. ", "It is near St. Mary's."],
        ["The U.S. Army left. ", "So did the U.S. ", "They slept."],
        ["No. 5 is red. ", "Did he say no. ", "Tom did."],
        ["See Chap. IV now. ", "Take Rte. 5 on Tues. 4 May. ", "It is new."],
        ["Misc. items came. ", "So did the govt. paper."],
        ["Come at 5 p.m. Monday. ", "We close at 6 p.m. ", "Tom waits."],
        ["“Stop!” Mary said. ", "“Why?” I asked. ", "So did I. ", "Tom left."],
        ["Why me? I wondered. ", "Why me? ", "I said no."],
        ["hi. ", "how are you? ", "fine."],
    ],
)
def test_english_sentences_end_where_a_reader_ends_them(sentences: list[str]) -> None:
    assert split("".join(sentences), "en-US") == sentences


@pytest.mark.parametrize("language", ["pt", "PT-br", "en", "de", "ja", "xx"])
def test_any_language_is_cut(language: str) -> None:
    assert len(split("A casa é azul. O mar é verde.", language)) == 2


def test_in_another_language_lower_case_carries_a_sentence_on() -> None:
    assert split("¿Quién es? preguntó ella. Nadie.", "es") == ["¿Quién es? preguntó ella. ", "Nadie."]


def test_a_text_longer_than_a_window_is_cut_as_one_that_fits() -> None:
    sentence = "Uma frase de tamanho comum, sem surpresa. "
    assert split(sentence * 1_000, "pt") == [sentence] * 1_000


def test_a_sentence_longer_than_a_window_is_cut_between_words() -> None:
    pieces = split("palavra " * 2_000, "pt")
    assert all(len(piece) <= WINDOW for piece in pieces)
    assert all(piece.endswith("palavra ") for piece in pieces)


def test_a_text_that_only_lower_case_carries_on_is_more_than_one_sentence() -> None:
    assert max(map(len, split("espera... " * 500, "pt"))) <= MERGED + len("espera... ")


@pytest.mark.parametrize(
    "unit", [*".!\n(”—", ". ", "… ", "1. ", "A.", "A. ", "a. ", "(. ", "». ", "? — ", "; 1. ", "Art. "]
)
def test_hostile_texts_are_cut_a_window_at_a_time(unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    assert "".join(split(text, "pt")) == text


TEXTS = st.text() | st.lists(
    st.sampled_from(
        [
            "Ana ",
            "disse ",
            "Sr. ",
            "etc. ",
            "A. ",
            "B",
            "3",
            ". ",
            "! ",
            "?” ",
            "… ",
            "— ",
            "(",
            ") ",
            "\n",
            "\n\n",
            "1. ",
            "a) ",
        ]
    ),
    max_size=60,
).map("".join)


@given(TEXTS, st.sampled_from(["pt", "en", "ja"]))
def test_sentences_joined_are_the_text_and_none_is_blank(text: str, language: str) -> None:
    found = split(text, language)
    assert "".join(found) == text
    assert all(sentence.strip() for sentence in found) or not text.strip()


def test_white_space_longer_than_a_window_is_no_sentence() -> None:
    assert split("Fim" + " " * 3 * WINDOW + "e nada mais.", "pt") == ["Fim" + " " * 3 * WINDOW, "e nada mais."]
    assert split(" " * 3 * WINDOW + "Fim.", "pt") == [" " * 3 * WINDOW + "Fim."]


def test_a_cut_falls_after_a_clause_then_after_a_space_then_nowhere() -> None:
    assert break_point("um dois, três quatro", 0, 15) == len("um dois, ")
    assert break_point("um dois três quatro", 0, 14) == len("um dois três ")
    assert break_point("umdoistrês", 0, 5) is None
    assert break_point(" umdoistrês", 0, 5) is None
