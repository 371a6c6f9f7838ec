"""A row of maps for each run, a column for each time, one colour scale for all."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from sim.errors import ConfigError, UnitError
from sim.plotting.asked import Times, moments, need_name
from sim.plotting.canvas import SMALL, style
from sim.plotting.colour_scale import Colours, ColourScale, dress_bar
from sim.plotting.labels import Look, look_of, wrapped
from sim.plotting.moments import round_times
from sim.plotting.runs import places, planes
from sim.plotting.runs.compare import labelled
from sim.plotting.runs.fields import scale_for, snapshot
from sim.plotting.ticks import CHARACTER, figure_of, text_width
from sim.plotting.tissue.slide import bar_length
from sim.texts import length_text, moment_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.run.result import Result

SHARES = (0.003, 0.03, 0.1, 0.3, 1.0)  # of the shortest run: when maps are drawn unless told
RIGHT, GAP, LINE = 1.0, 0.06, 0.17  # inches: of the colour bar, between maps, of a line of words
NARROW = 0.6  # inches of a map: fewer are drawn where they would be smaller, unless told
WIDEST = 2.2  # inches of a map: a figure of few is narrower
LEAST = 1.2  # inches of the figure: of a colour bar that can be read


def strip(
    results: Mapping[str, Result] | Sequence[Result] | Result,
    name: str,
    at: Times = None,
    width: float = 7.2,
    **colours: Unpack[Colours],
) -> Figure:
    """Maps of a variable in a row over time, a row for each run, all on one colour scale.

    results: {label: result}, or several results, which go by the names of their scenarios, or one
    at: times that all runs have; up to five round ones of the shortest run when None
    width: of the figure, at most [inches]; 7.2 is a page, 3.35 a column of 85 mm
    colours: scale, cmap, vmin, vmax, like, see sim.plotting.colour_scale.Colours
    Sections are as in `plane`, each run in its own size; a bar in the first map of a row tells it.
    """
    runs = labelled(results, "a strip")
    in_one_unit(runs, name, "a strip")
    times = _times(runs, at, width)
    first = next(iter(runs.values()))
    look = look_of(first[name])
    drawn = {k: [planes.section(r, snapshot(r, name, t)) for t in times] for k, r in runs.items()}
    values = np.concatenate([p.values.ravel() for row in drawn.values() for p in row]) * look.factor
    how = scale_for(first, name, values, look, colours)
    tall = [float(np.ptp(row[0].y) / np.ptp(row[0].x)) for row in drawn.values()]
    most = min(width, len(times) * (WIDEST + GAP) + RIGHT)
    words = textwrap.fill(how.words, int((most - 0.3) * 13.0)) if how.words else ""
    with style():
        fig, grid, bar = _axes(len(times), tall, width, list(runs) if len(runs) > 1 else [], words)
        for (label, r), panels in zip(runs.items(), grid, strict=True):
            size, unit = places.scale_along(r, places.main_axis(r, "a strip"))
            for panel, plane in zip(panels, drawn[label], strict=True):
                image = planes.draw(panel, r, plane, look.factor, how.norm, how.cmap, size, unit)
                _bare(panel)
            _length_bar(panels[0], drawn[label][0], size)
        for panel, t in zip(grid[0], times, strict=True):
            wide = (panel.get_position().width * fig.get_figwidth() + GAP) * 72.0
            font = min(SMALL, SMALL * wide / text_width(moment_text(t), SMALL))
            panel.set_title(moment_text(t), fontsize=font, pad=3.0, loc="center")
        _finish(bar, image, look, how)
    return fig


def _times(runs: Mapping[str, Result], at: Times, width: float) -> list[float]:
    """The times asked for, or round ones that all runs reach, as many as have room."""
    shortest = min(runs.values(), key=lambda r: float(r.t[-1]))
    if at is not None:
        return moments(shortest, at)
    found = round_times(shortest, SHARES)
    start = max(float(r.t[0]) for r in runs.values())
    found = [t for t in found if t >= start] or [float(shortest.t[-1])]
    return found[-max(int((width - RIGHT - 0.3) / (NARROW + GAP)), 1) :]


def in_one_unit(runs: Mapping[str, Result], name: str, picture: str) -> None:
    """Refuse runs of which a variable has no place in each cell, or not one unit."""
    units = {}
    for label, r in runs.items():
        places.main_axis(r, picture)
        planes.in_cells(r, need_name(r, name))
        units[str(r[name].attrs.get("units", "1"))] = label
    if len(units) > 1:
        said = ", ".join(f"{unit} in {label}" for unit, label in units.items())
        raise UnitError(f"{picture} has one scale of colours, and {name} has several units: {said}.")


def _axes(
    count: int, tall: list[float], width: float, labels: list[str], words: str
) -> tuple[Figure, list[list[Axes]], Axes]:
    """A figure, its maps (rows of runs, columns of times), and the axes of the colour bar.

    tall: height per width of the maps of each row; labels: of the rows, beside them where these are high
    enough, else above; words: below the maps
    """
    import matplotlib.pyplot as plt

    beside = bool(labels) and all(
        text_width(_in_two(w), SMALL) < 72.0 * (width - RIGHT) / count * t
        for w, t in zip(labels, tall, strict=True)
    )
    left = GAP + (LINE * max(_in_two(w).count("\n") + 1 for w in labels) if beside else 0.0)
    wide = (width - left - RIGHT - GAP * (count - 1)) / count
    if wide < 0.5 * NARROW:
        raise ConfigError(
            f"{count} maps have no room in {width:g} inches; give fewer times, or a larger width."
        )
    labels = [_in_two(w) if beside else textwrap.fill(w, int((width - RIGHT) * 13.0)) for w in labels]
    wide = min(wide, WIDEST)
    width = left + count * wide + GAP * (count - 1) + RIGHT
    over = 0.0 if beside else LINE * max((w.count("\n") + 1 for w in labels), default=0)
    below = 0.2  # of a bar that tells lengths
    foot = GAP + LINE * (words.count("\n") + 1 if words else 0)
    high = LINE + GAP + sum(wide * t + over + below + GAP for t in tall) + foot
    more = max(LEAST - high, 0.0)
    high += more
    fig = plt.figure(figsize=(width, high), layout="none")
    rows, y = [], high - LINE - GAP - 0.5 * more
    for k, t in enumerate(tall):
        y -= over + wide * t
        starts = [left + n * (wide + GAP) for n in range(count)]
        row = [fig.add_axes((x / width, y / high, wide / width, wide * t / high)) for x in starts]
        if labels:
            look: Any = {"fontsize": SMALL, "va": "center" if beside else "bottom"}
            up = y + wide * t + (GAP if k else LINE + GAP)
            if beside:
                fig.text(0.3 * GAP / width, (y + 0.5 * wide * t) / high, labels[k], rotation=90, **look)
            else:
                fig.text(left / width, up / high, labels[k], **look)
        rows.append(row)
        y -= below + GAP
    if words:
        fig.text(left / width, 0.5 * GAP / high, words, fontsize=SMALL, va="bottom")
    low, top = rows[-1][0].get_position().y0, rows[0][0].get_position().y1
    most = max(top - low, 0.75 / high)
    bar = fig.add_axes(((width - RIGHT + 0.12) / width, 0.5 * (low + top - most), 0.1 / width, most))
    return fig, rows, bar


def _in_two(words: str) -> str:
    """A long label in two lines or so of like length."""
    return words if len(words) < 16 else wrapped(words, max(len(words) // 2 + 2, 10))


def _bare(ax: Axes) -> None:
    """A map without axes: its bar tells the size."""
    ax.set(xlabel="", ylabel="", xticks=[], yticks=[])
    for side in ax.spines.values():
        side.set_visible(False)


def _length_bar(ax: Axes, plane: planes.Plane, size: float) -> None:
    """A bar of a round length below a map. size: metres per unit of its axes"""
    from matplotlib.transforms import ScaledTranslation

    fig = figure_of(ax)
    left, wide = float(plane.x.min()), float(np.ptp(plane.x))
    length = bar_length(wide)
    place = ax.get_xaxis_transform() + ScaledTranslation(0.0, -5.0 / 72.0, fig.dpi_scale_trans)
    ends = [left / size, (left + length) / size]
    ax.plot(ends, [0.0, 0.0], transform=place, color="k", lw=1.8, solid_capstyle="butt", clip_on=False)
    words = length_text(length, 3).replace("um", "µm")
    ax.annotate(
        words, (ends[1], 0.0), (3.0, 0.0), xycoords=place, textcoords="offset points", fontsize=SMALL - 1.0,
        va="center", annotation_clip=False,
    )  # fmt: skip


def _finish(bar: Axes, image: Any, look: Look, how: ColourScale) -> None:
    """The colour bar, or nothing where there is no contrast to tell."""
    if how.words:
        bar.remove()
        return
    fig = figure_of(bar)
    high = bar.get_position().height * fig.get_figheight() * 72.0
    drawn = fig.colorbar(image, cax=bar, extend=how.extend)
    name, bracket, unit = look.label.replace("\n", " ").rpartition(" [")
    lines = wrapped(name, max(int(high / (CHARACTER * 9.0)), 12))
    dress_bar(drawn, f"{lines} [{unit}" if bracket else look.label, how)
    bar.tick_params(labelsize=SMALL - 1.0)
