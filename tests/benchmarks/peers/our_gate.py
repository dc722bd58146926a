"""Our gate on the peers' job: routed by GX's own conditions, counted, and judged by a GX checkpoint.

The rows lie in Parquet, as those that ``dags/pipeline/silver_dataset.py`` has staged: conditions, one
partitioned write, a count of what broke rules, a judgement of the counts. The gate routes by a row alone, and
takes no rule that looks at other rows; what does, the pipeline's transforms find beforehand and hand over as
a column that a rule of the contract judges (as ``_malformed``). Here that is ``_copies``, made by the same
plain Spark as for the floor.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pyspark.sql import Observation
from pyspark.sql import functions as sf

from checkpoints.gate.checkpoint import judge
from checkpoints.gate.gx_expectations import load_gx
from checkpoints.gate.masking import Masking
from checkpoints.gate.measure_rows import measure_rows
from checkpoints.gate.measures import Measures, RowsRead
from checkpoints.gate.routing import breaks_any, routing_conditions
from checkpoints.lake.layout import open_lake
from checkpoints.quarantine.rows import QuarantineWriter
from contracts.model import Contract, Domain, Rule, Severity, Zone
from contracts.system_columns import RAW_TEXT
from dags.spark.frames import write_frame
from tests.benchmarks.peers.expectations import EXPECTATIONS, UNIQUE_BY_ROW
from tests.benchmarks.peers.job import Result, arguments, start_spark, timed, with_copies

RUN = "peers"
IS_VALID = "_is_valid"


def main() -> None:
    """Route, write, count and judge."""
    source, out = arguments()
    load_gx()
    spark = start_spark()
    place = open_lake(str(out)).staging(Zone.SILVER, RUN).child("orders")
    written = Path(place.spark_uri.removeprefix("file://"))
    counts: dict[str, int] = {}
    with timed(Result(written / f"{IS_VALID}=true", written / f"{IS_VALID}=false", counts)):
        contract = orders_contract()
        rows = with_copies(spark.read.parquet(source))
        conditions = routing_conditions(spark, contract, contract.rules, rows.schema, {})
        read = Observation("rows read")  # the pipeline's readers count them, and there are none here
        marked = rows.observe(read, sf.count(sf.lit(1)).alias("rows"))
        write_frame(marked.withColumn(IS_VALID, ~breaks_any(conditions)), place.spark_uri, [IS_VALID])
        bad = spark.read.schema(rows.schema).parquet(f"{place.spark_uri}/{IS_VALID}=false")
        bad = bad.withColumn(
            RAW_TEXT, sf.lit(None).cast("string")
        )  # rows of Parquet, of which no text is kept
        records, _ = measure_rows(
            bad,
            conditions,
            contract.rules,
            RowsRead({source: read.get["rows"]}),
            QuarantineWriter(
                RUN, contract.name, contract.version, datetime.now(UTC), place.child("rejected")
            ),
        )
        judgement = judge(
            "peers.orders",
            contract,
            contract.rules,
            {Domain.RECORDS: Measures(records.rows_read, records.broken)},
            {},
            Masking.of(contract, ()),
            RUN,
            datetime.now(UTC),
        )
        counts.update({outcome.rule: outcome.failed for outcome in judgement.outcomes})


def orders_contract() -> Contract:
    """Return the nine rules as a contract's, each an error whose offenders are quarantined."""
    expectations = {**EXPECTATIONS, "order_id_unique": UNIQUE_BY_ROW}
    rules = tuple(
        Rule(name, Domain.RECORDS, Severity.ERROR, "accuracy", "", "", expectation, kwargs)
        for name, (expectation, kwargs) in expectations.items()
    )
    return Contract("orders", Zone.SILVER, "1.0.0", "", "", "", (), rules)


if __name__ == "__main__":
    main()
