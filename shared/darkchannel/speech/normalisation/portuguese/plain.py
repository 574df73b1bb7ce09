"""Numbers that nothing names: ordinals, ranges, scores, and what is left over."""

import re

from darkchannel.speech.normalisation.numbers import cardinal, ordinal
from darkchannel.speech.normalisation.portuguese import gender
from darkchannel.speech.normalisation.portuguese.calendar import MONTHS
from darkchannel.speech.normalisation.portuguese.numerals import NUMBER, START, is_one, read
from darkchannel.speech.normalisation.rules import Rules, word_before
from darkchannel.speech.sentences.abbreviations import PORTUGUESE

_FEMININE_BEFORE = frozenset(
    """
    as das nas às à pelas outras estas essas aquelas destas dessas suas minhas nossas todas últimas primeiras
""".split()
)
_YEAR = re.compile(r"(?:1\d|20)\d\d")
_YEAR_BEFORE = re.compile(r"(?<!\w)(?:em|desde|até|ano|anos|década de)\s{1,2}\Z", re.I)
_ARTICLES = frozenset(
    """
    o os no na nos nas do da dos das ao aos pelo pela seu sua meu minha nosso nossa este esta esse essa um uma art
    artigo artigos parágrafo parágrafos §
""".split()
)

_MINUS = re.compile(r"(?<![\w.,)\]%°ºª-])(?<!\d\s)(?<![$€£¥]\s)(?<![$€£¥])[-−–](?=\d|R\$|US\$|[€£$])|−(?=\s?\d)")
_HASH = re.compile(r"(?<!\w)#(?=\d)")
_OPERATIONS = {
    "-": "menos", "−": "menos", "–": "menos", "x": "vezes", "×": "vezes", "/": "dividido por", ":": "dividido por",
}  # fmt: skip
_EQUATION = re.compile(rf"(?<=\d)\s?([-−–xX×/:])\s?(?={NUMBER}(?:\s?[-−–+xX×/]\s?{NUMBER}){{0,4}}\s?=)")
_TERM = re.compile(r"[-+−×x/]\s?\d{1,12}\Z")
_QUOTIENT = re.compile(r"\d{1,12}\s?=(?!\s?\d{1,12}/)")
_ONE_THOUSAND = re.compile(r"(?<![\w.,])1\s(?=mil(?!\w))")
_SHORT_SCALE = re.compile(rf"{START}({NUMBER})\s?(mi|bi|tri)(?=\sde\s[^\W\d])")
_SHORT_SCALES = {"mi": "milh", "bi": "bilh", "tri": "trilh"}
_COMMAS = re.compile(
    r"(?<![\w.,])(?:\d{1,3}(?:,\d{1,3}){2,11}|[1-9]\d{0,2},\d{3}(?=\.\d))(?:\.(\d{1,12}))?(?![\w,]|\.\d)"
)
_COMMA_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
_SIZES = re.compile(rf"{START}({NUMBER})\s?[xX×]\s?({NUMBER})\s?[xX×]\s?(?={NUMBER})")
_PLACES = (
    "andar|lugar|ano|dia|mês|capítulo|tenente|sargento|semestre|trimestre|bimestre|turno|tempo|lote|colocado|batalhão"
)
_PLACE_FOR_DEGREE = re.compile(rf"(?<![\w.,])(\d{{1,2}})°(?=\s(?:{_PLACES}|de\s(?:{'|'.join(MONTHS)}))(?!\w))")
_DEGREE_FOR_PLACE = re.compile(
    r"(?<!\w)((?:a|de)\s)([3-9]\d|[1-3]\d\d)º(?=[.,;:!?)]|\Z|\s(?:por|e|até|a|durante|em|de|para|com|ou|no|na|à|ao)\s)"
)
_RATIOS = frozenset("turno escala regime jornada".split())
_RANGE = re.compile(rf"(?<![\w/])(?<!\w[.,-])({NUMBER})(?:\s?[–—]\s?|-)({NUMBER})(?![\w/-]|[.,]\d)(?=%|\W|\Z)")
_RANGE_BEFORE_UNIT = re.compile(rf"(?<![\w/])(?<!\w[.,-])({NUMBER})[-–—]({NUMBER})(?=[a-zA-Z%°])")
_SCORE = re.compile(r"(?<![\w.,/])(\d{1,3})(\s?)[x×X]\2(\d{1,3})(\s?[x×]\s?\d{1,3})?(?!\w|[.,]\d)(?!\s(?:[ckdm]?m|=))")
_DIMENSION = re.compile(rf"(?<=\d)(?:\s?[xX]\s?|×)(?={NUMBER})")
_TIMES = re.compile(r"(?<![\w.,])(\d{1,3})\s?[x×](?=\s[^=\d]|[.,;)]|\s?\Z)")
_SLASH = re.compile(r"(?<=\d)/(?=\d)")
_ORDINAL = re.compile(
    rf"{START}([1-9]\d{{0,2}}(?:\.\d{{3}}){{1,3}}|\d{{1,9}})(?:\.?([ºª])(?:\.?(s)(?!\w))?|\.?([oa])(s?)(?![\w'’]))(\.?)(?!\w)"
)
_DEGREE = re.compile(r"(?<![\w.,])(\d{1,3})°(?=[\s,.;:!?)]|\Z)")
_ARTICLE = re.compile(r"([^\W\d_]{1,12}|§)\.?\s{1,2}\Z")
_CHAIN = re.compile(r"(?<![\w.,])\d{1,12}(?:[.-]\d{1,12}){2,}(?![\w])")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+")
_NUMBER = re.compile(rf"{START}({NUMBER})")
_REST = re.compile(r"\d+")
_ENDS = re.compile(r"[\s\"'”’»)\]]{0,9}\Z")
_STARTS = re.compile(r"\s{1,3}([A-ZÀ-Ý][^\W\d_]{0,15})")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)-(?=\d)")
_HYPHEN = re.compile(r"-(?:(?<=[^\W_]-)(?=\d)|(?<=\d-)(?=[^\W_]))")


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
    if third or len(second) > 2 or word_before(found) in _RATIOS:
        return None
    if not space and (len(first + second) > 2 or (first, second) in (("4", "4"), ("4", "2"), ("6", "6"))):
        return None
    return f"{cardinal(first, 'pt')} a {cardinal(second, 'pt')}"


def _ordinal(found: re.Match[str]) -> str:
    digits, sign, many, letter, letters_many, stop = found.groups()
    words = ordinal(digits.replace(".", ""), "pt", "f" if (sign or letter) in "ªa" else "m")
    if many or letters_many:
        words = " ".join(word + "s" for word in words.split())
    following = _STARTS.match(found.string, found.end())
    is_start = following and following[1].lower() in PORTUGUESE.starters  # but 2ª. Vara
    return words + (stop if is_start or _ENDS.match(found.string, found.end()) else "")


def _degree(found: re.Match[str]) -> str | None:
    article = _ARTICLE.search(found.string, max(0, found.start() - 16), found.start())
    if not article or article[1].lower() not in _ARTICLES:
        return None
    return ordinal(found[1], "pt", "f" if article[1].lower().endswith(("a", "as")) else "m")


def _chain(found: re.Match[str]) -> str | None:
    """Versions and addresses of machines with points, other codes with pauses."""
    if _THOUSANDS.fullmatch(found[0]):
        return None
    return re.sub(r"\d+", lambda digits: read(digits[0]), found[0]).replace(".", " ponto ").replace("-", " ")


def _number(found: re.Match[str]) -> str:
    written = found[1]
    before = found.string[max(0, found.start() - 32) : found.start()]
    word = word_before(found)
    if word in gender.LABELS or (_YEAR.fullmatch(written) and _YEAR_BEFORE.search(before)):
        return read(written)
    if word in _FEMININE_BEFORE:
        return read(written, "f")
    if "," in written and found.string.startswith(" mil", found.end()):
        return read(written)  # dois vírgula cinco mil páginas
    counted = gender.of_counted(found.string, found.end(), many=not is_one(written))
    return read(written, counted)


def _commas(found: re.Match[str]) -> str:
    """1,234,567.89 as it is written abroad, and else what stands in a row: 5,6,7."""
    if _COMMA_THOUSANDS.fullmatch(found[0]):
        return found[0].translate(_SWAPPED)
    return found[0].replace(",", ", ")


_SWAPPED = str.maketrans(",.", ".,")


def _times(found: re.Match[str]) -> str | None:
    """10x de R$ 5; but 3x in an equation is a product."""
    around = found.string[max(0, found.start() - 2) : found.start()], found.string[found.end() : found.end() + 2]
    return None if any(set("=+−") & set(side) for side in around) else f"{cardinal(found[1], 'pt', 'f')} vezes"


def _short_scale(found: re.Match[str]) -> str:
    return f"{found[1]} {_SHORT_SCALES[found[2]]}{'ão' if is_one(found[1]) else 'ões'}"


def _operation(found: re.Match[str]) -> str | None:
    """Between equals, a slash with nothing but a number before it: 6/2 = 3, not 1/2 = 2/4 nor 1/2 + 1/4 = 1."""
    if found[1] == "/":
        before = _TERM.search(found.string, max(0, found.start() - 20), found.start())
        if before or not _QUOTIENT.match(found.string, found.end()):
            return None
    return f" {_OPERATIONS[found[1].lower()]} "


EQUATIONS: Rules = ((_EQUATION, _operation),)
EARLY: Rules = (
    (_COMMAS, _commas),
    (_ONE_THOUSAND, lambda _: ""),
    (_SHORT_SCALE, _short_scale),
    (_SIZES, lambda found: f"{found[1]} por {found[2]} por "),
    (_PLACE_FOR_DEGREE, lambda found: f"{found[1]}º"),
    (_DEGREE_FOR_PLACE, lambda found: f"{found[1]}{found[2]}°"),
    (_MINUS, lambda _: "menos "),
    (_HASH, lambda _: "número "),
    (_DEGREE, _degree),
    (_RANGE, _range),
    (_RANGE_BEFORE_UNIT, _range),
)
"""What leaves digits, for the measures and sums that follow."""

RULES: Rules = (
    (_ORDINAL, _ordinal),
    (_SCORE, _score),
    (_DIMENSION, lambda _: " por "),
    (_TIMES, _times),
    (_SLASH, lambda _: " barra "),
    (_CHAIN, _chain),
    (_BETWEEN_DIGITS, lambda _: ", "),
    (_HYPHEN, lambda _: " "),
    (_NUMBER, _number),
    (_REST, lambda found: read(found[0])),
)
