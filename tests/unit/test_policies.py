"""Who may do what in the object store, derived from the pipeline table."""

import json
from fnmatch import fnmatchcase

import pytest

from darkchannel import keys, pipeline
from darkchannel.storage import policies

CALL = "company_5/voice/2026/03/01/chamada.mp3"


def allows(policy: str, action: str, resource: str) -> bool:
    return any(
        action in statement["Action"]
        and any(fnmatchcase(f"arn:aws:s3:::{resource}", pattern) for pattern in statement["Resource"])
        for statement in json.loads(policy)["Statement"]
    )


@pytest.mark.parametrize("service", pipeline.SERVICES)
def test_a_service_may_do_what_its_grants_say(service: str) -> None:
    policy = policies.policies()[policies.user_of(service)]
    verbs = {"r": "s3:GetObject", "w": "s3:PutObject", "d": "s3:DeleteObject"}

    for grant in pipeline.grants_of(service):
        for letter in grant.actions:
            assert allows(policy, verbs[letter], f"{grant.bucket}/{grant.pattern.replace('*', 'x')}")


@pytest.mark.parametrize(
    ("service", "action", "resource"),
    [
        ("splitter", "s3:PutObject", f"{keys.OUTPUT}/a.mp3"),
        ("splitter", "s3:PutObject", f"{keys.INBOX}/a.txt"),
        ("synthesizer", "s3:GetObject", f"{keys.INBOX}/a.txt"),
        ("synthesizer", "s3:ListBucket", keys.OUTPUT),
        ("merger", "s3:PutObject", f"{keys.JOBS}/j/segments/segment-000000.ssml"),
        ("publisher", "s3:DeleteObject", f"{keys.JOBS}/_active/j.0001"),
        ("handoff-notifier", "s3:PutObject", f"{keys.JOBS}/j/runs/0001-outcome.json"),
        ("handoff-notifier", "s3:GetObject", f"{keys.JOBS}/{keys.segment('j', 0)}"),
        ("handoff-notifier", "s3:GetObject", f"{keys.JOBS}/{keys.chunk('j', 0)}"),
        ("handoff-notifier", "s3:GetObject", f"{keys.JOBS}/{keys.source('j', 'txt')}"),
        ("handoff-notifier", "s3:PutObject", f"{keys.RECORDINGS}/{CALL}"),
        ("handoff-notifier", "s3:PutObject", f"{keys.JOBS}/{keys.ask('j', 'nonce')}"),
        ("handoff-notifier", "s3:DeleteObject", f"{keys.JOBS}/{keys.receipt(CALL)}"),
        ("splitter", "s3:ListBucket", keys.RECORDINGS),
        ("reconciler", "s3:DeleteObject", f"{keys.INBOX}/a.txt"),
        ("reconciler", "s3:PutObject", f"{keys.JOBS}/{keys.receipt(CALL)}"),
        ("reconciler", "s3:PutObject", f"{keys.RECORDINGS}/{CALL}"),
    ],
)
def test_a_service_may_not_do_what_no_grant_says(service: str, action: str, resource: str) -> None:
    assert not allows(policies.policies()[policies.user_of(service)], action, resource)


@pytest.mark.parametrize(
    ("action", "key"),
    [
        ("s3:GetObject", keys.marker("j", 1)),
        ("s3:GetObject", keys.run_event("j", 1, "opened")),
        ("s3:GetObject", keys.plan("j")),
        ("s3:GetObject", keys.metadata("j")),
        ("s3:GetObject", keys.manifest("j", "d")),
        ("s3:GetObject", keys.name_claim("2026-03-01", "livro")),
        *(
            (action, key)
            for action in ("s3:GetObject", "s3:PutObject")
            for key in (
                keys.delivery("j", 1, "task.completed"),
                keys.announced("j", 1),
                keys.receipt(CALL),
                keys.destination("d"),
            )
        ),
    ],
)
def test_the_notifier_reads_what_it_tells_of_and_writes_what_was_told(action: str, key: str) -> None:
    assert allows(policies.policies()[policies.user_of("handoff-notifier")], action, f"{keys.JOBS}/{key}")


@pytest.mark.parametrize("service", ["handoff-notifier", "reconciler"])
def test_whoever_hands_recordings_off_may_list_and_read_them(service: str) -> None:
    policy = policies.policies()[policies.user_of(service)]

    assert allows(policy, "s3:ListBucket", keys.RECORDINGS)
    assert allows(policy, "s3:GetObject", f"{keys.RECORDINGS}/{CALL}")


def test_the_reconciler_writes_down_from_when_on_recordings_are_handed_off() -> None:
    policy = policies.policies()[policies.user_of(pipeline.RECONCILER)]

    assert allows(policy, "s3:PutObject", f"{keys.JOBS}/{keys.HANDED_OFF_SINCE}")


def test_whoever_holds_a_link_can_fetch_audiobooks_and_recordings_and_list_nothing() -> None:
    policy = policies.policies()[policies.READER]

    assert allows(policy, "s3:GetObject", f"{keys.OUTPUT}/2026-01-01/book.mp3")
    assert allows(policy, "s3:GetObject", f"{keys.RECORDINGS}/{CALL}")
    assert not allows(policy, "s3:ListBucket", keys.OUTPUT)
    assert not allows(policy, "s3:ListBucket", keys.RECORDINGS)
    assert not allows(policy, "s3:GetObject", f"{keys.JOBS}/j/metadata.json")


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:PutObject", f"{keys.INBOX}/a.txt"),
        ("s3:PutObject", f"{keys.JOBS}/{keys.run_event('j', 1, 'outcome')}"),
        ("s3:PutObject", f"{keys.JOBS}/{keys.run_event('j', 2, 'opened')}"),
        ("s3:PutObject", f"{keys.JOBS}/{keys.marker('j', 2)}"),
        ("s3:PutObject", f"{keys.JOBS}/{keys.ask('j', 'nonce')}"),
        ("s3:GetObject", f"{keys.OUTPUT}/2026-01-01/book.mp3"),
        ("s3:PutObject", f"{keys.JOBS}/{keys.delivery('j', 1, 'task.completed')}"),
        ("s3:PutObject", f"{keys.JOBS}/{keys.announced('j', 1)}"),
        ("s3:PutObject", f"{keys.JOBS}/{keys.receipt('company_5/voice/2026/01/15/a.mp3')}"),
        ("s3:DeleteObject", f"{keys.JOBS}/{keys.destination('0123456789abcdef')}"),
        ("s3:PutObject", f"{keys.CACHE}/{keys.speech('piper', 'd')}"),
        ("s3:PutObject", f"{keys.REFS}/models/piper/pt_BR-faber-medium.onnx"),
        ("s3:DeleteObject", f"{keys.CACHE}/{keys.speech('piper', 'd')}"),
    ],
)
def test_the_operator_drops_documents_runs_and_redelivers_and_asks_for_a_look(action: str, resource: str) -> None:
    assert allows(policies.policies()[policies.OPERATOR], action, resource)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:PutObject", f"{keys.OUTPUT}/2026-01-01/book.mp3"),
        ("s3:PutObject", f"{keys.JOBS}/{keys.segment('j', 0)}"),
        ("s3:PutObject", f"{keys.JOBS}/{keys.manifest('j', 'd')}"),
        ("s3:DeleteObject", f"{keys.JOBS}/{keys.marker('j', 1)}"),
        ("s3:DeleteObject", f"{keys.INBOX}/a.txt"),
        ("s3:DeleteObject", f"{keys.JOBS}/{keys.delivery('j', 1, 'task.completed')}"),
        ("s3:DeleteObject", f"{keys.CACHE}/notes.txt"),
        ("s3:PutObject", f"{keys.REFS}/lexicons/pt-BR.pls"),
    ],
)
def test_the_operator_overwrites_and_deletes_no_result(action: str, resource: str) -> None:
    assert not allows(policies.policies()[policies.OPERATOR], action, resource)


@pytest.mark.parametrize("key", [keys.marker("j", 2), keys.run_event("j", 2, "opened"), keys.ask("j", "nonce")])
def test_whoever_replays_dead_letters_within_the_stack_may_open_runs_and_ask_for_a_look(key: str) -> None:
    policy = policies.policies()[policies.user_of(pipeline.RECONCILER)]

    assert allows(policy, "s3:PutObject", f"{keys.JOBS}/{key}")
