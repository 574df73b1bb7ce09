"""One replica of every service, with its own memory: the real handlers over simulated speech and encoding."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from pathlib import Path

from darkchannel import pipeline
from darkchannel.jobs.plan import Plan
from darkchannel.jobs.records import SectionRecord
from darkchannel.runtime import waiting
from darkchannel.runtime.consumer import Worker
from darkchannel.runtime.engines import Engine
from darkchannel.runtime.service import Context, Handler
from services.handoff_notifier.messages import Post
from services.merger import timeline
from services.merger.binding import Bound, Keep
from services.merger.book import BookBinder
from services.merger.cues import Cues
from services.merger.encodings import ENCODINGS
from services.merger.joining import Read, Unfit
from services.merger.mastering import Brief, EncodedFile, Master, Mastered, Take
from services.merger.sections import SectionEncoder
from services.publisher.handler import Publisher
from services.reconciler.handler import Reconciler
from services.reconciler.settings import ReconcilerSettings
from services.splitter.handler import Splitter
from services.splitter.settings import SplitterSettings
from services.synthesizer.attempts import Reading
from services.synthesizer.cache import Cache, CacheSettings
from services.synthesizer.handler import Synthesizer
from services.synthesizer.speaking import Speaking
from tests.pipeline.engine import as_it_stands, at_rate, engines_of
from tests.pipeline.receiver import notifier


@dataclass(eq=False)
class Process:
    handlers: dict[str, Handler]
    """By stage."""
    reconciler: Reconciler


def build(
    context: Context,
    engines: Sequence[Engine],
    post: Post,
    nonce: Callable[[], str],
    grace: float,
    read: Callable[[str], Reading] = as_it_stands,
    looking: Context | None = None,
    master: Master | None = None,
) -> Process:
    """``grace`` in seconds; ``looking``: what the reconciler is given, where it is not what the others are."""
    publisher = Publisher(context)
    handlers: dict[str, Handler] = {
        "accept": Splitter(context, _splitting()).accept,
        "speak": synthesizer(context, *engines, read=read).speak,
        "encode": SectionEncoder(context, master or simulated_master).encode,
        "assemble": BookBinder(context, _bind).assemble,
        "decide": publisher.decide,
        "act": publisher.act,
        **notifier(context, post, nonce),
    }
    return Process(handlers, Reconciler(looking or context, _reconciling(grace)))


def synthesizer(
    context: Context, *engines: Engine, read: Callable[[str], Reading] = as_it_stands, order: Sequence[str] = ()
) -> Synthesizer:
    """Its own memory of these engines; the best first, as ``auto`` has them, where no other order is given."""
    order = order or [engine.name for engine in engines]
    cache = Cache(context.store, context.clock, context.metrics, _caching())
    speaking = Speaking(context, engines_of(*engines, clock=context.clock, order=order), cache, read, at_rate)
    return Synthesizer(context, speaking)


def workers(context: Context, handlers: Mapping[str, Handler], retry_delays: Sequence[float]) -> dict[str, Worker]:
    """What the runtime puts between the bus and each handler; it pauses for no time at all."""
    shared = waiting.Process()
    return {
        name: Worker(
            stage=pipeline.BY_NAME[name],
            handler=handler,
            jobs=context.jobs,
            process=shared,
            retry_delays=retry_delays,
            pauses=lambda: repeat(0.0),
        )
        for name, handler in handlers.items()
    }


# Reading settings takes longer than many an interleaving.
@lru_cache
def _splitting() -> SplitterSettings:
    return SplitterSettings(company_id="5")


@lru_cache
def _caching() -> CacheSettings:
    return CacheSettings()


@lru_cache
def _reconciling(grace: float) -> ReconcilerSettings:
    return ReconcilerSettings(reconcile_after_seconds=grace)


async def simulated_master(takes: AsyncIterator[Take], brief: Brief, /) -> Mastered:
    body = b"".join([bytes(take.pcm) async for take in takes])
    samples = len(body) // 2
    files = {name: EncodedFile(body, ENCODINGS[name].coding(brief.rate)) for name in brief.encodings}
    cues = Cues(rate=brief.rate, samples=samples, cues=(), peaks="")
    return Mastered(samples, 0, brief.gain - 19 - samples % 3, files, cues)


async def _bind(
    plan: Plan, records: Sequence[SectionRecord], picture: bytes | None, read: Read, folder: Path, /, *, keep: Keep
) -> Bound:
    audio = [record.files["mp3"] for record in records]
    bodies = [await read(*section) for section in zip(plan.sections, audio, strict=True)]
    for section, file, sound in zip(plan.sections, audio, bodies, strict=True):
        if len(sound) % 2:
            raise Unfit(section, f"{file.key}: it ends amid a sample")
    body = b"".join(bodies)
    files = ("audiobook.mp3", "audiobook.vtt")
    for file in files:
        (folder / file).write_bytes(body)
        await keep(file)
    chapters = timeline.chapters(plan, records)
    return Bound(files, chapters[-1].end, chapters)
