"""Measured numbers with their scatter, beside the curves of the best fit and of its start; residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError, unknown
from sim.plotting.canvas import canvas
from sim.plotting.labels import name_of, time_scale, time_words
from sim.public import public
from sim.units import axis_label, to_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIT, START, DATA = "#1B4F72", "0.6", "#B03A2E"
MARKS = "osD^vP"


@public
def fitted(result: Any, quantity: str | None = None, ax: Axes | None = None, courses: Any = None) -> Axes:
    """Data of one quantity with bars of one standard deviation, the best fit, and where the search began.

    result: of `sim.calibrate`, or of `sim.calibration.fit`, whose predictions are points, not curves
    quantity: of the data, the first when None; courses: of `result.courses()`, which takes two runs
    """
    check_fit(result)
    quantity = result.data.quantities[0] if quantity is None else quantity
    if quantity not in result.data.quantities:
        raise ConfigError(unknown("a quantity of the data", quantity, result.data.quantities))
    mine = [k for k, d in enumerate(result.data) if d.quantity == quantity]
    points = [result.data.points[k] for k in mine]
    unit = points[0].unit
    per, clock = time_scale(max(d.time for d in result.data) or 1.0)
    t = np.array([d.time for d in points]) / per
    with canvas(ax, (5.2, 3.6)) as ax:
        if courses is None and result.forward is not None:
            courses = result.courses()
        begin, best = "start of the search", "best fit"
        if courses is not None:
            times, found = courses
            if "start" in found:
                values = _in(found["start"][quantity], unit)
                ax.plot(times / per, values, "--", color=START, lw=1.2, label=begin)
            ax.plot(times / per, _in(found["fit"][quantity], unit), color=FIT, lw=1.8, label=best)
        else:
            if result.start_predictions is not None:
                ax.plot(t, _in(result.start_predictions[mine], unit), "x", color=START, label=begin)
            ax.plot(t, _in(result.predictions[mine], unit), "_", color=FIT, ms=14, mew=2, label=best)
        sd = scatter_of(result)[mine]
        if np.isfinite(sd).all():
            words = "data ± standard deviation" if result.spread.known else "data ± scatter as estimated"
            bars = np.abs(_in(sd, unit) - _in(np.zeros(1), unit))
        else:
            words, bars = "data", None
        ax.errorbar(
            t, [to_unit(d.value, unit) for d in points], bars, fmt="o", ms=4.5, color=DATA, capsize=3,
            elinewidth=1.0, label=words, zorder=4,
        )  # fmt: skip
        ax.set_xlim(left=0.0)
        ax.set_xlabel(f"time [{time_words(clock)}]")
        ax.set_ylabel(axis_label(quantity_words(quantity), unit))
        ax.margins(y=0.12)
        ax.legend(loc="best")
    return ax


@public
def residuals(result: Any, ax: Axes | None = None) -> Axes:
    """(prediction - data) over the standard deviation against time; the band is two of them.

    Without standard deviations the scatter that the fit estimates stands for them.
    """
    check_fit(result)
    per, clock = time_scale(max(d.time for d in result.data) or 1.0)
    sigma = result.spread.sigma if np.isfinite(result.spread.sigma) and result.spread.sigma > 0 else 1.0
    values = result.residuals / sigma
    with canvas(ax, (5.2, 3.0)) as ax:
        ax.axhspan(-2, 2, color="0.92", lw=0, zorder=0)
        ax.axhline(0.0, color="0.3", lw=0.8)
        for n, quantity in enumerate(result.data.quantities):
            mine = [k for k, d in enumerate(result.data) if d.quantity == quantity]
            t = np.array([result.data.points[k].time for k in mine]) / per
            mark = MARKS[n % len(MARKS)]
            ax.vlines(t, 0.0, values[mine], color="0.6", lw=0.8)
            ax.plot(t, values[mine], mark, ms=5, color=f"C{n}", label=quantity_words(quantity))
        reach = max(2.6, 1.15 * float(np.abs(values).max()))
        ax.set_ylim(-reach, reach)
        ax.set_xlim(left=0.0)
        ax.set_xlabel(f"time [{time_words(clock)}]")
        known = result.spread.known or np.isfinite(result.spread.sigma)
        ax.set_ylabel("residual / standard deviation" if known else "residual / largest value")
        if len(result.data.quantities) > 1:
            ax.legend(loc="best")
    return ax


def scatter_of(result: Any) -> np.ndarray:
    """Standard deviation of each number [SI], as given or as estimated; NaN where neither is."""
    return np.asarray(result.weights, float) * (1.0 if result.spread.known else result.spread.sigma)


def quantity_words(quantity: str) -> str:
    """ "mean Ca_per_dry_mass" as a reader sees it: "Ca per dry mass, mean"."""
    kind, _, name = quantity.partition(" ")
    return f"{name_of(name)}, {kind}" if name else f"{name_of(kind)}"


def check_fit(result: Any) -> None:
    """Refuse what is no calibration."""
    if not all(hasattr(result, part) for part in ("data", "free", "predictions", "spread")):
        raise ConfigError(
            f"a calibration is needed, not a {type(result).__name__}; sim.calibrate(...) makes one."
        )


def _in(values: np.ndarray, unit: str) -> np.ndarray:
    return np.array([to_unit(float(v), unit) for v in np.asarray(values)])
