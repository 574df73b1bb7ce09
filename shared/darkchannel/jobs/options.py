"""What a person may ask of a job: one model, four places to say it, the later wins.

The places, in order: the environment of the splitter, ``_options.yaml`` beside the document,
the object's user metadata, and front matter in the document itself.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal, get_args
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from darkchannel.errors import Refused
from darkchannel.jobs.formats import FORMATS, WHOLE

Priority = Literal["low", "medium", "high", "urgent"]
Footnotes = Literal["skip", "end", "inline"]

ALIASES = {"provider": "engine"}
MAX_NAME = 200
YEAR = re.compile(r"(?<![0-9])[12][0-9]{3}(?![0-9])")
"""Within a date, however it is written."""

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MUST = {
    "voice": "must be a name",
    "language": "must be a language tag such as pt-BR",
    "engine": "must be auto or the name of an engine, in small letters, or several in their order, such as bark,espeak",
    "title": "must be one line of text",
    "author": "must be one line of text",
    "narrator": "must be one line of text",
    "series": "must be one line of text",
    "series_index": "must be a number such as 3 or 2.5",
    "year": "must be a year such as 1998, or a date with one",
    "genre": "must be one line of text",
    "description": "must be text",
    "cover": "must be the name of a picture in darkchannel-refs/covers/, such as farol.jpg",
    "pauses": "must be seconds from 0 to 10 of sentence, paragraph, scene or chapter, such as sentence=0.4, chapter=3",
    "priority": f"must be one of {', '.join(get_args(Priority))}",
    "formats": "must be formats with commas between them",
    "company_id": "must be a whole number above 0",
    "footnotes": f"must be one of {', '.join(get_args(Footnotes))}",
    "lexicon": "must be the name of a file in darkchannel-refs/lexicons/, such as termos or termos.pls",
    "voices": "must be speakers and their voices, such as Ana=pt-br+f3, Bento=pt-br+m3",
    "webhook_url": "must start with http:// or https://",
    "webhook_secret": "must be the name of a secret in WEBHOOK_SECRETS, such as crm, and never the secret itself",
}
_HEARERS = ("company_id", "webhook_url", "webhook_secret")
_UNREPEATED = {"webhook_url", "webhook_secret"}
"""Their values may be secrets, as may those of options that do not exist: a name is soon mistyped."""
_SECRET_NAME = re.compile(r"(?!whsec_)[\w-]{1,24}", re.IGNORECASE)
"""Shorter than a secret in hexadecimal digits or base64 that is worth the name."""


class Pauses(BaseModel):
    """Seconds of silence where no break of the author's says otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sentence: float = Field(0.5, ge=0, le=10, description="before a sentence")
    paragraph: float = Field(0.9, ge=0, le=10, description="before a paragraph")
    scene: float = Field(2.0, ge=0, le=10, description="between two scenes")
    chapter: float = Field(2.5, ge=0, le=10, description="before a chapter")

    def __str__(self) -> str:
        """As people write it."""
        return ", ".join(f"{kind}={seconds:g}" for kind, seconds in self)


_FORMATS = ", ".join(f"`{fmt}`" for fmt in FORMATS)


class Options(BaseModel):
    """The options of a job; unset ones are decided by the document or by the service."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, coerce_numbers_to_str=True)

    voice: str | None = Field(
        None, max_length=MAX_NAME, description="voice, as the engine names it; several: the first there is"
    )
    language: str = Field("pt-BR", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", description="BCP 47 tag")
    engine: str = Field(
        "auto",
        max_length=MAX_NAME,
        pattern=r"^[a-z0-9-]+(,[a-z0-9-]+)*$",
        description="speech engine; several in their order, such as `bark,espeak`; or the best at hand",
    )
    title: str | None = Field(None, max_length=500, description="title of the audiobook")
    author: str | None = Field(None, max_length=500, description="author of the audiobook")
    narrator: str | None = Field(None, max_length=500, description="who is named as its narrator")
    series: str | None = Field(None, max_length=500, description="series that it belongs to")
    series_index: str | None = Field(None, pattern=r"^[0-9]{1,4}(\.[0-9]{1,2})?$", description="its number there")
    year: str | None = Field(None, pattern=r"^[12][0-9]{3}$", description="when the book came out: a year, or a date")
    genre: str | None = Field(None, max_length=500, description="genre, or several with commas between them")
    description: str | None = Field(None, max_length=4_000, description="what it is about; may have several lines")
    cover: str | None = Field(
        None,
        max_length=MAX_NAME,
        pattern=r"^[\w-][\w .-]*$",
        description="its cover: a JPEG or PNG picture in `darkchannel-refs/covers/`, such as `farol.jpg`",
    )
    footnotes: Footnotes = Field(
        "skip", description="footnotes: not read, read after their chapter, or after the sentence that refers to them"
    )
    lexicon: str | None = Field(
        None,
        max_length=MAX_NAME,
        pattern=r"^[\w-][\w.-]*$",
        description="pronunciations besides those of the language: a file in `darkchannel-refs/lexicons/`",
    )
    voices: dict[str, str] = Field({}, description="voices by speaker: `Ana=pt-br+f3, Bento=pt-br+m3`")
    priority: Priority = Field("medium", description="how much of the job may be in flight at once")
    formats: tuple[str, ...] = Field(
        ("mp3",), description=f"what to make, with `m4b` too of an EPUB where nothing is said: {_FORMATS}"
    )
    pauses: Pauses = Field(
        Pauses(), description="seconds of silence before a sentence, a paragraph and a chapter, and between two scenes"
    )
    company_id: int | None = Field(None, gt=0, description="OmniPlay company that hears of the end")
    webhook_url: str | None = Field(
        None,
        max_length=2000,
        pattern=r"^https?://\S+$",
        description="address that is told of what becomes of the job",
    )
    webhook_secret: str | None = Field(
        None, description="name of the secret in `WEBHOOK_SECRETS` that signs what is sent there, such as `crm`"
    )

    @field_validator("*", mode="before")
    @classmethod
    def _without_controls(cls, value: object) -> object:
        """Control characters fall out as in documents: percent-encoding brings in any, and ffmpeg takes no NUL."""
        return _CONTROLS.sub("", value) if isinstance(value, str) else value

    @field_validator("formats", mode="before")
    @classmethod
    def _split_formats(cls, value: object) -> object:
        if isinstance(value, str):
            value = [part.strip().lower() for part in value.split(",") if part.strip()]
        return value

    @field_validator("engine", mode="before")
    @classmethod
    def _in_order(cls, value: object) -> object:
        """Each engine once, without spaces; YAML has a list of its own."""
        if isinstance(value, str):
            value = value.split(",")
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            return ",".join(dict.fromkeys(name.strip() for name in value))
        return value

    @field_validator("voices", "pauses", mode="before")
    @classmethod
    def _split_pairs(cls, value: object) -> object:
        """YAML has a mapping of its own; everywhere else it is a line."""
        if not isinstance(value, str):
            return value
        pairs = [part.partition("=") for part in re.split("[,;\n]", value) if part.strip()]
        found: dict[str, str] = {}
        for name, _, meant in pairs:
            if name.strip() in found:
                raise ValueError(f"{name.strip()} stands there twice")
            found[name.strip()] = meant.strip()
        return found

    @field_validator("year", mode="before")
    @classmethod
    def _year_of_date(cls, value: object) -> object:
        found = YEAR.search(value) if isinstance(value, str) else None
        return found[0] if found else value

    @field_validator("series_index", mode="before")
    @classmethod
    def _with_a_point(cls, value: object) -> object:
        """Half of the world writes 2,5."""
        return value.replace(",", ".") if isinstance(value, str) else value

    @field_validator("voices")
    @classmethod
    def _whole_voices(cls, value: dict[str, str]) -> dict[str, str]:
        for speaker, voice in value.items():
            if not (0 < len(speaker) <= MAX_NAME and 0 < len(voice) <= MAX_NAME):
                raise ValueError(_MUST["voices"])
        return value

    @field_validator("engine")
    @classmethod
    def _auto_alone(cls, value: str) -> str:
        if "auto" in value.split(",") and value != "auto":
            raise ValueError("auto stands alone: it has an order of its own")
        return value

    @field_validator("webhook_url")
    @classmethod
    def _without_credentials(cls, value: str | None) -> str | None:
        if value is not None and _has_credentials(value):
            raise ValueError("must hold no user and no password: webhook-secret names what signs")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _name_of_a_secret(cls, value: str | None) -> str | None:
        if value is not None and not _SECRET_NAME.fullmatch(value):
            raise ValueError(_MUST["webhook_secret"])
        return value

    @field_validator("formats")
    @classmethod
    def _makeable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Each format once; the whole book is always one of them."""
        if not value:
            raise ValueError(f"name at least one of {', '.join(FORMATS)}")
        unknown = [fmt for fmt in value if fmt not in FORMATS]
        if unknown:
            raise ValueError(f"{', '.join(unknown)} cannot be made; choose from {', '.join(FORMATS)}")
        if {"mp3", "mp3-vbr"} <= {*value}:
            raise ValueError("mp3 and mp3-vbr would be one file, audiobook.mp3: name one of them")
        return tuple(dict.fromkeys(value if {*WHOLE} & {*value} else ("mp3", *value)))


def _field(name: object) -> str:
    """The field a key means; YAML's keys may be anything."""
    name = str(name).strip().lower().replace("-", "_")
    return ALIASES.get(name, name)


def ours(layer: Mapping[str, Any]) -> dict[str, Any]:
    """Our options among the keys of a layer; the others are somebody else's."""
    return {field: value for name, value in layer.items() if (field := _field(name)) in Options.model_fields}


def from_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """Our options among an object's user metadata; values may be percent-encoded, since clients refuse accents.

    Keys that are not ours (rclone's ``mtime``, say) are left alone.
    """
    return {field: unquote(value) for field, value in ours(metadata).items()}


def resolve(*layers: Mapping[str, Any]) -> Options:
    """Merge layers, the later winning, into options.

    Raises Refused naming each wrong value. A layer may hold only our own names; see ``from_metadata``.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        merged |= {_field(name): value for name, value in layer.items() if value is not None}
    try:
        return Options.model_validate(merged)
    except ValidationError as error:
        raise Refused(f"wrong option: {'; '.join(map(_told, error.errors()))}") from error


def without_secrets(layer: Mapping[str, Any]) -> dict[str, Any]:
    """A layer as it may be kept: where a secret or a password may stand is what is refused for the same reason."""
    return {name: _withheld(_field(name), value) for name, value in layer.items()}


def metadata_without_secrets(metadata: Mapping[str, str]) -> dict[str, str]:
    """An object's user metadata as it may be copied: without what is refused because a secret may stand there."""
    said = {name: (_field(name), unquote(value)) for name, value in metadata.items()}
    return {
        name: metadata[name]
        for name, (field, value) in said.items()
        if field not in Options.model_fields or _withheld(field, value) == value
    }


def _withheld(field: str, value: Any) -> Any:
    if value is None:
        return None
    if field not in Options.model_fields:
        return "…"
    if field == "webhook_secret" and not _SECRET_NAME.fullmatch(str(value).strip()):
        return "…"
    if field == "webhook_url" and isinstance(value, str) and _has_credentials(value.strip()):
        return "https://…@…"
    return value


def _has_credentials(url: str) -> bool:
    try:
        return "@" in urlsplit(url).netloc
    except ValueError:  # no address at all, which whoever calls it will say
        return "@" in url


def _told(item: ErrorDetails) -> str:
    """What is wrong with one option, in words that know nothing of pydantic."""
    name, *inside = map(str, item["loc"])
    got = repr(item["input"])
    if name == "pauses" and inside:
        got = f"{inside[0]}={got}"
    match item["type"]:
        case "extra_forbidden" if not inside:
            says = f"there is no such option; choose from {', '.join(map(_spelt, Options.model_fields))}"
        case "value_error":
            says = str(item["ctx"]["error"])
        case "string_too_long":
            says = f"must have at most {item['ctx']['max_length']} characters"
        case _:
            says = _MUST[name]
    is_repeated = name in Options.model_fields and name not in _UNREPEATED
    return f"{_spelt(name)}: {says}" + (f" (got {got:.80})" if is_repeated else "")


def _spelt(field: str) -> str:
    return field.replace("_", "-")


def hearers(*layers: Mapping[str, Any]) -> Options:
    """Who is to hear of a job whose options may be wrong: OmniPlay's company and the webhook, as far as they are right.

    All other options have their defaults.
    """
    merged = {_field(name): value for layer in layers for name, value in layer.items() if value is not None}
    found: dict[str, Any] = {}
    for field in _HEARERS:
        try:
            found[field] = getattr(resolve({field: merged.get(field)}), field)
        except Refused:
            continue
    return Options(**found)
