"""A gradient-echo scan as it is read: magnitude of each echo, phase, susceptibility, in one slice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.errors import ConfigError, shown
from sim.plotting.canvas import style
from sim.plotting.labels import drawable
from sim.texts import moment_text

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ECHOES = 3  # of several, that are drawn: the first, the middle, the last
PPM = 1e6
TALLEST = 4.0  # inches of a picture, however long the slice is


class Panel(NamedTuple):
    """One picture: values of the slice, its title, colours, and the words of its colour bar."""

    values: np.ndarray
    title: str
    cmap: str
    low: float
    high: float
    label: str


def resonance(scan: xarray.Dataset, z: float = 0.0) -> Figure:
    """The slice nearest to z [m] of what sim.imaging.mri made: magnitudes, phase, susceptibility.

    Magnitudes have one window, from black to the brightest of the first echo. Susceptibility is grey where
    there is none, dark where matter is diamagnetic as calcium, bright where it is paramagnetic as iron.
    """
    import matplotlib.pyplot as plt

    if not {"magnitude", "phase"} <= set(getattr(scan, "data_vars", {})):
        raise ConfigError(f"resonance needs what sim.imaging.mri returns, not {shown(scan)}.")
    slice_ = scan.sel(z=z, method="nearest")
    panels = _panels(slice_)
    side = [float(np.ptp(scan[a].values)) + scan.attrs["spacing"][1] for a in ("x", "y")]
    ratio = side[1] / side[0]
    with style():
        fig, axes = plt.subplots(
            1,
            len(panels),
            figsize=(2.5 * len(panels), 0.9 + min(2.2 * ratio, TALLEST)),
            layout="constrained",
            squeeze=False,
        )
        right, up = 0.5e3 * side[0], 0.5e3 * side[1]
        extent = (-right, right, -up, up)
        for ax, panel in zip(axes[0], panels, strict=True):
            _draw(fig, ax, panel, extent)
        axes[0][0].set_ylabel("y [mm]")
        fig.suptitle(_title(scan.attrs, float(slice_["z"])), x=0.01, ha="left")
    return fig


def _panels(slice_: xarray.Dataset) -> list[Panel]:
    echoes = slice_["echo"].values
    drawn = sorted({0, echoes.size // 2, echoes.size - 1})[:ECHOES]
    brightest = float(slice_["magnitude"].isel(echo=0).max())
    found = [
        Panel(
            slice_["magnitude"].isel(echo=k).values, f"magnitude, TE {echoes[k] * 1e3:.3g} ms", "gray", 0.0,
            brightest, "",
        )
        for k in drawn
    ]  # fmt: skip
    if "swi" in slice_:
        swi = slice_["swi"].isel(echo=-1).values
        found.append(Panel(swi, f"SWI, TE {echoes[-1] * 1e3:.3g} ms", "gray", 0.0, float(swi.max()), ""))
    phase = slice_["phase"].isel(echo=-1).values
    found.append(Panel(phase, f"phase, TE {echoes[-1] * 1e3:.3g} ms", "gray", -np.pi, np.pi, "rad"))
    chi = PPM * slice_["susceptibility"].values
    most = max(float(np.abs(chi).max()), 1e-3)
    found.append(Panel(chi, "susceptibility", "gray", -most, most, "ppm"))
    return found


def _draw(fig: Figure, ax: Axes, panel: Panel, extent: tuple[float, float, float, float]) -> None:
    image: Any = ax.imshow(
        panel.values, cmap=panel.cmap, vmin=panel.low, vmax=panel.high, origin="lower", extent=extent,
        interpolation="nearest",
    )  # fmt: skip
    ax.set_title(panel.title)
    ax.set_xlabel("x [mm]")
    if panel.label:
        fig.colorbar(image, ax=ax, label=panel.label, shrink=0.8)


def _title(facts: dict[str, Any], z: float) -> str:
    tesla = facts["frequency"] / 42.577e6
    what = drawable(str(facts.get("scenario", "volume")).replace("_", " "))
    when = f", {moment_text(facts['time'])}" if "time" in facts else ""
    return f"{what}{when}: gradient echo at {tesla:.3g} T, slice at {z * 1e3:.3g} mm, simulated"
