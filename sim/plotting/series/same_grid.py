"""Fields of two runs on one grid: as they are, or averaged over the cells of the coarser one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.errors import ConfigError
from sim.plotting.runs import places
from sim.plotting.spans import is_logarithm

if TYPE_CHECKING:
    from sim.run.result import Result

SAME = 1e-9  # relative: faces of cells nearer than this differ by rounding


class SameGrid(NamedTuple):
    """grid: the result on whose cells both are shown; words: how the other came there, "" as it is
    first, second: weights of averages along each axis, {axis: (cells there, cells here)}, {} for none
    """

    grid: Result
    words: str
    first: dict[str, np.ndarray]
    second: dict[str, np.ndarray]


def same_grid(first: Result, second: Result, name: str) -> SameGrid:
    """How a variable of two runs is set side by side, cell by cell.

    Grids of one extent that differ in their cells are averaged over volume, from the finer to the coarser,
    so that amounts are kept. Refused: other shapes or extents, and logarithms, of which a mean over cells
    is that of no fluid.
    """
    axes = places.axes_of(first)
    if axes != places.axes_of(second) or places.kind(first) != places.kind(second):
        a, b = (places.kind(r).replace("_", " ") for r in (first, second))
        raise ConfigError(f"a difference needs two runs of one shape; these are a {a} and a {b}.")
    faces = {a: (places.edges(first, a), places.edges(second, a)) for a in axes}
    if all(f.shape == g.shape and np.allclose(f, g, rtol=SAME, atol=0.0) for f, g in faces.values()):
        return SameGrid(first, "", {}, {})
    for axis, (f, g) in faces.items():
        if not np.allclose(f[[0, -1]], g[[0, -1]], rtol=SAME, atol=SAME * float(np.ptp(f))):
            size, unit = places.scale_along(first, axis)
            spans = " and ".join(f"{e[0] / size:.4g} to {e[-1] / size:.4g} {unit}" for e in (f, g))
            raise ConfigError(
                f"a difference needs two runs of one extent; along {axis} these have {spans}. "
                "plot.strip shows them beside each other."
            )
    if is_logarithm(name):
        raise ConfigError(
            f"{name} is a logarithm, and its mean over cells that are finer is that of no fluid; run both on "
            "one grid, or compare an amount."
        )
    count = [int(np.prod([fg[k].size - 1 for fg in faces.values()])) for k in (0, 1)]
    coarse = int(count[1] <= count[0])  # 0: the first
    if any(fg[coarse].size > fg[1 - coarse].size for fg in faces.values()):
        raise ConfigError(
            "each of these grids is finer than the other along some axis; run both on one grid."
        )
    weights = {a: averaging(fg[1 - coarse], fg[coarse], _power(first)) for a, fg in faces.items()}
    words = f"averaged over volume onto {count[coarse]} cells from {count[1 - coarse]}"
    return SameGrid(
        (first, second)[coarse], words, {} if coarse == 0 else weights, weights if coarse == 0 else {}
    )


def _power(result: Result) -> int:
    """Volume of a cell goes with this power of the distance from the centre."""
    if places.axes_of(result)[0] != "r":
        return 1
    r, volume = places.edges(result, "r"), result["volume"].values
    errors = [_misfit(volume, r**n) for n in (2, 3)]
    return 2 + int(np.argmin(errors))


def _misfit(volume: np.ndarray, measure: np.ndarray) -> float:
    """How far volumes of cells are from differences of a measure, as shares of the whole."""
    return float(np.abs(volume / volume.sum() - np.diff(measure) / np.ptp(measure)).max())


def averaging(fine: np.ndarray, coarse: np.ndarray, power: int = 1) -> np.ndarray:
    """Means over coarse cells of values in fine ones, (fine, coarse): shares of volume that sum to 1.

    fine, coarse: faces of cells; power: of the distance that volume goes with
    """
    low = np.maximum(fine[:-1, None], coarse[None, :-1])
    high = np.maximum(np.minimum(fine[1:, None], coarse[None, 1:]), low)
    part = high**power - low**power
    return part / part.sum(axis=0)


def averaged(values: np.ndarray, dims: tuple[str, ...], weights: dict[str, np.ndarray]) -> np.ndarray:
    """Values over `dims`, averaged along the axes that have weights."""
    for axis, w in weights.items():
        k = dims.index(axis)
        values = np.moveaxis(np.tensordot(values, w, axes=(k, 0)), -1, k)
    return values
