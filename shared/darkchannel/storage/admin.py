"""MinIO as its administrator sees it: buckets, versions, lifecycles, notifications, users and policies."""

import io
import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit

import aiohttp
from miniopy_async.api import Minio
from miniopy_async.commonconfig import ENABLED, Filter
from miniopy_async.credentials.providers import StaticProvider
from miniopy_async.error import MinioAdminException, MinioException, S3Error
from miniopy_async.lifecycleconfig import Expiration, LifecycleConfig, Rule
from miniopy_async.minioadmin import MinioAdmin
from miniopy_async.versioningconfig import VersioningConfig

from darkchannel import keys
from darkchannel.errors import Permanent, Unavailable
from darkchannel.storage import notifications

EXPIRY_DAYS = {keys.TEMP: 1, keys.CACHE: 7}
"""MinIO removes an object at the first midnight (UTC) after it is this many days old."""

REQUEST_SECONDS = 30
_WRONG_LOGIN = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied")


class Admin:
    """What setup asks of MinIO, each request safe to repeat.

    Every method raises Unavailable while the server does not answer, and Permanent, naming the login, where it
    refuses this user.
    """

    def __init__(self, *, endpoint: str, region: str, user: str, password: str, session: aiohttp.ClientSession) -> None:
        url = urlsplit(endpoint)
        secure = url.scheme == "https"
        self.endpoint = endpoint
        self._session = session
        self._s3 = Minio(
            url.netloc, access_key=user, secret_key=password, secure=secure, region=region, session=session
        )
        self._admin = MinioAdmin(
            url.netloc, StaticProvider(user, password), region=region, secure=secure, session=session
        )

    async def check_health(self) -> None:
        """Raise Unavailable unless the server can serve; ``/minio/health/live`` says yes too early."""
        with self._told():
            async with self._session.get(f"{self.endpoint.rstrip('/')}/minio/health/cluster") as answer:
                if answer.status != 200:
                    raise Unavailable(f"MinIO at {self.endpoint} answers {answer.status}: it is not ready to serve")

    async def targets(self) -> dict[str, str]:
        """The ARNs of our notification targets that the server has, by target id."""
        with self._told():
            return notifications.targets(json.loads(await self._admin.info()).get("sqsARN") or [])

    async def make_bucket(self, bucket: str) -> bool:
        """Create a bucket; returns whether it was missing."""
        with self._told():
            if await self._s3.bucket_exists(bucket):
                return False
            await self._s3.make_bucket(bucket)
            return True

    async def is_versioned(self, bucket: str) -> bool:
        with self._told():
            config = await self._s3.get_bucket_versioning(bucket)
            return bool(config.status == ENABLED)

    async def keep_versions(self, bucket: str) -> None:
        with self._told():
            await self._s3.set_bucket_versioning(bucket, VersioningConfig(ENABLED))

    async def expire(self, bucket: str, days: int) -> None:
        """Have the server remove the objects of a bucket once they are ``days`` old; other rules stay."""
        name = "darkchannel-expiry"
        rule = Rule(ENABLED, rule_id=name, rule_filter=Filter(prefix=""), expiration=Expiration(days=days))
        with self._told():
            before = await self._s3.get_bucket_lifecycle(bucket)
            others = [old for old in before.rules if old.rule_id != name] if before else []
            await self._s3.set_bucket_lifecycle(bucket, LifecycleConfig([*others, rule]))

    async def announce(self, bucket: str, targets: dict[str, str]) -> None:
        """Have a bucket announce new objects to our targets; notifications of others stay."""
        with self._told():
            before = await self._s3.get_bucket_notification(bucket)
            await self._s3.set_bucket_notification(bucket, notifications.merged(before, bucket, targets))

    async def silent_stages(self, bucket: str) -> list[str]:
        """Names of the stages that this bucket should call and does not."""
        with self._told():
            config = await self._s3.get_bucket_notification(bucket)
            return [stage.name for stage in notifications.announced(config, bucket)]

    async def set_user(self, user: str, secret: str, policy: str) -> None:
        """Create a user or change its secret, and give it this one policy, which gets the user's name."""
        with self._told(), tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(policy)
            file.flush()
            await self._admin.policy_add(user, file.name)
            await self._admin.user_add(user, secret)
            await self._admin.policy_set(user, user=user)

    async def users(self) -> set[str]:
        with self._told():
            return set(json.loads(await self._admin.user_list()) or ())

    async def put(self, bucket: str, key: str, body: bytes) -> str | None:
        """Write a small object and return its version."""
        with self._told():
            written = await self._s3.put_object(bucket, key, io.BytesIO(body), len(body))
            version: str | None = written.version_id
            return version

    async def delete(self, bucket: str, key: str, version: str | None) -> None:
        with self._told():
            await self._s3.remove_object(bucket, key, version_id=version)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"MinIO at {self.endpoint} does not answer: {_words(error)}") from error
        except S3Error as error:
            if error.code in _WRONG_LOGIN:
                raise self._refused(error.code) from error
            raise Unavailable(f"MinIO at {self.endpoint} refused a request: {error.code}") from error
        except MinioAdminException as error:
            if any(code in str(error) for code in _WRONG_LOGIN):
                raise self._refused("AccessDenied") from error
            raise Unavailable(f"MinIO at {self.endpoint} refused an administrator's request: {error}") from error
        except MinioException as error:
            raise Unavailable(f"MinIO at {self.endpoint} gave an answer that is no S3: {_words(error)}") from error

    def _refused(self, code: str | None) -> Permanent:
        return Permanent(
            f"MinIO at {self.endpoint} refuses the administrator's login ({code}): "
            "MINIO_ROOT_USER and MINIO_ROOT_PASSWORD must be those the server was started with"
        )


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__


@asynccontextmanager
async def connect(*, endpoint: str, region: str, user: str, password: str) -> AsyncIterator[Admin]:
    """An administrator's client; connects with its first request.

    ``endpoint``: a URL, or ``host:port`` for plain http. Raises Permanent where it is neither.
    """
    endpoint = endpoint if "://" in endpoint else f"http://{endpoint}"
    if urlsplit(endpoint).scheme not in ("http", "https") or not urlsplit(endpoint).netloc:
        raise Permanent(f"MINIO_ENDPOINT is {endpoint!r}: it must look like http://minio:9000")
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS)) as session:
        yield Admin(endpoint=endpoint, region=region, user=user, password=password, session=session)
