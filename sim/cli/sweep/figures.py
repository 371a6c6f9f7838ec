"""The figures that a sweep file asks for, side by side in one picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sim.cli.choices import word_list
from sim.errors import ConfigError

if TYPE_CHECKING:
    from sim.sweeps.plans.plan import SweepPlan
    from sim.sweeps.sweep_table import SweepTable

PANEL = (5.6, 4.9)  # inches
KINDS = (".png", ".pdf", ".svg")


def checked(path: Path, plan: SweepPlan) -> Path:
    """Refuse a figure that cannot be drawn; before hours of work, not after."""
    if not plan.figures:
        raise ConfigError(f"{plan.name} has no [[figures]] to draw; add one with x, y and colour.")
    if path.suffix not in KINDS:
        raise ConfigError(f"the figure {path} must end in {word_list(KINDS)}.")
    if not path.parent.is_dir():
        raise ConfigError(f"the figure {path}: there is no folder {path.parent}.")
    return path


def draw(table: SweepTable, plan: SweepPlan, path: Path) -> None:
    """Draw the phase diagrams of the plan to `path`."""
    from sim.plotting.pictures import windowless_pyplot, write_picture

    plt = windowless_pyplot()
    from sim import plotting

    with plotting.style():
        rows = 2 if len(plan.figures) > 3 else 1
        columns = -(-len(plan.figures) // rows)
        size = (PANEL[0] * columns, PANEL[1] * rows)
        figure, axes = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
        try:
            for ax in axes.flat[len(plan.figures) :]:
                ax.set_axis_off()
            for ax, one in zip(axes.flat, plan.figures, strict=False):
                plotting.phase_diagram(table, one.x, one.y, one.colour, ax=ax, **one.options)
                if one.title:
                    ax.set_title(one.title)
            if plan.title:
                figure.suptitle(plan.title)
            write_picture(figure, path, dpi=110)
        finally:
            plt.close(figure)
