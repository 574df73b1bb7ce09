"""Sums of money: $3.50, £5m, 20 EUR, $80/barrel."""

import re

from darkchannel.speech.normalisation.english import numerals, units
from darkchannel.speech.normalisation.english.numerals import NUMBER, SPACE, START, TO
from darkchannel.speech.normalisation.numbers import cardinal
from darkchannel.speech.normalisation.rules import Rules, compiled, either, table

CURRENCIES = {
    sign: tuple(words.split("/"))
    for sign, words in table("""
        US$|$|USD=dollar/dollars/cent/cents; CA$|C$|CAD=Canadian dollar/Canadian dollars/cent/cents;
        A$|AU$|AUD=Australian dollar/Australian dollars/cent/cents;
        NZ$|NZD=New Zealand dollar/New Zealand dollars/cent/cents;
        HK$|HKD=Hong Kong dollar/Hong Kong dollars/cent/cents; R$|BRL=real/reais/centavo/centavos;
        €|EUR=euro/euros/cent/cents; £|GBP=pound/pounds/penny/pence; ¥|JPY=yen/yen/sen/sen;
        ₹|INR=rupee/rupees/paisa/paise; ₩|KRW=won/won/jeon/jeon; ₽|RUB=ruble/rubles/kopek/kopeks;
        ₿|BTC=bitcoin/bitcoins/cent/cents; ¢=cent/cents//; CHF=Swiss franc/Swiss francs/centime/centimes;
        CNY=yuan/yuan/fen/fen; MXN=Mexican peso/Mexican pesos/centavo/centavos;
        ARS=Argentine peso/Argentine pesos/centavo/centavos; SEK=Swedish krona/Swedish kronor/öre/öre;
        NOK=Norwegian krone/Norwegian kroner/øre/øre; DKK=Danish krone/Danish kroner/øre/øre
    """).items()
}
"""One, many, a hundredth and many of these."""
_MAGNITUDES = table("k|K=thousand; m|M|mn|mm=million; b|B|bn=billion; tn|trn=trillion")
_INDEFINITE = re.compile(rf"\b[Aa]n?{SPACE}\Z")
_NOUN = re.compile(rf"{SPACE}[a-z]|-[a-z]")
_SIGN = f"({either(CURRENCIES)})"
_SCALE = rf"(?:{SPACE}?(hundred|thousand|million|billion|trillion)\b|({either(_MAGNITUDES)})(?!\w))"


def _sum(amount: str, currency: str, magnitude: str = "", *, is_attribute: bool = False) -> str:
    """Three dollars and fifty cents; three point five million dollars; a five dollar note."""
    one, many, cent, cents = CURRENCIES[currency]
    sign = "minus " if amount.startswith(("-", "−")) else ""
    amount = amount.lstrip("-−")
    whole, _, rest = amount.replace(",", "").partition(".")
    if magnitude:
        return f"{sign}{numerals.read(amount)} {magnitude} {one if is_attribute else many}"
    if len(rest) != 2 or not cent:
        return f"{sign}{numerals.read(amount)} {one if is_attribute or numerals.is_one(amount) else many}"
    words = []
    if whole.strip("0") or not int(rest):
        words.append(f"{cardinal(whole or '0', 'en')} {one if whole.lstrip('0') == '1' or is_attribute else many}")
    if int(rest):
        words.append(f"{cardinal(rest, 'en')} {cent if rest == '01' else cents}")
    return sign + " and ".join(words)


def _range(found: re.Match[str]) -> str:
    return f"{numerals.read(found[2])} to {found[1]}"


def _before(found: re.Match[str]) -> str:
    sign, currency, amount, word, letter, per = found.groups()
    context = found.string[max(0, found.start() - 4) : found.start()]
    is_attribute = bool(_INDEFINITE.search(context) and _NOUN.match(found.string, found.end()))
    magnitude = word or _MAGNITUDES.get(letter or "", "")
    words = _sum((sign or "") + amount, currency, magnitude, is_attribute=is_attribute)
    return f"{words} per {units.one(per)}" if per else words


def _after(found: re.Match[str]) -> str:
    sign, first, amount, currency = found.groups()
    words = _sum((sign or "") + amount, currency)
    return f"{numerals.read(first)} to {words}" if first else words


RULES: Rules = compiled(
    (rf"(?<!\w){_SIGN}{SPACE}?({NUMBER}){TO}(?:(?:{either(CURRENCIES)}){SPACE}?)?(?={NUMBER})", _range),
    (rf"(?<!\w)([-−])?{_SIGN}{SPACE}?([-−]?{NUMBER}){_SCALE}?(?:/([A-Za-z²³]{{1,12}})(?!\w))?", _before),
    (rf"{START}([-−])?(?:({NUMBER}){TO})?({NUMBER}){SPACE}?{_SIGN}(?!\w)", _after),
)
