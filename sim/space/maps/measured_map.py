"""A measured volume laid over a grid: the mineral a run starts with, or a factor on a density of sites.

A map is data: the path of a file, the digest of its voxels, and the line that takes its numbers to what is
meant. A file that has changed since is refused. Where none can be named, as in a result, it holds its voxels.
"""

from __future__ import annotations

import base64
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from sim.errors import FileFormatError, RegionWarning, ScenarioError, shown, warn_caller
from sim.space.grid import Grid
from sim.space.maps.laying import AXES, Laid, laid
from sim.space.mask import overlaps
from sim.units import convert_number
from sim.voxels.reading import read_voxels
from sim.voxels.volume import Voxels, sides

ROUNDING = 1e-6  # of the largest number: what single precision leaves below zero
MOST_TEXT = 4_000_000  # characters of voxels within a scenario
LOST = 1e-6  # share of the whole beyond the domain from which it is told


class Cleared(NamedTuple):
    """Voxels below `least`, taken to hold nothing: how many, and the sum of what they held x volume."""

    voxels: int
    sum: float


@dataclass(frozen=True, init=False)
class MeasuredMap:
    """What a measured volume says of one quantity, cell by cell.

    of: a solid, whose voxels are then mass per volume of tissue [kg m-3, the number of mg/mL] and which a run
        starts with; or a density of sites ("collagen"), which is multiplied with them
    path: a folder of DICOM, .nii, .nii.gz, .tif or .png; spacing: of pictures, see sim.voxels.reading
    zero, slope: a voxel is (number - zero) / slope: of CT, HU of tissue without mineral, and HU per mg/mL
    least: voxels below it [mg/mL, or of the factor] hold nothing; they are counted in `cleared`. None: voxels
        below zero are refused
    centre: where the middle of the volume lies in the tissue (x, y, z) [m or text]; the place that hapsim
        wrote into a file of its own, else the origin
    plane: z of the slice that a grid without z takes [m or text]; the mean over z when None
    length: of the tissue along axes that the grid lacks [m or text], about the origin: what means are taken
        over; the whole volume when None, with what lies around the tissue
    whole: whether the tissue ends within the volume along those axes, so that all that voxels hold is held by
        `length`, also what slices and blur took beyond its ends. Else the tissue goes on, and is cut there
    region: the layer or region where the map acts; everywhere when empty
    digest: of the voxels as they were
    Raises ScenarioError, which names the file.
    """

    of: str
    digest: str
    slope: float
    zero: float
    least: float | None
    centre: tuple[float, ...]
    plane: float | None
    length: float | None
    whole: bool
    region: str
    # Where the voxels came from decides nothing: those of another path are the same map.
    path: ClassVar[str] = ""
    spacing: ClassVar[tuple[float, ...]] = ()
    voxels: ClassVar[Voxels]

    def __init__(
        self,
        of: str,
        path: str | os.PathLike = "",
        slope: float = 1.0,
        zero: float = 0.0,
        least: float | None = None,
        centre: Sequence[float | str] = (),
        plane: float | str | None = None,
        length: float | str | None = None,
        spacing: float | str | Sequence[float | str] = (),
        region: str = "",
        digest: str = "",
        cells: Sequence[int] = (),
        bits: str = "",
        whole: bool = False,
    ):
        if not isinstance(of, str) or not of:
            raise ScenarioError(f"maps: of = {shown(of)} is not the name of a solid or a density of sites.")
        owner = f"map of {of}"
        found = _held(owner, cells, bits, sides(spacing)) if bits else _read(owner, path, spacing)
        given = (("slope", slope), ("zero", zero))
        numbers = {n: convert_number(v, "1", f"{owner}: {n}") for n, v in given}
        if not numbers["slope"] > 0:
            raise ScenarioError(f"{owner}: slope = {shown(slope)} must be above 0.")
        if least is not None:
            numbers["least"] = convert_number(least, "1", f"{owner}: least")
            if numbers["least"] < 0:
                raise ScenarioError(f"{owner}: least = {shown(least)} is below 0.")
        if len(centre) not in (0, 3):
            raise ScenarioError(f"{owner}: centre = {shown(centre)} must be three lengths, along x, y and z.")
        said = tuple(convert_number(c, "m", f"{owner}: centre") for c in centre)
        self._set(
            of=of, least=None, digest=found.digest(), region=region, path=os.fspath(path), voxels=found,
            spacing=sides(spacing), centre=said or found.middle[::-1],
            plane=None if plane is None else convert_number(plane, "m", f"{owner}: plane"),
            length=None if length is None else convert_number(length, "m", f"{owner}: length"), whole=whole,
        )  # fmt: skip
        self._set(**numbers)
        if self.length is not None and not self.length > 0:
            raise ScenarioError(f"{owner}: length = {shown(length)} must be a positive length.")
        if not isinstance(whole, bool) or (whole and self.length is None):
            raise ScenarioError(
                f"{owner}: whole = {shown(whole)} is True or False, and True needs length, of the tissue."
            )
        if digest and digest != self.digest:
            raise ScenarioError(
                f"{path} has changed since the scenario was written (voxels {self.digest}, then {digest})."
            )
        self._check(f"{owner} from {Path(path).name}" if path else owner)

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _check(self, owner: str) -> None:
        amounts = self._raw
        slack = ROUNDING * float(np.abs(self.voxels.values).max()) / self.slope
        low = float(amounts.min())
        if self.least is None and low < -slack:
            below = int(np.count_nonzero(amounts < -slack))
            raise ScenarioError(
                f"{owner}: {below} of {amounts.size} voxels lie below zero, the lowest at {low:.4g}: noise, "
                "or tissue with a lower number than `zero`. Give least, the amount below which a voxel is "
                "taken to hold nothing (three times the noise, for example); what is set to zero is counted."
            )
        if not self.amounts.any():
            raise ScenarioError(
                f"{owner}: no voxel holds anything; the highest is {float(amounts.max()):.4g}. Are zero = "
                f"{self.zero:g}, slope = {self.slope:g} and least = {self.least} those of this file?"
            )

    @cached_property
    def _raw(self) -> np.ndarray:
        return (self.voxels.values - self.zero) / self.slope

    @cached_property
    def amounts(self) -> np.ndarray:
        """What the voxels hold (z, y, x): mg/mL of a solid, factors on a density of sites."""
        return np.where(self._raw < max(self.least or 0.0, 0.0), 0.0, self._raw)

    @property
    def cleared(self) -> Cleared:
        """What was set to zero."""
        below = (self._raw < (self.least or 0.0)) & (self._raw != 0.0)
        return Cleared(int(np.count_nonzero(below)), float(self._raw[below].sum()) * self.voxels.volume)

    @property
    def total(self) -> float:
        """Integral of the amounts [kg of a solid, m3 of factors]."""
        return float(self.amounts.sum()) * self.voxels.volume

    def laid(self, grid: Grid) -> Laid:
        """The map on a grid; means are exact on flat cells. Warns (RegionWarning) of what lies beyond it."""
        found = laid(self._seen(grid), self.centre[::-1], self.voxels.sizes, grid)
        if found.lost > LOST and not self.region:
            warn_caller(
                f"{100 * found.lost:.3g} % of the {self.of} in {Path(self.path).name or 'the map'} lies "
                "outside of the domain and is not used. Make the domain larger, or move the map's centre.",
                RegionWarning,
            )
        return found

    def _seen(self, grid: Grid) -> np.ndarray:
        """The voxels as a grid sees them: means over axes that it lacks, or the slice at `plane`."""
        found = self.amounts
        for d in range(3 - AXES[grid.kind]):  # z, then y, then x
            if d == 0 and self.plane is not None:
                found = found[self._slice()]
            else:
                found = np.tensordot(self._weights(d), found, (0, 0))
        if not found.any():
            raise ScenarioError(
                f"map of {self.of}: the part of the volume that a {grid.kind} sees holds nothing; look at "
                "`plane`, `length` and `centre`."
            )
        return np.atleast_1d(found)

    def _weights(self, d: int) -> np.ndarray:
        """Of voxels in a mean along an axis that a grid lacks: over `length` about the origin, or all."""
        n, side = self.amounts.shape[d], self.voxels.sizes[d]
        if self.length is None:
            return np.full(n, 1.0 / n)
        if self.whole:
            return np.full(n, side / self.length)
        faces = self.centre[2 - d] + (np.arange(n + 1) - 0.5 * n) * side
        return overlaps(np.array([-0.5, 0.5]) * self.length, faces)[0]

    def _slice(self) -> int:
        plane, count, step = self.plane or 0.0, self.amounts.shape[0], self.voxels.sizes[0]
        k = int(np.floor((plane - self.centre[2]) / step + 0.5 * count + ROUNDING))
        if not 0 <= k < count:
            low, high = (1e3 * (self.centre[2] + s * 0.5 * count * step) for s in (-1, 1))
            raise ScenarioError(
                f"map of {self.of}: plane = {1e3 * plane:.4g} mm is outside of the volume, {low:.4g} to "
                f"{high:.4g} mm along z."
            )
        return k

    def without_path(self) -> MeasuredMap:
        """The same voxels, standing for themselves where the file cannot be found again."""
        return MeasuredMap(**self.table(False))

    def table(self, by_path: bool = True) -> dict[str, Any]:
        """Plain data, for scenario files: the path of the file, else the voxels."""
        found: dict[str, Any] = {"of": self.of}
        if by_path and self.path:
            found |= {"path": self.path, "digest": self.digest}
            found |= {"spacing": list(self.spacing)} if self.spacing else {}
        else:
            packed = zlib.compress(np.ascontiguousarray(self.voxels.values, "<f8").tobytes(), 9)
            bits = base64.b64encode(packed).decode()
            if len(bits) > MOST_TEXT:
                raise ScenarioError(
                    f"the voxels of {self.path or 'a map'} are too many to be kept within a scenario; save "
                    "the scenario beside the file, scenario.save('my.toml')."
                )
            found |= {"cells": list(self.voxels.values.shape), "bits": bits}
            found |= {"spacing": list(self.voxels.sizes)}
        found |= {"slope": self.slope, "zero": self.zero, "centre": list(self.centre)}
        found |= {} if self.least is None else {"least": self.least}
        found |= {n: v for n in ("plane", "length") if (v := getattr(self, n)) is not None}
        found |= {"whole": True} if self.whole else {}
        return found | ({"region": self.region} if self.region else {})

    def about(self) -> dict[str, Any]:
        """What a manifest says of it; where the file lay is nobody's business."""
        held = {k: v for k, v in self.table().items() if k not in ("path", "bits", "cells")}
        cut = self.cleared
        return held | {
            "file": Path(self.path).name, "digest": self.digest, "total": self.total,
            "cleared": cut.voxels, "cleared_sum": cut.sum,
        }  # fmt: skip

    def in_words(self) -> str:
        """ "map of HAP from ct.nii.gz: 12 x 40 x 40 voxels of 3 x 0.4 x 0.4 mm, 9 below 10 set to 0"."""
        shape = " x ".join(map(str, self.voxels.values.shape))
        steps = " x ".join(f"{s * 1e3:.4g}" for s in self.voxels.sizes)
        words = f"map of {self.of}" + (f" in {self.region}" if self.region else "")
        words += f" from {Path(self.path).name}" if self.path else ""
        words += (
            f" ({self.digest[:8]}): {shape} voxels of {steps} mm, (number - {self.zero:g}) / {self.slope:g}"
        )
        if self.least is not None:
            words += f", {self.cleared.voxels} below {self.least:g} set to 0"
        return words


def _read(owner: str, path: str | os.PathLike, spacing: float | str | Sequence[float | str]) -> Voxels:
    if not os.fspath(path):
        raise ScenarioError(f"{owner}: path is needed, of a measured volume.")
    try:
        return read_voxels(path, spacing)
    except FileFormatError as error:
        raise ScenarioError(f"{owner}: {error}") from None


def _held(owner: str, cells: Sequence[int], bits: str, spacing: tuple[float, ...]) -> Voxels:
    """Voxels from the text that `table` wrote."""
    try:
        (z, y, x), (a, b, c) = (int(n) for n in cells), spacing
        unpack = zlib.decompressobj()
        data = unpack.decompress(base64.b64decode(bits, validate=True), 8 * z * y * x)
        values = np.frombuffer(data, "<f8").reshape(z, y, x).astype(float)
    except (ValueError, TypeError, zlib.error) as error:
        raise ScenarioError(f"{owner}: its voxels cannot be read: {error}.") from None
    return Voxels(values, (0.0, 0.0, 0.0), (a, b, c))
