r"""JSON as text: what makes Spark's parser strict, and keeps every number as it was written (spec 4.1).

Spark's ``from_json`` parses a float and writes it anew (``1.10`` becomes ``1.1``, ``1e400`` a word). So each
bare number is wrapped into a string before parsing; the string begins with MARK, which tells it from a text.
What is no JSON before the wrapping is none after it. Every pattern is anchored with ``\G`` and possessive: it
eats whole strings, never backtracks, and does not recurse with the length of its input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame

MARK = "\x00\x01"  # never met in a cleaned value: control characters are removed from those
_MARK_ESCAPED = r"\u0000\u0001"
_STRING = r'"(?:[^"\\]++|\\.)*+"'
_NUMBER = r"-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+"
# A number before a colon would be a key, which JSON does not allow and wrapping would.
_TOKEN = rf"({_NUMBER}|NaN|-?+Infinity)(?!\s*+:)"
_BARE = rf'(?s)\G((?:[^"0-9NI-]++|{_STRING})*+){_TOKEN}'
_BARE_WITHOUT_ESCAPES = rf'\G([^"0-9NI-]*+(?:"[^"]*+"[^"0-9NI-]*+)*+){_TOKEN}'
_WRAPPED_NOT_FINITE = r'"\\u0000\\u0001-?+(?:NaN|Infinity)"'
_WRAPPED = r'(?s)\G((?:[^"]++|"(?!\\u0000\\u0001)(?:[^"\\]++|\\.)*+")*+)"\\u0000\\u0001([^"]*+)"'
_HIGH = r"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW = r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_UNPAIRED = rf"(?s)\G((?:[^\\]++|{_HIGH}{_LOW}|\\(?!u[dD][89a-fA-F]).)*+)\\u[dD][89a-fA-F][0-9a-fA-F]{{2}}"
# Spark writes a nested character beyond the basic plane as a pair of escapes, always in capitals.
_PAIR = r"\\uD[89AB][0-9A-F]{2}\\uD[C-F][0-9A-F]{2}"
_PAIR_OR_REST = rf"(?s)\G((?:{_PAIR})++|(?:[^\\]++|(?!{_PAIR})\\.)++)"

_STRICT = {
    "allowSingleQuotes": "false",
    "allowNonNumericNumbers": "false",
    "allowNumericLeadingZeros": "false",
    "allowUnquotedFieldNames": "false",
    "allowUnquotedControlChars": "false",
    "allowBackslashEscapingAnyCharacter": "false",
    "allowComments": "false",
}
_VALUE_KEY, _END_KEY = "value", "lakegate end"
_LEVELS = 24  # of nesting within an array's element, up to which its text is cut out verbatim


def with_members(frame: DataFrame, text: str, members: str) -> DataFrame:
    """Return the frame with the members of each text that is one strict JSON object: map<string,string>.

    ``members`` is null for any other text. Members stand in source order, doubled keys included. A string is
    as it is, a number MARK and its literal, a NaN or infinite token null, a nested value its compact JSON, in
    which ``without_marks`` unwraps numbers.
    """
    # One step a select: Spark would repeat a step as often as the next one names it.
    paired = frame.select("*", _pair_surrogates(sf.col(text)).alias(members))
    wrapped = paired.withColumn(members, _wrap_numbers(sf.col(members)))
    finite = wrapped.withColumn(members, _without_words(sf.col(members)))
    # The envelope shows text after the object: then it has no second key, or a third.
    envelope = sf.concat(sf.lit(f'{{"{_VALUE_KEY}":'), sf.col(members), sf.lit(f',"{_END_KEY}":{{}}}}'))
    parsed = finite.withColumn(members, sf.from_json(envelope, "map<string,map<string,string>>", _STRICT))
    whole = sf.col(members)
    is_one = (sf.size(whole) == 2) & whole.getItem(_END_KEY).isNotNull()
    return parsed.withColumn(members, sf.when(is_one, whole.getItem(_VALUE_KEY)))


def without_marks(value: Column) -> Column:
    """Return a member of ``with_members`` as text: a number's literal, a nested value's compact JSON."""
    is_nested = value.startswith("{") | value.startswith("[")
    compact = sf.when(
        value.contains('"' + _MARK_ESCAPED), sf.regexp_replace(value, _WRAPPED, "$1$2")
    ).otherwise(value)
    compact = sf.when(value.rlike(_PAIR), _without_pairs(compact)).otherwise(compact)
    bare = sf.when(value.startswith(MARK), sf.substring(value, len(MARK) + 1, 2**31 - 1)).otherwise(value)
    return sf.when(is_nested, compact).otherwise(bare)


def is_number(value: Column) -> Column:
    """Whether a member of ``with_members`` was a bare number."""
    return value.startswith(MARK)


def member_at(value: Column, steps: Sequence[str | int]) -> Column:
    """Return the text at a path in a member of ``with_members``; null where there is none."""
    path = "$" + "".join(f"[{step}]" if isinstance(step, int) else f"['{step}']" for step in steps)
    return without_marks(sf.get_json_object(value, path) if steps else value)


def marked(text: Column) -> Column:
    """Return JSON text in which each number carries MARK, as nested values of ``with_members`` do."""
    return _without_words(_wrap_numbers(_pair_surrogates(text)))


def elements(text: Column) -> Column:
    """Return the elements of a text that is a JSON array, each as it was written: array<string>.

    Elements nested deeper than the pattern reaches are taken from Spark's parser instead, as compact JSON.
    """
    found = sf.regexp_extract_all(text, sf.lit(_element()), sf.lit(1))
    is_cut = text.rlike(_whole_array())
    parsed = sf.from_json(marked(text), "array<string>", _STRICT)
    return sf.when(is_cut, found).otherwise(sf.transform(parsed, without_marks))


def _wrap_numbers(text: Column) -> Column:
    wrapped = r'$1"\\u0000\\u0001$2"'
    exact = sf.regexp_replace(text, _BARE, wrapped)
    return sf.when(text.contains("\\"), exact).otherwise(
        sf.regexp_replace(text, _BARE_WITHOUT_ESCAPES, wrapped)
    )


def _without_words(wrapped: Column) -> Column:
    """Return the text with the wrapped tokens NaN, Infinity and -Infinity as null."""
    has_word = wrapped.contains(_MARK_ESCAPED + "N") | wrapped.contains("Infinity")
    return sf.when(has_word, sf.regexp_replace(wrapped, _WRAPPED_NOT_FINITE, "null")).otherwise(wrapped)


def _pair_surrogates(text: Column) -> Column:
    r"""Return the text with each unpaired surrogate escape as ``\ufffd``; Spark would make it a ``?``."""
    has_surrogate = text.contains(r"\ud") | text.contains(r"\uD")
    return sf.when(has_surrogate, sf.regexp_replace(text, _UNPAIRED, r"$1\\ufffd")).otherwise(text)


def _without_pairs(nested: Column) -> Column:
    """Return JSON text with its pairs of surrogate escapes as the characters that they stand for."""

    def character(piece: Column) -> Column:
        read = sf.from_json(sf.concat(sf.lit('["'), piece, sf.lit('"]')), "array<string>")
        return sf.when(piece.rlike(rf"\A{_PAIR}"), sf.get(read, sf.lit(0))).otherwise(piece)

    pieces = sf.regexp_extract_all(nested, sf.lit(_PAIR_OR_REST), sf.lit(1))
    return sf.array_join(sf.transform(pieces, character), "")


def _value() -> str:
    scalar = rf'(?:{_STRING}|[^\s"{{}}\[\],:]++)'
    value = scalar
    for _ in range(_LEVELS):
        value = rf"(?:{scalar}|[{{\[](?:[\s,:]++|{value})*+[}}\]])"
    return value


def _element() -> str:
    return rf"(?s)\G\s*+[\[,]\s*+({_value()})\s*+(?=[,\]])"


def _whole_array() -> str:
    return rf"(?s)\A\s*+\[\s*+(?:{_value()}\s*+,?+\s*+)*+\]\s*+\z"
