"""A delimited record is taken apart in one way, however many are taken at once."""

from __future__ import annotations

import doctest

from hypothesis import given
from hypothesis import strategies as st

from transforms.bronze_to_silver import delimited_fields
from transforms.bronze_to_silver.delimited_fields import Dialect

RECORDS = st.lists(st.text(st.sampled_from("ab,;\"' \r\t\né"), min_size=1, max_size=12), max_size=8)


@given(records=RECORDS, dialect=st.builds(Dialect, st.sampled_from(",;\t"), st.sampled_from(["", '"', "'"])))
def test_many_records_at_once_have_the_fields_that_each_has_alone(
    records: list[str], dialect: Dialect
) -> None:
    assert dialect.fields_of_all(records) == [dialect.fields_of(record) for record in records]


@given(text=st.text(st.sampled_from('ab,"\n'), max_size=30))
def test_no_character_of_a_text_is_lost_between_its_records(text: str) -> None:
    assert "\n".join(Dialect(",", '"').records_of(text)) == text.removesuffix("\n")


def test_a_field_longer_than_csv_takes_is_a_field() -> None:
    long = "x" * 200_000
    assert Dialect(",", '"').fields_of_all([f'"{long}",y']) == [[long, "y"]]


def test_the_examples_hold() -> None:
    assert doctest.testmod(delimited_fields).failed == 0
