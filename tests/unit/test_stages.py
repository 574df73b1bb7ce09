"""Which stage each object calls, by MinIO's filters."""

import pytest

from darkchannel import keys, pipeline
from darkchannel.jobs.recordings import Call

JOB = "0b6c6b2e-6a1c-5b0e-9a7e-3d1f6f0c2a11"
CALL = Call(5, "2026/01/15", "abc")

CALLS = {
    "accept": (keys.INBOX, "contos/farol.txt"),
    "speak": (keys.JOBS, keys.segment(JOB, 12)),
    "encode": (keys.JOBS, keys.chunk(JOB, 12)),
    "assemble": (keys.JOBS, keys.section_record(JOB, 3)),
    "decide": (keys.JOBS, keys.manifest(JOB, "0" * 16)),
    "act": (keys.JOBS, keys.run_event(JOB, 1, "outcome")),
    "announce": (keys.JOBS, keys.run_event(JOB, 1, "closed")),
    "progress": (keys.JOBS, keys.metadata(JOB)),
    "handoff": (keys.RECORDINGS, CALL.recording("mp3")),
}


@pytest.mark.parametrize("stage", [stage.name for stage in pipeline.STAGES])
def test_a_stage_is_called_by_its_object_and_by_no_other_stage_s(stage: str) -> None:
    assert [called.name for called in pipeline.stages_for(*CALLS[stage])] == [stage]


@pytest.mark.parametrize(
    "key",
    [
        keys.plan(JOB),
        keys.window(JOB),
        keys.run_event(JOB, 1, "opened"),
        keys.announced(JOB, 1),
        keys.final(JOB, "audiobook.mp3"),
        keys.receipt(CALL.recording("mp3")),
        keys.error(JOB, 1, "speak"),
    ],
)
def test_nobody_is_called_by_what_is_only_read(key: str) -> None:
    assert pipeline.stages_for(keys.JOBS, key) == ()
