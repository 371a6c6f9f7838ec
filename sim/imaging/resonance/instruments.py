"""Scanners and sequences by name, and what mineral is to them: data/imaging/mri.toml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np

from sim.errors import ConfigError, not_one_of
from sim.parameters import Parameters, load_parameters
from sim.public import public

OWN = ("susceptibility", "relaxation", "inversion", "phase_mask")  # tables that are no instruments


@lru_cache
def mri_numbers() -> Parameters:
    """Every number of magnetic resonance."""
    return load_parameters(resources.files("sim") / "data" / "imaging" / "mri.toml")


@public
@dataclass(frozen=True)
class Scanner:
    """A gradient-echo scan.

    frequency: of protons [1/s] · echo_times [s] · voxel: along z, y, x [m]
    noise: of each channel, the signal of water at echo time 0 being 1 · T2star: of tissue [s]
    mask_power: how often the mask of phase multiplies the magnitude (susceptibility weighting), 0 for none
    """

    name: str
    frequency: float
    echo_times: tuple[float, ...]
    voxel: tuple[float, float, float]
    noise: float
    T2star: float
    mask_power: int = 0

    def __post_init__(self) -> None:
        for word, numbers in (
            ("frequency", (self.frequency,)), ("echo_times", self.echo_times), ("voxel", self.voxel),
            ("T2star", (self.T2star,)),
        ):  # fmt: skip
            if not len(numbers) or not all(np.isfinite(n) and n > 0 for n in numbers):
                raise ConfigError(
                    f"scanner '{self.name}': {word} = {numbers} must be positive numbers in SI."
                )
        if len(self.voxel) != 3:
            raise ConfigError(
                f"scanner '{self.name}': voxel = {self.voxel} must be three sides, along z, y, x."
            )
        if not self.noise >= 0 or not np.isfinite(self.noise):
            raise ConfigError(f"scanner '{self.name}': noise = {self.noise} must be 0 or more.")


def scanners() -> list[str]:
    """Names of the instruments."""
    return [n for n in dict.fromkeys(key.split(".")[0] for key in mri_numbers()) if n not in OWN]


def scanner(name: str | Scanner) -> Scanner:
    """The instrument of a name."""
    if isinstance(name, Scanner):
        return name
    if name not in scanners():
        raise ConfigError(not_one_of("instrument", name, scanners()))
    of = {
        key: mri_numbers().si(f"{name}.{key}")
        for key in mri_numbers().within(name)
        for key in [key.split(".")[-1]]
    }
    echoes = tuple(of["first_echo"] + k * of["echo_spacing"] for k in range(int(of["echoes"])))
    voxel = (of["slice"], of["in_plane"], of["in_plane"])
    return Scanner(name, of["frequency"], echoes, voxel, 1.0 / of["snr"], of["T2star"], int(of["mask_power"]))
