"""The grammar of numbers read a second time, by hand and character by character, to compare with."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from decimal import Context, Decimal

from transforms.bronze_to_silver.currencies import CODES

UNCASTABLE = "uncastable"
DIGITS = "0123456789"
# Exponents of any length: a number far out of every type's reach stays there when its exponent is cut.
_EXACT = Context(prec=1000, Emin=-(10**15), Emax=10**15)


@dataclass(frozen=True)
class Read:
    """A number with its currency; ``number`` None: uncastable; ``is_null``: NaN or an infinity."""

    number: Decimal | None = None
    currency: str | None = None
    is_null: bool = False


class _MisreadError(Exception):
    pass


class _Scanner:
    def __init__(self, text: str) -> None:
        self.rest = text

    def take(self, characters: str) -> str:
        if self.rest and self.rest[0] in characters:
            first, self.rest = self.rest[0], self.rest[1:]
            return first
        return ""

    def take_digits(self) -> str:
        digits = ""
        while digit := self.take(DIGITS):
            digits += digit
        return digits

    def take_currency(self) -> str:
        size = 1 if self.rest and unicodedata.category(self.rest[0]) == "Sc" else 3
        found = self.rest[:size]
        if size == 1 or found in CODES:
            self.rest = self.rest[size:]
            return found
        return ""

    def take_blank(self) -> str:
        return self.take(self.rest[0]) if self.rest[:1].isspace() else ""


def read(text: str, mark: str) -> Read:
    """Read a number; ``mark`` is the decimal mark."""
    unsigned = text[1:] if text[:1] in ("+", "-") else text
    if unsigned.lower() in ("nan", "inf", "infinity", "∞"):
        return Read(is_null=True)
    try:
        if text[:1] == "(" and text[-1:] == ")":
            number, currency, signs = _signed(text[1:-1], mark)
            return Read() if signs else Read(number.copy_negate(), currency or None)
        number, currency, signs = _signed(text, mark)
        return Read(number.copy_negate() if signs == "-" else number, currency or None)
    except _MisreadError:
        return Read()


def _signed(text: str, mark: str) -> tuple[Decimal, str, str]:
    scanner = _Scanner(text)
    signs = scanner.take("+-")
    currency = scanner.take_currency()
    if currency:
        scanner.take_blank()
        signs += scanner.take("+-")
    number = _magnitude(scanner, mark)
    if scanner.rest:
        scanner.take_blank()
        if currency:
            raise _MisreadError
        currency = scanner.take_currency()
    if scanner.rest or len(signs) > 1 or (text[-1:].isspace()):
        raise _MisreadError
    return number, currency, signs


def _magnitude(scanner: _Scanner, mark: str) -> Decimal:
    groups = [scanner.take_digits()]
    kinds = ("," if mark == "." else ".", " \u00a0\u202f", "'\u2019")
    kind = next((kind for kind in kinds if scanner.rest[:1] and scanner.rest[0] in kind), "")
    while groups[0] and kind and scanner.rest[:1] in [*kind] and scanner.rest[1:2] in [*DIGITS]:
        scanner.take(kind)
        groups.append(scanner.take_digits())
    sizes = [len(group) for group in groups]
    if len(groups) > 1:
        is_western = 1 <= sizes[0] <= 3 and set(sizes[1:]) == {3}
        is_indian = kind == "," and 1 <= sizes[0] <= 2 and set(sizes[1:-1]) <= {2} and sizes[-1] == 3
        if groups[0][0] == "0" or not (is_western or is_indian):
            raise _MisreadError
    whole = "".join(groups)
    fraction = scanner.take_digits() if scanner.take(mark) else ""
    if not whole + fraction:
        raise _MisreadError
    return _EXACT.create_decimal(f"{whole or '0'}.{fraction}E{_exponent(scanner)}")


def _exponent(scanner: _Scanner) -> int:
    before = scanner.rest
    if scanner.take("eE"):
        sign = scanner.take("+-")
        if digits := scanner.take_digits():
            return max(-(10**12), min(10**12, int(sign + digits)))
    scanner.rest = before  # the E of EUR
    return 0
