"""A real Chromium without a window, driven by its DevTools protocol: https://chromedevtools.github.io/devtools-protocol/."""

import asyncio
import itertools
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

BOUND = 60
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def binary() -> str:
    """The path of a Chromium; where there is none the test is skipped, or fails with DARKCHANNEL_REQUIRE_BROWSER=1."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    message = "there is no Chromium: the player was not opened in a browser"
    if os.environ.get("DARKCHANNEL_REQUIRE_BROWSER") == "1":
        pytest.fail(f"{message} (DARKCHANNEL_REQUIRE_BROWSER=1)", pytrace=False)
    pytest.skip(message)


class Page:
    """A tab; ``complaints`` and ``requests`` are what was said and asked for since it was opened."""

    def __init__(self, browser: "Browser", session: str) -> None:
        self._browser = browser
        self._session = session
        self.complaints: list[str] = []
        self.requests: list[str] = []

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        return await self._browser.send(method, self._session, **parameters)

    async def open(self, address: str) -> None:
        loaded = self._browser.event("Page.loadEventFired", self._session)
        await self.send("Page.navigate", url=address)
        async with asyncio.timeout(BOUND):
            await loaded

    async def run(self, script: str) -> Any:
        """What an expression of JavaScript gives, awaited where it is a promise."""
        answer = await self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"]["exception"].get("description", answer))
        return answer["result"].get("value")

    async def until(self, condition: str) -> None:
        """Wait, frame by frame of the page, until an expression is true."""
        await self.run(f"new Promise((done) => {{ (function look() {{ {condition} ? done() : "
                       "requestAnimationFrame(look); })(); })")  # fmt: skip

    async def click(self, selector: str, share: float = 0.5) -> None:
        """Press the mouse on an element, so far from its left edge."""
        x, y = await self.run(
            f"(() => {{ const box = document.querySelector({selector!r}).getClientRects()[0];"
            f"return [box.left + box.width * {share}, box.top + box.height / 2] }})()"
        )
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            await self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def press(self, key: str, code: str, text: str = "") -> None:
        for kind in ("keyDown", "keyUp"):
            written = {"text": text} if text and kind == "keyDown" else {}
            await self.send("Input.dispatchKeyEvent", type=kind, key=key, code=code, **written)


class Browser:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._events: dict[tuple[str, str], list[asyncio.Future[None]]] = {}
        self._pages: dict[str, Page] = {}

    async def send(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        to = {"sessionId": session} if session else {}
        await self._socket.send_json({"id": number, "method": method, "params": parameters} | to)
        async with asyncio.timeout(BOUND):
            return await answer

    def event(self, name: str, session: str) -> asyncio.Future[None]:
        happened = asyncio.get_running_loop().create_future()
        self._events.setdefault((name, session), []).append(happened)
        return happened

    @asynccontextmanager
    async def page(self) -> AsyncIterator[Page]:
        """A tab of a profile of its own: nothing is remembered from another."""
        context = (await self.send("Target.createBrowserContext"))["browserContextId"]
        target = (await self.send("Target.createTarget", url="about:blank", browserContextId=context))["targetId"]
        session = (await self.send("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        page = self._pages[session] = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            await page.send(f"{domain}.enable")
        yield page
        await self.send("Target.disposeBrowserContext", browserContextId=context)

    async def listen(self) -> None:
        async for message in self._socket:
            said = message.json()
            if "id" in said:
                answer = self._answers.pop(said["id"])
                if "error" in said:
                    answer.set_exception(AssertionError(said["error"]["message"]))
                else:
                    answer.set_result(said["result"])
            elif page := self._pages.get(said.get("sessionId", "")):
                self._note(page, said["method"], said["params"])
                for waiting in self._events.pop((said["method"], said["sessionId"]), []):
                    waiting.set_result(None)

    def _note(self, page: Page, method: str, said: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            page.requests.append(said["request"]["url"])
        elif method == "Runtime.exceptionThrown" or (
            method == "Runtime.consoleAPICalled" and said["type"] in ("error", "warning", "assert")
        ):
            page.complaints.append(str(said))
        elif method == "Log.entryAdded" and said["entry"]["level"] in ("error", "warning"):
            page.complaints.append(f"{said['entry']['text']} {said['entry'].get('url', '')}")


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Browser]:
    """A Chromium that keeps its profile in ``folder``."""
    process = await asyncio.create_subprocess_exec(
        binary(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--mute-audio",
        "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--autoplay-policy=no-user-gesture-required", f"--user-data-dir={folder}", "--remote-debugging-port=0",
        "about:blank", stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stderr
    said = b""
    try:
        async with asyncio.timeout(BOUND):
            while not (address := re.search(rb"DevTools listening on (ws://\S+)", said)):
                line = await process.stderr.readline()
                assert line, f"Chromium did not start: {said.decode(errors='replace')}"
                said += line
        drained = asyncio.create_task(process.stderr.read())
        async with (
            aiohttp.ClientSession() as client,
            client.ws_connect(address[1].decode(), max_msg_size=0) as socket,
        ):
            driven = Browser(socket)
            listening = asyncio.create_task(driven.listen())
            yield driven
            await driven.send("Browser.close")
            await listening
        await drained
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
