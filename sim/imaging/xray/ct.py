"""CT of a result: mineral displaces water, the point spread blurs, slices average, noise is seeded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ConfigError, not_one_of
from sim.imaging.volumes.averages import averaged
from sim.imaging.volumes.specimen import AXES, SIMULATED, Specimen
from sim.imaging.volumes.volume import coordinates
from sim.imaging.xray.attenuation import slope_of, weights
from sim.imaging.xray.frames import Frame, body_of, finest, frame_of
from sim.imaging.xray.instruments import Instrument, instrument
from sim.imaging.xray.tissues import numbers_of
from sim.public import public

if TYPE_CHECKING:
    import xarray

    from sim.run.result import Result

CHAINS = ("table", "projections")


@public
def ct(
    result: Result | Specimen,
    at: float | str | None = None,
    instrument: str = "chest_ct",
    seed: int = 0,
    chain: str = "table",
    settings: Mapping[str, float | str] | None = None,
    tissues: Mapping[str, float | str] | None = None,
    length: float | str | None = None,
    offset: tuple[float | str, ...] = (0.0, 0.0, 0.0),
    slices: int | None = None,
) -> xarray.DataArray:
    """CT of a result or phantom at one time: xarray.DataArray (z, y, x) of CT numbers [HU].

    at: the time [s or text]; the end when None. length: as for `specimen`
    instrument: one of sim.imaging.instruments(), settings: what to change of it, {"kVp": 100, "noise": 0}
    seed: of the noise; the same picture for the same seed, on any number of threads
    chain: "table", CT numbers from the tables of slopes; "projections", polychromatic projections through the
        middle of a round body of water, corrected for water, and filtered back-projection (scikit-image)
    tissues: {region: HU, or a tissue such as "muscle"} in place of what data/imaging/regions.toml says
    offset: where the middle of the tissue lies on the grid of voxels, along z, y and x [m or text]
    slices: only so many, about the middle; all when None
    Slices follow z, the axis of a cylinder. What lies outside of the simulated tissue is of its outermost
    region. Solids displace water; CT numbers of tissue are the same at every voltage.
    attrs: units, voxel sizes, settings, slope of HAP, and where the picture came from.
    """
    if seed < 0:
        raise ConfigError(f"seed = {seed} is below 0.")
    if chain not in CHAINS:
        raise ConfigError(not_one_of("chain", chain, CHAINS))
    scanner = _scanner(instrument, settings)
    body = body_of(result, at, length, finest(scanner))
    frame = frame_of(body.size, scanner, offset, slices)
    if chain == "table":
        values = expected(body, scanner, frame, tissues) + noise(frame, scanner, seed)
    else:
        from sim.imaging.xray.projections import reconstructed

        values = reconstructed(body, scanner, frame, tissues, seed)
    return _labelled(values, frame, scanner, body, {"seed": seed, "chain": chain})


def _scanner(name: str, settings: Mapping[str, float | str] | None) -> Instrument:
    return instrument(name, "ct", settings)


def expected(
    body: Specimen, scanner: Instrument, frame: Frame, tissues: Mapping[str, float | str] | None = None
) -> np.ndarray:
    """CT numbers (z, y, x) without noise [HU]."""
    around = numbers_of(body, tissues)[body.outside]
    widths = scanner.si("slice"), scanner.si("pixel"), scanner.si("pixel")
    along = body.matrices(frame, widths, (0.0, scanner.spread, scanner.spread))
    return around + averaged(rise(body, scanner, tissues), along)


def rise(body: Specimen, scanner: Instrument, tissues: Mapping[str, float | str] | None = None) -> np.ndarray:
    """By how much the CT number of each cell is above that of what lies around [HU]."""
    found = tissue_rise(body, tissues)
    for solid, density in body.densities.items():
        found += slope(body, scanner, solid) * density
    return found


def tissue_rise(body: Specimen, tissues: Mapping[str, float | str] | None = None) -> np.ndarray:
    """The same of the tissue alone, without its mineral."""
    number = numbers_of(body, tissues)
    around = number[body.outside]
    found = np.zeros([e.size - 1 for e in body.edges])
    for region, share in body.regions.items():
        if number[region] != around:
            found += (number[region] - around) * share
    return found


def slope(body: Specimen, scanner: Instrument, solid: str) -> float:
    """Rise of the CT number with the density of a solid of a body [HU per kg m-3]."""
    matter = body.solids[solid]
    return slope_of(weights(scanner.spectrum, scanner.si("body")), matter.formula, matter.density)


def noise(frame: Frame, scanner: Instrument, seed: int) -> np.ndarray:
    """Noise of a frame [HU], of the spectrum of filtered back-projection: the ramp, and the point spread."""
    deviation = scanner.si("noise")
    if deviation == 0.0:
        return np.zeros(frame.shape)
    white = np.random.default_rng(seed).standard_normal(frame.shape)
    passed = _passed(scanner, frame.y.size, frame.x.size)
    strength = float(np.sqrt(np.mean(passed**2)))
    if strength == 0.0:  # a single pixel
        return deviation * white
    return np.fft.ifft2(np.fft.fft2(white) * passed).real * (deviation / strength)


def _passed(scanner: Instrument, high: int, wide: int) -> np.ndarray:
    """What noise has of each frequency of a picture, up to a factor."""
    # Counted in pixels; what would leave a small picture reaches its other side, which noise may.
    f = np.hypot(np.fft.fftfreq(high)[:, None], np.fft.fftfreq(wide)[None, :])
    blur = scanner.spread / scanner.si("pixel")
    return np.sqrt(f) * np.exp(-2.0 * (np.pi * blur * f) ** 2)


def noise_over(scanner: Instrument, area: float) -> float:
    """Deviation of noise in the mean over a ball, of that of a voxel. area: of its cross-section [m2]"""
    pixel, deep, square = scanner.si("pixel"), scanner.si("spacing"), area / np.pi
    count = 8 * int(np.ceil(np.sqrt(square) / pixel) + 1)
    power = _passed(scanner, count, count) ** 2
    at = (np.fft.fftfreq(count) * count * pixel) ** 2
    reach = int(np.sqrt(square) / deep)
    within = [at[:, None] + at[None, :] <= square - (k * deep) ** 2 for k in range(-reach, reach + 1)]
    sums = sum(float(np.mean(np.abs(np.fft.fft2(disc)) ** 2 * power)) for disc in within)
    return float(np.sqrt(sums / power.mean())) / sum(int(disc.sum()) for disc in within)


def _labelled(
    values: np.ndarray, frame: Frame, scanner: Instrument, body: Specimen, how: dict
) -> xarray.DataArray:
    import xarray as xr

    from sim.chemistry.solids import solids

    hap = solids()["HAP"]
    w = weights(scanner.spectrum, scanner.si("body"))
    said = {
        "units": "HU",
        "long_name": "CT number",
        "instrument": scanner.name,
        "title": scanner.title,
        "tube": scanner.tube,
        "simulated": SIMULATED,
        **{name: p.si for name, p in scanner.settings.items()},
        "kVp": scanner.spectrum.kVp,
        "slope_HAP": slope_of(w, hap.formula, hap.density),
        "mass_correction": body.correction,
        **body.origin,
        **how,
    }
    return xr.DataArray(values, coordinates(frame), AXES, "CT", said)
