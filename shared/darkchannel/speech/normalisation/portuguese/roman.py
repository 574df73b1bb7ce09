"""Roman numbers where their company tells that they are numbers: século XXI, D. João VI, II Guerra Mundial."""

import re

from darkchannel.speech.normalisation.numbers import cardinal, ordinal, roman
from darkchannel.speech.normalisation.portuguese import gender
from darkchannel.speech.normalisation.portuguese.calendar import MONTHS
from darkchannel.speech.normalisation.rules import Rules, either

_DIVISIONS = """
    capítulos? capitulos? caps? volumes? vols? tomos? livros? partes? atos? cenas? títulos? artigos? arts? incisos?
    incs? seção seções secção cantos? anexos? apêndices? unidades? módulos? etapas? fases? quadros? lições lição edição
    salmos? questão questões jornadas? episódios? alíneas? tábuas? grau níveis nível tipos? grupos? classes? eixos?
    cláusulas? item itens ciclos? categorias? figuras? tabelas? páginas? págs? pp? temporadas?
"""
_PERSONS = frozenset(
    """
    adolfo adriano afonso alberto alexandre amadeu amenófis augusto bento boaventura bonifácio bórís carlos
    catarina celestino césar charles christian ciro clemente clóvis conrado constâncio constantino cristiano cristina
    dario dinis duarte edward eduardo elisabete elisabeth elizabeth ernesto estêvão eugênio eugénio felipe fernando
    filipe francisco frederico george gregório guilherme gustavo henri henrique henry humberto inocêncio isabel ivan
    jaime james joana joão jorge josé juan juliana júlio justiniano ladislau leão leopoldo louis luís luiz manoel
    manuel margarida maria martinho mary mateus maximiliano miguel napoleão nicolau olavo oto otto paulo pedro pio
    ptolomeu ramsés ricardo richard roberto sancho sebastião sigismundo sisto teodósio tutmés umberto urbano vítor
    víctor victor vitório wilhelm william xerxes zacarias
""".split()
)
_TITLES = frozenset(
    """
    dom dona d rei rainha papa imperador imperatriz príncipe princesa czar czarina faraó sultão infante conde duque
    santo são sua majestade
""".split()
)
_WOMEN = frozenset("elisabete elisabeth elizabeth isabel mary beatriz leonor carlota".split())
_COUNTED = frozenset(
    """
    guerra congresso encontro seminário simpósio jornada festival bienal copa olimpíada olimpíadas jogos conferência
    concílio semana feira reich república internacional dinastia exército batalhão região salão concurso mostra fórum
    colóquio milênio século edição maratona assembleia reunião grande plano cruzada distrito
""".split()
)
_WORDS_IN_CAPITALS = frozenset("MIX MIL CD DC DI DIM DIX CIVIL LI MI CM ML MC MD MM DL".split())
"""Roman numbers by their letters only."""

_NUMBER = r"[IVXLCDM]{1,15}"
_LIST = rf"{_NUMBER}(?:(?:,\s|\s(?:e|a|ou|ao?)\s|\s?[-–]\s?){_NUMBER}(?!\w)){{0,9}}"
_CENTURY = re.compile(rf"(?<!\w)((?:s[ée]culos?|s[ée]cs?\.?)\s{{1,2}})({_LIST})(?!\w)", re.I)
_DIVISION = re.compile(
    r"(?<!\w)(?=[^\W\d_]{1,11}\.?\s{1,2}(?:n|[IVXLCDM]{1,15}\b))"  # few words are worth a look at the table
    rf"((?:{'|'.join(_DIVISIONS.split())})\.?\s{{1,2}}(?:n\.?º\s)?)({_LIST})(?![\w'’]|-\w|\.\w)",
    re.I,
)
_SHORT_CENTURY = re.compile(r"([Ss])[ée]c(s?)\.\s")
_TO = re.compile(r"\s?[-–]\s?")
_PERSON = re.compile(
    rf"(?<!\w)((?:(?i:{either(_TITLES)})\.?\s(?:[^\W\d_]{{1,30}}\s){{0,2}})?)((?-i:[A-ZÀ-Ý])[^\W\d_]{{1,30}})(\s)"
    r"([IVX]{1,7})(?![\w'’]|\.[\w]|-\w)"
)
_EVENT = re.compile(
    rf"(?<!\w)([IVX]{{1,7}})(?=\s(?:(?:(?i:{either(_COUNTED)}))(?!\w)|[A-ZÀ-Ý][^\W\d_]*[a-zà-ý]))(?=\s([^\W\d_]{{1,30}}))"
)
_HEADING = re.compile(r"\A(?:[IVX]{2,7}(?=\W*\Z|(?:\.|\s?[-–—:])\s)|[IVX](?=\s[-–]\s[a-zà-ÿ]))")
_DAY = re.compile(rf"(?<!\w)([IVX]{{2,5}})(?=\sde\s(?i:{'|'.join(MONTHS)})(?!\w))")
_ERA = re.compile(r"(?<!\w)([IVX]{1,7})(?=\s(?:antes|depois) de Cristo)")
_ANY = re.compile(r"(?<!\w)[IVXLCDMivxlcdm]{1,15}(?!\w)")


def _century(found: re.Match[str]) -> str:
    words = _ANY.sub(lambda number: _ordinal_to_ten(number[0].upper()) or number[0], found[2])
    return _SHORT_CENTURY.sub(r"\1éculo\2 ", found[1]) + _TO.sub(" a ", words)


def _division(found: re.Match[str]) -> str | None:
    head, numbers = found.groups()
    if not set("IVX") & set(numbers.upper()) or numbers.upper() in _WORDS_IN_CAPITALS or _is_lone_lower(numbers):
        return None
    return head + _TO.sub(" a ", _ANY.sub(lambda number: _cardinal(number[0].upper()) or number[0], numbers))


def _is_lone_lower(numbers: str) -> bool:
    """Whether it is in small letters and may be a word: vi, mi."""
    return numbers[0].islower() and (len(numbers) == 1 or numbers in ("vi", "mi", "di", "li"))


def _person(found: re.Match[str]) -> str | None:
    title, name, space, number = found.groups()
    value = roman(number)
    known = name.lower() in _PERSONS
    if value is None or not (known or title or (len(number) > 1 and name[1:].islower())):
        return None
    if roman(name) or (not title and _is_initial(found)):
        return None
    if not known and not title:
        return f"{name}{space}{cardinal(str(value), 'pt')}"
    feminine = name.lower() in _WOMEN or gender.of_noun(name) == "f"
    words = ordinal(str(value), "pt", "f" if feminine else "m") if value <= 10 else cardinal(str(value), "pt")
    return f"{title}{name}{space}{words}"


def _is_initial(found: re.Match[str]) -> bool:
    """Whether a full stop and another word follow a single letter: Ana V. Souza, Pedro V. saiu."""
    return len(found[4]) == 1 and bool(re.match(r"\.\s[^\W\d_]", found.string[found.end() : found.end() + 3]))


def _event(found: re.Match[str]) -> str | None:
    number, noun = found.groups()
    value = roman(number)
    counted = noun.lower() in _COUNTED
    if value is None or (not counted and len(number) == 1):
        return None
    if not counted and re.search(r"[A-ZÀ-Ý][^\W\d_]*\s\Z", found.string[max(0, found.start() - 40) : found.start()]):
        return None
    words = ordinal(str(value), "pt", gender.of_noun(noun))
    return " ".join(word + "s" for word in words.split()) if counted and noun.lower().endswith("s") else words


def _cardinal(number: str) -> str | None:
    value = roman(number)
    return cardinal(str(value), "pt") if value else None


def _ordinal_to_ten(number: str) -> str | None:
    value = roman(number)
    if not value:
        return None
    return ordinal(str(value), "pt") if value <= 10 else cardinal(str(value), "pt")


RULES: Rules = (
    (_CENTURY, _century),
    (_DIVISION, _division),
    (_PERSON, _person),
    (_EVENT, _event),
    (_ERA, lambda found: _ordinal_to_ten(found[1])),
    (_DAY, lambda found: _cardinal(found[1])),
    (_HEADING, lambda found: _cardinal(found[0])),
)
