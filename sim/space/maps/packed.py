"""Voxels as text, for scenarios whose file cannot be found again."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence

import numpy as np

from sim.errors import ScenarioError
from sim.voxels.volume import Voxels


def as_text(values: np.ndarray) -> str:
    """Voxels (z, y, x), compressed and as text; exact."""
    packed = zlib.compress(np.ascontiguousarray(values, "<f8").tobytes(), 9)
    return base64.b64encode(packed).decode()


def from_text(owner: str, cells: Sequence[int], bits: str, spacing: tuple[float, ...]) -> Voxels:
    """Voxels from the text that `as_text` made, about the origin.

    owner: for the sentences; cells: how many along z, y and x; spacing: their sides [m]
    """
    try:
        (z, y, x), (a, b, c) = (int(n) for n in cells), spacing
        unpack = zlib.decompressobj()
        data = unpack.decompress(base64.b64decode(bits, validate=True), 8 * z * y * x)
        values = np.frombuffer(data, "<f8").reshape(z, y, x).astype(float)
    except (ValueError, TypeError, zlib.error) as error:
        raise ScenarioError(f"{owner}: its voxels cannot be read: {error}.") from None
    return Voxels(values, (0.0, 0.0, 0.0), (a, b, c))
