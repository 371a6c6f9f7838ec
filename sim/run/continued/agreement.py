"""What a scenario must share with a run that it goes on from; a sentence for each thing that differs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.errors import ScenarioError, listing
from sim.experiment.intervention import Intervention, from_keys
from sim.experiment.nucleation import StochasticNucleation
from sim.experiment.scenario import Scenario
from sim.experiment.timing.moments import SAME_TIME
from sim.experiment.values.file_tables import parameter_from
from sim.experiment.values.given import as_given
from sim.model.model import Model
from sim.run.continued.run_state import RunState
from sim.space.grid import Grid
from sim.texts import length_text, typed_time

SAME_PLACE = 1e-9  # of the size of the grid


def check_agreement(state: RunState, s: Scenario, model: Model, grid: Grid, places: Sequence[str]) -> None:
    """Refuse a scenario that cannot go on from a state. model, grid, places: of its run"""
    _check_time(state, s)
    _check_grid(state, s, grid)
    _check_species(state, s, model)
    _check_initial(state, s, model)
    _check_places(state, s, places)
    _check_chance(state, s)
    _check_past(state, s)


def past_interventions(state: RunState) -> list[Intervention]:
    """What was done to the tissue of a state, or would have been later."""
    tables = state.manifest.get("intervention_tables", ())
    return [from_keys(Intervention, t, "interventions of the run before") for t in tables]


def has_acted(state: RunState, at: float, duration: float) -> bool:
    """Whether what begins, or ends, at a time [s] has done so in a state.

    A rounding before the time of the state it has only where the run before had a cut there: an end that was
    typed, as 0.3 day, may be a rounding off a time that was added up.
    """
    if at >= state.time:
        return False
    if state.time - at > SAME_TIME * duration:
        return True
    known = [t for c in past_interventions(state) for t in (c.at, c.until) if t is not None]
    return any(abs(t - at) <= SAME_TIME * duration and t < state.time for t in known)


def left_out_notes(state: RunState | None, s: Scenario) -> list[str]:
    """A sentence on each drug that the run before had in plasma, and that the scenario leaves out: with its
    course goes what would have washed out."""
    if state is None:
        return []
    kept = {c.treatment for c in s.interventions if has_acted(state, c.at, s.duration)}
    found = []
    for cut in past_interventions(state):
        half = cut.given.half_life if cut.treatment and cut.treatment not in kept else None
        if half is None or cut.at >= state.time or (cut.over is not None and cut.over <= state.time):
            continue
        ends = cut.until is not None and cut.until <= state.time
        found.append(
            f"{cut.label or cut.treatment}: {s.name} leaves out this course, so at {typed_time(state.time)}, "
            "where it goes on, all that was left of it in plasma is gone at once. To have it wash out by its "
            f"half-life ({half.text()}), keep the course"
            f"{'' if ends else f', with an end: until = {typed_time(state.time)}'}."
        )
    return list(dict.fromkeys(found))


def _check_time(state: RunState, s: Scenario) -> None:
    if s.duration > state.time * (1 + SAME_TIME):
        return
    more = typed_time(2 * state.time) if state.time > 0 else "1 day"
    raise ScenarioError(
        f"the state to go on from is of {typed_time(state.time)}, and {s.name} ends at "
        f"{typed_time(s.duration)}: time is counted from the first start. Give a later end, until='{more}'."
    )


def _check_grid(state: RunState, s: Scenario, grid: Grid) -> None:
    if state.kind and state.kind != s.geometry:
        raise ScenarioError(f"the run before is of a {state.kind}, and {s.name} of a {s.geometry}.")
    if tuple(grid.axes) != tuple(a for a in grid.axes if a in state.edges):
        raise ScenarioError(f"the grid of the run before has the axes {listing(state.edges) or 'none'}.")
    for axis in grid.axes:
        old, new = state.edges[axis], grid.edges[axis]
        if old.size != new.size:
            raise ScenarioError(
                f"the run before has {old.size - 1} cells along {axis}, and {s.name} has {new.size - 1}; "
                "give it the same layers, domain and resolution."
            )
        off = np.flatnonzero(np.abs(old - new) > SAME_PLACE * np.ptp(old))
        if off.size:
            k = int(off[0])
            raise ScenarioError(
                f"a face of cells along {axis} lies at {length_text(float(old[k]), 6)} in the run before, "
                f"and at {length_text(float(new[k]), 6)} in {s.name}; sizes of layers and of the domain "
                "cannot change on the way."
            )


def _check_species(state: RunState, s: Scenario, model: Model) -> None:
    known = {x.name: x for x in model.species}
    for k, (name, unit) in enumerate(zip(state.species, state.units, strict=True)):
        if name not in known:
            most = float(np.abs(state.amounts[:, k]).max(initial=0.0))
            if most > 0:
                raise ScenarioError(
                    f"the run before holds up to {most:.3g} {unit} of {name}, which the model of "
                    f"{s.name} has not: it would be lost. Keep the species, or remove what "
                    "there is of it by an intervention first."
                )
        elif known[name].unit != unit:
            raise ScenarioError(
                f"{name} is in {unit} in the run before, and in {known[name].unit} in the model of {s.name}."
            )


def _check_initial(state: RunState, s: Scenario, model: Model) -> None:
    """Refuse another amount at the start of what is there already: it would decide nothing."""
    old = state.manifest.get("initial", {})
    new = {n: v if isinstance(v, str) else as_given(v) for n, v in s.initial.items()}
    known = [x.name for x in model.species if x.name in state.species]
    for name in (*known, "pH"):
        if old.get(name) != new.get(name):
            raise ScenarioError(f"initial.{name} {_decided(state, name)}")


def _check_places(state: RunState, s: Scenario, places: Sequence[str]) -> None:
    old = state.manifest["parameters"]
    for place in places:
        for quantity in (*state.species, "pH"):
            name = f"{place}.{quantity}"
            before = parameter_from(name, old[name]).si if name in old else None
            now = s.parameters.si(name) if name in s.parameters else None
            if before != now:
                raise ScenarioError(f"'{name}' {_decided(state, quantity, place)}")


def _decided(state: RunState, species: str, place: str = "") -> str:
    where = f", region='{place}'" if place else ""
    return (
        "is read at the first start, and the run before began with another value. To change what is there "
        f"now, add sim.Intervention('{state.time!r} s', state={{'{species}': ...}}{where})."
    )


def _check_chance(state: RunState, s: Scenario) -> None:
    """Refuse another true size of the tissue."""
    before = (state.manifest.get("layout") or {}).get("stochastic")
    if s.stochastic is None or not before:
        return
    old = from_keys(StochasticNucleation, before, "chance of the run before")
    if old.sample != s.stochastic.sample:
        raise ScenarioError(
            f"the run before drew crystals of a sample of {old.sample!r}, and {s.name} says "
            f"{s.stochastic.sample!r}: the true size of the tissue cannot change on the way."
        )


def _check_past(state: RunState, s: Scenario) -> None:
    """Refuse what would have acted before, and has not. Of what lasts, one that began at the same time may be
    told otherwise: another dose from now on, an earlier end."""
    past = past_interventions(state)
    known = [(c.at, c.state, c.region, c.excise) for c in past]
    for cut in s.interventions:
        if not has_acted(state, cut.at, s.duration):
            continue
        missed = (cut.state or cut.excise) and (cut.at, cut.state, cut.region, cut.excise) not in known
        if missed or cut.at not in [c.at for c in past]:
            raise ScenarioError(
                f"{cut}: this is before {typed_time(state.time)}, where the run goes on, and was not "
                "done in the run before. Let it begin then or later, or go on from an earlier output."
            )
