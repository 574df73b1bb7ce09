"""Pure functions away from the loop."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from multiprocessing.connection import wait
from pathlib import Path

import pytest

from darkchannel.errors import Permanent, Transient
from darkchannel.runtime.compute import ProcessCompute


@pytest.fixture
async def compute() -> AsyncIterator[ProcessCompute]:
    compute = ProcessCompute(1)
    yield compute
    await compute.close()


def add(a: int, *, b: int) -> int:
    return a + b


def refuse() -> None:
    raise ValueError("wrong text")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_amid_the_answer() -> None:
    """What a kill for lack of memory does while a long answer is on its way."""
    frame = sys._getframe()
    while "result_queue" not in frame.f_locals:
        assert frame.f_back
        frame = frame.f_back
    os.write(frame.f_locals["result_queue"]._writer.fileno(), (1_000).to_bytes(4, "big") + b"the first of 1,000 bytes")
    die()


async def test_a_function_runs_in_another_process(compute: ProcessCompute) -> None:
    assert await compute(os.getpid) != os.getpid()
    assert await compute(add, 2, b=3) == 5


def expendability() -> str:
    return Path("/proc/self/oom_score_adj").read_text()


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="Linux alone says who goes first")
async def test_where_memory_runs_out_a_worker_goes_before_its_parent(compute: ProcessCompute) -> None:
    assert int(await compute(expendability)) == 1000


async def test_a_worker_that_dies_amid_its_answer_is_replaced_as_well(compute: ProcessCompute) -> None:
    with pytest.raises(Transient, match="perhaps for lack of memory"):
        await compute(die_amid_the_answer)
    assert await compute(add, 2, b=3) == 5


async def test_a_pool_whose_worker_died_amid_its_answer_is_closed(
    compute: ProcessCompute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("darkchannel.runtime.compute.CLOSE_SECONDS", 0.1)
    await compute(add, 2, b=3)
    assert compute._pool
    workers = [process.sentinel for process in compute._pool._processes.values()]
    answer = asyncio.create_task(compute(die_amid_the_answer))
    assert await asyncio.to_thread(wait, workers, 10)
    answer.cancel()
    async with asyncio.timeout(10):
        await compute.close()


async def test_its_error_is_the_caller_s(compute: ProcessCompute) -> None:
    with pytest.raises(ValueError, match="wrong text"):
        await compute(refuse)


async def test_a_worker_that_dies_costs_one_attempt_and_is_replaced(compute: ProcessCompute) -> None:
    with pytest.raises(Transient, match="the process that ran die died"):
        await compute(die)
    assert await compute(add, 2, b=3) == 5


def never_end() -> None:
    while True:
        pass


async def test_what_never_ends_is_ended_and_the_next_call_is_served() -> None:
    compute = ProcessCompute(1, limit=0.2)
    with pytest.raises(Permanent, match=r"longer than the 0\.2 seconds"):
        await compute(never_end)
    assert await compute(add, 2, b=3) == 5
    await compute.close()


KILLED = """
import asyncio, os, signal
from darkchannel.runtime.compute import ProcessCompute

if __name__ == "__main__":
    asyncio.run(ProcessCompute(2)(os.getpid))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_no_worker_outlives_a_process_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    # A worker holds the same standard output: it ends for the reader when the last of them has ended.
    done = subprocess.run([sys.executable, script], stdout=subprocess.PIPE, timeout=30, env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
