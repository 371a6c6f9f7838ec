"""Activity coefficients of ions in dilute water, and the water's own activity.

Everything is molal; log10 gamma as the literature prints it. The functions are plain scalar
formulas.
"""

# ruff: noqa: E741  -- I is the ionic strength

from __future__ import annotations

import math
from functools import lru_cache
from importlib import resources

from sim.parameters import load_parameters

LN10 = math.log(10.0)

WATER_CRITICAL_TEMPERATURE = 647.096  # K, Wagner & Pruss 2002


def saturation_pressure(T):
    """Vapour pressure of water [atm] at T [K], Antoine form of Parkhurst & Appelo 2013."""
    return math.exp(11.6702 - 3816.44 / (T - 46.13))


def water_density(T):
    """Density of liquid water at 1 atm [kg m-3]; T [K], 273-373.

    Source: Wagner & Pruss 2002, eq. 2.6 at saturation, then PHREEQC's polynomial in pressure.
    """
    th = 1.0 - T / WATER_CRITICAL_TEMPERATURE
    third = th ** (1.0 / 3.0)
    saturated = 322.0 * (
        1.0
        + 1.99274064 * third
        + 1.09965342 * third**2
        - 0.510839303 * third**5
        - 1.75493479 * third**16
        - 45.5170352 * third**43
        - 6.7469445e5 * third**110
    )
    t = T - 273.15
    p = 1.0 - saturation_pressure(T) + 1e-6
    p0 = 5.188e-2 + t * (-4.1885519e-4 + t * (6.6780748e-6 + t * (-3.6648699e-8 + t * 8.3501912e-11)))
    p1 = -6.0251348e-6 + t * (3.669640e-7 + t * (-9.2056269e-9 + t * (6.7024182e-11 - t * 1.5947241e-13)))
    return saturated + p * (p0 + p * p1)  # the higher powers are below 1e-9 kg m-3 at 1 atm


def dielectric_constant(T):
    """Relative permittivity of water at 1 atm [-]; T [K], 273-623.

    Source: Bradley & Pitzer 1979, eqs. 1-4.
    """
    at_1000_bar = 3.4279e2 * math.exp(T * (-5.0866e-3 + T * 9.4690e-7))
    c = -2.0525 + 3.1159e3 / (T - 182.89)
    b = -8.0325e3 + 4.2142e6 / T + 2.1417 * T
    return at_1000_bar + c * math.log((b + 1.01325) / (b + 1000.0))


def debye_hueckel(T):
    """Debye-Hueckel A [(kg/mol)^0.5, log10] and B [angstrom-1 (kg/mol)^0.5] at T [K].

    Source: Parkhurst & Appelo 2013 with their e^2/k = 1.671008e-3 esu^2 K/erg and Avogadro constant
        6.02252e23, so that A(25 C) is 0.510025.
    """
    e2_DkT = 1.671008e-3 / (dielectric_constant(T) * T)  # cm
    B = math.sqrt(8.0 * math.pi * 6.02252e23 * e2_DkT * water_density(T) / 1e6)  # 1/cm
    return B * e2_DkT / (2.0 * LN10), B * 1e-8


def davies(I, z, A):
    """log10 gamma of an ion of charge z at ionic strength I [mol/kg]; how far it is used: data/activity.toml.

    Source: Davies 1962, with 0.3 I. A: Debye-Hueckel A [(kg/mol)^0.5]
    """
    root = math.sqrt(I)
    return -A * z * z * (root / (1.0 + root) - 0.3 * I)


def davies_slope(I, z, A):
    """d(log10 gamma)/dI [kg/mol] of `davies`, I > 0."""
    root = math.sqrt(I)
    return -A * z * z * (0.5 / (root * (1.0 + root) ** 2) - 0.3)


def truesdell_jones(I, z, A, B, ion_size, b):
    """log10 gamma of an ion of charge z at ionic strength I [mol/kg].

    ion_size: [angstrom]    b: [kg/mol]    A, B: from `debye_hueckel`
    Source: Truesdell & Jones 1974.
    """
    root = math.sqrt(I)
    return -A * z * z * root / (1.0 + B * ion_size * root) + b * I


def truesdell_jones_slope(I, z, A, B, ion_size, b):
    """d(log10 gamma)/dI [kg/mol] of `truesdell_jones`, I > 0."""
    root = math.sqrt(I)
    return -A * z * z * 0.5 / (root * (1.0 + B * ion_size * root) ** 2) + b


def neutral(I, b):
    """log10 gamma of a neutral solute at ionic strength I [mol/kg]; b [kg/mol], mostly 0.1."""
    return b * I


def water_activity(sum_m, slope=0.017):
    """Activity of water [-] from the sum of all solute molalities [mol/kg].

    Source: Garrels & Christ 1965 as in Parkhurst & Appelo 2013; slope [kg/mol].
    """
    return 1.0 - slope * sum_m


@lru_cache
def largest_ionic_strength(model: str) -> float:
    """Ionic strength [mol/kg] up to which a model is sound, or inf; from data/activity.toml."""
    table = load_parameters(resources.files("sim") / "data" / "activity.toml")
    name = f"{model}.ionic_strength"
    return table.si(name) if name in table else math.inf


def range_notes(model, ionic_strength, constants, limits, temperature):
    """Sentences on what lies beyond the ranges of an activity model and of a set of constants.

    ionic_strength: [mol/kg], the largest    constants: name of the set    limits: its temperatures [degC]
    temperature: [degC]
    """
    found = []
    most = largest_ionic_strength(model)
    if ionic_strength > most:
        found.append(
            f"the ionic strength reaches {ionic_strength:.3g} mol/kgw; activity coefficients by {model} are "
            f"sound to about {most:g}, so saturation and pH beyond that are uncertain."
        )
    if not limits[0] <= round(temperature, 6) <= limits[1]:
        found.append(
            f"{temperature:g} degC is outside {limits[0]:g}-{limits[1]:g} degC, the range of constants "
            f"'{constants}'."
        )
    return found
