"""Images of a scan, from its complex signal: magnitude, phase, map of susceptibility, weighted magnitude."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.imaging.resonance.dipole import inverted
from sim.imaging.resonance.instruments import Scanner, mri_numbers
from sim.imaging.resonance.phases import field_of, high_passed, mask_of
from sim.imaging.volumes.specimen import AXES

if TYPE_CHECKING:
    import xarray

EVERY = ("echo", *AXES)


def labelled(
    signal: np.ndarray, voxel: tuple[float, float, float], of: Scanner, field: str
) -> xarray.Dataset:
    """Images with units and places of a complex signal (echo, z, y, x).

    voxel: its sides along z, y, x [m]; field: direction of the magnet's field
    """
    import xarray as xr

    known = mri_numbers()
    magnitude, phase = np.abs(signal), np.angle(signal)
    least = known.si("inversion.trusted") * of.noise
    measured = field_of(phase[0], magnitude[0], least, of.frequency * of.echo_times[0])
    chi = inverted(measured, voxel, field, known.si("inversion.threshold"))
    found: dict[str, Any] = {
        "magnitude": (EVERY, magnitude, _words("1", "magnitude, water at echo time 0 being 1")),
        "phase": (EVERY, phase, _words("rad", "phase, rising with the field")),
        "susceptibility": (
            AXES, chi, _words("1", "susceptibility against water, from the first echo; too small in the dark")
        ),
    }  # fmt: skip
    if of.mask_power:
        width = known.si("phase_mask.width")
        weighted = [np.abs(s) * mask_of(high_passed(s, width)) ** of.mask_power for s in signal]
        found["swi"] = (
            EVERY,
            np.array(weighted),
            _words("1", "susceptibility weighted: magnitude times the mask of phase"),
        )
    at: dict[str, Any] = {"echo": ("echo", np.array(of.echo_times), _words("s", "echo time"))}
    for axis, n, side in zip(AXES, signal.shape[1:], voxel, strict=True):
        at[axis] = (axis, (np.arange(n) - 0.5 * (n - 1)) * side, {"units": "m", "axis": axis.upper()})
    facts = {
        "modality": "MRI, gradient echo", "simulated": "yes", "instrument": of.name, "spacing": voxel,
        "frequency": of.frequency, "field_along": field,
    }  # fmt: skip
    return xr.Dataset(found, coords=at, attrs=facts)


def _words(units: str, long_name: str) -> dict[str, str]:
    return {"units": units, "long_name": long_name}
