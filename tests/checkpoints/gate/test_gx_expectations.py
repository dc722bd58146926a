"""What importing Great Expectations by way of the gate changes in it."""

from __future__ import annotations

from unittest.mock import patch

from checkpoints.gate.gx_expectations import load_gx


def test_a_lookup_of_arguments_builds_the_configuration_once_and_sees_changes() -> None:
    gx = load_gx()
    from great_expectations.expectations.expectation import Expectation

    between = gx.expectations.ExpectColumnValuesToBeBetween(column="age", min_value=0, max_value=130)
    with patch.object(Expectation, "dict", autospec=True, side_effect=Expectation.dict) as copied:
        before = between._get_runtime_kwargs({"result_format": "BASIC"})
    between.max_value = 120
    after = between._get_runtime_kwargs({"result_format": "BASIC"})

    assert copied.call_count == 1
    assert [kwargs["max_value"] for kwargs in (before, after)] == [130, 120]
    assert {name: before[name] for name in ("column", "min_value", "strict_min", "mostly")} == {
        "column": "age",
        "min_value": 0,
        "strict_min": False,
        "mostly": 1,
    }
    assert between.configuration.kwargs["max_value"] == 120
