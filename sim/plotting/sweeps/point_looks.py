"""Points of a phase diagram as cells or as marks: numbers, "never", and points without a number.

Each method draws some of the points and returns what the legend says of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.plotting.sweeps import unfinished

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

    from sim.plotting.colour_scale import ColourScale

SIZE = 34.0  # of a mark [pt2]


class AsCells:
    """Every point by its cell; those without a number are hatched."""

    def __init__(self, ax: Axes, polygons: Sequence[np.ndarray]):
        self.ax, self.polygons = ax, polygons

    def _draw(self, which: np.ndarray, label: str, **look) -> Any:
        from matplotlib.collections import PolyCollection

        cells = PolyCollection(
            [p for p, drawn in zip(self.polygons, which, strict=True) if drawn], label=label, **look
        )
        return self.ax.add_collection(cells, autolim=False)

    def numbers(self, which: np.ndarray, values: np.ndarray, how: ColourScale, cmap: Colormap) -> Any:
        # Edges of the same colour close the hairlines that anti-aliasing leaves between cells.
        look: dict = {"edgecolors": "face", "linewidths": 0.3, "rasterized": True}
        return self._draw(which, "_numbers", array=values, norm=how.norm, cmap=cmap, **look)

    def never(self, which: np.ndarray, word: str) -> Any:
        self._draw(which, f"_{word}", facecolors=unfinished.NEVER, edgecolors="face", linewidths=0.3)
        return unfinished.never_patch(word, int(which.sum()))

    def without(self, which: np.ndarray, status: str) -> Any:
        look: dict = {"facecolors": "w", "edgecolors": "0.75", "linewidths": 0.5, "linestyles": ":"}
        if status != unfinished.NOT_RUN:
            look = {"facecolors": unfinished.GREY, "edgecolors": unfinished.GREY_EDGE, "linewidths": 0.0}
            look |= {"hatch": unfinished.hatch(status)}
        self._draw(which, f"_{status}", **look)
        return unfinished.patch(status, int(which.sum()))


class AsMarks:
    """Every point by a mark; those without a number have the marker of their status and no face."""

    def __init__(self, ax: Axes, x: np.ndarray, y: np.ndarray):
        self.ax, self.x, self.y = ax, x, y

    def _draw(self, which: np.ndarray, label: str, **look) -> Any:
        return self.ax.scatter(self.x[which], self.y[which], s=SIZE, label=label, **look)

    def numbers(self, which: np.ndarray, values: np.ndarray, how: ColourScale, cmap: Colormap) -> Any:
        look: dict = {"edgecolors": "0.25", "linewidths": 0.4}
        return self._draw(which, "_numbers", c=values, norm=how.norm, cmap=cmap, **look)

    def never(self, which: np.ndarray, word: str) -> Any:
        label, edge = f"{word} ({int(which.sum())})", unfinished.NEVER_EDGE
        return self._draw(which, label, color=unfinished.NEVER, edgecolors=edge, linewidths=0.9)

    def without(self, which: np.ndarray, status: str) -> Any:
        label, marker = f"{status} ({int(which.sum())})", unfinished.marker(status)
        return self._draw(which, label, marker=marker, color=unfinished.GREY_EDGE, linewidths=1.2)
