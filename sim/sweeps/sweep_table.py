"""What a sweep has found: a table of points with inputs, measures and how each run ended."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sim.errors import ConfigError, FileFormatError, UnknownNameError, nearest, shown
from sim.notebook.fragments import Cell, Tipped, html_fold, html_head, html_list, html_table, html_whole
from sim.public import public
from sim.sweeps.design.axis import Axis
from sim.sweeps.design.job import COLUMNS
from sim.sweeps.store.row import FINISHED, Row
from sim.sweeps.store.store import Store
from sim.texts import tree

if TYPE_CHECKING:
    import pandas
    import xarray

    from sim.run.result import Result


@dataclass(frozen=True, eq=False)
class SweepTable:
    """Rows by place in the design. Points that have not been run have no row.

    rows: dicts as sim.sweeps.store.row describes them: key, index, inputs, measures, status, reason,
        run, statistics, wall [s], versions, result
    axes, method, settings: of the design     names: of the measures     planned: points of the design
    units: {axis or measure: SI unit}, "" where there is none or it is not known
    path: of the store, None where there was none     message: why not all points are there, or ""
    """

    rows: list[Row]
    axes: tuple[Axis, ...] = ()
    method: str = "table"
    settings: dict = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)
    path: Path | None = None
    planned: int = 0
    message: str = ""

    def inputs(self, name: str) -> np.ndarray:
        """Values of an axis [SI]: numbers, or texts where it has words."""
        return np.array(self._column("inputs", name, [a.name for a in self.axes]))

    def measure(self, name: str) -> np.ndarray:
        """Values of a measure; nan where a run gave none."""
        column = self._column("measures", name, self.names)
        return np.array([np.nan if v is None else v for v in column], float)

    @cached_property
    def status(self) -> np.ndarray:
        """How each run ended: "finished", "failed", "timed out", "out of memory" or "killed"."""
        return np.array([row["status"] for row in self.rows], str)

    @property
    def finished(self) -> np.ndarray:
        """Mask of the runs that came to their end."""
        return self.status == FINISHED

    @property
    def failed(self) -> list[Row]:
        """The rows of the runs that did not."""
        return [row for row in self.rows if row["status"] != FINISHED]

    def result(self, i: int) -> Result:
        """The whole result of row `i`, where it was kept."""
        from sim.run import result

        if not isinstance(i, Integral) or not -len(self.rows) <= i < len(self.rows):
            raise ConfigError(f"there is no row {shown(i)}; this table has rows 0 to {len(self.rows) - 1}.")
        row = self.rows[i]
        if not row["result"] or self.path is None:
            raise FileFormatError(
                f"the result of point {row['index']} was not kept; sweep with store=... and keep='all' "
                "(or 'failed') keeps results."
            )
        return result.load(results_folder(self.path) / row["result"])

    def to_dataframe(self) -> pandas.DataFrame:
        """Inputs, measures, status, reason, wall [s] and the solver's counts; a row a point, by its place.

        `attrs["units"]` has the units.
        """
        import pandas as pd

        columns: dict[str, Any] = self._labels() | {a.name: self.inputs(a.name) for a in self.axes}
        columns |= {n: self.measure(n) for n in self.names}
        columns |= {"status": self.status, "reason": [row["reason"] for row in self.rows]}
        columns["wall"] = np.array([row["wall"] for row in self.rows], float)
        for name in dict.fromkeys(n for row in self.rows for n in row["statistics"]):
            found = [row["statistics"].get(name, 0) for row in self.rows]
            columns[name if name not in columns else f"statistics.{name}"] = found
        frame = pd.DataFrame(columns, index=pd.Index([row["index"] for row in self.rows], name="point"))
        frame.attrs["units"] = self.units | {"wall": "s"}
        return frame

    def _labels(self) -> dict[str, list]:
        """{name of the column: label of each row} of a table of points that had labels."""
        labels = self.settings.get("labels")
        if not labels:
            return {}
        taken = {a.name for a in self.axes} | {*self.names, *COLUMNS}
        name = labels["name"] if labels["name"] not in taken else f"label.{labels['name']}"
        return {name: [labels["values"][row["index"]] for row in self.rows]}

    def to_xarray(self) -> xarray.Dataset:
        """A grid with a dimension for each axis, anything else over "point".

        Points of a grid without a row have nan, and "not run" as their status.
        """
        import xarray as xr

        found: dict[str, tuple[np.ndarray, Any]] = {n: (self.measure(n), np.nan) for n in self.names}
        found["wall"] = (np.array([row["wall"] for row in self.rows], float), np.nan)
        found["status"] = (self.status.astype(object), "not run")
        found["reason"] = (np.array([row["reason"] for row in self.rows], object), "")
        dims: tuple[str, ...]
        shape: tuple[int, ...]
        places: tuple[np.ndarray, ...]
        coordinates: dict[str, Any] = {}
        levels = self._levels()
        if levels is None:
            dims, shape = ("point",), (len(self.rows),)
            places = (np.arange(len(self.rows)),)
            coordinates["point"] = [row["index"] for row in self.rows]
            coordinates |= {a.name: ("point", self.inputs(a.name)) for a in self.axes}
            coordinates |= {name: ("point", values) for name, values in self._labels().items()}
        else:
            dims, shape = tuple(levels), tuple(len(v) for v in levels.values())
            at = [{v: k for k, v in enumerate(v)} for v in levels.values()]
            places = tuple(
                np.array([where[row["inputs"][name]] for row in self.rows], int)
                for name, where in zip(levels, at, strict=True)
            )
            coordinates |= {name: np.array(values) for name, values in levels.items()}
        data = xr.Dataset(coords=coordinates)
        for name, (values, missing) in found.items():
            whole = np.full(shape, missing, values.dtype)
            whole[places] = values
            data[name] = (dims, whole)
        for name, unit in (self.units | {"wall": "s"}).items():
            if name in data.variables and unit:
                data[name].attrs["units"] = unit
        data.attrs = {"design": self.method, "source": str(self.path or "")}
        return data

    def _levels(self) -> dict[str, list] | None:
        """{axis: its values} where the design is a whole grid of them, None where it is not."""
        if self.method != "grid":
            return None
        levels: dict[str, list] = {}
        for axis, n in zip(self.axes, [*self.settings["shape"], 0], strict=False):
            values = list(axis.values) or axis.at(np.linspace(0.0, 1.0, n))
            levels[axis.name] = values if axis.words else sorted(values)
        known = all(row["inputs"][n] in levels[n] for row in self.rows for n in levels)
        return levels if known and levels.keys() == {a.name for a in self.axes} else None

    def _column(self, part: Literal["inputs", "measures"], name: str, known: Sequence[str]) -> list:
        if name not in known:
            what = "axis" if part == "inputs" else "measure"
            raise UnknownNameError(f"the sweep has no {what} '{name}'.{nearest(name, known)}")
        return [row[part].get(name) for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def _in_words(self) -> list[str]:
        """What was run, and how it went."""
        counts = Counter(row["status"] for row in self.rows)
        said = ", ".join(f"{n} {status}" for status, n in sorted(counts.items(), key=lambda c: -c[1]))
        axes = ", ".join(a.name for a in self.axes)
        head = f"Sweep by {self.method} over {axes or 'nothing'}: {len(self.rows)} of {self.planned} points"
        lines = [said or "none run", f"measures: {', '.join(self.names) or 'none'}"]
        lines += [f"point {row['index']} {row['status']}: {row['reason'][:200]}" for row in self.failed[:3]]
        lines += [self.message] if self.message else []
        return [head, *lines, f"store: {self.path}" if self.path else "not stored"]

    def __repr__(self) -> str:
        head, *lines = self._in_words()
        return tree(head, lines)

    def _repr_html_(self) -> str:
        units = {n: f" [{u}]" if u and u != "1" else "" for n, u in self.units.items()}
        names = [*(a.name for a in self.axes), *self.names]
        head = ("point", *(f"{n}{units.get(n, '')}" for n in names), "status")
        columns = [*(self.inputs(a.name) for a in self.axes), *(self.measure(n) for n in self.names)]
        rows: Iterator[list[Cell]] = (
            [str(row["index"]), *(_number(c[k]) for c in columns), Tipped(row["status"], row["reason"])]
            for k, row in enumerate(self.rows)
        )
        said, *facts = self._in_words()
        table = html_table(head, rows, all_of_it="to_dataframe() has all")
        return html_whole(html_head(said), html_list(facts), html_fold(f"{len(self)} points", table))


def _number(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def results_folder(path: Path) -> Path:
    """Where whole results lie, beside the store."""
    return path.with_name(path.name + ".results")


@public
def load(path: str | os.PathLike, *more: str | os.PathLike) -> SweepTable:
    """Read a sweep from its store, also while it is running; several where it was run in shards."""
    tables = []
    definition = None
    for p in (path, *more):
        with Store.open(p, readonly=True) as store:
            if definition is not None and store.definition != definition:
                store.refuse_other(definition)
            definition = store.definition
            tables.append(table_of_store(store))
    if len(tables) == 1:
        return tables[0]
    return _joined_shards(tables)


def table_of_store(store: Store, message: str = "") -> SweepTable:
    """The table of an open store."""
    plan = store.design
    if not plan:
        raise ConfigError(f"{store.path} has no points yet: its sweep was stopped before it began.")
    axes = tuple(Axis.from_table(a) for a in plan["axes"])
    return SweepTable(
        rows=store.rows(), axes=axes, method=plan["method"], settings=plan["settings"],
        names=list(plan["measures"]), units={a.name: a.unit for a in axes} | plan["measures"],
        path=store.path, planned=_planned(plan, store), message=message,
    )  # fmt: skip


def _planned(plan: dict, store: Store) -> int:
    """Points that the store is to have a row of; equal ones, which are run once, all count."""
    places = set(store.places().values())
    again = plan["settings"].get("repeats", {}).values()
    return plan["planned"] + sum(place in places for place in again)


def _joined_shards(tables: Sequence[SweepTable]) -> SweepTable:
    """One table of the shards of a design. Each shard planned its share of the points only."""
    first = tables[0]
    for t in tables[1:]:
        if (t.axes, t.method, t.settings) != (first.axes, first.method, first.settings):
            raise ConfigError(f"{t.path} and {first.path} are not shards of one design.")
    rows = {row["index"]: row for t in tables for row in t.rows}
    return SweepTable(
        rows=sorted(rows.values(), key=lambda row: row["index"]), axes=first.axes, method=first.method,
        settings=first.settings, names=first.names, units=first.units,
        planned=sum(t.planned for t in tables),
        message="; ".join(t.message for t in tables if t.message),
    )  # fmt: skip
