"""Columns of a sweep's table as they are drawn: readable units, words, and what has no number.

A table is what `sim.sweep` returns: `rows`, `axes`, `names` of measures, `units`, `status`,
`inputs(name)` and `measure(name)`, one entry a point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.errors import ConfigError, UnitError, listing, nearest, shown
from sim.parameters.given_units import given_unit
from sim.plotting.labels import Look, customary, length_scale, name_of, time_scale, time_words, words_of
from sim.units import axis_label, convert, si_unit, to_unit

if TYPE_CHECKING:
    from sim.sweeps.sweep_table import SweepTable

SAME = 1e-9  # relative: two levels nearer than this differ by rounding only
WIDE = 30.0  # listed levels that span more than this ratio are shown on a logarithmic axis
DECADES = 1e3  # a measure that spans more than this ratio is
PLAIN = (1e-3, 1e5)  # numbers that are read without powers of ten
SEED = "seed"  # the axis of replicates


class Column(NamedTuple):
    """One input or measure of all points, in the order of the table.

    values: as drawn, `factor` times SI, plus `offset` (of degC); words are counted 0, 1, 2; inf where it
    never happened, nan where there is none
    unit: of the values as printed, "" for none · label: for an axis · words: what 0, 1, 2 stand for
    si: the SI unit behind it
    """

    name: str
    values: np.ndarray
    factor: float
    unit: str
    label: str
    log: bool = False
    words: tuple[str, ...] = ()
    si: str = ""
    offset: float = 0.0

    def drawn(self, values: Any) -> Any:
        """SI values as they are drawn."""
        return np.asarray(values, dtype=float) * self.factor + self.offset

    def text(self, value: float) -> str:
        """A value as drawn in words: "3 mm", "never"."""
        if self.words:
            return self.words[int(value)]
        if np.isinf(value):
            return self.endless
        plural = self.unit in ("day", "year", "week") and tick_text(value, 3) != "1"
        return f"{tick_text(value, 3)} {self.unit}{'s' if plural else ''}".strip()

    @property
    def said(self) -> str:
        """What it is called, without its unit."""
        return self.label.replace("\n", " ").rpartition(" [")[0] or self.label

    @property
    def endless(self) -> str:
        """What an infinite value means."""
        return "never" if self.si == "s" else "infinite"

    def alike(self, values: np.ndarray) -> str:
        """What there is to say of values of a measure, as drawn, that have no contrast: which measure, in
        quotes for its name may be any word, its value, and at how many points."""
        numbers = values[np.isfinite(values)]
        found = self.text(float(np.median(numbers))) if numbers.size else f"{self.endless},"
        count = numbers.size or values.size
        points, have = (f"all {count} points", "have") if count > 1 else ("the only point", "has")
        some = f" that {have} a value" if count < values.size else ""
        return f'measure "{self.said}": {found} at {points}{some}'

    def position(self, values: np.ndarray) -> np.ndarray:
        """Where values lie on an axis that is even for the eye: their logarithm on a logarithmic one."""
        return np.log10(values) if self.log else np.asarray(values, dtype=float)


def check_table(table: SweepTable, picture: str) -> None:
    """Refuse what is no table of a sweep, or holds no point."""
    if not all(hasattr(table, part) for part in ("rows", "axes", "names", "inputs", "measure")):
        raise ConfigError(
            f"{picture} needs the table of a sweep, not a {type(table).__name__}; "
            "sim.sweep returns one, and sim.sweeps.load reads one from its store."
        )
    if not len(table.rows):
        raise ConfigError(f"{picture} has nothing to show: no point of this sweep has been run yet.")


def column_of(table: SweepTable, name: str, role: str) -> Column:
    """An axis or a measure of the table, by name; role: for the sentence when there is none."""
    if not isinstance(name, str):
        raise ConfigError(f"{role} = {shown(name)} is not text; give the name of an axis or of a measure.")
    if name in axis_names(table):
        return axis_column(table, name, role)
    if name in table.names:
        return measure_column(table, name, role)
    names = [*axis_names(table), *table.names]
    raise ConfigError(
        f"{role} = {name!r} is neither an axis ({listing(axis_names(table))}) nor a measure "
        f"({listing(table.names)}) of this sweep.{nearest(name, names)}"
    )


def axis_names(table: SweepTable) -> list[str]:
    return [axis.name for axis in table.axes]


def axis_named(table: SweepTable, name: str, role: str) -> Any:
    """The axis of the sweep with this name."""
    for axis in table.axes:
        if axis.name == name:
            return axis
    hint = nearest(name, axis_names(table))
    if name in table.names:
        hint = f" '{name}' is a measure: give it as the colour, or use plot.scatter."
    raise ConfigError(
        f"{role} = {name!r} is not an axis of this sweep; there are {listing(axis_names(table))}.{hint}"
    )


def axis_column(table: SweepTable, name: str, role: str) -> Column:
    """What a sweep varied."""
    axis = axis_named(table, name, role)
    raw = np.asarray(table.inputs(name))
    if raw.dtype.kind not in "iuf":
        words = [str(v) for v in getattr(axis, "values", ())] or [str(v) for v in raw]
        found = tuple(dict.fromkeys([*words, *(str(v) for v in raw)]))
        places = np.array([found.index(str(v)) for v in raw], dtype=float)
        return Column(name, places, 1.0, "", words_of(name), words=found)
    values = raw.astype(float)
    # Of all that is planned, so that a half-run sweep has the units of the finished one.
    planned = [v for v in (getattr(axis, "low", None), getattr(axis, "high", None)) if v is not None]
    planned += [v for v in getattr(axis, "values", ()) if not isinstance(v, str)]
    unit, offset = getattr(axis, "given_in", ""), 0.0
    if unit:  # as the user wrote it
        offset = to_unit(0.0, unit)
        factor = to_unit(1.0, unit) - offset if offset else to_unit(1.0, unit)
    else:
        factor, unit = readable_scale(np.append(values, planned), axis.unit, name)
    known = values[np.isfinite(values)]
    log = bool(getattr(axis, "log", False))
    if getattr(axis, "values", ()) and known.size and known.min() > 0:
        log = log or bool(known.max() >= WIDE * known.min())
    return Column(
        name,
        values * factor + offset,
        factor,
        printed_unit(unit),
        label_with_unit(words_of(name), unit),
        log,
        si=_dimension(axis.unit),
        offset=offset,
    )


def measure_column(table: SweepTable, name: str, role: str) -> Column:
    """What was measured; refused when no point has a number or "never"."""
    if name not in table.names:
        hint = nearest(name, table.names)
        if name in axis_names(table):
            hint = f" '{name}' is an axis of this sweep."
        raise ConfigError(
            f"{role} = {name!r} is not a measure of this sweep; there are {listing(table.names)}.{hint}"
        )
    values = np.asarray(table.measure(name), dtype=float)
    # The measure of a partial trajectory is no number of this point.
    values = np.where(np.asarray(table.status) == "finished", values, np.nan)
    if np.isnan(values).all():
        raise ConfigError(f"no point of this sweep has a value of {name}: {_why(table)}")
    unit = table.units.get(name, "") or ""
    factor, shown = readable_scale(values, unit)
    known = np.abs(values[np.isfinite(values)])
    log = bool(known.size and values[np.isfinite(values)].min() > 0 and known.max() > DECADES * known.min())
    return Column(
        name,
        values * factor,
        factor,
        printed_unit(shown),
        label_with_unit(name_of(name), shown),
        log,
        si=_dimension(unit),
    )


def _why(table: SweepTable) -> str:
    """Counts of what became of the points, and the first reason."""
    status, counts = np.unique(np.asarray(table.status, dtype=str), return_counts=True)
    said = ", ".join(f"{n} {s}" for s, n in zip(status, counts, strict=True))
    reason = next((r["reason"] for r in table.rows if r.get("reason")), "")
    return f"{said}. {reason}".strip()


def point_states(table: SweepTable, *columns: Column) -> np.ndarray:
    """Status of each point; "no value" for one that finished without a number of one of these columns."""
    found = np.asarray(table.status, dtype=object)
    for c in columns:
        found = np.where((found == "finished") & np.isnan(c.values), "no value", found)
    return found


def varying_axes(table: SweepTable) -> list[str]:
    """Axes of which the table has more than one level."""
    return [n for n in axis_names(table) if len({str(v) for v in np.asarray(table.inputs(n)).tolist()}) > 1]


def distinct_levels(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct levels, rising, and the number of the level of each value; rounding is no difference."""
    order = np.argsort(values, kind="stable")
    rising = values[order]
    fresh = np.ones(values.size, dtype=bool)
    fresh[1:] = np.diff(rising) > SAME * np.maximum(np.abs(rising[1:]), np.abs(rising[:-1]))
    index = np.empty(values.size, dtype=int)
    index[order] = np.cumsum(fresh) - 1
    return rising[fresh], index


def value_on_axis(table: SweepTable, name: str, value: float | str, role: str) -> float | str:
    """SI value of what a user wrote for an axis: text with a unit, a number, or one of its words."""
    axis = axis_named(table, name, role)
    if np.asarray(table.inputs(name)).dtype.kind not in "iuf":
        return str(value)
    return convert(value, axis.unit or "1", role)


def value_of_measure(measure: Column, value: float | str, role: str) -> float:
    """A value of a measure as drawn, from text with a unit or a number in the measure's own unit."""
    if isinstance(value, str):
        value = convert(value, measure.si or "1", role)
    return float(value) * measure.factor


def readable_scale(values: np.ndarray, unit: str, name: str = "") -> tuple[float, str]:
    """(drawn units per SI unit, unit) fit for these values: h or day, um or mm; of a parameter the unit
    that it is given in."""
    known = np.abs(values[np.isfinite(values)])
    top = float(known.max()) if known.size else 1.0
    kind = _dimension(unit)
    if kind in ("s", "m"):
        per, name = time_scale(top) if kind == "s" else length_scale(top)
        return 1.0 / per, name
    own = given_unit(name, unit)
    return (to_unit(1.0, own), own) if own else customary(unit)


def look_of_column(column: Column) -> Look:
    """A column as a colour bar shows it."""
    return Look(column.factor, column.label, name_of(column.name), column.unit)


def _dimension(unit: str) -> str:
    """The SI unit of a unit text; the text itself where it is none of ours, as "crystals"."""
    try:
        return si_unit(unit) if unit else ""
    except UnitError:
        return unit


def label_with_unit(name: str, unit: str) -> str:
    """Text of an axis, with its unit."""
    if not unit or unit == "1":
        return name if not unit else f"{name} [-]"
    if time_words(unit) != unit:
        return f"{name} [{time_words(unit)}]"
    try:
        return axis_label(name, unit)
    except UnitError:  # a user's own measure may count crystals
        return f"{name} [{unit}]"


def printed_unit(unit: str) -> str:
    """A unit behind a number: powers raised, nothing for pure numbers."""
    if unit in ("", "1") or time_words(unit) != unit:
        return unit if unit != "1" else ""
    return label_with_unit("", unit).strip()[1:-1]


def tick_texts(values: Any, digits: int = 4) -> list[str]:
    """Numbers on one axis in one style: all as they are read, or all with powers of ten."""
    found = [float(v) for v in values]
    plain = all(v == 0 or PLAIN[0] <= abs(v) < PLAIN[1] for v in found)
    return [tick_text(v, digits, plain) for v in found]


def tick_text(value: float, digits: int = 4, plain: bool | None = None) -> str:
    """A number as read: 0.05, 20, 2000; powers of ten beyond. plain: whether so, by its size when None"""
    if value == 0 or (PLAIN[0] <= abs(value) < PLAIN[1] if plain is None else plain):
        return f"{float(f'{value:.{digits}g}'):g}"
    power = int(np.floor(np.log10(abs(value)) + 1e-9))
    front = value / 10.0**power
    return f"$10^{{{power}}}$" if abs(front - 1) < 1e-6 else rf"${front:.{digits}g}\times10^{{{power}}}$"
