"""The book through the real stack that ``make up`` started, and what each of its containers used."""

import asyncio
import os
from pathlib import Path

from darkchannel.errors import DarkChannelError
from darkchannel.runtime import settings
from darkchannel.runtime.service import utc_now
from darkchannel.storage.jobs import Jobs
from tests.benchmarks.measure import Result
from tests.benchmarks.narration import through


class NotRunning(Exception):
    """There is no stack to be measured; the message says why."""


def read_settings() -> settings.Settings:
    """The settings of the commands on this machine. Raises NotRunning where they name no MinIO."""
    try:
        found = settings.load()
    except DarkChannelError as error:
        raise NotRunning(str(error)) from error
    if not (found.minio_endpoint or found.minio_public_url):
        raise NotRunning("the settings name no MinIO: run `make up` first")
    return found


def narrate(document: Path, *, limit: float) -> Result:
    """Raises NotRunning where no stack answers."""
    result = Result("stack")
    before = container_seconds()
    asyncio.run(_narrate(document, result, limit))
    after = container_seconds()
    result.processors = {name: used - before.get(name, 0.0) for name, used in after.items()}
    return result


async def _narrate(document: Path, result: Result, limit: float) -> None:
    try:
        store = settings.open_store(read_settings())
        try:
            result.seconds, result.phases = await through(Jobs(store, utc_now), document, limit=limit)
        finally:
            await store.close()
    except DarkChannelError as error:
        raise NotRunning(str(error)) from error


def container_seconds() -> dict[str, float]:
    """Processor seconds that each service of the compose project has used since it started."""
    import docker

    project = os.environ.get("COMPOSE_PROJECT_NAME", "darkchannel")
    client = docker.from_env()
    try:
        found = client.containers.list(filters={"label": f"com.docker.compose.project={project}"})
        used: dict[str, float] = {}
        for container in found:
            service = container.labels["com.docker.compose.service"]
            usage = container.stats(stream=False, one_shot=True)["cpu_stats"]["cpu_usage"]
            used[service] = used.get(service, 0.0) + usage["total_usage"] / 1e9
        return used
    finally:
        client.close()
