"""Saturation of solids, and classical nucleation in closed form.

Omega = IAP/Ksp and the volume v are both *per formula unit* here (HAP: Ca5(PO4)3OH); the per-ion S
= Omega^(1/nu) is for display and growth laws. Taking v of one and ln of the other is wrong by nu^2
in the barrier. Plain scalar formulas; letters as in the nucleation literature.
"""

from __future__ import annotations

import math

import numpy as np

from sim.units.constants import k_B


def ln_iap(ln_activity, ln_water_activity, nu, water):
    """ln of the ion activity product [-] of minerals dissolving over the components.

    ln_activity: (..., nc)    ln_water_activity: (...)    nu: (minerals, nc)    water: (minerals,)
    Gives (..., minerals); -inf where a component is absent, NaN where the activity is NaN.
    """
    x = np.asarray(ln_activity, dtype=float)
    finite = np.where(np.isneginf(x), 0.0, x)
    # Not a matrix product: for few columns BLAS wakes threads, which spin and cost more than the sums.
    iap = np.einsum("...k,mk->...m", finite, nu) + np.asarray(ln_water_activity)[..., None] * water
    lacking = (np.isneginf(x)[..., None, :] & (nu > 0)).any(axis=-1)
    return np.where(lacking, -np.inf, iap)


def saturation_index(ln_iap, log_Ksp):
    """SI = log10(IAP/Ksp) [-]; ln_iap natural, log_Ksp decadic."""
    return ln_iap / math.log(10.0) - log_Ksp


def saturation_ratio(SI, nu):
    """S = (IAP/Ksp)^(1/nu) [-] per ion; nu: ions in a formula unit."""
    return 10.0 ** (SI / nu)


def driving_force(ln_Omega, T):
    """dmu = k T ln Omega, free energy gained per formula unit that precipitates [J]; T [K]."""
    return k_B * T * ln_Omega


def critical_radius(gamma, v, dmu):
    """r* = 2 gamma v/dmu of a sphere or cap [m]; gamma [J m-2], v [m3], dmu [J] > 0."""
    return 2.0 * gamma * v / dmu


def barrier_sphere(gamma, v, dmu):
    """dG* = 16 pi gamma^3 v^2/(3 dmu^2) of homogeneous nucleation [J]."""
    return 16.0 * math.pi / 3.0 * gamma**3 * v**2 / dmu**2


def wetting_factor(theta):
    """f(theta) = (2 + cos)(1 - cos)^2/4, a cap's barrier over the sphere's [-]; theta [rad]."""
    return 0.25 * (2.0 + math.cos(theta)) * (1.0 - math.cos(theta)) ** 2


def critical_size(gamma, v, dmu):
    """n* = 4 pi r*^3/(3 v), formula units in the critical sphere [-]."""
    r = 2.0 * gamma * v / dmu
    return 4.0 * math.pi * r**3 / (3.0 * v)


def zeldovich(gamma, v, dmu, T):
    """Zeldovich factor sqrt(dG*/(3 pi k T))/n* of the sphere [-]; T [K].

    Source: the curvature of dG(n) at n*, sqrt(-d2G/dn2/(2 pi k T)).
    """
    dG = 16.0 * math.pi / 3.0 * gamma**3 * v**2 / dmu**2
    r = 2.0 * gamma * v / dmu
    n = 4.0 * math.pi * r**3 / (3.0 * v)
    return math.sqrt(dG / (3.0 * math.pi * k_B * T)) / n


def barrier_constant(gamma, v, T):
    """B = (16 pi/3) gamma^3 v^2/(k T)^3 in J = A exp(-f B/(ln Omega)^2) [-]."""
    return 16.0 * math.pi / 3.0 * gamma**3 * v**2 / (k_B * T) ** 3
