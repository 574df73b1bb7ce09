"""Options that a person wrote as YAML: in a document's front matter or in a folder's ``_options.yaml``."""

from collections.abc import Mapping
from datetime import date

import yaml

from darkchannel.errors import Refused
from darkchannel.jobs.options import ours

Value = str | int | float | bool | dict[str, str] | None

ELSE = "…"
"""In place of a value that no option can have: the name alone decides what becomes of it."""


def read(source: str, place: str, *, first_line: int = 1) -> Mapping[str, Value]:
    """Read lines of ``option: value``; several authors become one line, and a date its digits.

    ``place`` says in errors where ``source`` stands, ``first_line`` on which line it begins there.
    Raises Refused where it is broken.
    """
    try:
        found = yaml.safe_load(source)
        if found is None:
            return {}
        if isinstance(found, dict):
            return {str(name): _plain(place, str(name), value) for name, value in found.items()}
    except yaml.MarkedYAMLError as error:
        at = f" at line {error.problem_mark.line + first_line}" if error.problem_mark else ""
        raise Refused(f"{place} is broken{at}: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # also dates and numbers that cannot be
        raise Refused(_broken(place)) from error
    raise Refused(_broken(place))


def _broken(place: str) -> str:
    return f"{place} is broken: write it as lines of `option: value`"


def _plain(place: str, name: str, value: object) -> Value:
    """What can be kept with the job and shown to people; YAML's aliases nest to any size, and round in circles."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = ", ".join(value)
    if isinstance(value, dict) and all(isinstance(item, str | int | float) for pair in value.items() for item in pair):
        return {_encodable(str(key)): _encodable(str(item)) for key, item in value.items()}
    if isinstance(value, date):
        value = str(value)
    if isinstance(value, str):
        return _encodable(value)
    if value is None or isinstance(value, bool | int | float):
        str(value)  # raises ValueError for thousands of digits
        return value
    if ours({name: value}):
        raise Refused(
            f"{place} is broken: {name} must be one value, a list of words, or names with a word or number each"
        )
    return ELSE


def _encodable(value: str) -> str:
    """Raises ValueError for half a character."""
    value.encode()
    return value
