"""Who may do what in the object store: one MinIO user a service, its policy derived from the pipeline table."""

import json
from collections.abc import Iterable

from darkchannel import keys, pipeline
from darkchannel.pipeline import Grant

OPERATOR = "darkchannel-operator"
"""The user of the host's command line: it drops documents, opens and ends runs, has deliveries tried again, keeps and
clears speech in the cache, installs voices, and asks the reconciler to look."""

READER = "darkchannel-reader"
"""Signs links, and appears in them: it may fetch finished audiobooks and recordings, and nothing else."""

_OBJECT_ACTIONS = {
    "r": ("s3:GetObject", "s3:GetObjectVersion"),
    "w": ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
    "d": ("s3:DeleteObject", "s3:DeleteObjectVersion"),
}
_BUCKET_ACTIONS = ("s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:ListBucket", "s3:ListBucketVersions")

OPERATOR_GRANTS = (
    *(Grant(bucket, "*", "r") for bucket in keys.BUCKETS),
    Grant(keys.INBOX, "*", "w"),
    *(Grant(keys.JOBS, pattern, "w") for pattern in ("*/runs/*", "_active/*", "_asked/*")),
    *(Grant(keys.JOBS, pattern, "w") for pattern in ("*/deliveries/*", f"{keys.RECEIPTS_PREFIX}*")),
    Grant(keys.JOBS, f"{keys.DESTINATIONS_PREFIX}*", "d"),
    Grant(keys.CACHE, f"{keys.SPEECH_PREFIX}*", "wd"),
    Grant(keys.REFS, f"{keys.MODELS}*", "w"),
)


def user_of(service: str) -> str:
    """The access key, and the name of the policy, of a service."""
    return f"darkchannel-{service}"


def policies() -> dict[str, str]:
    """The policy of every user, as MinIO takes it (IAM JSON), by the user's access key."""
    services = {user_of(service): of_grants(pipeline.grants_of(service)) for service in pipeline.SERVICES}
    return {**services, OPERATOR: of_grants(OPERATOR_GRANTS), READER: _reader()}


def of_grants(grants: Iterable[Grant]) -> str:
    """An IAM policy that allows these grants; whoever may read objects of a bucket may list it."""
    grants = tuple(grants)
    readable = dict.fromkeys(grant.bucket for grant in grants if "r" in grant.actions)
    statements = [_allow(_BUCKET_ACTIONS, [_arn(bucket) for bucket in readable])]
    for letter, actions in _OBJECT_ACTIONS.items():
        objects = [_arn(f"{grant.bucket}/{grant.pattern}") for grant in grants if letter in grant.actions]
        if objects:
            statements.append(_allow(actions, objects))
    return _document(statements)


def _reader() -> str:
    # No listing: whoever holds a link knows one name, and learns no other.
    return _document([_allow(("s3:GetObject",), [_arn(f"{bucket}/*") for bucket in (keys.OUTPUT, keys.RECORDINGS)])])


def _allow(actions: Iterable[str], resources: Iterable[str]) -> dict[str, object]:
    return {"Effect": "Allow", "Action": [*actions], "Resource": [*dict.fromkeys(resources)]}


def _arn(name: str) -> str:
    return f"arn:aws:s3:::{name}"


def _document(statements: list[dict[str, object]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
