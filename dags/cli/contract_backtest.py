"""`lakegate contract backtest`: what the working contracts would do to a lake's BRONZE, against a base."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dags.cli.console import print_json, say
from dags.cli.run import show_progress
from dags.settings import read_settings
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

BLOCKED = 3


def backtest_command(
    *,
    base: str,
    lake: str | None,
    dataset: str | None,
    as_of: str | None,
    scratch: str | None,
    as_json: bool,
) -> int:
    """Print what changes for the rows and verdicts; return 3 if bronze_to_silver would be blocked."""
    from dags.contract_backtests.backtest import BacktestRequest, run_backtest
    from dags.contract_backtests.report import backtest_document, backtest_lines
    from dags.contract_checks.folders import configured_folders

    settings = read_settings(lake=lake)
    request = BacktestRequest(configured_folders(settings), base, settings, dataset, as_of, scratch)
    with show_progress(is_quiet=as_json) as progress:
        backtest = run_backtest(request, progress)
    if as_json:
        print_json(backtest_document(backtest, base))
    else:
        lines: Sequence[str] = list(backtest_lines(backtest))
        say("\n".join(lines))
    return BLOCKED if backtest.verdict is Verdict.BLOCK else 0
