"""From a picture of a stained section to regions of a scenario: masks with a physical size."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.errors import ConfigError, shown
from sim.imaging.sections.stains import WHITE, histology_numbers
from sim.imaging.sections.unmixing import unmixed
from sim.public import public
from sim.space.mask import Mask
from sim.units import convert_number

if TYPE_CHECKING:
    import xarray

MOST_PIXELS = 64_000_000
ENDINGS = (".png", ".tif", ".tiff", ".jpg", ".jpeg")


class Level(NamedTuple):
    """A part of a picture where a dye lies between two densities: its mask, and the mean density there."""

    mask: Mask
    density: float


@public
def stain_density(
    picture: str | os.PathLike | np.ndarray,
    pixel: float | str | None = None,
    dye: str = "silver",
    others: Sequence[str | Sequence[float]] = ("fast_red",),
    white: float | Sequence[float] = WHITE,
) -> xarray.DataArray:
    """Optical density of one dye over (y, x) [1], y upwards, of a picture of a section.

    picture: path of a PNG, TIFF or JPEG, or an array (rows from the top, columns, 3)
    pixel: side of one [m or text]; it must be given, for a picture does not tell
    dye: the one looked for; others: those that are in the picture too, by name or as vectors
    white: value of empty glass [0-255]
    Raises ConfigError: without a pixel size, for what cannot be read, for dyes too alike.
    """
    import xarray as xr

    if pixel is None:
        raise ConfigError(
            "how large a pixel is must be given, pixel='0.5 um' for example: what a lesion does depends on "
            "its size, and the picture does not tell it."
        )
    side = convert_number(pixel, "m", "pixel")
    if not side > 0:
        raise ConfigError(f"pixel = {shown(pixel)} must be a positive length, such as '0.5 um'.")
    colours = _colours(picture)
    amount = unmixed(colours, [dye, *others], white)[::-1, :, 0]
    at = {
        a: (a, (np.arange(n) - 0.5 * (n - 1)) * side, {"units": "m"})
        for a, n in zip("yx", amount.shape, strict=True)
    }
    words = {"units": "1", "long_name": f"optical density of {dye}", "pixel": side, "dye": dye}
    words["history"] = f"{dye} of a picture, parted from {shown(list(others))}"
    return xr.DataArray(amount, coords=at, dims=("y", "x"), attrs=words)


@public
def stain_mask(
    picture: str | os.PathLike | np.ndarray,
    pixel: float | str | None = None,
    dye: str = "silver",
    others: Sequence[str | Sequence[float]] = ("fast_red",),
    above: float | None = None,
    centre: Sequence[float | str] = (),
    white: float | Sequence[float] = WHITE,
) -> Mask:
    """Where a picture of a section is stained, as a region of a scenario on a rectangle.

        scenario.with_region("deposit", sim.imaging.stain_mask("section.png", pixel="0.5 um"))

    above: optical density from which a pixel belongs to it; that of data/imaging/histology.toml when None
    centre: where the middle of the picture lies (x, y) [m or text]; the rest as for `stain_density`
    Raises ConfigError, also when no pixel is stained.
    """
    found = stain_density(picture, pixel, dye, others, white)
    level = histology_numbers().si("seen.density") if above is None else above
    inside = found.values >= level
    if not inside.any():
        raise ConfigError(
            f"no pixel holds {dye} of an optical density of {level:g}; the most is {float(found.max()):.3g}."
            " Try a smaller `above`, or the dyes that the section was stained with."
        )
    return _mask(inside, found, centre)


@public
def stain_levels(
    picture: str | os.PathLike | np.ndarray,
    pixel: float | str | None = None,
    dye: str = "silver",
    others: Sequence[str | Sequence[float]] = ("fast_red",),
    bounds: Sequence[float] = (),
    centre: Sequence[float | str] = (),
    white: float | Sequence[float] = WHITE,
) -> list[Level]:
    """A density of sites from a picture: regions between optical densities, each with the mean in it.

    bounds: rising optical densities; the first is where regions begin, the last region has no upper bound
    A region's density of sites is then that of the tissue times its mean over a mean of reference, by
    scenario.changed({"level1.collagen": ...}). Regions without a pixel are left out. The rest as for
    `stain_mask`.
    """
    if len(bounds) == 0 or any(b <= a for a, b in zip(bounds, bounds[1:], strict=False)):
        raise ConfigError(
            f"bounds = {shown(list(bounds))} must be rising optical densities, such as (0.1, 0.3, 1)."
        )
    found = stain_density(picture, pixel, dye, others, white)
    which = np.digitize(found.values, bounds)
    levels = []
    for k in range(1, len(bounds) + 1):
        inside = which == k
        if inside.any():
            levels.append(Level(_mask(inside, found, centre), float(found.values[inside].mean())))
    if not levels:
        raise ConfigError(f"no pixel holds {dye} of {bounds[0]:g}; the most is {float(found.max()):.3g}.")
    return levels


def _mask(inside: np.ndarray, found: xarray.DataArray, centre: Sequence[float | str]) -> Mask:
    pixels = inside.T  # indexed [x, y]
    return Mask(pixels, tuple(n * found.attrs["pixel"] for n in pixels.shape), centre)


def _colours(picture: str | os.PathLike | np.ndarray) -> np.ndarray:
    """(rows, columns, 3 or 4) of a path or an array."""
    if not isinstance(picture, str | os.PathLike):
        return np.asarray(picture)
    from matplotlib import image

    path = Path(picture)
    if not path.is_file():
        raise ConfigError(f"there is no picture {path}.")
    if path.suffix.lower() not in ENDINGS:
        raise ConfigError(f"{path} is no picture that is read; one ends with {', '.join(ENDINGS)}.")
    try:
        array = np.asarray(image.imread(path))
    except Exception as error:  # readers of pictures raise whatever they like about damaged files
        raise ConfigError(f"{path} cannot be read as a picture: {str(error)[:200]}") from None
    if array.shape[0] * array.shape[1] > MOST_PIXELS:
        raise ConfigError(f"{path} has {array.shape[1]} x {array.shape[0]} pixels, more than {MOST_PIXELS}.")
    return array
