"""Generation of sample rows; what must happen to each is counted when it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dags.sample.days import FIRST_DAY, SLOTS
from dags.sample.defects import Defect, defects_of
from dags.sample.spelling import iso, plain_amount, some_amount, some_integer, some_text, some_timestamp
from dags.sample.truth import ActivityTruth, DatasetTruth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from dags.sample.files import Texts, Writer

DAY_SECONDS = 86_400
NUMERIC = {
    "events": frozenset({"age", "price", "amount", "temperature"}),
    "users": frozenset({"age"}),
    "transactions": frozenset({"amount", "age"}),
}
FIRST_NAMES = (
    "Ana", "Björn", "Chloé", "Dmitri", "Elif", "Farid", "Grace", "Hiro", "Inés", "Jan", "Nan", "Zoë",
)  # fmt: skip
LAST_NAMES = (
    "Álvarez", "Brown", "Čapek", "Dupont", "Eriksen", "Fischer", "García", "Novák", "O'Brien", "Sato",
)  # fmt: skip
CITIES = ("Lisboa", "Köln", "Kraków", "New York", "São Paulo", "Osaka", "Windhoek", "Paris", "Oslo", "Quito")
COUNTRIES = (
    "PT", "DE", "PL", "US", "BR", "JP", "NA", "FR", "NO", "EC", "GB", "IN",
)  # fmt: skip
STATUSES = (
    "pending", "paid", "shipped", "delivered", "delivered", "cancelled", "returned", "refunded", "failed",
)  # fmt: skip
MESSAGES = ("Hello, world", "viewed the page", 'clicked "buy"', "added to basket", "Hello again; and again")


@dataclass
class Part:
    """One part of a sample: its random numbers, writers and expected results."""

    random: Random
    number: int
    users: int  # number of users in the whole sample
    days: int
    day_by_slot: Sequence[int]  # for events and transactions
    main: Writer
    late: Writer  # a file of its own for rows that lose their key
    is_typed: bool
    truth: DatasetTruth = field(default_factory=DatasetTruth)
    activity: ActivityTruth = field(default_factory=ActivityTruth)

    def mark(self, bits_by_day: dict[int, bytearray], day: int, user: int) -> None:
        """Record that a user was active on a day."""
        bits = bits_by_day.get(day)
        if bits is None:
            bits = bits_by_day[day] = bytearray((self.users + self.users // 100) // 8 + 1)
        bits[user >> 3] |= 1 << (user & 7)

    def replay(self, texts: Texts) -> None:
        """Write a row that must lose its key to another row."""
        self.late.write(texts)
        self.truth.drop()

    def write_invalid(
        self, texts: list[str | None], defects: Sequence[Defect], *, is_malformed: bool
    ) -> None:
        """Write a row to quarantine: malformed, which a typed file cannot be, or with a random defect."""
        if is_malformed and not self.is_typed:
            self.main.write_malformed(self.random, texts)
            self.truth.quarantine(("malformed",))
            return
        rules = self.random.choice(defects)(texts, self.random)
        self.main.write(texts)
        self.truth.quarantine(tuple(dict.fromkeys(rules)))


def user_id(index: int, users: int) -> str:
    """Return the id of a user; indexes from ``users`` on are unregistered users."""
    return f"u{index:07d}" if index < users else f"ghost{index - users}"


def _person(index: int) -> tuple[str, str]:
    name = f"{FIRST_NAMES[index % 12]} {LAST_NAMES[index // 12 % 10]}"
    return name, f"user{index}@example.com"


def write_events(part: Part, rows: int) -> None:
    """Write events: the row to keep of each event_id, rows that lose to it, and broken rows."""
    random, truth, activity = part.random, part.truth, part.activity
    defects = defects_of("events", is_typed=part.is_typed)
    active_users = part.users + part.users // 100
    for i in range(rows):
        bits = random.getrandbits(96)
        fate, bits = bits & 1023, bits >> 10
        user, bits = (bits & 0xFFFFFF) % active_users, bits >> 24
        day, bits = part.day_by_slot[bits % SLOTS], bits >> 16
        second = bits % DAY_SECONDS
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
        elif fate < 20:
            part.write_invalid(texts, defects, is_malformed=fate < 3)
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
    """Write transactions: the row to keep of each tx_id, rows that lose to it, and broken rows."""
    random, truth, activity = part.random, part.truth, part.activity
    defects = defects_of("transactions", is_typed=part.is_typed)
    active_users = part.users + part.users // 100
    for i in range(rows):
        bits = random.getrandbits(96)
        fate, bits = bits & 1023, bits >> 10
        user, bits = (bits & 0xFFFFFF) % active_users, bits >> 24
        day, bits = part.day_by_slot[bits % SLOTS], bits >> 16
        second = bits % DAY_SECONDS
        at = (FIRST_DAY + day) * DAY_SECONDS + second
        status = STATUSES[bits % 9]
        name, email = _person(user)
        units = (bits % 999_999) * 100 + (i % 4) * 25
        key = f"t{part.number}-{i}"
        delivered = iso(at + DAY_SECONDS) if status == "delivered" else None
        texts: list[str | None] = [
            key, user_id(user, part.users), plain_amount(units), status, iso(at), delivered, email, name,
            str(18 + bits % 70),
        ]  # fmt: skip
        if fate >= 80 or i == 0:
            pass
        elif fate < 20:
            part.write_invalid(texts, defects, is_malformed=fate < 3)
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
    """Write users from index ``first``: one current row each, earlier states, and broken rows."""
    random, truth = part.random, part.truth
    defects = defects_of("users", is_typed=part.is_typed)
    for i, user in enumerate(range(first, first + rows)):
        bits = random.getrandbits(40)
        fate, bits = bits & 255, bits >> 8
        days_ago = 1 + bits % 200 if user else 1  # of at least one user on the last day
        at = (FIRST_DAY + part.days - days_ago) * DAY_SECONDS + bits % DAY_SECONDS
        name, email = _person(user)
        key = user_id(user, part.users)
        phone, city = f"+49 30 {bits % 10_000_000:07d}", CITIES[bits % 10]
        texts: list[str | None] = [key, name, email, phone, city, str(18 + bits % 70), iso(at)]
        if fate < 6 and i:
            part.write_invalid([*texts], defects, is_malformed=fate < 1)
        if fate < 60:
            for _ in range(1 + fate % 3):  # earlier states, with other cities
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
    """Replace some values of a good row by other spellings of the same value."""
    texts[time] = some_timestamp(random, at)
    name, age = texts[text], texts[integer]
    if name is not None:
        texts[text] = some_text(random, name)
    if age is not None:
        texts[integer] = some_integer(random, int(age))
    for position, value in zip(amounts, units, strict=True):
        texts[position] = some_amount(random, value)
