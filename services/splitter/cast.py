"""Who speaks: the voices that a person gave to the speakers of a document."""

import re
from collections.abc import Iterable, Iterator, Mapping

from darkchannel.speech.ssml import Element, Node


class Cast:
    """Voices by speaker, whose names are read in capitals or small letters alike."""

    def __init__(self, voices: Mapping[str, str]) -> None:
        self._voices = {speaker.casefold(): voice for speaker, voice in voices.items()}
        speakers = "|".join(map(re.escape, sorted(voices, key=len, reverse=True)))
        self._line = re.compile(rf"(?:[—–-]\s*)?({speakers})\s*:\s+(?=\S)", re.IGNORECASE) if voices else None

    def line(self, text: str) -> tuple[str | None, str]:
        """The voice of a paragraph such as "Ana: Bom dia!" and the words to say; no voice where nobody is named."""
        found = self._line.match(text) if self._line else None
        return (self._voices[found[1].casefold()], text[found.end() :]) if found else (None, text)

    def given(self, nodes: Iterable[Node]) -> Iterator[Node]:
        """SSML with the voices of speakers in place of their names in ``<voice name="...">``."""
        for node in nodes:
            if isinstance(node, str):
                yield node
                continue
            attributes = node.attributes
            if node.name == "voice" and (voice := self._voices.get(attributes.get("name", "").casefold())):
                attributes = {**attributes, "name": voice}
            yield Element(node.name, attributes, tuple(self.given(node.children)))
