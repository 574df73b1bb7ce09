"""``python -m tests.mutants``: does the suite notice when a rule of the protocol is broken? Each rule, one at a time.

Ends with 1 where a mutant survives, or no longer fits the code. Words given as arguments choose mutants by name.
"""

import sys
from collections.abc import Sequence

from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import Mutant, Stale
from tests.mutants.tree import Broken, Tree, copied
from tests.servers import docker_problem

WHOLE = ("tests/unit", "tests/contract", "tests/pipeline", "-m", "not docker and not soak")
"""Tried where the likely tests notice nothing."""


def main(words: Sequence[str]) -> int:
    chosen = [mutant for mutant in MUTANTS if all(word in mutant.name for word in words)]
    width = max((len(mutant.name) for mutant in chosen), default=0)
    without = docker_problem()
    missed = 0
    with copied() as tree:
        for mutant in chosen:
            mutant.apply(tree.read(mutant.file))
        _check(tree, sorted({test for mutant in chosen for test in mutant.killers}))
        print(f"{'mutant':{width}} | killed by", flush=True)
        for mutant in chosen:
            if mutant.docker and without:
                print(f"{mutant.name:{width}} | not tried: {without}", flush=True)
                continue
            killer = _killer(tree, mutant)
            missed += killer is None
            print(f"{mutant.name:{width}} | {killer or 'NOBODY: it survives'}", flush=True)
    print(f"{len(chosen)} mutants, {missed} survived")
    return 1 if missed else 0


def _check(tree: Tree, tests: Sequence[str]) -> None:
    """A suite that is red anyway proves nothing."""
    if red := tree.red(tests, stop_at_first=False):
        raise Broken(f"red without any mutant: {', '.join(red)}")


def _killer(tree: Tree, mutant: Mutant) -> str | None:
    with tree.changed(mutant):
        if red := tree.red(mutant.killers):
            return red[0]
        red = tree.red(WHOLE)
    if not red:
        return None
    _check(tree, red)
    return red[0]


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Broken, Stale) as error:
        sys.exit(str(error))
