"""Mineral in a CT whose tissues are known: the CT number of the tissue in each voxel is taken off."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.chemistry.solids import solids
from sim.errors import ConfigError, listing, shown, unknown
from sim.imaging.files.provenance import attributes_of, done, file_picture, simulated
from sim.imaging.volumes.averages import averaged
from sim.imaging.volumes.of_result import PER_FINE
from sim.imaging.volumes.of_scenario import bare_tissue
from sim.imaging.volumes.specimen import AXES
from sim.imaging.volumes.volume import coordinates
from sim.imaging.xray.ct import tissue_rise
from sim.imaging.xray.frames import Frame
from sim.imaging.xray.instruments import HOUNSFIELD, PER_WIDTH
from sim.imaging.xray.measured_mineral import slope_in_file
from sim.imaging.xray.tissues import numbers_of
from sim.public import public
from sim.units import convert_number
from sim.voxels.reading import read_voxels
from sim.voxels.volume import Voxels

if TYPE_CHECKING:
    import xarray

    from sim.experiment.scenario import Scenario


@public
def mineral_density(
    scan: xarray.DataArray | str | os.PathLike,
    scenario: Scenario,
    tissues: Mapping[str, float | str] | None = None,
    of: str = "HAP",
    psf: float | str | None = None,
    centre: Sequence[float | str] = (),
    length: float | str | None = None,
    kVp: float | None = None,
) -> xarray.DataArray:
    """Density of mineral in a CT of which the tissues are known: xarray.DataArray (z, y, x) [kg m-3, mg/mL].

    scan: of `ct`, `read_dicom` or `read_nifti`, or the path of one, in HU
    scenario: whose layers and regions say which tissue lies where; what is outside is of its outermost one
    tissues: {region: HU, or a tissue such as "muscle"} in place of what data/imaging/regions.toml says
    of: the solid that the mineral is taken for; kVp: of the tube, what the scan says when left out
    psf: full width at half maximum of the point spread in the plane [m or text]; needed where the scan does
        not say it
    centre: where the middle of the scan lies in the tissue (x, y, z) [m or text]; where it lay for a scan of
        hapsim, else the origin
    length: along each axis that the geometry lacks, as for `ct`
    (HU - HU of the tissue in this voxel) / slope. Tissue is seen with the slices, pixels and point spread of
    the scan, so that mineral keeps its mass at the edges of regions too; noise stays, below zero as well.
    `write_nifti` and `mineral_map` make it what a run starts with.
    """
    import xarray as xr

    if of not in solids():
        raise ConfigError(unknown("a solid", of, solids()))
    found = _voxels(scan, centre)
    if not found.units:
        raise ConfigError(
            f"{found.path} does not say what its numbers are; where they are HU, give it as "
            "sim.imaging.read_nifti reads it."
        )
    if found.units != HOUNSFIELD:
        raise ConfigError(f"the scan is in {shown(found.units)}, not in CT numbers (HU).")
    slope = slope_in_file(found, of, kVp, None)
    spread = _point_spread(found, psf)
    z, y, x = found.centres()
    deep, high, wide = found.sizes
    deep = float(found.said.get("slice", deep))
    body = bare_tissue(scenario, length, min(s for s in (*found.sizes, spread) if s > 0) / PER_FINE)
    number = numbers_of(body, tissues)
    blur = spread / PER_WIDTH
    along = body.matrices(Frame(z, y, x), (deep, high, wide), (0.0, blur, blur))
    tissue = number[body.outside] + averaged(tissue_rise(body, tissues), along)
    of_tissues = ", ".join(f"{region} {hu:g} HU" for region, hu in number.items())
    known = simulated(found.said)
    step = f"tissue of {scenario.name} ({of_tissues}) taken off, divided by {slope:.6g} HU per mg/mL of {of}"
    said = {
        "units": "kg m-3",
        "long_name": f"{of} above the tissue",
        **({} if known is None else {"simulated": known}),
        "scan": os.path.basename(found.path),
        "scenario": scenario.name,
        "tissues": of_tissues,
        "slope": slope,
        "pixel": wide,
        "slice": deep,
        "spacing": found.sizes[0],
        "psf": spread,
        **done(found.said, step),
    }
    values = (found.values - tissue) / slope
    return xr.DataArray(values, coordinates((z, y, x)), AXES, "mineral", said)


def _voxels(scan: Any, centre: Sequence[float | str]) -> Voxels:
    """A scan in the place of the tissue."""
    if len(centre) not in (0, 3):
        raise ConfigError(f"centre = {shown(centre)} must be three lengths, along x, y and z.")
    if isinstance(scan, str | os.PathLike):
        read = read_voxels(scan)
        found = replace(read, said=attributes_of(read))
    else:
        if tuple(scan.dims) != AXES:
            raise ConfigError(f"a scan is over z, y and x; this one is over {listing(map(str, scan.dims))}.")
        picture = file_picture(scan, "a scan")
        values, at = np.asarray(picture.values, dtype=float), [picture.places[a] for a in AXES]
        for axis, (_, step) in enumerate(at):
            values = np.flip(values, axis) if step < 0 else values
        z, y, x = (f + 0.5 * (n - 1) * s for (f, s), n in zip(at, values.shape, strict=True))
        a, b, c = (abs(s) for _, s in at)
        said, own = picture.said, bool(picture.simulated)
        found = Voxels(values, (z, y, x), (a, b, c), picture.units, str(said.get("file", "")), said, own)
    x, y, z = (convert_number(c, "m", "centre") for c in centre) if centre else (0.0, 0.0, 0.0)
    if centre or not found.own:
        found = replace(found, middle=(z, y, x))
    return found


def _point_spread(found: Voxels, psf: float | str | None) -> float:
    """Full width at half maximum [m]."""
    if psf is None:
        if "psf" not in found.said:
            raise ConfigError(
                "the scan does not say its point spread; give psf='0.8 mm', for example, or psf=0 for none."
            )
        return float(found.said["psf"])
    width = convert_number(psf, "m", "psf")
    if width < 0:
        raise ConfigError(f"psf = {shown(psf)} is below 0.")
    return width
