"""The house look, and axes that have it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.jit.locks import RenewedLock
from sim.plotting.asked import need_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SMALL = 9.0  # of legends and words within panels [pt]: still 7 pt where 9.2 inches are printed on 7.2
LOOK: Any = {
    "figure.dpi": 110,
    "savefig.dpi": 150,
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "axes.formatter.useoffset": False,
    "axes.formatter.use_mathtext": True,
    "lines.linewidth": 1.6,
    "image.cmap": "viridis",
}
_STYLING = RenewedLock()  # two that overlapped would each put back what the other has set, for good


@contextmanager
def style() -> Iterator[None]:
    """The house look for the figures made inside: `with plot.style(): ...`. One thread at a time."""
    import matplotlib

    with _STYLING.lock:
        interactive = matplotlib.is_interactive()
        with matplotlib.rc_context(LOOK):
            try:
                yield
            finally:
                interactive = matplotlib.is_interactive() or interactive
        # The first figure of a notebook loads the backend, which turns this on; leaving the context
        # would turn it off again, and no later figure would show.
        matplotlib.rcParams["interactive"] = interactive


@contextmanager
def canvas(ax: Axes | None, figsize: tuple[float, float] = (6.4, 3.8)) -> Iterator[Axes]:
    """The given axes as they are, or new ones in the house look."""
    need_axes(ax)
    if ax is not None:
        yield ax
        return
    import matplotlib.pyplot as plt

    with style():
        _, made = plt.subplots(figsize=figsize, layout="constrained")
        yield made


def figure_for(given: Figure | None, figsize: tuple[float, float], layout: Any) -> Figure:
    """The empty figure that was given, made this large, or a new one of pyplot."""
    if given is None:
        import matplotlib.pyplot as plt

        return plt.figure(figsize=figsize, layout=layout)
    given.set_size_inches(*figsize)
    given.set_layout_engine(layout)
    return given


@contextmanager
def panel_row(ax: Axes | Sequence[Axes] | None, count: int) -> Iterator[list[Axes]]:
    """`count` axes: those given, or new ones in rows of at most three."""
    need_axes(ax)
    if ax is not None:
        yield list(np.atleast_1d(np.asarray(ax, dtype=object)).ravel())
        return
    import matplotlib.pyplot as plt

    columns = min(count, 2 if count in (2, 4) else 3)
    rows = -(-count // columns)
    with style():
        fig, grid = plt.subplots(
            rows, columns, figsize=(max(5.2, 3.9 * columns), 0.7 + 2.7 * rows), squeeze=False,
            layout="constrained",
        )  # fmt: skip
        found = list(grid.ravel())
        for spare in found[count:]:
            spare.remove()
        yield found[:count]
