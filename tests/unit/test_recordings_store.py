"""Where recordings of calls are looked for, and under which addresses others find them."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from darkchannel import keys
from darkchannel.errors import Permanent
from darkchannel.storage.memory import MemoryStore
from darkchannel.storage.recordings import Recordings, RecordingsSettings, open_recordings

KEY = "company_5/voice/2026/03/01/chamada 1.mp3"
REMOTE = {"recordings_access_key": "ouvinte", "recordings_secret_key": SecretStr("a-secret-of-the-tests")}


def opened(**settings: Any) -> Recordings:
    return open_recordings(RecordingsSettings(_env_file=None, **settings), MemoryStore())


def endpoint_of(written: str) -> str:
    recordings: Any = opened(recordings_endpoint=written, **REMOTE)
    return str(recordings.store._endpoint)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("storage.example.com", "https://storage.example.com"),
        ("storage.example.com/", "https://storage.example.com"),
        ("storage.example.com:443", "https://storage.example.com:443"),
        ("storage.example.com:8443", "https://storage.example.com:8443"),
        ("minio:9000", "http://minio:9000"),
        ("10.0.0.7:9000", "http://10.0.0.7:9000"),
        ("http://storage.example.com", "http://storage.example.com"),
        ("https://storage.example.com:9000/", "https://storage.example.com:9000"),
    ],
)
async def test_an_endpoint_may_lack_its_scheme(written: str, meant: str) -> None:
    assert endpoint_of(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "ftp://storage.example.com",
        "https://:9000",
        "minio:port",
        "https://storage.example.com/bucket",
        "https://a:b@host",
        "[::1",
        "http://[::1",
    ],
)
async def test_what_is_no_endpoint_is_refused_by_name_and_not_repeated(written: str) -> None:
    with pytest.raises(Permanent, match="RECORDINGS_ENDPOINT is no address") as caught:
        opened(recordings_endpoint=written, **REMOTE)
    assert written not in str(caught.value)


@pytest.mark.parametrize(
    "settings", [REMOTE, {"recordings_bucket": "omniplay"}, {"recordings_access_key": "ouvinte"}], ids=str
)
async def test_keys_or_a_bucket_without_a_server_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(Permanent, match="RECORDINGS_ENDPOINT must name"):
        opened(**settings)


@pytest.mark.parametrize("missing", REMOTE)
async def test_a_server_without_keys_is_refused_and_no_secret_told(missing: str) -> None:
    with pytest.raises(Permanent, match="set RECORDINGS_ACCESS_KEY and RECORDINGS_SECRET_KEY") as caught:
        opened(recordings_endpoint="minio:9000", **{name: value for name, value in REMOTE.items() if name != missing})
    assert "a-secret" not in str(caught.value)


async def test_recordings_of_our_own_store_are_linked_for_a_week() -> None:
    recordings = opened(minio_public_url="https://livros.example.com")
    assert (recordings.bucket, recordings.is_own) == (keys.RECORDINGS, True)
    assert await recordings.url(KEY) == f"memory://{keys.RECORDINGS}/{KEY}?seconds=604800"


async def test_a_public_address_is_plain_and_has_the_bucket_s_name_there() -> None:
    recordings = opened(
        recordings_endpoint="minio:9000",
        recordings_bucket="omniplay",
        recordings_public_url="https://storage.example.com/",
        **REMOTE,
    )
    plain = "https://storage.example.com/omniplay/company_5/voice/2026/03/01/chamada%201.mp3"
    assert (recordings.is_own, await recordings.url(KEY)) == (False, plain)


@pytest.mark.parametrize("public", ["https://storage.example.com/", "storage.example.com"])
async def test_the_public_address_of_the_same_server_stands_in_for_that_of_recordings(public: str) -> None:
    recordings = opened(recordings_endpoint="storage.example.com", minio_public_url=public, **REMOTE)
    assert (await recordings.url("a.mp3")) == f"https://storage.example.com/{keys.RECORDINGS}/a.mp3"


@pytest.mark.parametrize("public", ["", "http://localhost:9000", "https://livros.example.com"])
async def test_the_public_address_of_another_server_does_not(public: str) -> None:
    recordings = opened(recordings_endpoint="storage.example.com", minio_public_url=public, **REMOTE)
    address, _, query = (await recordings.url("a.mp3")).partition("?")
    assert address == f"https://storage.example.com/{keys.RECORDINGS}/a.mp3"
    assert "X-Amz-Expires=604800" in query
    assert "a-secret" not in query


async def test_a_public_address_needs_its_scheme() -> None:
    with pytest.raises(Permanent, match="RECORDINGS_PUBLIC_URL is no address"):
        opened(recordings_public_url="storage.example.com")


@pytest.mark.parametrize("written", ["http://[::1", "https://:9000", "https://storage.example.com:port"])
@pytest.mark.parametrize("name", ["RECORDINGS_PUBLIC_URL", "MINIO_PUBLIC_URL"])
async def test_a_public_address_that_cannot_be_read_is_refused_by_name_and_not_repeated(
    name: str, written: str
) -> None:
    settings = {name.lower(): written, "recordings_endpoint": "storage.example.com", **REMOTE}
    with pytest.raises(Permanent, match=f"^{name} is no address") as caught:
        opened(**settings)
    assert written not in str(caught.value)


@pytest.mark.parametrize("name", ["ab", "A-Bucket", "calls/2026", "calls-", "..", "a..b", "calls\n", "c" * 64])
async def test_a_bucket_has_a_name_that_s3_allows(name: str) -> None:
    with pytest.raises(ValidationError, match="recordings_bucket"):
        opened(recordings_bucket=name)


async def test_settings_come_from_the_environment_and_empty_ones_count_as_unset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECORDINGS_BUCKET", "")
    monkeypatch.setenv("RECORDINGS_SECRET_KEY", "a-secret-of-the-tests")
    settings = RecordingsSettings()
    assert settings.recordings_bucket == keys.RECORDINGS
    assert "a-secret" not in repr(settings)
