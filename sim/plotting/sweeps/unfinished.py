"""How points without a number look: failed, timed out, killed, not run; and those that "never" did."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NEVER = "#F4DCDD"  # outside viridis for the colour-blind too, and lighter than all of it in grey
NEVER_EDGE = "#3A2A2E"
LIGHTEST = 0.88  # of the colour map, where "never" must stay lighter than any number
NEVER_LINE = "#B3446C"  # of lines, which that colour would lose on white
GREY, GREY_EDGE = "#DADCDF", "#6B7076"
DASHED = "#45494E"

# Hatched by status, so that no colour could be taken for a number.
HATCHES = {
    "failed": "//////",
    "timed out": "\\\\\\\\\\\\",
    "out of memory": "xxxxx",
    "killed": "......",
    "no value": "------",
}
NOT_RUN = "not run"
# A hatch is lost in a marker of a few points: markers without a face, in the same order.
MARKERS = {"failed": "x", "timed out": "+", "out of memory": "1", "killed": "2", "no value": "_"}

CHARACTER, HANDLE = 4.0, 34.0  # points that a character of a legend takes, and what stands before its words
BESIDE = 1.1  # of the width of the axes: a legend may reach below the colour bar


def hatch(status: str) -> str:
    return HATCHES.get(status, "+++++")


def marker(status: str) -> str:
    return MARKERS.get(status, "3")


def ordered(state: Iterable[str]) -> list[str]:
    """The statuses but "finished" among some points, in the order of their legend."""
    found = {*state} - {"finished"}
    last = [NOT_RUN] if NOT_RUN in found else []
    return [s for s in HATCHES if s in found] + sorted(found - {*HATCHES, NOT_RUN}) + last


def failures(state: np.ndarray, among: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """(status, mask) of each status but "finished" among some points."""
    for status in ordered(state[among]):
        yield status, among & (state == status)


def patch(status: str, count: int) -> Any:
    """A legend entry for cells of a status."""
    from matplotlib.patches import Patch

    words = f"{status} ({count})"
    if status == NOT_RUN:
        return Patch(facecolor="w", edgecolor=GREY_EDGE, ls=":", label=words)
    return Patch(facecolor=GREY, edgecolor=GREY_EDGE, hatch=hatch(status), lw=0, label=words)


def never_patch(word: str, count: int) -> Any:
    from matplotlib.patches import Patch

    return Patch(facecolor=NEVER, edgecolor=NEVER_EDGE, lw=0.8, label=f"{word} ({count})")


def legend_below(ax: Axes, handles: list, lines: int = 1, title: str | None = None) -> None:
    """A legend below the axes, out of the way of a colour bar, in as many columns as fit its width.

    lines: of text in the labels of the x axis
    """
    if not handles:
        return
    from matplotlib.transforms import ScaledTranslation

    longest = max(len(re.sub(r"[$^{}]", "", str(h.get_label()))) for h in handles)
    room = BESIDE * ax.bbox.width * 72.0 / ax.figure.dpi
    columns = int(room / (CHARACTER * longest + HANDLE))
    down = ScaledTranslation(0.0, -(24.0 + 12.0 * lines) / 72.0, ax.figure.dpi_scale_trans)
    made = ax.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.0, 0.0), borderaxespad=0.0, title=title,
        bbox_transform=ax.transAxes + down, ncols=min(max(columns, 1), len(handles)), handlelength=1.8,
        handleheight=1.1, columnspacing=1.4,
    )  # fmt: skip
    made.set_alignment("left")
