"""Row rules derived from a contract's columns and their ``logicalTypeOptions`` (spec 4.3)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from contracts.model import Column, Domain, Kind, Rule, Severity
from contracts.system_columns import MALFORMED, TOO_LONG_PREFIX, UNCASTABLE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from contracts.errors import YamlLocation

AS_OF_LIMIT = {"$PARAMETER": "as_of_limit"}
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# Spreadsheet notation of a long number, of a text forced with ="…", and of a text typed with a leading '.
MANGLED = r"""^(?:-?[0-9]{1,3}(?:[.,][0-9]++)?[Ee]\+[0-9]{1,3}$|="[^"]*+"$|')"""

_BETWEEN = "expect_column_values_to_be_between"
_LIMITS = {
    "minimum": ("min_value", None),
    "exclusiveMinimum": ("min_value", "strict_min"),
    "maximum": ("max_value", None),
    "exclusiveMaximum": ("max_value", "strict_max"),
}
_LENGTHS = {"minLength": "min_value", "maxLength": "max_value"}
_UTC_NAMES = ("UTC", "Etc/UTC")


def derive_row_rules(
    dataset: str,
    columns: Sequence[Column],
    uncastable: Sequence[str],
    options: Mapping[str, Mapping[str, object]],
    locations: Mapping[str, YamlLocation],
) -> Iterator[Rule]:
    """Yield the row rules of a dataset that is read from files.

    All quarantine the rows that break them, except ``<column>_mangled``, which warns.

    Args:
        dataset: the contract's name, for the descriptions.
        columns: in the contract's order.
        uncastable: the columns whose cast can fail.
        options: the ``logicalTypeOptions`` by column.
        locations: of the columns in the YAML.

    Raises:
        ContractError: an unsupported option.
    """
    yield Rule(
        name="malformed",
        domain=Domain.RECORDS,
        severity=Severity.ERROR,
        dimension="conformity",
        description="The record can be parsed.",
        business_impact=f"The content of a malformed record of {dataset} is missing from every figure.",
        expectation="expect_column_values_to_be_null",
        kwargs={"column": MALFORMED},
    )
    for column in columns:
        derived = _ColumnRules(dataset, column, locations[column.name])
        if column.name in uncastable:
            yield derived.uncastable()
        if column.required:
            yield derived.required(can_be_uncastable=column.name in uncastable)
        if column.type.kind is Kind.STRING:
            yield derived.too_long()
            if column.is_identifier:
                yield derived.mangled()
        yield from derived.from_options(options.get(column.name, {}))


class _ColumnRules:
    """The rules of one column."""

    def __init__(self, dataset: str, column: Column, location: YamlLocation) -> None:
        self._dataset = dataset
        self._column = column
        self._name = column.name
        self._location = location

    def uncastable(self) -> Rule:
        return self._rule(
            "uncastable",
            "conformity",
            f"The value of {self._name} can be cast to {self._column.type}.",
            f"A guessed {self._name} would silently falsify every figure from {self._dataset}.",
            "expect_column_values_to_be_null",
            {"column": f"{UNCASTABLE_PREFIX}{self._name}"},
        )

    def required(self, *, can_be_uncastable: bool) -> Rule:
        condition = f"{MALFORMED} IS NULL"
        if can_be_uncastable:
            condition += f" AND {UNCASTABLE_PREFIX}{self._name} IS NULL"
        return self._rule(
            "required",
            "completeness",
            f"{self._name} is not null.",
            f"A record of {self._dataset} without {self._name} cannot be counted, joined or dated.",
            "expect_column_values_to_not_be_null",
            {"row_condition": condition, "condition_parser": "spark"},
        )

    def too_long(self) -> Rule:
        limit = self._column.type.max_bytes
        return self._rule(
            "too_long",
            "conformity",
            f"{self._name} has at most {limit:,} bytes in UTF-8.",
            f"A longer {self._name} of {self._dataset} does not fit into the warehouse.",
            "expect_column_values_to_be_null",
            {"column": f"{TOO_LONG_PREFIX}{self._name}"},
        )

    def mangled(self) -> Rule:
        return self._rule(
            "mangled",
            "accuracy",
            f"""{self._name} was not altered by a spreadsheet: 1.23457E+15, ="…" or '….""",
            f"A rounded or decorated {self._name} of {self._dataset} joins the wrong rows, or none.",
            "expect_column_values_to_not_match_regex",
            {
                "regex": MANGLED,
                # Skips keys that begin with a letter, most of them, before Spark decodes them for the regex.
                "row_condition": f"{self._name} < '>'",
                "condition_parser": "spark",
            },
            is_warning=True,
        )

    def from_options(self, options: Mapping[str, object]) -> Iterator[Rule]:
        """Yield the rules that the options declare, and ``_impossible`` for every timestamp."""
        name = self._name
        location = self._location.at("logicalTypeOptions")
        unread = dict(options)
        limits = self._read_limits(unread, location)
        if self._column.type.kind is Kind.TIMESTAMP:
            if "max_value" in limits:
                raise location.error(
                    f"the maximum of {name} is fixed: 24 hours after the run's clock", next_step="remove it"
                )
            if (
                unread.pop("timezone", True) is not True
                or unread.pop("defaultTimezone", "UTC") not in _UTC_NAMES
            ):
                raise location.error(
                    f"{name} must be in UTC", next_step="write timezone: true, defaultTimezone: UTC"
                )
            yield self._impossible(limits)
        elif limits:
            yield self._rule(
                "range",
                "accuracy",
                f"{name} is {_described(limits)}.",
                f"An impossible {name} distorts every average and segment made from {self._dataset}.",
                _BETWEEN,
                limits,
            )
        lengths = {bound: unread.pop(option) for option, bound in _LENGTHS.items() if option in unread}
        if lengths:
            yield self._rule(
                "length",
                "conformity",
                f"{name} is {_described(lengths)} characters long.",
                f"A {name} of another length does not come from the source system of {self._dataset}.",
                "expect_column_value_lengths_to_be_between",
                lengths,
            )
        if "pattern" in unread:
            pattern = unread.pop("pattern")
            yield self._rule(
                "pattern",
                "conformity",
                f"{name} matches {pattern}.",
                f"A {name} in another format does not come from the source system of {self._dataset}.",
                "expect_column_values_to_match_regex",
                {"regex": pattern},
            )
        for option in unread:
            raise location.at(option).error(
                f"the option {option} of {name} is not supported",
                next_step="remove it, or write a rule that Great Expectations can evaluate",
            )

    def _read_limits(self, unread: dict[str, object], location: YamlLocation) -> dict[str, object]:
        """Return the kwargs for the limits among the options, and remove these from ``unread``."""
        limits: dict[str, object] = {}
        for option, (bound, strict) in _LIMITS.items():
            if option in unread:
                if bound in limits:
                    raise location.error(f"{option} and its inclusive form exclude each other")
                limits[bound] = self._read_limit(unread.pop(option), location.at(option))
                if strict:
                    limits[strict] = True
        return limits

    def _read_limit(self, value: object, location: YamlLocation) -> object:
        """Return a limit in the column's own type."""
        type_ = self._column.type
        try:
            if type_.kind.is_number and isinstance(value, int | float) and not isinstance(value, bool):
                return value
            if type_.kind is Kind.TIMESTAMP and isinstance(value, str):
                instant = datetime.fromisoformat(value)
                return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
            if type_.kind is Kind.DATE and isinstance(value, str):
                return date.fromisoformat(value)
        except ValueError as error:
            raise location.error(
                f"invalid {type_} {value!r}", next_step="write it as ISO 8601, in quotes"
            ) from error
        raise location.error(f"{value!r} is not a limit for {self._name}, which is {type_}")

    def _impossible(self, limits: Mapping[str, object]) -> Rule:
        earliest = limits.get("min_value", EARLIEST)
        return self._rule(
            "impossible",
            "timeliness",
            f"{self._name} is not before {earliest:%Y-%m-%d} and at most 24 hours after the run's clock.",
            f"An impossible {self._name} moves {self._dataset} to days that no report shows.",
            _BETWEEN,
            {"min_value": earliest, **limits, "max_value": AS_OF_LIMIT},
        )

    def _rule(
        self,
        suffix: str,
        dimension: str,
        description: str,
        impact: str,
        expectation: str,
        kwargs: Mapping[str, object],
        *,
        is_warning: bool = False,
    ) -> Rule:
        """Return the rule ``<column>_<suffix>``; it is about the column unless ``kwargs`` name another."""
        return Rule(
            name=f"{self._name}_{suffix}",
            domain=Domain.VALID_ROWS if is_warning else Domain.RECORDS,
            severity=Severity.WARN if is_warning else Severity.ERROR,
            dimension=dimension,
            description=description,
            business_impact=impact,
            expectation=expectation,
            kwargs={"column": self._name, **kwargs},
            column=self._name,
            path=self._location.path,
        )


def _described(limits: Mapping[str, object]) -> str:
    """Return limits in words: ``from 0 to 120``, ``above 0 and below 120``."""
    low, high = limits.get("min_value"), limits.get("max_value")
    words = []
    if low is not None:
        words.append(f"{'above' if limits.get('strict_min') else 'from'} {low}")
    if high is not None:
        words.append(f"{'below' if limits.get('strict_max') else 'to'} {high}")
    return " and ".join(words) if limits.get("strict_min") or limits.get("strict_max") else " ".join(words)
