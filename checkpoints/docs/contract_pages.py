"""Contract pages of Data Docs: what is promised, and how the promises changed from version to version."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checkpoints.docs.site import contract_path, render
from checkpoints.lake.json_documents import DocumentCodec, Timestamp
from checkpoints.storage.errors import DamagedDocumentError
from contracts.defaults import parse_defaults
from contracts.diff import diff_contracts
from contracts.errors import ContractError
from contracts.parser import parse_contract

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checkpoints.docs.site import RunFacts
    from checkpoints.storage.place import Place
    from contracts.model import Contract

_VERSIONS = "contracts/versions.json"
_VERSIONS_KEPT = 30
_CHANGES_SHOWN = 40
_MAX_CHARACTERS = 160


@dataclass(frozen=True, slots=True)
class ShownChange:
    """One change of a contract, shortened for its page."""

    kind: str
    path: str
    before: str
    after: str
    is_breaking: bool


@dataclass(frozen=True, slots=True)
class ContractVersion:
    """A contract as first published with these promises. ``changes``: from the one before.

    ``hidden``: changes that are not listed. ``problem``: why there is no comparison; empty if there is one.
    """

    version: str
    run_id: str
    as_of: Timestamp
    changes: tuple[ShownChange, ...] = ()
    hidden: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PublishedContract:
    """A contract's versions, newest first, and the last one's texts: its YAML, and the zone's defaults."""

    checksum: str
    text: str
    defaults: str
    versions: tuple[ContractVersion, ...]


@dataclass(frozen=True, slots=True)
class PublishedContracts:
    """All contracts ever published, by ``<zone>/<name>``."""

    contracts: dict[str, PublishedContract] = field(default_factory=dict)


_CODEC = DocumentCodec[PublishedContracts]("published contracts", 1, PublishedContracts)


def contract_pages(docs: Place, run: RunFacts, contracts: Sequence[Contract]) -> Iterator[tuple[str, bytes]]:
    """Yield the path and content of each contract's page, after recording contracts that changed."""
    published = _record_changes(docs, run, contracts)
    for contract in contracts:
        page = contract_path(contract.zone.value, contract.name)
        versions = published[_name(contract)].versions
        yield page, render("contract.html.j2", page, contract=contract, versions=versions)


def _record_changes(
    docs: Place, run: RunFacts, contracts: Sequence[Contract]
) -> dict[str, PublishedContract]:
    place = docs.child(_VERSIONS)
    found = place.storage.read_versioned(place.path)
    known = _read(found[0] if found else None, place.uri)
    if all(_is_same(known.get(_name(contract)), contract) for contract in contracts):
        return known

    def change(content: bytes | None) -> bytes:
        latest = _read(content, place.uri)
        latest |= {_name(one): _with_version(latest.get(_name(one)), run, one) for one in contracts}
        return _CODEC.write(PublishedContracts(latest))

    return _read(place.update(change), place.uri)


def _read(content: bytes | None, where: str) -> dict[str, PublishedContract]:
    """Return the published contracts; none if the document is damaged, as a page must not fail a run."""
    if content is None:
        return {}
    try:
        return dict(_CODEC.read(content, where).contracts)
    except DamagedDocumentError:
        return {}


def _name(contract: Contract) -> str:
    return f"{contract.zone.value}/{contract.name}"


def _is_same(before: PublishedContract | None, contract: Contract) -> bool:
    return before is not None and before.checksum == contract.checksum


def _with_version(before: PublishedContract | None, run: RunFacts, contract: Contract) -> PublishedContract:
    if before is not None and _is_same(before, contract):
        return before
    text, defaults = contract.texts
    version = ContractVersion(contract.version, run.run_id, run.as_of)
    if before is not None:
        version = _compared(before, contract, version)
    versions = (version, *(before.versions if before else ()))[:_VERSIONS_KEPT]
    return PublishedContract(contract.checksum, text, defaults, versions)


def _compared(before: PublishedContract, after: Contract, version: ContractVersion) -> ContractVersion:
    name = _name(after)
    try:
        old = parse_contract(
            before.text,
            after.zone,
            f"{name}.yaml",
            parse_defaults(before.defaults, name) if before.defaults else None,
        )
        changes = diff_contracts(old, after)
    except ContractError as error:
        return ContractVersion(version.version, version.run_id, version.as_of, problem=str(error))
    shown = tuple(
        ShownChange(
            change.kind.value,
            change.path,
            (change.before or "")[:_MAX_CHARACTERS],
            (change.after or "")[:_MAX_CHARACTERS],
            change.is_breaking,
        )
        for change in sorted(changes, key=lambda change: not change.is_breaking)[:_CHANGES_SHOWN]
    )
    hidden = len(changes) - len(shown)
    return ContractVersion(version.version, version.run_id, version.as_of, shown, hidden)
