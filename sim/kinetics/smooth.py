"""Smooth stand-ins for kinks, so that an implicit solver sees a derivative everywhere."""

from __future__ import annotations

import math


def ramp(x, width):
    """x for x >> width, 0 for x <= 0, with a continuous derivative: x^2/(x + width)."""
    if x <= 0.0:
        return 0.0
    return x * x / (x + width)


def floored(x, floor, width):
    """x for x - floor >> width, never below floor: the hyperbola with both as asymptotes."""
    y = x - floor
    return floor + 0.5 * (y + math.sqrt(y * y + width * width))


def saturating(x, half):
    """Michaelis-Menten share x/(half + x) for x >= 0; linear below zero, so a small undershoot
    meets a small restoring rate and never a pole."""
    if x <= 0.0:
        return x / half
    return x / (half + x)
