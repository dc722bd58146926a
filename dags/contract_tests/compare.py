"""Comparison of a case's expectations with its outcome: differences row by row, field by field."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contracts.system_columns import EXTRA
from dags.contract_tests.model import BROKEN, HOLDS, ExpectedVerdict
from dags.contract_tests.typed_values import shown
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dags.contract_tests.evaluate import CaseOutcome, SilverOutcome
    from dags.contract_tests.model import Case, ExpectedRow

_NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Difference:
    """One expectation that is not met. ``line``: of it in the file. Both values as text."""

    what: str  # silver[0].age, rules.age_range
    expected: str
    found: str
    line: int


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The result of one case; it passed if there is no difference."""

    case: Case
    differences: tuple[Difference, ...] = field(default_factory=tuple)

    @property
    def has_passed(self) -> bool:
        """Whether everything expected was found."""
        return not self.differences


def compare(case: Case, outcome: CaseOutcome, keys: Mapping[str, Sequence[str]]) -> CaseResult:
    """Return how a case's outcome differs from what it expects.

    Args:
        case: with its expectations.
        outcome: of the case.
        keys: by table of silver, the columns that identify a row.
    """
    comparison = _Comparison(case)
    expected, silver = case.expected, outcome.silver
    comparison.files(outcome)
    comparison.verdict(outcome)
    of_silver = (
        expected.silver,
        expected.histories,
        expected.quarantined,
        expected.accounting,
        expected.rules,
    )
    if silver is None and any(part is not None for part in of_silver):
        comparison.differ("expect", "bronze_to_silver's outcome", "raw_to_bronze is blocked")
    if silver is not None:
        for table, rows in case.tables.items():
            path = ("silver",) if table == case.dataset else ("histories", table)
            comparison.rows(path, rows, silver.tables[table], keys[table])
        comparison.quarantined(silver)
        comparison.accounting(silver)
        comparison.rules(silver)
    return CaseResult(case, tuple(comparison.differences))


class _Comparison:
    """Collects the differences of one case."""

    def __init__(self, case: Case) -> None:
        self._case, self._expected = case, case.expected
        self.differences: list[Difference] = []

    def differ(self, what: str, expected: str, found: str, *path: str | int) -> None:
        """Add a difference; ``path``: of the expectation, below ``expect``."""
        line = self._case.location.at("expect", *path).line
        self.differences.append(Difference(what, expected, found, line))

    def files(self, outcome: CaseOutcome) -> None:
        """Compare the rejected files."""
        expected = self._expected.rejected
        if expected is None:
            return
        for key in sorted({*expected, *outcome.rejected}):
            wanted, found = expected.get(key), outcome.rejected.get(key)
            if wanted != found:
                self.differ(
                    f"rejected[{key}]",
                    wanted.value if wanted else "a valid file",
                    found.value if found else "a valid file",
                    "rejected",
                    key,
                )

    def verdict(self, outcome: CaseOutcome) -> None:
        """Compare the verdict, or those of both transitions."""
        expected = self._expected.verdict
        decided = outcome.silver.decision if outcome.silver else None
        found = {"raw_to_bronze": outcome.verdict, "bronze_to_silver": decided.verdict if decided else None}
        rules = (decided.blocked_by or decided.warned) if decided else ()
        reasons = f" ({', '.join(rules)})" if rules else ""
        if expected is None:
            return
        if isinstance(expected, ExpectedVerdict):
            worst = Verdict.worst(one for one in found.values() if one is not None)
            if worst.value != expected.value:
                self.differ("verdict", expected.value, f"{worst.value}{reasons}", "verdict")
            return
        for name, verdict in found.items():
            wanted: ExpectedVerdict | None = getattr(expected, name)
            if wanted is not None and (verdict is None or wanted.value != verdict.value):
                is_silver = name == "bronze_to_silver"
                shown_verdict = (
                    "not run" if verdict is None else f"{verdict.value}{reasons if is_silver else ''}"
                )
                self.differ(f"verdict.{name}", wanted.value, shown_verdict, "verdict", name)

    def rows(
        self,
        path: tuple[str, ...],
        expected: Sequence[ExpectedRow],
        found: Sequence[Mapping[str, object]],
        key: Sequence[str],
    ) -> None:
        """Compare the rows of a table; ``path``: of what is expected of it, below ``expect``."""
        name = path[-1]
        readable = [_readable(row) for row in found]
        for number, row in _matched(expected, readable, key):
            if number is None:
                assert row is not None  # one of the two is there
                self.differ(name, _NOTHING, f"a further row {_row_text(row)}", *path)
            elif row is None:
                self.differ(f"{name}[{number}]", _row_text(expected[number]), "no such row", *path, number)
            else:
                for column, value in expected[number].items():
                    if row[column] != value:
                        what = f"{name}[{number}].{column}{_of_key(row, key)}"
                        self.differ(what, shown(value), shown(row[column]), *path, number, column)

    def quarantined(self, silver: SilverOutcome) -> None:
        """Compare the quarantined rows."""
        if self._expected.quarantined is None:
            return
        expected = [
            {
                "rules": tuple(sorted(one.rules)),
                **({} if one.file is None else {"file": one.file}),
                **({} if one.raw is None else {"raw": one.raw}),
            }
            for one in self._expected.quarantined
        ]
        found = [{"rules": one.rules, "file": one.file, "raw": one.raw} for one in silver.quarantined]
        for number, row in _matched(expected, found, ("raw",)):
            if number is None:
                assert row is not None  # one of the two is there
                self.differ("quarantined", _NOTHING, f"a further row {_record_text(row)}", "quarantined")
            elif row is None:
                self.differ(
                    f"quarantined[{number}]",
                    _record_text(expected[number]),
                    "no such row",
                    "quarantined",
                    number,
                )
            else:
                for name, value in expected[number].items():
                    if row[name] != value:
                        what = f"quarantined[{number}].{name}"
                        self.differ(
                            what, _part_text(value), _part_text(row[name]), "quarantined", number, name
                        )

    def accounting(self, silver: SilverOutcome) -> None:
        """Compare the counts of rows."""
        if self._expected.accounting is None:
            return
        found = {
            "rows_read": silver.records.rows_read,
            "rows_promoted": silver.accounting.rows_promoted,
            "rows_quarantined": silver.records.rows_quarantined,
            "rows_deduplicated": silver.accounting.rows_deduplicated,
            "rows_conflicting": silver.rows_conflicting,
            "rows_excluded": silver.records.rows_excluded,
        }
        for name, count in found.items():
            wanted = getattr(self._expected.accounting, name)
            if wanted is not None and wanted != count:
                what = f"accounting.{name}"
                self.differ(
                    what, str(wanted), "not counted" if count is None else str(count), "accounting", name
                )

    def rules(self, silver: SilverOutcome) -> None:
        """Compare the rules that broke."""
        counts = {**silver.records.broken, **silver.records.warned}
        failed = silver.decision.failed if silver.decision else ()
        for name, wanted in (self._expected.rules or {}).items():
            found: int | str = (
                counts[name].unexpected if name in counts else BROKEN if name in failed else HOLDS
            )
            if wanted != found:
                self.differ(f"rules.{name}", str(wanted), str(found), "rules", name)


def _matched(
    expected: Sequence[Mapping[str, object]], found: Sequence[Mapping[str, object]], key: Sequence[str]
) -> Iterator[tuple[int | None, Mapping[str, object] | None]]:
    """Match expected rows with found ones: first those with the fewest differences, the key counting most.

    Yields:
        number of an expected row and the found one, in the order of the numbers; None for the missing one.
    """

    def distance(number: int, position: int) -> tuple[int, int]:
        differing = [name for name, value in expected[number].items() if found[position].get(name) != value]
        return sum(name in key for name in differing), len(differing)

    pairs = sorted(
        (*distance(number, position), number, position)
        for number in range(len(expected))
        for position in range(len(found))
    )
    matches: dict[int, int] = {}
    for of_key, _, number, position in pairs:
        if number not in matches and position not in matches.values() and not of_key:
            matches[number] = position
    for number in range(len(expected)):
        yield number, found[matches[number]] if number in matches else None
    for position, row in enumerate(found):
        if position not in matches.values():
            yield None, row


def _readable(row: Mapping[str, object]) -> dict[str, object]:
    """Return a found row with its ``_extra`` as a mapping."""
    extra = row.get(EXTRA)
    return {**row, EXTRA: json.loads(extra)} if isinstance(extra, str) else dict(row)


def _of_key(row: Mapping[str, object], key: Sequence[str]) -> str:
    return f" of {' / '.join(shown(row[name]) for name in key)}"


def _row_text(row: Mapping[str, object]) -> str:
    """Return the columns of a row that are not null."""
    return (
        "{" + ", ".join(f"{name}: {shown(value)}" for name, value in row.items() if value is not None) + "}"
    )


def _record_text(record: Mapping[str, object]) -> str:
    return "{" + ", ".join(f"{name}: {_part_text(value)}" for name, value in record.items()) + "}"


def _part_text(value: object) -> str:
    return f"[{', '.join(value)}]" if isinstance(value, tuple) else shown(value)
