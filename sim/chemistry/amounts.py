"""Totals as users give them: numbers, arrays, columns, or text with a unit."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.chemistry.formula import basis, molar_mass
from sim.errors import ConfigError, UnitError
from sim.units import convert, convert_number, float_array, has_axes, parse_unit, to_unit, unit_of

ACIDITY = "acidity"  # counts protons, of charge 1: its moles are equivalents
MOST = 1e4  # mmol/kgw, beyond any fluid


def total_of(name: str, value: Any, *, signed: bool = False) -> np.ndarray:
    """A total [mmol/kgw] of a component or of acidity; NaN where an array has no value.

    Text may be in mM, mmol/kgw, or, where the component leaves no choice, in meq/L or mg/dL.
    """
    if isinstance(value, str):
        v = np.asarray(_of_text(name, value))
    elif has_axes(value):
        v = float_array(value, "mol/m3", name)
    else:
        v = np.asarray(convert_number(value, "mol/m3", name))
    if not signed and np.any(v < 0.0):
        raise ConfigError(f"{name} = {v[v < 0.0].flat[0]:g} mmol/kgw is negative; a total is zero or more.")
    if np.any(np.abs(v) > MOST):
        worst = v[np.abs(v) > MOST].flat[0]
        raise ConfigError(f"{name} = {worst:g} mmol/kgw is beyond any fluid ({MOST:g}).")
    return v


def number_array(name: str, value: Any) -> np.ndarray:
    """A dimensionless number or array (pH); NaN where an array has no value."""
    if has_axes(value):
        return float_array(value, "1", name)
    return np.asarray(convert_number(value, "1", name))


def celsius(value: Any) -> float:
    """A temperature [degC] from a number in degC or text such as "37 degC", "310.15 K", "98.6 degF"."""
    if isinstance(value, str):
        try:
            number = convert_number(value, "1", "temperature")  # "37", as on the command line
        except UnitError:
            number = to_unit(convert_number(value, "K", "temperature"), "degC")
    elif has_axes(value):
        raise ConfigError(
            "temperature is a list or an array; one number is needed, for constants belong to a temperature: "
            "call speciate once for each."
        )
    else:
        number = convert_number(value, "1", "temperature")
    if not 0.0 <= number < 100.0:
        kelvin = f" Write '{number:g} K' if it is in kelvin." if 273.15 <= number < 373.15 else ""
        raise ConfigError(f"temperature = {number:g} degC is outside 0-99.{kelvin}")
    return number


def _of_text(name: str, text: str) -> float:
    """mmol/kgw of a text. A litre counts as a kilogram of water."""
    unit = unit_of(text, name)
    try:
        dimension = parse_unit(unit).dimension
    except UnitError:
        return convert(text, "mol/m3", name)  # which says what is wrong with the unit
    if dimension == parse_unit("mol/kgw").dimension:
        return to_unit(convert(text, "mol/kgw", name), "mmol/kgw")
    for charges, into in (("eq/m3", "eq/m3"), ("eq/kgw", "meq/kgw")):
        if dimension == parse_unit(charges).dimension:
            return _of_charges(name, text, to_unit(convert(text, charges, name), into))
    if dimension == parse_unit("kg/m3").dimension and name in basis():
        return _of_mass(name, text, convert(text, "kg/m3", name))
    return convert(text, "mol/m3", name)


def _of_charges(name: str, text: str, charges: float) -> float:
    if name == ACIDITY:
        return charges
    component = basis().get(name)
    if component is not None and component.charge and component.element == component.ion:
        return charges / abs(component.charge)
    raise UnitError(
        f"{name} = '{text}' counts charges, and {name} has no single charge: its ions lose protons as the pH "
        "rises. Give it in mM."
    )


def _of_mass(name: str, text: str, mass: float) -> float:
    """mass: [kg/m3]"""
    formulas = basis()[name].weighed_as
    moles = {what: mass / molar_mass(formula) for what, formula in formulas.items()}
    if len(moles) == 1:
        return next(iter(moles.values()))
    choice = " or ".join(
        f"'{n:.5g} mM' if of {what} ({1e3 * molar_mass(formulas[what]):g} g/mol)" for what, n in moles.items()
    )
    raise UnitError(f"{name} = '{text}' is a mass, and does not say of what. Write {choice}.")
