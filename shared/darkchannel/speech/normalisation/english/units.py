"""Measures: 5 km, 3/4 mi, 10-15 kg, 9.8 m/s2, 6'2", 20%."""

import re

from darkchannel.speech.normalisation.english import fractions, numerals
from darkchannel.speech.normalisation.english.fractions import AMOUNT
from darkchannel.speech.normalisation.english.numerals import NUMBER, SPACE, START, TO
from darkchannel.speech.normalisation.rules import Rules, compiled, either, table

UNITS = {
    symbol: (one, many or f"{one}s")
    for symbol, words in table("""
        mm=millimeter; cm=centimeter; m=meter; km=kilometer; mi=mile; yd|yds=yard; ft|′=foot/feet; µm|μm=micrometer;
        nm=nanometer; mm²|mm2=square millimeter; cm²|cm2=square centimeter; m²|m2=square meter;
        km²|km2=square kilometer; ft²|sq ft|sq. ft.=square foot/square feet; mi²|sq mi|sq. mi.=square mile;
        cm³|cm3|cc=cubic centimeter; m³|m3=cubic meter; ft³|cu ft=cubic foot/cubic feet; ha=hectare; mg=milligram;
        µg|μg|mcg=microgram; g=gram; kg=kilogram; t=ton; lb|lbs=pound; oz=ounce; fl oz|fl. oz.=fluid ounce;
        ml|mL=milliliter; cl|cL=centiliter; dl|dL=deciliter; l|L=liter; gal=gallon; qt=quart; tbsp=tablespoon;
        tsp=teaspoon; ms=millisecond; s|sec|secs=second; min|mins=minute; h|hr|hrs=hour; wk|wks=week; yr|yrs=year;
        °C|ºC|℃=degree Celsius/degrees Celsius; °F|ºF|℉=degree Fahrenheit/degrees Fahrenheit; °|º=degree;
        mph=mile per hour/miles per hour; kph=kilometer per hour/kilometers per hour;
        rpm=revolution per minute/revolutions per minute; mpg=mile per gallon/miles per gallon; W=watt; kW=kilowatt;
        MW=megawatt; GW=gigawatt; kWh=kilowatt hour; V=volt; kV=kilovolt; mV=millivolt; A=amp; mA=milliamp;
        mAh=milliamp hour; Ω=ohm; J=joule; kJ=kilojoule; N=newton; Pa=pascal; kPa=kilopascal;
        psi=pound per square inch/pounds per square inch; Hz=hertz/hertz; kHz=kilohertz/kilohertz;
        MHz=megahertz/megahertz; GHz=gigahertz/gigahertz; dB=decibel; cal=calorie; kcal=kilocalorie;
        hp=horsepower/horsepower; KB|kB=kilobyte; MB=megabyte; GB=gigabyte; TB=terabyte;
        kbps=kilobit per second/kilobits per second; Mbps=megabit per second/megabits per second;
        Gbps=gigabit per second/gigabits per second; MP=megapixel; px=pixel; fps=frame per second/frames per second;
        dpi=dot per inch/dots per inch; ″=inch/inches
    """).items()
    for one, _, many in [words.partition("/")]
}
_POWERS = {"²": "squared", "2": "squared", "³": "cubed", "3": "cubed"}
_QUOTE = re.compile(r"(?<!\w)['‘]")
_QUOTES_LOOKED_AT = 400
"""Characters before a sign among which an opening quotation mark may stand."""
_MEASURED = r"(?:long|wide|tall|high|deep|thick|across)\b"
_SIGNED = rf"{START}([-−])?"
_SYMBOLS = either(UNITS).replace(r"\ ", SPACE)
_BETWEEN = rf"(?<=\d)({SPACE}?(?:{_SYMBOLS})){SPACE}?%s{SPACE}?(?={NUMBER}\1(?!\w))"


def one(name: str) -> str:
    """The singular of a symbol, perhaps with a power; what is none stays."""
    if name in UNITS:
        return UNITS[name][0]
    base, power = name[:-1], name[-1:]
    return f"{UNITS[base][0]} {_POWERS[power]}" if base in UNITS and power in _POWERS else name


def _per(found: re.Match[str]) -> str:
    return f" per {one(found[1])}"


def _percent(found: re.Match[str]) -> str:
    minus, first, amount, sign = found.groups()
    to = f"{numerals.read(first)} to " if first else ""
    return f"{_minus(minus)}{to}{fractions.read(amount)} {'percent' if sign == '%' else 'per mille'}"


def _minus(sign: str | None) -> str:
    return "minus " if sign else ""


def _quantity(found: re.Match[str]) -> str:
    minus, first, amount, scale, hyphen, unit, per = found.groups()
    singular, plural = UNITS[re.sub(r"\s", " ", unit)]
    said = fractions.read(amount)
    if scale:
        said += f" {scale} {plural}"
    elif minus:
        said = f"minus {said} {singular if numerals.is_one(amount) else plural}"
    elif first:
        said = f"{numerals.read(first)} to {said} {plural}"
    elif fractions.is_part(amount):
        said = f"half a {singular}" if said == "one half" else f"{said} of a {singular}"
    else:
        said += f" {singular if hyphen or numerals.is_one(amount) else plural}"
    return said + (f" per {one(per)}" if per else "")


def _feet(found: re.Match[str]) -> str | None:
    """5'10", and 6' outside quotations, whose end looks the same."""
    feet, sign, inches = found.groups()
    if (
        not inches
        and sign != "′"
        and _QUOTE.search(found.string, max(0, found.start() - _QUOTES_LOOKED_AT), found.start())
    ):
        return None
    words = f"{numerals.read(feet)} {'foot' if feet == '1' else 'feet'}"
    return f"{words} {numerals.read(inches)} {'inch' if inches == '1' else 'inches'}" if inches else words


def _inches(found: re.Match[str]) -> str | None:
    amount, sign = found.groups()
    if sign == '"' and found.string.count('"', max(0, found.start() - _QUOTES_LOOKED_AT), found.start()) % 2:
        return None
    if fractions.is_part(amount):
        return f"{fractions.read(amount)} of an inch"
    return f"{fractions.read(amount)} {'inch' if numerals.is_one(amount) else 'inches'}"


PERCENTAGES: Rules = compiled((rf"{_SIGNED}(?:({NUMBER})%?{TO})?({AMOUNT}){SPACE}?([%‰])", _percent))
RULES: Rules = compiled(
    (_BETWEEN % "[-–]", lambda found: f"{found[1]} to "),
    (_BETWEEN % "[x×]", lambda found: f"{found[1]} by "),
    (rf"{START}(\d{{1,2}})(['’′])(?:{SPACE}?(\d{{1,2}})(?:[\"″”]|'')?)?(?![\w'])", _feet),
    (rf"{START}({AMOUNT})([\"″])(?!\w)", _inches),
    (rf"{START}({AMOUNT}){SPACE}?in(\.(?={SPACE}[a-z]|[,;:)])|(?={SPACE}{_MEASURED}))", _inches),
    (
        rf"{_SIGNED}(?:({NUMBER}){TO})?({AMOUNT})(?:{SPACE}(hundred|thousand|million|billion){SPACE}|{SPACE}?|(-))"
        rf"({_SYMBOLS})(?:/([A-Za-z²³]{{1,6}}[23]?)(?!\w))?"
        rf"(?![\w'’/²³])(?:\.(?={SPACE}[a-z]))?",
        _quantity,
    ),
)
PER: Rules = compiled((r"(?<=[a-z])/(mo|month|day|week|year|hour|person|night|kg|km|h|lb|mi|min|s)\b", _per))
"""After a sum or a measure in words."""
