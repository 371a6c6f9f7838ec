"""Measured volumes as what a run starts with: CT numbers as mineral, any numbers as a density of sites."""

from __future__ import annotations

import os
from collections.abc import Sequence

from sim.chemistry.solids import solids
from sim.errors import ConfigError, UnitError, shown, unknown
from sim.imaging.xray.attenuation import ct_slope
from sim.imaging.xray.instruments import HOUNSFIELD, USUAL, instrument
from sim.imaging.xray.tissues import tissue_number
from sim.public import public
from sim.space.maps.measured_map import MeasuredMap
from sim.units import convert_number
from sim.voxels.reading import read_voxels
from sim.voxels.volume import Voxels

DENSITY = "kg m-3"


@public
def mineral_map(
    path: str | os.PathLike,
    of: str = "HAP",
    tissue: float | str | None = None,
    kVp: float | None = None,
    body: float | str | None = None,
    least: float | None = None,
    units: str = "",
    centre: Sequence[float | str] = (),
    plane: float | str | None = None,
    length: float | str | None = None,
    spacing: float | str | Sequence[float | str] = (),
    region: str = "",
    whole: bool = False,
) -> MeasuredMap:
    """A measured volume as the mineral that a run starts with, for scenario.changed({"maps": [...]}).

    path: a folder with a DICOM series of CT, or .nii, .nii.gz, .tif, .png
    of: the solid that the mineral is taken for
    units: "HU", or of a density ("mg/mL"); what the file says when left out
    tissue: CT number without mineral [HU], or a tissue of the package, "muscle"; needed for HU
    kVp, body: of the slope of HU with mg/mL (`ct_slope`); what the file says, else the body of chest_ct
    least: [mg/mL]; voxels below it hold nothing, and are counted (`cleared` of the map). None: voxels below
        zero are refused. Noise needs one
    centre, plane, length, region: where the volume lies, the slice that a plane takes, how much of axes that
        a slab, cylinder or plane lacks, where it acts; see MeasuredMap
    whole: whether all that voxels hold along those axes is held by `length`, so that mass is kept
    spacing: sides of voxels along z, y and x [m or text], of pictures, which do not tell
    Raises ConfigError, FileFormatError or ScenarioError, sentences that name the file.
    """
    if of not in solids():
        raise ConfigError(unknown("a solid", of, solids()))
    found = read_voxels(path, spacing)
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
    return MeasuredMap(of, path, slope, zero, least, centre, plane, length, spacing, region, whole=whole)


@public
def sites_map(
    path: str | os.PathLike,
    reference: float,
    of: str = "collagen",
    zero: float = 0.0,
    least: float | None = None,
    centre: Sequence[float | str] = (),
    plane: float | str | None = None,
    length: float | str | None = None,
    spacing: float | str | Sequence[float | str] = (),
    region: str = "",
) -> MeasuredMap:
    """A measured volume as a factor on a density of the model: (number - zero) / (reference - zero).

    reference: the number where the density is that of the layer; zero: where there are no sites
    of: "collagen", "elastin", ...; the rest as for `mineral_map`, `least` being a factor
    Outside of the volume the factor is 1. Raises as `mineral_map` does.
    """
    if not reference > zero:
        raise ConfigError(f"reference = {reference:g} must be above zero = {zero:g}.")
    return MeasuredMap(of, path, reference - zero, zero, least, centre, plane, length, spacing, region)


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
