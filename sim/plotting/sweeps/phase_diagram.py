"""A measure over two axes of a sweep as coloured cells; points without a number are shown as such."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ConfigError, not_one_of
from sim.plotting.canvas import canvas
from sim.plotting.colour_scale import colour_bar, colour_scale, say_in
from sim.plotting.sweeps import unfinished
from sim.plotting.sweeps.axis_scales import log_ticks, scale_axis
from sim.plotting.sweeps.cells import CellPolygons, grid_cells, nearest_cells
from sim.plotting.sweeps.columns import check_table, look_of_column, value_of_measure
from sim.plotting.sweeps.plane_of_points import PointPlane, plane_of_points
from sim.plotting.sweeps.point_looks import AsCells, AsMarks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

    from sim.sweeps.sweep_table import SweepTable

SCATTERED = ("cells", "points")
FEW_LEVELS = 8  # of a grid: up to here each has a tick
DOTS = 400  # more scattered points are shown by their cells alone
LARGEST = 60.0  # area of the ring of the widest spread [pt2]
ASIDE = 8.0  # of its place: a marker that replicates disagree, clear of the ring [pt]

Contours = int | Sequence[float | str]


def phase_diagram(
    table: SweepTable,
    x: str,
    y: str,
    colour: str,
    contours: Contours | None = None,
    ax: Axes | None = None,
    at: Mapping[str, float | str] | None = None,
    scattered: str = "cells",
    scale: str = "auto",
    cmap: str | None = None,
) -> Axes:
    """A measure over two axes of a sweep.

    x, y: names of axes, numbers or words · colour: name of a measure
    contours: how many lines of equal value, or which ([its unit] or text, "10 day"); on grids only
    at: fixed values of the axes that x and y leave, {"acid.load": "10 mM"}
    scattered: "cells" colours the region that is nearest to each point, "points" the points alone
    scale: of colour, "auto", "linear" or "log"

    A grid has one cell a point; nothing is interpolated. Points that failed, timed out or were killed
    are hatched in grey, planned ones that have not run yet are white, and a measure that is infinite
    (an onset that never came) has a colour of its own, with a line around it. Replicates (an axis
    "seed") are shown by their median; the area of a ring is the spread between their quartiles.
    """
    check_table(table, "a phase diagram")
    if scattered not in SCATTERED:
        raise ConfigError(not_one_of("scattered", scattered, SCATTERED))
    seen = plane_of_points(table, x, y, colour, at)
    _contours_fit(seen, contours)
    shape = grid_cells(*seen.grid, seen.across, seen.up) if seen.grid else None
    with canvas(ax, (6.2, 4.6)) as ax:
        if shape is None:
            shape = nearest_cells(seen.x, seen.y, seen.across, seen.up)
        few = [g if len(g) <= FEW_LEVELS else None for g in seen.grid] if seen.grid else [None, None]
        scale_axis(ax, "x", seen.across, *shape.x, levels=few[0])
        scale_axis(ax, "y", seen.up, *shape.y, levels=few[1])
        if seen.grid or scattered == "cells":
            handles = _draw(ax, AsCells(ax, shape.polygons), seen, scale, cmap)
            _never_border(ax, seen, shape)
            if not seen.grid and seen.x.size <= DOTS:
                ax.plot(seen.x, seen.y, ls="", marker="o", ms=2.2, mfc="k", mec="w", mew=0.4, label="_points")
        else:
            handles = _draw(ax, AsMarks(ax, seen.x, seen.y), seen, scale, cmap)
        if contours is not None and seen.grid:
            _contours(ax, seen, seen.grid, contours)
        handles += _replicates(ax, seen)
        if seen.fixed:
            ax.set_title(f"at {seen.fixed}")
        unfinished.legend_below(ax, handles)
    return ax


def _draw(ax: Axes, looks: AsCells | AsMarks, seen: PointPlane, scale: str, cmap: str | None) -> list:
    """Numbers in colour, "never" and each status in their own look; returns what the legend says."""
    handles = []
    done = seen.state == "finished"
    never, known = done & np.isinf(seen.value), done & np.isfinite(seen.value)
    if known.any():
        values = seen.value[known]
        how = colour_scale(values, seen.measured.name, scale, cmap, unit=seen.measured.unit)
        if how.words:
            how = how._replace(words=seen.measured.alike(seen.value[done]))
        room = bool(never.any()) and not cmap
        image = looks.numbers(known, values, how, _colour_map(how.cmap, room))
        colour_bar([ax], image, look_of_column(seen.measured), how)
    if never.any():
        handles.append(looks.never(never, seen.measured.endless))
        if not known.any():  # no colour bar tells of what this is
            say_in([ax], seen.measured.alike(seen.value[done]))
    for status in unfinished.ordered(seen.state):
        handles.append(looks.without(seen.state == status, status))
    return handles


def _colour_map(name: str, room: bool) -> Colormap:
    """The map by name; room: without its lightest colours, which are too near to that of "never"."""
    import matplotlib
    from matplotlib.colors import ListedColormap

    found = matplotlib.colormaps[name]
    if room and name == "viridis":
        found = ListedColormap(found(np.linspace(0.0, unfinished.LIGHTEST, 256)), "viridis, dark part")
    return found.with_extremes(bad=found(0.0), under=found(0.0))


def _never_border(ax: Axes, seen: PointPlane, shape: CellPolygons) -> None:
    """The line between places where it happened and where it never did."""
    from matplotlib.collections import LineCollection

    done = seen.state == "finished"
    never, known = done & np.isinf(seen.value), done & np.isfinite(seen.value)
    lines = [ends for i, j, ends in shape.borders if (never[i] and known[j]) or (known[i] and never[j])]
    if lines:
        drawn = LineCollection(
            lines, colors="0.1", linewidths=1.4, capstyle="projecting", label="_never_border"
        )
        ax.add_collection(drawn, autolim=False)


def _contours_fit(seen: PointPlane, contours: Contours | None) -> None:
    """Refuse lines where there is nothing to draw them on."""
    if contours is None:
        return
    if seen.grid is None:
        raise ConfigError(
            "contours need a grid: between scattered points they would be interpolated; sweep a grid."
        )
    for axis in (seen.across, seen.up):
        if axis.words:
            raise ConfigError(f"contours need numbers on both axes, and {axis.name} has names of levels.")
    _levels(seen, contours)


def _levels(seen: PointPlane, contours: Contours) -> np.ndarray:
    """Values of the lines, as drawn."""
    known = seen.value[np.isfinite(seen.value)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    if isinstance(contours, int | np.integer) and not isinstance(contours, bool):
        from matplotlib.ticker import MaxNLocator

        if contours < 1:
            raise ConfigError(
                f"contours = {contours} lines cannot be drawn; give 1 or more, or their values."
            )
        wide = low > 0 and high > 100 * low
        ticks = log_ticks(low, high) if wide else MaxNLocator(int(contours) + 1).tick_values(low, high)
        wanted = np.asarray(ticks)[(np.asarray(ticks) > low) & (np.asarray(ticks) < high)]
        count = min(int(contours), wanted.size)
        wanted = wanted[np.linspace(0, wanted.size - 1, count).round().astype(int)]
    elif isinstance(contours, str | float | bool) or np.ndim(contours) == 0:
        raise ConfigError(f"contours = {contours!r}: give how many lines, or a list of values ['10 day'].")
    else:
        wanted = np.unique([value_of_measure(seen.measured, value, "contours") for value in contours])
    if not ((wanted > low) & (wanted < high)).any():
        text = seen.measured.text
        raise ConfigError(
            f"no contour can be drawn: {seen.measured.name} goes from {text(low)} to {text(high)}, and "
            f"contours = {contours!r} asks for none in between."
        )
    return wanted


def _contours(ax: Axes, seen: PointPlane, grid: tuple[np.ndarray, np.ndarray], contours: Contours) -> None:
    """Lines of equal value between the centres of cells; none through a cell without a number."""
    import matplotlib.patheffects as effects

    gx, gy = grid
    values = np.ma.masked_invalid(seen.value.reshape(gy.size, gx.size))
    lines = ax.contour(
        gx, gy, values, levels=_levels(seen, contours), colors="w", linewidths=1.1, corner_mask=False
    )
    around: list = [effects.withStroke(linewidth=2.6, foreground="0.15")]
    lines.set_path_effects(around)
    for words in ax.clabel(lines, fmt=lambda v: f"{v:.6g}", fontsize=7.5):
        words.set_path_effects(around)


def _replicates(ax: Axes, seen: PointPlane) -> list:
    """Rings for the spread of replicates, markers where they disagree or some failed; legend entries."""
    from matplotlib.lines import Line2D
    from matplotlib.transforms import ScaledTranslation

    handles: list = []
    if seen.seeds < 2:
        return handles
    wide = float(seen.spread.max())
    ring: dict = {"marker": "o", "mfc": "w", "mec": "0.1", "mew": 0.8, "ls": ""}
    if wide > 0:
        some = seen.spread > 0
        ax.scatter(
            seen.x[some], seen.y[some], s=LARGEST * seen.spread[some] / wide, c="w", edgecolors="0.1",
            linewidths=0.8, zorder=4, label="_spread",
        )  # fmt: skip
        words = f"{wide:.2g} {seen.measured.unit}".strip()
        handles.append(Line2D([], [], ms=LARGEST**0.5, label=f"{words} between quartiles of seeds", **ring))
    for counts, marker, words, right in (
        (seen.torn, "D", f"some seeds {seen.measured.endless}", ASIDE),
        (seen.broken, "v", "some seeds without a number", -ASIDE),
    ):
        if counts.any():
            beside = ax.transData + ScaledTranslation(right / 72.0, 0.0, ax.figure.dpi_scale_trans)
            look: dict = {"marker": marker, "ms": 5, "mfc": "#E69F00", "mec": "0.1", "mew": 0.7, "ls": ""}
            here = counts > 0
            ax.plot(seen.x[here], seen.y[here], zorder=5, label=f"_{words}", transform=beside, **look)
            handles.append(Line2D([], [], label=f"{words} ({int(here.sum())})", **look))
    if not handles:
        return handles
    handles[0].set_label(f"median of {seen.seeds} seeds; {handles[0].get_label()}")
    return handles
