"""The gender of nouns, which their numbers agree with: duas páginas, dois problemas."""

import re
from collections.abc import Iterator

from darkchannel.speech.normalisation.numbers import Gender

_FEMININE_ENDING = re.compile(
    r"(?:a|ã|[çs]ão|exão|[gns]ião|elião|idão|[dtz]ade|tude|gem|ície|triz|ise|tese|ocese|ênese|ose)\Z"
)
_MASCULINE_ENDING = re.compile(r"(?:[eo]ma|\wgrama|drama|[gs]ma|ista)\Z")

# What the endings do not tell.
_MASCULINE = frozenset(
    """
    atlas atleta avião brasão calção camarada cinema clima coala colega cometa coração dálmata delta dia fã galã
    gorila grama guarda jesuíta koala mapa monarca panda papa parêntese patriarca pijama pirata planeta poeta profeta
    sósia suicida talismã tapa trauma
    """.split()
)
_FEMININE = frozenset(
    """
    algema arte árvore asma autopista avó ave base bienal catedral chance chave classe combustão comunhão colher
    conquista cor corrente crise crista cruz dor elite entrevista equipe escama espécie espiral estante estrofe face
    fase filial fé febre flor foice fome fonte foto foz frase frente gema gente gestão goma grade greve hélice imagem
    imperatriz índole lagosta lebre lei lente lesma lista luz mãe maré mão mente morte moto mulher nau nave neve noite
    noz nuance nuvem ordem paixão parede parte paz pele perdiz pista ponte prece questão raiz raíz razão ré rede
    revista sede semente série serpente sílaba soma sorte sugestão tarde torre tosse trave tribo tv vértebra vertente
    vez vista vogal voz
    """.split()
)
_NOT_NOUNS = frozenset(
    """
    a à as às antes aliás apenas atrás através cada contra da das desta destas dessa dessas e ela elas era entre fora
    há já lá mais mas na nada nas nela nelas nesta nestas nessa nessas nunca ontem ora para pela pelas quando se sem
    toda todas uma umas aquela aquelas esta essa essas estas minha agora ainda acima além
    """.split()
)
_ADJECTIVES = frozenset(
    """
    grande grandes maiores menores melhores piores simples breves enormes importantes diferentes possíveis tristes
    felizes jovens fortes leves
    """.split()
)
_OF_THE_DAY = frozenset("manhã tarde noite madrugada".split())
LABELS = frozenset(
    """
    capítulo página volume número artigo parte cena ato livro quarto sala casa item figura tabela nota questão linha
    lição aula fase etapa versão nível grupo tipo classe rodovia dia ano anos edição tomo anexo seção unidade módulo
    estrofe cláusula apartamento bloco canal porta mesa faixa folha parágrafo inciso episódio temporada turma camisa
    rua quadra lote estação voo turno escala
    """.split()
)
"""Words that a number after them names, rather than counts what follows it."""
# Ahead of a number: perhaps "ou" and another number, perhaps "mil", then words.
_AHEAD = re.compile(
    r"(?:\s{1,2}(?:ou|e|a|até|em|em\scada)\s{1,2}(\d{1,15}))?(?:\s{1,2}mil)?"
    r"\s{1,2}([^\W\d_]{1,40})(?:\s{1,2}([^\W\d_]{1,40}))?"
)


def of_noun(word: str) -> Gender:
    """The gender of a noun in the singular or the plural; masculine where nothing tells otherwise."""
    word = word.lower()
    for singular in _singulars(word):
        if singular in _MASCULINE:
            return "m"
        if singular in _FEMININE:
            return "f"
    return "f" if any(map(_sounds_feminine, _singulars(word))) else "m"


def of_counted(text: str, end: int, *, many: bool | None) -> Gender:
    """The gender of what a number that ends at ``end`` counts.

    ``many`` tells whether a plural follows it; None where either may.
    """
    found = _AHEAD.match(text, end)
    if not found:
        return "m"
    word, after = found[2].lower(), (found[3] or "").lower()
    if word in ("das", "delas") or (word == "da" and after in _OF_THE_DAY):
        return "f"
    if word in _ADJECTIVES and after:
        word = after
    if word in _NOT_NOUNS or (many is not None and not found[1] and word.endswith("s") != many):
        return "m"
    return of_noun(word)


def _sounds_feminine(singular: str) -> bool:
    return bool(_FEMININE_ENDING.search(singular)) and not _MASCULINE_ENDING.search(singular)


def _singulars(word: str) -> Iterator[str]:
    """The word, and what it may be the plural of."""
    yield word
    if word.endswith("ões"):
        yield word[:-3] + "ão"
    elif word.endswith("ães"):
        yield word[:-1]
        yield word[:-3] + "ão"
    elif word.endswith("ns"):
        yield word[:-2] + "m"
    elif word.endswith("is"):
        yield word[:-2] + "l"
        yield word[:-1]
    elif word.endswith("es"):
        yield word[:-1]
        yield word[:-2]
    elif word.endswith("s"):
        yield word[:-1]
