"""YAML between ``---`` lines at the very start of a text."""

import re
from collections.abc import Mapping

from darkchannel.errors import Refused
from services.splitter import yaml_options

MAX_CHARACTERS = 16_384

# A first line that names a key: prose between two rules is no front matter.
_START = re.compile(r"---[ \t]*\n(?:[ \t]*(?:#[^\n]*)?\n)*[A-Za-z][\w-]*[ \t]*:(?:[ \t]|\n)")
_END = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)


def split(text: str) -> tuple[Mapping[str, yaml_options.Value], str]:
    """Take the front matter off a text with ``\\n`` line ends.

    Raises Refused for front matter that is broken or has no end.
    """
    if not _START.match(text):
        return {}, text
    start = text.index("\n") + 1
    end = _END.search(text, start, start + MAX_CHARACTERS)
    if not end:
        raise Refused(f"the front matter has no closing --- within {MAX_CHARACTERS} characters: add it")
    said = yaml_options.read(text[start : end.start()], "the front matter", first_line=2)
    return said, text[end.end() :]
