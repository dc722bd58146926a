"""The cells of single records by contract column, and records with changed cells (spec 8)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.column_names import strip_name
from transforms.bronze_to_silver.layouts import single_format
from transforms.formats.json_parser import compact, text_form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transforms.bronze_to_silver.layouts import FileLayout
    from transforms.bronze_to_silver.source_plan import SourcePlan
    from transforms.formats.parsed import ParsedRecord

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORDS = {"true": True, "false": False}


@dataclass(frozen=True)
class RecordEditor:
    """Reads and changes the cells of records of files of one layout."""

    layout: FileLayout
    plan: SourcePlan

    @property
    def columns(self) -> tuple[str, ...]:
        """The contract columns that the source does not compute."""
        return tuple(target.name for target in self.plan.mapper.targets)

    def cells(self, raw: str) -> Mapping[str, str | None] | None:
        """Return a record's texts by contract column; None for a record that cannot be parsed.

        Columns that the source computes, and those that the record has no column for, are left out.
        """
        parsed = self._parsed(raw)
        if parsed is None:
            return None
        return {
            column: text_form(parsed.values[places[0]]) for column, places in self._places(parsed).items()
        }

    def with_cells(self, raw: str, changed: Mapping[str, str]) -> str:
        """Return the record with some of its cells changed, in the form in which the file is written.

        Args:
            raw: the record.
            changed: the new text by contract column; empty for no value.

        Raises:
            ValueError: the record cannot be parsed, or cannot hold such a cell; says why.
        """
        parsed = self._parsed(raw)
        if parsed is None:
            raise ValueError("the record cannot be parsed: correct its raw text")
        places = self._places(parsed)
        keys, values = list(parsed.keys), list(parsed.values)
        for column, text in changed.items():
            found = places.get(column)
            if found:
                first, *others = found
                values[first] = self._value(text, values[first])
                for place in others if not text else ():  # which would be read in its place
                    values[place] = self._value("", values[place])
            elif self.layout.dialect is None and column in self._named:
                keys.append(self._named[column])
                values.append(self._value(text, None))
            else:
                raise ValueError(f"no column of the file holds {column}: correct its raw text")
        if self.layout.dialect is None:
            return compact(tuple(zip(keys, values, strict=True)))
        return self.layout.dialect.record_of(["" if value is None else str(value) for value in values])

    def _parsed(self, raw: str) -> ParsedRecord | None:
        parsed = next(iter(single_format(self.layout).parse([raw])), None)
        return None if parsed is None or parsed.flaw is not None else parsed

    def _places(self, parsed: ParsedRecord) -> Mapping[str, list[int]]:
        """Return the positions of each contract column's values, that of the one that counts first."""
        mapper = self.plan.mapper
        mapping = mapper.mapping_of(parsed.keys)
        positions = mapping.pick((*range(len(parsed.keys)), None))
        places = {
            target.name: [place]
            for target, place in zip(mapper.targets, positions, strict=False)
            if place is not None
        }
        for number, several in mapping.several:
            target = mapper.targets[number]
            first = next((at for at in several if target.is_value(text_form(parsed.values[at]))), several[0])
            places[target.name] = [first, *(at for at in several if at != first)]
        return places

    @property
    def _named(self) -> Mapping[str, str]:
        """The name under which a JSON object holds a contract column that it lacks."""
        targets = {target.name: target.name for target in self.plan.mapper.targets}
        return targets | {column: strip_name(name) for column, name in self.plan.specs.direct.items()}

    def _value(self, text: str, old: object) -> object:
        """Return a cell's value: in JSON of the type of the old one, as far as the text allows."""
        if self.layout.dialect is not None:
            return text
        if not text:
            return None
        if isinstance(old, bool):
            return _WORDS.get(text, text)
        return text.encode() if isinstance(old, bytes) and _NUMBER.fullmatch(text) else text
