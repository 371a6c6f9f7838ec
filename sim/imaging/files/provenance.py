"""What a file says of the picture in it, and which pictures files can hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError

if TYPE_CHECKING:
    import xarray

MM = 1e3  # millimetres in a metre: what medical files count in
WARNING = "Simulated by hapsim; not a patient"
LARGEST = 400_000_000  # bytes of numbers that a file may hold, written or read


def need_volume(image: Any, what: str) -> None:
    """Refuse what is no picture over (z, y, x) with sizes of voxels."""
    if getattr(image, "dims", ()) != ("z", "y", "x") or not {"pixel", "spacing"} <= set(image.attrs):
        raise ConfigError(f"{what} holds a volume over z, y and x, as sim.imaging.ct makes it.")
    if not np.isfinite(image.values).all():
        raise ConfigError(f"the picture holds values that are no numbers; {what} cannot say so.")


def as_text(image: xarray.DataArray) -> str:
    """Attributes of a picture as JSON, in the order of their names."""
    said = {k: _plain(v) for k, v in image.attrs.items()}
    return json.dumps({"simulated": True, "by": "hapsim", **said}, sort_keys=True, default=str)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
