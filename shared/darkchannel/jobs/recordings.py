"""Recordings of calls: what the names of their objects say."""

import re
from dataclasses import dataclass

EXTENSIONS = ("mp3", "wav", "ogg", "webm")
TRANSCRIPTS = ("json", "txt")
"""Of two the first counts."""

_DATE = r"(?P<date>[0-9]{4}/[0-9]{2}/[0-9]{2})"
_CALL = r"(?P<call>[^/]{1,200})"
_COMPANY = r"company_(?P<company>[1-9][0-9]{0,9})"
_FOLDER = re.compile(_COMPANY)
_RECORDING = re.compile(rf"{_COMPANY}/voice/{_DATE}/{_CALL}\.(?P<ext>{'|'.join(EXTENSIONS)})")
_BESIDE = re.compile(
    rf"{_COMPANY}/(?:transcripts/{_DATE}/{_CALL}\.(?:{'|'.join(TRANSCRIPTS)})"
    rf"|voice/{_DATE.replace('date', 'day')}/{_CALL.replace('call', 'name')}\.handoff\.json)"
)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a company, on the day its objects are filed under."""

    company: int
    date: str
    """``YYYY/MM/DD``."""
    call: str
    """Its UUID, as the uploader names the objects."""

    def recording(self, ext: str) -> str:
        return f"{self._folder('voice')}{self.call}.{ext}"

    def transcript(self, ext: str) -> str:
        return f"{self._folder('transcripts')}{self.call}.{ext}"

    @property
    def details(self) -> str:
        """What else is known of the call: fields of the handoff, beside the recording."""
        return f"{self._folder('voice')}{self.call}.handoff.json"

    def _folder(self, kind: str) -> str:
        return f"company_{self.company}/{kind}/{self.date}/"


@dataclass(frozen=True, slots=True)
class Recording:
    call: Call
    ext: str

    @property
    def key(self) -> str:
        return self.call.recording(self.ext)


def parse_recording(key: str) -> Recording | None:
    found = _RECORDING.fullmatch(key)
    return Recording(Call(int(found["company"]), found["date"], found["call"]), found["ext"]) if found else None


def parse_beside(key: str) -> Call | None:
    """The call whose transcript or details a key names."""
    found = _BESIDE.fullmatch(key)
    if found is None:
        return None
    return Call(int(found["company"]), found["date"] or found["day"], found["call"] or found["name"])


def folder(company: int, date: str) -> str:
    """The prefix of a company's recordings of one day."""
    return f"company_{company}/voice/{date}/"


def parse_company(name: str) -> int | None:
    """The company whose folder has this name."""
    found = _FOLDER.fullmatch(name)
    return int(found["company"]) if found else None


def folders(company: int) -> str:
    """The prefix of all of a company's recordings; below it they are sorted by day."""
    return f"company_{company}/voice/"
