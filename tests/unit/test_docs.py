"""The documents say what the code does: their tables are the code's, their commands exist.

``python -m tests.unit.test_docs`` writes the tables anew.
"""

import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import pytest
import yaml
from typer.main import get_command

from darkchannel import pipeline
from darkchannel.cli.app import app
from darkchannel.cli.exits import MEANINGS
from darkchannel.jobs.options import Options, Pauses
from darkchannel.jobs.window import WEIGHTS
from darkchannel.pipeline import Grant

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])

Row = tuple[str, ...]


def stages() -> Iterator[Row]:
    yield ("stage", "service", "called by", "does", "reads", "writes", "deletes")
    for stage in pipeline.STAGES:
        called_by = f"`{stage.bucket}/{stage.prefix}*{stage.suffix}`"
        yield (stage.name, stage.service, called_by, stage.does, *_granted(stage.grants))


def reconciler() -> Iterator[Row]:
    yield ("service", "reads", "writes", "deletes")
    yield (pipeline.RECONCILER, *_granted(pipeline.RECONCILER_GRANTS))


def window() -> Iterator[Row]:
    yield ("priority", "segments in flight")
    for priority, width in WEIGHTS.items():
        yield (priority, str(width))


def options() -> Iterator[Row]:
    yield ("option", "default", "values", "meaning")
    for name, field in Options.model_fields.items():
        default = field.default
        shown = f"`{','.join(default) if isinstance(default, tuple) else default}`" if default else ""
        yield (f"`{name.replace('_', '-')}`", shown, _kind(field.annotation), field.description or "")


def exits() -> Iterator[Row]:
    yield ("code", "meaning")
    for code, meaning in MEANINGS.items():
        yield (str(code.value), meaning)


TABLES = {
    "architecture.md": {"stages": stages, "reconciler": reconciler, "window": window},
    "options.md": {"options": options},
    "operations.md": {"exits": exits},
}


def _granted(grants: Iterable[Grant]) -> Row:
    """What may be read, written and deleted, the buckets' common prefix left out."""

    def names(letter: str) -> str:
        found = (f"`{grant.bucket.removeprefix('darkchannel-')}/{grant.pattern}`" for grant in grants)
        return " ".join(name for name, grant in zip(found, grants, strict=True) if letter in grant.actions)

    grants = tuple(grants)
    return names("r"), names("w"), names("d")


def _kind(annotation: Any) -> str:
    if get_origin(annotation) in (Union, UnionType):
        return _kind(next(part for part in get_args(annotation) if part is not type(None)))
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    kinds = {str: "text", int: "number", dict[str, str]: "names and voices", Pauses: "kinds and seconds"}
    return kinds.get(annotation, "list")


def _drawn(rows: Iterable[Row]) -> str:
    head, *body = rows
    lines = [head, ("---",) * len(head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines).replace("|  |", "| |")


def _between(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", re.DOTALL)


@pytest.mark.parametrize(("document", "name"), [(doc, name) for doc, names in TABLES.items() for name in names])
def test_a_table_in_the_documents_equals_the_code(document: str, name: str) -> None:
    found = _between(name).search((ROOT / "docs" / document).read_text(encoding="utf-8"))
    assert found, f"docs/{document} has lost its table {name}"
    assert found[0] == _drawn(TABLES[document][name]()), "run python -m tests.unit.test_docs"


def _commands(document: Path) -> list[list[str]]:
    """Every line of a shell block, and every ``code`` in running text, split as a shell would."""
    text = document.read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()] + re.findall(r"`([^`\n]+)`", prose)
    runnable = [line for line in lines if re.match(r" *(darkchannel|make|docker compose) ", line)]
    return [shlex.split(line, comments=True) for line in runnable]


def _inside(words: list[str]) -> list[str]:
    """The command that one runs in a container."""
    return words[4:] if words[:3] == ["docker", "compose", "exec"] else []


def _all_commands(program: str) -> list[Any]:
    found = [
        (document.name, words)
        for document in DOCUMENTS
        for said in _commands(document)
        for words in (said, _inside(said))
        if words and words[0] == program
    ]
    return [pytest.param(words, id=f"{name}: {' '.join(words)}") for name, words in found]


@pytest.mark.parametrize("words", _all_commands("darkchannel"))
def test_a_darkchannel_command_in_the_documents_exists_with_its_options(words: list[str]) -> None:
    group: Any = get_command(app)
    context = group.make_context("darkchannel", words[1:2], resilient_parsing=True)
    if words[1].startswith("-"):
        assert words[1] in group.get_help_option(context).opts + [o for p in group.params for o in p.opts]
        return
    command, rest = group.commands.get(words[1]), words[2:]
    while rest and not rest[0].startswith("-") and getattr(command, "commands", None):
        command, rest = command.commands.get(rest[0]), rest[1:]
    assert command, "there is no such command"
    if rest:  # else the command is only spoken of
        command.make_context(command.name, rest, parent=context)


@pytest.mark.parametrize("words", _all_commands("make"))
def test_a_make_target_in_the_documents_exists(words: list[str]) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert words[1] in targets


@pytest.mark.parametrize("words", _all_commands("docker"))
def test_a_compose_command_in_the_documents_names_services_that_exist(words: list[str]) -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert words[2] in {"up", "ps", "logs", "run", "stop", "down", "exec"}
    own = words[: len(words) - len(_inside(words))]
    named = [word.partition("=")[0] for word in own[3:] if not word.startswith("-")]
    assert set(named) <= set(services)


def test_a_test_that_the_documents_name_exists() -> None:
    named = {name for document in DOCUMENTS for name in re.findall(r"`([\w/]+\.py)::(test_\w+)`", document.read_text())}
    assert named
    gone = [
        f"{file}::{test}"
        for file, test in sorted(named)
        if not (ROOT / "tests" / file).is_file() or f"def {test}(" not in (ROOT / "tests" / file).read_text()
    ]
    assert gone == []


def test_a_link_between_the_documents_leads_somewhere() -> None:
    broken = [
        f"{document.name}: {target}"
        for document in DOCUMENTS
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]
    assert not broken


if __name__ == "__main__":
    for document, tables in TABLES.items():
        path = ROOT / "docs" / document
        text = path.read_text(encoding="utf-8")
        for name, rows in tables.items():
            drawn = _drawn(rows())
            text = _between(name).sub(lambda _, drawn=drawn: drawn, text)
        path.write_text(text, encoding="utf-8")
