"""Masks: an array or a picture of pixels as a shape, resampled to a grid by share of volume."""

from __future__ import annotations

import base64
import copy
import hashlib
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import ScenarioError, shown
from sim.space.grid import Grid
from sim.space.shape_checks import Centred, centre_by_name
from sim.units import convert_number

SIDES = ("bright", "dark")
LUMA = np.array([0.299, 0.587, 0.114])  # grey of red, green and blue, ITU-R BT.601


@dataclass(frozen=True, init=False)
class Mask(Centred):
    """Pixels laid over the grid: a cell belongs to it when at least half of its volume is covered.

    pixels: array indexed [x], [x, y] or [x, y, z]; nonzero is inside, or equal to `label` if given
    size: full lengths of the array [m or text], one an axis
    centre: where its middle lies; the origin when left out
    """

    cells: tuple[int, ...]
    bits: str = field(repr=False)  # the pixels packed, compressed and as text, so that a mask is data
    size: tuple[float, ...]
    centre: tuple[float, ...]
    digest: str
    # Where the pixels came from decides nothing: a picture by another path is the same mask.
    path: str = field(compare=False)
    threshold: float = field(compare=False)
    inside_is: str = field(compare=False)
    of_volume: tuple[tuple[str, Any], ...] = field(compare=False)  # the rest of the table of `voxels`

    def __init__(
        self,
        pixels,
        size: Sequence[float | str],
        centre: Sequence[float | str] = (),
        label: int | None = None,
    ):
        array = np.asarray(pixels)
        if array.dtype.kind not in "biuf" or not 1 <= array.ndim <= 3 or array.size == 0:
            raise ScenarioError(
                f"a mask is an array of numbers indexed [x], [x, y] or [x, y, z], not {shown(pixels)}."
            )
        if array.dtype.kind == "f" and not np.all(np.isfinite(array)):
            raise ScenarioError("a mask has pixels that are not finite; 0 is outside, anything else inside.")
        found = array != 0 if label is None else array == label
        if not found.any():
            what = "no pixel is inside" if label is None else f"no pixel has the label {label}"
            raise ScenarioError(f"the mask is empty: {what}.")
        lengths = _lengths(size, array.ndim, "size")
        if not all(s > 0 for s in lengths):
            raise ScenarioError(f"mask: size = {shown(size)} must be positive lengths, such as '1 mm'.")
        packed = zlib.compress(np.packbits(found).tobytes(), 9)
        self._set(
            cells=tuple(int(n) for n in array.shape),
            bits=base64.b64encode(packed).decode(),
            size=lengths,
            centre=_lengths(centre, array.ndim, "centre") if len(centre) else (0.0,) * array.ndim,
            digest=hashlib.sha256(repr(array.shape).encode() + np.packbits(found).tobytes()).hexdigest()[:16],
            path="", threshold=0.5, inside_is="bright", of_volume=(),
        )  # fmt: skip

    def came_from(self, path: str, of_volume: dict[str, Any]) -> Mask:
        """The same pixels, with the table of the volume that they were read from."""
        return copy.copy(self)._set(path=path, of_volume=tuple(of_volume.items()))

    def _set(self, **values) -> Mask:
        for name, value in values.items():
            object.__setattr__(self, name, value)
        return self

    @property
    def pixels(self) -> np.ndarray:
        """The pixels, bool, indexed as given."""
        data = np.frombuffer(zlib.decompress(base64.b64decode(self.bits)), np.uint8)
        n = int(np.prod(self.cells))
        return np.unpackbits(data, count=n).astype(bool).reshape(self.cells)

    def without_path(self) -> Mask:
        """The same pixels, standing for themselves where a picture cannot be found again."""
        return copy.copy(self)._set(path="")

    def share(self, grid: Grid) -> np.ndarray:
        """Share of each cell that is covered (n,) [0-1], exact for equal cells."""
        dim = len(grid.axes)
        if dim != len(self.cells):
            raise ScenarioError(
                f"a mask of {len(self.cells)} dimensions does not fit a {grid.kind}, which has {dim}."
            )
        covered = self.pixels.astype(float)
        for d, axis in enumerate(grid.axes):
            start = self.centre[d] - 0.5 * self.size[d]
            faces = grid.edges[axis]
            slack = 1e-9 * (faces[-1] - faces[0])
            if start < faces[0] - slack or start + self.size[d] > faces[-1] + slack:
                raise ScenarioError(
                    f"the mask reaches from {start * 1e3:.4g} to {(start + self.size[d]) * 1e3:.4g} mm in "
                    f"{axis}, the domain only from {faces[0] * 1e3:.4g} to {faces[-1] * 1e3:.4g} mm; make "
                    "the domain larger, or the mask's size smaller."
                )
            pixel = start + self.size[d] * np.arange(self.cells[d] + 1) / self.cells[d]
            covered = np.moveaxis(np.tensordot(overlaps(faces, pixel), covered, (1, d)), 0, d)
        return covered.ravel()

    def inside(self, grid: Grid) -> np.ndarray:
        """(n,) bool: at least half of the cell is covered."""
        return self.share(grid) >= 0.5 - 1e-12

    def table(self) -> dict:
        """Plain data, for scenario files and hashes: the path of a picture, else the pixels."""
        if self.path and self.of_volume:
            return {"shape": "voxels", "path": self.path, "digest": self.digest, **dict(self.of_volume)}
        if self.path:
            return {
                "shape": "image", "path": self.path, "width": self.size[0], "centre": list(self.centre),
                "threshold": self.threshold, "inside": self.inside_is, "digest": self.digest,
            }  # fmt: skip
        return {
            "shape": "mask", "cells": list(self.cells), "bits": self.bits, "size": list(self.size),
            "centre": list(self.centre),
        }  # fmt: skip

    @classmethod
    def from_bits(cls, cells: Sequence[int], bits: str, size: Sequence, centre: Sequence = ()) -> Mask:
        """A mask from the text that `table` wrote."""
        try:
            data = np.frombuffer(zlib.decompress(base64.b64decode(bits, validate=True)), np.uint8)
            pixels = np.unpackbits(data, count=int(np.prod(cells))).reshape(tuple(cells))
        except (ValueError, TypeError, zlib.error) as e:
            raise ScenarioError(f"the bits of a mask of {shown(cells)} cells cannot be read: {e}.") from None
        return cls(pixels, size, centre)


@centre_by_name
def image(
    path: str | os.PathLike,
    width: float | str,
    centre: Sequence[float | str] = (),
    threshold: float = 0.5,
    inside: str = "bright",
    digest: str = "",
) -> Mask:
    """A PNG as a mask of the given width [m]; the height follows from its pixels, up is +y.

    threshold: grey from which a pixel is bright [0-1]; inside: "bright" or "dark"
    digest: of the pixels as they were; a picture that has changed since is refused
    """
    if inside not in SIDES:
        raise ScenarioError(f"image: inside = {shown(inside)} is not 'bright' or 'dark'.")
    threshold = convert_number(threshold, "1", "image: threshold")
    if not 0 < threshold <= 1:
        raise ScenarioError(f"image: threshold = {threshold!r} is outside 0-1: it is a grey, white being 1.")
    grey = _grey(Path(path))
    bright = grey >= threshold
    chosen = bright if inside == "bright" else ~bright
    if not chosen.any():
        raise ScenarioError(
            f"the mask {path} is empty: no pixel is {inside} at threshold {threshold:g} (greys from "
            f"{grey.min():.3g} to {grey.max():.3g}); try another threshold, or inside="
            f"'{SIDES[inside == 'bright']}'."
        )
    across = convert_number(width, "m", "image: width")
    pixels = chosen[::-1].T  # rows run downwards in a picture, y upwards
    made = Mask(pixels, (across, across * pixels.shape[1] / pixels.shape[0]), centre)
    if digest and digest != made.digest:
        raise ScenarioError(
            f"{path} has changed since the scenario was written (pixels {made.digest}, then {digest})."
        )
    return made._set(path=str(path), threshold=float(threshold), inside_is=inside)


def _grey(path: Path) -> np.ndarray:
    """Grey of a PNG (rows, columns) [0-1]; transparency is not looked at."""
    from matplotlib import image as reader

    if not path.exists():
        raise ScenarioError(f"there is no picture {path}.")
    try:
        data = reader.imread(path, format="png")
    except (OSError, ValueError, SyntaxError) as e:
        raise ScenarioError(f"{path} cannot be read as a PNG: {e}") from None
    data = np.asarray(data, float)
    if data.ndim == 2:
        return data
    return data[..., :3] @ LUMA if data.shape[2] >= 3 else data[..., 0]


def overlaps(faces: np.ndarray, pixel: np.ndarray) -> np.ndarray:
    """Share of each cell along one axis that each pixel covers (cells, pixels)."""
    low = np.maximum(faces[:-1, None], pixel[None, :-1])
    high = np.minimum(faces[1:, None], pixel[None, 1:])
    return np.maximum(high - low, 0.0) / np.diff(faces)[:, None]


def _lengths(values, dim: int, name: str) -> tuple[float, ...]:
    if not isinstance(values, list | tuple | np.ndarray) or len(values) != dim:
        raise ScenarioError(f"mask: {name} = {shown(values)} must be {dim} lengths, one an axis.")
    return tuple(convert_number(v, "m", f"mask: {name}") for v in values)
