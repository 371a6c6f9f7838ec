"""Stains by name: which dye binds where, and how dense it gets; data/imaging/histology.toml.

A pixel is 255 * 10^-D in each channel, D being the sum over dyes of amount * vector (Beer and Lambert, as
Ruifrok & Johnston 2001 have it: of the values of the camera, white being 255).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np

from sim.errors import ConfigError, not_one_of
from sim.parameters import Parameters, load_parameters
from sim.public import public

CHANNELS = ("red", "green", "blue")
WHITE = 255.0
TITLES = {
    "he": "haematoxylin and eosin",
    "von_kossa": "von Kossa, nuclear fast red",
    "alizarin_red": "alizarin red S",
}
MINERAL = "mineral"


@lru_cache
def histology_numbers() -> Parameters:
    """Every number of stained sections."""
    return load_parameters(resources.files("sim") / "data" / "imaging" / "histology.toml")


def dye_vector(name: str) -> np.ndarray:
    """Optical densities of a dye in red, green and blue, of length 1."""
    known = histology_numbers()
    vector = np.array([known.si(f"dye.{name}.{c}") for c in CHANNELS])
    return vector / np.linalg.norm(vector)


def dyes() -> list[str]:
    """Names of the dyes."""
    return list(dict.fromkeys(key.split(".")[1] for key in histology_numbers().within("dye")))


@dataclass(frozen=True)
class Stain:
    """A stain.

    parts: {part of the tissue: {dye: optical density in a section of the customary thickness}}
    half: calcium [mol m-3] that binds half of the dye that mineral can
    """

    name: str
    parts: Mapping[str, Mapping[str, float]]
    half: float

    @property
    def title(self) -> str:
        return TITLES[self.name]

    @property
    def dyes(self) -> tuple[str, ...]:
        """Names of its dyes, that of mineral first."""
        every = dict.fromkeys(self.parts[MINERAL]) | dict.fromkeys(d for p in self.parts.values() for d in p)
        return tuple(every)

    def uptake(self, calcium: np.ndarray) -> np.ndarray:
        """Share of the dye at saturation that mineral of calcium [mol m-3] binds."""
        return calcium / (calcium + self.half)

    def calcium_at(self, density: float, thickness: float) -> float:
        """Calcium [mol m-3] whose dye has an optical density in a section of a thickness [m]; inf if none."""
        (most,) = self.parts[MINERAL].values()
        share = density / (most * relative(thickness))
        return self.half * share / (1.0 - share) if share < 1.0 else np.inf


def relative(thickness: float) -> float:
    """A thickness [m] over the customary one."""
    return thickness / histology_numbers().si("section.thickness")


def stains() -> dict[str, str]:
    """{name: title} of the stains."""
    return dict(TITLES)


@public
def stain(name: str) -> Stain:
    """A stain by name: "he", "von_kossa" or "alizarin_red"."""
    if name not in TITLES:
        raise ConfigError(not_one_of("stain", name, TITLES))
    parts: dict[str, dict[str, float]] = {}
    for key, number in histology_numbers().within(name).items():
        words = key.split(".")[1:]
        if len(words) == 2:
            parts.setdefault(words[0], {})[words[1]] = number.si
    return Stain(name, parts, histology_numbers().si(f"{name}.half"))


def picture_of(amounts: Mapping[str, np.ndarray]) -> np.ndarray:
    """(y, x, 3) uint8 of amounts of dyes (y, x), optical densities."""
    first = next(iter(amounts.values()))
    density = np.zeros((*first.shape, len(CHANNELS)), np.float32)
    for name, amount in amounts.items():
        density += np.multiply.outer(amount.astype(np.float32), dye_vector(name).astype(np.float32))
    return np.rint(WHITE * 10.0**-density).astype(np.uint8)
