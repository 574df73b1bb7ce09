"""Transcripts of calls, as JSON or as lines of text, read into the turns that OmniPlay shows."""

import json
import math
import re
import unicodedata
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal

from services.handoff_notifier.messages import clean

LIMIT: Final = 1 << 20
"""Bytes of a transcript that are read."""
TOO_LONG: Final = "the transcript is longer than 1 MB: it was handed off up to there"
BROKEN: Final = "the transcript is damaged JSON: it was handed off as far as it can be read"
UNREADABLE: Final = "the transcript is damaged JSON of which nothing can be read: it was left out"
MOST: Final = 5_000
"""Turns of a transcript that are handed off."""
TOO_MANY: Final = f"the transcript has more than {MOST:,} turns: the rest was left out"

Role = Literal["user", "assistant"]

_SPEAKERS: Final[dict[Role, str]] = {
    "user": "user usuario cliente caller customer client human contato",
    "assistant": "assistant assistente agent agente bot robo atendente secretaria ai ia",
}
ROLES: Final[Mapping[str, Role]] = {name: role for role, names in _SPEAKERS.items() for name in names.split()}
"""By what a speaker is called, in small letters without accents."""
_SILENT: Final = frozenset({"system", "sistema", "tool", "function", "developer"})
"""Who speaks to the machine: nobody on the telephone hears it."""

_LISTS: Final = ("transcript", "messages", "turns")
_ROLE: Final = ("role", "speaker")
_TEXT: Final = ("text", "content", "message")
_TIME: Final = ("timestamp", "time", "start")

_CLOCK = re.compile(r"(?:([0-9]{1,3}):)?([0-9]{1,3}):([0-9]{2}(?:[.,][0-9]{1,6})?)")
_LINE = re.compile(
    r"\s{0,20}(?:\[(?P<stamp>[^\]\n]{1,40})\]|(?P<clock>[0-9]{1,3}:[0-9]{2}(?::[0-9]{2})?(?:[.,][0-9]{1,6})?)(?=\s))?"
    r"\s{0,20}(?P<role>[^\W\d_]{1,20})\s{0,5}(?:[\[(](?P<after>[^\])\n]{1,40})[\])]\s{0,5})?:(?P<text>.*)"
)
_JSON = re.compile(r"\s*[\[{]\s*(?:[\[{\"']|$)")
"""What is meant to be JSON, and not a line that begins with a time or a remark in brackets."""
_ITEMS = re.compile(r"\[\s*(?=\{)")
_BETWEEN = re.compile(r"\s*,\s*")

_EPOCH_SECONDS: Final = 1e9
"""Numbers from here on are dates, in seconds since 1970; no call lasts for thirty years."""
_EPOCH_MILLISECONDS: Final = 1e11
_LATEST: Final = 1e14
_SLACK: Final = 5.0
"""Seconds by which the last turn may begin after the end of the recording."""


@dataclass(frozen=True, slots=True)
class Turn:
    role: Role
    text: str
    timestamp: int = 0
    """In milliseconds, since 1970 or since the call began, as the transcript has it."""


@dataclass(frozen=True, slots=True)
class Transcript:
    turns: tuple[Turn, ...] = ()
    note: str | None = None
    """What of it could not be handed off."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A turn whose time has yet to be understood."""

    role: Role
    text: str
    time: object = None


def read(body: bytes, seconds: float) -> Transcript:
    """The turns of a transcript in whatever form it is; ``seconds``: of its recording. Never raises.

    JSON: a list of turns, or an object that has one as ``transcript``, ``messages`` or ``turns``. Text: lines
    ``Role: text``, with ``[00:12]`` before or after the role or without; text in which nobody is named is one turn of
    the user.
    """
    text, note = _decoded(body[:LIMIT]), TOO_LONG if len(body) > LIMIT else None
    if text.lstrip().startswith(("[", "{")):
        try:
            return bounded(turns_of(json.loads(text), seconds), note)
        except (ValueError, RecursionError):
            if turns := _timed(_of_items(_salvaged(text)), seconds):
                return bounded(turns, note or BROKEN)
            if _JSON.match(text):
                return Transcript(note=UNREADABLE)
    return bounded(_timed(_of_text(_whole_lines(text) if note else text), seconds), note)


def bounded(turns: tuple[Turn, ...], note: str | None = None) -> Transcript:
    """As many of the turns as are handed off."""
    notes = (note, TOO_MANY if len(turns) > MOST else None)
    return Transcript(turns[:MOST], "; ".join(filter(None, notes)) or None)


def turns_of(content: object, seconds: float) -> tuple[Turn, ...]:
    """The turns that decoded JSON has. Never raises."""
    if isinstance(content, Mapping):
        content = next((content[name] for name in _LISTS if content.get(name)), [content])
    if isinstance(content, str):
        return _timed(_of_text(content), seconds)
    return _timed(_of_items(content), seconds) if isinstance(content, list) else ()


def _decoded(body: bytes) -> str:
    """A character that is cut in two at the end is no reason to take the rest for another encoding."""
    if body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return body.decode("utf-16", errors="replace")
    body = body.removeprefix(b"\xef\xbb\xbf")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            return body[: error.start].decode()
        return body.decode("cp1252", errors="replace")


def _whole_lines(text: str) -> str:
    return text.rpartition("\n")[0] or text


def _salvaged(text: str) -> Iterator[object]:
    """The whole items of a list whose end is missing or damaged."""
    if (start := _ITEMS.search(text)) is None:
        return
    decoder, at = json.JSONDecoder(), start.end()
    while True:
        try:
            item, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        yield item
        if (between := _BETWEEN.match(text, end)) is None:
            return
        at = between.end()


def _of_items(items: Iterable[object]) -> Iterator[_Said]:
    for item in items:
        if isinstance(item, str):
            yield from _of_text(item)
        elif isinstance(item, Mapping):
            text, who = _first(item, _TEXT), _folded(_first(item, _ROLE))
            if isinstance(text, str) and (text := clean(text).strip()) and who not in _SILENT:
                yield _Said(ROLES.get(who, "user"), text, _first(item, _TIME))


def _first(item: Mapping[str, object], names: tuple[str, ...]) -> object:
    return next((item[name] for name in names if item.get(name) is not None), None)


def _folded(name: object) -> str:
    plain = unicodedata.normalize("NFKD", name.strip()) if isinstance(name, str) else ""
    return "".join(char for char in plain.casefold() if not unicodedata.combining(char))


def _of_text(text: str) -> Iterator[_Said]:
    """A line that names no speaker goes on with the turn before it."""
    current = _Said("user", "")
    lines: list[str] = []
    for line in clean(text).splitlines():
        found = _LINE.fullmatch(line)
        who = _folded(found["role"]) if found else ""
        if found and who in ROLES:
            yield from _said(current, lines)
            current = _Said(ROLES[who], "", found["stamp"] or found["clock"] or found["after"])
            lines = [found["text"]]
        else:
            lines.append(line)
    yield from _said(current, lines)


def _said(turn: _Said, lines: list[str]) -> Iterator[_Said]:
    if text := "\n".join(lines).strip():
        yield replace(turn, text=text)


def _timed(said: Iterable[_Said], seconds: float) -> tuple[Turn, ...]:
    """A turn without a time takes that of the turn before it.

    Small numbers are seconds where the recording is long enough for that: else they are milliseconds.
    """
    turns = [(turn, _number(turn.time)) for turn in said]
    small = [number for turn, number in turns if number is not None and _is_bare(turn.time, number)]
    unit = 1000.0 if small and max(small) <= seconds + _SLACK else 1.0
    timed: list[Turn] = []
    for turn, number in turns:
        at = timed[-1].timestamp if timed else 0
        if number is not None:
            at = round(number * unit) if _is_bare(turn.time, number) else _milliseconds(number)
        timed.append(Turn(turn.role, turn.text, at))
    return tuple(timed)


def _is_bare(time: object, number: float) -> bool:
    """Whether a number does not say what it counts."""
    return number < _EPOCH_SECONDS and not (isinstance(time, str) and ":" in time)


def _milliseconds(number: float) -> int:
    return round(number if number >= _EPOCH_MILLISECONDS else number * 1000)


def _number(time: object) -> float | None:
    """A time as a number, a clock's and a date's in seconds; None for what is no time."""
    if isinstance(time, str):
        found = _seconds(time.strip())
    elif isinstance(time, int | float) and not isinstance(time, bool):
        found = _float(time)
    else:
        return None
    return found if found is not None and math.isfinite(found) and 0 <= found < _LATEST else None


def _seconds(text: str) -> float | None:
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = clock.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))
    try:
        return float(text)
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _float(number: float) -> float | None:
    try:
        return float(number)
    except OverflowError:
        return None
