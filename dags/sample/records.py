"""The rows of a sample, each with a fate that is known when it is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from dags.sample.spelling import iso, plain_amount, some_amount, some_integer, some_text, some_timestamp
from dags.sample.truth import ActivityTruth, DatasetTruth

if TYPE_CHECKING:
    from dags.sample.files import Texts, Writer

DAY_SECONDS = 86_400
FIRST_DAY = 19_723  # 2024-01-01, in days since 1970
COLUMNS = {
    "events": (
        "event_id", "user_id", "ts", "country", "email", "name", "message", "age", "price", "amount",
        "temperature",
    ),
    "users": ("user_id", "name", "email", "phone", "city", "age", "updated_at"),
    "transactions": (
        "tx_id", "user_id", "amount", "status", "created_at", "delivered_at", "email", "name", "age",
    ),
}  # fmt: skip
NUMERIC = {
    "events": frozenset({"age", "price", "amount", "temperature"}),
    "users": frozenset({"age"}),
    "transactions": frozenset({"amount", "age"}),
}
FIRST_NAMES = (
    "Ana",
    "Björn",
    "Chloé",
    "Dmitri",
    "Elif",
    "Farid",
    "Grace",
    "Hiro",
    "Inés",
    "Jan",
    "Nan",
    "Zoë",
)
LAST_NAMES = (
    "Álvarez",
    "Brown",
    "Čapek",
    "Dupont",
    "Eriksen",
    "Fischer",
    "García",
    "Novák",
    "O'Brien",
    "Sato",
)
CITIES = ("Lisboa", "Köln", "Kraków", "New York", "São Paulo", "Osaka", "Windhoek", "Paris", "Oslo", "Quito")
COUNTRIES = ("PT", "DE", "PL", "US", "BR", "JP", "NA", "FR", "NO", "EC", "GB", "IN")
STATUSES = (
    "pending",
    "paid",
    "shipped",
    "delivered",
    "delivered",
    "cancelled",
    "returned",
    "refunded",
    "failed",
)
MESSAGES = ("Hello, world", "viewed the page", 'clicked "buy"', "added to basket", "Hello again; and again")


@dataclass
class Part:
    """What one part of a sample is made with, and what is true of it."""

    random: Random
    number: int
    users: int  # how many users there are in the whole sample
    days: int
    main: Writer
    late: Writer  # replays come late, in a file of their own
    is_typed: bool
    truth: DatasetTruth = field(default_factory=DatasetTruth)
    activity: ActivityTruth = field(default_factory=ActivityTruth)

    def mark(self, bits_by_day: dict[int, bytearray], day: int, user: int) -> None:
        """Note that a user was active on a day."""
        bits = bits_by_day.get(day)
        if bits is None:
            bits = bits_by_day[day] = bytearray((self.users + self.users // 100) // 8 + 1)
        bits[user >> 3] |= 1 << (user & 7)

    def replay(self, texts: Texts) -> None:
        """Write a row that must lose against one that is already written."""
        self.late.write(texts)
        self.truth.drop()


def user_id(index: int, users: int) -> str:
    """Return the id of a user; the last hundredth of the indexes are users whom nobody registered."""
    return f"u{index:07d}" if index < users else f"ghost{index - users}"


def _person(index: int) -> tuple[str, str]:
    name = f"{FIRST_NAMES[index % 12]} {LAST_NAMES[index // 12 % 10]}"
    return name, f"user{index}@example.com"


# A spoiler breaks one value of a good row and tells the rules that this breaks. The names of the columns
# that it touches are looked up once a dataset.
Spoiler = Callable[[list[str | None], Random], tuple[str, ...]]


def _put(position: int, text: str | None, *rules: str) -> Spoiler:
    def spoil(texts: list[str | None], _random: Random) -> tuple[str, ...]:
        texts[position] = text
        return rules

    return spoil


def _both(first: Spoiler, second: Spoiler) -> Spoiler:
    return lambda texts, random: first(texts, random) + second(texts, random)


def spoilers(dataset: str, *, is_typed: bool) -> Sequence[Spoiler]:
    """Return one spoiler for every row rule of a dataset; typed files cannot hold what has no type."""
    at = {name: i for i, name in enumerate(COLUMNS[dataset])}
    some: list[Spoiler] = [_put(at["age"], "121", "age_range"), _put(at["age"], "-1", "age_range")]
    for name in {"events": ("ts",), "users": ("updated_at",), "transactions": ("created_at",)}[dataset]:
        some.append(_put(at[name], "1999-12-31T23:59:59Z", f"{name}_impossible"))
        too_late = _put(at[name], "2999-01-01T00:00:00Z", f"{name}_impossible")
        # A delivery before an impossible creation would break one rule more.
        some.append(
            _both(too_late, _put(at["delivered_at"], None)) if dataset == "transactions" else too_late
        )
        if not is_typed:
            some += [
                _put(at[name], bad, f"{name}_uncastable") for bad in ("25/12/2024", "yesterday", "2024-02-30")
            ]
        if dataset != "users":
            some.append(_put(at[name], None, f"{name}_required"))
    required = {
        "events": ("event_id", "user_id"),
        "users": ("user_id",),
        "transactions": ("tx_id", "user_id"),
    }
    some += [_put(at[name], None, f"{name}_required") for name in required[dataset]]
    if not is_typed:
        some += [_put(at[name], "N/A", f"{name}_required") for name in required[dataset]]
        some += [_put(at["age"], bad, "age_uncastable") for bad in ("34.7", "old", "0x20")]
        if dataset != "users":
            some += [_put(at["amount"], bad, "amount_uncastable") for bad in ("12,50", "1.234,56", "abc")]
        if dataset == "events":
            some += [
                _put(at["price"], "free", "price_uncastable"),
                _put(at["temperature"], "warm", "temperature_uncastable"),
            ]
    if dataset == "transactions":
        some.append(_put(at["amount"], None, "amount_required"))
        some.append(_put(at["amount"], "-0.01", "amount_negative"))
        some.append(_put(at["delivered_at"], "2023-12-31T00:00:00Z", "delivery_before_creation"))
        if not is_typed:
            some.append(_put(at["delivered_at"], "soon", "delivered_at_uncastable"))
    some.append(_both(_put(at["age"], "999", "age_range"), _put(at["user_id"], None, "user_id_required")))
    return some


def write_events(part: Part, rows: int) -> None:
    """Write some events: one per event_id that is kept, its losers, and broken ones."""
    random, truth, activity = part.random, part.truth, part.activity
    bad = spoilers("events", is_typed=part.is_typed)
    everyone = part.users + part.users // 100
    for i in range(rows):
        bits = random.getrandbits(62)
        fate, bits = bits & 1023, bits >> 10
        user, bits = (bits & 0xFFFFFF) % everyone, bits >> 20
        day, second = (bits & 0xFF) % part.days, (bits >> 8) % DAY_SECONDS
        at = (FIRST_DAY + day) * DAY_SECONDS + second
        country = COUNTRIES[bits % 12]
        name, email = _person(user)
        units = (bits % 99_999) * 100 + (i % 2) * 25
        key = f"e{part.number}-{i}"
        texts: list[str | None] = [
            key, user_id(user, part.users), iso(at), country, email, name, MESSAGES[bits % 5],
            str(18 + bits % 70), plain_amount(units), plain_amount(units // 2), f"{bits % 400 / 10 - 5:.1f}",
        ]  # fmt: skip
        if fate >= 80 or i == 0:
            pass
        elif fate < 3 and not part.is_typed:
            part.main.write_malformed(random, texts)
            truth.quarantine(("malformed",))
            continue
        elif fate < 20:
            rules = random.choice(bad)(texts, random)
            part.main.write(texts)
            truth.quarantine(tuple(dict.fromkeys(rules)))
            continue
        elif fate < 23:
            texts[4] = "not an address"
            truth.rows_warned["email_format"] += 1
        elif fate < 26:
            texts[8] = "-1.00"
            truth.rows_warned["price_negative"] += 1
        elif fate < 29:
            texts[9] = "-1.00"
            truth.rows_warned["amount_negative"] += 1
        elif fate < 36:
            part.replay(texts)  # the same row again
        elif fate < 44:
            older = [*texts]
            older[2], older[6] = iso(at - 3 * DAY_SECONDS), "older"
            part.replay(older)
        elif fate < 50:
            texts[4:11] = [None] * 7
        elif not part.is_typed:
            _misspell(random, texts, at, time=2, text=5, amounts=(8,), integer=7, units=(units,))
        part.main.write(texts)
        truth.keep(key)
        activity.countries.add(country)
        part.mark(activity.event_users, day, user)


def write_transactions(part: Part, rows: int) -> None:
    """Write some transactions: one per tx_id that is kept, its losers, and broken ones."""
    random, truth, activity = part.random, part.truth, part.activity
    bad = spoilers("transactions", is_typed=part.is_typed)
    everyone = part.users + part.users // 100
    for i in range(rows):
        bits = random.getrandbits(62)
        fate, bits = bits & 1023, bits >> 10
        user, bits = (bits & 0xFFFFFF) % everyone, bits >> 20
        day, second = (bits & 0xFF) % part.days, (bits >> 8) % DAY_SECONDS
        at = (FIRST_DAY + day) * DAY_SECONDS + second
        status = STATUSES[bits % 9]
        name, email = _person(user)
        units = (bits % 999_999) * 100 + (i % 4) * 25
        key = f"t{part.number}-{i}"
        delivered = iso(at + 2 * DAY_SECONDS) if status == "delivered" else None
        texts: list[str | None] = [
            key, user_id(user, part.users), plain_amount(units), status, iso(at), delivered, email, name,
            str(18 + bits % 70),
        ]  # fmt: skip
        if fate >= 80 or i == 0:
            pass
        elif fate < 3 and not part.is_typed:
            part.main.write_malformed(random, texts)
            truth.quarantine(("malformed",))
            continue
        elif fate < 20:
            rules = random.choice(bad)(texts, random)
            part.main.write(texts)
            truth.quarantine(tuple(dict.fromkeys(rules)))
            continue
        elif fate < 23:
            texts[6] = "two@at@signs.com"
            truth.rows_warned["email_format"] += 1
        elif fate < 26:
            status = texts[3] = "lost"
            truth.rows_warned["status_known"] += 1
        elif fate < 33:
            part.replay(texts)
        elif fate < 40:
            older = [*texts]
            older[4], older[2] = iso(at - DAY_SECONDS), "1.00"
            part.replay(older)
        elif fate < 44 and delivered is not None:
            undelivered = [*texts]
            undelivered[5] = None  # the same instant without a delivery loses
            part.replay(undelivered)
        elif not part.is_typed:
            if status == "cancelled":
                texts[3] = random.choice(("Canceled", "CANCELLED", " cancelled"))
            _misspell(random, texts, at, time=4, text=7, amounts=(2,), integer=8, units=(units,))
        part.main.write(texts)
        truth.keep(key)
        activity.statuses.add(status)
        activity.transactions_by_day[day] += 1
        activity.revenue_by_day[day] += units
        activity.delivered_by_day[day] += status == "delivered"
        part.mark(activity.transaction_users, day, user)


def write_users(part: Part, first: int, rows: int) -> None:
    """Write some users, from index ``first``: one current row each, earlier states, and broken rows."""
    random, truth = part.random, part.truth
    bad = spoilers("users", is_typed=part.is_typed)
    for i, user in enumerate(range(first, first + rows)):
        bits = random.getrandbits(40)
        fate, bits = bits & 255, bits >> 8
        at = (FIRST_DAY - 300 + bits % 200) * DAY_SECONDS + bits % DAY_SECONDS
        name, email = _person(user)
        key = user_id(user, part.users)
        phone, city = f"+49 30 {bits % 10_000_000:07d}", CITIES[bits % 10]
        texts: list[str | None] = [key, name, email, phone, city, str(18 + bits % 70), iso(at)]
        if fate < 6 and i:
            broken = [*texts]
            if fate < 1 and not part.is_typed:
                part.main.write_malformed(random, broken)
                truth.quarantine(("malformed",))
            else:
                rules = random.choice(bad)(broken, random)
                part.main.write(broken)
                truth.quarantine(tuple(dict.fromkeys(rules)))
        if fate < 60:
            for _ in range(1 + fate % 3):  # earlier states, the last of which lived elsewhere
                at -= DAY_SECONDS
                part.replay([key, name, None, phone, CITIES[(bits + fate) % 10], None, iso(at)])
        elif fate < 64:
            texts[2] = "@nobody"
            truth.rows_warned["email_format"] += 1
        elif fate < 80 and not part.is_typed:
            _misspell(random, texts, at, time=6, text=1, amounts=(), integer=5, units=())
        part.main.write(texts)
        truth.keep(key)


def _misspell(
    random: Random,
    texts: list[str | None],
    at: int,
    *,
    time: int,
    text: int,
    amounts: tuple[int, ...],
    integer: int,
    units: tuple[int, ...],
) -> None:
    """Spell some values of a good row in other ways that mean the same."""
    texts[time] = some_timestamp(random, at)
    name, age = texts[text], texts[integer]
    if name is not None:
        texts[text] = some_text(random, name)
    if age is not None:
        texts[integer] = some_integer(random, int(age))
    for position, value in zip(amounts, units, strict=True):
        texts[position] = some_amount(random, value)
