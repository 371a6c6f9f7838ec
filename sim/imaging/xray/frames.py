"""Where the voxels of a picture lie, and how finely a body is laid for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.errors import ConfigError, shown
from sim.imaging.volumes.averages import regular_centres
from sim.imaging.volumes.of_result import PER_FINE, faces_of, finest_step, specimen
from sim.imaging.volumes.specimen import Specimen
from sim.imaging.volumes.volume import MOST_VOXELS
from sim.imaging.xray.instruments import Instrument
from sim.texts import number_text
from sim.units import convert_number

if TYPE_CHECKING:
    from sim.run.result import Result

MARGIN = 4.0  # standard deviations of the point spread that a picture reaches beyond the tissue


class Frame(NamedTuple):
    """Where the voxels of a picture are: centres along z, y and x [m]."""

    z: np.ndarray
    y: np.ndarray
    x: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.z.size, self.y.size, self.x.size


def finest(scanner: Instrument) -> float:
    """Size of the voxels [m] on which round bodies are laid for a scanner."""
    sizes = [scanner.si(n) for n in ("pixel", "slice", "psf") if n in scanner.settings and scanner.si(n) > 0]
    return min(sizes) / PER_FINE


def body_of(
    result: Result | Specimen, at: float | str | None, length: float | str | None, step: float
) -> Specimen:
    """The specimen of a result, laid as finely as a picture needs; a phantom as it is."""
    if isinstance(result, Specimen):
        return result
    fine = finest_step(faces_of(result), step) if result.space == ("r",) else None
    return specimen(result, at, length, fine)


def frame_of(
    size: tuple[float, float, float],
    scanner: Instrument,
    offset: tuple[float | str, ...] = (0.0, 0.0, 0.0),
    slices: int | None = None,
) -> Frame:
    """Voxels of a scanner that hold a body of a size along z, y and x [m], and its blur."""
    if len(offset) != 3:
        raise ConfigError(f"offset = {shown(offset)} is not three lengths, along z, y and x.")
    z, y, x = (-convert_number(o, "m", "offset") for o in offset)
    margin = 2.0 * (MARGIN * scanner.spread + scanner.si("pixel"))
    deep, high, wide = size
    # What a body is moved by beyond the room around it is added, so that none of it leaves the picture.
    pixel, room = scanner.si("pixel"), (0.5 * scanner.si("slice"), scanner.si("pixel"), scanner.si("pixel"))
    more = [2.0 * max(0.0, abs(moved) - r) for moved, r in zip((z, y, x), room, strict=True)]
    centres = regular_centres(deep + scanner.si("slice") + more[0], scanner.si("spacing"), z)
    if slices is not None:
        if not 1 <= slices:
            raise ConfigError(f"slices = {slices} is below 1.")
        centres = regular_centres(min(slices, centres.size) * scanner.si("spacing"), scanner.si("spacing"), z)
    high, wide = high + margin + more[1], wide + margin + more[2]
    frame = Frame(centres, regular_centres(high, pixel, y), regular_centres(wide, pixel, x))
    count = float(np.prod(np.array(frame.shape, dtype=float)))
    if count > MOST_VOXELS:
        raise ConfigError(
            f"{scanner.name} would take {number_text(count)} voxels of this tissue; {MOST_VOXELS} are "
            "the most. Try fewer slices, a shorter length, or larger pixels."
        )
    return frame
