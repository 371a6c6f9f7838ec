"""A measured volume laid over a grid: the mineral a run starts with, or a factor on a density of sites.

A map is data: the path of a file, the digest of its voxels, and the line that takes its numbers to what is
meant. A file that has changed since is refused. Where none can be named, as in a result, it holds its voxels.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Unpack

import numpy as np

from sim.errors import FileFormatError, RegionWarning, ScenarioError, shown, warn_caller
from sim.public import with_options
from sim.space.grid import Grid
from sim.space.maps.kept_laid import KEPT, cells_of
from sim.space.maps.laying import AXES, Laid, laid
from sim.space.maps.lying import USUAL, Lying, as_numbers
from sim.space.maps.packed import as_text, from_text
from sim.space.maps.support import RIM, SEED, Support, deviation_of_sum, support, told_noise
from sim.space.mask import overlaps
from sim.units import convert_number
from sim.voxels.reading import read_voxels
from sim.voxels.volume import Voxels

ROUNDING = 1e-6  # of the largest number: what single precision leaves below zero
MOST_TEXT = 4_000_000  # characters of voxels within a scenario
LOST = 1e-6  # share of the whole beyond the domain from which it is told


class Cleared(NamedTuple):
    """Voxels below `least`, or beyond `reach` of mineral, taken to hold nothing: how many, and the sum of
    what they held x volume."""

    voxels: int
    sum: float


@dataclass(frozen=True, init=False)
class MeasuredMap:
    """What a measured volume says of one quantity, cell by cell.

    of: a solid, whose voxels are then mass per volume of tissue [kg m-3, the number of mg/mL] and which a run
        starts with; or a density of sites ("collagen"), which is multiplied with them
    path: a folder of DICOM, .nii, .nii.gz, .tif or .png
    zero, slope: a voxel is (number - zero) / slope: of CT, HU of tissue without mineral, and HU per mg/mL
    digest: of the voxels as they were; the rest as sim.space.maps.lying.Lying tells it
    Raises ScenarioError, which names the file.
    """

    of: str
    digest: str
    slope: float
    zero: float
    least: float | None
    reach: float | None
    noise: float | None
    centre: tuple[float, ...]
    plane: float | None
    length: float | None
    whole: bool
    region: str
    # Where the voxels came from decides nothing: those of another path are the same map.
    path: ClassVar[str] = ""
    spacing: ClassVar[tuple[float, ...]] = ()
    voxels: ClassVar[Voxels]

    @with_options(Lying, USUAL)
    def __init__(
        self,
        of: str,
        path: str | os.PathLike = "",
        slope: float = 1.0,
        zero: float = 0.0,
        digest: str = "",
        cells: Sequence[int] = (),
        bits: str = "",
        **lying: Unpack[Lying],
    ):
        if not isinstance(of, str) or not of:
            raise ScenarioError(f"maps: of = {shown(of)} is not the name of a solid or a density of sites.")
        owner = f"map of {of}"
        told = as_numbers(owner, lying)
        found = (
            from_text(owner, cells, bits, told["spacing"]) if bits else _read(owner, path, told["spacing"])
        )
        given = (("slope", slope), ("zero", zero))
        numbers = {n: convert_number(v, "1", f"{owner}: {n}") for n, v in given}
        if not numbers["slope"] > 0:
            raise ScenarioError(f"{owner}: slope = {shown(slope)} must be above 0.")
        told["centre"] = told["centre"] or found.place[::-1]
        self._set(of=of, digest=found.digest(), path=os.fspath(path), voxels=found, **told, **numbers)
        if self.reach is not None and self.noise is None:
            self._set(noise=told_noise(owner, self._raw, self.reach, found.sizes))
        if digest and digest != self.digest:
            raise ScenarioError(
                f"{path} has changed since the scenario was written (voxels {self.digest}, then {digest})."
            )
        self._check(f"{owner} from {Path(path).name}" if path else owner)

    def __getstate__(self) -> dict[str, Any]:
        """Without what is worked out from the voxels, and larger than they: workers make it anew."""
        made = ("amounts", "support", "error", "_raw")
        return {name: value for name, value in self.__dict__.items() if name not in made}

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _check(self, owner: str) -> None:
        amounts = self._raw
        slack = ROUNDING * float(np.abs(self.voxels.values).max()) / self.slope
        low = float(amounts.min())
        if self.least is None and self.reach is None and low < -slack:
            below = int(np.count_nonzero(amounts < -slack))
            raise ScenarioError(
                f"{owner}: {below} of {amounts.size} voxels lie below zero, the lowest at {low:.4g}: noise, "
                "or tissue with a lower number than `zero`. Give reach, 1.5 times the point spread of the "
                "scan: connected mineral then keeps its mass. Or least, the amount below which a voxel is "
                "taken to hold nothing; what is set to zero is counted."
            )
        if not self.amounts.any():
            if self.reach is not None:
                raise ScenarioError(
                    f"{owner}: no voxel stands out of the noise of {self.noise:.4g} by {SEED:g} times; the "
                    f"highest holds {float(amounts.max()):.4g}. Such mineral cannot be told from noise."
                )
            raise ScenarioError(
                f"{owner}: no voxel holds anything; the highest is {float(amounts.max()):.4g}. Are zero = "
                f"{self.zero:g}, slope = {self.slope:g} and least = {self.least} those of this file?"
            )

    @cached_property
    def _raw(self) -> np.ndarray:
        return (self.voxels.values - self.zero) / self.slope

    @cached_property
    def support(self) -> Support | None:
        """The voxels that count, where `reach` says so."""
        if self.reach is None or self.noise is None:
            return None
        return support(self._raw, self.noise, self.reach, self.voxels.sizes)

    @cached_property
    def amounts(self) -> np.ndarray:
        """What the voxels hold (z, y, x): mg/mL of a solid, factors on a density of sites."""
        if self.support is not None:
            return self.support.amounts(self._raw)
        return np.where(self._raw < max(self.least or 0.0, 0.0), 0.0, self._raw)

    @cached_property
    def most(self) -> float:
        """What the fullest voxel holds."""
        return float(self.amounts.max())

    @property
    def cleared(self) -> Cleared:
        """What was set to zero; with `reach` also what groups held that add up to less than nothing."""
        if self.support is not None:
            below = (self.amounts == 0.0) & (self.support.label == 0) & (self._raw != 0.0)
            total = float((self._raw.sum() - self.amounts.sum()) * self.voxels.volume)
            return Cleared(int(np.count_nonzero(below)), total)
        below = (self._raw < (self.least or 0.0)) & (self._raw != 0.0)
        return Cleared(int(np.count_nonzero(below)), float(self._raw[below].sum()) * self.voxels.volume)

    @property
    def total(self) -> float:
        """Integral of the amounts [kg of a solid, m3 of factors]."""
        return float(self.amounts.sum()) * self.voxels.volume

    @cached_property
    def error(self) -> float | None:
        """Standard deviation of `total` by noise, where `reach` says what counts; None without it.

        Tissue whose number is not that of `zero` comes on top: each voxel that counts holds the difference.
        """
        if self.support is None or self.noise is None or self.reach is None:
            return None
        sizes = self.voxels.sizes
        found = deviation_of_sum(self._raw, self.support, self.noise, self.reach, sizes)
        return found * self.voxels.volume

    def laid(self, grid: Grid) -> Laid:
        """The map on a grid; means are exact on flat cells. Warns (RegionWarning) of what lies beyond it."""
        content = tuple(getattr(self, f.name) for f in fields(self))  # not the map, which holds its voxels
        found = KEPT.once((content, cells_of(grid)), lambda: self._on_cells(grid))
        if found.lost > LOST and not self.region:
            warn_caller(
                f"{100 * found.lost:.3g} % of the {self.of} in {Path(self.path).name or 'the map'} lies "
                "outside of the domain and is not used. Make the domain larger, or move the map's centre.",
                RegionWarning,
            )
        return found

    def _on_cells(self, grid: Grid) -> Laid:
        return laid(self._seen(grid), self.centre[::-1], self.voxels.sizes, grid)

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
            bits = as_text(self.voxels.values)
            if len(bits) > MOST_TEXT:
                raise ScenarioError(
                    f"the voxels of {self.path or 'a map'} are too many to be kept within a scenario; save "
                    "the scenario beside the file, scenario.save('my.toml')."
                )
            found |= {"cells": list(self.voxels.values.shape), "bits": bits}
            found |= {"spacing": list(self.voxels.sizes)}
        found |= {"slope": self.slope, "zero": self.zero, "centre": list(self.centre)}
        optional = ("least", "reach", "noise", "plane", "length")
        found |= {n: v for n in optional if (v := getattr(self, n)) is not None}
        found |= {"whole": True} if self.whole else {}
        return found | ({"region": self.region} if self.region else {})

    def about(self) -> dict[str, Any]:
        """What a manifest says of it; where the file lay is nobody's business."""
        held = {k: v for k, v in self.table().items() if k not in ("path", "bits", "cells")}
        cut = self.cleared
        return held | {
            "file": Path(self.path).name, "digest": self.digest, "total": self.total,
            "cleared": cut.voxels, "cleared_sum": cut.sum,
        } | ({} if self.error is None else {"error": self.error})  # fmt: skip

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
        if self.support is not None:
            words += (
                f", {self.support.voxels} counted in {self.support.groups} groups: above {RIM:g} and "
                f"{SEED:g} times the noise of {self.noise:.3g}, and {1e3 * (self.reach or 0.0):.3g} mm around"
            )
        return words


def _read(owner: str, path: str | os.PathLike, spacing: float | str | Sequence[float | str]) -> Voxels:
    if not os.fspath(path):
        raise ScenarioError(f"{owner}: path is needed, of a measured volume.")
    try:
        return read_voxels(path, spacing)
    except FileFormatError as error:
        raise ScenarioError(f"{owner}: {error}") from None
