"""What a file says of the picture in it, and which pictures files can hold.

A picture of a result says that it is simulated. One that was read from a file of another program, and all
that is made from it, says that it is not, from which voxels it comes, and what was done to them. One that
says neither, as an array made by hand, is said to be of unknown origin. No file says where another one lay:
folders are often called after patients.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError, listing, nearest
from sim.imaging.volumes.specimen import AXES, SIMULATED
from sim.voxels.volume import LIES_IN, PATIENT, PLACES, Voxels

if TYPE_CHECKING:
    import xarray

KNOWN = "simulated"  # the attribute that tells
HISTORY = "history"  # the attribute that says what was done to a scan
WORDS = {
    True: SIMULATED.capitalize(),
    False: "Derived by hapsim from a scan that it did not simulate",
    None: "Written by hapsim, which does not know whether this is simulated or measured",
}
LOCAL = ("file", "scan", "by")  # attributes that are no business of others, or said anew
CT, MR, SECTION, OTHER = "ct", "mr", "section", "other"  # what a picture is of
USUAL = ("magnitude", "picture")  # the variable of a data set that is written unless told otherwise
COLOURS, FLAT = 3, 2  # axes of a section in colour, and of a radiograph


def attributes_of(found: Voxels) -> dict[str, Any]:
    """What a picture that was read says of itself, and of a file of another program that it is of one."""
    said = {k: v for k, v in found.said.items() if k != "by"}
    if KNOWN not in said:
        said |= {KNOWN: False, LIES_IN: PATIENT}
        said |= done(said, f"read from a file of another program (voxels {found.digest()})")
    return {k: v for k, v in said.items() if v is not None}


def done(said: Mapping[str, Any], what: str) -> dict[str, str]:
    """The history of a picture after one more step."""
    return {HISTORY: "; ".join(filter(None, (str(said.get(HISTORY, "")), what)))}


def simulated(said: Mapping[str, Any]) -> bool | None:
    """Whether attributes are of a simulation, or of what another program wrote; None where none tells."""
    told = said.get(KNOWN)
    return None if told is None else bool(told)


@dataclass(frozen=True, eq=False)
class FilePicture:
    """A picture as files hold it.

    values: (z, y, x); with several echoes (echo, z, y, x); of a section (y, x) or (y, x, colour)
    kind: CT, MR, SECTION or OTHER; name: of the variable, "" of an array without one; units: of the numbers
    places: {axis: (the first centre, the step to the next, below 0 where they fall)} [m]
    said: attributes, of the data set and of the variable; echoes: echo times [s], () of others than MR
    """

    values: np.ndarray
    kind: str
    name: str
    units: str
    places: dict[str, tuple[float, float]]
    said: dict[str, Any]
    echoes: tuple[float, ...] = field(default=())

    @property
    def colour(self) -> bool:
        """Whether it holds red, green and blue."""
        return self.kind == SECTION and self.values.ndim == COLOURS

    @property
    def simulated(self) -> bool | None:
        """Whether it is of a simulation; None where that is not told."""
        return simulated(self.said)

    @property
    def origin(self) -> str:
        """A sentence on where it comes from, and what was done."""
        history = str(self.said.get(HISTORY, ""))
        return WORDS[self.simulated] + (f": {history}" if history else "")

    def text(self) -> str:
        """Its attributes as JSON, in the order of their names."""
        said = {k: _plain(v) for k, v in self.said.items() if k not in LOCAL}
        if self.echoes:
            said["echo_times"] = list(self.echoes)
        said |= {KNOWN: self.simulated, "by": "hapsim", "variable": self.name, "units": self.units}
        said[PLACES] = {a: list(p) for a, p in self.places.items()}
        return json.dumps(said, sort_keys=True, default=str)


def file_picture(image: Any, what: str, variable: str = "") -> FilePicture:
    """A picture of sim.imaging, or a variable of a data set of it, for a file.

    what: the file in words, "a NIfTI file"; variable: of a data set; magnitude or picture unless told
    Raises ConfigError for what is no picture with known places, and for values that are no numbers.
    """
    array, said = _variable(image, what, variable)
    dims = tuple(str(d) for d in array.dims)
    if dims == ("y", "x", "channel"):
        kind = SECTION
    elif dims == ("y", "x") and ("stain" in said or "dye" in said):
        kind = SECTION
    elif dims == ("echo", *AXES) or (dims == AXES and str(said.get("modality", "")).startswith("MRI")):
        kind = MR
    elif dims == AXES or (len(dims) == FLAT and set(dims) <= set(AXES)):  # the latter of radiographs
        kind = CT if said.get("units") == "HU" and dims == AXES else OTHER
    else:
        raise ConfigError(
            f"{what} holds a picture over z, y and x (and echo), or over y and x, as sim.imaging makes them; "
            f"this one is over {listing(dims) or 'no axis'}."
        )
    values = np.asarray(array.values)
    if values.size == 0 or (values.dtype.kind == "f" and not np.isfinite(values).all()):
        raise ConfigError(f"the picture holds values that are no numbers; {what} cannot say so.")
    places: dict[str, tuple[float, float]] = {a: _place(array, a, said, what) for a in dims if a in AXES}
    echoes = tuple(float(t) for t in np.atleast_1d(array["echo"].values)) if "echo" in array.coords else ()
    units = str(said.get("units", ""))
    return FilePicture(values, kind, str(array.name or ""), units, places, said, echoes)


def _variable(image: Any, what: str, variable: str) -> tuple[xarray.DataArray, dict[str, Any]]:
    """The array, and what it and its data set say."""
    if hasattr(image, "data_vars"):
        names = list(map(str, image.data_vars))
        name = variable or next((n for n in USUAL if n in names), "")
        if name not in names:
            raise ConfigError(
                f"{what} holds one variable of {listing(names)}: say variable='{names[0] if names else ''}'."
                f"{nearest(name, names) if name else ''}"
            )
        return image[name], {**image.attrs, **image[name].attrs}
    if not hasattr(image, "dims") or not hasattr(image, "attrs"):
        raise ConfigError(f"{what} holds a picture of sim.imaging, an xarray with places.")
    if variable and variable != image.name:
        raise ConfigError(f"variable = '{variable}' is of a data set, and this is one picture.")
    return image, dict(image.attrs)


SIZES = {
    "z": ("spacing", "slice"),
    "y": ("pixel",),
    "x": ("pixel",),
}  # attributes that tell the side of a voxel


def _place(image: xarray.DataArray, axis: str, said: dict[str, Any], what: str) -> tuple[float, float]:
    """The first centre and the step along an axis [m]."""
    if axis not in image.coords:
        raise ConfigError(f"{what} needs places along {axis} [m], and the picture has none.")
    centres = np.asarray(image[axis].values, dtype=float)
    if centres.size > 1:
        steps = np.diff(centres)
        if not np.allclose(steps, steps[0], rtol=1e-6, atol=0) or steps[0] == 0:
            raise ConfigError(f"the places along {axis} are not equally far apart; {what} cannot say so.")
        return float(centres[0]), float(centres[-1] - centres[0]) / (centres.size - 1)
    row = said.get("spacing")
    if isinstance(row, Sequence) and len(row) == 3:  # of MRI: the sides of a voxel
        return float(centres[0]), float(row[AXES.index(axis)])
    for name in SIZES[axis]:
        if name in said:
            return float(centres[0]), float(said[name])
    raise ConfigError(f"the picture does not say how large its voxels are along {axis}; {what} needs it.")


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
