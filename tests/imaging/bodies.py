"""Phantoms of tests: cylinders of hydroxyapatite in water."""

import numpy as np

from sim.imaging import phantom


def cylinder(density, radius=2.5e-3, length=9e-3, fine=0.05e-3, room=1e-3, along=(1.0, 1.0), turned=0.0):
    """A cylinder along z [kg m-3, m]; along: stretch of its two radii, turned by an angle [rad]."""
    half = int(np.ceil((radius * max(along) + room) / fine))
    x = (np.arange(2 * half) + 0.5 - half) * fine
    a = (np.cos(turned) * x[None, :] + np.sin(turned) * x[:, None]) / along[0]
    b = (-np.sin(turned) * x[None, :] + np.cos(turned) * x[:, None]) / along[1]
    return phantom({"HAP": np.where(a**2 + b**2 < radius**2, density, 0.0)[None]}, (length, fine, fine))


def true_mass(density, radius=2.5e-3, length=9e-3):
    """[kg]"""
    return density * np.pi * radius**2 * length
