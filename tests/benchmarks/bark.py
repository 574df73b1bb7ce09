"""Bark's throughput: texts spoken together against one at a time, through the engine and its process.

The weights are random and of the full size where there is a GPU, else tiny: then the ratio is that of our own code path
with nothing to compute, and says nothing of Bark. Either way a text takes as long to speak as its letters do.
"""

import asyncio
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from services.synthesizer.engines.bark import Bark as Engine
from services.synthesizer.engines.bark import BarkSettings
from tests.benchmarks.stack import NotRunning

LEAST_RATIO = 4.0
"""Asked, of the full size on a GPU."""
TEXT = "O barco voltou antes da chuva, e Helena ficou na praia a contar as gaivotas que o seguiam devagar."
BATCH = 16
ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Bark:
    device: str
    """A GPU by its name, or none."""
    texts: int
    speech: float
    """Seconds of speech, of all texts together."""
    single: float
    """Seconds that it took to speak them one at a time."""
    batched: float

    @property
    def ratio(self) -> float:
        return self.single / self.batched


def measure() -> Bark:
    """Raises NotRunning where torch is not installed."""
    if not find_spec("torch"):
        raise NotRunning("torch is not in this environment but in .venv-bark, which `make test-bark` makes")
    import torch

    from tests.bark import model

    has_gpu = torch.cuda.is_available()
    with tempfile.TemporaryDirectory(prefix="darkchannel-bench-") as folder:
        model.build(Path(folder), model.FULL if has_gpu else model.TINY)
        _, single = asyncio.run(_spoken(folder, batch=1))
        speech, batched = asyncio.run(_spoken(folder, batch=BATCH))
    return Bark(torch.cuda.get_device_name() if has_gpu else "", BATCH * ROUNDS, speech, single, batched)


async def _spoken(folder: str, *, batch: int) -> tuple[float, float]:
    """Seconds of speech, and seconds that it took; the model is loaded before."""
    from tests.bark import paced

    engine = Engine(BarkSettings(bark_model=folder, bark_batch=batch), program=Path(paced.__file__))
    try:
        await engine.say(TEXT, "pt-BR", None)
        start = time.perf_counter()
        spoken = await asyncio.gather(*(engine.say(TEXT, "pt-BR", None) for _ in range(BATCH * ROUNDS)))
        return sum(len(said.pcm) / 2 / said.rate for said in spoken), time.perf_counter() - start
    finally:
        await engine.close()
