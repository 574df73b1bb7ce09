import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel import keys

JOBS = st.uuids().map(str)
INDICES = st.integers(0, keys.MAX_SEGMENTS - 1)
RUNS = st.integers(1, 99_999)
JOB = "0b0e7c4e-0f3c-5f0e-8b9c-2f5b7f3a9d11"


@given(JOBS, INDICES)
def test_a_segment_chunk_or_section_is_found_again_in_its_key(job: str, index: int) -> None:
    found = keys.Numbered(job, index)
    assert keys.parse_segment(keys.segment(job, index)) == found
    assert keys.parse_chunk(keys.chunk(job, index)) == found
    assert keys.parse_section(keys.section_record(job, index)) == found


@given(JOBS, RUNS, st.sampled_from(["opened", "outcome", "closed"]))
def test_a_run_is_found_again_in_its_keys(job: str, run: int, event: keys.RunEvent) -> None:
    assert keys.parse_run(keys.run_event(job, run, event)) == keys.Run(job, run, event)
    assert keys.parse_marker(keys.marker(job, run)) == (job, run)


@given(JOBS, RUNS, st.sampled_from(["handoff", "task.created", "task.started", "task.completed"]))
def test_a_delivery_is_found_again_in_its_key_and_what_is_announced_is_none(job: str, run: int, event: str) -> None:
    assert keys.parse_delivery(keys.delivery(job, run, event)) == keys.Announcement(job, run, event)
    assert keys.parse_delivery(keys.progress(job)) == keys.Announcement(job, None, "task.progress")
    assert keys.parse_delivery(keys.announced(job, run)) is None


@given(st.text(min_size=1))
def test_a_recording_is_found_again_in_the_keys_of_its_receipt_and_of_an_ask(call: str) -> None:
    recording = f"company_5/voice/2026/01/15/{call}.mp3"
    assert keys.parse_receipt(keys.receipt(recording)) == recording
    assert keys.parse_recording_ask(keys.ask(recording, "0f3a")) == recording
    assert keys.parse_ask(keys.ask(recording, "0f3a")) is None


@given(JOBS, st.text("0123456789abcdef", min_size=16, max_size=16))
def test_a_build_is_found_again_in_the_key_of_its_manifest(job: str, digest: str) -> None:
    assert keys.parse_manifest(keys.manifest(job, digest)) == keys.Manifest(job, digest)


@given(st.sampled_from(["espeak", "bark", "a voz/dela"]), st.text("0123456789abcdef", min_size=64, max_size=64))
def test_an_engine_is_found_again_in_the_key_of_its_speech(engine: str, digest: str) -> None:
    assert keys.parse_speech(keys.speech(engine, digest)) == engine
    assert keys.parse_speech(f"{keys.speech(engine, digest)}.bak") is None
    assert keys.parse_speech(keys.speech(engine, digest[1:])) is None


@given(
    st.from_regex(
        r"(_active/)?[0-9a-f-]{36}[./](segments/segment-|sections/section-|runs/)?\d{4,7}(-opened)?\.(ssml|json)"
    )
)
def test_a_key_that_is_read_is_the_key_that_would_be_written(key: str) -> None:
    if segment := keys.parse_segment(key):
        assert keys.segment(segment.job, segment.index) == key
    if section := keys.parse_section(key):
        assert keys.section_record(section.job, section.index) == key
    if run := keys.parse_run(key):
        assert keys.run_event(run.job, run.run, "opened") == key


@pytest.mark.parametrize(
    "key",
    [
        "input/a/segments/segment-000001.ssml",
        f"x/{JOB}/segments/segment-000001.ssml",
        f"{JOB}/segments/segment-1.ssml",
        f"{JOB}/segments/segment-0000001.ssml",
        f"{JOB}/segments/segment-٠٠٠٠٠١.ssml",
        f"{JOB}/segments/segment-000001.ssml\n",
        f"{JOB}/segments/segment-000001.ssml.tmp",
        f"{JOB.upper()}/segments/segment-000001.ssml",
        f"{JOB}/sections/section-00001.json",
        f"{JOB}/sections/section-0001-0123456789abcdef.mp3",
        f"{JOB}/runs/00001-opened.json",
        f"{JOB}/runs/0001-reopened.json",
        f"{JOB}/builds/xyz/manifest.json",
        f"_active/{JOB}",
        f"_active/{JOB}.00001",
    ],
)
def test_a_key_of_another_shape_is_nobodys(key: str) -> None:
    parsers = (
        keys.parse_segment,
        keys.parse_chunk,
        keys.parse_section,
        keys.parse_manifest,
        keys.parse_run,
        keys.parse_delivery,
        keys.parse_marker,
        keys.parse_receipt,
    )
    assert all(parse(key) is None for parse in parsers)


def test_the_job_of_a_version_follows_the_documented_formula() -> None:
    url = "s3://darkchannel-inbox/a b/é.md?versionId=v1"
    assert keys.job_id("darkchannel-inbox", "a b/é.md", "v1") == str(uuid.uuid5(uuid.NAMESPACE_URL, url))


def test_another_version_is_another_job() -> None:
    assert keys.job_id("b", "k", "1") != keys.job_id("b", "k", "2")


@pytest.mark.parametrize("key", ["a.txt", "pasta/livro.epub", "semextensao", "a/b c+d%2F/😀.md", "../a.txt"])
def test_a_document_may_have_any_name(key: str) -> None:
    assert keys.is_document(key)


@pytest.mark.parametrize(
    "key",
    [
        "pasta/",
        "",
        ".a.txt",
        ".git/a.txt",
        "a/.DS_Store",
        "a.part",
        "A.CRDOWNLOAD",
        "b/a.txt.tmp",
        "_options.yaml",
        "a/_options.yaml",
    ],
)
def test_dotfiles_partial_uploads_folders_and_options_are_no_documents(key: str) -> None:
    assert not keys.is_document(key)


def test_the_options_of_a_document_lie_beside_it() -> None:
    assert keys.options_key("a.txt") == "_options.yaml"
    assert keys.options_key("a/b/c.txt") == "a/b/_options.yaml"


@pytest.mark.parametrize(
    ("key", "extension"),
    [
        ("a.TXT", "txt"),
        ("a/b.tar.gz", "gz"),
        ("a", ""),
        ("a.b/c", ""),
        ("a.ção", ""),
        ("a.t xt", ""),
        ("a." + "x" * 11, ""),
    ],
)
def test_an_extension_is_short_and_plain_or_none(key: str, extension: str) -> None:
    assert keys.extension(key) == extension


@given(st.text())
def test_an_extension_is_always_safe_in_a_key(key: str) -> None:
    assert keys.source("j", keys.extension(key)).rpartition("/")[2].removeprefix("source").lstrip(".").isalnum() or (
        keys.extension(key) == ""
    )


def test_a_book_is_published_under_its_name_and_what_comes_with_it_in_a_folder_of_that_name() -> None:
    assert (
        keys.published("2026-03-01", "v1.2 (final)", "audiobook.mp3", "audiobook.mp3") == "2026-03-01/v1.2 (final).mp3"
    )
    assert keys.published("2026-03-01", "livro", "subtitles.vtt", "audiobook.mp3") == "2026-03-01/livro/subtitles.vtt"


@given(st.lists(INDICES, min_size=2))
def test_keys_of_segments_sort_as_their_numbers(indices: list[int]) -> None:
    assert [keys.segment(JOB, i) for i in sorted(indices)] == sorted(keys.segment(JOB, i) for i in indices)
