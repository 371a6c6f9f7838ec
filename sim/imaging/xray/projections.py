"""CT by polychromatic projections and filtered back-projection: beam hardening as a scanner has it.

The tissue lies in the middle of a round body of water. The chords of the body are known, so only what differs
from water is projected, on a patch about the tissue, and reconstructed after the usual correction for water.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.chemistry.solids import WATER
from sim.errors import ConfigError, not_installed
from sim.imaging.volumes.averages import averaged, averages, regular_centres
from sim.imaging.volumes.specimen import Specimen
from sim.imaging.xray.attenuation import attenuation_table, excess, weights, xray_numbers
from sim.imaging.xray.instruments import Instrument
from sim.imaging.xray.tissues import numbers_of

if TYPE_CHECKING:
    from sim.imaging.xray.frames import Frame

PER_PIXEL = 2  # cells of the patch in a pixel
ROUND = np.sqrt(2.0)  # side of a square about the circle about a square
REACH = 8  # pixels about the picture, so that noise of neighbours enters


class Patch(NamedTuple):
    """Square about the tissue. centres: of its cells [m], side: of a cell [m], angles: [degree]"""

    centres: np.ndarray
    side: float
    angles: np.ndarray


class Beam(NamedTuple):
    """What the detector sees of a spectrum.

    weights, water: (energies,), the latter's attenuation [m-1]; excesses: {solid: (energies,) [m2 kg-1]}
    lengths, logarithms: the signal behind water, -ln, to read lengths from
    """

    weights: np.ndarray
    water: np.ndarray
    excesses: Mapping[str, np.ndarray]
    lengths: np.ndarray
    logarithms: np.ndarray

    def water_length(self, signal: np.ndarray) -> np.ndarray:
        """Length of water [m] that gives a signal: the correction for water."""
        return np.interp(-np.log(signal), self.logarithms, self.lengths)


def reconstructed(
    body: Specimen,
    scanner: Instrument,
    frame: Frame,
    tissues: Mapping[str, float | str] | None,
    seed: int,
) -> np.ndarray:
    """CT numbers (z, y, x) [HU] of a frame; noise of photons, of the size that the instrument has."""
    try:
        import skimage.transform  # noqa: F401
    except ImportError:
        raise ConfigError(
            not_installed("projections need", "scikit-image", without="Or take chain='table'.")
        ) from None
    patch, beam = _patch(scanner, frame), _beam(body, scanner)
    around = numbers_of(body, tissues)[body.outside]
    fields = _fields(body, tissues, around)
    onto = body.matrices(
        (frame.z, patch.centres, patch.centres), (scanner.si("slice"), patch.side, patch.side)
    )
    flat = {name: averaged(values, onto) for name, values in fields.items()}
    chance = np.random.default_rng(seed)
    slices = [
        _slice({n: v[k] for n, v in flat.items()}, scanner, patch, beam, chance) for k in range(frame.z.size)
    ]
    out = [averages(_faces(patch), c, scanner.si("pixel")) for c in (frame.y, frame.x)]
    return around + np.stack([out[0] @ s @ out[1].T for s in slices])


def _patch(scanner: Instrument, frame: Frame) -> Patch:
    side = scanner.si("pixel") / PER_PIXEL
    reach = max(float(np.abs(c).max()) for c in (frame.y, frame.x)) + REACH * scanner.si("pixel")
    if reach * ROUND > 0.5 * scanner.si("body"):
        raise ConfigError(
            f"the tissue reaches {reach * 1e3:.3g} mm from its middle, more than a body of "
            f"{scanner.si('body') * 1e2:.3g} cm holds; try a larger body in settings, or chain='table'."
        )
    count = xray_numbers().si("projections.count")
    angles = np.arange(int(count)) * (180.0 / count)
    return Patch(regular_centres(2.0 * ROUND * reach, side), side, angles)


def _faces(patch: Patch) -> np.ndarray:
    return np.append(patch.centres - 0.5 * patch.side, patch.centres[-1] + 0.5 * patch.side)


def _beam(body: Specimen, scanner: Instrument) -> Beam:
    seen = weights(scanner.spectrum, 0.0)
    water = attenuation_table(WATER) * xray_numbers().si("water.density")
    lengths = np.linspace(0.0, xray_numbers().si("projections.longest"), 3001)
    logarithms = -np.log(np.exp(-np.outer(lengths, water)) @ seen)
    excesses = {n: excess(m.formula, m.density) for n, m in body.solids.items() if n in body.densities}
    return Beam(seen, water, excesses, lengths, logarithms)


def _fields(
    body: Specimen, tissues: Mapping[str, float | str] | None, around: float
) -> dict[str, np.ndarray]:
    """What is projected: solids [kg m-3], and under WATER what tissue is more than its surroundings [1]."""
    number = numbers_of(body, tissues)
    unlike = [r for r in body.regions if number[r] != around]
    parts = [(number[r] - around) / 1000.0 * body.regions[r] for r in unlike]
    found = dict(body.densities)
    if parts:
        found[WATER] = np.sum(parts, axis=0)
    return found


def _slice(
    fields: Mapping[str, np.ndarray],
    scanner: Instrument,
    patch: Patch,
    beam: Beam,
    chance: np.random.Generator,
) -> np.ndarray:
    """CT numbers of a slice above its surroundings, on the patch [HU]."""
    from skimage.transform import radon

    lines = {n: radon(_in_circle(f), patch.angles, circle=True) * patch.side for n, f in fields.items()}
    shape = patch.centres.size, patch.angles.size
    chords = np.sqrt((0.5 * scanner.si("body")) ** 2 - patch.centres**2) * 2.0
    length = np.broadcast_to(chords[:, None], shape) + lines.pop(WATER, 0.0)
    signal = np.zeros(shape)
    for k, share in enumerate(beam.weights):
        if share > 0:
            depth = beam.water[k] * length
            for name, mass in lines.items():
                depth = depth + beam.excesses[name][k] * mass
            signal += share * np.exp(-depth)
    quiet = _back_projected(beam.water_length(signal) - chords[:, None], scanner, patch)
    deviation = scanner.si("noise")
    if deviation == 0.0:
        return quiet
    photons = xray_numbers().si("projections.photons")
    counted = np.maximum(chance.poisson(signal * photons), 1.0) / photons
    grain = _back_projected(beam.water_length(counted) - beam.water_length(signal), scanner, patch)
    # Scaled as a pixel has it: means over its cells.
    n = grain.shape[0] // PER_PIXEL * PER_PIXEL
    pixels = grain[:n, :n].reshape(n // PER_PIXEL, PER_PIXEL, n // PER_PIXEL, PER_PIXEL).mean((1, 3))
    rim = pixels.shape[0] // 4
    return quiet + grain * (deviation / float(pixels[rim:-rim, rim:-rim].std()))


def _back_projected(lengths: np.ndarray, scanner: Instrument, patch: Patch) -> np.ndarray:
    """HU on the patch from lengths of water (detector, angle) [m], with the instrument's point spread."""
    from scipy.ndimage import gaussian_filter1d
    from skimage.transform import iradon

    smooth = lengths
    if scanner.spread > 0.0:
        smooth = gaussian_filter1d(lengths, scanner.spread / patch.side, axis=0, mode="constant")
    return 1000.0 / patch.side * iradon(smooth, patch.angles, circle=True, filter_name="ramp")


def _in_circle(field: np.ndarray) -> np.ndarray:
    """A field with nothing outside of the circle that is projected: the tissue lies within."""
    half = 0.5 * (field.shape[0] - 1)
    y, x = np.ogrid[: field.shape[0], : field.shape[1]]
    return np.where((y - half) ** 2 + (x - half) ** 2 <= half**2, field, 0.0)
