"""Work is distributed evenly over tasks, and every byte is read once."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as some

from contracts.inventory import FileFacts
from transforms.bronze_to_silver.files import BronzeFile
from transforms.bronze_to_silver.text_tasks import plan_tasks, portions


def file_of(size_bytes: int, compression: str = "none") -> BronzeFile:
    return BronzeFile(FileFacts("a", size_bytes, "", compression=compression), "", io.BytesIO)


def ranges(file: BronzeFile, *, is_divisible: bool) -> list[tuple[int, int | None]]:
    found = portions(file, is_divisible=is_divisible, most_bytes=100)
    return [(portion.split.start, portion.split.stop) for portion in found]


def test_a_large_file_of_lines_is_divided_evenly() -> None:
    assert ranges(file_of(250), is_divisible=True) == [(0, 83), (83, 166), (166, None)]


@pytest.mark.parametrize(
    ("file", "is_divisible"), [(file_of(100), True), (file_of(250), False), (file_of(250, "gzip"), True)]
)
def test_any_other_file_is_one_portion(file: BronzeFile, is_divisible: bool) -> None:
    assert ranges(file, is_divisible=is_divisible) == [(0, None)]


def test_compressed_bytes_count_for_more() -> None:
    (packed,) = portions(file_of(100, "gzip"), is_divisible=True)
    assert packed.text_bytes == 500


def test_no_file_needs_no_task() -> None:
    assert plan_tasks([], cores=8) == ()


@given(some.lists(some.integers(0, 1000), min_size=1), some.integers(1, 5), some.integers(1, 1000))
def test_each_portion_goes_to_one_task_and_none_gets_much_more(
    sizes: list[int], cores: int, bytes_a_task: int
) -> None:
    tasks = plan_tasks(sizes, cores, bytes_a_task)
    assert sorted(portion for task in tasks for portion in task) == list(range(len(sizes)))
    assert len(tasks) >= min(len(sizes), cores)
    loads = [sum(sizes[portion] for portion in task) for task in tasks]
    assert loads == sorted(loads, reverse=True)
    assert loads[0] - loads[-1] <= max(sizes)
