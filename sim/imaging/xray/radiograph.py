"""Radiographs: Beer and Lambert's law along parallel rays, for every energy of the tube."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from sim.chemistry.solids import WATER
from sim.errors import ConfigError, not_one_of
from sim.imaging.volumes.averages import averages, regular_centres
from sim.imaging.volumes.specimen import AXES, SIMULATED, Matter, Specimen
from sim.imaging.volumes.volume import MOST_VOXELS
from sim.imaging.xray.attenuation import attenuation_table, excess, weights, xray_numbers
from sim.imaging.xray.frames import MARGIN, body_of, finest
from sim.imaging.xray.instruments import Instrument, instrument
from sim.imaging.xray.tissues import numbers_of
from sim.public import public
from sim.texts import number_text

if TYPE_CHECKING:
    import xarray

    from sim.run.result import Result

PER_PIXEL = 3  # rays along a side of a pixel
CHUNK = 1024


@public
def radiograph(
    result: Result | Specimen,
    at: float | str | None = None,
    instrument: str = "chest",
    seed: int = 0,
    axis: str | None = None,
    settings: Mapping[str, float | str] | None = None,
    tissues: Mapping[str, float | str] | None = None,
    length: float | str | None = None,
) -> xarray.Dataset:
    """A radiograph of a result or phantom at one time: xarray.Dataset over two of z, y, x [m].

    at, length, settings, tissues: as for `ct`; instrument: "mammography", "extremity", "chest", "specimen"
    axis: of the parallel rays; when None across a cylinder, through a slab, along z else
    seed: of the noise of photons, Poisson's
    Variables: `signal`, the energy that reaches a pixel, of 1 beside the tissue, with noise; `contrast`,
    1 - signal of the mineral alone, without noise; `areal_density`, mineral along the ray [kg m-2; one is
    100 mg/cm2].
    The body of the instrument is water; tissue counts as water of its CT number. No scattered radiation.
    """
    if seed < 0:
        raise ConfigError(f"seed = {seed} is below 0.")
    machine = _machine(instrument, settings)
    body = body_of(result, at, length, finest(machine))
    beam = axis if axis is not None else body.beam
    if beam not in AXES:
        raise ConfigError(not_one_of("axis", beam, AXES))
    return _picture(body, machine, beam, seed, tissues)


def _machine(name: str, settings: Mapping[str, float | str] | None) -> Instrument:
    return instrument(name, "radiograph", settings)


def _picture(
    body: Specimen, machine: Instrument, beam: str, seed: int, tissues: Mapping[str, float | str] | None
) -> xarray.Dataset:
    import xarray as xr

    pixel, names = machine.si("pixel"), [a for a in AXES if a != beam]
    lengths = [body.size[AXES.index(a)] for a in names]
    margin = 2.0 * (MARGIN * machine.spread + pixel)
    centres = [regular_centres(a + margin, pixel) for a in lengths]
    count = float(np.prod([c.size for c in centres])) * PER_PIXEL**2
    if count > MOST_VOXELS:
        raise ConfigError(
            f"{machine.name} would take {number_text(count)} rays through this tissue; {MOST_VOXELS} are the "
            "most. Try larger pixels in settings, or a shorter length."
        )
    rays = [regular_centres(c.size * pixel, pixel / PER_PIXEL) for c in centres]
    mass, water = _along(body, beam, rays, pixel / PER_PIXEL, tissues)
    bare = transmitted(body.solids, machine, mass, {})
    whole = transmitted(body.solids, machine, mass, water)
    blur = [averages(_faces(r), c, pixel, machine.spread) for r, c in zip(rays, centres, strict=True)]

    def seen(values: np.ndarray) -> np.ndarray:
        """On pixels; 1 beyond the rays."""
        return 1.0 + blur[0] @ np.broadcast_to(values - 1.0, shape) @ blur[1].T

    photons, shape = machine.si("photons"), tuple(r.size for r in rays)
    counted = np.random.default_rng(seed).poisson(np.maximum(seen(whole), 0.0) * photons) / photons
    shadow = blur[0] @ np.sum([*mass.values(), np.zeros(shape)], axis=0) @ blur[1].T
    one = {"units": "1"}
    data = {
        "signal": (names, counted, one | {"long_name": "signal of the detector"}),
        "contrast": (names, 1.0 - seen(bare), one | {"long_name": "contrast of the mineral"}),
        "areal_density": (names, shadow, {"units": "kg m-2", "long_name": "mineral along the ray"}),
    }
    places = {a: (a, c, {"units": "m", "long_name": a}) for a, c in zip(names, centres, strict=True)}
    said = {
        "instrument": machine.name,
        "title": machine.title,
        "simulated": SIMULATED,
        **{name: p.si for name, p in machine.settings.items()},
        "kVp": machine.spectrum.kVp,
        "axis": beam,
        "seed": seed,
        "mass_correction": body.correction,
        **body.origin,
    }
    return xr.Dataset(data, places, said)


def _faces(rays: np.ndarray) -> np.ndarray:
    half = 0.5 * (rays[1] - rays[0])
    return np.append(rays - half, rays[-1] + half)


def _along(
    body: Specimen,
    beam: str,
    rays: list[np.ndarray],
    width: float,
    tissues: Mapping[str, float | str] | None,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """({solid: mass along each ray [kg m-2]}, {WATER: water more than around [m]}, empty where none is)."""
    k = AXES.index(beam)
    steps = np.diff(body.edges[k])
    others = [e for j, e in enumerate(body.edges) if j != k]
    onto = [averages(e, r, width) for e, r in zip(others, rays, strict=True)]

    def line(field: np.ndarray) -> np.ndarray:
        return onto[0] @ np.tensordot(field, steps, (k, 0)) @ onto[1].T

    number = numbers_of(body, tissues)
    around = number[body.outside]
    unlike = [r for r in body.regions if number[r] != around]
    parts = [(number[r] - around) / 1000.0 * line(body.regions[r]) for r in unlike]
    mass = {solid: line(density) for solid, density in body.densities.items()}
    return mass, {WATER: np.sum(parts, axis=0)} if parts else {}


def transmitted(
    solids: Mapping[str, Matter],
    machine: Instrument,
    mass: Mapping[str, np.ndarray],
    water: Mapping[str, np.ndarray],
) -> np.ndarray:
    """Signal of an energy-counting detector, of 1 behind the body alone.

    mass: {solid: along each ray [kg m-2]}; water: {WATER: length more than the body's [m]}, or none
    """
    fields = [(excess(solids[s].formula, solids[s].density), m) for s, m in mass.items()]
    density = xray_numbers().si("water.density")
    fields += [(attenuation_table(WATER) * density, w) for w in water.values()]
    seen = weights(machine.spectrum, machine.si("body"))
    if not fields:
        return np.ones((1, 1))
    there = seen > 1e-12  # the rest is below rounding of the sum
    energies, each = seen[there], np.array([mu[there] for mu, _ in fields]).T
    through = np.array([field.ravel() for _, field in fields])
    found = np.empty(through.shape[1])
    for k in range(0, found.size, CHUNK):  # so that all energies of some rays stay in the processor's cache
        found[k : k + CHUNK] = energies @ np.exp(-each @ through[:, k : k + CHUNK])
    return found.reshape(fields[0][1].shape)
