"""How Portuguese text is written out; the labelled set has many more cases of the same kinds."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.speech.normalisation import normalise as normalise_in
from darkchannel.speech.normalisation.numbers import cardinal
from darkchannel.speech.normalisation.portuguese import gender


def normalise(text: str) -> str:
    return normalise_in(text, "pt-BR")


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("O dia 2 e as 2 horas.", "O dia dois e as duas horas."),
        ("entre 2 e 3 páginas", "entre duas e três páginas"),
        ("22 mil mulheres", "vinte e duas mil mulheres"),
        ("2 pães, 2 mães, 2 leões e 2 canções", "dois pães, duas mães, dois leões e duas canções"),
        ("2 viagens, 2 vezes, 2 sistemas, 2 artistas", "duas viagens, duas vezes, dois sistemas, dois artistas"),
        ("1 vez e 1 problema", "uma vez e um problema"),
        ("Em 1902 as casas eram 2.", "Em mil novecentos e dois as casas eram dois."),
        ("página 2 das memórias", "página dois das memórias"),
    ],
)
def test_a_number_agrees_with_what_it_counts(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("R$ 50/mês", "cinquenta reais por mês"),
        ("R$ 10 a R$ 20", "dez reais a vinte reais"),
        ("R$ 10-20", "dez a vinte reais"),
        ("R$ -30", "menos trinta reais"),
        ("-R$ 30", "menos trinta reais"),
        ("R$ 2.000.000", "dois milhões de reais"),
        ("R$ 0,00", "zero reais"),
        ("R$ 1,5", "um real e cinquenta centavos"),
        ("US$ 1,5 bilhão", "um vírgula cinco bilhão de dólares"),
        ("£ 2,01", "duas libras e um centavo"),
        ("US$ 3 mi", "três milhões de dólares"),
    ],
)
def test_sums_of_money_are_said_as_sums(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("10:15:30", "dez horas, quinze minutos e trinta segundos"),
        ("das 10h-12h", "das dez horas a doze horas"),
        (
            "2025-11-09T10:00:01Z",
            "nove de novembro de dois mil e vinte e cinco dez horas e um segundo",
        ),
        ("1h01min", "uma hora e um minuto"),
        ("25:70", "vinte e cinco para setenta"),
        ("João 3:16", "João três, dezesseis"),
        ("05/2024 e maio/2024", "maio de dois mil e vinte e quatro e maio de dois mil e vinte e quatro"),
        ("12 jan. 2020", "doze de janeiro de dois mil e vinte"),
        ("01/02/03", "primeiro de fevereiro de dois mil e três"),
        ("32/13/2020", "trinta e dois barra treze barra dois mil e vinte"),
        ("em 7/9", "em sete de setembro"),
        ("1 de maio", "primeiro de maio"),
    ],
)
def test_dates_and_times_are_said_as_such(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("5-10%", "cinco a dez por cento"),
        ("9,8 m/s²", "nove vírgula oito metros por segundo ao quadrado"),
        ("5 kg/m³", "cinco quilos por metro cúbico"),
        ("2 e 3 t", "duas e três toneladas"),
        ("São 5 min. de caminhada.", "São cinco minutos de caminhada."),
        ("Andou 5 km.", "Andou cinco quilômetros."),
        ("6'2\"", "seis pés e duas polegadas"),
        ('Disse: "tenho 25" e saiu.', 'Disse: "tenho vinte e cinco" e saiu.'),
        ("1/2 kg e 3/4 L", "meio quilo e três quartos de litro"),
        ("3 1/2 horas", "três e meia horas"),
        ("o 3° andar a 45°", "o terceiro andar a quarenta e cinco graus"),
        ("5-10km", "cinco a dez quilômetros"),
        ("1° a mais", "um grau a mais"),
        ("23°32'51\"", "vinte e três graus e trinta e dois minutos e cinquenta e um segundos"),
        ("aos 45' do segundo tempo", "aos quarenta e cinco minutos do segundo tempo"),
        ("0,5% a.m.", "zero vírgula cinco por cento ao mês"),
        ("no km 15", "no quilômetro quinze"),
        ("2 m de altura", "dois metros de altura"),
    ],
)
def test_measures_are_said_in_full(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("os capítulos I, II e III", "os capítulos um, dois e três"),
        ("séculos I a.C. e II d.C.", "séculos primeiro antes de Cristo e segundo depois de Cristo."),
        ("a IV Bienal e os XXIII Jogos", "a quarta Bienal e os vigésimos terceiros Jogos"),
        ("Maria II e Pedro II", "Maria segunda e Pedro segundo"),
        ("XII", "doze"),
        ("IV. O retorno", "quatro. O retorno"),
        ("cap. iv", "capítulo quatro"),
        ("Ana V. Souza", "Ana V. Souza"),
        ("Viu Dom Pedro I. O rei sorriu.", "Viu Dom Pedro primeiro. O rei sorriu."),
        ("EU VI A CASA", "EU VI A CASA"),
        ("o livro MIX, o grupo C e o I", "o livro MIX, o grupo C e o I"),
        ("Capítulo IIX", "Capítulo IIX"),
    ],
)
def test_roman_letters_are_numbers_only_in_their_company(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Trouxe pão, sal etc.", "Trouxe pão, sal et cetera."),
        ("Pão etc. Depois saiu.", "Pão et cetera. Depois saiu."),
        ("Pão etc. e sal.", "Pão et cetera e sal."),
        ("S. Paulo e S. Antônio", "São Paulo e Santo Antônio"),
        ("D. Beatriz e D. Casmurro", "Dona Beatriz e Dom Casmurro"),
        ("J. D. Souza e R. Campos", "J. D. Souza e R. Campos"),
        ("na R. 25 de Março", "na Rua vinte e cinco de Março"),
        ("Espere no mín. 5 min.", "Espere no mínimo cinco minutos."),
        ("o preço min.", "o preço mínimo."),
        ("a Eng. Sílvia e o Eng. Rui", "a Engenheira Sílvia e o Engenheiro Rui"),
        ("n.os 3 e 4, no 5", "números três e quatro, no cinco"),
        ("a 2. ed.", "a segunda edição"),
        ("a E.U.A. e a S.A.", "a E U A e a S A."),
        ("cap. 3 do Cap. Rocha", "capítulo três do Capitão Rocha"),
        ("Queria ir. Maria ficou.", "Queria ir. Maria ficou."),
    ],
)
def test_abbreviations_are_said_in_full_and_keep_the_stop_that_ends_a_sentence(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("rui_2@exemplo.com.br", "rui sublinhado dois arroba exemplo ponto com ponto b r"),
        ("Veja www.exemplo.org/S%C3%A3o%20Jo%C3%A3o.", "Veja w w w ponto exemplo ponto org barra São João."),
        ("Veja a.org/x%C2%B2.", "Veja a ponto org barra x por cento C dois por cento B dois."),
        ("Veja a.org/x%00", "Veja a ponto org barra x por cento zero zero"),
        ("o arquivo conta2.pdf", "o arquivo conta dois ponto p d f"),
        ("em exemplo.org.", "em exemplo ponto org."),
        ("fim.Outra coisa", "fim.Outra coisa"),
        ("Leia exemplo.org hoje", "Leia exemplo ponto org hoje"),
        (
            "http://exemplo.org/a?b=1",
            "exemplo ponto org barra a interrogação b igual um",
        ),
        ("@joana e #livros", "arroba joana e cerquilha livros"),
    ],
)
def test_addresses_are_said_sign_by_sign(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("chave-123-456", "chave cento e vinte e três, quatrocentos e cinquenta e seis"),
        ("200-100", "duzentos, cem"),
        ("(21) 2345-6789", "dois um, dois três quatro cinco, seis sete oito nove"),
        ("ramal 23", "ramal dois três"),
        ("978-85-359-0277-8", "nove sete oito, oito cinco, três cinco nove, zero dois sete sete, oito"),
        ("12345678901", "um dois três, quatro cinco seis, sete oito nove, zero um"),
        ("IP 192.168.0.1", "IP cento e noventa e dois ponto cento e sessenta e oito ponto zero ponto um"),
        ("o esquema 4-3-3", "o esquema quatro três três"),
        ("1990-1995", "mil novecentos e noventa a mil novecentos e noventa e cinco"),
    ],
)
def test_codes_are_said_digit_by_digit_in_groups(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("**forte** e _leve_", "forte e leve"),
        ("* item", "item"),
        ("* * *", ""),
        ("fim --- começo", "fim  começo"),
        ("C++ & Cia.", "C mais mais e Companhia."),
        ("3 × 4 = 12", "três vezes quatro igual a doze"),
        ("10x de R$ 5", "dez vezes de cinco reais"),
        ("~5 km", "cerca de cinco quilômetros"),
        ("nota³", "nota três"),
        ("meu_livro", "meu livro"),
        ("o item #3", "o item número três"),
        ("7 - 3 = 8/2", "sete menos três igual a oito meios"),
        ("um verso / outro verso", "um verso, outro verso"),
        ("Marca®", "Marca"),
        ("c/ sal e s/ açúcar", "com sal e sem açúcar"),
    ],
)
def test_signs_are_said_where_they_mean_a_word(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    "sign", ["*", "#", "_", "|", "~", "^", "→", "•", "`", "{", "}", "\\", "™", "**", "<>", "{}", "·", "/", "-"]
)
def test_digits_beside_a_sign_that_is_not_read_are_not_joined(sign: str) -> None:
    assert "vinte" not in normalise(f"2{sign}3")


@given(
    st.text(st.characters(categories=["So", "Sm", "Sk", "Po", "Pd", "Ps", "Pe"], exclude_characters=".,"), min_size=1)
)
def test_no_sign_makes_one_number_of_two(sign: str) -> None:
    assert "vinte e três" not in normalise(f"2{sign}3")


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("2*3", "duas vezes três"),
        ("10⁶", "dez elevado a seis"),
        ("10⁻³", "dez elevado a menos três"),
        ("x⁴ + y²", "x elevado a quatro mais y ao quadrado"),
        ("(a+b)²", "(a mais b) ao quadrado"),
        ("3 x 10⁸ m/s", "três vezes dez elevado a oito metros por segundo"),
        ("texto⁴ e 1998⁵", "texto quatro e mil novecentos e noventa e oito cinco"),
        ("5 – 3 = 2", "cinco menos três igual a dois"),
        ("1/2 + 1/4 = 3/4", "meio mais um quarto igual a três quartos"),
        ("1/2 + 1/4 = 0,75", "meio mais um quarto igual a zero vírgula setenta e cinco"),
        ("a nota a¹", "a nota a um"),
        ("3x + 2 = 11", "três x mais dois igual a onze"),
        ("+/- 5", "mais ou menos cinco"),
    ],
)
def test_powers_and_sums_are_said_as_in_school(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("x < 3, 2 > 1 e x<=5", "x menor que três, dois maior que um e x menor ou igual a cinco"),
        ("<<so>>", "so"),
        ("a <b> c", "a b c"),
        ("<Mídia oculta>", "Mídia oculta"),
        ("entrada -> saída", "entrada   saída"),
    ],
)
def test_angles_are_comparisons_only_between_what_is_compared(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("1º/1/2001", "primeiro de janeiro de dois mil e um"),
        ("em 1º.2.1999", "em primeiro de fevereiro de mil novecentos e noventa e nove"),
        ("2023/12/24", "vinte e quatro de dezembro de dois mil e vinte e três"),
        ("15/nov/1889", "quinze de novembro de mil oitocentos e oitenta e nove"),
        ("de 5/6 a 10/6", "de cinco de junho a dez de junho"),
        ("na 2ª feira, 3/8, e no domingo (9/8)", "na segunda feira, três de agosto, e no domingo (nove de agosto)"),
        ("comeu 3/8 da torta", "comeu três oitavos da torta"),
        ("de 5 a 10/6", "de cinco a dez de junho"),
        ("de 1/2 a 3/4", "de meio a três quartos"),
        ("de jan. a mar. de 2020", "de janeiro a março de dois mil e vinte"),
        ("saiu do mar. e secou", "saiu do mar. e secou"),
        ("18H30", "dezoito horas e trinta minutos"),
        ("1° de janeiro no 1° andar", "primeiro de janeiro no primeiro andar"),
        ("Jo 3,16-18", "João três, dezesseis a dezoito"),
        ("João 3,5 m", "João três vírgula cinco metros"),
    ],
)
def test_dates_are_known_in_the_other_shapes_that_people_write(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("15 mil km", "quinze mil quilômetros"),
        ("22 mil t de soja", "vinte e duas mil toneladas de soja"),
        ("2 milhões de km²", "dois milhões de quilômetros quadrados"),
        ("R$ 10/kg", "dez reais por quilo"),
        ("R$ 120/m²", "cento e vinte reais por metro quadrado"),
        ("R$ 1,99/100 g", "um real e noventa e nove centavos por cem gramas"),
        ("9,8 m/s2", "nove vírgula oito metros por segundo ao quadrado"),
        ("50%–60%", "cinquenta por cento a sessenta por cento"),
        ("1kg-2kg", "um quilo a dois quilos"),
        ("R$ 5-R$ 10", "cinco reais a dez reais"),
        ("revezamento 4 x 100", "revezamento quatro por cem"),
        ("4 m x 5 m", "quatro metros por cinco metros"),
        ("20 x 30 x 10 cm", "vinte por trinta por dez centímetros"),
        ("2 col. (sopa) e 1 xíc. de sal", "duas colheres (sopa) e uma xícara de sal"),
        ("3min45s e 3'45\"", "três minutos e quarenta e cinco segundos e três minutos e quarenta e cinco segundos"),
        ("de 8/8 h", "de oito em oito horas"),
        ("forno a 180º por 5 min", "forno a cento e oitenta graus por cinco minutos"),
        ("turma 5 A", "turma cinco A"),
        ("a velocidade máx. e o peso líq.", "a velocidade máxima e o peso líquido."),
    ],
)
def test_measures_keep_their_unit_wherever_it_stands(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Asse por 40 min. Deixe esfriar.", "Asse por quarenta minutos. Deixe esfriar."),
        ("em 10 min. espera na porta?", "em dez minutos. espera na porta?"),
        ("o min. da Fazenda", "o ministro da Fazenda"),
    ],
)
def test_a_minute_is_no_minister_and_ends_a_sentence_where_one_ends(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("3/16 e 9/11", "três dezesseis avos e nove onze avos"),
        ("13/20 da área", "treze vinte avos da área"),
        ("110/220 V", "cento e dez duzentos e vinte volts"),
        ("a EC nº 45/2004", "a EC número quarenta e cinco barra dois mil e quatro"),
        ("a MP 9/2004", "a MP nove barra dois mil e quatro"),
        ("fls. 3/4", "folhas três barra quatro"),
    ],
)
def test_two_numbers_beside_each_other_are_no_fraction(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("20$000", "vinte mil-réis"),
        ("3$500 réis", "três mil e quinhentos réis"),
        ("2:000$000", "dois contos de réis"),
        ("1:500$000", "um conto e quinhentos mil-réis"),
        ("Cr$ 100 e NCz$ 2", "cem cruzeiros e dois cruzados novos"),
        ("1 mil reais", "mil reais"),
        ("3 mi de pessoas", "três milhões de pessoas"),
        (
            "1,234.50 e 5,6,7",
            "mil duzentos e trinta e quatro vírgula cinquenta e cinco, seis, sete",
        ),
    ],
)
def test_money_of_old_and_numbers_from_abroad_are_known(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("1 ou 2 casas", "uma ou duas casas"),
        ("2 em cada 10 mulheres", "duas em cada dez mulheres"),
        ("2 das casas, 1 delas", "duas das casas, uma delas"),
        ("2 da tarde", "duas da tarde"),
        ("1 1/2 xícara", "uma e meia xícara"),
        ("2 meses, 2 ingleses e 2 teses", "dois meses, dois ingleses e duas teses"),
        ("2 questões, 2 regiões e 2 cristãos", "duas questões, duas regiões e dois cristãos"),
    ],
)
def test_agreement_looks_past_what_stands_between(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Chegou em 1º. Depois foi à 2ª. Vara, na 6ª.", "Chegou em primeiro. Depois foi à segunda Vara, na sexta."),
        ("o nº de casas, a Profª. Célia", "o número de casas, a Professora Célia"),
        ("N. do T. e n. da R.", "Nota do tradutor e nota da redação."),
        ("o MM. Juiz na Trav. do Ouvidor, Bl. C", "o Meritíssimo Juiz na Travessa do Ouvidor, Bloco C"),
        ("séc. XIX-XX", "século dezenove a vinte"),
        ("a Praça XV de Novembro", "a Praça quinze de Novembro"),
        ("I - o nome;", "um - o nome;"),
        ("https://www.exemplo.org", "w w w ponto exemplo ponto org"),
        (
            "processo 0001234-56.2023.8.26.0100",
            "processo zero zero zero, um dois três, quatro, cinco seis,"
            " dois zero dois três, oito, dois seis, zero um zero zero",
        ),
    ],
)
def test_the_marks_of_editors_lawyers_and_streets_are_said(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize(
    "text",
    [
        "Vi o mar. Vi, e não acreditei; mil vezes li o livro da Di e do Ci.",
        "O MC Dudu e o DJ Caco lançaram um CD e um DVD pela MM Discos.",
        "A ONU, os EUA, a PM, a AM, a CIA e o CPF; a FM e a TV.",
        "O ponto X, a letra V, o plano C, a vitamina D, o grupo L, as classes C e D.",
        "Tem vitamina D. Depois, nível D. Grupo M. Classe C e D. Fim.",
        "Pedro V. saiu e Ana I. ficou com João M. dos Santos.",
        "Meia dúzia, cem anos, mil e uma noites, seu Zé e dona Lívia.",
        "VI MIL HOMENS. CIVIL. LI. MIX. VIL.",
        "— A senhora vem? — Vou já — respondeu ela —, mas não demoro.",
        "Foi no. Não. No fim, a fé; no mais, tudo. O a, o e, o o.",
        "um copo d'água, D'Artagnan, pé-de-moleque, dir-se-ia, anti-inflamatório",
        "o art. dela, cap. nosso, o vol. do som, tudo p. mim",
    ],
)
def test_prose_with_capitals_initials_and_letters_stays_as_it_is(text: str) -> None:
    assert normalise(text) == text


@pytest.mark.parametrize("word", ["página", "viagem", "vez", "cidade", "canção", "irmãs", "mulheres", "ordens", "leis"])
def test_a_feminine_noun_is_known(word: str) -> None:
    assert gender.of_noun(word) == "f"


@pytest.mark.parametrize(
    "word", ["dia", "mapas", "problema", "sistemas", "leões", "pães", "homens", "telegrama", "cão"]
)
def test_a_masculine_noun_is_known(word: str) -> None:
    assert gender.of_noun(word) == "m"


def _documented() -> list[tuple[str, str]]:
    document = (Path(__file__).parents[2] / "docs/speech.md").read_text(encoding="utf-8")
    table = document.partition("<!-- portuguese -->")[2].partition("<!-- /portuguese -->")[0]
    rows = [tuple(cell.strip() for cell in line.strip("| ").split(" | ")) for line in table.split("\n") if "|" in line]
    return [(written, spoken) for written, spoken in rows[2:]]


def test_the_documents_show_what_is_said() -> None:
    rows = _documented()
    assert len(rows) > 20
    assert [(written, normalise(written)) for written, _ in rows] == rows


WORDS = st.lists(
    st.sampled_from(
        "a casa e o mar além do rio não é só meu; vi mil livros: um, dois, três! será? — disse ela".split()
    ),
    max_size=30,
).map(" ".join)
PIECES = st.sampled_from(
    """
    R$ US$ € 1 2,5 12 007 1.000 1º 2ª 45° 10% km 3kg / - – 1/2 ½ x 14h30 10:15 . , Sr. D. João Maria VI século cap. p.
    S. Paulo A4 a@b.com www.x.org # * _ + = & m² ( ) " ' casas mil milhões a.C. etc. 7/9/1822 2024-05-03 n.º min. ~ |
    … Av. S.A. c/ \\ 1-2 (11) 98765-4321 123.456.789-09 II 12345678901234567890 -5 ¾ 2x1 5' % %C3%A3 %C2%B2 https://a.org/
    """.split()
)


@given(WORDS)
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert normalise(text) == text


@given(st.lists(PIECES, max_size=12).map("".join) | st.lists(PIECES, max_size=12).map(" ".join) | st.text())
def test_no_digit_is_left(text: str) -> None:
    assert not re.search(r"\d", normalise(text))


@given(st.lists(PIECES, max_size=12).map(" ".join))
def test_what_is_written_out_stays_as_it_is(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(st.text(" \n\t", max_size=3), st.lists(PIECES, min_size=1, max_size=5).map(" ".join), st.text(" \n", max_size=3))
def test_white_space_at_both_ends_stays(before: str, text: str, after: str) -> None:
    assert normalise(before + text + after) == before + normalise(text) + after


@given(st.integers(0, 10**9))
def test_a_number_by_itself_is_its_cardinal(number: int) -> None:
    assert normalise(f"{number:,}".replace(",", ".")) == cardinal(str(number), "pt")


HOSTILE = [
    "1",
    "1.",
    "1 ",
    "1/",
    "1 a ",
    "R$",
    ".",
    "(",
    "VI ",
    "a@",
    "a.",
    "A.",
    "a-",
    "_",
    "*",
    "+55 ",
    "1–",
    "aA 1a ",
    "www.",
    "1x",
    "1 x ",
    "<",
    "1^",
    "1=",
    "1,",
    "1$000:",
    "1%-",
    "mil km ",
    "de 1/2 a ",
    "a 100º ",
    "Jo 1,",
    "1' ",
    '1" ',
    "1′ ",
    "%C3 ",
    "a.org/%C3",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_hostile_text_takes_no_longer_a_character_than_its_length(piece: str) -> None:
    # Rules that take the square of it would run into the time limit of a test.
    text = (piece * 100_000)[:100_000]
    assert not re.search(r"\d", normalise(text))
