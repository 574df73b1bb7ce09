"""One sentence dropped on the real stack, by a foreign client, until its run is closed."""

import statistics
import time
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError

from darkchannel import keys
from tests.benchmarks.narration import FIRST_RUN, NotNarrated
from tests.benchmarks.stack import NotRunning, read_settings

SENTENCE = "O farol acendeu antes da chuva."
WARM_UP = 5
POLL_SECONDS = 0.005
LIMIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds."""

    p50: float
    p95: float
    worst: float
    drops: int


def measure(drops: int) -> Latency:
    """Raises NotRunning where there is no stack, NotNarrated where a sentence is not closed in time."""
    client = _client()
    try:
        for number in range(WARM_UP):
            _drop(client, f"warm-up-{number}")
    except EndpointConnectionError as error:
        raise NotRunning(f"{error}; run `make up` first") from error
    seconds = sorted(_drop(client, f"frase-{number}") for number in range(drops))
    return Latency(
        p50=1_000 * statistics.median(seconds),
        p95=1_000 * seconds[round(0.95 * (len(seconds) - 1))],
        worst=1_000 * seconds[-1],
        drops=drops,
    )


def _client() -> Any:
    settings = read_settings()
    endpoint = settings.minio_endpoint or settings.minio_public_url
    return boto3.client(
        "s3",
        endpoint_url=endpoint if "://" in endpoint else f"http://{endpoint}",
        aws_access_key_id=settings.minio_access_key,
        aws_secret_access_key=settings.minio_secret_key.get_secret_value(),
        region_name=settings.minio_region,
        config=Config(connect_timeout=5, read_timeout=20, s3={"addressing_style": "path"}),
    )


def _drop(client: Any, name: str) -> float:
    key = f"bench/{time.time_ns()}-{name}.txt"
    start = time.perf_counter()
    dropped = client.put_object(Bucket=keys.INBOX, Key=key, Body=SENTENCE.encode())
    closed = keys.run_event(keys.job_id(keys.INBOX, key, dropped["VersionId"]), FIRST_RUN, "closed")
    while not _is_there(client, closed):
        if time.perf_counter() - start > LIMIT_SECONDS:
            raise NotNarrated(f"{key} is not closed after {LIMIT_SECONDS:g} s")
        time.sleep(POLL_SECONDS)
    return time.perf_counter() - start


def _is_there(client: Any, key: str) -> bool:
    try:
        client.head_object(Bucket=keys.JOBS, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NotFound"):
            return False
        raise
    return True
