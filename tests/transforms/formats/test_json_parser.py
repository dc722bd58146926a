"""The JSON parser is lossless."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.formats.json_parser import (
    compact,
    elements_of,
    members_of,
    members_of_each,
    value_at,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(value=st.dictionaries(st.text(), VALUES), indent=st.sampled_from([None, 1]))
def test_compact_json_of_a_value_is_the_value_again(value: dict[str, object], indent: int | None) -> None:
    members = members_of(json.dumps(value, indent=indent))
    assert members is not None
    assert compact(members) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_deeply_nested_values_can_be_written(opening: str, closing: str) -> None:
    nested = f"{opening * 800}1.0{closing * 800}"
    members = members_of(f'{{"x":{nested}}}')
    assert members is not None
    assert compact(members[0][1]) == nested


LINES = st.dictionaries(st.text(max_size=3), VALUES, max_size=3).map(json.dumps) | st.sampled_from(
    [
        '{"a":1},{"b":2}',
        '{"a":[1',
        "2]}",
        '{"a":"',
        '"}',
        "[]",
        "5",
        "",
        " ",
        '{"a":"\\ud800"}',
        '{"\\uD83D\\ude00":["\\ud83d", {"b":"\\ude00\\ud83d"}]}',
        "]",
        "[",
        '{"a":1} ',
    ]
)


@given(lines=st.lists(LINES, max_size=120))
def test_many_texts_are_parsed_together_as_each_on_its_own(lines: list[str]) -> None:
    assert list(members_of_each(lines)) == [members_of(line) for line in lines]


@pytest.mark.parametrize("lines", [['{"a":[1', "2]}", '{"b":1},{"c":2}'], ['{"a":1},{"b":2}', "x"]])
def test_broken_lines_that_complete_each_other_stay_broken(lines: list[str]) -> None:
    assert list(members_of_each(lines)) == [None] * len(lines)


@given(values=st.lists(VALUES), separator=st.sampled_from([",", " ,\n"]))
def test_the_elements_of_an_array_are_cut_as_they_are_written(values: list[object], separator: str) -> None:
    written = [json.dumps(value) for value in values]
    assert list(elements_of(f" [ {separator.join(written)} ]\n")) == written


OBJECTS = st.dictionaries(
    st.sampled_from(["a", "},{"]), VALUES | st.just("},{") | st.just(float("nan")), max_size=2
)


@given(values=st.lists(OBJECTS | VALUES, min_size=2, max_size=9), separator=st.sampled_from([",", " ,\n"]))
@pytest.mark.parametrize("batch_size", [1, 3])
def test_objects_are_cut_as_they_are_written_and_not_within(
    values: list[object], separator: str, batch_size: int
) -> None:
    written = [json.dumps(value, separators=(",", ":")) for value in values]
    assert list(elements_of(f"[{separator.join(written)}]", batch_size)) == written


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ('[{"a":1},{"b":2', ['{"a":1}', '{"b":2']),
        ('[{"a":"},{"},{"b":2},5]', ['{"a":"},{"}', '{"b":2}', "5"]),
        ('[{"a":1},{"b":},{"c":3}]', ['{"a":1}', '{"b":},{"c":3}]']),
        ("[1, 2", ["1", "2", ""]),
        ("[1,]", ["1", "]"]),
        ("[1] x", ["1", "] x"]),
        ("[", [""]),
        ('{"a":1}', ['{"a":1}']),
        ("[1,,2]", ["1", ",2]"]),
    ],
)
def test_the_rest_of_a_broken_array_is_one_element(text: str, elements: list[str]) -> None:
    assert list(elements_of(text)) == elements


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (("a", "b"), b"1.0"),
        (("list", 1), "y"),
        (("list", 2), None),
        (("list", -1), None),
        (("list", "a"), None),
        (("a", 0), None),
        (("none", "x"), None),
        (("text", "k", 0), b"1"),
        (("a", "missing"), None),
    ],
)
def test_a_path_leads_to_a_member_or_to_nothing(steps: tuple[str | int, ...], found: object) -> None:
    value = members_of('{"a":{"b":1.0,"b":2},"list":["x","y"],"none":null,"text":"{\\"k\\":[1]}"}')
    assert value_at(value, steps) == found
