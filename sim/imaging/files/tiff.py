"""Numbers of a picture as TIFF: single precision, a page a slice; sections in their colours."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ConfigError
from sim.files import write_bytes
from sim.imaging.files.provenance import file_picture
from sim.public import public
from sim.voxels.picture_stack import DESCRIPTION

if TYPE_CHECKING:
    import xarray

CM = 100.0
PER_CM = 3  # of TIFF: resolution per centimetre


@public
def write_tiff(image: xarray.DataArray | xarray.Dataset, path: str | os.PathLike, variable: str = "") -> Path:
    """Write the numbers of a picture as a TIFF of single precision, not scaled; a section in colour as RGB.

    image: of two or three axes, a page a slice, in the order of the picture; of several echoes, echo by echo;
        or a data set, of which `variable` is written ("phase"; magnitude or picture unless told)
    The description holds its attributes and the places of its voxels as JSON; the resolution is that of the
    pixels. The same picture gives the same bytes.
    """
    from PIL import Image

    picture = file_picture(image, "a TIFF", variable)
    if not str(path).lower().endswith((".tif", ".tiff")):
        raise ConfigError(f"{path} does not end in .tif or .tiff.")
    if picture.colour:
        pages = [Image.fromarray(np.ascontiguousarray(picture.values, dtype=np.uint8))]
    else:
        planes = picture.values.reshape(-1, *picture.values.shape[-2:])
        pages = [Image.fromarray(np.ascontiguousarray(p, dtype=np.float32)) for p in planes]
    sides = [step for _, step in picture.places.values()][-2:]
    held, (per_y, per_x) = BytesIO(), (1.0 / (abs(s) * CM) for s in sides)
    pages[0].save(
        held, "TIFF", save_all=True, append_images=pages[1:],
        tiffinfo={DESCRIPTION: picture.text()},
        resolution_unit=PER_CM, x_resolution=per_x, y_resolution=per_y,
    )  # fmt: skip
    return write_bytes(Path(path), held.getvalue(), True)
