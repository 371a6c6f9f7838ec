"""Where a section lies: a plane through the lesion, a window on it, and its pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.errors import ConfigError, shown
from sim.imaging.sections.stains import histology_numbers
from sim.units import convert_number

AXES = ("x", "y", "z")
AIMED_AT = 1_500_000  # pixels, where no magnification is given
MOST_PIXELS = 16_000_000


@dataclass(frozen=True, eq=False)
class Window:
    """A window on a plane.

    centre, right, up: a point [m] and two unit vectors, as (x, y, z)
    u, v: places of columns and rows from the centre along `right` and `up`, rising [m]
    pixel: side of one [m] · magnification: of the objective
    """

    centre: np.ndarray
    right: np.ndarray
    up: np.ndarray
    u: np.ndarray
    v: np.ndarray
    pixel: float
    magnification: float

    def points(self, v: np.ndarray, u: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """x, y, z [m] of places on the plane."""
        x, y, z = (self.centre[k] + self.right[k] * u + self.up[k] * v for k in range(len(AXES)))
        return x, y, z

    @property
    def name(self) -> str:
        """Text that tells this plane from others."""
        return f"{np.round(self.centre * 1e9).tolist()} {np.round(self.right, 6)} {np.round(self.up, 6)}"


def directions(normal: str | Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """The unit vectors to the right and up in a plane of a normal; z is up, y where the normal is along z."""
    if isinstance(normal, str):
        if normal not in AXES:
            raise ConfigError(f"normal = {shown(normal)} is not 'x', 'y', 'z' or three numbers.")
        n = np.array([float(axis == normal) for axis in AXES])
    else:
        n = np.asarray(normal, float)
        if n.shape != (len(AXES),) or not np.isfinite(n).all() or not n.any():
            raise ConfigError(f"normal = {shown(normal)} must be three numbers (x, y, z), not all zero.")
        n = n / np.linalg.norm(n)
    above = np.array([0.0, 1.0, 0.0]) if abs(n[2]) > 1.0 - 1e-9 else np.array([0.0, 0.0, 1.0])
    right = np.cross(above, n)
    right /= np.linalg.norm(right)
    return right, np.cross(n, right)


def window(
    reach: Mapping[str, float],
    normal: str | Sequence[float],
    centre: Sequence[float | str],
    size: tuple[float | str | None, float | str | None],
    magnification: float | None,
) -> Window:
    """A window on a plane through a body.

    reach: {axis: half of the body's extent [m]}; the largest of them where the body is extruded
    size: width and height [m or text]; the whole body when None
    magnification: the largest objective with which the window has at most 1.5 million pixels when None
    """
    right, up = directions(normal)
    if len(centre) != len(AXES):
        raise ConfigError(f"centre = {shown(centre)} must be three lengths, along x, y and z.")
    middle = np.array([convert_number(c, "m", "centre") for c in centre])
    reaches = np.array([reach.get(axis, max(reach.values())) for axis in AXES])
    sides = [
        2.0 * float(np.abs(along) @ reaches) if given is None else convert_number(given, "m", word)
        for along, given, word in zip((right, up), size, ("width", "height"), strict=True)
    ]
    if not all(np.isfinite(s) and s > 0 for s in sides):
        raise ConfigError(f"width and height = {shown(size)} must be positive lengths, such as '1 mm'.")
    known = histology_numbers()
    of = magnification if magnification is not None else _objective(sides)
    if not of > 0 or not np.isfinite(of):
        raise ConfigError(f"magnification = {shown(magnification)} must be positive, 10 for example.")
    pixel = known.si("section.pixel") / of
    counts = [max(round(s / pixel), 2) for s in sides]
    if counts[0] * counts[1] > MOST_PIXELS:
        raise ConfigError(
            f"{sides[0] * 1e3:.4g} x {sides[1] * 1e3:.4g} mm at {of:g}x are {counts[0]} x {counts[1]} pixels,"
            f" more than {MOST_PIXELS}; take a smaller width and height, or a smaller magnification."
        )
    u, v = ((np.arange(n) - 0.5 * (n - 1)) * pixel for n in counts)
    return Window(middle, right, up, u, v, pixel, float(of))


def _objective(sides: Sequence[float]) -> float:
    known = histology_numbers()
    found = sorted((known.si(key) for key in known.within("objective")), reverse=True)
    pixels = known.si("section.pixel")
    fitting = [m for m in found if sides[0] * sides[1] * (m / pixels) ** 2 <= AIMED_AT]
    return fitting[0] if fitting else found[-1]
