"""Measures: 80 km/h, 25 °C, 10 m², 32", 10%."""

import re
from typing import NamedTuple

from darkchannel.speech.normalisation.numbers import Gender, cardinal
from darkchannel.speech.normalisation.portuguese.gender import LABELS
from darkchannel.speech.normalisation.portuguese.numerals import NUMBER, START, is_one, read
from darkchannel.speech.normalisation.rules import Rules, either, word_before


class Unit(NamedTuple):
    one: str
    many: str
    gender: Gender = "m"


def _plural(word: str, gender: Gender = "m") -> Unit:
    return Unit(word, f"{word}s", gender)


UNITS = {
    "km": _plural("quilômetro"),
    "hab": _plural("habitante"),
    "mmHg": Unit("milímetro de mercúrio", "milímetros de mercúrio"),
    "hm": _plural("hectômetro"),
    "m": _plural("metro"),
    "dm": _plural("decímetro"),
    "cm": _plural("centímetro"),
    "mm": _plural("milímetro"),
    "µm": _plural("micrômetro"),
    "nm": _plural("nanômetro"),
    "kg": _plural("quilo"),
    "g": _plural("grama"),
    "mg": _plural("miligrama"),
    "µg": _plural("micrograma"),
    "mcg": _plural("micrograma"),
    "t": _plural("tonelada", "f"),
    "ton": _plural("tonelada", "f"),
    "lb": _plural("libra", "f"),
    "lbs": _plural("libra", "f"),
    "oz": _plural("onça", "f"),
    "l": _plural("litro"),
    "L": _plural("litro"),
    "dl": _plural("decilitro"),
    "dL": _plural("decilitro"),
    "cl": _plural("centilitro"),
    "ml": _plural("mililitro"),
    "mL": _plural("mililitro"),
    "h": _plural("hora", "f"),
    "hs": _plural("hora", "f"),
    "hrs": _plural("hora", "f"),
    "min": _plural("minuto"),
    "s": _plural("segundo"),
    "seg": _plural("segundo"),
    "ms": _plural("milissegundo"),
    "doz": _plural("dúzia", "f"),
    "dz": _plural("dúzia", "f"),
    "cx": _plural("caixa", "f"),
    "pct": _plural("pacote"),
    "un": _plural("unidade", "f"),
    "unid": _plural("unidade", "f"),
    "xíc": _plural("xícara", "f"),
    "col": Unit("colher", "colheres", "f"),
    "pol": _plural("polegada", "f"),
    "ha": _plural("hectare"),
    "W": _plural("watt"),
    "kW": _plural("quilowatt"),
    "MW": _plural("megawatt"),
    "GW": _plural("gigawatt"),
    "Wh": Unit("watt-hora", "watts-hora"),
    "kWh": Unit("quilowatt-hora", "quilowatts-hora"),
    "MWh": Unit("megawatt-hora", "megawatts-hora"),
    "V": _plural("volt"),
    "kV": _plural("quilovolt"),
    "mV": _plural("milivolt"),
    "A": Unit("ampere", "amperes"),
    "mA": Unit("miliampere", "miliamperes"),
    "mAh": Unit("miliampere-hora", "miliamperes-hora"),
    "Ω": Unit("ohm", "ohms"),
    "kJ": _plural("quilojoule"),
    "Pa": Unit("pascal", "pascals"),
    "hPa": Unit("hectopascal", "hectopascals"),
    "kPa": Unit("quilopascal", "quilopascals"),
    "atm": _plural("atmosfera", "f"),
    "cal": _plural("caloria", "f"),
    "kcal": _plural("quilocaloria", "f"),
    "Hz": Unit("hertz", "hertz"),
    "kHz": Unit("quilohertz", "quilohertz"),
    "MHz": Unit("megahertz", "megahertz"),
    "GHz": Unit("gigahertz", "gigahertz"),
    "dB": Unit("decibel", "decibéis"),
    "kB": _plural("quilobyte"),
    "KB": _plural("quilobyte"),
    "MB": _plural("megabyte"),
    "GB": _plural("gigabyte"),
    "TB": _plural("terabyte"),
    "kbps": Unit("quilobit por segundo", "quilobits por segundo"),
    "Mbps": Unit("megabit por segundo", "megabits por segundo"),
    "Gbps": Unit("gigabit por segundo", "gigabits por segundo"),
    "hp": Unit("H P", "H P"),
    "cv": Unit("cavalo", "cavalos"),
    "rpm": Unit("rotação por minuto", "rotações por minuto", "f"),
    "bpm": Unit("batimento por minuto", "batimentos por minuto"),
    "px": Unit("pixel", "pixels"),
    "dpi": Unit("ponto por polegada", "pontos por polegada"),
    "°C": Unit("grau Celsius", "graus Celsius"),
    "ºC": Unit("grau Celsius", "graus Celsius"),
    "℃": Unit("grau Celsius", "graus Celsius"),
    "° C": Unit("grau Celsius", "graus Celsius"),
    "º C": Unit("grau Celsius", "graus Celsius"),
    "° F": Unit("grau Fahrenheit", "graus Fahrenheit"),
    "°F": Unit("grau Fahrenheit", "graus Fahrenheit"),
    "ºF": Unit("grau Fahrenheit", "graus Fahrenheit"),
    "%": Unit("por cento", "por cento"),
    "‰": Unit("por mil", "por mil"),
    "p.p": Unit("ponto percentual", "pontos percentuais"),
    "″": _plural("polegada", "f"),
}
_POWERS = {"²": "quadrado", "2": "quadrado", "³": "cúbico", "3": "cúbico"}
_RAISED = {"": "", "²": " ao quadrado", "2": " ao quadrado", "³": " ao cubo", "3": " ao cubo"}
_SQUARED = "km hm m dm cm mm".split()
_PER = {
    unit: UNITS[unit].one for unit in ("h", "s", "min", "m", "km", "kg", "l", "L", "ml", "mL", "dL", "cm", "ha", "g")
} | {
    "dia": "dia",
    "mês": "mês",
    "ano": "ano",
    "pessoa": "pessoa",
    "un": "unidade",
}
_SYMBOLS = either(UNITS)
_POWER = rf"(?:(?:{'|'.join(_SQUARED)})[²³]|k?m[23])"
_DIVISORS = either(_PER)
_GOES_ON = r"\s(?:(?:d[aeo]s?|e|ou|a|ao|à|até|por|para|com|sem|em|n[ao]s?|antes|depois|após|mais|cada|que)\s|\()"
ONE = rf"({_POWER}|{_SYMBOLS})(?![^\W_]|[²³/°])"
"""A pattern with the symbol as its group."""
UNIT = rf"({_POWER}|{_SYMBOLS})(?:\.?/({_DIVISORS})([²³23]?))?(?![^\W_]|[²³/°])(?:\.(?={_GOES_ON}))?"
"""A pattern with the groups that ``of_symbol`` takes; its full stop is taken too where it ends no sentence."""
_PAIR = rf"(?:({NUMBER})(\s?(?:a|à|e|ou|até|[x×])\s?))?"
_SCALES = {"mil": "mil", "milhão": "milhão de", "milhões": "milhões de", "bilhão": "bilhão de", "bilhões": "bilhões de"}
_MEASURE = re.compile(rf"{START}{_PAIR}(?<![\d])({NUMBER})(?:\s({'|'.join(_SCALES)})(?:\sde)?\s|\s{{0,2}}){UNIT}")
_BETWEEN = re.compile(rf"(?<=\d)(\s?(?:{_POWER}|{_SYMBOLS}))\s?([-–x×])\s?(?={NUMBER}\1(?!\w))")
_MINUTES_AND_SECONDS = re.compile(rf"{START}(\d{{1,3}})\s?min(?:\s?(\d{{1,2}})\s?s(?:eg)?|(\d\d))(?!\w)")
_SECONDS = re.compile(rf"{START}(\d{{1,2}})s(\d\d)(?!\w)")
_METRES = re.compile(rf"{START}([1-9]\d{{0,3}}),(\d\d)\s?m(?![\w²³/])")
_FEET = re.compile(rf"{START}(\d{{1,3}})['′]\s?(\d{{1,2}})(?:[\"″]|'')(?!\w)")
_ANGLE = re.compile(rf"{START}(\d{{1,3}})[°º]\s?(\d{{1,2}})['′](?:\s?(\d{{1,2}})(?:[\"″]|''))?(?!\d)")
_INCHES = re.compile(rf"{START}({NUMBER})(?:\"|'')(?!\w)")
_MINUTES = re.compile(rf"{START}(\d{{1,3}})['′](?![\w'])")
_DEGREES = re.compile(rf"{START}({NUMBER})\s?°")
_QUOTES_LOOKED_AT = 400
"""Characters before a sign among which an opening quotation mark may stand."""


def one(symbol: str) -> str:
    """The singular of what ONE matched."""
    return _unit(symbol).one


def of_symbol(symbol: str, per: str | None, power: str | None) -> Unit:
    """The unit that the three groups of UNIT name."""
    unit = _unit(symbol)
    if not per:
        return unit
    below = _unit(per + power).one if per in _SQUARED and power else _PER[per] + _RAISED[power or ""]
    return Unit(f"{unit.one} por {below}", f"{unit.many} por {below}", unit.gender)


def counted(number: str, unit: Unit, scale: str | None = None) -> str:
    """``scale`` is mil, milhões and so on, after the number."""
    if not scale:
        return f"{read(number, unit.gender)} {unit.one if is_one(number) else unit.many}"
    return f"{read(number, unit.gender if scale == 'mil' else 'm')} {_SCALES[scale]} {unit.many}"


def _measure(found: re.Match[str]) -> str | None:
    first, between, number, scale, symbol, per, power = found.groups()
    unit = of_symbol(symbol, per, power)
    if symbol in ("A", "L", "V", "W") and (scale or word_before(found) in LABELS):
        return None  # the letter of a door
    if not first:
        return counted(number, unit, scale)
    joined = between.strip().replace("x", "por").replace("×", "por")
    return f"{read(first, unit.gender)} {joined} {counted(number, unit, scale)}"


def _between(found: re.Match[str]) -> str:
    return found[1] + (" por " if found[2] in "x×" else " a ")


def _minutes_and_seconds(found: re.Match[str]) -> str:
    return f"{counted(found[1], UNITS['min'])} e {counted(str(int(found[2] or found[3])), UNITS['s'])}"


def _unit(symbol: str) -> Unit:
    if symbol in UNITS:
        return UNITS[symbol]
    base, power = UNITS[symbol[:-1]], _POWERS[symbol[-1]]
    return Unit(f"{base.one} {power}", f"{base.many} {power}s", base.gender)


def _metres(found: re.Match[str]) -> str:
    """A height: 1,80 m, um metro e oitenta."""
    whole, fraction = found.groups()
    rest = f" e {cardinal(fraction, 'pt')}" if fraction.strip("0") else ""
    if rest and fraction.startswith("0"):
        rest += " centímetros" if fraction != "01" else " centímetro"
    return counted(whole, UNITS["m"]) + rest


def _feet(found: re.Match[str]) -> str:
    """6'2" are feet and inches; of which twelve are a foot, so 3'45" are minutes and seconds."""
    if int(found[2]) >= 12:
        return _minutes_and_seconds(found)
    return f"{counted(found[1], Unit('pé', 'pés'))} e {counted(found[2], UNITS['″'])}"


def _angle(found: re.Match[str]) -> str:
    degrees, minutes, seconds = found.groups()
    words = f"{counted(degrees, Unit('grau', 'graus'))} e {counted(str(int(minutes)), UNITS['min'])}"
    return words + (f" e {counted(str(int(seconds)), UNITS['s'])}" if seconds else "")


def _inches(found: re.Match[str]) -> str | None:
    before = found.string[max(0, found.start() - _QUOTES_LOOKED_AT) : found.start()]
    if before.count('"') % 2:  # it closes a quotation
        return None
    return counted(found[1], UNITS["″"])


def _minutes(found: re.Match[str]) -> str | None:
    before = found.string[max(0, found.start() - _QUOTES_LOOKED_AT) : found.start()]
    if re.search(r"(?<!\w)'", before):
        return None
    return counted(found[1], UNITS["min"])


def _degrees(found: re.Match[str]) -> str:
    return counted(found[1], Unit("grau", "graus"))


RULES: Rules = (
    (_BETWEEN, _between),
    (_SECONDS, lambda found: f"{counted(found[1], UNITS['s'])} e {cardinal(found[2], 'pt')}"),
    (_MINUTES_AND_SECONDS, _minutes_and_seconds),
    (_METRES, _metres),
    (_MEASURE, _measure),
    (_ANGLE, _angle),
    (_FEET, _feet),
    (_INCHES, _inches),
    (_MINUTES, _minutes),
    (_DEGREES, _degrees),
)
