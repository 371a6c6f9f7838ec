"""What a scenario leaves out of its layers, regions and boundary: defaults, units and ranges."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib import resources

from sim.model.library import FIELDS
from sim.model.library.tables import package_places
from sim.model.model import Model
from sim.parameters import Parameter, Parameters, load_parameters
from sim.parameters.wording import plain_unit
from sim.units import convert_number, from_unit, si_unit, to_unit


def of_place(model: Model, quantity: str, default: float, unit: str) -> Parameter:
    """The default of a quantity of a layer, a region or plasma, with the range that its kind has.

    A field or a share that is the library's is that of data/fields.toml; any other amount, in SI, is not
    negative unless its species is signed.
    """
    own = model.fields.get(quantity)
    kind = "fields" if own is not None else "start"
    known = package_places().get(f"{kind}.{quantity}")
    if known is not None and (own is None or own == FIELDS.get(quantity)):
        return known
    held = next((s for s in model.species if s.name == quantity), None)
    least = 0.0 if held is not None and not held.signed else None
    return Parameter(default, si_unit(unit), low=least, source="this_work")


def given(known: Parameter, value: float | str, name: str) -> Parameter:
    """Another value of such a quantity, in the unit it is given in, else in SI or mM.

    Raises UnitError for another dimension, ParameterError for a negative value of what cannot be negative.
    """
    number = convert_number(value, known.unit, name)
    if isinstance(value, str):
        unit, number = (written := Parameter(value)).unit, written.value
    else:
        unit = plain_unit(si_unit(known.unit))
    made = in_unit(known, unit, number)
    made.refuse_below_zero(name, known.low)
    return made


def in_unit(known: Parameter, unit: str, value: float) -> Parameter:
    """A parameter of this value in `unit`, without source, with the range that is known."""
    low, high = (None if end is None else to_unit(from_unit(end, known.unit), unit) for end in known.range)
    return Parameter(value, unit, low, high)


@cache
def of_boundary() -> Parameters:
    """Parameters of the boundary, which scenarios may leave out."""
    return load_parameters(resources.files("sim") / "data" / "boundary.toml")


def outside_of(name: str) -> Parameter:
    """A parameter of the boundary that is not set, with its unit and range."""
    return replace(of_boundary()[name], value=0.0, confidence="assumed")
