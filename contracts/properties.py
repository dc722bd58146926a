"""Our additions to ODCS: the custom properties that each level may carry, read by type and never skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from open_data_contract_standard.model import CustomProperty

    from contracts.errors import Place


class Properties:
    """The custom properties of one element. Raises ContractError for one that lakegate does not act on."""

    def __init__(
        self, items: Sequence[CustomProperty] | None, place: Place, *, known: tuple[str, ...]
    ) -> None:
        self._values: dict[str, tuple[object, Place]] = {}
        for number, item in enumerate(items or ()):
            at = place.at("customProperties", number)
            if item.property not in known:
                raise at.error(
                    f"unknown custom property {item.property!r}",
                    next_step=f"lakegate acts here on {', '.join(known)}",
                )
            if item.property in self._values:
                raise at.error(f"the custom property {item.property!r} stands twice")
            self._values[item.property] = (item.value, at.at("value"))

    def place(self, name: str) -> Place:
        """Return where a property that is there stands."""
        return self._values[name][1]

    def raw(self, name: str) -> object:
        """Return a property's value as it is, or None when it is not there."""
        return self._values[name][0] if name in self._values else None

    def text(self, name: str) -> str | None:
        """Return a property that must be a text."""
        value = self.raw(name)
        if value is None or isinstance(value, str):
            return value
        raise self.place(name).error(f"{name} must be a text, found {value!r}", next_step="put it in quotes")

    def flag(self, name: str) -> bool:
        """Return a property that must be true or false; false when it is not there."""
        value = self.raw(name)
        if value is None:
            return False
        if isinstance(value, bool):
            return value
        raise self.place(name).error(f"{name} must be true or false, found {value!r}")

    def texts(self, name: str) -> tuple[str, ...] | None:
        """Return a property that must be a list of texts."""
        value = self.raw(name)
        if value is None:
            return None
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise self.place(name).error(
            f"{name} must be a list of texts, found {value!r}",
            next_step="put words such as no, null and 1 in quotes",
        )
