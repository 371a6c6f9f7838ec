"""Points of a sweep against each other: two columns as a scatter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError
from sim.plotting.canvas import canvas
from sim.plotting.colour_scale import colour_bar, colour_scale
from sim.plotting.colours import dark_to_light
from sim.plotting.sweeps import unfinished
from sim.plotting.sweeps.axis_scales import limits_around, scale_axis
from sim.plotting.sweeps.columns import (
    Column,
    check_table,
    column_of,
    look_of_column,
    point_states,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.sweeps.sweep_table import SweepTable

MARKERS = ("o", "s", "D", "^", "v", "P")
BLUE = "#2F6F9F"
OUTSIDE = (1.03, 1.075)  # of the axes: rows for points that never did, and for those that failed


def scatter(
    table: SweepTable,
    x: str,
    y: str,
    colour: str | None = None,
    ax: Axes | None = None,
    scale: str = "auto",
    cmap: str | None = None,
) -> Axes:
    """The points of a sweep, one mark each. x, y, colour: names of axes or measures.

    A point that lacks the number for y stands outside the frame above its x (or right of its y): with
    an open triangle where it is infinite (an onset that never came), with the marker of its status where
    it failed. scale: of colour, "auto", "linear" or "log"
    """
    check_table(table, "a scatter")
    across, up = column_of(table, x, "x"), column_of(table, y, "y")
    shade = column_of(table, colour, "colour") if colour is not None else None
    state = point_states(table, *(c for c in (across, up, shade) if c is not None))
    for axis in (across, up):
        if not np.isfinite(axis.values).any():
            raise ConfigError(
                f"{axis.name} is not finite at any point ({axis.endless} or none): it has no scale to draw."
            )
    with canvas(ax, (6.2, 4.4)) as ax:
        scale_axis(ax, "x", across, *limits_around(across))
        scale_axis(ax, "y", up, *limits_around(up))
        placed = np.isfinite(across.values) & np.isfinite(up.values)
        handles = _inside(ax, across.values, up.values, placed, state, shade, scale, cmap)
        handles += _outside(ax, across, up, state)
        unfinished.legend_below(ax, handles)
    return ax


def _inside(
    ax: Axes,
    x: np.ndarray,
    y: np.ndarray,
    placed: np.ndarray,
    state: np.ndarray,
    shade: Column | None,
    scale: str,
    cmap: str | None,
) -> list[Any]:
    """Marks within the frame, by colour; returns legend entries."""
    done = placed & (state == "finished")
    look: dict[str, Any] = {"s": 26, "edgecolors": "0.2", "linewidths": 0.4}
    handles = []
    if shade is None:
        ax.scatter(x[done], y[done], c=BLUE, label="_numbers", **look)
    elif shade.words:
        for k, word in enumerate(shade.words):
            here = done & (shade.values == k)
            dots = ax.scatter(
                x[here], y[here], color=dark_to_light(k, len(shade.words)), marker=MARKERS[k % len(MARKERS)],
                label=f"{shade.said} = {word}", **look,
            )  # fmt: skip
            handles.append(dots)
    else:
        known = done & np.isfinite(shade.values)
        if known.any():
            how = colour_scale(shade.values[known], shade.name, scale, cmap, unit=shade.unit)
            if how.words:
                how = how._replace(words=shade.alike(shade.values[done]))
            dots = ax.scatter(
                x[known], y[known], c=shade.values[known], norm=how.norm, cmap=how.cmap, label="_numbers",
                **look,
            )  # fmt: skip
            colour_bar([ax], dots, look_of_column(shade), how)
        never = done & np.isinf(shade.values)
        if never.any():
            mark: dict[str, Any] = {
                "c": unfinished.NEVER,
                "edgecolors": unfinished.NEVER_EDGE,
                "linewidths": 0.9,
            }
            word = f"{shade.said}: {shade.endless} ({int(never.sum())})"
            handles.append(ax.scatter(x[never], y[never], s=26, label=word, **mark))
    for status, here in unfinished.failures(state, placed):
        cross: dict[str, Any] = {"marker": unfinished.marker(status), "c": unfinished.GREY_EDGE}
        words = f"{status} ({int(here.sum())})"
        handles.append(ax.scatter(x[here], y[here], s=30, linewidths=1.1, label=words, **cross))
    return handles


def _outside(ax: Axes, across: Column, up: Column, state: np.ndarray) -> list:
    """Marks above or right of the frame for points that lack one of the two numbers."""
    from matplotlib.lines import Line2D

    handles: list = []
    has_x, has_y = np.isfinite(across.values), np.isfinite(up.values)
    frames = (ax.get_xaxis_transform(), ax.get_yaxis_transform())
    for k, lacking in enumerate((up, across)):
        here = (has_x & ~has_y, has_y & ~has_x)[k]
        at = (across.values, up.values)[k]

        def marks(
            which: np.ndarray,
            marker: str,
            height: float,
            words: str,
            k: int = k,
            at: np.ndarray = at,
            **look: Any,
        ) -> None:
            out = np.full(int(which.sum()), height)
            x, y = (at[which], out) if k == 0 else (out, at[which])
            # Lines, not collections: only those are given room beyond the frame.
            (drawn,) = ax.plot(
                x, y, ls="", marker=marker, transform=frames[k], clip_on=False, label=words, **look
            )
            handles.append(drawn)

        never = here & (state == "finished") & np.isinf(lacking.values)
        if never.any():
            words = f"{lacking.said}: {lacking.endless} ({int(never.sum())})"
            look: dict = {"mfc": unfinished.NEVER, "mec": unfinished.NEVER_EDGE, "mew": 0.9, "ms": 5}
            marks(never, "^>"[k], OUTSIDE[0], words, **look)
        for status, which in unfinished.failures(state, here):
            look = {"color": unfinished.GREY_EDGE, "mew": 1.1, "ms": 5}
            marks(which, unfinished.marker(status), OUTSIDE[1], f"{status} ({int(which.sum())})", **look)
    for status, which in unfinished.failures(state, ~has_x & ~has_y):
        handles.append(Line2D([], [], ls="", label=f"{int(which.sum())} {status}, without either number"))
    return handles
