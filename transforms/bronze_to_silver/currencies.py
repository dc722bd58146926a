"""The signs and codes by which an amount may be marked."""

from __future__ import annotations

import re

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

# List three, as far as they were in use on or after 2000-01-01, the earliest possible time of a row: data of
# 2022 rightly holds HRK.
_WITHDRAWN_SINCE_2000 = """
    ADP AFA ANG AON ATS AYM AZM BEF BGL BGN BYB BYR CHC CSD CUC CYP DEM ECS EEK ESP FIM FRF GHC GRD HRK
    IEP ITL LTL LUF LVL MGF MRO MTL MZM NLG PTE ROL RUR SDD SIT SKK SLL SRG STD TJR TMM TPE TRL USS VEB
    VEF XFO XFU YUM ZMK ZWD ZWL ZWN ZWR
"""

CODES: frozenset[str] = frozenset(re.findall("[A-Z]{3}", _CURRENT + _WITHDRAWN_SINCE_2000))

# Unicode's category Sc as of Unicode 17, listed because every Python has a Unicode of its own.
SIGNS = (
    "$¢£¤¥\u058f\u060b\u07fe\u07ff\u09f2\u09f3\u09fb\u0af1\u0bf9\u0e3f\u17db"
    + "".join(map(chr, range(0x20A0, 0x20C2)))
    + "\ua838\ufdfc\ufe69\uff04\uffe0\uffe1\uffe5\uffe6"
    + "\U00011fdd\U00011fde\U00011fdf\U00011fe0\U0001e2ff\U0001ecb0"
)
