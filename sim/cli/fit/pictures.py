"""Figures of fits and of sensitivities: refused before the work, written whole after it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sim.cli.choices import word_list
from sim.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = (".png", ".pdf", ".svg")


def checked_picture(path: Path) -> Path:
    """The path, which must end as a picture does, in a folder that is there."""
    if path.suffix not in KINDS:
        raise ConfigError(f"the figure {path} must end in {word_list(KINDS)}.")
    if not path.parent.is_dir():
        raise ConfigError(f"the figure {path}: there is no folder {path.parent}.")
    return path


def save_picture(draw: Callable[[], Figure], path: Path) -> None:
    """Draw a figure and write it."""
    from sim.plotting.pictures import windowless_pyplot, write_picture

    plt = windowless_pyplot()
    figure = draw()
    try:
        write_picture(figure, path, dpi=110)
    finally:
        plt.close(figure)
