"""CT slices, radiographs and echoes in grey, with the window told and a scale bar."""

from __future__ import annotations

import os
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError, shown
from sim.plotting.canvas import SMALL, canvas
from sim.plotting.labels import drawable
from sim.texts import length_text, moment_text

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

WINDOWS = {"HU": (130.0, 600.0), "kg m-3": (100.0, 200.0)}  # level and width where none is given
LABELS = {
    "HU": "CT number [HU]",
    "kg m-3": "hydroxyapatite [mg/mL]",
    "magnitude": "magnitude, water at TE 0 is 1 [-]",
}
NARROWEST = 0.7  # of the width of a square picture, so that the title has room
LETTERS = 24  # in a line of the title of a narrow picture
SHOWN_IN = {"HU": "HU", "kg m-3": "mg/mL"}
MAGNITUDE = "magnitude"  # stands for its unit, which is none
PROTONS = 42.577e6  # frequency in a tesla [1/s]
FILM = "signal, 1 beside the tissue [-]"
BARS = (1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2)  # lengths [m]
STEEP = 3.0  # standard deviations of a radiograph's grey beyond which nothing more is told apart


def scan(
    image: xarray.DataArray | xarray.Dataset,
    slice_at: int | None = None,
    window: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A picture of sim.imaging in grey: a slice of a CT or a radiograph, bright where it attenuates, or the
    magnitude of the last echo of an MRI, dark where there is calcium. `resonance` shows all of a scan.

    image: of sim.imaging.ct, dual_energy, mineral_density, radiograph, mri, read_dicom or read_nifti
    slice_at: number of the slice; the one with the highest sum when None, of an MRI the middle one
    window: (level, width) of the grey scale, in the unit of the picture; of CT 130 and 600 HU when None
    """
    plane, unit, title = _plane(image, slice_at)
    level, width = _window(plane.values, unit) if window is None else _checked(window)
    up, across = (str(d) for d in plane.dims)
    size = float(plane.attrs["pixel"])
    high, wide = plane.shape
    with canvas(
        ax, (4.6 * max(NARROWEST, min(1.0, wide / high)) + 1.1, 4.6 * min(1.0, high / wide) + 0.8)
    ) as ax:
        half = 0.5 * width
        grey = "gray_r" if unit == "1" else "gray"  # as a film: where little comes through it stays bright
        look: dict[str, Any] = {"cmap": grey, "vmin": level - half, "vmax": level + half}
        x, y = plane[across].values, plane[up].values
        half_x, half_y = 0.5 * (size * wide), 0.5 * (size * high)
        middle_x, middle_y = float(x.mean()), float(y.mean())
        reach = (middle_x - half_x, middle_x + half_x, middle_y - half_y, middle_y + half_y)
        shown_image = ax.imshow(plane.values, origin="lower", extent=reach, interpolation="nearest", **look)
        ax.set_xticks([])
        ax.set_yticks([])
        for side in ax.spines.values():
            side.set_visible(False)
        told = f"\nlevel {level:.4g}, width {width:.4g} {SHOWN_IN[unit]}" if unit in WINDOWS else ""
        narrow = wide < NARROWEST * high
        ax.set_title(
            "\n".join(fill(line, LETTERS) if narrow else line for line in (title + told).split("\n"))
        )
        _scale_bar(ax, reach)
        bar = ax.figure.colorbar(shown_image, ax=ax, shrink=0.8)
        bar.set_label(LABELS.get(unit, FILM))
    return ax


def _plane(
    image: xarray.DataArray | xarray.Dataset, slice_at: int | None
) -> tuple[xarray.DataArray, str, str]:
    """What is drawn, its unit and its title."""
    import xarray as xr

    said = getattr(image, "attrs", {})
    if "instrument" in said:
        words = f"simulated {said.get('title', said['instrument'])}"
    elif {"pixel", "slice", "units"} <= set(said):  # of a file of another program
        name = os.path.basename(str(said.get("scan") or said.get("file", "")))
        words = "simulated " if said.get("simulated") else ""
        words += str(said.get("long_name", "CT")) + (f"\nfrom {name}" if name else "")
    else:
        raise ConfigError(
            f"{shown(type(image).__name__)} is no picture of sim.imaging; ct and radiograph make one."
        )
    if "time" in said:
        words += f"\n{drawable(str(said['scenario']).replace('_', ' '))}, {moment_text(said['time'])}"
    if isinstance(image, xr.Dataset) and "magnitude" in image:
        return _magnitude(image, slice_at, words)
    if isinstance(image, xr.Dataset):
        signal = image["signal"]
        signal.attrs["pixel"] = said["pixel"]
        return signal, "1", words + f"\nrays along {said['axis']}"
    if not isinstance(image, xr.DataArray):
        raise ConfigError("this picture is no CT and no radiograph.")
    k = int(np.argmax(np.asarray(image).sum((1, 2)))) if slice_at is None else slice_at
    _refuse_outside(k, image.sizes["z"])
    return image.isel(z=k), str(said["units"]), words + f"\nslice of {_length(said['slice'])}"


def _magnitude(scan: xarray.Dataset, slice_at: int | None, words: str) -> tuple[xarray.DataArray, str, str]:
    """The last echo, where mineral is darkest."""
    k = scan.sizes["z"] // 2 if slice_at is None else slice_at
    _refuse_outside(k, scan.sizes["z"])
    plane = scan["magnitude"].isel(echo=-1, z=k)
    plane.attrs["pixel"] = scan.attrs["spacing"][1]
    told = f"\nslice of {_length(scan.attrs['spacing'][0])}, TE {1e3 * float(plane['echo']):.3g} ms"
    tesla = scan.attrs["frequency"] / PROTONS
    words = words.replace(str(scan.attrs["instrument"]), f"gradient echo at {tesla:.3g} T", 1)
    return plane, MAGNITUDE, words + told


def _refuse_outside(k: int, slices: int) -> None:
    if not -slices <= k < slices:
        raise ConfigError(f"slice_at = {k} is outside the {slices} slices of this picture.")


def _length(metres: float) -> str:
    return length_text(metres, 3).replace(" um", " µm")


def _window(values: np.ndarray, unit: str) -> tuple[float, float]:
    if unit in WINDOWS:
        return WINDOWS[unit]
    if unit == MAGNITUDE:  # black is no signal
        return 0.5 * float(values.max()), float(values.max())
    low, high = float(values.min()), float(values.max())
    spread = float(np.std(values))
    width = max(min(high - low, 2 * STEEP * spread), 1e-6)
    return 0.5 * (high + max(low, high - width)), width


def _checked(window: tuple[float, float]) -> tuple[float, float]:
    if len(window) != 2 or not window[1] > 0:
        raise ConfigError(f"window = {shown(window)} is not a level and a width above 0.")
    return float(window[0]), float(window[1])


def _scale_bar(ax: Axes, reach: tuple[float, float, float, float]) -> None:
    """A bar of a round length, a quarter of the picture at most, at its lower left."""
    from matplotlib.patheffects import Normal, Stroke

    wide, high = reach[1] - reach[0], reach[3] - reach[2]
    fitting = [b for b in BARS if b <= min(0.25 * max(wide, high), 0.8 * wide)]
    if not fitting:
        return
    x, y = reach[0] + 0.05 * wide, reach[2] + 0.05 * high
    # White with a black border: films may be bright there, and CT is mostly dark.
    outline = [Stroke(linewidth=4.0, foreground="black"), Normal()]
    ax.plot([x, x + fitting[-1]], [y, y], color="white", lw=2.5, solid_capstyle="butt", path_effects=outline)
    ax.text(
        x, y + 0.02 * high, _length(fitting[-1]), color="white", fontsize=SMALL, va="bottom",
        path_effects=[Stroke(linewidth=2.0, foreground="black"), Normal()],
    )  # fmt: skip
