"""The page of each contract: what is promised, by whom, and which rules hold it to that."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from checkpoints.docs.site import INDEX, contract_path, render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkpoints.docs.site import Read, Write
    from contracts.model import Contract

_PUBLISHED = "contracts/published.json"  # checksum by page, so that one read tells what changed


def publish_contracts(read: Read, write: Write, contracts: Sequence[Contract]) -> tuple[str, ...]:
    """Write the pages that changed since they were last written, and return their paths."""
    before = read(_PUBLISHED)
    published: dict[str, str] = json.loads(before) if before else {}
    changed = []
    for contract in contracts:
        page = contract_path(contract.zone.value, contract.name)
        content = render("contract.html.j2", page, contract=contract, index=INDEX)
        checksum = hashlib.sha256(content).hexdigest()
        if published.get(page) != checksum:
            write(page, content)
            published[page] = checksum
            changed.append(page)
    if changed:
        write(_PUBLISHED, json.dumps(published, indent=1, sort_keys=True).encode())
    return tuple(changed)
