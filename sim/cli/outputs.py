"""What commands write: folders that do not stay empty, JSON without infinities, pictures without a window."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sim.files import whole_path, write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """Make a folder and those above it; where the block raises, the new ones go unless it filled them."""
    whole_path(folder)
    missing = [f for f in (folder, *folder.parents) if not f.exists()]  # innermost first
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for empty in missing:
            with suppress(OSError):
                empty.rmdir()
        raise


def json_text(value: Any) -> str:
    """Indented JSON; it has no infinity: an onset that never came is null."""
    return json.dumps(_finite(value), indent=2, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


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
