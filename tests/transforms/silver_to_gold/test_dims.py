"""The calendar, and what the other dimensions leave out (spec 5)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.transforms.frames import at, day, values
from tests.transforms.silver_to_gold.silver import event, silver, transaction
from transforms.silver_to_gold.dims import dim_country, dim_date, dim_status

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_the_calendar_has_every_day_between_the_first_and_the_last_of_both_datasets(
    spark: SparkSession,
) -> None:
    data = silver(
        spark,
        events=[event("e1", "u", at("2027-01-04T23:59:59"))],
        transactions=[transaction("t1", "u", at("2020-02-28T00:00:00"))],
    )
    found = {row["date"]: row for row in values(dim_date(data["events"], data["transactions"]))}

    first, last = day("2020-02-28"), day("2027-01-04")
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    assert sorted(found) == days  # type: ignore[type-var]
    months = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ]
    for date in days:
        assert found[date] == {
            "date": date,
            "year": date.year,
            "month": date.month,
            "day": date.day,
            "day_of_week": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[date.weekday()],
            "week_of_year": date.isocalendar().week,
            "month_name": months[date.month - 1],
        }


def test_without_dates_there_is_no_day_and_nulls_are_no_country_and_no_status(spark: SparkSession) -> None:
    none = silver(spark)
    assert values(dim_date(none["events"], none["transactions"])) == []
    noon = at("2024-05-01T12:00:00")
    data = silver(
        spark,
        events=[event(f"e{n}", "u", noon, country=c) for n, c in enumerate(["NO", None, "NO", "DE"])],
        transactions=[
            transaction(f"t{n}", "u", noon, status=s) for n, s in enumerate(["paid", None, "paid"])
        ],
    )
    assert values(dim_country(data["events"])) == [{"country": "DE"}, {"country": "NO"}]
    assert values(dim_status(data["transactions"])) == [{"status": "paid"}]
