"""Totals as users give them: numbers, arrays, or text with a unit."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.errors import ConfigError
from sim.units import convert


def total_of(name: str, value: Any, *, signed: bool = False) -> np.ndarray:
    """A total in mmol/kgw, from a number, an array, or text with a unit."""
    v = np.asarray(convert(value, "mol/m3", name), dtype=float)
    if not signed and np.any(v < 0.0):
        raise ConfigError(f"{name} = {v[v < 0.0].flat[0]:g} mmol/kgw is negative; a total is zero or more.")
    if np.any(np.abs(v) > 1e4):
        raise ConfigError(f"{name} = {v.flat[np.argmax(np.abs(v))]:g} mmol/kgw is beyond any fluid (1e4).")
    return v


def number_array(name: str, value: Any) -> np.ndarray:
    """A dimensionless number or array (pH)."""
    return np.asarray(convert(value, "1", name), dtype=float)
