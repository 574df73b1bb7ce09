"""Documents of any name and size through the whole pipeline, on a store in memory and on one in a folder."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from darkchannel import keys
from darkchannel.events import ObjectCreated
from darkchannel.jobs.names import MAX_STEM_BYTES
from darkchannel.jobs.options import Pauses
from darkchannel.jobs.runs import State
from darkchannel.storage.folder import FolderStore
from darkchannel.storage.port import ObjectStore
from services.splitter import pictures
from services.splitter.handler import Splitter
from services.splitter.settings import SplitterSettings
from tests.pipeline.bench import Bench
from tests.unit.documents import CONTAINER, archive, package, page

LIMIT = 20_000
FOLDER = "deep/down/data"
TEXT = "Era uma vez um farol."
NAMES = {
    "a+b & c.md": "a-b - c",
    "a%2F..%2F..%2Fetc%2Fpasswd.txt": "a-2F..-2F..-2Fetc-2Fpasswd",
    "../../fora.txt": "fora",
    "contos/../../../fora.txt": "fora",
    "/raiz.txt": "raiz",
    "😀.md": "audiobook",
    "o farol 😀.md": "o farol",
    "Memórias Póstumas de Brás Cubas.txt": "Memórias Póstumas de Brás Cubas",
    "cafe\u0301.txt": "café",
    "  dois  espaços .txt": "dois  espaços",
    "com\nlinha.txt": "com-linha",
    f"{'é' * 448}.txt": "é" * (MAX_STEM_BYTES // 2),
    f"{'pasta/' * 149}a.txt": "a",
}


@pytest.fixture(params=["memory", "folder"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    """A pipeline whose splitter reads documents for real, in this process."""

    def folder(on_created: Callable[[ObjectCreated], None]) -> ObjectStore:
        return FolderStore(tmp_path / FOLDER, on_created=on_created)

    async def at_once(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    bench = Bench(open_store=folder if request.param == "folder" else None)
    context = replace(bench.context(), compute=at_once)
    settings = SplitterSettings(_env_file=None, max_document_bytes=LIMIT)
    bench.first.handlers["accept"] = Splitter(context, settings).accept
    return bench


async def narrate(bench: Bench, key: str, text: str = TEXT) -> str:
    """The key of the audiobook, its date cut off, or of the note that there is none."""
    before = set(await bench.output())
    bench.events.append(await bench.drop(key, text.encode()))
    await bench.deliver()
    made = [key.split("/", 1)[1] for key in set(await bench.output()) - before]
    [main] = [name for name in made if "/" not in name]
    return main


async def inbox(bench: Bench) -> list[str]:
    return [info.key async for info in bench.raw.versions(keys.INBOX)]


@pytest.mark.parametrize(("key", "stem"), NAMES.items(), ids=[key[:30] for key in NAMES])
async def test_a_document_of_any_name_becomes_an_audiobook_of_a_safe_one(bench: Bench, key: str, stem: str) -> None:
    assert await narrate(bench, key) == f"{stem}.mp3"
    accepted = await bench.jobs.opened(bench.job, 1)
    assert accepted
    assert accepted.source
    assert accepted.source.key == key
    assert await inbox(bench) == []


@pytest.mark.parametrize(
    ("first", "second"), [("a+b.md", "a&b.md"), ("um/livro.txt", "dois/livro.md"), ("😀.md", "😡.md")]
)
async def test_the_second_of_two_documents_that_would_be_called_alike_has_a_number(
    bench: Bench, first: str, second: str
) -> None:
    stem = (await narrate(bench, first)).removesuffix(".mp3")
    assert await narrate(bench, second) == f"{stem}-2.mp3"


@pytest.mark.parametrize("bench", ["folder"], indirect=True)
async def test_a_name_that_points_elsewhere_leaves_nothing_outside_the_folder(bench: Bench, tmp_path: Path) -> None:
    for key in NAMES:
        await narrate(bench, key)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if not path.resolve().is_relative_to(tmp_path / FOLDER)] == []


async def test_a_document_above_the_limit_is_one_failed_run_that_says_why_and_its_input_is_kept(bench: Bench) -> None:
    text = "x" * (LIMIT + 1)
    assert await narrate(bench, "grande.txt", text) == "grande.error.txt"
    runs = await bench.jobs.runs(bench.job, fresh=True)
    assert (runs.state, runs.opened, runs.closed) == (State.FAILED, frozenset({1}), frozenset({1}))
    reason = runs.outcomes[1].reason or ""
    assert "the document has 20,001 bytes, more than the 20,000 that are read" in reason
    assert "DARKCHANNEL_MAX_DOCUMENT_BYTES" in reason
    kept = await bench.raw.get(keys.JOBS, keys.source(bench.job, "txt"))
    assert kept
    assert kept.body == text.encode()
    assert await inbox(bench) == []


async def test_a_refused_document_says_why_in_its_metadata_and_beside_where_the_audiobook_would_be(
    bench: Bench,
) -> None:
    await narrate(bench, "vazio.txt", "")
    metadata = await bench.jobs.metadata(bench.job)
    [note] = [await bench.raw.get(keys.OUTPUT, key) for key in await bench.output()]
    assert metadata
    assert note
    assert metadata.status == "failed"
    assert metadata.error == "the document is empty: it has no bytes"
    assert note.body.decode().startswith(f"vazio.txt could not be narrated: {metadata.error}\n")


@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        ({"webhook-secret": "whsec_ZmFyb2w", "title": "O farol"}, TEXT),
        ({"webhook-url": "https://ana:whsec_ZmFyb2w@avisos.example/"}, TEXT),
        ({}, f"---\nwebhook-secret: whsec_ZmFyb2w\n---\n{TEXT}"),
    ],
)
async def test_a_refused_secret_is_in_no_object_but_the_document_it_came_in(
    bench: Bench, metadata: dict[str, str], text: str
) -> None:
    await bench.raw.put(keys.INBOX, "conto.md", text.encode(), metadata=metadata)
    await bench.deliver()

    copied = 0
    for bucket in (keys.JOBS, keys.OUTPUT):
        async for info in bench.raw.list(bucket):
            found = await bench.raw.get(bucket, info.key)
            assert found
            assert "ZmFyb2w" not in str(found.info.metadata)
            is_document = "/input/" in info.key
            copied += is_document
            assert is_document or b"ZmFyb2w" not in found.body, info.key
    assert copied == 1
    assert any(key.endswith("conto.error.txt") for key in await bench.output())


async def test_a_document_as_long_as_the_limit_is_read(bench: Bench) -> None:
    assert await narrate(bench, "livro.txt", f"{TEXT:<{LIMIT}}") == "livro.mp3"


LEXICON = (
    '<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon" xml:lang="{language}">'
    "<lexeme><grapheme>farol</grapheme><alias>{alias}</alias></lexeme></lexicon>"
)


async def first_segment(bench: Bench) -> str:
    found = await bench.raw.get(keys.JOBS, keys.segment(bench.job, 0))
    assert found
    return found.body.decode()


async def put_lexicon(bench: Bench, name: str, *, language: str, alias: str) -> None:
    await bench.raw.put(keys.REFS, name, LEXICON.format(language=language, alias=alias).encode())


async def test_the_lexicon_of_a_language_says_how_its_words_are_spoken(bench: Bench) -> None:
    await put_lexicon(bench, "lexicons/pt-BR.pls", language="pt-BR", alias="faról")
    await put_lexicon(bench, "lexicons/en.pls", language="en", alias="lighthouse")
    await narrate(bench, "conto.txt")
    assert '<sub alias="faról">farol</sub>' in await first_segment(bench)


async def test_the_lexicon_of_a_job_counts_before_that_of_its_language(bench: Bench) -> None:
    await put_lexicon(bench, "lexicons/pt.pls", language="pt", alias="faról")
    await put_lexicon(bench, "lexicons/Termos.pls", language="pt-BR", alias="lanterna")
    await narrate(bench, "conto.txt", f"---\nlexicon: termos\n---\n{TEXT}")
    assert '<sub alias="lanterna">farol</sub>' in await first_segment(bench)


async def test_a_lexicon_that_is_not_there_fails_the_job_and_says_where_it_should_be(bench: Bench) -> None:
    assert await narrate(bench, "conto.txt", f"---\nlexicon: termos\n---\n{TEXT}") == "conto.error.txt"
    reason = (await bench.jobs.runs(bench.job, fresh=True)).outcomes[1].reason or ""
    assert reason.startswith("there is no lexicon darkchannel-refs/lexicons/termos.pls: upload it")


async def test_a_broken_lexicon_fails_the_job_and_is_named(bench: Bench) -> None:
    await bench.raw.put(keys.REFS, "lexicons/pt-BR.pls", b"<lexicon>")
    assert await narrate(bench, "conto.txt") == "conto.error.txt"
    reason = (await bench.jobs.runs(bench.job, fresh=True)).outcomes[1].reason or ""
    assert reason.startswith("darkchannel-refs/lexicons/pt-BR.pls is broken at line 1")


JPEG, PNG = b"\xff\xd8\xff\xe0 a picture", b"\x89PNG\r\n\x1a\n a picture"


async def cover_of(bench: Bench) -> tuple[str | None, bytes | None]:
    plan = await bench.jobs.plan(bench.job)
    assert plan
    kept = await bench.raw.get(keys.JOBS, keys.cover(bench.job, plan.cover)) if plan.cover else None
    return plan.cover, kept.body if kept else None


@pytest.mark.parametrize(("name", "picture", "kind"), [("farol.jpeg", JPEG, "jpg"), ("o farol.jpg", PNG, "png")])
async def test_the_cover_that_a_job_asks_for_is_kept_with_its_plan(
    bench: Bench, name: str, picture: bytes, kind: str
) -> None:
    await bench.raw.put(keys.REFS, f"covers/{name}", picture)
    await narrate(bench, "conto.txt", f"---\ncover: {name}\n---\n{TEXT}")
    assert await cover_of(bench) == (kind, picture)


async def test_a_cover_that_is_asked_for_takes_the_place_of_the_book_s_own(bench: Bench) -> None:
    cover = '<item id="c" href="c.jpg" media-type="image/jpeg" properties="cover-image"/>'
    files = {
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": package(["p.xhtml"], extra=cover),
        "OEBPS/p.xhtml": page(f"<p>{TEXT}</p>"),
        "OEBPS/c.jpg": JPEG,
    }
    await bench.raw.put(keys.REFS, "covers/farol.png", PNG)
    await bench.raw.put(keys.INBOX, keys.OPTIONS_FILE, b"cover: farol.png\nformats: mp3\n")
    bench.events.append(await bench.drop("farol.epub", archive(files)))
    await bench.deliver()
    assert await cover_of(bench) == ("png", PNG)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (None, "there is no cover darkchannel-refs/covers/farol.jpg: upload it and drop the document again"),
        (b"", "the cover darkchannel-refs/covers/farol.jpg is empty, neither JPEG nor PNG"),
        (b"GIF89a", "the cover darkchannel-refs/covers/farol.jpg is a GIF, neither"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "is a WebP, neither"),
        (b"\0\0\0\x20ftypavif", "is an AVIF, neither"),
        (b"farol", "is no picture that is known, neither"),
        (JPEG + b"\0" * pictures.MAX_BYTES, "the cover darkchannel-refs/covers/farol.jpg has more than 30 MB"),
    ],
    ids=["missing", "empty", "gif", "webp", "avif", "text", "large"],
)
async def test_a_cover_that_cannot_be_one_fails_the_job_and_says_what_it_is(
    bench: Bench, body: bytes | None, says: str
) -> None:
    if body is not None:
        await bench.raw.put(keys.REFS, "covers/farol.jpg", body)
    assert await narrate(bench, "conto.txt", f"---\ncover: farol.jpg\n---\n{TEXT}") == "conto.error.txt"
    assert says in ((await bench.jobs.runs(bench.job, fresh=True)).outcomes[1].reason or "")


async def test_options_that_are_mappings_are_read_from_yaml(bench: Bench) -> None:
    said = "year: 1998-05-02\npauses:\n  scene: 1.5\n  chapter: 3\nvoices: {Ana: pt-br+f3}"
    await narrate(bench, "conto.txt", f"---\n{said}\n---\n{TEXT}")
    plan = await bench.jobs.plan(bench.job)
    assert plan
    assert (plan.year, plan.options.pauses) == ("1998", Pauses(scene=1.5, chapter=3))
    assert plan.options.voices == {"Ana": "pt-br+f3"}


async def test_the_series_and_the_cover_of_a_book_are_kept_with_its_plan(bench: Bench) -> None:
    picture = b"\xff\xd8\xff\xe0 a picture"
    cover = '<item id="c" href="c.jpg" media-type="image/jpeg" properties="cover-image"/>'
    series = (
        "<dc:title>O Farol</dc:title>"
        '<meta name="calibre:series" content="Costa"/><meta name="calibre:series_index" content="2"/>'
    )
    book = archive(
        {
            "META-INF/container.xml": CONTAINER,
            "OEBPS/book.opf": package(["p.xhtml"], metadata=series, extra=cover),
            "OEBPS/p.xhtml": page(f"<p>{TEXT}</p>"),
            "OEBPS/c.jpg": picture,
        }
    )
    bench.events.append(await bench.drop("farol.epub", book))
    await bench.deliver()
    plan = await bench.jobs.plan(bench.job)
    kept = await bench.raw.get(keys.JOBS, keys.cover(bench.job, "jpg"))
    source = await bench.jobs.input(bench.job)
    assert plan
    assert kept
    assert source
    assert (plan.title, plan.series, plan.series_index, plan.cover) == ("O Farol", "Costa", "2", "jpg")
    assert kept.body == picture
    assert source.key == keys.source(bench.job, "epub")
