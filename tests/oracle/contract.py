"""The spec's tables, written down once more: the oracle shares no contract with the project."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    is_required: bool = False


@dataclass(frozen=True)
class Contract:
    """What the oracle needs of a dataset's contract; `recency` names the columns that tell the latest row."""

    dataset: str
    columns: tuple[Column, ...]
    recency: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return KEY[self.dataset]

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns whose values identify something: the key and user_id."""
        return tuple(dict.fromkeys((self.key, "user_id")))

    @property
    def required(self) -> set[str]:
        return {column.name for column in self.columns if column.is_required}

    def max_bytes(self, column: str) -> int:
        if column in self.keys:
            return 1024
        return 65_535 if column == "message" else 4096


def _columns(text: str) -> tuple[Column, ...]:
    """Reads `name type!`, one a line: `!` marks a required column."""
    columns = []
    for line in text.split(";"):
        name, type_ = line.split()
        columns.append(Column(name, type_.rstrip("!"), type_.endswith("!")))
    return tuple(columns)


DATASETS: Final = ("events", "users", "transactions")

COLUMNS: Final[dict[str, tuple[Column, ...]]] = {
    "events": _columns(
        "event_id string!; user_id string!; ts timestamp!; country string; email string; name string;"
        "message string; age int; price decimal; amount decimal; temperature double"
    ),
    "users": _columns(
        "user_id string!; name string; email string; phone string; city string; age int; updated_at timestamp"
    ),
    "transactions": _columns(
        "tx_id string!; user_id string!; amount decimal!; status string; created_at timestamp!;"
        "delivered_at timestamp; email string; name string; age int"
    ),
}

SHIPPED: Final = {dataset: Contract(dataset, columns) for dataset, columns in COLUMNS.items()}
Contracts = Mapping[str, Contract]

KEY: Final = {"events": "event_id", "users": "user_id", "transactions": "tx_id"}

# Section 4.1. `id` means the dataset's own key.
_ALIASES_OF_ALL: Final[dict[str, tuple[str, ...]]] = {
    "event_id": ("eventid",),
    "user_id": ("userid", "uid", "customer_id"),
    "tx_id": ("txid", "transaction_id", "order_id"),
    "ts": ("timestamp", "event_time", "event_timestamp"),
    "updated_at": ("modified_at", "last_updated"),
    "created_at": ("order_date", "purchase_ts"),
    "delivered_at": ("delivery_date",),
    "amount": ("total", "value"),
}


def aliases(dataset: str, column: str) -> tuple[str, ...]:
    own = ("id",) if column == KEY[dataset] else ()
    return (*_ALIASES_OF_ALL.get(column, ()), *own)


DROPPED: Final = ("year", "month", "day")

NULL_WORDS: Final = frozenset(
    ["", "null", "none", "nan", "nil", "na", "n/a", "#n/a", "undefined", "-", "--", "?", "\\n", "(null)"]
)
NO_NULL_WORDS_FOR: Final = {
    "country": frozenset(["na", "none", "nan", "nil"]),
    "name": frozenset(["na", "none", "nan", "nil"]),
}

STATUSES: Final = frozenset(
    ["pending", "paid", "shipped", "delivered", "cancelled", "returned", "refunded", "failed"]
)

USER_ATTRIBUTES: Final = ("name", "email", "city", "phone", "age")
HISTORY_COLUMNS: Final = ("user_id", *USER_ATTRIBUTES, "valid_from", "valid_to", "is_current")

MAX_QUARANTINE_RATIO: Final = 0.25
MAX_CONFLICTING_RATIO: Final = 0.05
MAX_UNKNOWN_USER_RATIO: Final = 0.05
MAX_DATE_SPAN_DAYS: Final = 3650
MAX_EXPANDED_BYTES: Final = 256 * 1024 * 1024
MAX_EXPANSION: Final = 200
