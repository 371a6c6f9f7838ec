"""How much of an axis a quantity may fill: what cannot be told apart must not look like an effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sim.run.result import Result

LOGARITHMS = 0.1  # pH and saturation indices: least width of an axis; electrodes and tables tell 0.01 apart
SHARE = 0.1  # of their size: least width of an axis of amounts
CONSTANT = 0.05  # of those widths: what varies less is called constant
STEPS = 10.0  # tolerances of a step that a whole run may be off by


def is_logarithm(name: str) -> bool:
    """Whether a variable is a logarithm of an amount."""
    return "pH" in name or name.startswith("SI") or name.startswith("saturation")


def least_span(name: str, size: float) -> float:
    """The least that an axis of a variable spans, in the unit of `size`, the largest value on it."""
    return LOGARITHMS if is_logarithm(name) else SHARE * abs(size)


def least_resolved(result: Result, name: str) -> float:
    """The least of a variable that a run tells from nothing, its absolute tolerance [its unit]; 0 where
    that is not known."""
    return float(result.manifest.get("atol", 0.0)) * float(result[name].attrs.get("reference_scale", 0.0))


def least_step(result: Result, name: str, size: float) -> float:
    """The least difference of a variable that a run tells apart [its unit]: its tolerances at this size."""
    rtol = STEPS * float(result.manifest.get("rtol", 0.0))
    if is_logarithm(name):
        return rtol / float(np.log(10.0))
    return least_resolved(result, name) + rtol * abs(size)


def is_constant(values: np.ndarray, name: str, step: float = 0.0) -> bool:
    """Whether values vary by less than matters. step: what a run tells apart [unit of the values]"""
    good = values[np.isfinite(values)]
    if not good.size:
        return True
    low, high = float(good.min()), float(good.max())
    return high - low <= max(CONSTANT * least_span(name, max(-low, high)), step)


def widened(low: float, high: float, span: float) -> tuple[float, float]:
    """Limits at least `span` apart about the same middle; amounts keep to their side of zero."""
    if high - low >= span:
        return low, high
    middle = 0.5 * (low + high)
    found = middle - 0.5 * span, middle + 0.5 * span
    if low >= 0.0 > found[0]:
        return 0.0, span
    return found
