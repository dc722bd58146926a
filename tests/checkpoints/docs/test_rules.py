"""Pages of rules: what a rule promises, which files break it, and commands that do what they say."""

from __future__ import annotations

import shlex
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkpoints.docs.rules import Commands, FileRows
from checkpoints.gate.measures import Offender
from quarantine_policies.model import Action
from tests.checkpoints.docs.given import CONTRACT, Tags, facts, publish, run

if TYPE_CHECKING:
    from checkpoints.storage.place import Place

EMAIL_PAGE = "rules/bronze_to_silver/users/email_required.html"
KEYS = (
    "a.csv",
    "it's.csv",
    'say "so".csv',
    "a b.csv",
    "[1].csv",
    "x[!a]*?.csv",
    "*.csv",
    "-rf.csv",
    "--out.csv",
    "$(id).csv",
    "`id`;&|.csv",
    "new\nline.csv",
    "shop/2024/é.csv",
)


def page(docs: Place) -> Tags:
    return Tags(docs.child(EMAIL_PAGE).read_bytes())


def selected(command: str, keys: tuple[str, ...] = KEYS) -> list[str]:
    words = shlex.split(command)
    return [key for key in keys if fnmatchcase(key, words[words.index("--file") + 1])]


@pytest.mark.parametrize("key", KEYS)
def test_the_commands_of_a_file_select_that_file_alone(key: str) -> None:
    commands = Commands.of("users", "email_required", FileRows(key, 1))
    for command in (commands.export, commands.waive, commands.discard):
        assert selected(command) == [key]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_the_commands_of_any_file_select_that_file(key: str) -> None:
    waive = Commands.of("users", "email_required", FileRows(key, 1)).waive
    assert selected(waive, (key, f"{key}x", "other")) == [key]


def test_the_commands_of_each_file_have_a_sheet_of_their_own() -> None:
    for rows, sheet in ((None, "email_format.csv"), (FileRows("a.csv", 2), "email_format-2.csv")):
        commands = Commands.of("users", "email_format", rows)
        assert commands.export.endswith(f" --out {sheet}")
        assert commands.fix == f"lakegate quarantine fix {sheet} --reason '…'"


def test_the_direction_of_a_file_name_does_not_reach_the_rest_of_its_commands() -> None:
    rows = FileRows("a\u202egpj.csv", 1)
    html = Commands.of("users", "age_range", rows).html(rows, can_waive=True)
    assert html.count("--file <bdi>&#x27;a\u202egpj.csv&#x27;</bdi> ") == 3
    assert "waive" not in Commands.of("users", "age_range", rows).html(rows, can_waive=False)


def test_rows_of_a_rule_that_no_waiver_lifts_have_no_command_for_one(docs: Place) -> None:
    (email,) = (column for column in CONTRACT.columns if column.name == "email")
    required = replace(CONTRACT, columns=(CONTRACT.columns[0], replace(email, required=True)))
    publish(docs, replace(facts(), contract=required))
    text = page(docs).text
    assert "These rows cannot be waived, since its column is required." in text
    assert "quarantine waive" not in text
    assert "quarantine discard" in text


@pytest.mark.parametrize(
    ("action", "effect"),
    [(Action.WARN, "warns"), (Action.BLOCK, "blocks the transition"), (Action.OFF, "is not judged")],
)
def test_it_says_what_the_policy_makes_of_a_broken_rule(docs: Place, action: Action, effect: str) -> None:
    held = facts(offenders=0)
    rules = [rule for rule in held.rules if rule.name != "keys_unique" or action is not Action.OFF]
    off = [rule for rule in held.rules if rule not in rules]
    publish(docs, facts(duplicates=2))
    effects = {**held.effects, "keys_unique": action}
    publish(docs, replace(held, rules=rules, rules_off=off, effects=effects), of=run(2))
    text = Tags(docs.child("rules/bronze_to_silver/users/keys_unique.html").read_bytes()).text
    assert f"when broken {effect} " in text
    table = Tags(docs.child("tables/silver/users.html").read_bytes()).text
    is_off = action is Action.OFF
    assert ("The policy switches this rule off for users." in text) is is_off
    assert ("keys_unique off keys_unique holds." in table) is is_off


def test_it_tells_what_is_promised_why_and_what_a_broken_rule_does(docs: Place) -> None:
    publish(docs, facts())
    text = page(docs).text
    assert "email_required holds. Reports <b>lie</b>. when broken sends the row to quarantine" in text
    assert "last run 5 of 100 broken since 2024-06-01 00:00" in text


def test_it_shows_each_run_with_its_share_and_since_when_it_is_broken(docs: Place) -> None:
    for number, offenders in ((1, 1), (2, 0), (3, 1), (4, 2)):
        publish(docs, facts(offenders=offenders, of=run(number)), of=run(number))
    text = page(docs).text
    assert "broken since 2024-06-03 00:00" in text
    for line in ("run-4 2024-06-04 00:00 10 100 10.00 %", "run-2 2024-06-02 00:00 0 100 0.00 %"):
        assert line in text


def test_a_rule_that_counts_no_rows_has_no_share(docs: Place) -> None:
    publish(docs, facts(of=run(1)), of=run(1))
    broken = facts(of=run(2))
    outcomes = tuple(
        replace(one, passed=False, failed=0, observed=0.5) if one.rule == "strict_fail" else one
        for one in broken.gate_result.outcomes
    )
    publish(docs, replace(broken, gate_result=replace(broken.gate_result, outcomes=outcomes)), of=run(2))
    text = Tags(docs.child("rules/bronze_to_silver/users/strict_fail.html").read_bytes()).text
    assert "Runs The last 2 runs, oldest first." in text
    assert "run-2 2024-06-02 00:00 — — broken" in text
    assert "100.00 %" not in text


def test_it_shows_offenders_with_the_judged_value_marked(docs: Place) -> None:
    rows = (Offender("1" * 32, "a.csv", "300"), Offender("2" * 32, "b.csv", ""))
    publish(docs, replace(facts(), offenders={"email_required": rows}))
    html = docs.child(EMAIL_PAGE).read_bytes().decode()
    assert "<mark>300</mark>" in html
    assert "<mark>null</mark>" in html
    assert f"300 a.csv {'1' * 32}" in page(docs).text


def test_it_leads_from_each_file_to_its_commands(docs: Place) -> None:
    publish(docs, facts())
    shown = page(docs)
    anchors = {link.removeprefix("#") for link in shown.links if link.startswith("#file")}
    assert (
        anchors == {"file-1", "file-2"} == {target for target in shown.targets if target.startswith("file")}
    )
    assert Commands.of("users", "email_required", FileRows("a.csv", 2)).discard in shown.text


def test_a_file_that_broke_it_only_in_earlier_runs_has_no_commands(docs: Place) -> None:
    publish(docs, facts(), of=run(1))
    publish(docs, replace(facts(of=run(2)), files_by_rule={"email_required": {"new.csv": 5}}), of=run(2))
    shown = page(docs)
    assert shown.text.index("new.csv") < shown.text.index("a.csv")
    assert [link for link in shown.links if link.startswith("#file")] == ["#file-1"]
    assert "--file a.csv" not in shown.text


def test_the_commands_of_all_files_stay_short_whatever_their_keys(docs: Place) -> None:
    keys = [f"{number:02}" + "'" * 1_000 for number in range(30)]
    publish(docs, replace(facts(), files_by_rule={"email_required": dict.fromkeys(keys, 1)}))
    assert len(docs.child(EMAIL_PAGE).read_bytes()) < 200_000


def test_a_rule_on_the_table_has_no_commands(docs: Place) -> None:
    publish(docs, facts(duplicates=2))
    shown = Tags(docs.child("rules/bronze_to_silver/users/keys_unique.html").read_bytes()).text
    assert "when broken blocks the transition" in shown
    assert "lakegate quarantine" not in shown


def test_the_page_of_a_rule_that_holds_does_not_change_from_run_to_run(docs: Place) -> None:
    publish(docs, facts(offenders=0), of=run(1))
    first = docs.child(EMAIL_PAGE).read_bytes()
    publish(docs, facts(offenders=0, of=run(2)), of=run(2))
    assert docs.child(EMAIL_PAGE).read_bytes() == first
