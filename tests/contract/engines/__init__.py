"""The engines that the suite of ``test_speech`` runs, each with the peer that it needs."""

from tests.contract.engines import bare, espeak, gtts, openai, openvoice, piper
from tests.contract.engines.kind import Kind

KINDS: tuple[Kind, ...] = (
    espeak.KIND,
    bare.KIND,
    gtts.KIND,
    openai.PLAIN,
    openai.CAPTIONED,
    openvoice.KIND,
    piper.KIND,
)
