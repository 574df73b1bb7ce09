"""A Portuguese book of any length, the same for the same seed: nobody's text, with sentences as books have them."""

import random
from collections.abc import Iterator

SEED = 20_250_101
CHAPTER_CHARACTERS = 20_000

_WHO = (
    "o faroleiro", "a menina do cais", "um barqueiro sem pressa", "a velha professora", "o vento da tarde",
    "a chuva de abril", "o relojoeiro", "uma gaivota cansada", "o carteiro", "a dona da pensão",
    "o rapaz da bicicleta", "quase toda a vila",
)  # fmt: skip
_DID = (
    "atravessou a praça", "guardou o segredo", "contou a mesma história", "esperou pela maré", "acendeu a lanterna",
    "fechou as janelas", "procurou o caminho antigo", "escreveu uma carta longa", "ouviu o sino da igreja",
    "voltou para casa", "perguntou pelo navio", "subiu a escada de pedra",
)  # fmt: skip
_HOW = (
    "sem fazer barulho", "como quem já não tem pressa", "antes que a noite caísse", "com as mãos nos bolsos",
    "debaixo de um céu muito claro", "depois de três dias de silêncio", "ao lado do irmão mais novo",
    "enquanto o café esfriava", "longe dos olhos dos outros", "por causa de uma promessa",
)  # fmt: skip
_LINK = ("e", "mas", "porque", "enquanto", "até que", "embora se saiba que")
_END = (".", ".", ".", ".", "!", "?", "…")


def write(characters: int, *, seed: int = SEED) -> str:
    """Markdown of about ``characters`` characters, in chapters."""
    chance = random.Random(seed)
    pieces: list[str] = []
    size = chapters = 0
    for paragraph in _paragraphs(chance):
        if size // CHAPTER_CHARACTERS >= chapters:
            chapters += 1
            pieces.append(f"# Capítulo {size // CHAPTER_CHARACTERS + 1}")
        pieces.append(paragraph)
        size += len(paragraph) + 2
        if size >= characters:
            return "\n\n".join(pieces) + "\n"
    raise AssertionError("paragraphs never end")


def _paragraphs(chance: random.Random) -> Iterator[str]:
    while True:
        yield " ".join(_sentence(chance) for _ in range(chance.randint(2, 7)))


def _sentence(chance: random.Random) -> str:
    clauses = [_clause(chance) for _ in range(chance.choice((1, 1, 2, 2, 3)))]
    text = clauses[0]
    for clause in clauses[1:]:
        text += f", {chance.choice(_LINK)} {clause}"
    return text[0].upper() + text[1:] + chance.choice(_END)


def _clause(chance: random.Random) -> str:
    how = f" {chance.choice(_HOW)}" if chance.random() < 0.6 else ""
    return f"{chance.choice(_WHO)} {chance.choice(_DID)}{how}"
