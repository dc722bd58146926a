"""The list of transitions: each name is a function with the common signature."""

from __future__ import annotations

import inspect

import pytest

from dags.pipeline.run import TRANSITIONS, load_transition


@pytest.mark.parametrize("name", TRANSITIONS)
def test_each_transition_is_a_function_of_its_name_with_the_common_signature(name: str) -> None:
    transition = load_transition(name)
    assert transition.__name__ == name  # type: ignore[attr-defined]
    assert list(inspect.signature(transition).parameters) == ["setup", "run", "start_spark", "progress"]


def test_an_unknown_transition_is_refused_with_the_known_names() -> None:
    with pytest.raises(ValueError, match=r"unknown transition 'x'; expected one of raw_to_bronze, .*"):
        load_transition("x")
