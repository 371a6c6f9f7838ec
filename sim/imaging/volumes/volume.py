"""A result as a volume of equal voxels: what imaging of any kind begins with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError
from sim.imaging.volumes.averages import regular_centres
from sim.imaging.volumes.of_result import specimen
from sim.imaging.volumes.specimen import AXES, SIMULATED, Specimen
from sim.public import public
from sim.texts import number_text
from sim.units import convert_number

if TYPE_CHECKING:
    import xarray

    from sim.run.result import Result

MOST_VOXELS = 64_000_000  # of one field: 512 MB
ACROSS = 64  # voxels along the longest side where no spacing is given
MINERAL, REGION, SHARE = "mineral", "region", "region_share"


@public
def volume(
    result: Result,
    at: float | str | None = None,
    spacing: float | str | None = None,
    length: float | str | None = None,
    names: Iterable[str] = (),
) -> xarray.Dataset:
    """A result at one time on equal voxels: xarray.Dataset over (z, y, x) [m].

    at, length, names: as for `specimen`
    spacing: size of the voxels [m or text]; a 64th of the longest side when None
    Variables: each solid that is there, and `mineral`, their sum [kg m-3 of tissue, the same number as
    mg/mL]; `region_share` (region, z, y, x), the share of a voxel that each region fills; and `names`.
    Means over voxels: the sum over all of density x voxel is the mass in the result, to rounding; of a sphere
    or cylinder after scaling by at most `mass_correction` (attrs). A voxel at the edge is partly outside.
    """
    size = None if spacing is None else convert_number(spacing, "m", "spacing")
    wanted = list(names)
    fine = None if size is None else 0.5 * size
    found = specimen(result, at, length, fine if result.space == ("r",) else None, wanted)
    return on_voxels(found, size if size is not None else max(found.size) / ACROSS)


def on_voxels(found: Specimen, size: float) -> xarray.Dataset:
    """A specimen on equal voxels of a size [m], as `volume` says."""
    import xarray as xr

    if size <= 0:
        raise ConfigError(f"spacing = {size:g} m is not above 0.")
    count = float(np.prod([np.ceil(a / size) for a in found.size]))
    if count > MOST_VOXELS:
        raise ConfigError(
            f"voxels of {size * 1e3:g} mm are {number_text(count)} in this volume; {MOST_VOXELS} are the "
            "most. Try a larger spacing, or a shorter length."
        )
    centres = [regular_centres(a, size) for a in found.size]
    along = centres, (size,) * 3
    data = {n: _variable(found.over_voxels(d, *along), "kg m-3", n) for n, d in found.densities.items()}
    total = np.sum([v[1] for v in data.values()], axis=0) if data else np.zeros([c.size for c in centres])
    shares = np.stack([found.over_voxels(s, *along) for s in found.regions.values()])
    data[MINERAL] = _variable(total, "kg m-3", "all solids")
    data[SHARE] = ((REGION, *AXES), shares, {"units": "1", "long_name": "share of the voxel in a region"})
    for name, cells in found.fields.items():
        data[name] = _variable(found.over_voxels(cells, *along), "", name)
    said = {"simulated": SIMULATED, "spacing": size, "outside": found.outside}
    said |= {"mass_correction": found.correction}
    return xr.Dataset(data, coordinates(centres) | {REGION: list(found.regions)}, said | dict(found.origin))


def coordinates(centres: Sequence[np.ndarray]) -> dict[str, tuple]:
    """Centres of voxels along z, y and x [m], as coordinates."""
    return {
        a: (a, c, {"units": "m", "long_name": a, "axis": a.upper()})
        for a, c in zip(AXES, centres, strict=True)
    }


def _variable(values: np.ndarray, unit: str, words: str) -> tuple[Any, np.ndarray, Mapping[str, str]]:
    return AXES, values, {"long_name": words} | ({"units": unit} if unit else {})
