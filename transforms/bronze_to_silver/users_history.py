"""What was known of each user, and when (SCD type 2, spec 4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as sf

from transforms.bronze_to_silver.precedence import recency_columns
from transforms.bronze_to_silver.users import by_precedence, known

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from contracts.model import Contract

_BEGINNING = "TIMESTAMP '1900-01-01 00:00:00Z'"  # valid_from of what is known without a time

_VALIDITY = ("valid_from", "valid_to", "is_current")


def users_history(valid: DataFrame, users: Contract, history: Contract) -> DataFrame:
    """Tell the versions of each user, from all valid rows.

    Grain of the result: user_id × valid_from. Columns: the history contract's. Attributes carry forward,
    only the last state of an instant counts, and a version opens where the state differs from the one
    before. valid_from is updated_at (1900-01-01 when null); valid_to is the next version's valid_from, null
    for the open one, which alone has is_current. The open version equals the user's row in silver users.
    No ordering of rows.

    Args:
        valid: valid rows of users.
        users: the contract of users, whose column order breaks ties.
        history: the contract of users_history; its columns beside the key and the validity are the state.
    """
    (updated_at,) = recency_columns(users)
    key = users.key
    attributes = [name for name in history.column_names if name not in (*key, *_VALIDITY)]
    state = sf.struct(*(sf.col(f"_known_{name}").alias(name) for name in attributes))

    # Each window below is met by the first one's shuffle and sort.
    rows = by_precedence(users)
    next_instant = sf.lead(sf.struct(updated_at)).over(rows)  # a struct: the next instant may be null itself
    instants = (
        valid.select(*key, updated_at, *known(attributes, users), next_instant.alias("_next"))
        .where(
            sf.col("_next").isNull() | ~sf.col("_next").getField(updated_at).eqNullSafe(sf.col(updated_at))
        )
        .select(*key, updated_at, state.alias("_state"))
    )
    in_time = Window.partitionBy(*key).orderBy(sf.col(updated_at).asc_nulls_first())
    versions = instants.withColumn("_before", sf.lag("_state").over(in_time)).where(
        sf.col("_before").isNull() | (sf.col("_before") != sf.col("_state"))
    )
    return (
        versions.withColumn("valid_from", sf.coalesce(sf.col(updated_at), sf.expr(_BEGINNING)))
        .withColumn("valid_to", sf.lead("valid_from").over(in_time))
        .withColumn("is_current", sf.col("valid_to").isNull())
        .select(*key, "_state.*", "valid_from", "valid_to", "is_current")
        .select(*history.column_names)
    )
