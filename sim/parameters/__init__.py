"""Parameters by dotted name: load from TOML, change, compare, print, cite."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import ParameterError, RangeWarning, UnitError, listing, nearest, shown, warn_caller
from sim.parameters.in_html import differences_html, parameters_html
from sim.parameters.name_table import NameTable
from sim.parameters.parameter import CONFIDENCE, Parameter
from sim.parameters.references import Citation, Reference, References, cite, load_references
from sim.parameters.sections import table_of, tables_of_file
from sim.public import public
from sim.texts import printable
from sim.units import convert_number, parse_unit, si_unit

if TYPE_CHECKING:
    import pandas

__all__ = [
    "CONFIDENCE",
    "Citation",
    "ParameterDifference",
    "Differences",
    "Parameter",
    "Parameters",
    "Reference",
    "References",
    "cite",
    "load_parameters",
    "load_references",
    "parameters_from",
]


class ParameterDifference(NamedTuple):
    """A parameter that differs; values in `unit`, None on the side that has no such parameter."""

    name: str
    old: float | None
    new: float | None
    unit: str

    def __str__(self) -> str:
        unit = "" if self.unit == "1" else f" {self.unit}"
        if self.old is None or self.new is None:
            old, new = ("absent" if v is None else f"{v:g}{unit}" for v in (self.old, self.new))
            return f"{self.name}: {old} -> {new}"
        return f"{self.name}: {self.old:g} -> {self.new:g}{unit}"


class Differences(tuple[ParameterDifference, ...]):
    """Rows of (name, old, new, unit), in the order of the names; prints one row a line."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(str(row) for row in self) or "no difference"

    def _repr_html_(self) -> str:
        return differences_html(self)


class Parameters(Mapping[str, Parameter]):
    """Frozen mapping of dotted name to Parameter; changes return a copy."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Mapping[str, Parameter] | None = None) -> None:
        found = dict(entries or {})
        for name, entry in found.items():
            if not isinstance(entry, Parameter):
                raise ParameterError(f"{name} = {shown(entry)} is not a sim.Parameter.")
        self._entries = found

    def __getitem__(self, name: str) -> Parameter:
        try:
            return self._entries[name]
        except (KeyError, TypeError):
            raise self._unknown(name) from None

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def get(self, name: str, default: Any = None) -> Any:
        """The parameter, or `default` when there is none of this name."""
        return self._entries.get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def items(self) -> ItemsView[str, Parameter]:
        """(name, parameter) of each; a view, as that of a dict."""
        return self._entries.items()

    def values(self) -> ValuesView[Parameter]:
        """The parameters; a view, as that of a dict."""
        return self._entries.values()

    def __repr__(self) -> str:
        return f"<Parameters: {len(self)} ({listing(self, 4)})>"

    def __str__(self) -> str:
        return printable(self.table())

    def _unknown(self, name: object) -> ParameterError:
        hint = nearest(name, self._entries)
        own = "" if hint else f" Known here: {listing(sorted(self._entries))}."
        return ParameterError(f"{shown(name)} is not a parameter.{hint}{own}")

    @public
    def si(self, name: str) -> float:
        """Value in SI."""
        return self[name].si

    def vector(self, names: Iterable[str]) -> NDArray[np.float64]:
        """SI values in the order of `names`."""
        entries = self._entries
        try:
            return np.array([entries[name].si for name in names], dtype=np.float64)
        except KeyError as error:
            raise self._unknown(error.args[0]) from None

    @public
    def within(self, prefix: str) -> Parameters:
        """Those whose dotted name lies under `prefix`: within("phosphatase")."""
        return Parameters({n: p for n, p in self.items() if n.startswith(prefix + ".")})

    def __or__(self, other: Mapping[str, Parameter]) -> Parameters:
        """Both sets; a name in both must be the same parameter."""
        if not isinstance(other, Mapping):
            return NotImplemented
        for name in self._entries.keys() & other.keys():
            if self._entries[name] != other[name]:
                raise ParameterError(f"'{name}' is given twice, with different contents.")
        return Parameters({**self._entries, **other})

    @public
    def with_values(self, values: Mapping[str, float | str | Parameter]) -> Parameters:
        """A copy with other values: text with a unit, a number in SI, or a whole Parameter.

        A number loses the source of the one it replaces. Warns (RangeWarning) outside the range.
        """
        changed = dict(self._entries)
        for name, value in values.items():
            old = self[name]
            if isinstance(value, Parameter):
                if parse_unit(value.unit).dimension != parse_unit(old.unit).dimension:
                    raise ParameterError(
                        f"{name} = {value.text()} is in {si_unit(value.unit)}; {si_unit(old.unit)} is needed."
                    )
                changed[name] = value.described_as(old.description)
            else:
                try:
                    changed[name] = old.at(convert_number(value, old.unit, name))
                except UnitError as error:
                    raise ParameterError(str(error)) from None
            changed[name].refuse_below_zero(name, old.low)
            plain = None if isinstance(value, str | Parameter) else float(value)
            sentence = changed[name].outside(name, plain)
            if sentence and changed[name] is not old:
                warn_caller(sentence, RangeWarning)
        return Parameters(changed)

    @public
    def diff(self, other: Mapping[str, Parameter]) -> Differences:
        """What changes from self to other; a change of source alone is no difference."""
        rows = []
        for name in sorted(self._entries.keys() | other.keys()):
            old, new = self.get(name), other.get(name)
            if old is None:
                rows.append(ParameterDifference(name, None, other[name].value, other[name].unit))
            elif new is None:
                rows.append(ParameterDifference(name, old.value, None, old.unit))
            elif old.si != new.si and old.unit == new.unit:
                rows.append(ParameterDifference(name, old.value, new.value, old.unit))
            elif old.si != new.si:
                rows.append(ParameterDifference(name, old.si, new.si, si_unit(old.unit)))
        return Differences(rows)

    @public
    def search(self, word: str) -> Parameters:
        """Those with a part of a word in their name, description, note or source: search("phosphatase").

        Raises UnknownNameError, with the nearest name, where there are none.
        """
        found = {r[0] for r in self._table(notes=True).search(word)}
        return Parameters({n: p for n, p in self.items() if n in found})

    def table(self, notes: bool = False) -> str:
        """Name, value, range, confidence, source and description, a parameter a line; and notes if asked."""
        return str(self._table(notes))

    def to_dataframe(self) -> pandas.DataFrame:
        """A pandas.DataFrame by name: value, unit, low, high, confidence, source, description, note."""
        import pandas as pd

        keys = ("value", "unit", "low", "high", "confidence", "source", "description", "note")
        rows = [[getattr(p, key) for key in keys] for p in self.values()]
        return pd.DataFrame(rows, columns=list(keys), index=pd.Index(list(self), name="name"))

    def _repr_html_(self) -> str:
        return parameters_html(self)

    def _table(self, notes: bool) -> NameTable:
        head = ["name", "value", "range", "confidence", "source", "description"] + ["note"] * notes
        rows = (
            [n, p.text(), p.range_text(), p.confidence, p.source, p.description] + [p.note] * notes
            for n, p in self.items()
        )
        return NameTable(head, rows)


_NEEDED = ("value", "unit", "range", "source", "confidence")
_ALLOWED = (*_NEEDED, "note", "description")


@public
def load_parameters(path: str | Path | Traversable) -> Parameters:
    """Parameters of a TOML file; nested tables give dotted names.

    Every entry has value, unit, range, source and confidence; note and description are optional.
    Raises ParameterError naming the file and the entry.
    """
    return parameters_from(tables_of_file(path, ParameterError), str(path))


def parameters_from(content: object, where: str) -> Parameters:
    """Parameters of tables already read; `where` names them in errors."""
    return Parameters(dict(_entries(table_of(content, where, ParameterError), "", where)))


def _entries(table: dict[str, Any], prefix: str, where: str) -> Iterator[tuple[str, Parameter]]:
    for key, content in table.items():
        name = prefix + key
        if not isinstance(content, dict):
            raise ParameterError(f"{where}: '{name}' stands outside a parameter's table.")
        if name.count(".") > 8:
            raise ParameterError(f"{where}: '{name[:64]}' is nested deeper than 8 tables.")
        if content and all(isinstance(inner, dict) for inner in content.values()):
            yield from _entries(content, name + ".", where)
        else:
            yield name, _entry(content, f"{where}: [{name}]")


def _entry(content: dict[str, Any], where: str) -> Parameter:
    for key in content:
        if key not in _ALLOWED:
            raise ParameterError(f"{where} has an unknown key '{key}'.{nearest(key, _ALLOWED)}")
    missing = [key for key in _NEEDED if key not in content]
    if missing:
        raise ParameterError(f"{where} lacks {listing(missing)}.")
    for key in ("unit", "confidence", "note", "description"):
        if not isinstance(content.get(key, ""), str):
            raise ParameterError(f"{where}: {key} = {shown(content[key])} is not text.")
    source = content["source"]
    keys = source if isinstance(source, list) else [source]
    if not keys or not all(isinstance(k, str) and k.strip() for k in keys):
        raise ParameterError(f"{where}: source = {shown(source)} names no reference.")
    try:
        parameter = Parameter(**{**content, "source": keys})
    except ParameterError as error:
        raise ParameterError(f"{where}: {error}") from None
    outside = parameter.outside(where)
    if outside:
        raise ParameterError(outside)
    return parameter
