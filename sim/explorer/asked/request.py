"""What was asked for on the page, as texts, and the scenario that it makes; refusals by field."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sim.errors import ConfigError, HapsimError, nearest
from sim.experiment.scenario import Scenario
from sim.experiment.targets import target
from sim.experiment.typed import typed
from sim.explorer.asked.choices import cells_along
from sim.identity.settings import RTOL, checked_rtol
from sim.space.geometries import GEOMETRIES
from sim.units import convert_number

DURATION, CELLS, TOLERANCE, GEOMETRY = "duration", "cells", "tolerance", "geometry"


@dataclass(frozen=True)
class TreatmentWish:
    """A treatment as it was typed; "" is left out. start and stop: times, dose: with or without its unit"""

    name: str
    dose: str = ""
    start: str = ""
    stop: str = ""


@dataclass(frozen=True)
class Request:
    """A scenario and what to change of it, every value a text as it was typed.

    values: {parameter: text}, a plain number in the unit of the parameter; cells: along the longer side,
    "" for those of the scenario; geometry: "" for its own; duration: "" for its own
    """

    base: Scenario
    values: Mapping[str, str] = field(default_factory=dict)
    treatments: tuple[TreatmentWish, ...] = ()
    geometry: str = ""
    cells: str = ""
    duration: str = ""
    tolerance: str = ""


@dataclass(frozen=True)
class Said:
    """What there is to say of a field. refused: why its value cannot be taken; mind: what to mind of it"""

    refused: str = ""
    mind: str = ""


def with_unit(text: str, unit: str) -> str:
    """A typed value, a plain number in this unit: "2" is "2 mM"; anything else stays as it is."""
    plain = text.strip()
    try:
        convert_number(plain, "1", "value")
    except HapsimError:
        return plain
    return plain if unit == "1" or not plain else f"{plain} {unit}"


def said_of_value(base: Scenario, name: str, text: str) -> Said:
    """Whether a parameter takes a text."""
    unit = base.parameter(name).unit
    return _said(lambda: typed(base, {name: with_unit(text, unit)}))


def said_of_duration(base: Scenario, text: str) -> Said:
    return _said(lambda: _with_duration(base, text))


def said_of_tolerance(text: str) -> Said:
    return _said(lambda: tolerance_of(text))


def said_of_cells(base: Scenario, geometry: str, text: str) -> Said:
    return _said(lambda: _placed(base, geometry, text))


def said_of_treatment(base: Scenario, wish: TreatmentWish) -> Said:
    """Whether a treatment can be given so, judged without the others."""
    return _said(lambda: _treated(base, wish))


def scenario_of(request: Request) -> Scenario:
    """The scenario that was asked for. Raises HapsimError, whose text is the sentence to show.

    Duration first and treatments before values, as on the command line: a treatment may lie beyond the end
    that was, and a value may be of what it brings.
    """
    with _quiet():
        made = _with_duration(request.base, request.duration)
        for wish in request.treatments:
            made = _treated(made, wish)
        units = {name: request.base.parameter(name).unit for name in request.values}
        values = {name: with_unit(text, units[name]) for name, text in request.values.items()}
        made = typed(made, values) if values else made
        return _placed(made, request.geometry, request.cells)


def tolerance_of(text: str) -> float:
    """The relative tolerance of a run; the usual one of ""."""
    return checked_rtol(convert_number(text, "1", "relative tolerance")) if text.strip() else RTOL


def _with_duration(base: Scenario, text: str) -> Scenario:
    if not text.strip():
        return base
    return typed(base, {"duration": with_unit(text, "day")})


def _treated(base: Scenario, wish: TreatmentWish) -> Scenario:
    from sim.experiment.treatments.treatment import treatment

    dose = treatment(wish.name).dose
    given: dict[str, Any] = {"start": with_unit(wish.start, "day") if wish.start.strip() else 0.0}
    if wish.stop.strip():
        given["stop"] = with_unit(wish.stop, "day")
    if wish.dose.strip():
        given["dose"] = wish.dose if dose is None else with_unit(wish.dose, dose.unit)
    return base.treated(wish.name, **given)


def _placed(base: Scenario, geometry: str, cells: str) -> Scenario:
    """The scenario in a geometry, with so many cells along its longer side."""
    made = base
    if geometry and geometry != base.geometry:
        if geometry not in GEOMETRIES:
            raise ConfigError(f"'{geometry}' is no geometry.{nearest(geometry, GEOMETRIES)}")
        made = typed(base, {"geometry": geometry, "domain": ()})
    if not cells.strip():
        return made
    unit = target(made, "resolution").unit
    wanted, there = convert_number(cells, unit, "cells"), cells_along(made)
    if wanted != int(wanted) or wanted < 1:
        raise ConfigError(f"cells = {cells.strip()} is not a whole number of at least 1.")
    return made if wanted == there else typed(made, {"resolution": wanted / there})


def _said(attempt: Callable[[], object]) -> Said:
    """What came of an attempt: the sentence of an error, or those of warnings."""
    try:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            attempt()
    except HapsimError as error:
        return Said(refused=str(error))
    return Said(mind=" ".join(dict.fromkeys(str(w.message) for w in found)))


@contextmanager
def _quiet() -> Any:
    """Without warnings: each field has told its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
