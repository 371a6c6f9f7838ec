"""What is there when a run got no further than one state: no lines over time, but all of that state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.plotting.colours import colour
from sim.plotting.runs import budget, curves, fields, places
from sim.texts import moment_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.gridspec import SubplotSpec

    from sim.run.result import Result

NEGLIGIBLE = 1e-6  # of the largest pool: what a run leaves of one that is used up, of either sign


def nothing(fig: Figure, words: str) -> None:
    """A run without a single output: its message in the middle of the figure."""
    fig.text(0.5, 0.5, f"There is nothing to draw: {words}", ha="center", va="center", wrap=True)


def across(
    result: Result,
    fig: Figure,
    grid: SubplotSpec,
    solid: tuple[str, list[Result]],
    formed: tuple[str, ...],
    indices: tuple[str, ...],
) -> None:
    """Four panels of one state of a tissue.

    solid: shown as a map, in colours for some runs; formed: as profiles in a slab
    """
    cells = grid.subgridspec(2, 2)
    when = moment_text(float(result.t[-1]))
    ax = fig.add_subplot(cells[0])
    if places.strip(result):
        curves.profiles(result, [formed], ax=ax)
        ax.set_title(f"Solids, {when}", pad=16)
    else:
        fields.plane(result, solid[0], ax=ax, like=solid[1])
        ax.set_title(f"Mineral, {when}", pad=8)
    _calcium(result, fig.add_subplot(cells[1]), when)
    ax = fig.add_subplot(cells[2])
    curves.profiles(result, "pH", ax=ax)
    ax.set_title(f"pH across the tissue, {when}", pad=16)
    ax = fig.add_subplot(cells[3])
    curves.profiles(result, [indices], ax=ax)
    ax.set_title(f"Saturation across the tissue, {when}", pad=16)


def stirred(result: Result, fig: Figure, grid: SubplotSpec, indices: tuple[str, ...]) -> None:
    """Two panels of one state of a stirred cell."""
    cells = grid.subgridspec(1, 2)
    when = moment_text(float(result.t[-1]))
    _calcium(result, fig.add_subplot(cells[0]), when)
    ax = fig.add_subplot(cells[1])
    _bars(result, ax, {n: float(result[n][-1]) for n in indices})
    ax.axvline(0.0, color="0.6", lw=0.8, zorder=0)
    ax.set_xlabel("saturation index [-]")
    ax.set_title(f"Saturation at pH {float(result['pH'][-1]):.2f}, {when}", pad=8)


def _calcium(result: Result, ax: Axes, when: str) -> None:
    """The pools that hold calcium."""
    table = result["ledger"].sel(element="Ca").isel(time=-1) / float(result["volume"].sum())
    held = {str(p): float(table.sel(pool=p)) for p in table["pool"].values if not budget.is_supply(str(p))}
    most = max(map(abs, held.values()), default=0.0)
    _bars(result, ax, {p: v for p, v in held.items() if abs(v) > NEGLIGIBLE * most})
    ax.set_xlabel("Ca per tissue [mM]")
    ax.set_title(f"Where the calcium is, {when}", pad=8)


def _bars(result: Result, ax: Axes, values: dict[str, float]) -> None:
    """A bar for each name, the first on top, with its number beside it."""
    heights = np.array(list(values.values()))
    bars = ax.barh(
        [budget.pool_name(n) for n in values], heights, color=[colour(n, result) for n in values], height=0.6
    )
    ax.bar_label(bars, [f"{v:.3g}" for v in heights], padding=3, fontsize=8)
    ax.invert_yaxis()
    ax.margins(x=0.12)
