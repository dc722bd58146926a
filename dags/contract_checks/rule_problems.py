"""Problems in the rules and sources of a readable contract: arguments, patterns and SQL."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from contracts.expectation_catalog import MEASURED_EXPECTATIONS
from contracts.java_regex import JavaRegexError, check_java_regex
from contracts.rule_domains import available_types
from dags.contract_checks.gx_arguments import argument_problems
from dags.contract_checks.results import Level, Problem
from transforms.bronze_to_silver.java_patterns import format_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contracts.model import Contract, Rule, Source

EXPECTATION_ARGUMENT = "expectation-argument"
REGULAR_EXPRESSION = "regular-expression"
SQL_EXPRESSION = "sql-expression"
DATETIME_PATTERN = "datetime-pattern"
_BATCH = "batch"  # stands for the table in a query over unexpected rows
_SQL_STEP = "write a Spark SQL expression over the columns of one row"


def rule_problems(contract: Contract) -> Iterator[Problem]:
    """Yield the problems of all rules and sources that the contract's YAML writes; without file and line.

    Derived rules are not checked: what they are derived from was.
    """
    for rule in contract.rules:
        if is_written(rule) and not rule.file:
            yield from _rule_problems(contract, rule)
    for number, source in enumerate(contract.sources):
        yield from _source_problems(source, f"customProperties.sources[{number}]")
    if contract.query is not None:
        from dags.contract_checks.sql_expressions import query_problems

        for text in query_problems(contract.query.sql, contract.derived_from):
            step = "write one Spark SQL SELECT over the tables that derivedFrom names"
            yield Problem(SQL_EXPRESSION, text, path=contract.query.path, next_step=step)
    for error in format_errors(contract):
        yield Problem(DATETIME_PATTERN, error.what, path=error.path, next_step=error.next_step)


def is_written(rule: Rule) -> bool:
    """Whether a rule is an entry of a ``quality`` list, not derived."""
    return "quality[" in rule.path


def _rule_problems(contract: Contract, rule: Rule) -> Iterator[Problem]:
    problem = partial(Problem, path=rule.path, rule=rule.name)
    is_own = rule.expectation in MEASURED_EXPECTATIONS
    page = (
        "contracts/own_expectations.py" if is_own else f"greatexpectations.io/expectations/{rule.expectation}"
    )
    for text in dict.fromkeys(argument_problems(rule.expectation, rule.kwargs)):
        step = f"see {page}"
        yield problem(EXPECTATION_ARGUMENT, f"{rule.expectation}: {text}", next_step=step)
    for pattern in _patterns(rule):
        try:
            check_java_regex(pattern)
        except JavaRegexError as error:
            text = f"Java cannot compile the pattern {pattern!r}: {error}"
            yield problem(REGULAR_EXPRESSION, text, next_step="correct it; the syntax is java.util.regex's")
    query = rule.kwargs.get("unexpected_rows_query")
    if isinstance(query, str):
        from dags.contract_checks.sql_expressions import query_problems

        for text in query_problems(query.replace("{batch}", _BATCH), [_BATCH]):
            yield problem(SQL_EXPRESSION, text, next_step="write a Spark SQL query over {batch}")
    condition = rule.kwargs.get("row_condition")
    if isinstance(condition, str):
        from dags.contract_checks.sql_expressions import condition_problems

        for text in dict.fromkeys(condition_problems(condition, available_types(contract, rule.domain))):
            yield problem(SQL_EXPRESSION, text, next_step=_SQL_STEP)


def _patterns(rule: Rule) -> Iterator[str]:
    listed = rule.kwargs.get("regex_list")
    for pattern in (rule.kwargs.get("regex"), *(listed if isinstance(listed, list) else ())):
        if isinstance(pattern, str):
            yield pattern


def _source_problems(source: Source, path: str) -> Iterator[Problem]:
    for column, spec in source.columns.items():
        yield from _spec_problems(spec, f"{path}.columns.{column}", is_condition=False)
    if source.where is not None:
        yield from _spec_problems(source.where, f"{path}.where", is_condition=True)


def _spec_problems(sql: str, path: str, *, is_condition: bool) -> Iterator[Problem]:
    from dags.contract_checks.sql_expressions import looks_like_a_failed_expression, source_problems

    for text in dict.fromkeys(source_problems(sql, is_condition=is_condition)):
        yield Problem(SQL_EXPRESSION, text, path=path, next_step=_SQL_STEP)
    if not is_condition and looks_like_a_failed_expression(sql):
        yield Problem(
            SQL_EXPRESSION,
            f"{sql!r} does not parse as SQL, so it is taken for the name of a column",
            path=path,
            next_step="correct it, unless a source column has this name",
            level=Level.WARNING,
        )
