"""Panels of several figures on common limits, so that they can be compared by eye."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.plotting.legends import put_legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def take_limits(figure: Figure, others: Sequence[Figure]) -> None:
    """Widen the axes up of a figure's panels of lines to those of the same panels of other figures.

    Panels are the same where their labels along both axes are and their titles say the same. Those with a
    logarithmic scale in one figure and a linear one in another stay as they are.
    """
    for ax in _panels(figure):
        found = [a for other in others for a in _panels(other) if _key(a) == _key(ax)]
        found = [a for a in found if a.get_yscale() == ax.get_yscale()]
        ends = [a.get_ylim() for a in (ax, *found)]
        low, high = min(a for a, _ in ends), max(b for _, b in ends)
        if (low, high) != ax.get_ylim():
            ax.set_ylim(low, high)
            _place_again(ax)


def _panels(figure: Figure) -> list[Axes]:
    """Axes that show lines or areas, not a field in colour."""
    fields = ("QuadMesh", "AxesImage")
    return [
        a for a in figure.axes if a.lines and not any(type(c).__name__ in fields for c in a.get_children())
    ]


def _key(ax: Axes) -> tuple[str, str, str]:
    return ax.get_title(loc="left"), ax.get_xlabel().partition(" [")[0], ax.get_ylabel()


def _place_again(ax: Axes) -> None:
    """Find a legend that lies within the axes a new free place, as the lines have moved."""
    old = ax.get_legend()
    if old is None or old.get_bbox_to_anchor() is not ax.bbox:  # none, or beside the axes
        return
    handles, labels = ax.get_legend_handles_labels()
    put_legend(ax, handles, labels, title=old.get_title().get_text())
