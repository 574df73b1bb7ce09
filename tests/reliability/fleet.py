"""Every service as a process of its own, between a real MinIO that announces and a real RabbitMQ."""

import asyncio
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import boto3

from darkchannel import keys, pipeline
from darkchannel.runtime.service import utc_now
from darkchannel.storage import policies
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.s3 import S3Store
from tests.reliability import counting, queues, verdict
from tests.reliability.served import BOUND, Served
from tests.reliability.verdict import Verdict
from tests.reliability.witness import Witness

RETRY_DELAYS = (0.2, 1.0)
GRACE_SECONDS = 2
POLL_SECONDS = 0.1
SECRET = "hush-hush-hush"


@dataclass(frozen=True, slots=True)
class Servers:
    """A MinIO that announces to the broker, both set up by ``darkchannel setup``.

    A test reaches them directly; services take another way where ``Fleet.env`` names one.
    """

    endpoint: str
    """``http://host:port``."""
    broker: str
    """``amqp://user:password@host:port/vhost``."""
    user: str
    password: str
    witness: Witness
    minio_container: str
    rabbitmq_container: str


class Fleet:
    """Starts and ends services; drops documents; tells what became of them. Made by the fixture ``fleet``."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        self.servers = servers
        self.store = S3Store(servers.endpoint, access_key=servers.user, secret_key=servers.password)
        self.jobs = Jobs(self.store, utc_now)
        self.served: list[Served] = []
        self.dropped: dict[str, str] = {}
        """Key of the document by job."""
        self.env = counting.install(folder)
        """What every service is told besides, from its next start on: the address of a proxy as MINIO_ENDPOINT or
        RABBITMQ_URL (with ``?heartbeat=2``, say)."""
        self._folder = folder
        self._started = 0
        self._s3 = boto3.client(
            "s3",
            endpoint_url=servers.endpoint,
            aws_access_key_id=servers.user,
            aws_secret_access_key=servers.password,
            region_name="us-east-1",
        )

    # -- processes ---------------------------------------------------------------------------------------------

    async def start(self, service: str, env: Mapping[str, str] | None = None) -> Served:
        """Start one more process of a service, which nobody waits for yet."""
        self._started += 1
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "darkchannel.cli", "serve", service,
            env=self._environment(service) | dict(env or {}), cwd=self._folder,
            stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        served = Served(service, dict(env or {}), process, self._folder / f"{self._started:04d}-{service}.log")
        self.served.append(served)
        return served

    async def start_all(self, *services: str) -> None:
        """Start one process of each service, of all where none is named, and wait until they take work."""
        started = [await self.start(service) for service in services or pipeline.SERVICES]
        await asyncio.gather(*(served.ready() for served in started))

    async def restart(self, served: Served, env: Mapping[str, str] | None = None) -> Served:
        """Start a process in place of one that ended, with another environment where one is given."""
        self.served.remove(served)
        return await self.start(served.service, served.env if env is None else env)

    def of(self, service: str) -> list[Served]:
        return [served for served in self.served if served.service == service]

    async def stop(self) -> None:
        """End every process with SIGTERM; each must end cleanly."""
        statuses = await asyncio.gather(*(served.stop() for served in self.served))
        wrong = [served for served, status in zip(self.served, statuses, strict=True) if status != 0]
        assert not wrong, "\n".join(f"{s.service} ended with {s.process.returncode}:\n{s.tail()}" for s in wrong)
        await asyncio.gather(*(served.reading for served in self.served))
        self.served.clear()

    async def close(self) -> None:
        for served in self.served:
            await served.kill()
            await served.reading
        await self.store.close()

    # -- documents ---------------------------------------------------------------------------------------------

    async def drop(self, key: str, text: str) -> str:
        """Put a document into the inbox, as any S3 client does; returns its job."""
        put = await asyncio.to_thread(self._s3.put_object, Bucket=keys.INBOX, Key=key, Body=text.encode())
        job = keys.job_id(keys.INBOX, key, put["VersionId"])
        self.dropped[job] = key
        return job

    async def record(self, key: str, body: bytes) -> None:
        """Put a recording, or what lies beside one, as any S3 client does."""
        await asyncio.to_thread(self._s3.put_object, Bucket=keys.RECORDINGS, Key=key, Body=body)

    async def until_closed(self, jobs: Iterable[str] | None = None, within: float = BOUND) -> None:
        """Wait until the newest run of every job, of all that were dropped say, is closed and announced.

        Fails when a process ends that is to run, or after ``within`` seconds; says then what is open.
        """
        waiting = list(self.dropped if jobs is None else jobs)
        try:
            async with asyncio.timeout(within):
                while waiting:
                    if await self.is_closed(waiting[-1]):
                        waiting.pop()
                    else:
                        self._no_deaths()
                        await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            still = [job for job in waiting if not await self.is_closed(job)]
            raise AssertionError(f"not closed after {within:g} s:\n{await self.report(still)}") from None

    async def is_closed(self, job: str) -> bool:
        runs = await self.jobs.runs(job, fresh=True)
        if not runs.newest or runs.newest not in runs.closed:
            return False
        markers = self.store.list(keys.JOBS, f"{keys.ACTIVE_PREFIX}{job}.")
        return await anext(aiter(markers), None) is None

    async def verdict(self, jobs: Iterable[str] | None = None, within: float = BOUND) -> Verdict:
        """Stop every process once the queues are empty, and hold all that is there against the invariants.

        Call it when all jobs are closed. Fails with every fault it finds.
        """
        try:
            async with asyncio.timeout(within):
                await self._run_dry()
        except TimeoutError:
            raise AssertionError(f"the queues do not run empty: {await self.depths()}\n{self.logs()}") from None
        found = await verdict.judge(
            self.jobs, list(self.dropped if jobs is None else jobs), await self.servers.witness.writes(self.store)
        )
        found.syntheses = self.syntheses
        assert not found.faults, "\n".join([f"{len(found.faults)} faults:", *found.faults[:40], self.logs()])
        return found

    @property
    def syntheses(self) -> int:
        """How often an engine was asked for the speech of a segment."""
        return counting.calls(self._folder)

    # -- what is there -----------------------------------------------------------------------------------------

    async def depths(self) -> dict[str, int]:
        """Messages that wait, by queue; those that nobody declared yet are left out."""
        return await queues.depths(self.servers.broker, RETRY_DELAYS)

    async def lose_messages(self) -> None:
        """What a broker does that loses its volume, as far as anybody notices."""
        await queues.purge(self.servers.broker, RETRY_DELAYS)

    async def report(self, jobs: Sequence[str]) -> str:
        """What people would look at first: the objects of some jobs, the queues, the last words of the services."""
        lines = [f"  queues: { {q: n for q, n in (await self.depths()).items() if n} }"]
        for job in jobs[:3]:
            lines.append(f"  {self.dropped.get(job)} {job}:")
            lines += [f"    {info.key} {info.etag}" async for info in self.store.list(keys.JOBS, f"{job}/")]
        lines += [f"  {info.key}" async for info in self.store.list(keys.JOBS, keys.ACTIVE_PREFIX)]
        lines += [f"  inbox: {info.key} {info.version}" async for info in self.store.versions(keys.INBOX)]
        return "\n".join([f"  {len(jobs)} jobs", *lines[:200], self.logs()])

    def logs(self) -> str:
        """The end of what each process says, and where all of it is."""
        return "\n".join([*(served.tail() for served in self.served), f"  logs: {self._folder}"])

    def _no_deaths(self) -> None:
        for served in self.served:
            assert not served.has_died, f"{served.service} ended by itself:\n{served.tail(40)}"

    async def _run_dry(self) -> None:
        """Stop with empty queues. Those who stop return what they held and had not begun, and MinIO announces late
        what it could not while the broker was away: both are for those who start next."""
        await self._until_queues_are_empty()
        await self.stop()
        while any((await self.depths()).values()):
            await self.start_all()
            await self._until_queues_are_empty()
            await self.stop()

    async def _until_queues_are_empty(self) -> None:
        while any((await self.depths()).values()):
            self._no_deaths()
            await asyncio.sleep(POLL_SECONDS)

    def _environment(self, service: str) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
        return inherited | {
            "MINIO_ENDPOINT": self.servers.endpoint,
            "MINIO_ACCESS_KEY": policies.user_of(service),
            "MINIO_SECRET_KEY": SECRET,
            "MINIO_READER_ACCESS_KEY": policies.READER,
            "MINIO_READER_SECRET_KEY": SECRET,
            "RABBITMQ_URL": self.servers.broker,
            "HEALTH_HOST": "127.0.0.1",
            "HEALTH_PORT": "0",
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "info",
            "TMPDIR": str(self._folder),
            "DARKCHANNEL_RETRY_DELAYS": ",".join(map(str, RETRY_DELAYS)),
            "DARKCHANNEL_RECONCILE_AFTER_SECONDS": str(GRACE_SECONDS),
            **self.env,
        }


async def empty(servers: Servers) -> None:
    """Remove what another test left, in the buckets and in the queues."""
    store = S3Store(servers.endpoint, access_key=servers.user, secret_key=servers.password)
    try:
        left = [(keys.INBOX, info.key, info.version) async for info in store.versions(keys.INBOX)]
        for bucket in (keys.JOBS, keys.OUTPUT, keys.RECORDINGS):
            left += [(bucket, info.key, None) async for info in store.list(bucket)]
        for start in range(0, len(left), 32):
            batch = left[start : start + 32]
            await asyncio.gather(*(store.delete(bucket, key, version=version) for bucket, key, version in batch))
    finally:
        await store.close()
    await queues.purge(servers.broker, RETRY_DELAYS)
    servers.witness.forget()
