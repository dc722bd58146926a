"""Column names on the row path are matched as contracts.names matches them."""

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as sf

from contracts import names
from tests.transforms.promises import EVENTS
from transforms.bronze_to_silver.spelling import is_ignored, meant_column, normalized

# Java and Python know different versions of Unicode: these blocks have been full for long.
LETTERS = st.characters(codec="utf-8", exclude_categories=("Cn", "Co", "Cs"), max_codepoint=0x52F)
ASCII = st.text(st.sampled_from("abXYZ019_ -.\"'`İßΣσ\ufeff"), max_size=12)
SPELLED = st.sampled_from(
    ["EventID", "event id", "USERId", "uid", "Event_Timestamp", "id", "YEAR", "mon_th", ""]
)
NAMES = st.lists(st.one_of(ASCII, SPELLED, st.text(LETTERS, max_size=8)), min_size=100, max_size=300)


@settings(max_examples=6, deadline=None, phases=[Phase.generate])
@given(found=NAMES)
def test_names_mean_the_same_on_the_row_path_as_in_the_contract(
    spark: SparkSession, found: list[str]
) -> None:
    frame = spark.createDataFrame([(name,) for name in found], "name string")
    named = frame.select("name", normalized(sf.col("name")).alias("normal"))
    rows = named.select(
        "name", "normal", meant_column(sf.col("normal"), EVENTS), is_ignored(sf.col("normal"), EVENTS)
    ).collect()
    expected = [
        (name, names.normalize(name), names.match(name, EVENTS), names.is_ignored(name, EVENTS))
        for name in found
    ]
    assert [tuple(row) for row in rows] == expected
