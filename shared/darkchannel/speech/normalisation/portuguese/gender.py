"""The gender of nouns, which their numbers agree with: duas páginas, dois problemas."""

import re
from collections.abc import Iterator

from darkchannel.speech.normalisation.numbers import Gender
from darkchannel.speech.normalisation.rules import listed

_FEMININE_ENDING = re.compile(r"(?:a|ã|[çs]ão|exão|dade|tude|[aiu]gem|ície|triz|ise|ese|ose)\Z")
_MASCULINE_ENDING = re.compile(r"(?:[eo]ma|\wgrama|drama|[gs]ma|ista)\Z")

# What the endings do not tell.
_MASCULINE = frozenset(
    listed("""
    atleta avião brasão calção camarada cinema clima coala colega cometa coração dálmata delta dia fã galã gorila grama
    guarda jesuíta koala mapa monarca panda papa patriarca pijama pirata planeta poeta profeta sósia suicida talismã
    tapa
    """)
)
_FEMININE = frozenset(
    listed("""
    algema árvore asma autopista ave base bienal catedral chave classe colher conquista cor corrente crise crista cruz
    dor elite entrevista equipe escama espécie espiral estante face fase fé febre flor foice fome fonte foto foz frase
    frente gema gente goma grade greve hélice imagem imperatriz índole lagosta lei lente lesma lista luz mãe maré mãe
    mão mente moto mulher nau nave neve noite noz nuvem ordem paixão parede parte paz pele perdiz pista ponte prece
    raiz ré rede revista sede semente série serpente sílaba soma sorte tarde torre tosse tribo tv vértebra vertente vez
    vista vogal voz
    """)
)
_NOT_NOUNS = frozenset(
    listed("""
    a à as às antes aliás apenas atrás através cada contra da das desta destas dessa dessas e ela elas era entre fora
    há já lá mais mas na nada nas nela nelas nesta nestas nessa nessas nunca ontem ora para pela pelas quando se sem
    toda todas uma umas aquela aquelas esta essa essas estas minha agora ainda acima além
    """)
)
_ADJECTIVES = frozenset(
    listed("""
    grande grandes maiores menores melhores piores simples breves enormes importantes diferentes possíveis tristes
    felizes jovens fortes leves
    """)
)
# Ahead of a number: perhaps "ou" and another number, perhaps "mil", then words.
_AHEAD = re.compile(
    r"(?:\s{1,2}(?:ou|e|a|até)\s{1,2}\d{1,15})?(?:\s{1,2}mil)?\s{1,2}([^\W\d_]{1,40})(?:\s{1,2}([^\W\d_]{1,40}))?"
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


def of_counted(text: str, end: int, *, many: bool) -> Gender:
    """The gender of what a number that ends at ``end`` counts; ``many`` where it is followed by a plural."""
    found = _AHEAD.match(text, end)
    if not found:
        return "m"
    word, after = found[1].lower(), found[2]
    if word in _ADJECTIVES and after:
        word = after.lower()
    if word in _NOT_NOUNS or word.endswith("s") != many:
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
