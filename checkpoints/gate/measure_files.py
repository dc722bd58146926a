"""Measures the file inventory: a small frame in memory, counted by Great Expectations itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoints.gate.expectations import build_expectation, load_gx
from checkpoints.gate.measures import Measures, RuleCount
from contracts.model import Domain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from checkpoints.gate.measures import Measured
    from contracts.inventory import FileFacts
    from contracts.model import Contract, Rule


def measure_files(
    contract: Contract, dataset: str, facts: Sequence[FileFacts], parameters: Mapping[str, object]
) -> Measured:
    """Count what the inventory's rules need, over the files of one dataset.

    The samples of a rule about a reason are the least and the greatest key of the files rejected for it.
    ``_rejected_bytes_ratio`` is 0 when there are no bytes.
    """
    import pandas as pd

    frame = pd.DataFrame(
        {
            "dataset": pd.Series([dataset] * len(facts), dtype=object),
            "key": pd.Series([fact.key for fact in facts], dtype=object),
            "reason": pd.Series([fact.reason and fact.reason.value for fact in facts], dtype=object),
        }
    )
    counted: dict[Domain, dict[str, RuleCount]] = {Domain.RECORDS: {}, Domain.TABLE: {}}
    for rule in contract.rules:
        if rule.domain in counted:
            unexpected = _count_unexpected(contract, rule, frame, parameters)
            if unexpected is not None:
                keys = sorted(fact.key for fact in facts if fact.reason == rule.name)
                samples = tuple(dict.fromkeys((keys[0], keys[-1]))) if keys else ()
                counted[rule.domain][rule.name] = RuleCount(unexpected, samples)
    size = sum(fact.size_bytes for fact in facts)
    rejected = sum(fact.size_bytes for fact in facts if not fact.is_valid)
    ratio = {"_rejected_bytes_ratio": rejected / size if size else 0.0}
    return {
        Domain.RECORDS: Measures(len(facts), counted[Domain.RECORDS]),
        Domain.TABLE: Measures(len(facts), counted[Domain.TABLE], ratio),
    }


def _count_unexpected(
    contract: Contract, rule: Rule, frame: pd.DataFrame, parameters: Mapping[str, object]
) -> int | None:
    """Return how many rows GX does not expect; None for an expectation that is not about rows."""
    load_gx()
    from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
    from great_expectations.validator.metrics_calculator import MetricsCalculator

    expectation = build_expectation(contract, rule, parameters)
    engine = PandasExecutionEngine(batch_data_dict={"files": frame})
    wanted = expectation.get_validation_dependencies(execution_engine=engine).metric_configurations
    metric = wanted.get(f"{getattr(expectation, 'map_metric', None)}.unexpected_count")
    if metric is None:
        return None
    found, _ = MetricsCalculator(engine).compute_metrics(
        [metric], runtime_configuration={"catch_exceptions": False}
    )
    return int(found[metric.id])
