"""Where and when the values of a result are: coordinates, and the tables that belong to no cell and time.

By CF (conventions 1.11): x, y, z say which axis they are; time is an elapsed time in seconds and claims no
calendar, so it is no "time coordinate" of section 4.4, which would need a date to count from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.binder.system import System
from sim.model.model import Model
from sim.texts import DAY

if TYPE_CHECKING:
    import xarray

    from sim.space.grid import Grid

Coordinates = dict[str, tuple]


def space_of(grid: Grid) -> tuple[str, ...]:
    """Dimensions of a field in space: x last, so that maps have y upwards and x to the right."""
    return tuple(reversed(grid.axes))


def in_place(values: np.ndarray, grid: Grid) -> np.ndarray:
    """Values (..., cells) as (..., *space_of(grid)), not copied."""
    shaped = values.reshape((*values.shape[:-1], *grid.shape))
    first, axes = values.ndim - 1, len(grid.axes)
    return shaped.transpose(*range(first), *reversed(range(first, first + axes)))


def of_cells(grid: Grid, times: Sequence[float] | np.ndarray) -> Coordinates:
    """Time [s], the same in days for axes of figures, and the centres of the cells."""
    t = np.array(times, dtype=float)
    found: Coordinates = {
        "time": ("time", t, {"units": "s", "long_name": "time since the start"}),
        "time_days": ("time", t / DAY, {"units": "day", "long_name": "time since the start"}),
    }
    for a in grid.axes:
        e = grid.edges[a]
        found[a] = (a, 0.5 * (e[1:] + e[:-1]), {"units": "m", "long_name": _label(a)} | _axis(a))
    return found


def edges(grid: Grid) -> Coordinates:
    """Faces of the cells along each axis, one more than there are cells."""
    return {
        f"{a}_edges": (f"{a}_edge", grid.edges[a], {"units": "m", "long_name": f"cell faces, {_label(a)}"})
        for a in grid.axes
    }


def _label(axis: str) -> str:
    return "radius" if axis == "r" else axis


def _axis(axis: str) -> dict[str, str]:
    """The attributes that tell programs which axis this is; a vertical one must say where up is."""
    found = {} if axis == "r" else {"axis": axis.upper()}
    return found | ({"positive": "up"} if axis == "z" else {})


def stoichiometry(model: Model, system: System) -> dict[str, tuple]:
    """What each process changes, and what each species holds."""
    matrix = np.zeros((len(model.processes), len(model.species)))
    row, column, value = system.stoichiometry
    np.add.at(matrix, (column, row), value)
    return {
        "stoichiometry": (
            ("process", "species"), matrix,
            {"units": "1", "long_name": "change of a species per unit of a process"},
        ),
        "contents": (
            ("element", "species"), system.contents,
            {"units": "1", "long_name": "amount of an element per unit of a species"},
        ),
    }  # fmt: skip


def between_outputs(data: xarray.Dataset, time: float) -> xarray.Dataset:
    """A dataset of numbers at a time [s] within its outputs, two of them at least: linear between them.

    As `Dataset.interp` has it, for which xarray imports interpolation of all kinds.
    """
    times = data["time"].values
    k = int(np.clip(np.searchsorted(times, time), 1, times.size - 1))
    before, after = data.isel(time=k - 1), data.isel(time=k)
    found = {}
    for name, variable in data.variables.items():
        if "time" in variable.dims and name != "time":  # coordinates too: time in days
            slope = (after[name].values - before[name].values) / (times[k] - times[k - 1])
            values = slope * (time - times[k - 1]) + before[name].values
            found[name] = (before[name].dims, values, variable.attrs)
    moved = {n: v for n, v in found.items() if n in data.coords}
    moved["time"] = ((), time, data["time"].attrs)
    return before.assign({n: v for n, v in found.items() if n not in moved}).assign_coords(moved)
