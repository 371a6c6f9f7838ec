"""Legends that lie on no curve: in a corner that the data leave free, or beside the axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.plotting.canvas import SMALL
from sim.plotting.labels import wrapped
from sim.plotting.ticks import points_across, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BESIDE: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.02)}
# matplotlib's name of a place within the axes: where it lies across and up, as shares
PLACES = {
    "upper right": (1.0, 1.0), "upper left": (0.0, 1.0), "lower right": (1.0, 0.0), "lower left": (0.0, 0.0),
    "center right": (1.0, 0.5), "center left": (0.0, 0.5), "upper center": (0.5, 1.0),
    "lower center": (0.5, 0.0),
}  # fmt: skip
INSET = 0.02  # of the axes, between a legend and its corner
HANDLE, ROW = 3.6, 1.55  # of the font size: what stands before the words, and height of a row
MANY = 4  # entries: more stand beside the axes


def put_legend(
    ax: Axes, handles: Sequence[Any], labels: Sequence[str], beside: bool = False, title: str = ""
) -> None:
    """A legend where no line runs. beside: next to the axes in any case"""
    if not handles:
        return
    labels = ["\n".join(wrapped(line) for line in w.split("\n")) for w in labels]
    look: dict[str, Any] = dict(BESIDE)
    if not beside and len(handles) <= MANY:
        free = free_place(ax, [*labels, *([title] if title else [])])
        look = {"loc": free} if free else look
    look |= {"title": title or None, "title_fontsize": SMALL}
    ax.legend(list(handles), list(labels), handlelength=2.2, **look)


def free_place(ax: Axes, labels: Sequence[str], size: float = SMALL) -> str:
    """The first place within the axes where a legend of these labels lies on no line, "" where none is."""
    width, height = points_across(ax)
    if not width > 0 or not height > 0:
        return ""
    wide = (max(text_width(w, size) for w in labels) + (HANDLE + 1.0) * size) / width
    lines = sum(w.count("\n") + 1 for w in labels)
    high = (ROW * lines + 1.0) * size / height
    if wide > 0.8 or high > 0.8:
        return ""
    taken = _drawn_points(ax)
    for name, (across, up) in PLACES.items():
        left = INSET + across * (1.0 - 2.0 * INSET - wide)
        low = INSET + up * (1.0 - 2.0 * INSET - high)
        inside = (taken[:, 0] > left - INSET) & (taken[:, 0] < left + wide + INSET)
        inside &= (taken[:, 1] > low - INSET) & (taken[:, 1] < low + high + INSET)
        if not inside.any():
            return name
    return ""


def _drawn_points(ax: Axes) -> np.ndarray:
    """Points along all lines of the axes, and texts in them, (n, 2) as shares of the axes."""
    back = ax.transAxes.inverted()
    found = [np.empty((0, 2))]
    share = np.linspace(0.0, 1.0, 25)[:, None]
    for line in ax.lines:
        corners = np.column_stack(
            [np.ravel(line.get_xdata(orig=False)), np.ravel(line.get_ydata(orig=False))]
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            at = back.transform(line.get_transform().transform(corners.astype(float)))
        found.append(at)
        if len(at) > 1:
            found.append((at[:-1, None] + share * np.diff(at, axis=0)[:, None]).reshape(-1, 2))
    for text in ax.texts:
        x, y = back.transform(text.get_transform().transform(text.get_position()))
        found.append(np.array([[x, y]]))
    points = np.concatenate(found)
    return points[np.isfinite(points).all(axis=1)]
