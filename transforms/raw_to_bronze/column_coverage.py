"""Column coverage: which contract columns the names of a file provide, directly or through its source."""

from __future__ import annotations

import difflib
import re
from functools import cached_property
from typing import TYPE_CHECKING

from contracts.column_names import normalize, spellings, squash, strip_name
from contracts.inventory import FileFormat
from contracts.system_columns import POSITION, SOURCE_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from contracts.inventory import FileFacts
    from contracts.model import Contract, Source

_LONGEST_NAME = 1000  # characters; a longer one is a line of a broken file, and slow to normalise
# Column names in Spark SQL: string literals are skipped, a name before "(" is a function, one after "." a
# field of a nested value.
_SQL_NAME = re.compile(
    r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|(?P<dot>\.\s*)?(?:`(?P<ticked>(?:[^`]|``)+)`|(?P<plain>[^\W\d]\w*)(?P<call>\s*\()?)""",
    re.DOTALL,
)
_PATH = re.compile(r"\s*(?:`(?:[^`]|``)+`|[^\W\d]\w*)(?:\s*\.\s*(?:`(?:[^`]|``)+`|\w+))*\s*")
_SYSTEM_COLUMNS = frozenset({SOURCE_FILE, POSITION})  # available to expressions, in no file
_CONSTANTS = _SYSTEM_COLUMNS | {"null", "true", "false", "current_date", "current_timestamp"}
# Bare words separated by blanks, none of them a keyword of SQL: a name, not an expression.
_WORDS = re.compile(r"[^\s,.()\[\]{}<>=!+\-*/%|&^~?:;'\"`]+(?:\s+[^\s,.()\[\]{}<>=!+\-*/%|&^~?:;'\"`]+)+")
_SQL_WORDS = frozenset(
    "and or not is like rlike ilike in between case when as div collate".split()  # noqa: SIM905
)
NEAR = 0.7  # difflib's ratio from which two names are near
_MIN_SPELLING = 5  # letters of a spelling that counts as near where a name has further words
_MAX_COMPARED = 500  # names of a header
_SHOWN_NAMES, _SHOWN_CHARACTERS = 8, 40
_FIXED_NAMES_FORMATS = (FileFormat.DELIMITED, FileFormat.PARQUET)  # all records of a file have the same names


class ColumnCoverage:
    """Maps the names of a header or schema to the columns of a contract, with the file's source if any."""

    def __init__(self, contract: Contract, source: Source | None) -> None:
        self._contract = contract
        self._source = source
        self._specs = dict(source.columns) if source else {}

    @cached_property
    def _used(self) -> frozenset[str]:
        """The names used by the source's columns, where, fillDown and currency."""
        if self._source is None:
            return frozenset()
        used = {spec.strip() for spec in self._specs.values()} | set(map(strip_name, self._source.fill_down))
        for expression in (*self._specs.values(), self._source.where or ""):
            used |= column_names(expression)
        if self._source.currency:
            used.add(strip_name(self._source.currency))
        return frozenset(used) - _SYSTEM_COLUMNS

    def is_known(self, name: str) -> bool:
        """Whether a name maps to a contract column, or is used by the source."""
        if len(name) > _LONGEST_NAME:
            return False
        return self._match(name) is not None or strip_name(name) in self._used

    def _match(self, name: str) -> str | None:
        """Return the contract column that a name maps to, or None."""
        squashed = squash(name)
        return self._spellings.get(squashed) if squashed else None

    @cached_property
    def _spellings(self) -> Mapping[str, str]:
        return spellings(self._contract)

    def missing(self, found: Sequence[str]) -> tuple[str, ...]:
        """Return the required columns that the found names do not provide, in the contract's order.

        An expression provides its column by itself: columns absent from the file are null in it. A source
        column that is mapped whole to one contract column does not provide another one by its name.
        """
        bare = {strip_name(name) for name in found if len(name) <= _LONGEST_NAME}
        taken = {spec.strip() for spec in self._specs.values()}
        mapped = {self._match(name) for name in bare - taken}
        return tuple(
            column.name
            for column in self._contract.columns
            if column.required
            and not (
                _is_available(self._specs[column.name], bare)
                if column.name in self._specs
                else column.name in mapped
            )
        )

    def nearest(self, found: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """Return pairs of a missing required column and the unknown name most similar to it, if any is near.

        No name is paired with two columns.
        """
        left = {  # the last name first, so that of equals the first one wins
            squash(name): name
            for name in reversed(found[:_MAX_COMPARED])
            if len(name) <= _LONGEST_NAME and squash(name) and not self.is_known(name)
        }
        pairs = []
        for column in self.missing(found):
            written = (column, *self._contract.column(column).aliases)
            ratio, nearest = max(
                (
                    (likeness(spelling, name), place, squashed)
                    for place, (squashed, name) in enumerate(left.items())
                    for spelling in written
                ),
                default=(0.0, 0, ""),
            )[::2]
            if ratio >= NEAR:
                pairs.append((column, left.pop(nearest)))
        return tuple(pairs)


def missing_columns(files: Iterable[FileFacts], contract: Contract) -> dict[str, tuple[str, ...]]:
    """Return the required columns that files lack, by key; files that lack none are left out.

    JSON files are left out: each record has its own keys, and the facts list those of the first 100 only.

    Args:
        files: facts of valid files.
        contract: the current one of their dataset.
    """
    sources = {source.name: source for source in contract.sources}
    missing_by_names: dict[tuple[str | None, tuple[str, ...]], tuple[str, ...]] = {}
    missing = {}
    for facts in files:
        if facts.format not in _FIXED_NAMES_FORMATS:
            continue
        names = (facts.source, facts.names)
        if names not in missing_by_names:
            source = sources.get(facts.source) if facts.source is not None else None
            missing_by_names[names] = ColumnCoverage(contract, source).missing(facts.names)
        if missing_by_names[names]:
            missing[facts.key] = missing_by_names[names]
    return missing


def column_names(expression: str) -> frozenset[str]:
    """Return the columns that a Spark SQL expression refers to (of a nested path: the outermost).

    >>> sorted(column_names("concat(geo.src, '-', `Order Date`)"))
    ['Order Date', 'geo']
    """
    found = set()
    for token in _SQL_NAME.finditer(expression):
        if token["dot"] or token["call"]:
            continue
        if token["ticked"]:
            found.add(token["ticked"].replace("``", "`"))
        elif token["plain"]:
            found.add(token["plain"])
    return frozenset(found)


def describe_names(found: Sequence[str]) -> str:
    """Return known names for a message, bounded in number and length.

    >>> describe_names(["tx_id", "uid"]), describe_names([])
    ("known: 'tx_id', 'uid'", 'no known name')
    """
    if not found:
        return "no known name"
    shown = ", ".join(map(shorten, found[:_SHOWN_NAMES]))
    more = f" and {len(found) - _SHOWN_NAMES} more" if len(found) > _SHOWN_NAMES else ""
    return f"known: {shown}{more}"


def shorten(name: str) -> str:
    """Return a name for a message, quoted and bounded in length."""
    return repr(name if len(name) <= _SHOWN_CHARACTERS else f"{name[:_SHOWN_CHARACTERS]}…")


def _is_available(spec: str, found: set[str]) -> bool:
    if spec.strip() in found:
        return True
    if _is_plain_name(spec.strip()):
        return False
    return not _PATH.fullmatch(spec) or not column_names(spec).isdisjoint(found | _CONSTANTS)


def _is_plain_name(spec: str) -> bool:
    """Whether a spec can only be a column's name: several words without operators are not SQL."""
    return bool(_WORDS.fullmatch(spec)) and _SQL_WORDS.isdisjoint(spec.lower().split())


def likeness(spelling: str, name: str) -> float:
    """Return the similarity of a name to a column's spelling, from 0 to 1; 0 for any that is not near.

    >>> likeness("user_id", "UserIdent") > NEAR, likeness("total", "Total spent") > NEAR
    (True, True)
    """
    one, other = squash(spelling), squash(name)
    words = normalize(name).split("_")
    if len(one) >= _MIN_SPELLING and set(normalize(spelling).split("_")) <= set(words):
        return NEAR + 0.1 / len(words)  # the spelling with further words beside it
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    if matcher.real_quick_ratio() < NEAR or matcher.quick_ratio() < NEAR:
        return 0.0
    return matcher.ratio()
