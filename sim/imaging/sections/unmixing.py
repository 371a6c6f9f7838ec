"""Colour deconvolution: how much of each dye is in each pixel of a picture (Ruifrok & Johnston 2001)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.errors import ConfigError, not_one_of, shown
from sim.imaging.sections.stains import CHANNELS, WHITE, dye_vector, dyes, histology_numbers
from sim.public import public

DARKEST = 0.5  # a value of 0 is darker than 8 bits tell: half of the smallest step


def optical_density(picture: np.ndarray, white: float | Sequence[float] = WHITE) -> np.ndarray:
    """(y, x, 3) optical densities of a picture (y, x, 3 or 4) of 0-255, or of floats 0-1.

    white: value of empty glass, one or one a channel [0-255]. Transparency is not looked at. What is brighter
    than the glass has a density below 0.
    """
    array = np.asarray(picture)
    if array.ndim != 3 or array.shape[2] not in (3, 4) or array.dtype.kind not in "uif":
        raise ConfigError(
            f"a picture in colour is an array (rows, columns, 3) of red, green and blue, not one of shape "
            f"{array.shape}; a grey picture has no stains to tell apart (sim.shapes.image reads it)."
        )
    values = array[..., :3].astype(float)
    if not np.isfinite(values).all() or values.min(initial=0.0) < 0 or values.max(initial=0.0) > WHITE:
        raise ConfigError("a picture has values from 0 to 255, or floats from 0 to 1; this one has others.")
    if array.dtype.kind == "f" and values.max(initial=0.0) <= 1.0:
        values *= WHITE
    glass = np.broadcast_to(np.asarray(white, float), (len(CHANNELS),))
    if not ((glass > DARKEST) & (glass <= WHITE)).all():
        raise ConfigError(f"white = {shown(white)} must lie between 0 and 255, the value of empty glass.")
    return -np.log10(np.maximum(values, DARKEST) / glass)


@public
def unmixed(
    picture: np.ndarray, stains: Sequence[str | Sequence[float]], white: float | Sequence[float] = 255.0
) -> np.ndarray:
    """Optical densities of dyes (y, x, dyes) in a picture (y, x, 3), in least squares.

    stains: two or three of "haematoxylin", "eosin", "fast_red", "silver", "alizarin", or a vector of optical
        densities in red, green and blue; only their directions count
    white: value of empty glass [0-255]
    Of two dyes, what is in neither is left out. Densities can be below 0, where the picture says so. Raises
    ConfigError, also for dyes too alike to be told apart.
    """
    if isinstance(stains, str) or not 1 <= len(stains) <= len(CHANNELS):
        raise ConfigError(f"stains = {shown(stains)} must be a list of one to three dyes.")
    vectors = np.array([_vector(s) for s in stains])
    weakest = np.linalg.svd(vectors, compute_uv=False)[-1] if len(vectors) > 1 else 1.0
    least = np.sqrt(1.0 - np.cos(np.deg2rad(histology_numbers().si("reading.unmixed"))))
    if weakest < least:  # of two unit vectors at an angle a it is sqrt(1 - cos a)
        raise ConfigError(
            f"the stains {shown(list(stains))} are too alike to be told apart in three channels."
        )
    return optical_density(picture, white) @ np.linalg.pinv(vectors)


def _vector(stain: str | Sequence[float]) -> np.ndarray:
    if isinstance(stain, str):
        if stain not in dyes():
            raise ConfigError(not_one_of("stain", stain, dyes()))
        return dye_vector(stain)
    vector = np.asarray(stain, float)
    if vector.shape != (len(CHANNELS),) or not np.isfinite(vector).all() or not vector.any():
        raise ConfigError(f"stains: {shown(stain)} must be three optical densities, not all zero.")
    return vector / np.linalg.norm(vector)
