"""Abbreviations, some of which only what stands around them tells apart: St. Mary's, Mill St."""

import re

from darkchannel.speech.normalisation.english.numerals import SPACE
from darkchannel.speech.normalisation.rules import Rules, either, table

TITLES = table("""
    Mr=Mister; Mrs=Missus; Ms=Miz; Dr=Doctor; Drs=Doctors; Prof=Professor; Rev=Reverend; Fr=Father; Hon=Honorable;
    Gen=General; Col=Colonel; Maj=Major; Capt|Cpt=Captain; Cmdr=Commander; Lt=Lieutenant; Sgt=Sergeant; Cpl=Corporal;
    Pvt=Private; Adm=Admiral; Gov=Governor; Sen=Senator; Rep=Representative; Pres=President; Supt=Superintendent;
    Mt=Mount; Ft=Fort
""")
"""Before a name."""
NUMBERED = table("""
    No|no=number; Nos|nos=numbers; p=page; pp=pages; vol|Vol=volume; vols|Vols=volumes; ch|Ch|chap|Chap=chapter;
    chs|Chs=chapters; fig|Fig=figure; figs|Figs=figures; sec|Sec|sect|Sect=section; art|Art=article; eq|Eq=equation;
    ex|Ex=example; vv=verses; ed|Ed=edition; ca|c=circa; approx|Approx=approximately; Ave=avenue; Apt|apt=apartment;
    Rm|rm=room; Ste=suite; ext|Ext=extension; Hwy=highway; Rte=route; Flt=flight
""")
"""Before a number."""
AFTER_NAMES = table("""
    Jr=Junior; Sr=Senior; Inc=Incorporated; Ltd=Limited; Corp=Corporation; Co=Company; Bros=Brothers; Ave=Avenue;
    Blvd=Boulevard; Rd=Road; Ln=Lane; Sq=Square; Hwy=Highway; Pkwy=Parkway; St=Street; Dr=Drive; Univ=University
""")
PLAIN = table("""
    etc=et cetera; vs=versus; approx=approximately; dept|Dept=department; govt|Govt=government; assn|Assn=association;
    est|Est=established; misc=miscellaneous; max=maximum; tel|Tel=telephone; viz=namely; cf|Cf=compare;
    ibid|Ibid=ibidem; al=al; Jan=January; Feb=February; Aug=August; Sept=September; Nov=November; Dec=December;
    Mon=Monday; Tues|Tue=Tuesday; Wed=Wednesday; Thurs|Thur|Thu=Thursday; Fri=Friday
""")
_NUMBER_SIGNS = table("№|#|Nº|nº|N°|n°=number; §=section; §§=sections; ¶=paragraph")

_AROUND = 60
"""Characters looked at before and after."""

_LATIN = re.compile(r"(?<![\w.])(e\.\s?g|i\.\s?e|a\.k\.a|n\.b)\.(?!\w)", re.IGNORECASE)
_LATIN_WORDS = {"eg": "for example", "ie": "that is", "aka": "also known as", "nb": "note well"}
_SLASHED = re.compile(r"(?<![\w/])(w/o|w/|c/o|n/a)(?![/])", re.IGNORECASE)
_SLASHED_WORDS = {"w/o": "without ", "w/": "with ", "c/o": "care of ", "n/a": "not applicable "}
_NUMBERED_BY = re.compile(rf"(?<![\w.])({either(NUMBERED)})\.{SPACE}?(?=\d|(?!I\b)[IVXLC]+\b)")
_NUMBER_SIGN = re.compile(rf"(?<![\w#])({either(_NUMBER_SIGNS)}){SPACE}?(?=\d)")
_SAINT = re.compile(rf"(?<![\w.])(Sts?)(?:\.|(?={SPACE}[A-Z]))")
_ANY_TITLES = TITLES | {key.upper(): word.upper() for key, word in TITLES.items()}
_TITLE = re.compile(
    rf"(?<![\w.])(?:({either(_ANY_TITLES)})\.(?={SPACE}{{0,3}}(?:[^\W\d_]|\Z))|(Mrs?|Ms|Dr|Prof)(?={SPACE}[A-Z]))"
)
_NAMED = re.compile(rf"(?<![\w.])({either(AFTER_NAMES)})\.(?!\w)")
_PLAIN = re.compile(rf"(?<![\w.])({either(PLAIN)})\.(?!\w)|(?<![\w.'’-])vs(?![\w.])")
_NAME_BEFORE = re.compile(rf"([A-Z][\w’'-]*|\d+(?:st|nd|rd|th))[.,]?{SPACE}+\Z")
_STREET_BEFORE = re.compile(rf"(?:\d|\b(?:on|along|down|off|up|to|from|of|near|at)){SPACE}(?:[A-Z]\w*{SPACE})*\Z")
_SENTENCE_ENDS = re.compile(rf"[\"'”’)\]]*(?:{SPACE}*\Z|{SPACE}+[\"'“‘(\[]?[A-Z])")


def _latin(found: re.Match[str]) -> str | None:
    return _LATIN_WORDS.get(re.sub(r"\W", "", found[1].lower()))


def _slashed(found: re.Match[str]) -> str:
    after = found.string[found.end() : found.end() + 1]
    words = _SLASHED_WORDS[found[1].lower()]
    return words if after.isalnum() else words.rstrip()


def _numbered_by(found: re.Match[str]) -> str:
    word = NUMBERED[found[1]]
    return f"{word.capitalize() if found[1][0].isupper() else word} "


def _title(found: re.Match[str]) -> str:
    """``Dr.`` is a street's where a name stands before it and none after."""
    if found[0] == "Dr." and _is_street(found):
        return "Drive" + _stop(found)
    return _ANY_TITLES[found[1] or found[2]]


def _saint(found: re.Match[str]) -> str | None:
    if found[1] == "Sts":
        return "Saints"
    if found[0] == "St." and _is_street(found):
        return "Street" + _stop(found)
    return "Saint" if re.match(rf"{SPACE}?[A-Z]", _after(found)) else None


def _is_street(found: re.Match[str]) -> bool:
    before = _before(found)
    name = _NAME_BEFORE.search(before)
    if not name or name[1] in {"The", "In", "On", "At", "And", "But", "For", "From", "To", "By", "With", "When"}:
        return False
    return not re.match(rf"{SPACE}?[A-Z]", _after(found)) or bool(_STREET_BEFORE.search(before))


def _named(found: re.Match[str]) -> str | None:
    if not _NAME_BEFORE.search(_before(found)):
        return None
    return AFTER_NAMES[found[1]] + _stop(found)


def _plain(found: re.Match[str]) -> str:
    return PLAIN[found[1] or "vs"] + (_stop(found) if found[1] and found[1] != "vs" else "")


def _stop(found: re.Match[str]) -> str:
    """The full stop where it also ends the sentence."""
    return "." if found[0].endswith(".") and _SENTENCE_ENDS.match(_after(found)) else ""


def _before(found: re.Match[str]) -> str:
    return found.string[max(0, found.start() - _AROUND) : found.start()]


def _after(found: re.Match[str]) -> str:
    return found.string[found.end() : found.end() + _AROUND]


def _number_sign(found: re.Match[str]) -> str:
    return f"{_NUMBER_SIGNS[found[1]]} "


LATIN: Rules = ((_LATIN, _latin),)
SLASHED: Rules = ((_SLASHED, _slashed),)
BEFORE_NUMBERS: Rules = ((_NUMBERED_BY, _numbered_by), (_NUMBER_SIGN, _number_sign))
BEFORE_NAMES: Rules = ((_SAINT, _saint), (_TITLE, _title))
RULES: Rules = ((_NAMED, _named), (_PLAIN, _plain))
