"""Abbreviations in full: Sr., Av., pág., a.C. A full stop that also ends the sentence stays."""

import re
from collections.abc import Iterable

from darkchannel.speech.normalisation.numbers import roman
from darkchannel.speech.normalisation.portuguese import gender
from darkchannel.speech.normalisation.rules import Rules, either, table, word_before
from darkchannel.speech.sentences.abbreviations import PORTUGUESE

TITLES = table("""
    sr=senhor; srs=senhores; sra=senhora; sras=senhoras; srta=senhorita; srtas=senhoritas; sr.ª=senhora; sr.a=senhora;
    dr=doutor; drs=doutores; dra=doutora; dras=doutoras; dr.ª=doutora; dr.a=doutora; prof=professor; profs=professores;
    profa=professora; profas=professoras; prof.ª=professora; prof.a=professora; gen=general; cel=coronel; maj=major;
    cap=capitão; ten=tenente; sgt=sargento; alm=almirante; brig=brigadeiro; cmte=comandante; eng=engenheiro;
    eng.ª=engenheira; arq=arquiteto; adv=advogado; gov=governador; dep=deputado; sen=senador; min=ministro;
    pres=presidente; exmo=excelentíssimo; exma=excelentíssima; exmos=excelentíssimos; ilmo=ilustríssimo;
    ilma=ilustríssima; ilmos=ilustríssimos; revmo=reverendíssimo; rev=reverendo; pe=padre; fr=frei; mons=monsenhor;
    profª=professora; profº=professor; drª=doutora; srª=senhora; engª=engenheira;
    exmª=excelentíssima; sto=santo; sta=santa; al=alameda;
    trav=travessa; estr=estrada; jd=jardim; vl=vila; lgo=largo; pq=parque; mm=meritíssimo
""")
NUMBERED = table("""
    pág=página; págs=páginas; pag=página; pags=páginas; p=página; pp=páginas; fl=folha; fls=folhas; vol=volume;
    vols=volumes; cap=capítulo; caps=capítulos; art=artigo; arts=artigos; inc=inciso; incs=incisos; fig=figura;
    figs=figuras; tab=tabela; séc=século; sécs=séculos; núm=número; t=tomo; ap=apartamento; apto=apartamento; bl=bloco;
    tel=telefone; cel=celular; ref=referência; vv=versículos; ed=edição; obs=observação; ex=exemplo; cód=código;
    doc=documento; pg=página;
    proc=processo; dec=decreto; qd=quadra; lt=lote; súm=súmula; gráf=gráfico; tam=tamanho
""")
PLAIN = table("""
    etc=et cetera; obs=observação; ex=exemplo; tel=telefone; cf=conforme; cfr=conforme; vs=versus;
    aprox=aproximadamente; máx=máximo; mín=mínimo; org=organizador; orgs=organizadores; coord=coordenador;
    trad=tradução; ltda=limitada; jr=júnior; dept=departamento; depto=departamento; dpto=departamento; ed=edição;
    fl=folha; fls=folhas; arts=artigos; caps=capítulos; vols=volumes; figs=figuras; fig=figura; pág=página;
    págs=páginas; séc=século; sécs=séculos; av=avenida; cia=companhia; sr=senhor; sra=senhora; srta=senhorita;
    dr=doutor; dra=doutora; prof=professor; profa=professora; exmo=excelentíssimo; p.ex=por exemplo; pça=praça;
    pç=praça; rod=rodovia; op.cit=obra citada; loc.cit=lugar citado; v.exª=vossa excelência; v.ex.ª=vossa excelência;
    v.exa=vossa excelência; v.s.ª=vossa senhoria; v.sª=vossa senhoria; v.sa=vossa senhoria; s.exa=sua excelência;
    s.exª=sua excelência; s.ex.ª=sua excelência; n.sra=nossa senhora; exa=excelência; ibid=ibidem;
    líq=líquido; unid=unidade
""")
# Capitals here are the initials of names.
SMALL = table(
    "i.e=isto é; e.g=por exemplo; a.m=a m; p.m=p m; q.v=queira ver; a.C=antes de Cristo; d.C=depois de Cristo"
)
_MAY_END = frozenset({"etc", "ltda", "jr", "a.c", "d.c"})
"""After these, a capital begins a new sentence."""

_SAINTS = """
    Antônio António Antão Amaro André Inácio Agostinho Ambrósio Anselmo Tomás
    Paulo João José Pedro Bento Francisco Luís Luiz Jorge Sebastião Bernardo Vicente Caetano Gonçalo Miguel Marcos
    Mateus Lucas Tomé Tiago Carlos Cristóvão Roque Brás Gabriel Leopoldo Lourenço Domingos Martinho Nicolau Cosme
"""
_LADIES = frozenset(
    """
    Beatriz Inês Carmem Carmen Isabel Leonor Ester Esther Ruth Raquel Alice Elisabete Conceição Mercedes Dolores Iris
    Íris Nair Guiomar Edite Matilde Judite Irene Ivone Yvonne Salete Rosário Lourdes Glorinha Clarice Berenice Cleide
    Neide Zilá Solange Aparecida Elizabeth Zoé Noêmi Zezé Consuelo Socorro Penélope
    """.split()
)
_CAPITAL = "(?-i:[A-ZÀ-Ý])"


def _any(shorts: Iterable[str]) -> str:
    return either(shorts).replace(r"\.", r"\.\s?")


_ALONE = r"(?<![^\W\d]|[.@/])"
_STOPPED = rf"{_ALONE}(?=[^\W\d_]{{1,6}}[.ª])"
"""Words that are longer, or that nothing stops, are not looked up in the tables."""
_NOT_INITIALS = r"(?<![A-Z]\. )(?<![A-Z]\.)"
_TITLE = re.compile(rf"{_STOPPED}(?<!\bet )({_any(TITLES)})(?:\.|(?<=ª))\s{{0,2}}(?=(?:d[aeo]s?\s)?{_CAPITAL})", re.I)
_NUMBER_SIGN = re.compile(
    r"(?<!\w)(?:n\.?[º°](s?)|n\.o(s?)|no?\.|№)\.?(?:\s{0,2}(?=\d)|(?<=[º°])\s(?=d[aeo]s?\s))", re.I
)
_NUMERAL = r"(?-i:[IVX]|(?<=[Bb]l\. )[A-Z]|(?<=[Ff]ig\. )[A-Z]|[IVXLC]{2,9}|[ivxl]{2,9})\b"
_NUMBER = re.compile(
    rf"{_ALONE}(?=[^\W\d_]{{1,6}}[.\s])({_any(NUMBERED)})(?:\.\s{{0,2}}|(?<=\w\w\w)\s)(?=\d|n[.º°]|\(\d|{_NUMERAL})",
    re.I,
)
_KILOMETRE = re.compile(r"(?<!\w)(?<!\d )km\.?\s(?=\d)", re.I)
_RATE = re.compile(r"(?<=%)\s?a\.\s?([ma])\.")
_EDITION = re.compile(r"(?<![\w.,])(\d{1,3})(?:\.?ª|a\.?|\.)\s?ed\.")
_LEAST = re.compile(rf"{_ALONE}(min|max)\.(?=\s|\W|\Z)", re.I)
_WORD = re.compile(rf"{_STOPPED}(?<!\bponto )({_any(PLAIN)})(?:\.|(?<=ª))(?![\w@])", re.I)
_SMALL_WORD = re.compile(rf"{_STOPPED}({_any(SMALL)})\.(?!\w)")
_DOM = re.compile(rf"{_ALONE}{_NOT_INITIALS}[Dd]\.\s?(?=([A-ZÀ-Ý][^\W\d_]{{1,30}}))")
_WORDS_BEFORE = re.compile(r"([^\W\d_]{3,30}|(?<!\w)[A-C](?=\se\s))(?:\se)?\s\Z")
_LETTERED = PORTUGUESE.lettered | {"nível", "vitamina"}
"""Words before a D that is a letter: vitamina D."""
_NOTE = re.compile(r"(?<!\w)([Nn])\.\sd([oa])\s([TEAR])\.")
_OF_NOTE = {"T": "tradutor", "E": "editor", "A": "autor", "R": "redator"}
_SAO = re.compile(rf"{_ALONE}{_NOT_INITIALS}S\.\s?(?=({'|'.join(_SAINTS.split())})(?!\w))")
_RUA = re.compile(
    r"(?<!\w)(?:((?:na|da|à|a|pela|desta|esta|nesta|numa|uma)\s)R\.\s(?=[A-ZÀ-Ý\d]|d[aeo]s?\s)"
    r"|(?<![A-Z]\. )(?<![a-zà-ÿ] )(?<!\.)R\.\s(?=(?:d[aeo]s?\s|\d{1,2}\sde\s)?[A-ZÀ-Ý][^,\n]{1,40},\s(?:n\.?º|\d)))"
)
_ACRONYM = re.compile(r"(?<![\w.])((?:[A-Z]\.){2,9})(?!\w)|(?<!\w)S/A(?!\w)")
_OF_BOTH = frozenset("máximo mínimo líquido".split())
_OF_EITHER = frozenset("engenheiro arquiteto advogado deputado ministro senador governador".split())
_FEMININE_ARTICLE = re.compile(r"(?<!\w)(?:a|as|à|às|da|das|na|pela)\s\Z", re.I)
_COUNT_BEFORE = re.compile(r"\d\s?\Z")
_ENDS = re.compile(r"[\s\"'”’»)\]]*\Z")
_SHORT = re.compile(r"\b[^\W\d_]{1,6}(?=[.ª])|(?<=\d)[^\W\d_]{1,6}(?=\.)")
_SHORTS = frozenset(re.split("[.ª]", key.lower())[0] for table in (TITLES, PLAIN, SMALL) for key in table)
_SHORTS |= frozenset("abcdefghijklmnopqrstuvwxyz")  # of initials
_NEW_SENTENCE = re.compile(r"[\"'”’»)\]]?\s+[\"'“‘«(—–-]?\s?[A-ZÀ-Ý]")


def stand_in(text: str) -> bool:
    """Whether a text holds what RULES may write out."""
    return "S/A" in text or not _SHORTS.isdisjoint(short.lower().rstrip("ªº") for short in _SHORT.findall(text))


def _title(found: re.Match[str]) -> str | None:
    full = TITLES.get(_key(found[1]))
    if not full:
        return None
    if full == "ministro" and _COUNT_BEFORE.search(found.string, max(0, found.start() - 2), found.start()):
        return None  # 40 min. Depois
    if full in _OF_EITHER and _FEMININE_ARTICLE.search(found.string, max(0, found.start() - 6), found.start()):
        full = full.removesuffix("o") + "a"
    return _cased(full, found[1]) + " "


def _number(found: re.Match[str]) -> str | None:
    full = NUMBERED.get(_key(found[1]))
    return full and f"{_cased(full, found[1])} "


def _word(found: re.Match[str]) -> str | None:
    full = PLAIN.get(_key(found[1]))
    if not full:
        return None
    if full in _OF_BOTH:
        full = _agreeing(full, found)
    return _cased(full, found[1]) + _stop(found, _key(found[1]))


def _agreeing(adjective: str, found: re.Match[str]) -> str:
    """velocidade máx., velocidade máxima."""
    noun = word_before(found)
    return adjective[:-1] + "a" if len(noun) > 1 and gender.of_noun(noun) == "f" else adjective


def _note(found: re.Match[str]) -> str:
    """N. do T., the note of the translator."""
    who = "redação" if found[2] + found[3] == "aR" else _OF_NOTE[found[3]] + "a" * (found[2] == "a")
    return f"{_cased('nota', found[1])} d{found[2]} {who}{_stop(found, '')}"


def _small_word(found: re.Match[str]) -> str:
    key = found[1].replace(" ", "")
    return SMALL[key] + _stop(found, key.lower())


def _least(found: re.Match[str]) -> str | None:
    full = {"min": "mínimo", "max": "máximo"}.get(found[1].lower())
    return full and _cased(_agreeing(full, found), found[1]) + _stop(found, "")


def _acronym(found: re.Match[str]) -> str:
    if not found[1]:
        return "S A"
    return " ".join(found[1].split(".")).strip() + _stop(found, "")


def _stop(found: re.Match[str], key: str) -> str:
    """The full stop where it ends a sentence too."""
    if not found[0].endswith("."):
        return ""
    ends = _ENDS.match(found.string, found.end()) or (
        key in _MAY_END and _NEW_SENTENCE.match(found.string, found.end())
    )
    return "." if ends else ""


def _dom(found: re.Match[str]) -> str | None:
    name = found[1]
    before = _WORDS_BEFORE.search(found.string, max(0, found.start() - 32), found.start())
    if roman(name) or (before and (before[1].lower() in _LETTERED or len(before[1]) == 1)):
        return None
    return _cased("dona " if name.endswith("a") or name in _LADIES else "dom ", found[0])


def _sao(found: re.Match[str]) -> str:
    return "Santo " if found[1][0] in "AI" or found[1] == "Tomás" else "São "


def _key(short: str) -> str:
    """In a table, but for letters such as ſ and ı: a pattern that ignores case takes them for s and i."""
    return re.sub(r"\s", "", short).lower()


def _cased(full: str, short: str) -> str:
    return full[0].upper() + full[1:] if short[0].isupper() else full


BEFORE_NUMBERS: Rules = (
    (_EDITION, lambda found: f"{found[1]}ª edição"),
    (_KILOMETRE, lambda _: "quilômetro "),
    (_RATE, lambda found: {"m": " ao mês", "a": " ao ano"}[found[1]]),
    (_NUMBER_SIGN, lambda found: "número" + ("s" if found[1] or found[2] else "") + " "),
    (_NUMBER, _number),
)
RULES: Rules = (
    (_TITLE, _title),
    (_SMALL_WORD, _small_word),
    (_NOTE, _note),
    (_ACRONYM, _acronym),  # ahead of those that look for initials
    (_DOM, _dom),
    (_SAO, _sao),
    (_RUA, lambda found: f"{found[1] or ''}Rua "),
    (_WORD, _word),
)
LATE: Rules = ((_LEAST, _least),)
"""After the measures, some of which are in minutes."""
