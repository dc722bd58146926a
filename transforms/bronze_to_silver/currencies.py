"""Currency signs, ISO 4217 codes, and amounts in minor units."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from transforms.formats.text_cleaning import clean_text, is_null_word

if TYPE_CHECKING:
    from collections.abc import Collection


# List one: currencies and funds in use. Source: ISO 4217 as maintained by SIX, with the amendments of 2025.
_CURRENT = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD
    CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL
    GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW
    KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD
    NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP
    SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS
    VED VES VND VUV WST XAD XAF XAG XAU XBA XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT XSU XTS XUA XXX YER
    ZAR ZMW ZWG
"""

# List three, those in use on or after 2000-01-01, the earliest time of a row: data of 2022 may contain HRK.
_WITHDRAWN_SINCE_2000 = """
    ADP AFA ANG AON ATS AYM AZM BEF BGL BGN BYB BYR CHC CSD CUC CYP DEM ECS EEK ESP FIM FRF GHC GRD HRK
    IEP ITL LTL LUF LVL MGF MRO MTL MZM NLG PTE ROL RUR SDD SIT SKK SLL SRG STD TJR TMM TPE TRL USS VEB
    VEF XFO XFU YUM ZMK ZWD ZWL ZWN ZWR
"""

CODES: frozenset[str] = frozenset(re.findall("[A-Z]{3}", _CURRENT + _WITHDRAWN_SINCE_2000))

# Exponents of the minor unit: 2 but for these. Source of those in use: list one's column "Minor unit". List
# three has none: those of withdrawn codes are from ``java.util.Currency``, which keeps list one's.
_EXPONENTS = {
    0: """
        ADP BEF BIF BYB BYR CLP DJF ESP GNF GRD ISK ITL JPY KMF KRW LUF MGF PTE PYG ROL RWF TPE TRL UGX UYI
        VND VUV XAF XOF XPF
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
# "N.A." in list one (metals, units of account, no currency), or withdrawn and unknown to Java.
_WITHOUT_EXPONENT = """
    AON CHC ECS TJR XAG XAU XBA XBB XBC XBD XDR XFO XFU XPD XPT XSU XTS XUA XXX
"""

MINOR_UNIT_EXPONENTS: dict[str, int] = {
    **dict.fromkeys(sorted(CODES - set(_WITHOUT_EXPONENT.split())), 2),
    **{code: exponent for exponent, codes in _EXPONENTS.items() for code in codes.split()},
}

# Unicode's category Sc as of Unicode 17; listed, since the Unicode version differs between Python versions.
SIGNS = (
    "$¢£¤¥\u058f\u060b\u07fe\u07ff\u09f2\u09f3\u09fb\u0af1\u0bf9\u0e3f\u17db"
    + "".join(map(chr, range(0x20A0, 0x20C2)))
    + "\ua838\ufdfc\ufe69\uff04\uffe0\uffe1\uffe5\uffe6"
    + "\U00011fdd\U00011fde\U00011fdf\U00011fe0\U0001e2ff\U0001ecb0"
)

_CODES = pa.array(list(MINOR_UNIT_EXPONENTS), pa.string())
_EXPONENT_OF_CODE = pa.array(list(MINOR_UNIT_EXPONENTS.values()), pa.int8())
_MOST = max(MINOR_UNIT_EXPONENTS.values())
_FACTORS = pa.array(
    [Decimal(1).scaleb(-exponent) for exponent in range(_MOST + 1)], pa.decimal128(_MOST + 1, _MOST)
)
_LARGEST_PRECISION = 38


def cleaned_currencies(texts: pa.StringArray, null_words: Collection[str]) -> pa.StringArray:
    """Return cleaned currencies, null for null words. Each distinct text is cleaned once."""
    coded = texts.dictionary_encode()
    cleaned = [clean_text(text) for text in coded.dictionary.to_pylist()]
    values = [None if is_null_word(text, null_words) else text for text in cleaned]
    return pa.array(values, pa.string()).take(coded.indices)


def exponents_of(currencies: pa.StringArray) -> pa.Int8Array:
    """Return the minor unit exponents of cleaned ISO 4217 codes in any case; null for all other texts."""
    return _EXPONENT_OF_CODE.take(pc.index_in(pc.ascii_upper(currencies), value_set=_CODES))


def exponent_of(currency: str) -> int | None:
    """Return ``exponents_of`` one currency."""
    return MINOR_UNIT_EXPONENTS.get(currency.upper()) if currency.isascii() else None


def in_main_unit(amounts: pa.Decimal128Array, exponents: pa.Int8Array) -> pa.Decimal128Array:
    """Divide each amount by ten to the power of its exponent, rounded half up to the amounts' scale.

    Null where the exponent is null, and everywhere if the type lacks the digits for it: read such amounts one
    by one.

    >>> amounts = pa.array([Decimal("1250.00"), Decimal("0.50")], pa.decimal128(18, 2))
    >>> [str(amount) for amount in in_main_unit(amounts, pa.array([3, 2], pa.int8())).to_pylist()]
    ['1.25', '0.01']
    """
    if amounts.type.precision + _MOST + 2 > _LARGEST_PRECISION:
        return pa.nulls(len(amounts), amounts.type)
    exact = pc.multiply(amounts, _FACTORS.take(exponents))
    return pc.round(exact, amounts.type.scale, round_mode="half_towards_infinity").cast(amounts.type)
