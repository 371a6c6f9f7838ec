"""MRI and stained sections of a result as PNG, for `hapsim image`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

DPI = 200  # of sections, whose pixels are finer than those of other figures


def mri_png(scan: xarray.Dataset, target: Path) -> Path:
    """A gradient-echo scan, its middle slice."""
    from sim.plotting.pictures import windowless_pyplot

    windowless_pyplot()
    from sim.plotting.tissue.resonance import resonance

    return _written(resonance(scan), target)


def section_png(section: xarray.Dataset, target: Path) -> Path:
    """A stained section."""
    from sim.plotting.pictures import windowless_pyplot

    plt = windowless_pyplot()
    from sim.plotting.tissue.slide import slide

    slide(section)
    return _written(plt.gcf(), target, dpi=DPI)


def _written(figure: Figure, target: Path, **options: int) -> Path:
    from matplotlib.pyplot import close

    from sim.plotting.pictures import write_picture

    target.parent.mkdir(parents=True, exist_ok=True)
    write_picture(figure, target, format="png", **options)
    close(figure)
    return target
