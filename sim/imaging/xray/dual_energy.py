"""Mineral from CT at two voltages: what tissue and mineral change differently is told apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sim.errors import ConfigError
from sim.imaging.xray.ct import ct
from sim.public import public

if TYPE_CHECKING:
    import xarray

    from sim.imaging.volumes.specimen import Specimen
    from sim.run.result import Result


@public
def dual_energy(
    result: Result | Specimen,
    at: float | str | None = None,
    voltages: tuple[float, ...] = (80.0, 140.0),
    instrument: str = "chest_ct",
    seed: int = 0,
    settings: Mapping[str, float | str] | None = None,
    **more: Any,
) -> xarray.DataArray:
    """Density of hydroxyapatite by CT at two voltages: xarray.DataArray (z, y, x) [kg m-3, or mg/mL].

    voltages: the two [kVp]; settings: of both scans; more: other arguments of `ct`
    The CT number of tissue is taken to be the same at both, so that of mineral is the difference over that of
    the slopes of hydroxyapatite. Other solids are counted as the hydroxyapatite that gives the same
    difference. Noise of the two is independent and larger in the density: sqrt(2) times that of one over the
    difference of slopes.
    """
    if len(voltages) != 2 or voltages[0] == voltages[1]:
        raise ConfigError(f"voltages = {tuple(voltages)} are not two different ones.")
    scans = [
        ct(result, at, instrument, 2 * seed + k, settings={**(settings or {}), "kVp": kVp}, **more)
        for k, kVp in enumerate(voltages)
    ]
    slopes = [scan.attrs["slope_HAP"] for scan in scans]
    found = (scans[0] - scans[1]) / (slopes[0] - slopes[1])
    said = {k: v for k, v in scans[0].attrs.items() if k not in ("kVp", "slope_HAP")}
    found.attrs = said | {
        "units": "kg m-3",
        "long_name": "hydroxyapatite by dual-energy CT",
        "kVp": [float(v) for v in voltages],
        "seed": seed,
    }
    return found.rename("mineral")
