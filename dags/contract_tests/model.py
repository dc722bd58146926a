"""Model of contract tests: given files, clock, options and policy of a case, and what it expects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.errors import ConfigurationError
from contracts.inventory import Reason
from dags.contract_tests.given import GivenFile

if TYPE_CHECKING:
    from contracts.yaml_lines import YamlLines

DEFAULT_CLOCK = "2024-06-30T00:00:00Z"
ExpectedRow = Mapping[str, object]
Clock = datetime | date | str


HOLDS: Final = "holds"
BROKEN: Final = "broken"


class ExpectedVerdict(StrEnum):
    """A verdict that a case can expect."""

    PASS = "pass"  # noqa: S105  # not a secret
    WARN = "warn"
    BLOCK = "block"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExpectedQuarantine(_Strict):
    """A quarantined row: all rules that it broke, in any order; its file and raw text if they matter."""

    rules: tuple[str, ...]
    file: str | None = None
    raw: str | None = None


class ExpectedAccounting(_Strict):
    """Counts of a dataset's rows, as in the report of a run; those not set are not checked."""

    rows_read: int | None = Field(default=None, strict=True)
    rows_promoted: int | None = Field(default=None, strict=True)
    rows_quarantined: int | None = Field(default=None, strict=True)
    rows_deduplicated: int | None = Field(default=None, strict=True)
    rows_conflicting: int | None = Field(default=None, strict=True)
    rows_excluded: int | None = Field(default=None, strict=True)


class ExpectedVerdicts(_Strict):
    """The verdicts of the two transitions; one not set is not checked."""

    raw_to_bronze: ExpectedVerdict | None = None
    bronze_to_silver: ExpectedVerdict | None = None


class Expected(_Strict):
    """What a case expects; a key not set is not checked.

    ``silver``: all rows of the candidate, whatever the verdict, in any order; each row by some or all of its
    columns. ``histories``: the same of the tables that keep the versions of its rows, by name.
    ``quarantined``: all quarantined rows. ``rejected``: all rejected files by key, with the reason.
    ``rules``: for a row rule, how many rows break it (for a warn rule: of the valid rows); for a table rule,
    ``broken`` or ``holds``. ``verdict``: the worse of both transitions', or each.
    """

    silver: tuple[ExpectedRow, ...] | None = None
    quarantined: tuple[ExpectedQuarantine, ...] | None = None
    accounting: ExpectedAccounting | None = None
    rejected: Mapping[str, Reason] | None = None
    rules: Mapping[str, int | Literal["holds", "broken"]] | None = None
    verdict: ExpectedVerdict | ExpectedVerdicts | None = None
    histories: Mapping[str, tuple[ExpectedRow, ...]] | None = None

    @model_validator(mode="after")
    def _check(self) -> Expected:
        if all(getattr(self, name) is None for name in type(self).model_fields):
            raise ValueError(f"expects nothing; known: {', '.join(type(self).model_fields)}")
        return self


class CaseEntry(_Strict):
    """A case as written.

    ``given``: the files by key below ``raw/<dataset>/``. ``contract``: custom properties in place of the
    contract's own (sources come before the contract's). ``policy``: keys in place of the dataset policy's.
    ``last_rows``: rows of the last promoted version, where there is one.
    """

    name: str = Field(min_length=1)
    given: Mapping[str, GivenFile] = Field(min_length=1)
    expect: Expected
    as_of: Clock | None = None
    contract: Mapping[str, object] = Field(default_factory=dict)
    policy: Mapping[str, object] = Field(default_factory=dict)
    last_rows: int | None = Field(default=None, strict=True, ge=0)


class CaseFileEntry(_Strict):
    """A file of cases of one dataset as written. ``as_of``: the clock of cases without one of their own."""

    dataset: str
    cases: tuple[CaseEntry, ...] = Field(min_length=1)
    as_of: Clock = DEFAULT_CLOCK


@dataclass(frozen=True, slots=True)
class CaseLocation:
    """The location of a part of a case file. ``file``: as shown in messages."""

    file: str
    lines: YamlLines
    path: tuple[str | int, ...] = ()
    case: str = ""

    @property
    def line(self) -> int:
        """The line, from 1."""
        return self.lines.line_of(self.path)

    def at(self, *steps: str | int) -> CaseLocation:
        """Return the location of a part below this one."""
        return replace(self, path=(*self.path, *steps))

    def error(self, problem: str, *, expected: str = "", found: str = "", next_step: str = "") -> CaseError:
        """Return an error at this location."""
        case = f", case {self.case!r}" if self.case else ""
        where = f"{self.file}:{self.line}{case}"
        return CaseError(problem, where=where, expected=expected, found=found, next_step=next_step)


class CaseError(ConfigurationError):
    """An invalid case; names file, line and case."""


@dataclass(frozen=True, slots=True)
class Case:
    """A case of a dataset.

    ``tables``: the expected rows of the dataset's table and of its histories, by name, with values of their
    columns' types; a table that is not among them is not checked.
    """

    dataset: str
    entry: CaseEntry
    as_of: str  # ISO 8601
    location: CaseLocation
    tables: Mapping[str, tuple[ExpectedRow, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name, unique within the file."""
        return self.entry.name

    @property
    def expected(self) -> Expected:
        """What it expects."""
        return self.entry.expect
