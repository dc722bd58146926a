"""Parsing of an ODCS document into a contract: columns, sources, written and derived rules."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from open_data_contract_standard.model import Description

from contracts.columns import check_columns, is_derived, read_column, with_max_bytes
from contracts.defaults import Defaults, applies
from contracts.derivation import (
    DERIVED_FROM,
    MERGE,
    POSITION,
    QUERY,
    RECENCY,
    SUMS,
    check_derivation,
    read_merge,
    read_position,
    read_query,
)
from contracts.derived_row_rules import derive_row_rules
from contracts.derived_table_rules import derive_table_rules
from contracts.errors import YamlLocation
from contracts.measures import latency_hours
from contracts.model import Column, Contract, DateOrder, Note, Rule, Zone
from contracts.odcs import Properties, parse_mapping, read_document
from contracts.rule_domains import check_rule
from contracts.rules import read_quality
from contracts.sources import read_date_order, read_sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from open_data_contract_standard.model import (
        DataQuality,
        OpenDataContractStandard,
        SchemaObject,
        SchemaProperty,
    )

_DOCUMENT_PROPERTIES = (
    *("sources", "dateOrder", RECENCY, "ignoredColumns"),
    *(DERIVED_FROM, MERGE, POSITION),
)
_SCHEMA_PROPERTIES = ("distKey", "sortKey", QUERY, SUMS)
_OWNER = "owner"
# A table's name is a folder of the lake, a table of the warehouse and a name in SQL.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def parse_contract(text: str, zone: Zone, file: str, defaults: Defaults | None = None) -> Contract:
    """Return the contract in a YAML text, including its derived rules.

    Args:
        text: an ODCS 3.2 document with one schema object.
        zone: of the contract.
        file: the file's name, for error messages.
        defaults: the rules that the zone's contracts share; None: there are none.

    Raises:
        ContractError: the first invalid or unsupported part, with file, YAML path and rule.
    """
    defaults = defaults or Defaults()
    checksum = hashlib.sha256((text + defaults.text).encode()).hexdigest()
    contract = read_contract(parse_mapping(text, file), zone, file, checksum, defaults)
    return replace(contract, texts=(text, defaults.text))


def read_contract(
    raw: Mapping[str, object],
    zone: Zone,
    file: str,
    checksum: str = "",
    defaults: Defaults | None = None,
) -> Contract:
    """Return the contract in a YAML document's value; see ``parse_contract``."""
    defaults = defaults or Defaults()
    document = read_document(raw, file)
    location = YamlLocation(file)
    if document.schema_ is None or len(document.schema_) != 1:
        raise location.at("schema").error(f"expected one schema object, found {len(document.schema_ or ())}")
    table, at = document.schema_[0], location.at("schema", 0)
    if table.relationships:
        raise at.at("relationships").error(
            "relationships are not supported", next_step="write a rule that GX can evaluate"
        )
    name = table.name or ""
    if not _NAME.fullmatch(name):
        raise at.at("name").error(
            f"invalid name {name!r}", next_step="use a-z, 0-9 and _, beginning with a letter, at most 63"
        )
    if document.name not in (None, name):
        raise location.at("name").error(
            f"the name {document.name!r} differs from that of the schema object, {name!r}",
            next_step="give both the same name",
        )
    properties = Properties(document.customProperties, location, known=_DOCUMENT_PROPERTIES)
    layout = Properties(table.customProperties, at, known=_SCHEMA_PROPERTIES)
    texts = document.description or Description()
    owner, team = _owner_and_team(document, location)
    columns, derived = _read_columns(table, at)
    names = tuple(column.name for column in columns)
    dist_key = layout.text("distKey")
    if dist_key is not None:
        _known_columns((dist_key,), names, at.at("distKey"))
    contract = Contract(
        name=name,
        zone=zone,
        version=_required(document.version, "version", location),
        description=_required(texts.purpose, "description.purpose", location),
        owner=owner,
        team=team,
        columns=columns,
        rules=(),
        sources=read_sources(properties.raw("sources"), names, location.at("customProperties", "sources")),
        date_order=read_date_order(properties.raw("dateOrder"), location.at("customProperties", "dateOrder"))
        or DateOrder.MDY,
        recency=_known_columns(
            properties.texts(RECENCY) or (), names, location.at("customProperties", RECENCY)
        ),
        ignored_columns=properties.texts("ignoredColumns") or (),
        sort_key=_known_columns(layout.texts("sortKey") or (), names, at.at("sortKey")),
        dist_key=dist_key,
        slas=_slas(document, location),
        path=file,
        grain=_required(table.dataGranularityDescription, "dataGranularityDescription", at),
        usage=(texts.usage or "").strip(),
        limitations=(texts.limitations or "").strip(),
        position=read_position(properties),
        derived_from=properties.texts(DERIVED_FROM) or (),
        merge=read_merge(properties),
        query=read_query(layout),
        sums=_known_columns(layout.texts(SUMS) or (), names, at.at(SUMS)),
        derived_columns=derived,
        checksum=checksum,
    )
    check_derivation(contract, location, at)
    if contract.is_read_from_files:
        contract = replace(contract, columns=with_max_bytes(contract.columns))
    return _with_rules(contract, table, at, defaults)


def _with_rules(
    contract: Contract, table: SchemaObject, location: YamlLocation, defaults: Defaults
) -> Contract:
    """Return the contract with its derived rules, then the zone's default ones, then its own."""
    written, notes = _read_written_rules(contract, table, location)
    own = {rule.name for rule in written}
    shared = [rule for rule in _default_rules(contract, defaults) if rule.name not in own]
    rules = (*_derive_rules(contract, table, location), *shared, *written)
    seen: dict[str, Rule] = {}
    for rule in rules:
        at = YamlLocation(rule.file or location.file, rule.path, rule.name)
        if rule.name in seen:
            first = seen[rule.name].path or "a derived rule"
            raise at.error(f"already declared by {first}", next_step="rename or remove it")
        seen[rule.name] = rule
        check_rule(rule, contract, at)
    return replace(contract, rules=rules, notes=notes)


def _derive_rules(contract: Contract, table: SchemaObject, location: YamlLocation) -> Iterator[Rule]:
    properties = list(_located(table, location))
    options = {prop.name or "": prop.logicalTypeOptions or {} for prop, _ in properties}
    if contract.is_read_from_files:
        yield from derive_row_rules(
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
                    f"{prop.name} has options, but rows of {contract.name} cannot be quarantined",
                    next_step="write a rule in the domain table",
                )
    yield from derive_table_rules(
        contract.name,
        contract.zone,
        contract.columns,
        contract.derived_columns,
        contract.key,
        is_read_from_files=contract.is_read_from_files,
    )


def _default_rules(contract: Contract, defaults: Defaults) -> Iterator[Rule]:
    rules, _ = read_quality(defaults.of(contract), None, contract, YamlLocation(defaults.file))
    for rule in rules:
        if applies(rule, contract):
            yield replace(rule, file=defaults.file)


def _read_written_rules(
    contract: Contract, table: SchemaObject, location: YamlLocation
) -> tuple[tuple[Rule, ...], tuple[Note, ...]]:
    rules: list[Rule] = []
    notes: list[Note] = []
    lists: list[tuple[list[DataQuality] | None, str | None, YamlLocation]] = [(table.quality, None, location)]
    lists += [(prop.quality, prop.name, at) for prop, at in _located(table, location)]
    for quality, column, at in lists:
        more_rules, more_notes = read_quality(quality, column, contract, at)
        rules.extend(more_rules)
        notes.extend(more_notes)
    return tuple(rules), tuple(notes)


def _read_columns(
    table: SchemaObject, location: YamlLocation
) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    record: list[Column] = []
    derived: list[Column] = []
    for prop, at in _located(table, location):
        column = read_column(prop, at)
        if is_derived(prop, at):
            derived.append(column)
        elif derived:
            raise at.error(
                f"{column.name} comes after a derived column", next_step="put derived columns last"
            )
        else:
            record.append(column)
    check_columns(record, derived, location.at("properties"))
    return tuple(record), tuple(derived)


def _located(table: SchemaObject, location: YamlLocation) -> Iterator[tuple[SchemaProperty, YamlLocation]]:
    for number, prop in enumerate(table.properties or ()):
        yield prop, location.at("properties", number)


def _owner_and_team(document: OpenDataContractStandard, location: YamlLocation) -> tuple[str, str]:
    team = document.team
    if team is None or isinstance(team, list) or not team.name:
        raise location.at("team").error("expected a team with a name and members")
    for member in team.members or ():
        if member.role == _OWNER:
            return member.name or _required(
                member.username, "username", location.at("team", "members")
            ), team.name
    raise location.at("team", "members").error(
        f"no member has the role {_OWNER}", next_step="name the person responsible"
    )


def _slas(document: OpenDataContractStandard, location: YamlLocation) -> dict[str, str]:
    slas = {
        sla.property or "": f"{sla.value} {sla.unit}".strip() if sla.unit else f"{sla.value}"
        for sla in document.slaProperties or ()
    }
    try:
        latency_hours(slas)
    except ValueError as error:
        raise location.at("slaProperties").error(
            str(error), next_step="write value and unit, such as {property: latency, value: 1, unit: d}"
        ) from error
    return slas


def _known_columns(found: Sequence[str], names: Sequence[str], location: YamlLocation) -> tuple[str, ...]:
    for name in found:
        if name not in names:
            raise location.error(f"unknown column {name!r}", next_step=f"known: {', '.join(names)}")
    return tuple(found)


def _required(text: str | None, key: str, location: YamlLocation) -> str:
    if not text or not text.strip():
        raise location.at(*key.split(".")).error(f"{key} is missing")
    return text.strip()
