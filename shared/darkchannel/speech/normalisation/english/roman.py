"""Roman numbers, which only what stands around them tells from words: Chapter XII, Henry VIII, but I, MIX and CD."""

import re

from darkchannel.speech.normalisation.english.numerals import SPACE, TO
from darkchannel.speech.normalisation.numbers import cardinal, ordinal, roman
from darkchannel.speech.normalisation.rules import Rules

_REGNAL = frozenset(
    """
    Henry Edward George William Richard James Charles John Mary Elizabeth Anne Victoria Matilda Stephen Louis
    Francis Philip Carlos Alfonso Ferdinand Isabella Juan Peter Catherine Ivan Nicholas Alexander Paul Napoleon
    Frederick Wilhelm Joseph Leopold Maximilian Otto Rudolf Albert Baldwin Robert David Malcolm Kenneth Constantine
    Justinian Theodosius Gregory Innocent Clement Benedict Pius Leo Urban Boniface Sixtus Julius Adrian Eugene
    Callixtus Celestine Honorius Martin Alexios Basil Michael Manuel Ramesses Ramses Rameses Thutmose Amenhotep Seti
    Ptolemy Cleopatra Darius Xerxes Cyrus Artaxerxes Mehmed Murad Suleiman Selim Abdul Christian Gustav Gustavus
    Haakon Harald Olaf Olav Magnus Eric Margaret Margrethe Sigismund Casimir Stanislaus Vladimir Boris Simeon Carol
    Ferdinando Umberto Emmanuel Pedro João Afonso Manoel Sancho Maria Beatrix Willem Wilhelmina Juliana Edmund
    Harold Edgar Egbert Humbert Amadeus Cosimo Lothair Conrad Ladislaus Bela Stephan Theodore Antiochus Seleucus
    Philippe Henri Jean Karl Friedrich Cristina Abdullah Hussein Farouk Hassan Mohammed Rama Akbar
""".split()
)
"""Names that kings, queens and popes have had: a Roman number after one of these is an ordinal."""
_RULERS = frozenset(
    """
    King Queen Pope Emperor Empress Tsar Czar Kaiser Sultan Pharaoh Prince Princess Duke Shah Antipope Patriarch
    Saint
""".split()
)
_NUMBERED = frozenset(
    """
    Chapter Part Volume Vol Book Act Scene Canto Section Article Appendix Title Phase Stage Type Class Level Grade
    Episode Season Round Bowl War Plate Figure Fig Table Number Mark Mk Unit Lesson Exercise Verse Psalm Sonnet
    Symphony Opus Theorem Lemma Apollo Gemini Saturn Olympiad Vatican Quadrant Division Schedule Annex Module Step
    Group Column Page Paragraph Clause Chap Ch Tome Fragment Letter Movement
""".split()
)
"""Words that a Roman number counts."""
_AROUND = 60
"""Characters looked at before and after."""
_OTHER_WORDS = frozenset({"C", "D", "L", "M", "CC", "CD", "CM", "CV", "DC", "DI", "MC", "MD", "MM", "MIX", "XL"})
_NO_NAMES = frozenset({("Malcolm", "X")})

_CAPITALS = re.compile(r"(?<![\w.'’-])[IVXLCDM]{1,15}(?![\w])(?!\.\w)(?!['’](?!s\b))")
_SMALL = re.compile(
    rf"(?<!\w)((?i:chapter|page|scene|act|canto|book|volume|part|section|verse)s?{SPACE})"
    rf"([ivxlc]{{2,15}}|[vx]|i(?!{SPACE}[a-z]))(?:{TO}([ivxlc]{{1,15}}))?(?![\w'’])"
)
_BEFORE = re.compile(
    rf"(?:([^\W\d_][\w’'-]*){SPACE})?([^\W\d_][\w’'-]*)(\.?){SPACE}"
    rf"(?:[IVXL]{{1,15}}(?:{SPACE}?[-–,&]{SPACE}?|{SPACE}(?:and|to|or|through){SPACE}))?\Z"
)
_GOES_ON = re.compile(rf"{SPACE}(?!(?:of|and|to|through|or|is|was)\b)[a-z]|-|–")
_WORD_AFTER = re.compile(rf"{SPACE}[A-Za-z0-9]")
_HEADING = re.compile(r"\s{0,9}[IVX]{2,15}\.?\s{0,9}")


def _number(found: re.Match[str]) -> str | None:
    letters = found[0]
    value = roman(letters)
    if value is None or letters in _OTHER_WORDS:
        return None
    before = _BEFORE.search(found.string[max(0, found.start() - _AROUND) : found.start()])
    after = found.string[found.end() : found.end() + _AROUND]
    is_place = None
    if before:
        is_place = _is_place(letters, before, after)
    elif _HEADING.fullmatch(found.string):
        is_place = False
    if is_place is None:
        return None
    if not is_place:
        return cardinal(str(value), "en")
    the = "" if before and before[2].lower() == "the" else "the "
    return the + ordinal(str(value), "en")


def _is_place(letters: str, before: re.Match[str], after: str) -> bool | None:
    """Whether it says which one in a row: True for Henry VIII, False for Chapter VIII, None for what is no number."""
    earlier, word, stop = before.groups()
    may_be_word = letters == "I" and (earlier, word) != ("World", "War") and _GOES_ON.match(after)
    counted = {word.capitalize(), word.capitalize().removesuffix("s")} & _NUMBERED
    if counted:
        is_name = letters == "I" and (word[0].islower() or may_be_word)
        return None if is_name else False
    if stop or not set(letters) <= set("IVX") or (word, letters) in _NO_NAMES:
        return None
    if word[0].isupper() and (earlier in _RULERS or (word in _REGNAL and not may_be_word)):
        return True
    if len(letters) > 1 and word.lower() == "the":
        return True if _WORD_AFTER.match(after) else None
    return earlier in _REGNAL if len(letters) > 1 and word[0].isupper() else None


def _small(found: re.Match[str]) -> str | None:
    values = [roman(letters.upper()) for letters in found.groups()[1:] if letters]
    if None in values:
        return None
    return found[1] + " to ".join(cardinal(str(value), "en") for value in values)


RULES: Rules = ((_CAPITALS, _number), (_SMALL, _small))
