"""The tables of English: what its signs, units, currencies and abbreviations stand for."""

from darkchannel.speech.normalisation.rules import listed


def _table(rows: str) -> dict[str, str]:
    """One entry a line, its key before the first ``:``."""
    pairs = (line.split(":", 1) for line in rows.strip().splitlines())
    return {key.strip(): value.strip() for pairs_key, value in pairs for key in pairs_key.split("|")}


MONTHS = listed("January February March April May June July August September October November December")

UNITS = {
    key: (singular, plural)
    for key, value in _table("""
        mm: millimeter
        cm: centimeter
        m: meter
        km: kilometer
        mi: mile
        yd|yds: yard
        ft: foot/feet
        µm|μm: micrometer
        nm: nanometer
        mm²|mm2: square millimeter
        cm²|cm2: square centimeter
        m²|m2: square meter
        km²|km2: square kilometer
        ft²|sq ft|sq. ft.: square foot/square feet
        mi²|sq mi|sq. mi.: square mile
        cm³|cm3|cc: cubic centimeter
        m³|m3: cubic meter
        ft³|cu ft: cubic foot/cubic feet
        ha: hectare
        mg: milligram
        µg|μg|mcg: microgram
        g: gram
        kg: kilogram
        t: ton
        lb|lbs: pound
        oz: ounce
        fl oz|fl. oz.: fluid ounce
        ml|mL: milliliter
        cl|cL: centiliter
        dl|dL: deciliter
        l|L: liter
        gal: gallon
        qt: quart
        tbsp: tablespoon
        tsp: teaspoon
        ms: millisecond
        s|sec|secs: second
        min|mins: minute
        h|hr|hrs: hour
        wk|wks: week
        yr|yrs: year
        °C|ºC|℃: degree Celsius/degrees Celsius
        °F|ºF|℉: degree Fahrenheit/degrees Fahrenheit
        °|º: degree
        mph: mile per hour/miles per hour
        kph: kilometer per hour/kilometers per hour
        rpm: revolution per minute/revolutions per minute
        mpg: mile per gallon/miles per gallon
        W: watt
        kW: kilowatt
        MW: megawatt
        GW: gigawatt
        kWh: kilowatt hour
        V: volt
        kV: kilovolt
        mV: millivolt
        A: amp
        mA: milliamp
        mAh: milliamp hour
        Ω: ohm
        J: joule
        kJ: kilojoule
        N: newton
        Pa: pascal
        kPa: kilopascal
        psi: pound per square inch/pounds per square inch
        Hz: hertz/hertz
        kHz: kilohertz/kilohertz
        MHz: megahertz/megahertz
        GHz: gigahertz/gigahertz
        dB: decibel
        cal: calorie
        kcal: kilocalorie
        hp: horsepower/horsepower
        KB|kB: kilobyte
        MB: megabyte
        GB: gigabyte
        TB: terabyte
        kbps: kilobit per second/kilobits per second
        Mbps: megabit per second/megabits per second
        Gbps: gigabit per second/gigabits per second
        MP: megapixel
        px: pixel
        fps: frame per second/frames per second
        dpi: dot per inch/dots per inch
        ″: inch/inches
        ′: foot/feet
    """).items()
    for singular, _, plural in [value.partition("/")]
    for plural in [plural or f"{singular}s"]
}

CURRENCIES = {
    key: tuple(value.split("/"))
    for key, value in _table("""
        US$|$|USD: dollar/dollars/cent/cents
        CA$|C$|CAD: Canadian dollar/Canadian dollars/cent/cents
        A$|AU$|AUD: Australian dollar/Australian dollars/cent/cents
        NZ$|NZD: New Zealand dollar/New Zealand dollars/cent/cents
        HK$|HKD: Hong Kong dollar/Hong Kong dollars/cent/cents
        R$|BRL: real/reais/centavo/centavos
        €|EUR: euro/euros/cent/cents
        £|GBP: pound/pounds/penny/pence
        ¥|JPY: yen/yen/sen/sen
        ₹|INR: rupee/rupees/paisa/paise
        ₩|KRW: won/won/jeon/jeon
        ₽|RUB: ruble/rubles/kopek/kopeks
        ₿|BTC: bitcoin/bitcoins/cent/cents
        ¢: cent/cents//
        CHF: Swiss franc/Swiss francs/centime/centimes
        CNY: yuan/yuan/fen/fen
        MXN: Mexican peso/Mexican pesos/centavo/centavos
        ARS: Argentine peso/Argentine pesos/centavo/centavos
        SEK: Swedish krona/Swedish kronor/öre/öre
        NOK: Norwegian krone/Norwegian kroner/øre/øre
        DKK: Danish krone/Danish kroner/øre/øre
    """).items()
}

MAGNITUDES = _table("""
    k|K: thousand
    m|M|mn|mm: million
    b|B|bn: billion
    tn|trn: trillion
""")

TITLE_WORDS = _table("""
    Mr: Mister
    Mrs: Missus
    Ms: Miz
    Dr: Doctor
    Drs: Doctors
    Prof: Professor
    Rev: Reverend
    Fr: Father
    Hon: Honorable
    Gen: General
    Col: Colonel
    Maj: Major
    Capt: Captain
    Cpt: Captain
    Cmdr: Commander
    Lt: Lieutenant
    Sgt: Sergeant
    Cpl: Corporal
    Pvt: Private
    Adm: Admiral
    Gov: Governor
    Sen: Senator
    Rep: Representative
    Pres: President
    Supt: Superintendent
    Mt: Mount
    Ft: Fort
""")
"""Before a name; their full stop ends no sentence."""

NUMBER_WORDS = _table("""
    No|no: number
    Nos|nos: numbers
    p: page
    pp: pages
    vol|Vol: volume
    vols|Vols: volumes
    ch|Ch|chap|Chap: chapter
    chs|Chs: chapters
    fig|Fig: figure
    figs|Figs: figures
    sec|Sec|sect|Sect: section
    art|Art: article
    eq|Eq: equation
    ex|Ex: example
    vv: verses
    ed|Ed: edition
    ca|c: circa
    approx|Approx: approximately
    Ave: avenue
    Apt|apt: apartment
    Rm|rm: room
    Ste: suite
    ext|Ext: extension
    Hwy: highway
    Rte: route
    Flt: flight
""")

SIGNS_BEFORE_NUMBERS = _table("""
    №|#|Nº|nº|N°|n°: number
    §: section
    §§: sections
    ¶: paragraph
""")

AFTER_NAMES = _table("""
    Jr: Junior
    Sr: Senior
    Inc: Incorporated
    Ltd: Limited
    Corp: Corporation
    Co: Company
    Bros: Brothers
    Ave: Avenue
    Blvd: Boulevard
    Rd: Road
    Ln: Lane
    Sq: Square
    Hwy: Highway
    Pkwy: Parkway
    St: Street
    Dr: Drive
    Univ: University
""")

PLAIN_ABBREVIATIONS = _table("""
    etc: et cetera
    vs: versus
    approx: approximately
    dept|Dept: department
    govt|Govt: government
    assn|Assn: association
    est|Est: established
    misc: miscellaneous
    max: maximum
    tel|Tel: telephone
    viz: namely
    cf|Cf: compare
    ibid|Ibid: ibidem
    al: al
    Jan: January
    Feb: February
    Aug: August
    Sept: September
    Nov: November
    Dec: December
    Mon: Monday
    Tues|Tue: Tuesday
    Wed: Wednesday
    Thurs|Thur|Thu: Thursday
    Fri: Friday
""")

ENDINGS = frozenset(listed("com org net gov edu info app blog shop online site co pro dev live news club"))
"""Of internet names, said as words; others are spelled."""

COUNTRIES = frozenset(listed("br uk us pt au ca de fr es it jp nz ie in io tv me ai eu mx ar ch nl se"))

REGNAL = frozenset(
    listed("""
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
""")
)
"""Names that kings, queens and popes have had: a Roman number after one of these is an ordinal."""

RULERS = frozenset(
    listed("""
    King Queen Pope Emperor Empress Tsar Czar Kaiser Sultan Pharaoh Prince Princess Duke Shah Antipope Patriarch
    Saint
""")
)

NUMBERED = frozenset(
    listed("""
    Chapter Part Volume Vol Book Act Scene Canto Section Article Appendix Title Phase Stage Type Class Level Grade
    Episode Season Round Bowl War Plate Figure Fig Table Number Mark Mk Unit Lesson Exercise Verse Psalm Sonnet
    Symphony Opus Theorem Lemma Apollo Gemini Saturn Olympiad Vatican Quadrant Division Schedule Annex Module Step
    Group Column Page Paragraph Clause Chap Ch Tome Fragment Letter Movement
""")
)
"""Words that a Roman number counts."""
