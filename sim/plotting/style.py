"""The house look: colours of species and phases, labels with units, time and length by range."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.chemistry.solids import solids, solids_by_phase
from sim.errors import ConfigError
from sim.units import axis_label, readable_unit, to_unit

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

    from sim.run.result import Result

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
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "image.cmap": "viridis",
}

# Of pools and quantities; those of species and solids are in the data (species.toml, minerals.toml). All are
# apart in lightness too (Okabe-Ito, darkened or lightened).
COLOURS = {
    "pH": "#882255",
    "cells": "#B59B72",
    "ions": "#9CCBE8",
    "complexes": "#3F7FAF",
    "buffer": "#C9CDD3",
    "membrane": "#A3B36C",
    "esters": "#E9D27A",
    "pyrophosphate": "#009E73",
    "other": "#8A8F98",
    "Mg": "#44AA99",
}
FALLBACK = ("#332288", "#117733", "#AA4499", "#999933", "#661100", "#6699CC")
DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (5, 1.5, 1, 1.5)))
KIN = {
    "HAP_density": "HAP", "Ca_in_mineral": "Ca", "Ca_per_dry_mass": "Ca", "Ca_free": "Ca",
    "P_free": "P", "C_free": "C", "buffer_Ca": "buffer", "bound_Ca": "membrane",
    "slow_ester": "ester", "Mg_free": "Mg",
}  # fmt: skip
SHORT = {
    "Ca_in_mineral": "Ca in solids",
    "HAP_density": "HAP",
    "Ca_per_dry_mass": "Ca per dry mass",
    "Ca_free": "free Ca",
    "P_free": "free P",
    "C_free": "free C",
    "Mg_free": "free Mg",
    "ionic_strength": "ionic strength",
}


@contextmanager
def style() -> Iterator[None]:
    """The house look for the figures made inside: `with plot.style(): ...`."""
    import matplotlib

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
    if ax is not None:
        yield ax
        return
    import matplotlib.pyplot as plt

    with style():
        _, made = plt.subplots(figsize=figsize, layout="constrained")
        yield made


@contextmanager
def row(ax: Axes | Sequence[Axes] | None, count: int) -> Iterator[list[Axes]]:
    """`count` axes: those given, or new ones in rows of at most three."""
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


def colour(name: str, result: Result | None = None) -> str:
    """The colour of a species, phase, pool or quantity derived from one.

    result: a run whose own species say their colour themselves
    """
    key = name.removeprefix("SI_").removeprefix("S_")
    phase = solids_by_phase(solids()).get(key)
    key = phase.name if phase is not None else KIN.get(key, key)
    own = result.dataset[key].attrs.get("colour") if result is not None and key in result.dataset else None
    return own or COLOURS.get(key) or _of_the_data().get(key) or FALLBACK[sum(map(ord, key)) % len(FALLBACK)]


@lru_cache
def _of_the_data() -> dict[str, str]:
    """{species or solid: colour} of the package's tables."""
    text = (resources.files("sim") / "data" / "species.toml").read_text(encoding="utf-8")
    found = {name: str(table["colour"]) for name, table in tomllib.loads(text).items() if "colour" in table}
    return found | {name: solid.colour for name, solid in solids().items() if solid.colour}


class Shown(NamedTuple):
    """How a variable is shown: values times `factor`, under `label`; `unit` in matplotlib text."""

    factor: float
    label: str
    name: str


def shown(data: xarray.DataArray) -> Shown:
    """The customary unit of a variable and the text of its axis."""
    name, unit, factor = str(data.name), data.attrs.get("units", "1"), 1.0
    if name == "Ca_per_dry_mass":
        unit, factor = "ug/mg", 1e3
    elif unit == "kg m-3":
        unit = "mg cm-3"  # the same number
    elif unit == "kg m-2":
        unit, factor = "mg cm-2", 100.0
    elif unit == "m" and data.size:
        unit = readable_unit(float(np.nanmax(np.abs(data))), "m")
        factor = to_unit(1.0, unit)
    text = name_of(name)
    return Shown(factor, text if name == "pH" else axis_label(text, unit), text)


def name_of(name: str) -> str:
    """A variable's name for a legend: "SI_HAP" is "SI HAP"."""
    return SHORT.get(name, name.replace("_", " "))


def time_scale(end: float) -> tuple[float, str]:
    """(seconds per unit, unit) fit for an axis up to `end` [s]."""
    unit = readable_unit(end, "s")
    return 1.0 / to_unit(1.0, unit), unit


def length_scale(size: float) -> tuple[float, str]:
    """(metres per unit, unit) fit for an axis of this extent [m]."""
    unit = readable_unit(size, "m")
    unit = unit if unit != "m" else "mm"
    return 1.0 / to_unit(1.0, unit), unit


def time_text(seconds: float) -> str:
    """ "7 day", "1.5 h", "3 year"."""
    sizes = ((2 * 31557600.0, 31557600.0, "year"), (86400.0, 86400.0, "day"), (3600.0, 3600.0, "h"))
    for least, size, unit in (*sizes, (60.0, 60.0, "min")):
        if seconds >= least * (1 - 1e-9):
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s" if seconds else "start"


def time_axis(ax: Axes, result: Result, clock: str) -> None:
    """Label, limits and scale of a time axis drawn in the units of `time_scale`.

    clock: "linear", or "root": a square-root scale, which shows the first hours of a long run
    """
    if clock not in ("linear", "root"):
        raise ConfigError(f"clock = '{clock}' is not one of linear, root.")
    end = float(result.t[-1])
    per, unit = time_scale(end)
    ax.set_xlim(0, end / per if end > 0 else 1.0)
    ax.set_xlabel(f"time [{unit}]")
    if clock == "root" and end > 0:
        ax.set_xscale("function", functions=(_root, np.square))
        ax.set_xlim(0, end / per)
        ticks = [_nice(share * end / per) for share in (0.03, 0.1, 0.25, 0.5, 0.75)]
        ax.set_xticks([0.0, *ticks, end / per], minor=False)
        ax.xaxis.set_major_formatter("{x:.3g}")
        ax.set_xlabel(f"time [{unit}], root scale")


def _nice(x: float) -> float:
    """The nearest of 1, 1.5, 2, 3, 5, 7 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(x))
    return float(power * min((1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0), key=lambda n: abs(n - x / power)))


def _root(x: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(x, 0.0))
