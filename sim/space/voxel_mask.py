"""A measured volume as a mask: where its numbers reach a bound."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.errors import FileFormatError, ScenarioError, shown
from sim.space.mask import Mask
from sim.space.shape_checks import centre_by_name
from sim.units import convert_number
from sim.voxels.reading import read_voxels
from sim.voxels.volume import Voxels, sides

AXES = (2, 3)


@centre_by_name
def voxels(
    path: str | os.PathLike,
    above: float,
    axes: int = 3,
    plane: float | str | None = None,
    centre: Sequence[float | str] = (),
    spacing: float | str | Sequence[float | str] = (),
    digest: str = "",
) -> Mask:
    """The voxels of a measured volume from a number on, as a mask.

        sim.shapes.voxels("ct.nii.gz", above=130, axes=2)

    path: a folder of DICOM, .nii, .nii.gz, .tif or .png; spacing: sides along z, y, x, of pictures only
    above: in the numbers of the file (HU); axes: 3 for a box, 2 for a rectangle
    plane: z of the slice that a rectangle takes [m or text], from the middle of the volume; the mean over z
        when None
    centre: where the middle of the volume lies [m or text], a length an axis; the place that hapsim wrote
        into a file of its own, else the origin
    digest: of the pixels as they were; a file that has changed since is refused
    """
    if axes not in AXES:
        raise ScenarioError(f"voxels: axes = {shown(axes)} is not 2, for a rectangle, or 3, for a box.")
    bound = convert_number(above, "1", "voxels: above")
    try:
        found = read_voxels(path, spacing)
    except FileFormatError as error:
        raise ScenarioError(f"voxels: {error}") from None
    values = found.values
    if axes == 2:
        values = values.mean(axis=0) if plane is None else values[_slice_at(plane, found)]
    inside = values >= bound
    if not inside.any():
        raise ScenarioError(
            f"the mask {path} is empty: no voxel reaches above = {bound:g}; the most is {values.max():.4g}."
        )
    size = [n * s for n, s in zip(inside.shape, found.sizes[-axes:], strict=True)][::-1]
    place = list(centre) if len(centre) else list(found.place[-axes:])[::-1]
    made = Mask(inside.T, size, place)
    if digest and digest != made.digest:
        raise ScenarioError(
            f"{path} has changed since the scenario was written (pixels {made.digest}, then {digest})."
        )
    rest: dict[str, Any] = {"above": bound, "axes": axes, "centre": list(made.centre)}
    rest |= {} if plane is None else {"plane": convert_number(plane, "m", "voxels: plane")}
    given = sides(spacing)
    return made.came_from(os.fspath(path), rest | ({"spacing": list(given)} if given else {}))


def _slice_at(plane: float | str, found: Voxels) -> int:
    at = convert_number(plane, "m", "voxels: plane")
    count, step = found.values.shape[0], found.sizes[0]
    k = int(np.floor(at / step + 0.5 * count))
    if not 0 <= k < count:
        reach = 0.5e3 * count * step
        raise ScenarioError(
            f"voxels: plane = {at * 1e3:.4g} mm is outside of the volume, {-reach:.4g} to {reach:.4g} mm."
        )
    return k
