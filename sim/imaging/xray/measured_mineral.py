"""Measured volumes as what a run starts with: CT numbers as mineral, any numbers as a density of sites."""

from __future__ import annotations

import os
from typing import Unpack

from sim.chemistry.solids import solids
from sim.errors import ConfigError, UnitError, shown, unknown
from sim.imaging.xray.attenuation import ct_slope
from sim.imaging.xray.instruments import HOUNSFIELD, USUAL, instrument
from sim.imaging.xray.tissues import tissue_number
from sim.public import public, with_options
from sim.space.maps.lying import USUAL as LEFT_OUT
from sim.space.maps.lying import Lying
from sim.space.maps.measured_map import MeasuredMap
from sim.units import convert_number
from sim.voxels.reading import read_voxels
from sim.voxels.volume import Voxels

DENSITY = "kg m-3"


@public
@with_options(Lying, LEFT_OUT)
def mineral_map(
    path: str | os.PathLike,
    of: str = "HAP",
    tissue: float | str | None = None,
    kVp: float | None = None,
    body: float | str | None = None,
    units: str = "",
    **lying: Unpack[Lying],
) -> MeasuredMap:
    """A measured volume as the mineral that a run starts with, for scenario.changed({"maps": [...]}).

    path: a folder with a DICOM series of CT, or .nii, .nii.gz, .tif, .png
    of: the solid that the mineral is taken for
    units: "HU", or of a density ("mg/mL"); what the file says when left out
    tissue: CT number without mineral [HU], or a tissue of the package, "muscle"; needed for HU
    kVp, body: of the slope of HU with mg/mL (`ct_slope`); what the file says, else the body of chest_ct
    reach, noise: 1.5 times the point spread of the scan [m or text], and the deviation of the noise [mg/mL]:
        what counts is connected mineral and all that blur spread about it, in the mean as much as there is
    least: [mg/mL]; or voxels below it hold nothing, which loses mineral. Noise needs one of both
    centre, plane, length, whole, spacing, region: where the volume lies, the slice that a plane takes, how
        much of axes that a slab, cylinder or plane lacks, sides of voxels, where it acts: see
        sim.space.maps.lying.Lying
    Raises ConfigError, FileFormatError or ScenarioError, sentences that name the file.
    """
    if of not in solids():
        raise ConfigError(unknown("a solid", of, solids()))
    found = read_voxels(path, lying.get("spacing", LEFT_OUT["spacing"]))
    unit = units or found.units
    if not unit:
        raise ConfigError(
            f"{path} does not say what its numbers are. Give units='HU' (with kVp and tissue), or that of a "
            "density, units='mg/mL'."
        )
    if units and found.units and units != found.units:
        raise ConfigError(f"{path} says that its numbers are in {found.units}, and units says {units}.")
    zero, slope = 0.0, 1.0
    if unit == HOUNSFIELD:
        zero, slope = _of_tissue(path, tissue), slope_in_file(found, of, kVp, body)
    else:
        if tissue is not None or kVp is not None or body is not None:
            raise ConfigError(f"tissue, kVp and body are of CT numbers; {path} is in {unit}.")
        try:
            slope = 1.0 / convert_number(f"1 {unit}", DENSITY, "units")
        except UnitError as error:
            raise ConfigError(f"{path}: numbers in {shown(unit)} are no mineral: {error}") from None
    return MeasuredMap(of, path, slope, zero, **lying)


@public
@with_options(Lying, LEFT_OUT)
def sites_map(
    path: str | os.PathLike,
    reference: float,
    of: str = "collagen",
    zero: float = 0.0,
    **lying: Unpack[Lying],
) -> MeasuredMap:
    """A measured volume as a factor on a density of the model: (number - zero) / (reference - zero).

    reference: the number where the density is that of the layer; zero: where there are no sites
    of: "collagen", "elastin", ...; the rest as for `mineral_map`, `least` and `noise` being factors
    Outside of the volume the factor is 1. Raises as `mineral_map` does.
    """
    if not reference > zero:
        raise ConfigError(f"reference = {reference:g} must be above zero = {zero:g}.")
    return MeasuredMap(of, path, reference - zero, zero, **lying)


def _of_tissue(path: object, tissue: float | str | None) -> float:
    if tissue is None:
        raise ConfigError(
            f"{path} holds CT numbers: give that of tissue without mineral, tissue='muscle' or a number of "
            "HU. Mineral is what lies above it."
        )
    return tissue_number("the tissue", tissue)


def slope_in_file(found: Voxels, of: str, kVp: float | None, body: float | str | None) -> float:
    """HU per mg/mL of a solid in a file."""
    told = found.said.get("kVp")
    if kVp is not None and told is not None and kVp != told:
        raise ConfigError(f"{found.path} was taken at {told:g} kVp, and kVp says {kVp:g}.")
    voltage = kVp if kVp is not None else told
    if voltage is None:
        raise ConfigError(f"{found.path} does not say the voltage of the tube; give kVp=120, for example.")
    if body is None:
        body = float(found.said.get("body", instrument(USUAL, "ct").si("body")))
    solid = solids()[of]
    return ct_slope(solid.formula, solid.density, float(voltage), convert_number(body, "m", "body"))
