"""The receivers that the guides show work on what is really sent."""

import json
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from darkchannel.jobs.deliveries import LADDER
from darkchannel.jobs.records import Manifest
from darkchannel.jobs.runs import Source
from darkchannel.runtime.service import utc_now
from services.handoff_notifier import omniplay, signatures, tasks
from services.handoff_notifier.omniplay import Handoff
from services.handoff_notifier.posting import Poster
from services.handoff_notifier.settings import NotifierSettings
from services.handoff_notifier.tasks import Link, Task

DOCS = Path(__file__).parents[2] / "docs"
SECRET = "whsec_dW1hIGxhbXBhZGEgbm8gZmFyb2wgdmVsaG8="
OTHER = "whsec_b3V0cmEgbGFtcGFkYSBubyBmYXJvbCBub3Zv"
BODY = '{"title": "Coração"}'.encode()
ID = "5f0c2f0e-6d0b-5e0a-9f3c-0d6f6a1c7b21.0001.task.completed"


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / document).read_text(encoding="utf-8"), re.DOTALL | re.M)


def block(document: str, language: str, holding: str) -> str:
    (found,) = (text for text in blocks(document, language) if holding in text)
    return found


def signed(*secrets: str, body: bytes = BODY, seconds_ago: int = 0) -> dict[str, str]:
    found = signatures.headers(secrets, ID, int(time.time()) - seconds_ago, body)
    return {name.lower(): value for name, value in found.items()}


def cases() -> dict[str, tuple[Mapping[str, str], bytes, bool]]:
    """Messages signed this very moment, since receivers take none that is older than five minutes."""
    later = str(int(time.time()) + 1)
    return {
        "as it is sent": (signed(SECRET), BODY, True),
        "in a rotation, the newer": (signed(SECRET, OTHER), BODY, True),
        "in a rotation, the older": (signed(OTHER, SECRET), BODY, True),
        "of another secret": (signed(OTHER), BODY, False),
        "with another body": (signed(SECRET), BODY + b" ", False),
        "under another id": (signed(SECRET) | {"webhook-id": "other"}, BODY, False),
        "at another time": (signed(SECRET) | {"webhook-timestamp": later}, BODY, False),
        "ten minutes ago": (signed(SECRET, seconds_ago=600), BODY, False),
        "unsigned": (signed(), BODY, False),
        "without headers": ({}, BODY, False),
        "with an odd time": (signed(SECRET) | {"webhook-timestamp": "now"}, BODY, False),
        "at a time of five thousand digits": (signed(SECRET) | {"webhook-timestamp": "9" * 5000}, BODY, False),
        "with an odd signature": (signed(SECRET) | {"webhook-signature": "v1,ção v2"}, BODY, False),
    }


@pytest.mark.parametrize("case", cases())
def test_the_python_receiver_tells_our_messages_from_others(case: str) -> None:
    headers, body, is_ours = cases()[case]
    space: dict[str, Any] = {}
    exec(block("webhooks.md", "python", "def verify"), space)
    verify: Callable[[str, Mapping[str, str], bytes], bool] = space["verify"]
    assert verify(SECRET, headers, body) is is_ours


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_javascript_receiver_tells_our_messages_from_others(tmp_path: Path) -> None:
    script = tmp_path / "receiver.mjs"
    told = cases()
    asked = json.dumps([(SECRET, headers, body.decode()) for headers, body, _ in told.values()])
    script.write_text(
        block("webhooks.md", "javascript", "function verify")
        + f"const asked = {asked};\n"
        + "console.log(JSON.stringify(asked.map(([s, h, b]) => verify(s, h, Buffer.from(b)))));\n",
        encoding="utf-8",
    )
    done = subprocess.run(["node", str(script)], capture_output=True, text=True, timeout=60, check=True)
    found = dict(zip(told, json.loads(done.stdout), strict=True))
    assert found == {name: is_ours for name, (_, _, is_ours) in told.items()}


def shape(value: Any) -> Any:
    """The names in a JSON value, without what they stand for."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else None


def test_the_example_of_a_payload_has_the_fields_of_a_payload() -> None:
    at = utc_now()
    task = Task(
        job="j",
        run=1,
        opened=at,
        source=Source(bucket="b", key="k.txt", version="v", size=1),
        manifest=Manifest(digest="d", segments=(), files={"audiobook.mp3": 3}, seconds=61.0, chapters=()),
        name=("2026-01-15", "k"),
        link=Link("https://e.org", at + timedelta(days=7)),
    )
    (example,) = map(json.loads, blocks("webhooks.md", "json"))
    assert shape(example) == shape(tasks.payload("task.completed", task))
    assert example["metadata"]["sequence"] == tasks.sequence(1, "task.completed")


def test_every_event_is_in_the_guide() -> None:
    rows = re.findall(r"^\| `(task\.\w+)` \|", (DOCS / "webhooks.md").read_text(encoding="utf-8"), re.M)
    assert rows == list(tasks.STATUSES)


def test_the_waits_in_the_guide_are_those_between_tries() -> None:
    (row,) = re.findall(r"^\| after the one before \| at once \| (.*) \|$", (DOCS / "webhooks.md").read_text(), re.M)
    units = {"s": 1, "min": 60, "h": 3600}
    waits = [int(number) * units[unit] for number, unit in (cell.split() for cell in row.split(" | "))]
    assert tuple(waits) == LADDER


def test_the_guide_to_omniplay_tells_of_every_field() -> None:
    text = (DOCS / "omniplay.md").read_text(encoding="utf-8")
    table = text.partition("<!-- handoff -->")[2].partition("<!-- /handoff -->")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.M) == list(omniplay.Body.model_fields)


def test_the_example_of_a_handoff_is_one() -> None:
    example = json.loads(block("omniplay.md", "json", '"call_uuid"'))
    assert list(example) == list(omniplay.Body.model_fields)
    assert json.loads(omniplay.Body.model_validate(example).encode()) == example


async def test_the_receiver_in_the_guide_makes_one_ticket_of_two_tries(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, last = block("omniplay.md", "python", "class Receiver").rpartition("\n\n\n")
    assert last == 'ThreadingHTTPServer(("", 8090), Receiver).serve_forever()\n'
    space: dict[str, Any] = {}
    exec(code, space)
    space["Receiver"].log_message = lambda *_: None
    with ThreadingHTTPServer(("127.0.0.1", 0), space["Receiver"]) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        settings = NotifierSettings(_env_file=None, omniplay_api_url=url, voice_ai_service_token=SecretStr("token"))
        handoff = Handoff("j", 1, "completed", 5, "O Farol", "pt-BR", "espeak", 61.0, None, None)
        message = omniplay.job_message(settings, handoff)
        poster = Poster(settings)
        answers = [await poster(message, {"webhook-id": id}) for id in ("a", "a", "b")]
        await poster.close()
        server.shutdown()
        thread.join()
    assert [(answer.status, omniplay.ticket_of(answer.body)) for answer in answers] == [
        (201, "1"),
        (201, "1"),
        (201, "2"),
    ]
    assert "ticket 1 of company 5" in capsys.readouterr().out
