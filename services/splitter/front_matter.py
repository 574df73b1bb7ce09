"""YAML between ``---`` lines at the very start of a text."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from darkchannel.errors import Refused

MAX_CHARACTERS = 16_384

# A first line that names a key: prose between two rules is no front matter.
_START = re.compile(r"---[ \t]*\n(?:[ \t]*(?:#[^\n]*)?\n)*[A-Za-z][\w-]*[ \t]*:(?:[ \t]|\n)")
_END = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)


def split(text: str) -> tuple[Mapping[str, Any], str]:
    """Take the front matter off a text with ``\\n`` line ends.

    Raises Refused for front matter that is broken or has no end.
    """
    if not _START.match(text):
        return {}, text
    start = text.index("\n") + 1
    end = _END.search(text, start, start + MAX_CHARACTERS)
    if not end:
        raise Refused(f"the front matter has no closing --- within {MAX_CHARACTERS} characters: add it")
    return _load(text[start : end.start()]), text[end.end() :]


def _load(source: str) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(source)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 2 if mark else 1
        raise Refused(f"the front matter is broken at line {line}: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Refused("the front matter is broken: write it as lines of `key: value`") from error
    if not isinstance(found, dict):
        raise Refused("the front matter is broken: write it as lines of `key: value`")
    return {name: _joined(value) for name, value in found.items() if isinstance(name, str)}


def _joined(value: object) -> object:
    """Several authors as one line; other lists as they are."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return value
