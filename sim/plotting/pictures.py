"""Pictures written to files, without a window."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sim.files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def windowless_pyplot() -> ModuleType:
    """matplotlib.pyplot, which without this wants a display; a backend that is in use stays."""
    import matplotlib

    if "matplotlib.pyplot" not in sys.modules:
        matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def write_picture(figure: Figure, path: Path, **options: Any) -> None:
    """Write a figure, laid out once: matplotlib would go through all of it twice more to lay it out.

    options: of `savefig`. The figure is of no use afterwards: it has the layout of this file.
    """
    import matplotlib

    layout = figure.get_layout_engine()
    if layout is not None:
        dpi = options.get("dpi", matplotlib.rcParams["savefig.dpi"])
        if dpi != "figure":
            figure.set_dpi(dpi)  # widths of texts depend on it
        layout.execute(figure)
        with matplotlib.rc_context({"figure.autolayout": False, "figure.constrained_layout.use": False}):
            figure.set_layout_engine(None)  # "none" would put something in its place that is drawn for
    write_whole(path, partial(figure.savefig, **options))
