"""The recipes of RECIPES.md and CONTRIBUTING.md, followed word for word."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import contracts
from contracts.loader import load_contracts
from quarantine_policies.model import Action, DatasetPolicy, GoldPolicy
from quarantine_policies.reader import check_policies, load_policies, parse_policy
from tests.contributing import yaml_blocks
from tests.dags.lake_runs import LakeRuns

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROOT = Path(__file__).parents[2]
AS_OF = "2025-12-31T00:00:00+00:00"
SHOP = """order_no;user_id;quantity;unit_price;created_at
w1;u1;3;1.000,50;31.12.2024 9:05
w2;u2;1;0,25;1.1.2025
"""


@dataclass(frozen=True)
class Recipe:
    """One chapter of RECIPES.md: a file, the source that accepts it, and rows of silver."""

    title: str
    dataset: str
    key: str
    content: str
    source: list[dict[str, Any]]
    columns: list[str]
    rows: list[list[str]]


def read_recipes() -> list[Recipe]:
    """Return the recipes for files in the order of the page."""
    recipes = []
    # The last two are for a policy, and for commands that tests/dags/test_sample_run.py carries out.
    for chapter in (ROOT / "RECIPES.md").read_text("utf-8").split("\n## ")[1:-2]:
        path = re.search(r"`raw/(\w+)/([^`]+)`\n```\w+\n(.*?)```", chapter, re.DOTALL)
        assert path is not None, chapter
        entry = re.search(r"```yaml\n(.*?)```", chapter, re.DOTALL)
        table = [
            [cell.strip() for cell in line.strip("|").split(" |")]
            for line in chapter.splitlines()
            if line.startswith("|")
        ]
        source = yaml.safe_load(entry[1]) if entry else []
        title = chapter.splitlines()[0]
        recipes.append(Recipe(title, path[1], path[2], path[3], source, table[0], table[2:]))
    return recipes


RECIPES = read_recipes()


def copied_contracts(folder: Path) -> Path:
    shutil.copytree(Path(contracts.__file__).parent, folder, ignore=shutil.ignore_patterns("*.py", "__py*"))
    return folder


def with_sources(path: Path, sources: list[dict[str, Any]]) -> None:
    document = yaml.safe_load(path.read_text())
    document["customProperties"].append({"property": "sources", "value": sources})
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> LakeRuns:
    root = tmp_path_factory.mktemp("recipes")
    folder = copied_contracts(root / "contracts")
    for name in {recipe.dataset for recipe in RECIPES}:
        sources = [source for recipe in RECIPES if recipe.dataset == name for source in recipe.source]
        with_sources(folder / "silver" / f"{name}.yaml", sources)
    runs = LakeRuns(root / "lake", spark, {"contracts": folder})
    for recipe in RECIPES:
        runs.drop(f"{recipe.dataset}/{recipe.key}", recipe.content)
    runs.drop("users/users.csv", "user_id\nu1\n")
    runs.run(as_of=AS_OF)
    return runs


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
def test_a_recipe_gives_the_rows_that_it_shows(lake: LakeRuns, recipe: Recipe) -> None:
    rows = [row for row in lake.rows(f"silver/{recipe.dataset}") if row["_source_file"] == recipe.key]
    assert sorted([shown(row[name]) for name in recipe.columns] for row in rows) == sorted(recipe.rows)


def shown(value: object) -> str:
    """A value as the page shows it: a null is empty, a time has a fraction only where it has one."""
    if value is None:
        return ""
    if hasattr(value, "strftime"):
        return f"{value:%Y-%m-%d %H:%M:%S.%f}".rstrip("0").rstrip(".")
    return str(value)


@pytest.mark.slow
def test_the_added_source_stands_where_the_paper_shows_it(spark: SparkSession, tmp_path: Path) -> None:
    key = "shop/2025/a.csv"
    folder = copied_contracts(tmp_path / "contracts")
    path = folder / "silver/transactions.yaml"
    text = path.read_text()
    (block,) = yaml_blocks("Add a source", "CONTRIBUTING.md")
    shown_place, entry = block.split("\n", 1)
    assert text.count(f"\n{shown_place}\n") == 1
    path.write_text(text.replace(f"\n{shown_place}\n", f"\n{shown_place}\n{entry}"))
    runs = LakeRuns(tmp_path / "lake", spark, {"contracts": folder})
    runs.drop_shop()
    runs.drop(f"transactions/{key}", SHOP)
    for transition in ("raw_to_bronze", "bronze_to_silver"):
        runs.run(as_of=AS_OF, only=transition)
    rows = [row for row in runs.rows("silver/transactions") if row["_source_file"] == key]
    assert [[shown(row[name]) for name in ("tx_id", "amount", "created_at")] for row in rows] == [
        ["w1", "3001.5000", "2024-12-31 08:05:00"],
        ["w2", "0.2500", "2025-01-01 00:00:00"],
    ]


def test_the_recipe_for_a_policy_silences_days_and_rules() -> None:
    chapter = (ROOT / "RECIPES.md").read_text("utf-8").split("\n## ")[-2]
    policies = load_policies()
    days, overrides = re.findall(r"```yaml\n(.*?)```", chapter, re.DOTALL)
    changed = parse_policy(days + overrides, DatasetPolicy, "transactions.yaml")
    assert changed.days_out_of_line.ignore == (date(2024, 12, 25), date(2024, 11, 29))
    assert changed.overrides == {"freshness": Action.OFF, "volume_by_day": Action.BLOCK}
    datasets = {**policies.datasets, "transactions": changed}
    check_policies(replace(policies, datasets=datasets), load_contracts())
    parse_policy(days, GoldPolicy, "gold.yaml")
