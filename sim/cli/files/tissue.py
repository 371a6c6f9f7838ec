"""MRI and stained sections of a result as PNG, for `hapsim image`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.run.result import Result

DPI = 200  # of sections, whose pixels are finer than those of other figures


def write_mri(result: Result, at: str | None, instrument: str, seed: int, target: Path) -> Path:
    """A gradient-echo scan, its middle slice."""
    from sim.imaging import mri
    from sim.plotting.pictures import windowless_pyplot

    windowless_pyplot()
    from sim.plotting.tissue.resonance import resonance

    return _written(resonance(mri(result, at, instrument, seed)), target)


def write_section(
    result: Result, at: str | None, stain: str, magnification: float | None, seed: int, target: Path
) -> Path:
    """A stained section through the middle, across z."""
    from sim.imaging import histology
    from sim.plotting.pictures import windowless_pyplot

    plt = windowless_pyplot()
    from sim.plotting.tissue.slide import slide

    slide(histology(result, at, stain, magnification, seed=seed))
    return _written(plt.gcf(), target, dpi=DPI)


def _written(figure: Figure, target: Path, **options: int) -> Path:
    from matplotlib.pyplot import close

    from sim.plotting.pictures import write_picture

    target.parent.mkdir(parents=True, exist_ok=True)
    write_picture(figure, target, format="png", **options)
    close(figure)
    return target
