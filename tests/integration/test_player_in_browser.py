"""The player as a listener opens it: in a real browser, with real sound, over HTTP and from a folder."""

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from darkchannel.audio import ffmpeg
from darkchannel.jobs.records import Mark
from services.merger.covers import cover
from services.merger.cues import Line
from services.merger.player import page
from services.merger.waveform import waveform
from tests.integration.browser import Browser, Page, browser

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECONDS = 40.0
TITLE = "A ilha & o <farol>"
MARKS = [
    Mark(title="Chegada", start=0, end=12),
    Mark(title="", start=12, end=24),
    Mark(title="Sem palavras", start=24, end=30),
    Mark(title="Volta </script>", start=30, end=40),
]
LINES = [
    Line(0.5, 3.0, "O barco tocou a areia ao meio-dia.", 0, True),
    Line(3.5, 7.0, "Ninguém esperava por ele.", 0),
    Line(
        7.5, 11.0, "Só o vento veio ver quem era.", 0, True, ((7.5, "Só"), (8.25, "o"), (9.0, "vento"), (9.5, "veio"))
    ),
    Line(12.5, 18.0, "À noite, a luz girou duas vezes & parou.", 1, True),
    Line(18.5, 23.0, "“Fica”, pediu alguém 😀 lá de cima.", 1, True),
    Line(30.5, 35.0, "<b>De manhã</b> o mar estava liso.", 3, True),
    Line(35.5, 39.0, "E ele ficou.", 3, True),
]


@dataclass(frozen=True, slots=True)
class Results:
    """A book as it is published: ``{root}/2031-04-05/{name}.mp3`` and what else there is in ``{name}/``."""

    root: Path
    address: str
    name: str = "A ilha & o farol"

    @property
    def folder(self) -> Path:
        return self.root / "2031-04-05" / self.name

    def page(self, name: str = "index.html") -> str:
        return f"{self.address}/2031-04-05/A%20ilha%20&%20o%20farol/{name}"


def sound(path: Path, *arguments: str) -> None:
    tones = "aevalsrc=0.2*sin(2*PI*(300+100*floor(t/5))*t):s=22050:d=40"
    command = [ffmpeg.binary(), "-v", "error", "-f", "lavfi", "-i", tones, *arguments, str(path)]
    subprocess.run(command, check=True)


def write(path: Path, audio: str) -> None:
    pieces = page(
        title=TITLE, author="Inês Braga", language="pt-BR", seconds=SECONDS, chapters=MARKS, lines=LINES,
        audio=audio, cover="cover.jpg", waveform="waveform.png",
    )  # fmt: skip
    path.write_text("".join(pieces), "utf-8")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("results")
    folder = root / "2031-04-05" / "A ilha & o farol"
    folder.mkdir(parents=True)
    write(folder / "index.html", "audiobook.mp3")
    sound(folder / "audiobook.mp3", "-b:a", "64k")
    (folder / "cover.jpg").write_bytes(cover(None, TITLE, "Inês Braga")[0])
    peaks = (110 if at % 40 < 30 else 3 for at in range(400))
    (folder / "waveform.png").write_bytes(waveform(peaks, SECONDS, MARKS))
    return root


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def results(root: Path) -> AsyncIterator[Results]:
    application = web.Application()
    application.router.add_static("/", root)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    yield Results(root, f"http://{host}:{port}")
    await runner.cleanup()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    async with browser(tmp_path_factory.mktemp("profile")) as driven:
        yield driven


READY = "audio.readyState >= 2"
SEEKED = """window.at = new Promise((done) => {
    let target
    audio.addEventListener("seeking", () => (target = audio.currentTime), { once: true })
    audio.addEventListener("seeked", () => done(target), { once: true })
}), 0"""
"""``window.at`` becomes where the player went, once it is there: it may have played on by then."""


@asynccontextmanager
async def opened(chromium: Browser, address: str) -> AsyncIterator[Page]:
    async with chromium.page() as tab:
        await tab.open(address)
        await tab.until(READY)
        yield tab


async def seek(tab: Page, seconds: float) -> None:
    await tab.run(SEEKED)
    await tab.run(f"audio.currentTime = {seconds}")
    await tab.run("window.at")


async def heard(tab: Page) -> str:
    return str(await tab.run("document.querySelector('.heard').textContent"))


async def current_chapter(tab: Page) -> list[str]:
    return list(await tab.run("[...document.querySelectorAll('[aria-current]')].map((button) => button.textContent)"))


async def test_it_opens_without_a_complaint_and_asks_nothing_of_others(chromium: Browser, results: Results) -> None:
    async with opened(chromium, results.page()) as tab:
        assert tab.complaints == []
        assert {address.rpartition("/")[0] for address in tab.requests if not address.startswith("data:")} == {
            results.page().rpartition("/")[0]
        }
        assert await tab.run("document.querySelector('h1').textContent") == TITLE
        assert await tab.run("document.title") == TITLE
        assert await tab.run("[...document.images].map((image) => image.naturalWidth)") == [1400, 1800]


async def test_it_plays_and_follows_the_sentences(chromium: Browser, results: Results) -> None:
    async with opened(chromium, results.page()) as tab:
        await tab.click("#play")
        await tab.until("audio.currentTime > 0.6")
        await tab.until("document.querySelector('.heard')")
        assert await heard(tab) == LINES[0].text
        assert await tab.run("play.getAttribute('aria-label')") == "Pausar"
        await tab.run("audio.currentTime = 3.3")
        await tab.until("document.querySelector('.heard').textContent.startsWith('Ninguém')")
        await tab.click("#play")
        await tab.until("audio.paused")


async def test_a_click_on_a_sentence_seeks_to_its_start_and_plays(chromium: Browser, results: Results) -> None:
    async with opened(chromium, results.page()) as tab:
        await tab.run(SEEKED)
        await tab.click("[data-line='2']")
        assert await tab.run("window.at") == pytest.approx(LINES[2].start, abs=0.02)
        await tab.until("audio.currentTime > 7.6")
        assert not await tab.run("audio.paused")
        assert await heard(tab) == LINES[2].text


async def test_the_word_being_spoken_is_marked_where_words_are_known(chromium: Browser, results: Results) -> None:
    async with opened(chromium, results.page()) as tab:
        for at, word in ((7.6, "Só"), (8.5, "o"), (9.2, "vento"), (10.5, "veio ver quem era.")):
            await seek(tab, at)
            assert await tab.run("document.querySelector('.spoken').textContent") == word
        await seek(tab, 3.6)
        assert await tab.run("document.querySelector('[data-line=\"2\"]').innerHTML") == LINES[2].text


async def test_a_chapter_is_marked_and_its_text_shown(chromium: Browser, results: Results) -> None:
    async with opened(chromium, results.page()) as tab:
        assert await current_chapter(tab) == ["Chegada00:00"]
        await tab.run(SEEKED)
        await tab.click("[data-chapter='3']")
        assert await tab.run("window.at") == pytest.approx(30, abs=0.02)
        assert await current_chapter(tab) == ["Volta </script>00:30"]
        assert await tab.run("text.querySelector('h2').textContent") == "Volta </script>"
        assert await tab.run("text.querySelector('p').textContent.trim()") == LINES[5].text


async def test_a_title_that_is_read_stands_in_the_text_once(chromium: Browser, results: Results, root: Path) -> None:
    marks = [Mark(title="Um.", start=0, end=SECONDS)]
    pieces = page(
        title=TITLE, author=None, language="pt-BR", seconds=SECONDS, chapters=marks,
        lines=[Line(0, 1, "Um.", 0, True), Line(2, 3, "Era.", 0, True)],
        audio="audiobook.mp3", cover=None, waveform=None,
    )  # fmt: skip
    path = root / "2031-04-05" / "A ilha & o farol" / "read.html"
    path.write_text("".join(pieces), "utf-8")
    async with opened(chromium, results.page("read.html")) as tab:
        assert await tab.run("text.textContent.split('Um.').length - 1") == 1


async def test_a_chapter_without_a_title_or_text_says_so(chromium: Browser, results: Results) -> None:
    async with opened(chromium, results.page()) as tab:
        await tab.click("[data-chapter='1']")
        assert await current_chapter(tab) == ["Capítulo 200:12"]
        await tab.click("[data-chapter='2']")
        assert await tab.run("text.querySelector('p').textContent") == "Este capítulo não tem texto."
        assert await tab.run("document.querySelector('.heard')") is None


async def test_a_click_on_the_waveform_seeks_there(chromium: Browser, results: Results) -> None:
    async with opened(chromium, results.page()) as tab:
        await tab.run(SEEKED)
        await tab.click("#position", share=0.8)
        assert await tab.run("window.at") == pytest.approx(0.8 * SECONDS, abs=0.5)
        assert await tab.run("hover.textContent") == "00:32 · Volta </script>"


async def test_keys_play_skip_and_step(chromium: Browser, results: Results) -> None:
    async with opened(chromium, results.page()) as tab:
        await tab.run("addEventListener('keydown', (event) => (window.taken = event.defaultPrevented))")
        await tab.press("l", "KeyL")
        await tab.press("l", "KeyL")
        assert await tab.run("audio.currentTime") == pytest.approx(3.5, abs=0.02)
        await tab.press("ArrowRight", "ArrowRight")
        assert await tab.run("audio.currentTime") == pytest.approx(13.5, abs=0.02)
        await tab.press("j", "KeyJ")
        assert await tab.run("audio.currentTime") == pytest.approx(7.5, abs=0.02)
        await tab.press("ArrowLeft", "ArrowLeft")
        assert await tab.run("audio.currentTime") == 0
        await tab.press(" ", "Space", " ")
        assert await tab.run("window.taken"), "the space bar does not scroll as well"
        await tab.until("!audio.paused && audio.currentTime > 0.1")
        await tab.press(" ", "Space", " ")
        await tab.until("audio.paused")


async def test_it_goes_on_where_it_was_left(chromium: Browser, results: Results) -> None:
    async with opened(chromium, results.page()) as tab:
        await tab.run("speed.value = '1.5', speed.dispatchEvent(new Event('change'))")
        await tab.click("[data-line='1']")
        await tab.until("audio.currentTime > 3.6")
        await tab.click("#play")
        left = await tab.run("audio.currentTime")
        await tab.open(results.page())
        await tab.until(READY)
        assert await tab.run("audio.currentTime") == pytest.approx(left, abs=0.1)
        assert await tab.run("[audio.paused, audio.playbackRate]") == [True, 1.5]
        assert await heard(tab) == LINES[1].text


async def test_the_main_file_of_the_results_is_found_under_the_name_of_the_folder(
    chromium: Browser, results: Results
) -> None:
    main = results.folder.with_name(f"{results.name}.mp3")
    (results.folder / "audiobook.mp3").rename(main)
    try:
        async with opened(chromium, results.page()) as tab:
            assert await tab.run("decodeURI(audio.currentSrc)") == f"{results.address}/2031-04-05/{main.name}"
            await tab.click("[data-line='2']")
            await tab.until("audio.currentTime > 7.6")
            assert await tab.run("problem.hidden")
    finally:
        main.rename(results.folder / "audiobook.mp3")


async def test_a_book_that_is_nowhere_is_told(chromium: Browser, results: Results) -> None:
    write(results.folder / "lost.html", "lost.mp3")
    async with chromium.page() as tab:
        await tab.open(results.page("lost.html"))
        await tab.until("!problem.hidden")
        assert "não pôde ser aberto" in await tab.run("problem.textContent")


async def test_it_works_from_a_folder_without_a_server(chromium: Browser, results: Results) -> None:
    async with opened(chromium, (results.folder / "index.html").as_uri()) as tab:
        await tab.click("[data-line='1']")
        await tab.until("audio.currentTime > 3.6")
        assert tab.complaints == []
        assert await tab.run("[...document.images].map((image) => image.naturalWidth)") == [1400, 1800]


async def test_an_m4b_plays(chromium: Browser, results: Results) -> None:
    sound(results.folder / "audiobook.m4b", "-c:a", "aac", "-f", "ipod")
    write(results.folder / "m4b.html", "audiobook.m4b")
    async with chromium.page() as tab:
        await tab.open(results.page("m4b.html"))
        await tab.until(READY)
        await tab.click("[data-line='2']")
        await tab.until("audio.currentTime > 7.6")


async def test_a_book_of_25_hours_in_one_chapter_keeps_up(chromium: Browser, results: Results) -> None:
    lines = (
        Line(at * 6.0, at * 6.0 + 5, f"Frase número {at} de um livro sem fim.", 0, at % 5 == 0) for at in range(15_000)
    )
    pieces = page(
        title="Sem fim", author=None, language="pt-BR", seconds=90_000, lines=lines, audio="none.mp3",
        chapters=[Mark(title="", start=0, end=90_000)], cover=None, waveform=None,
    )  # fmt: skip
    (results.folder / "long.html").write_text("".join(pieces), "utf-8")
    async with chromium.page() as tab:
        await tab.open(results.page("long.html"))
        assert await tab.run("document.querySelectorAll('[data-line]').length") == 15_000
        await tab.run("seek(83_456)")
        assert await heard(tab) == "Frase número 13909 de um livro sem fim."
        await tab.until("text.scrollTop > 1000")


async def test_three_thousand_chapters_are_listed_and_the_current_one_is_in_sight(
    chromium: Browser, results: Results
) -> None:
    marks = [Mark(title=f"Carta {at}", start=at * 10, end=at * 10 + 10) for at in range(3_000)]
    lines = (Line(at * 10 + 1, at * 10 + 9, f"Querida {at}.", at, True) for at in range(0, 3_000, 2))
    pieces = page(
        title="Cartas", author=None, language="en", seconds=30_000, lines=lines, audio="none.mp3",
        chapters=marks, cover=None, waveform=None,
    )  # fmt: skip
    (results.folder / "letters.html").write_text("".join(pieces), "utf-8")
    async with chromium.page() as tab:
        await tab.open(results.page("letters.html"))
        await tab.run("seek(25_002)")
        assert await current_chapter(tab) == ["Carta 25006:56:40"]
        assert await heard(tab) == "Querida 2500."
        await tab.until("""(() => {
            const [list, item] = ["#contents", "[aria-current]"].map((name) => document.querySelector(name));
            const [around, inside] = [list.getBoundingClientRect(), item.getBoundingClientRect()];
            return inside.top >= around.top && inside.bottom <= around.bottom;
        })()""")
