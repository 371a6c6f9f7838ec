"""Sensitivities side by side: Sobol' indices and Morris' effects a panel a measure, local ones as bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError
from sim.plotting.canvas import canvas, style
from sim.plotting.colours import dark_to_light
from sim.plotting.labels import name_of, words_of
from sim.plotting.sweeps.indices import indices
from sim.public import public

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@public
def elasticities(result: Any, ax: Axes | None = None) -> Axes:
    """Local sensitivities, per cent of a measure for one per cent of a parameter; whiskers: their errors.

    result: of `sim.sensitivity.local`. A pair without a value is marked "-".
    """
    if not all(hasattr(result, part) for part in ("measures", "parameters", "values", "errors")):
        raise ConfigError(
            f"elasticities needs local sensitivities, not a {type(result).__name__}; "
            "sim.sensitivity.local(...) makes them."
        )
    names, count = list(result.parameters), len(result.measures)
    size = np.abs(np.nan_to_num(result.values)).max(axis=0)
    order = np.argsort(size, kind="stable")
    height = 0.8 / count
    with canvas(ax, (6.0, 1.4 + (0.25 + 0.22 * count) * len(names))) as ax:
        for i, measure in enumerate(result.measures):
            at = np.arange(len(names)) + 0.4 - height * (i + 0.5)
            values, errors = result.values[i, order], result.errors[i, order]
            ax.barh(
                at, values, height=height, xerr=errors, color=dark_to_light(i, count), edgecolor="0.2",
                linewidth=0.5, label=name_of(measure), error_kw={"lw": 1.0, "capsize": 2},
            )  # fmt: skip
            for y, value in zip(at, values, strict=True):
                if not np.isfinite(value):
                    ax.annotate("-", (0, y), xytext=(4, 0), textcoords="offset points", va="center")
        ax.axvline(0.0, color="0.1", lw=0.8)
        ax.set_yticks(range(len(names)), [words_of(names[k]) for k in order])
        ax.set_xlabel("change in % for 1 % of the parameter")
        ax.legend(loc="best")
    return ax


def sensitivity_panels(found: Sequence[Any], title: str = "") -> Figure:
    """A panel for each measure, under each other."""
    import matplotlib.pyplot as plt

    axes_of = [len(getattr(one, "names", getattr(one, "parameters", ()))) for one in found]
    with style():
        figure, axes = plt.subplots(
            len(found), 1, figsize=(6.6, sum(1.5 + 0.5 * n for n in axes_of) + 0.4), squeeze=False,
            layout="constrained", height_ratios=[1.5 + 0.5 * n for n in axes_of],
        )  # fmt: skip
        for ax, one in zip(axes.flat, found, strict=True):
            if hasattr(one, "parameters"):
                elasticities(one, ax)
                continue
            indices(one, ax)
            if one.remarks:
                ax.set_title("; ".join(r.split(":")[0].split(",")[0] for r in one.remarks), color="#B03A2E")
        if title:
            figure.suptitle(title, fontsize=10)
    return figure
