"""Sizes of hydroxyapatite crystals, as far as the moments of their population tell them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError, listing
from sim.kinetics.growth import third_moment
from sim.plotting.asked import Times, moments, need_result
from sim.plotting.canvas import canvas
from sim.plotting.colours import DASHES, dark_to_light
from sim.plotting.legends import BESIDE
from sim.plotting.moments import round_times
from sim.plotting.runs import places
from sim.plotting.runs.panels import say
from sim.plotting.spans import least_resolved
from sim.plotting.states.size_moments import (
    FITS,
    Sizes,
    assumed_share_below,
    assumed_volume,
    known_shape,
    largest_size,
    share_below,
    sizes_of,
)
from sim.plotting.ticks import points_across
from sim.texts import moment_text, significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.run.result import Result

HELD = ("hap_m0", "hap_m1", "hap_m2", "HAP")
VOLUME = "mineral.V_HAP"  # of a mole of the crystals
NM = 1e-9
POINTS = 600  # along the axis
NARROW = 250.0  # pt: axes below this have their legend below
LINES, BANDS = "lines", "bands"  # what is drawn of a population
ROW = 0.06  # of the axes' height, between the bars of mean and spread


def crystal_sizes(
    result: Result,
    at: Times = None,
    place: str | float = "mean",
    shape: str = "log-normal",
    ax: Axes | None = None,
) -> Axes:
    """The share of crystals smaller than a size, at some times (some round ones when None).

    A run holds number, length, area and volume of its crystals, not their sizes. Drawn are, above, mean and
    standard deviation, which are exact; as a band, between which shares every population with these four
    moments lies, which is exact too; and as a line the distribution of one shape with that number, mean and
    spread, which is an assumption. Where its volume is off by a quarter or more, it is left out, and the
    legend says by how much.
    place: "core", "edge", "mean" of the tissue, a layer, or a distance from the centre [m, "1 mm"]
    shape: "log-normal", "gamma" or "none"
    Raises ConfigError where moments are those of no population.
    """
    need_result(result, "a distribution of sizes")
    known_shape(shape)
    lacking = [n for n in HELD if n not in result.dataset] + [VOLUME] * (VOLUME not in result.parameters)
    if lacking:
        raise ConfigError(
            f"sizes of crystals need {listing(lacking)}, which this run has not: its model lacks them, or "
            "variables= left them out."
        )
    times = round_times(result) if at is None else moments(result, at)
    found = {t: population(result, t, place) for t in times}
    known = [s for s in found.values() if s is not None]
    with canvas(ax, (6.4, 3.9)) as ax:
        here = places.place_text(place) if places.axes_of(result) else ""
        ax.set_title(f"HAP crystals, {here}" if here else "HAP crystals", pad=12.0 + 10.0 * len(known))
        ax.set(ylim=(0.0, 1.0), xlabel="diameter [nm]", ylabel="share of crystals smaller [-]")
        if not known:
            least = least_resolved(result, "hap_m0") * NM
            say(ax, f"no crystals that the run tells from nothing: fewer than {least:.1g} per mm$^3$")
            return ax
        end = max(max(largest_size(s), s.mean + 2.0 * s.spread) for s in known) * 1.15
        ax.set_xlim(0.0, end / NM)
        x = np.linspace(end / POINTS, end, POINTS)
        row = len(known)  # of mean and spread; populations at two times may be equal
        drawn: set[str] = set()
        for k, (t, sizes) in enumerate(found.items()):
            look: dict[str, Any] = {"color": dark_to_light(k, len(found)), "ls": DASHES[k % len(DASHES)]}
            if sizes is None:
                ax.plot([], [], ls="", label=f"{moment_text(t)}: none that the run resolves")
                continue
            drawn |= _draw(ax, sizes, shape, x, look, moment_text(t))
            row -= 1
            _mean_and_spread(ax, sizes, look, row)
        said = {LINES: f"lines: {shape}, assumed", BANDS: "bands: any population with\nthese moments"}
        if drawn:
            ax.plot([], [], ls="", label=";\n".join(words for what, words in said.items() if what in drawn))
        narrow = points_across(ax)[0] < NARROW
        side = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.22)} if narrow else BESIDE
        ax.legend(handlelength=2.2, **side)
    return ax


def population(result: Result, time: float, place: str | float) -> Sizes | None:
    """Number and sizes of the crystals at a place and time [s], linear between outputs; None where there
    are none that the run tells from nothing."""
    state = result.at(time) if result.t.size > 1 else result.dataset.isel(time=0)
    m0, m1, m2, amount = (float(places.place(result, state[n], place)) for n in HELD)
    if not m0 > least_resolved(result, HELD[0]):
        return None
    return sizes_of(m0, m1, m2, float(third_moment(amount, result.parameters.si(VOLUME))))


def _draw(ax: Axes, sizes: Sizes, shape: str, x: np.ndarray, look: dict[str, Any], when: str) -> set[str]:
    """Band, line and legend of one population. Returns which of the first two are drawn."""
    words = f"{when}: {_nm(sizes.mean)} ± {_nm(sizes.spread)} nm,\n{_number(sizes.number * NM)} per mm$^3$"
    if sizes.one_size:
        ax.plot([0.0, sizes.mean / NM, sizes.mean / NM, x[-1] / NM], [0.0, 0.0, 1.0, 1.0],
                label=f"{words}, all of one size", **look)  # fmt: skip
        return set()
    low, high = share_below(sizes, x)
    volume = assumed_volume(sizes, shape) if shape != "none" else 0.0
    fits = 1.0 / FITS < volume < FITS
    if shape != "none" and not fits:
        words += f"\n(no {shape}: {volume:.2g} of its volume)"
    ax.fill_between(x / NM, low, high, color=look["color"], alpha=0.25, lw=0, label="" if fits else words)
    for edge in (low, high):
        ax.plot(x / NM, edge, color=look["color"], lw=0.6, alpha=0.8, label="_edge")
    if fits:
        ax.plot(x / NM, assumed_share_below(sizes, shape, x), label=words, **look)
    return {LINES, BANDS} if fits else {BANDS}


def _mean_and_spread(ax: Axes, sizes: Sizes, look: dict[str, Any], row: int) -> None:
    """Mean and standard deviation above the axes."""
    place: Any = ax.get_xaxis_transform()
    ends = [max(sizes.mean - sizes.spread, 0.0) / NM, (sizes.mean + sizes.spread) / NM]
    y = 1.0 + ROW * (row + 0.7)
    style: dict[str, Any] = {"color": look["color"], "transform": place, "clip_on": False, "label": "_spread"}
    ax.plot(ends, [y, y], lw=1.6, **style)
    ax.plot([sizes.mean / NM], [y], marker="o", ms=4.5, ls="", **style)


def _nm(size: float) -> str:
    return significant(size / NM, 3)


def _number(value: float) -> str:
    """Two digits, with a power of ten from ten thousand."""
    if value < 1e4:
        return f"{value:.2g}"
    front, power = f"{value:.1e}".split("e")
    return f"${front} \\cdot 10^{{{int(power)}}}$"
