"""The merger: chunks become encoded sections, sections become a book."""

from darkchannel.runtime import scratch
from darkchannel.runtime.service import Context, Parts, Service
from services.merger import memory
from services.merger.book import BookBinder
from services.merger.sections import SectionEncoder


async def _build(context: Context) -> Parts:
    scratch.clear()
    memory.reuse()
    encoder, binder = SectionEncoder(context), BookBinder(context)
    return Parts(
        handlers={"encode": encoder.encode, "assemble": binder.assemble},
        prefetch={"encode": 32, "assemble": 8},
    )


SERVICE = Service(name="merger", build=_build)
