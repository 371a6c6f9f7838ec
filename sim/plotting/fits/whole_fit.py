"""A calibration on one page: data and fit, residuals, profiles, correlation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.plotting.canvas import style
from sim.plotting.fits.data_and_fit import check_fit, fitted, residuals
from sim.plotting.fits.profile_curves import correlation, profile
from sim.plotting.labels import words_of
from sim.public import public
from sim.texts import count_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 3


@public
def fit(result: Any) -> Figure:
    """Data against fit for each quantity, residuals, the profile of each parameter that has one, and the
    correlation of the estimates.

    result: of `sim.calibrate`. Curves in time take two more runs.
    """
    import matplotlib.pyplot as plt

    check_fit(result)
    courses = result.courses() if result.forward is not None else None
    profiled = [n for n in result.names if n in result.profiles]
    panels = [
        *(("data", q) for q in result.data.quantities), ("residuals", ""), *(("profile", n) for n in profiled)
    ]  # fmt: skip
    if len(result.names) > 1 and np.isfinite(result.correlation).any():
        panels.append(("correlation", ""))
    columns = 2 if len(panels) in (2, 4) else min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    with style():
        figure, axes = plt.subplots(
            rows, columns, figsize=(4.3 * columns, 0.5 + 3.2 * rows), squeeze=False, layout="constrained"
        )
        for spare in axes.flat[len(panels) :]:
            spare.remove()
        for ax, (kind, name) in zip(axes.flat, panels, strict=False):
            if kind == "data":
                fitted(result, name, ax, courses)
            elif kind == "residuals":
                residuals(result, ax)
                ax.set_title("residuals; grey: two standard deviations")
            elif kind == "profile":
                profile(result, name, ax)
                ax.set_title(f"{words_of(name)}: {result.verdicts[name].word}")
                ax.legend(loc="upper center", fontsize=7)
            else:
                correlation(result, ax)
        what = result.scenario.name if result.scenario is not None else "a model"
        counts = f"{count_text(len(result.free), 'parameter')}, {count_text(len(result.data), 'number')}"
        figure.suptitle(f"{what} fitted to {result.data.name}: {counts}", fontsize=10)
    return figure
