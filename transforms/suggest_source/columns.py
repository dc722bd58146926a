"""Proposals of source columns for required columns without a near name, by the values of sample records."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from contracts.column_names import match, normalize
from contracts.model import DateOrder, Kind
from transforms.raw_to_bronze.column_coverage import NEAR, ColumnCoverage, likeness
from transforms.suggest_source.entry import Finding
from transforms.suggest_source.names import FIT_BY_NAME
from transforms.suggest_source.samples import TIME_WORDS, SampledColumn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contracts.model import Column, Contract, Source

# How much the source of a column counts for a dataset: values alone less than a name (FIT_BY_NAME); a guess
# or a generated key against it.
_FIT_BY_VALUES, _FIT_GENERATED_KEY, _FIT_GUESSED_ID = 1.0, -1.0, -2.5
RECORD_KEY = "sha2(concat_ws('|', _source_file, _position), 256)"
UNKNOWN = "'unknown'"
_USER_ID = "user_id"
_MIN_RATE = 0.8  # of the values of a column that must be valid
_MIN_NAMED_RATE = 0.3  # the same if the name has a word for the type
_LIKELY_RATE = 0.5  # the same if the name is near
_MIN_UNIQUE = 20  # values of a column that is taken for a key in spite of its name
_MAX_KEY = 100  # characters
_MONEY_WORDS = (
    "amount", "total", "sum", "summe", "betrag", "revenue", "value", "paid", "spent",
    "price", "cost", "charge", "fee", "net", "gross", "sales",
)  # fmt: skip
_NO_MONEY_WORDS = (
    "id", "no", "nr", "qty", "quantity", "count", "number", "age", "zip", "year", "month", "code", "phone",
    "lat", "lon", "index",
)  # fmt: skip
_PRICE_WORDS = ("price", "cost")
_QUANTITY_WORDS = ("qty", "quantity", "units", "pieces")
_ID_WORDS = (
    "user", "customer", "client", "account", "member", "buyer", "person", "visitor", "email", "mail", "ip",
    "uid", "session", "id",
)  # fmt: skip
_KEY_WORDS = ("id", "key", "uuid", "guid", "no", "nr", "number", "code")


def propose_columns(
    contract: Contract, source: Source, names: Sequence[str], sampled: Sequence[SampledColumn], records: int
) -> tuple[Source, list[Finding], float]:
    """Return the source with a spec for each missing required column for which one is found.

    With it come the evidence, and how much the specs count for the contract's dataset. ``dateOrder`` and
    ``decimalMark`` are set where a proposed column is valid only with them.

    Args:
        contract: of the dataset.
        source: may map some columns already.
        names: the source columns of the file.
        sampled: their values in sample records.
        records: the number of sample records.
    """
    proposer = _Proposer(contract, source, names, sampled, records)
    missing = [contract.column(name) for name in ColumnCoverage(contract, source).missing(names)]
    for propose in (proposer.nested_name, proposer.typed, proposer.text):
        for column in missing:
            if column.name not in proposer.findings:
                propose(column)
    findings = [proposer.findings[column.name] for column in missing if column.name in proposer.findings]
    return proposer.source, findings, proposer.fit


def doubtful_names(
    contract: Contract, nearest: Mapping[str, str], sampled: Sequence[SampledColumn]
) -> tuple[str, ...]:
    """Return the columns whose nearest name holds values of another type.

    Args:
        contract: of the dataset.
        nearest: contract column -> the nearest name.
        sampled: the values of sample records.
    """
    by_name = {one.name: one for one in sampled}
    nested = {one.path[0] for one in sampled if len(one.path) > 1}
    return tuple(
        column
        for column, name in nearest.items()
        if name in nested or (name in by_name and not _is_likely(contract.column(column), by_name[name]))
    )


def _is_likely(column: Column, sampled: SampledColumn) -> bool:
    if column.type.kind in (Kind.TIMESTAMP, Kind.DATE):
        return max(map(sampled.time_rate, DateOrder)) >= _LIKELY_RATE
    if column.type.kind.is_number:
        is_amount = column.type.kind is not Kind.DECIMAL or not sampled.has_word(_NO_MONEY_WORDS)
        return is_amount and max(map(sampled.number_rate, ".,")) >= _LIKELY_RATE
    if any(sampled.time_rate(order) >= _LIKELY_RATE for order in DateOrder):
        return False
    is_key = column.primary_key_position is not None and column.name != _USER_ID
    return not is_key or sampled.is_unique or len(sampled.values) < _MIN_UNIQUE


class _Proposer:
    """Assigns the unused columns of a file to missing required columns."""

    def __init__(
        self,
        contract: Contract,
        source: Source,
        names: Sequence[str],
        sampled: Sequence[SampledColumn],
        records: int,
    ) -> None:
        self.source = source
        self.findings: dict[str, Finding] = {}
        self.fit = 0.0
        self._contract = contract
        self._records = records
        coverage = ColumnCoverage(contract, source)
        used = {name for name in names if coverage.is_known(name)}
        sampled = [one for one in sampled if one.path[0] in names]
        self._left = [one for one in sampled if one.path[0] not in used]
        optional = {column.name for column in contract.columns if not column.required}
        self._optional = {  # sampled columns that map to an optional column, and may serve as an id too
            one: meant
            for one in sampled
            if (meant := match(one.name, contract)) in optional and meant not in source.columns
        }

    def nested_name(self, column: Column) -> None:
        """Propose a nested value whose path, or last key, is near to the column's name."""
        nested = [one for one in self._left if len(one.path) > 1 and _is_likely(column, one)]
        best, ratio = None, NEAR
        for one in nested:
            last = one.path[-1] if normalize(one.path[-1]) not in ("id", "name") else ""
            for spelling in (column.name, *column.aliases):
                found = max(likeness(spelling, name) for name in ("_".join(one.path), last))
                if found > ratio:
                    best, ratio = one, found
        if best is not None:
            self._take(column, best, f"{best.name!r} is the nearest path to {column.name}", FIT_BY_NAME)

    def typed(self, column: Column) -> None:
        """Propose a column of times or numbers."""
        if column.type.kind in (Kind.TIMESTAMP, Kind.DATE):
            self._time(column)
        elif column.type.kind.is_number:
            self._number(column)

    def text(self, column: Column) -> None:
        """Propose a key, an id, or a placeholder for one."""
        if column.type.kind is not Kind.STRING:
            return
        if column.primary_key_position is not None:
            self._key(column)
        else:
            self._id(column)

    def _time(self, column: Column) -> None:
        preferred = self.source.date_order or self._contract.date_order
        orders = (
            [preferred] if self.source.date_order else sorted(DateOrder, key=lambda o: o is not preferred)
        )
        words = {
            word for spelling in (column.name, *column.aliases) for word in normalize(spelling).split("_")
        }
        rated = [
            (
                (round(rate, 1), len(words.intersection(one.words)), one.has_word(TIME_WORDS), rate),
                one,
                order,
            )
            for one in self._left
            for order in orders
            if (rate := one.time_rate(order)) >= _min_rate(one, TIME_WORDS)
        ]
        if not rated:
            return
        (*_, rate), best, order = max(rated, key=lambda found: found[0])
        if order is not preferred:
            self.source = replace(self.source, date_order=order)
        self._take(
            column, best, f"{rate:.0%} of the values of {best.name!r} are times; a guess", _FIT_BY_VALUES
        )

    def _number(self, column: Column) -> None:
        given_mark = self.source.decimal_mark
        rated = [
            (
                (
                    -one.rank(_MONEY_WORDS),
                    not one.has_word(_NO_MONEY_WORDS),
                    one.fraction_rate > 0,
                    round(rate, 1),
                    mark == ".",
                    rate,
                ),
                one,
                mark,
            )
            for one in self._left
            for mark in ((given_mark,) if given_mark else (".", ","))
            if (rate := one.number_rate(mark)) >= _min_rate(one, _MONEY_WORDS)
        ]
        if not rated:
            return
        (*_, rate), best, mark = max(rated, key=lambda found: found[0])
        if mark != (given_mark or "."):
            self.source = replace(self.source, decimal_mark=mark)
        numbers = f"{rate:.0%} of the values of {best.name!r} are numbers"
        like = "its name is like" if best.has_word(_MONEY_WORDS) else "no other looks more like"
        self._take(
            column,
            best,
            f"{numbers}, and {like} {column.name}; a guess{self._per_unit(best)}",
            _FIT_BY_VALUES,
        )

    def _per_unit(self, price: SampledColumn) -> str:
        """Return advice to multiply a price by a quantity, where the file has both."""
        quantity = next((one for one in self._left if one.has_word(_QUANTITY_WORDS)), None)
        is_price = price.has_word(_PRICE_WORDS) and not price.has_word(("total", "amount"))
        if quantity is None or not is_price:
            return ""
        return f" (a price of one of {quantity.name!r}? then number({quantity.sql}) * number({price.sql}))"

    def _key(self, column: Column) -> None:
        is_person = column.name == _USER_ID  # records of one user become one row
        unique = [
            one
            for one in self._left
            if one.is_unique
            and len(one.values) == self._records
            and (one.has_word(_KEY_WORDS) or (self._records >= _MIN_UNIQUE and one.has_no_blank))
            and max(map(len, one.values)) <= _MAX_KEY
            and not (one.number_rate(".") == 1 and one.fraction_rate)
            and one.time_rate(self._contract.date_order) < _MIN_RATE
        ]
        best = min(unique, key=lambda one: not one.has_word(_KEY_WORDS), default=None)
        if best is not None:
            evidence = f"each of {self._records} records has another value of {best.name!r}; a guess"
            self._take(column, best, evidence, _FIT_GENERATED_KEY if is_person else 0.0)
            return
        if is_person and self._named_ids():
            self._id(column)
            return
        self._propose(
            column,
            RECORD_KEY,
            f"a stand-in: no column looks like {column.name}, so each record gets a key by file and place; "
            "replace it if a record can come again in another file",
            _FIT_GUESSED_ID if is_person else _FIT_GENERATED_KEY,
        )

    def _named_ids(self) -> list[SampledColumn]:
        return [one for one in (*self._left, *self._optional) if one.has_word(_ID_WORDS)]

    def _id(self, column: Column) -> None:
        best = min(self._named_ids(), key=lambda one: one.rank(_ID_WORDS), default=None)
        if best is None:
            evidence = f"a stand-in: no column looks like {column.name}; replace it by one that is"
            self._propose(column, UNKNOWN, evidence, _FIT_GUESSED_ID)
        else:
            self._take(column, best, f"{best.name!r} looks like an id by its name; a guess", _FIT_GUESSED_ID)

    def _take(self, column: Column, sampled: SampledColumn, evidence: str, fit: float) -> None:
        if sampled in self._left:
            self._left.remove(sampled)
        else:  # it stays the source of its own column as well
            self.source = replace(
                self.source, columns={**self.source.columns, self._optional[sampled]: sampled.spec}
            )
        self._propose(column, sampled.spec, evidence, fit)

    def _propose(self, column: Column, spec: str, evidence: str, fit: float) -> None:
        self.findings[column.name] = Finding("columns", f"{column.name}: {evidence}", column.name)
        self.fit += fit
        columns: Mapping[str, str] = {**self.source.columns, column.name: spec}
        self.source = replace(self.source, columns=columns)


def _min_rate(sampled: SampledColumn, words: Sequence[str]) -> float:
    return _MIN_NAMED_RATE if sampled.has_word(words) else _MIN_RATE
