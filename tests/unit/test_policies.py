"""Who may do what in the object store, derived from the pipeline table."""

import json
from fnmatch import fnmatchcase

import pytest

from darkchannel import keys, pipeline
from darkchannel.storage import policies


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
        ("reconciler", "s3:DeleteObject", f"{keys.INBOX}/a.txt"),
    ],
)
def test_a_service_may_not_do_what_no_grant_says(service: str, action: str, resource: str) -> None:
    assert not allows(policies.policies()[policies.user_of(service)], action, resource)


def test_whoever_holds_a_link_can_fetch_finished_audiobooks_and_list_nothing() -> None:
    policy = policies.policies()[policies.READER]

    assert allows(policy, "s3:GetObject", f"{keys.OUTPUT}/2026-01-01/book.mp3")
    assert not allows(policy, "s3:ListBucket", keys.OUTPUT)
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
    ],
)
def test_the_operator_drops_documents_opens_and_ends_runs_and_asks_for_a_look(action: str, resource: str) -> None:
    assert allows(policies.policies()[policies.OPERATOR], action, resource)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:PutObject", f"{keys.OUTPUT}/2026-01-01/book.mp3"),
        ("s3:PutObject", f"{keys.JOBS}/{keys.segment('j', 0)}"),
        ("s3:PutObject", f"{keys.JOBS}/{keys.manifest('j', 'd')}"),
        ("s3:DeleteObject", f"{keys.JOBS}/{keys.marker('j', 1)}"),
        ("s3:DeleteObject", f"{keys.INBOX}/a.txt"),
    ],
)
def test_the_operator_overwrites_no_result_and_deletes_nothing(action: str, resource: str) -> None:
    assert not allows(policies.policies()[policies.OPERATOR], action, resource)


@pytest.mark.parametrize("key", [keys.marker("j", 2), keys.run_event("j", 2, "opened"), keys.ask("j", "nonce")])
def test_whoever_replays_dead_letters_within_the_stack_may_open_runs_and_ask_for_a_look(key: str) -> None:
    policy = policies.policies()[policies.user_of(pipeline.RECONCILER)]

    assert allows(policy, "s3:PutObject", f"{keys.JOBS}/{key}")
