"""A measured volume: numbers on equal voxels, where they lie, and what the file says of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sim.errors import ConfigError, FileFormatError, shown
from sim.machine import free_memory
from sim.texts import size_text
from sim.units import convert_number

MM = 1e3  # millimetres in a metre: what medical files count in
FLOAT = 8  # bytes of a number as it is read
COPIES = 2.5  # of the numbers while a file is read: as it holds them, as floats, and one in work
PLACES = "places"  # of what hapsim notes in its files: {axis: [the first centre, the step] in m}
LIES_IN, PATIENT = "lies_in", "patient"  # noted of a scan of another program: its places are a patient's
DIGITS = 16  # of a digest, as of masks


@dataclass(frozen=True, eq=False)
class Voxels:
    """Numbers of a file on equal voxels.

    values: (z, y, x) float64; x and y rise to the right and the top of a picture, to the left and the back of
        a patient; z rises from foot to head, and from page to page of a stack
    middle, sizes: of the volume, and the sides of a voxel, along z, y, x [m]; slices touch
    units: as the file says, "HU" or "mg/mL" for example; "" where it does not
    path: where it was read; said: what else the file tells
    own: whether hapsim wrote it, and its places are those of a tissue; else of a patient, or of none
    """

    values: np.ndarray
    middle: tuple[float, float, float]
    sizes: tuple[float, float, float]
    units: str = ""
    path: str = ""
    said: Mapping[str, Any] = field(default_factory=dict)
    own: bool = False

    @property
    def volume(self) -> float:
        """Of a voxel [m3]."""
        z, y, x = self.sizes
        return z * y * x

    @property
    def place(self) -> tuple[float, float, float]:
        """Where the middle lies in the tissue, along z, y, x [m]; the origin where the file does not say."""
        return self.middle if self.own else (0.0, 0.0, 0.0)

    def centres(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of the voxels along z, y, x [m]."""
        z, y, x = (
            m + (np.arange(n) - 0.5 * (n - 1)) * s
            for m, n, s in zip(self.middle, self.values.shape, self.sizes, strict=True)
        )
        return z, y, x

    def digest(self) -> str:
        """Of the numbers and the sizes of voxels, not of the place: what a scenario file keeps."""
        sizes = [f"{s:.9e}" for s in self.sizes]  # medical files write them as text of some digits
        told = repr((self.values.shape, sizes)).encode()
        return hashlib.sha256(told + np.ascontiguousarray(self.values).tobytes()).hexdigest()[:DIGITS]


def in_tissue(said: Mapping[str, Any]) -> bool:
    """Whether the places in a file that hapsim wrote are those of a tissue, by what it notes."""
    return said.get(LIES_IN) != PATIENT


def check_memory(path: object, shape: Sequence[int], free: int | None = None) -> None:
    """Refuse a volume that memory will not hold, before it is read. free: bytes; looked up when None"""
    need = float(np.prod([float(n) for n in shape])) * FLOAT * COPIES
    free = free_memory() if free is None else free
    if free is not None and need > free:
        raise FileFormatError(
            f"{path} has {' x '.join(map(str, shape))} voxels, which take {size_text(need)} of memory as "
            f"they are read, and {size_text(free)} are free. Cut out the part that is wanted, or resample "
            "it to larger voxels."
        )


def sides(spacing: float | str | Sequence[float | str]) -> tuple[float, ...]:
    """Sides of voxels [m] as they were given: () or along z, y and x; one length is of cubes."""
    if isinstance(spacing, int | float | str):
        spacing = (spacing,) * 3
    found = tuple(convert_number(s, "m", "spacing") for s in spacing)
    if len(found) not in (0, 3) or not all(s > 0 for s in found):
        raise ConfigError(
            f"spacing = {shown(spacing)} is not one length, or three above 0 along z, y and x, such as "
            "('3 mm', '0.4 mm', '0.4 mm')."
        )
    return found


def exactly(path: object, found: Voxels) -> Voxels:
    """A volume that hapsim wrote at the places that it notes, of which a file may keep few digits only."""
    said = dict(found.said)
    places = said.pop(PLACES, None)
    if not isinstance(places, Mapping) or set(places) != set("zyx"):
        return replace(found, said=said)
    starts = [(float(places[a][0]), float(places[a][1])) for a in "zyx"]
    middle = [f + 0.5 * (n - 1) * s for (f, s), n in zip(starts, found.values.shape, strict=True)]
    sizes = [abs(s) for _, s in starts]
    if not np.allclose([*sizes, *middle], [*found.sizes, *found.middle], rtol=1e-5, atol=1e-5 * min(sizes)):
        raise FileFormatError(f"{path} was changed: its voxels do not lie where hapsim noted them.")
    (z, y, x), (a, b, c) = middle, sizes
    return replace(found, said=said, middle=(z, y, x), sizes=(a, b, c))


def rising(centres: np.ndarray, values: np.ndarray, axis: int) -> tuple[float, np.ndarray]:
    """The middle of centres, and values turned so that they rise along the axis."""
    turned = centres.size > 1 and centres[1] < centres[0]
    return float(centres[0] + centres[-1]) / 2, np.flip(values, axis) if turned else values
