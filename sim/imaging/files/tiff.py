"""Numbers of a picture as TIFF: single precision, a page a slice."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ConfigError
from sim.files import write_bytes
from sim.imaging.files.provenance import as_text
from sim.public import public

if TYPE_CHECKING:
    import xarray

CM = 100.0
DESCRIPTION, PER_CM = 270, 3  # numbers of TIFF: the tag of a description, resolution per centimetre


@public
def write_tiff(image: xarray.DataArray, path: str | os.PathLike) -> Path:
    """Write the numbers of a picture of two or three axes as a TIFF of single precision, not scaled.

    The description holds its attributes as JSON; the resolution is that of the pixels.
    """
    from PIL import Image

    if image.ndim not in (2, 3) or "pixel" not in image.attrs:
        raise ConfigError("a TIFF holds a picture of sim.imaging with two or three axes.")
    if not str(path).lower().endswith((".tif", ".tiff")):
        raise ConfigError(f"{path} does not end in .tif or .tiff.")
    planes = np.atleast_3d(image.values.T).T if image.ndim == 2 else image.values
    pages = [Image.fromarray(np.ascontiguousarray(p, dtype=np.float32)) for p in planes]
    held, per_cm = BytesIO(), 1.0 / (image.attrs["pixel"] * CM)
    pages[0].save(
        held, "TIFF", save_all=True, append_images=pages[1:], tiffinfo={DESCRIPTION: as_text(image)},
        resolution_unit=PER_CM, x_resolution=per_cm, y_resolution=per_cm,
    )  # fmt: skip
    return write_bytes(Path(path), held.getvalue(), True)
