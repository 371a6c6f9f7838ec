"""A stained section under the microscope: its colours as they are, with a scale bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError, shown
from sim.plotting.canvas import SMALL, canvas
from sim.plotting.labels import drawable
from sim.plotting.runs.places import micro
from sim.texts import moment_text
from sim.units import to_unit

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

ROUND = (1.0, 2.0, 5.0)  # leading digits of a scale bar
WHOLE_MM = 0.999e-3  # from where on a bar is told in mm
SHARE = 0.25  # of the width that a bar is at most
LONGEST = 5.2  # inches of the longer side
POINTS = 72.0  # to an inch


def slide(section: xarray.Dataset, ax: Axes | None = None) -> Axes:
    """A section that sim.imaging.histology made, pixel by pixel, with a scale bar."""
    if "picture" not in getattr(section, "data_vars", {}):
        raise ConfigError(f"slide needs what sim.imaging.histology returns, not {shown(section)}.")
    picture = section["picture"].values
    high, wide = picture.shape[:2]
    per = LONGEST / max(high, wide)
    with canvas(ax, (max(wide * per, 2.4), high * per + 0.4)) as ax:
        ax.imshow(picture, interpolation="antialiased", rasterized=True)
        ax.set_axis_off()
        ax.set_title(_title(section.attrs))
        scale_bar(ax, section.attrs["pixel"], (high, wide), SMALL / POINTS / per)
    return ax


def _title(facts: dict[str, Any]) -> str:
    parts = [str(facts["stain_title"]), f"{facts['magnification']:g}×", moment_text(facts["time"])]
    return f"{', '.join(parts)}\n{drawable(str(facts['scenario']).replace('_', ' '))}, simulated"


def bar_length(width: float) -> float:
    """The longest round length [m] that is at most a quarter of a width [m]."""
    most = SHARE * width
    decade = 10.0 ** np.floor(np.log10(most))
    return float(max(decade * r for r in ROUND if decade * r <= most * (1 + 1e-9)))


def scale_bar(ax: Axes, pixel: float, shape: tuple[int, int], letters: float) -> None:
    """A black bar on white at the lower right of a picture. pixel: side [m]; shape: rows, columns
    letters: height of the text [pixels]"""
    from matplotlib.patches import Rectangle

    high, wide = shape
    length = bar_length(wide * pixel)
    unit = "mm" if length >= WHOLE_MM else "um"
    text = f"{to_unit(length, unit):g} {micro(unit)}"
    across, margin = length / pixel, 0.03 * min(high, wide)
    thick = 0.3 * letters
    room = 2.2 * letters
    left, low = wide - margin - across, high - margin
    box: dict[str, Any] = {"facecolor": "white", "alpha": 0.75, "linewidth": 0.0}
    pad = 0.5 * margin
    ax.add_patch(Rectangle((left - pad, low - room - pad), across + 2 * pad, room + 2 * pad, **box))
    ax.add_patch(Rectangle((left, low - thick), across, thick, facecolor="black", linewidth=0.0))
    where = left + 0.5 * across, low - 1.6 * thick
    ax.text(*where, text, ha="center", va="bottom", fontsize=SMALL, color="black")
