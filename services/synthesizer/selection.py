"""Which engines may speak a job, the best first: pure rules over what the engines told of themselves."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from darkchannel.errors import Permanent, Transient
from darkchannel.jobs.plan import Plan
from darkchannel.runtime.engines import AUTO, Voice
from darkchannel.speech.expected import excerpt

USUAL: Final = ("piper", "openai", "openvoice", "bark")
"""The order of ``auto`` where the operator sets none; those that others registered come next."""
LAST: Final = "espeak"
"""Speaks everything, everywhere, and like a machine."""
ON_REQUEST: Final = ("gtts",)
"""Sends texts to somebody else: only where the operator or the job names it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an engine stood when it was last asked."""

    voices: Sequence[Voice] = ()
    lacks: frozenset[str] = frozenset()
    """The voices that it was asked for and of which it has no name; of one that is away, as far as it told before."""
    most_segments: int | None = None
    away: str | None = None
    """Why it may not be able to speak now: so said its last look, or its speech."""
    is_resting: bool = False
    """Whether its speech failed again and again: it is left alone for a while."""
    is_set_up: bool = True
    """Whether it ever could: who is not is nobody's to wait for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a job wants of an engine."""

    language: str
    """BCP 47 tag."""
    voices: frozenset[str]
    segments: int
    is_free: bool
    """Whether the choice is ours: engines that the job names itself may take their time."""


def wanted(plan: Plan) -> Wanted:
    options = plan.options
    voices = frozenset(filter(None, (options.voice, *options.voices.values())))
    return Wanted(options.language, voices, plan.segments, is_free=options.engine == AUTO)


def usual(installed: Iterable[str]) -> tuple[str, ...]:
    """The order of ``auto`` where the operator sets none."""
    there = set(installed)
    others = sorted(there - {*USUAL, *ON_REQUEST, LAST})
    return tuple(name for name in (*USUAL, *others, LAST) if name in there)


def in_line(job: Wanted, standings: Mapping[str, Standing], speaks: str | None = None) -> tuple[str, ...]:
    """The engines that may speak a segment now, in the order in which they are to be asked; at least one.

    ``standings``, in the order of preference, at least one; ``speaks``: who has spoken for the book until now, which
    stays the first until its speech fails, since a look may fail for a moment. Where none can speak, all are asked
    again. Raises Permanent where nobody has the voices that a book at its beginning names, Transient where somebody who
    is away may have them.
    """
    able = [name for name, standing in standings.items() if standing.away is None]
    if not able:
        return (speaks,) if speaks is not None and speaks in standings else tuple(standings)
    near = [name for name in able if _suits(job, standings[name])] or able
    if speaks is not None and _stays(standings.get(speaks)):
        return (speaks, *(name for name in near if name != speaks))
    having = [name for name in able if not standings[name].lacks]
    if not having and speaks is None:
        raise _voiceless(job, standings)
    best = [name for name in having if name in near] or having
    return (*best, *(name for name in near if name not in best))


def _stays(standing: Standing | None) -> bool:
    return standing is not None and standing.is_set_up and not standing.is_resting


def _suits(job: Wanted, standing: Standing) -> bool:
    most = standing.most_segments
    is_short = not job.is_free or most is None or job.segments <= most
    return is_short and speaks_language(standing.voices, job.language)


def speaks_language(voices: Collection[Voice], language: str) -> bool:
    """Whether one of the voices is of the language, whatever its country."""
    primary = language.partition("-")[0].lower()
    return any(
        not voice.languages or primary in {tag.partition("-")[0].lower() for tag in voice.languages} for voice in voices
    )


def _voiceless(job: Wanted, standings: Mapping[str, Standing]) -> Permanent | Transient:
    lacking = [standing.lacks for standing in standings.values() if standing.away is None]
    nobodys = frozenset.intersection(*lacking)
    told = ", ".join(f"'{excerpt(voice)}'" for voice in sorted(nobodys or job.voices))
    if nobodys:
        which = f"the voice{'s' * (len(nobodys) > 1)} {told}"
        advice = "`darkchannel voices` lists those there are"
    else:
        which = f"all of {told}"
        advice = "name voices of one engine, or for each a list with one of every engine"
    for name, standing in standings.items():
        if standing.away is not None and standing.is_set_up:
            return Transient(f"no engine at hand has {which}, and {name} is away: {standing.away}")
    return Permanent(f"no engine at hand has {which}: {advice}")
