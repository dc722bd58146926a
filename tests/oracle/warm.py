"""Many rounds of the differential in one process: `python -m tests.oracle.warm --seed 100 --rounds 20`.

`--dialects 200 --rounds 10` runs 2,000 small texts in random dialects, 200 a round, each with its source.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

from pyspark.sql import SparkSession

import contracts
from checkpoints.lake.promotion import current_manifest, current_place
from checkpoints.storage.errors import NeverPromotedError
from contracts.model import Zone
from dags.pipeline.context import find_lake, new_run
from dags.pipeline.progress import Quiet
from dags.pipeline.report import as_document
from dags.pipeline.run import run_pipeline
from dags.settings import Settings, read_settings
from dags.spark.java import ensure_java
from dags.spark.session import spark_session
from tests.oracle.changes import Counts, after_change, change_raw, keep
from tests.oracle.compare import Difference, compare
from tests.oracle.dialects import make_dialects
from tests.oracle.mess import make_mess
from tests.oracle.mess_sources import make_sourced_mess
from tests.oracle.mess_values import AS_OF
from tests.oracle.oracle import Expected, expected
from tests.oracle.sources import write_contracts

SHIPPED = Path(contracts.__file__).parent


def run_warm_round(
    lake: Path, spark: SparkSession, seed: int, files: int, sourced: int = 3, *, with_change: bool = True
) -> list[Difference]:
    """Makes a lake's RAW from a seed, runs the project on it in this process, and compares.

    Then RAW is changed, and all is done again. `files`: messy ones a dataset; `sourced`: files a source.
    """
    rng = Random(seed)
    raw = lake / "raw"
    make_mess(raw, rng, files)
    sources = make_sourced_mess(raw, rng, sourced)
    settings = read_settings(lake=str(lake), contracts=write_contracts(SHIPPED, lake / "contracts", sources))
    differences = run_and_compare(settings, lake, spark, expected(raw, AS_OF, sources))
    if not with_change:
        return differences
    before = keep(raw, lake / "before")
    make_mess(lake / "other", Random(seed + 1_000_000), files)
    change_raw(raw, lake / "other", rng, sources)
    shadow, counts = after_change(before, raw, lake / "shadow", sources)
    report = run_once(settings, spark)
    wanted = expected(shadow, AS_OF, sources)
    again = compare(lake, report, wanted, lambda name: promoted(settings, name), raw=shadow)
    differences += [d for d in again if not d.place.startswith("report raw_to_bronze")]
    return differences + count_differences(report, counts)


def run_dialects(lake: Path, spark: SparkSession, seeds: Sequence[int]) -> list[Difference]:
    """Runs the project on the dialect texts of many seeds in one lake, and compares."""
    raw = lake / "raw"
    sources = make_dialects(raw, seeds)
    settings = read_settings(lake=str(lake), contracts=write_contracts(SHIPPED, lake / "contracts", sources))
    return run_and_compare(settings, lake, spark, expected(raw, AS_OF, sources))


def run_and_compare(
    settings: Settings, lake: Path, spark: SparkSession, wanted: Expected
) -> list[Difference]:
    return compare(lake, run_once(settings, spark), wanted, lambda name: promoted(settings, name))


def run_once(settings: Settings, spark: SparkSession) -> dict[str, Any]:
    """Returns the document of `run --json`."""
    run = new_run(as_of=AS_OF.isoformat())
    report = run_pipeline(settings, run, Quiet(), start_spark=lambda: spark)
    document: dict[str, Any] = json.loads(json.dumps(as_document(report)))
    return document


def count_differences(report: dict[str, Any], wanted: dict[str, Counts]) -> list[Difference]:
    """Compares the files of raw_to_bronze with what a second run must count."""
    found = {entry["dataset"]: entry["files"] for entry in report["transitions"][0]["datasets"]}
    return [
        Difference("files of the second run", dataset, "", asdict(counts), found[dataset])
        for dataset, counts in wanted.items()
        if asdict(counts) != found[dataset]
    ]


def promoted(settings: Settings, name: str) -> Path:
    """Returns the folder of a promoted version, `silver/events`; an empty one where nothing was promoted."""
    zone, _, rest = name.partition("/")
    lake = find_lake(settings)
    try:
        return Path(current_place(lake, Zone(zone), current_manifest(lake, Zone(zone), rest)).uri)
    except NeverPromotedError:
        return Path(tempfile.mkdtemp(prefix="lakegate-not-promoted-"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=10, help="each with the next seed")
    parser.add_argument("--dialects", type=int, default=0, help="instead, so many dialect texts a round")
    parser.add_argument("--files", type=int, default=24, help="messy files a dataset")
    parser.add_argument("--show", type=int, default=100, help="differences shown a round")
    options = parser.parse_args()
    ensure_java()
    spark = spark_session({"spark.master": "local[2]", "spark.sql.shuffle.partitions": "4"})
    is_equal = True
    for seed in range(options.seed, options.seed + options.rounds):
        lake = Path(tempfile.mkdtemp(prefix=f"lakegate-mess-{seed}-"))
        if options.dialects:
            first = seed * options.dialects
            differences = run_dialects(lake, spark, range(first, first + options.dialects))
        else:
            differences = run_warm_round(lake, spark, seed, options.files)
        print(f"seed {seed}: {len(differences)} differences" + (f", kept in {lake}" if differences else ""))
        for difference in differences[: options.show]:
            print(f"  {difference}", flush=True)
        if differences:
            is_equal = False
        else:
            shutil.rmtree(lake)
    spark.stop()
    return 0 if is_equal else 1


if __name__ == "__main__":
    sys.exit(main())
