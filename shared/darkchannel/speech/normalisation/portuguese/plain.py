"""Numbers that nothing names: ordinals, ranges, scores, and what is left over."""

import re

from darkchannel.speech.normalisation.numbers import cardinal, ordinal
from darkchannel.speech.normalisation.portuguese import gender
from darkchannel.speech.normalisation.portuguese.amounts import NUMBER, START, is_one, read
from darkchannel.speech.normalisation.rules import Rule, listed

_LABELS = frozenset(
    listed("""
    capítulo página volume número artigo parte cena ato livro quarto sala casa item figura tabela nota questão linha
    lição aula fase etapa versão nível grupo tipo classe rodovia dia ano anos edição tomo anexo seção unidade módulo
    estrofe cláusula apartamento bloco canal porta mesa faixa página folha parágrafo inciso episódio temporada
    """)
)
_FEMININE_BEFORE = frozenset(
    listed("""
    as das nas às à pelas outras estas essas aquelas destas dessas suas minhas nossas todas últimas primeiras
""")
)
_YEAR = re.compile(r"(?:1\d|20)\d\d")
_YEAR_BEFORE = re.compile(r"(?<!\w)(?:em|desde|até|ano|anos|década de)\s{1,2}\Z", re.I)
_LAST_WORD = re.compile(r"([^\W\d_]{1,30})\s{1,2}\Z")
_ARTICLES = frozenset(
    listed("""
    o os no na nos nas do da dos das ao aos pelo pela seu sua meu minha nosso nossa este esta esse essa um uma art
    artigo artigos parágrafo parágrafos §
""")
)

_MINUS = re.compile(r"(?<![\w.,)\]%°ºª-])(?<!\d\s)(?<![$€£¥]\s)(?<![$€£¥])[-−–](?=\d|R\$|US\$|[€£$])|−(?=\s?\d)")
_HASH = re.compile(r"(?<!\w)#(?=\d)")
_OPERATIONS = {"-": " menos ", "−": " menos ", "x": " vezes ", "×": " vezes ", "/": " dividido por "}
_EQUATION = re.compile(rf"(?<=\d)\s?([-−xX×/])\s?(?={NUMBER}\s?=)")
_RANGE = re.compile(rf"(?<![\w/])(?<!\w[.,-])({NUMBER})(?:\s?[–—]\s?|-)({NUMBER})(?![\w/-]|[.,]\d)(?=%|\W|\Z)")
_RANGE_BEFORE_UNIT = re.compile(rf"(?<![\w/])(?<!\w[.,-])({NUMBER})[-–—]({NUMBER})(?=[a-zA-Z%°])")
_SCORE = re.compile(r"(?<![\w.,/])(\d{1,3})(\s?)[x×X]\2(\d{1,3})(\s?[x×]\s?\d{1,3})?(?!\w|[.,]\d)(?!\s(?:[ckdm]?m|=))")
_DIMENSION = re.compile(rf"(?<=\d)(?:\s?[xX]\s?|×)(?={NUMBER})")
_TIMES = re.compile(r"(?<![\w.,])(\d{1,3})\s?[x×](?=\s[^=\d]|[.,;)]|\s?\Z)")
_SLASH = re.compile(r"(?<=\d)/(?=\d)")
_ORDINAL = re.compile(
    rf"{START}([1-9]\d{{0,2}}(?:\.\d{{3}}){{1,3}}|\d{{1,9}})(?:\.?([ºª])\.?(s?)|\.?([oa])(s?)(?![\w'’]))(\.?)(?!\w)"
)
_DEGREE = re.compile(r"(?<!\w)((?:[^\W\d_]{1,12}\.?|§)\s{1,2})(\d{1,3})°(?=[\s,.;:!?)]|\Z)")
_CHAIN = re.compile(r"(?<![\w.,])\d{1,12}(?:[.-]\d{1,12}){2,}(?![\w])")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+")
_NUMBER = re.compile(rf"{START}({NUMBER})")
_REST = re.compile(r"\d+")
_ENDS = re.compile(r"[\s\"'”’»)\]]{0,9}\Z")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)-(?=\d)")
_HYPHEN = re.compile(r"(?<=[^\W_])-(?=\d)|(?<=\d)-(?=[^\W_])")


def _range(found: re.Match[str]) -> str | None:
    first, last = found.groups()
    low, high = _value(first), _value(last)
    if low < high or (len(last) == 2 and _YEAR.fullmatch(first)):
        return f"{first} a {last}"
    return f"{first}, {last}"


def _value(written: str) -> float:
    return float(re.sub(r"[.\u00a0\u202f ](?=\d{3})", "", written).replace(",", "."))


def _score(found: re.Match[str]) -> str | None:
    first, space, second, third = found.groups()
    if third or (not space and (len(first) > 1 or (first, second) in (("4", "4"), ("4", "2"), ("6", "6")))):
        return None
    return f"{cardinal(first, 'pt')} a {cardinal(second, 'pt')}"


def _ordinal(found: re.Match[str]) -> str:
    digits, sign, many, letter, letters_many, stop = found.groups()
    words = ordinal(digits.replace(".", ""), "pt", "f" if (sign or letter) in "ªa" else "m")
    if many or letters_many:
        words = " ".join(word + "s" for word in words.split())
    return words + (stop if _ENDS.match(found.string, found.end()) else "")


def _degree(found: re.Match[str]) -> str | None:
    before = found[1].strip().rstrip(".").lower()
    if before not in _ARTICLES:
        return None
    return f"{found[1]}{ordinal(found[2], 'pt', 'f' if before.endswith('a') or before.endswith('as') else 'm')}"


def _chain(found: re.Match[str]) -> str | None:
    """Versions and addresses of machines with points, other codes with pauses."""
    if _THOUSANDS.fullmatch(found[0]):
        return None
    return re.sub(r"\d+", lambda digits: read(digits[0]), found[0]).replace(".", " ponto ").replace("-", " ")


def _number(found: re.Match[str]) -> str:
    written = found[1]
    before = found.string[max(0, found.start() - 32) : found.start()]
    last = _LAST_WORD.search(before)
    word = last[1].lower() if last else ""
    if word in _LABELS or (_YEAR.fullmatch(written) and _YEAR_BEFORE.search(before)):
        return read(written)
    if word in _FEMININE_BEFORE:
        return read(written, "f")
    if "," in written and found.string.startswith(" mil", found.end()):
        return read(written)  # dois vírgula cinco mil páginas
    counted = gender.of_counted(found.string, found.end(), many=not is_one(written))
    return read(written, counted)


EQUATIONS: tuple[Rule, ...] = ((_EQUATION, lambda found: _OPERATIONS[found[1].lower()]),)
EARLY: tuple[Rule, ...] = (
    (_MINUS, lambda _: "menos "),
    (_HASH, lambda _: "número "),
    (_DEGREE, _degree),
    (_RANGE, _range),
    (_RANGE_BEFORE_UNIT, _range),
)
"""What leaves digits, for the measures and sums that follow."""

RULES: tuple[Rule, ...] = (
    (_ORDINAL, _ordinal),
    (_SCORE, _score),
    (_DIMENSION, lambda _: " por "),
    (_TIMES, lambda found: f"{cardinal(found[1], 'pt', 'f')} vezes"),
    (_SLASH, lambda _: " barra "),
    (_CHAIN, _chain),
    (_BETWEEN_DIGITS, lambda _: ", "),
    (_HYPHEN, lambda _: " "),
    (_NUMBER, _number),
    (_REST, lambda found: read(found[0])),
)
