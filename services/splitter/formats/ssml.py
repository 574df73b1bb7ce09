"""SSML documents: their author decided how they are spoken, so their markup is kept."""

from darkchannel.speech.parse import parse
from services.splitter.formats.draft import Draft, DraftChapter


def read(body: bytes) -> Draft:
    """Read one ``speak`` document as one chapter. Raises Refused as ``parse`` does."""
    speak = parse(body)
    return Draft((DraftChapter(None, speak.children),), language=speak.attributes.get("xml:lang"))
