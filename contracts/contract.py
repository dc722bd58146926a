"""One ODCS document as a contract: words, columns, sources and rules, put together."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from open_data_contract_standard.model import Description

from contracts.columns import check_columns, is_derived, read_column
from contracts.derive import derive_record_rules, derive_table_rules
from contracts.document import parse_document
from contracts.errors import Place
from contracts.model import Column, Contract, DateOrder, Note, Rule, Zone
from contracts.properties import Properties
from contracts.quality import read_quality
from contracts.rule_check import check_rule
from contracts.sources import read_date_order, read_sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from open_data_contract_standard.model import (
        DataQuality,
        OpenDataContractStandard,
        SchemaObject,
        SchemaProperty,
    )

_DOCUMENT_PROPERTIES = ("sources", "dateOrder", "ignoredColumns", "derivedFrom")
_SCHEMA_PROPERTIES = ("distKey", "sortKey")
_OWNER = "owner"


def parse_contract(text: str, zone: Zone, file: str) -> Contract:
    """Return the contract that a YAML text declares, its derived rules included.

    Args:
        text: an ODCS 3.2 document with one schema object.
        zone: whose contract it is.
        file: its name, for error messages.

    Raises:
        ContractError: names file, YAML path and rule of the first thing that cannot be kept.
    """
    document = parse_document(text, file)
    place = Place(file)
    if document.schema_ is None or len(document.schema_) != 1:
        raise place.at("schema").error(f"one schema object is expected, found {len(document.schema_ or ())}")
    table, at = document.schema_[0], place.at("schema", 0)
    if table.relationships:
        raise at.at("relationships").error(
            "no rule follows from it", next_step="write a rule that GX can judge"
        )
    name = table.name or ""
    if document.name not in (None, name):
        raise place.at("name").error(
            f"the document is called {document.name!r}, its schema object {name!r}",
            next_step="give both the same name",
        )
    properties = Properties(document.customProperties, place, known=_DOCUMENT_PROPERTIES)
    layout = Properties(table.customProperties, at, known=_SCHEMA_PROPERTIES)
    words = document.description or Description()
    owner, team = _owner_and_team(document, place)
    columns, derived = _read_columns(table, at)
    names = tuple(column.name for column in columns)
    contract = Contract(
        name=name,
        zone=zone,
        version=_required(document.version, "version", place),
        description=_required(words.purpose, "description.purpose", place),
        owner=owner,
        team=team,
        columns=columns,
        rules=(),
        sources=read_sources(properties.raw("sources"), names, place.at("customProperties", "sources")),
        date_order=read_date_order(properties.raw("dateOrder"), place.at("customProperties", "dateOrder"))
        or DateOrder.MDY,
        ignored_columns=properties.texts("ignoredColumns") or (),
        sort_key=_known_columns(layout.texts("sortKey") or (), names, at.at("sortKey")),
        dist_key=next(iter(_known_columns(_listed(layout.text("distKey")), names, at.at("distKey"))), None),
        slas=_slas(document),
        path=file,
        grain=_required(table.dataGranularityDescription, "dataGranularityDescription", at),
        usage=(words.usage or "").strip(),
        limitations=(words.limitations or "").strip(),
        derived_from=properties.texts("derivedFrom") or (),
        derived_columns=derived,
        checksum=hashlib.sha256(text.encode()).hexdigest(),
    )
    return _with_rules(contract, table, at)


def _with_rules(contract: Contract, table: SchemaObject, place: Place) -> Contract:
    """Return the contract with the rules that follow from its columns, then those that it writes out."""
    written, notes = _read_written_rules(table, place)
    rules = (*_derive_rules(contract, table, place), *written)
    seen: dict[str, Rule] = {}
    for rule in rules:
        at = Place(place.file, rule.path)
        if rule.name in seen:
            first = seen[rule.name].path or "the columns, from which it follows by itself"
            raise at.error(
                f"declared twice, first by {first}", rule=rule.name, next_step="rename or remove it"
            )
        seen[rule.name] = rule
        check_rule(rule, contract, at)
    return replace(contract, rules=rules, notes=notes)


def _derive_rules(contract: Contract, table: SchemaObject, place: Place) -> Iterator[Rule]:
    properties = list(_located(table, place))
    options = {prop.name or "": prop.logicalTypeOptions or {} for prop, _ in properties}
    if contract.is_read_from_files:
        yield from derive_record_rules(
            contract.name,
            contract.columns,
            contract.uncastable_columns,
            options,
            {prop.name or "": at for prop, at in properties},
        )
    else:
        for prop, at in properties:
            if prop.logicalTypeOptions:
                raise at.at("logicalTypeOptions").error(
                    f"{prop.name} has options, but no row of {contract.name} can be quarantined",
                    next_step="write a rule of the domain table",
                )
    yield from derive_table_rules(contract.name, contract.zone, contract.columns, contract.key)


def _read_written_rules(table: SchemaObject, place: Place) -> tuple[tuple[Rule, ...], tuple[Note, ...]]:
    rules: list[Rule] = []
    notes: list[Note] = []
    lists: list[tuple[list[DataQuality] | None, str | None, Place]] = [(table.quality, None, place)]
    lists += [(prop.quality, prop.name, at) for prop, at in _located(table, place)]
    for quality, column, at in lists:
        more_rules, more_notes = read_quality(quality, column, at)
        rules.extend(more_rules)
        notes.extend(more_notes)
    return tuple(rules), tuple(notes)


def _read_columns(table: SchemaObject, place: Place) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    record: list[Column] = []
    derived: list[Column] = []
    for prop, at in _located(table, place):
        column = read_column(prop, at)
        if is_derived(prop, at):
            derived.append(column)
        elif derived:
            raise at.error(
                f"{column.name} stands after a derived column", next_step="put derived columns last"
            )
        else:
            record.append(column)
    check_columns(record, derived, place.at("properties"))
    return tuple(record), tuple(derived)


def _located(table: SchemaObject, place: Place) -> Iterator[tuple[SchemaProperty, Place]]:
    for number, prop in enumerate(table.properties or ()):
        yield prop, place.at("properties", number)


def _owner_and_team(document: OpenDataContractStandard, place: Place) -> tuple[str, str]:
    team = document.team
    if team is None or isinstance(team, list) or not team.name:
        raise place.at("team").error("a team with a name and members is expected")
    for member in team.members or ():
        if member.role == _OWNER:
            return member.name or _required(
                member.username, "username", place.at("team", "members")
            ), team.name
    raise place.at("team", "members").error(
        f"no member has the role {_OWNER}", next_step="say who answers for it"
    )


def _slas(document: OpenDataContractStandard) -> dict[str, str]:
    return {
        sla.property or "": f"{sla.value} {sla.unit}".strip() if sla.unit else f"{sla.value}"
        for sla in document.slaProperties or ()
    }


def _known_columns(found: Sequence[str], names: Sequence[str], place: Place) -> tuple[str, ...]:
    for name in found:
        if name not in names:
            raise place.error(f"there is no column {name!r}", next_step=f"there are {', '.join(names)}")
    return tuple(found)


def _listed(text: str | None) -> tuple[str, ...]:
    return () if text is None else (text,)


def _required(text: str | None, key: str, place: Place) -> str:
    if not text or not text.strip():
        raise place.error(f"{key} is missing")
    return text.strip()
