"""A stack of TIFF pages, or a PNG, read as numbers; how large a pixel is must be known."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.errors import FileFormatError
from sim.voxels.volume import PLACES, Voxels, check_memory, in_tissue, rising

ENDINGS = (".tif", ".tiff", ".png")
DESCRIPTION = 270  # the tag of TIFF that holds one
NUMBERS = ("1", "L", "P", "I", "F")  # kinds of Pillow's pictures that hold one number a pixel, first letters


def read_stack(path: str | os.PathLike, spacing: Sequence[float] = ()) -> Voxels:
    """The volume of a TIFF of grey pages, or of one PNG; numbers as they are, rows from the top.

    spacing: sides of voxels along z, y and x [m]; needed but for what hapsim wrote
    Raises FileFormatError, which names the path, for damaged files, colours, pages that differ, and where the
    sides are not known, or are not those that the file says.
    """
    from PIL import Image

    try:
        with Image.open(path) as found:
            count = getattr(found, "n_frames", 1)
            check_memory(path, (count, *found.size[::-1]))
            said = _said(found)
            pages = []
            for k in range(count):
                found.seek(k)
                if not found.mode.startswith(NUMBERS) or found.mode == "LA":
                    raise FileFormatError(
                        f"{path} is a picture in colour ({found.mode}); a volume holds one number a voxel. "
                        "Of a stained section sim.imaging.stain_mask and stain_density make regions."
                    )
                if found.mode == "P":
                    raise FileFormatError(f"{path} has a palette of colours; save it in grey.")
                pages.append(np.asarray(found, dtype=float))
    except FileFormatError:
        raise
    except Exception as problem:  # whatever Pillow meets in a damaged file
        raise FileFormatError(f"{path} is no picture, or damaged: {str(problem)[:200]}") from None
    if any(p.shape != pages[0].shape for p in pages):
        raise FileFormatError(f"the pages of {path} differ in size.")
    values = np.stack(pages)
    places = said.pop(PLACES, {})
    if set(places) == set("zyx"):
        return _placed(path, values, said, places, spacing)
    if not spacing:
        raise FileFormatError(
            f"{path} does not say how large a pixel is: give the sides of voxels along z, y and x, such as "
            "spacing = ('1 mm', '10 um', '10 um')."
        )
    z, y, x = spacing
    # Rows run downwards in a picture, y upwards.
    return Voxels(np.ascontiguousarray(values[:, ::-1]), (0.0, 0.0, 0.0), (z, y, x), "", str(path), said)


def _placed(
    path: object,
    values: np.ndarray,
    said: dict[str, Any],
    places: dict[str, list[float]],
    spacing: Sequence[float],
) -> Voxels:
    """A stack of hapsim's own, which says where its voxels lie."""
    steps = [abs(float(places[a][1])) for a in "zyx"]
    if spacing and not np.allclose(spacing, steps, rtol=1e-6, atol=0):
        raise FileFormatError(
            f"{path} says that its voxels are {' x '.join(f'{s * 1e3:g}' for s in steps)} mm along z, y and "
            f"x, and spacing says {' x '.join(f'{s * 1e3:g}' for s in spacing)} mm. Leave spacing out."
        )
    middle = []
    for n, axis in enumerate("zyx"):
        first, step = places[axis]
        place, values = rising(first + step * np.arange(values.shape[n]), values, n)
        middle.append(place)
    z, y, x = middle
    a, b, c = steps
    units = str(said.get("units", ""))
    return Voxels(np.ascontiguousarray(values), (z, y, x), (a, b, c), units, str(path), said, in_tissue(said))


def _said(found: Any) -> dict[str, Any]:
    """What hapsim noted in a TIFF of its own; {} in others."""
    tags = getattr(found, "tag_v2", {})
    try:
        said = json.loads(tags.get(DESCRIPTION, "{}"))
    except (ValueError, TypeError):
        return {}
    return said if isinstance(said, dict) and said.pop("by", "") == "hapsim" else {}
