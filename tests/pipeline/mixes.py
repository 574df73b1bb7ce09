"""What may happen to jobs, and how hard the world is meanwhile."""

from dataclasses import dataclass
from typing import Any

from tests.pipeline.engine import FLAKY, UNSPEAKABLE

Act = tuple[Any, ...]
"""What a person does, and with what: see ``people``."""

BOOK = "livro.md"


@dataclass(frozen=True)
class Mix:
    acts: tuple[Act, ...] = ()
    """In this order, each at a random moment that fits it."""
    documents: tuple[str, ...] = (BOOK,)
    """The keys under which documents are dropped."""
    loss: float = 0.07
    """How probably an object's event is lost."""
    double: float = 0.1
    """How probably it comes three times."""
    crash: float = 0.008
    """How probably a step kills a task, or now and then its whole process."""
    rounds: float = 0.003
    """How probably a reconciler begins a round."""
    page: bool = True
    """Whether the reconciler ever comes round to ended jobs; without it all events must arrive."""
    shuffled: bool = True
    """Whether messages overtake one another."""
    straggle: float = 0.015
    """How probably a step lets a task sleep for long."""
    away: float = 0.0
    """How probably the store fails a request, half of them after it took effect."""
    deaf: float = 0.0
    """How probably a receiver of announcements fails to take one."""
    refused: bool = False
    """Whether the documents cannot be read."""
    engines: str = "ada"
    """What the jobs say of engines: "ada", or "ada,bia"."""
    outages: float = 0.0
    """How probably a step is the one in which "ada" goes away or comes back."""
    both: bool = False
    """Whether "bia" does so, too."""
    fails: int = 0
    """How many times "ada" refuses a text that it can speak."""
    hiccups: int = 0
    """How many times it fails in a way that passes."""
    mumbles: int = 0
    """How many times it yields silence, or next to nothing."""

    @property
    def may_fail(self) -> bool:
        """Whether anything in it excuses a run that is not completed."""
        alone = self.engines == "ada"
        faulty = self.mumbles * alone + sum(act[0] == "damage" for act in self.acts)
        hopeless = any(act[0] in ("cancel", "withdraw") or {UNSPEAKABLE, FLAKY} & set(act) for act in self.acts)
        stumbles = alone and (self.fails > 0 or self.hiccups > 2)
        return self.refused or stumbles or self.both or faulty > 1 or hopeless


def edit(index: int, text: str, when: str = "any") -> Act:
    """``text``: what is written, or "undo" for what the plan says. ``when``: see ``People.is_ready``."""
    return ("edit", index, text, when)


def remove_build(file: str) -> Act:
    """Of a completed job, in the console."""
    return ("remove build", file)


def damage(index: int) -> Act:
    """Cut a chunk short."""
    return ("damage", index)


DROP, CANCEL, RETRY, ASK, REPLAY = ("drop",), ("cancel",), ("retry",), ("ask",), ("replay",)
WITHDRAW, UPGRADE, WIPE, TAKE_AWAY, DAYS = ("withdraw",), ("upgrade",), ("wipe",), ("take away",), ("days",)

TWO_ENGINES = "ada,bia"
TWO_OF_ONE_NAME = (BOOK, f"caixa/{BOOK}")
TWO_VERSIONS = (BOOK, BOOK)

MIXES = {
    "plain": Mix(),
    "tripled and shuffled": Mix(double=1.0),
    "refused": Mix(refused=True),
    # -- edits
    "edit during": Mix(acts=(edit(0, "B", "open"),)),
    "two edits": Mix(acts=(edit(0, "B"), edit(1, "C"))),
    "edit and undo during": Mix(acts=(edit(0, "B", "open"), edit(0, "undo", "open"))),
    "edit while deciding": Mix(acts=(edit(0, "B", "deciding"),)),
    "edit after completion": Mix(acts=(edit(0, "B", "completed"),)),
    "edit after closing": Mix(acts=(edit(1, "B", "closed"),)),
    "edit after completion, and undo": Mix(acts=(edit(0, "B", "completed"), edit(0, "undo"))),
    "three edits, two runs": Mix(
        acts=(edit(0, "B", "completed"), edit(1, "C", "completed"), edit(0, "undo", "completed"))
    ),
    "edit, cancel the second run, retry": Mix(acts=(edit(0, "B", "completed"), CANCEL, RETRY)),
    "edit, the second run fails, edit": Mix(fails=1, acts=(edit(0, "B", "completed"), edit(1, "C"))),
    "unspeakable edit": Mix(acts=(edit(0, UNSPEAKABLE, "completed"),)),
    "unspeakable edit, mended": Mix(acts=(edit(0, UNSPEAKABLE, "completed"), edit(0, "C", "ended"), RETRY)),
    "slow and doubled, edits and their undoing": Mix(
        loss=0, double=1, straggle=0.06,
        acts=(edit(0, "B", "open"), edit(1, "C", "open"), edit(0, "undo", "open"), edit(1, "undo", "open")),
    ),
    "edits and asks": Mix(acts=(edit(0, "B"), ASK, edit(1, "C", "completed"), ASK)),
    # -- ended jobs that nobody looks at again
    "no page: edit while deciding": Mix(page=False, loss=0, acts=(edit(0, "B", "deciding"),)),
    "no page: slow, edit while deciding": Mix(
        page=False, loss=0, straggle=0.2, acts=(edit(0, "B", "deciding"), edit(1, "C", "deciding"))
    ),
    "no page: slow and tripled, edit while deciding": Mix(
        page=False, loss=0, double=1, straggle=0.1, acts=(edit(0, "B", "deciding"), edit(0, "undo"), edit(0, "B"))
    ),
    "no page: two edits": Mix(page=False, loss=0, acts=(edit(0, "B", "completed"), edit(1, "C"))),
    "no page: edit and undo": Mix(page=False, loss=0, acts=(edit(0, "B", "completed"), edit(0, "undo"))),
    "no page: slow": Mix(page=False, loss=0, straggle=0.12, acts=(edit(0, "B", "open"), edit(0, "undo"))),
    "no page: crashes": Mix(
        page=False, loss=0, crash=0.04, acts=(edit(0, "B"), edit(1, "C", "completed"), edit(0, "undo"))
    ),
    # -- cancelled and tried again
    "cancel": Mix(acts=(CANCEL,)),
    "cancel, then retry": Mix(acts=(CANCEL, RETRY)),
    "cancel and retry at once, twice": Mix(acts=(CANCEL, RETRY, RETRY, CANCEL)),
    "fail, then retry": Mix(fails=1, acts=(RETRY,)),
    "fail twice, edit, retry": Mix(fails=2, acts=(edit(0, "B"), RETRY, RETRY)),
    "fail or cancel, then retry": Mix(fails=1, acts=(CANCEL, RETRY)),
    "cancel, ask, retry, ask": Mix(acts=(CANCEL, ASK, RETRY, ASK)),
    # -- an engine that stumbles, chunks that are damaged
    "hiccups": Mix(hiccups=2),
    "hiccups without end, mended, replayed": Mix(
        hiccups=1, acts=(edit(0, FLAKY, "open"), edit(0, "C", "ended"), RETRY, REPLAY)
    ),
    "mumbles": Mix(mumbles=1),
    "mumbles twice and more, retry": Mix(mumbles=5, acts=(RETRY, RETRY)),
    "damaged chunk": Mix(acts=(damage(0),)),
    "damaged chunks, retry": Mix(acts=(damage(0), damage(1), damage(0), RETRY)),
    "damaged chunk of an edited book": Mix(acts=(edit(0, "B", "completed"), damage(0))),
    # -- two engines
    "an engine comes and goes": Mix(engines=TWO_ENGINES, outages=0.01, acts=(edit(0, "B"), edit(1, "C", "completed"))),
    "an engine comes and goes, slow and tripled": Mix(
        engines=TWO_ENGINES, outages=0.01, double=1, straggle=0.06, acts=(edit(0, "B", "open"), CANCEL, RETRY)
    ),
    "an engine comes and goes, crashes": Mix(engines=TWO_ENGINES, outages=0.02, crash=0.03, acts=(edit(0, "B"), WIPE)),
    "both engines come and go": Mix(engines=TWO_ENGINES, outages=0.02, both=True, acts=(edit(0, "B"), RETRY, RETRY)),
    "an engine stumbles": Mix(
        engines=TWO_ENGINES, fails=2, hiccups=4, mumbles=4, acts=(edit(0, "B"), edit(1, "C", "completed"))
    ),
    "an engine stumbles, comes and goes": Mix(
        engines=TWO_ENGINES, outages=0.01, fails=1, hiccups=2, mumbles=2, documents=(BOOK, "outro.md"),
        acts=(edit(0, "B"), damage(1), edit(1, "C", "completed"), DAYS, edit(0, "undo", "completed")),
    ),
    # -- several jobs
    "two of one name": Mix(documents=TWO_OF_ONE_NAME),
    "two versions of one key": Mix(documents=TWO_VERSIONS),
    "three of one name, an edit": Mix(documents=(*TWO_OF_ONE_NAME, "x/livro.txt"), acts=(edit(0, "B"),)),
    "two of one name, withdrawn": Mix(documents=TWO_VERSIONS, acts=(WITHDRAW,)),
    # -- days later
    "edit after retirement": Mix(acts=(DAYS, edit(0, "B", "closed"))),
    "two edits, retirement between": Mix(acts=(edit(0, "B", "closed"), DAYS, edit(1, "C", "closed"), DAYS)),
    "retirement of a cancelled job, retry": Mix(acts=(CANCEL, DAYS, RETRY, DAYS)),
    "output taken away": Mix(acts=(TAKE_AWAY,)),
    "output taken away, asked for": Mix(acts=(TAKE_AWAY, ASK)),
    "build removed": Mix(acts=(remove_build("audiobook.mp3"),)),
    "manifest removed": Mix(acts=(remove_build("manifest.json"),)),
    "manifest removed, edit": Mix(acts=(remove_build("manifest.json"), edit(0, "B", "completed"), edit(0, "undo"))),
    "build removed, edit": Mix(acts=(remove_build("audiobook.mp3"), edit(0, "B", "completed"), edit(0, "undo"))),
    # -- the machinery
    "withdraw": Mix(acts=(WITHDRAW,)),
    "broker wiped": Mix(acts=(WIPE, WIPE)),
    "broker wiped between edits": Mix(acts=(edit(0, "B", "completed"), WIPE, edit(0, "undo"), WIPE)),
    "splitter upgraded": Mix(acts=(UPGRADE,), crash=0.03),
    "no events at all": Mix(loss=1.0),
    "no events at all, an edit": Mix(loss=1.0, acts=(edit(0, "B", "completed"),)),
    "no events at all, two of one name": Mix(loss=1.0, documents=TWO_OF_ONE_NAME),
    "store comes and goes": Mix(away=0.03, acts=(edit(0, "B"),)),
    "store comes and goes, cancel, retry": Mix(away=0.03, acts=(CANCEL, RETRY)),
    "receivers come and go": Mix(deaf=0.4, acts=(edit(0, "B", "completed"), WIPE)),
    "receivers all but gone": Mix(deaf=0.8, crash=0.03, straggle=0.05, away=0.01),
    "slow": Mix(straggle=0.12, acts=(edit(0, "B", "completed"), edit(1, "C", "completed"))),
    "slow and wiped": Mix(
        straggle=0.08, crash=0.03, acts=(edit(0, "B", "completed"), WIPE, edit(1, "C", "completed"), WIPE)
    ),
    "crashes": Mix(crash=0.04, acts=(edit(0, "B"), edit(1, "C", "completed"))),
    "everything": Mix(
        documents=TWO_OF_ONE_NAME, crash=0.02, straggle=0.03, away=0.01, fails=1, hiccups=1, mumbles=1,
        acts=(edit(0, "B"), damage(1), CANCEL, RETRY, ASK, TAKE_AWAY, WIPE, DAYS, edit(1, "C"), REPLAY, ASK),
    ),
}  # fmt: skip
