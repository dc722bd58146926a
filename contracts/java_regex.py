"""Syntax check of Java regular expressions, without a JVM.

Refuses what ``java.util.regex.Pattern`` cannot compile as far as syntax goes: brackets, groups, quantifiers,
escapes, ranges. Names of properties, lengths of lookbehinds and group references are not checked; a run
compiles every pattern in the JVM.
"""

from __future__ import annotations

import re

_LETTER_ESCAPES = frozenset("tnrfaedDhHsSvVwWbBAGZzRXQE")
_NOT_IN_CLASSES = frozenset("bBAGZzRX")
_GROUP = re.compile(r"\?(?:[:=!>]|<[=!]|<[a-zA-Z][a-zA-Z0-9]*>|[idmsuxU]*(?:-[idmsuxU]*)?[:)])")
_FLAGS = re.compile(r"\?([idmsuxU]*)(?:-[idmsuxU]*)?[:)]")
_REPETITION = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_CODES = {
    "x": re.compile(r"[0-9a-fA-F]{2}|\{[0-9a-fA-F]+\}"),
    "u": re.compile(r"[0-9a-fA-F]{4}"),
    "0": re.compile(r"[0-7]"),
    "c": re.compile(r"."),
    "p": re.compile(r"\{[^}]+\}|[A-Za-z]"),
    "P": re.compile(r"\{[^}]+\}|[A-Za-z]"),
    "N": re.compile(r"\{[^}]+\}"),
    "k": re.compile(r"<[a-zA-Z][a-zA-Z0-9]*>"),
}
_LARGEST_COUNT = 2**31 - 1


class JavaRegexError(ValueError):
    """A pattern that Java cannot compile; the message says why and at which character (from 1)."""


def check_java_regex(pattern: str) -> None:
    r"""Check the syntax of a pattern.

    >>> check_java_regex(r"^[a-z&&[^x]]++\.\p{L}{1,3}$")

    Raises:
        JavaRegexError: the pattern does not compile.
    """
    _Scanner(pattern).run()


class _Scanner:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._open: list[int] = []

    def run(self) -> None:
        can_repeat = False  # whether a quantifier may follow
        if _has_comments(self._pattern):
            return  # (?x) changes what blanks and # mean
        while (sign := self._peek()) is not None:
            start = self._at
            self._at += 1
            match sign:
                case "\\":
                    can_repeat = self._escape(in_class=False)
                case "[":
                    self._class(start)
                    can_repeat = True
                case "(":
                    can_repeat = self._group(start)
                case ")":
                    if not self._open:
                        raise self._error("unmatched )", start)
                    self._open.pop()
                    can_repeat = True
                case "*" | "+" | "?":
                    self._quantifier(start, can_repeat=can_repeat)
                    can_repeat = False
                case "{":
                    self._repetition(start)
                    can_repeat = False
                case _:
                    can_repeat = sign != "|"
        if self._open:
            raise self._error("unclosed group", self._open[-1])

    def _quantifier(self, start: int, *, can_repeat: bool) -> None:
        if not can_repeat:
            raise self._error(f"nothing to repeat before {self._pattern[start]}", start)
        self._skip_one_of("?+")

    def _repetition(self, start: int) -> None:
        found = _REPETITION.match(self._pattern, start)
        if found is None:
            raise self._error("{ begins no repetition such as {2,5}", start, "write \\{ for the character")
        low, high = int(found[1]), int(found[2]) if found[2] else None
        if low > _LARGEST_COUNT or (high is not None and not low <= high <= _LARGEST_COUNT):
            raise self._error(f"impossible repetition {found[0]}", start)
        self._at = found.end()
        self._skip_one_of("?+")

    def _group(self, start: int) -> bool:
        """Skip what follows an opening bracket; return whether a quantifier may follow."""
        if self._peek() != "?":
            self._open.append(start)
            return False
        found = _GROUP.match(self._pattern, self._at)
        if found is None:
            raise self._error("unknown kind of group", start, "write (?: … ) for a group without a number")
        self._at = found.end()
        if found[0].endswith(")"):
            return True  # flags alone, as (?i): Java takes a quantifier after them
        self._open.append(start)
        return False

    def _class(self, start: int) -> None:
        """Skip a character class, and the classes nested in it."""
        if self._peek() == "^":
            self._at += 1
        is_empty, previous = True, ""
        while (sign := self._peek()) is not None:
            place = self._at
            self._at += 1
            if sign == "]" and not is_empty:
                return
            if sign == "[":
                self._class(place)
                is_empty, previous = False, ""
                continue
            if sign == "&" and self._peek() == "&":
                self._at += 1
                previous = ""
                continue
            is_empty = False
            if sign == "\\":
                self._escape(in_class=True)
                previous = self._pattern[place : self._at] if self._at - place == 2 else ""
                previous = previous[1:] if previous and not previous[1].isalnum() else ""
            elif sign == "-" and previous and self._peek() not in (None, "]", "[", "\\", "&"):
                end = self._pattern[self._at]
                if end < previous:
                    raise self._error(f"the range {previous}-{end} is in the wrong order", place)
                self._at += 1
                previous = ""
            else:
                previous = sign
        raise self._error("unclosed character class", start)

    def _escape(self, *, in_class: bool) -> bool:
        """Skip an escape after its backslash; return whether a quantifier may follow."""
        start, sign = self._at - 1, self._peek()
        if sign is None:
            raise self._error("\\ at the end escapes nothing", start)
        self._at += 1
        if sign == "Q":
            end = self._pattern.find("\\E", self._at)
            self._at = len(self._pattern) if end < 0 else end + 2
            return True
        if sign in _CODES:
            found = _CODES[sign].match(self._pattern, self._at)
            if found is None or (in_class and sign == "k"):
                raise self._error(f"incomplete escape \\{sign}", start)
            self._at = found.end()
        elif _is_letter(sign) and (sign not in _LETTER_ESCAPES or (in_class and sign in _NOT_IN_CLASSES)):
            raise self._error(f"unknown escape \\{sign}", start)
        return True

    def _peek(self) -> str | None:
        return self._pattern[self._at] if self._at < len(self._pattern) else None

    def _skip_one_of(self, signs: str) -> None:
        if (sign := self._peek()) is not None and sign in signs:
            self._at += 1

    def _error(self, problem: str, at: int, hint: str = "") -> JavaRegexError:
        return JavaRegexError(f"{problem} at character {at + 1}" + (f" ({hint})" if hint else ""))


def _has_comments(pattern: str) -> bool:
    return any("x" in found[1] for found in _FLAGS.finditer(pattern))


def _is_letter(sign: str) -> bool:
    return sign.isascii() and sign.isalpha()
