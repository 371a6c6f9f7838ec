"""Runs side by side in lanes: each has its own numbers, fields, boundaries and tail, and no other's."""

import numpy as np
import pytest

import sim
from sim.binder.lanes.runs_in_lanes import RunsInLanes, kind_of
from sim.binder.system import System
from sim.experiment.change import applied
from sim.run.segments import Builder
from sim.space import grid as grids

CELLS = {"lesion": 2, "border": 1}


@pytest.fixture(scope="module")
def base():
    """A line of three cells with an open end, perfusion, and all that the chemistry has."""
    infarct = sim.scenario("infarct_myocardium")
    return infarct.with_geometry(infarct.geometry, CELLS)


def segment(scenario):
    (found,) = Builder(scenario).segments()
    return found


@pytest.fixture(scope="module")
def changed(base):
    """{parameter: the segment of a run in which it is 7 % larger}, all that have a number other than 0."""
    names = [n for n, p in base.parameters.items() if p.si]
    return {n: segment(applied(base, {n: 1.07 * base.parameters[n].si})) for n in names}


@pytest.fixture(scope="module")
def alike(base, changed):
    """Those that can be side by side with the base."""
    kind = kind_of(segment(base).system)
    return {n: s for n, s in changed.items() if kind_of(s.system) == kind}


def test_all_parameters_may_differ_between_lanes(changed, alike):
    """Coefficients of the stoichiometry (pools of dying cells) too."""
    assert set(alike) == set(changed)
    assert {"fluid.temperature", "plasma.Ca", "lesion.perfusion", "necrosis.Ca_pool"} <= set(alike)


def stirred_up(segment, rng):
    """A state of the run in which its cells differ: all that is in them moved by up to a fifth."""
    y, system = segment.first(), segment.system
    body, _ = system.split(y)
    body += 0.01 * system.scale * rng.uniform(size=body.shape)
    body *= rng.uniform(0.8, 1.2, body.shape)
    return y


def test_each_lane_has_its_own_numbers(alike):
    """Rates of every run, each with another parameter changed, are those of its own system."""
    segments, rng = list(alike.values()), np.random.default_rng(1)
    systems = [s.system for s in segments]
    lanes, states = RunsInLanes(systems), [stirred_up(segments[0], rng)] * len(segments)
    y = lanes.gathered(states)
    dy, different = np.empty_like(y), []
    lanes.rhs(0.0, y, dy)
    for k, (name, system) in enumerate(zip(alike, systems, strict=True)):
        alone = np.empty(system.size)
        system.rhs(0.0, states[k], alone)
        different.append(alone)
        body, tail = system.split(alone)
        found, found_tail = system.split(lanes.of_run(k, dy))
        assert np.abs(body).max() > 0
        scale = np.abs(body).max(axis=0) + 1e-30
        assert np.abs((found - body) / scale).max() < 1e-9, name
        assert np.allclose(found_tail, tail, rtol=1e-9, atol=1e-30), name
    rows = {d.tobytes() for d in different}
    assert len(rows) > 0.5 * len(alike)  # the others start with a different state, or act later


def test_slopes_are_those_of_each_run(alike):
    names = list(alike)[:16]
    systems = [alike[n].system for n in names]
    states = [alike[n].first() for n in names]
    lanes = RunsInLanes(systems)
    slopes = lanes.slopes(0.0, lanes.gathered(states))  # (groups, entries, WIDTH)
    for run, (system, state) in enumerate(zip(systems, states, strict=True)):
        own = system.slopes(0.0, state)[0]
        for cell in range(system.n_cells):
            found, wanted = slopes[(run // 8) * system.n_cells + cell, :, run % 8], own[:, cell]
            assert np.allclose(found, wanted, rtol=1e-6, atol=1e-12 * np.abs(wanted).max()), names[run]


def test_states_are_taken_apart_as_they_were_put_together(alike):
    systems = [s.system for s in alike.values()][:11]
    rng = np.random.default_rng(3)
    states = [rng.normal(size=s.size) for s in systems]
    lanes = RunsInLanes(systems)
    assert lanes.runs == 16 and lanes.count == 11
    y = lanes.gathered(states)
    for k, state in enumerate(states):
        assert np.array_equal(lanes.of_run(k, y), state)
        assert np.array_equal(lanes.of_run(k, np.array([y, 2 * y]))[1], 2 * state)
    assert np.array_equal(lanes.of_run(15, y), states[-1])  # the last fills up


def test_systems_get_back_the_last_solutions(alike):
    """Warm from the lanes, a system finds what it finds from a cold start."""
    segments = list(alike.values())[:9]
    lanes, states = RunsInLanes([s.system for s in segments]), [s.first() for s in segments]
    dy = np.empty(lanes.size)
    lanes.rhs(0.0, lanes.gathered(states), dy)
    lanes.leave()
    system, y = segments[4].system, states[4]
    warm = system.cells.memory.copy()
    pH = system.evaluate(0.0, y)[0]["pH"]
    system.forget()
    assert not np.array_equal(warm, system.cells.memory)
    assert np.allclose(pH, system.evaluate(0.0, y)[0]["pH"], rtol=1e-12)
    assert np.allclose(warm[:, :, :3], system.cells.memory[:, :, :3], rtol=1e-9)


def _halved(a, k):
    """A loop over the state, which the graph does not read [mol m-3 s-1]."""
    while a > 1.0:
        a = a / 2.0
    return k * a


def test_formulas_that_are_no_vector_code_run_alone():
    """Compiled functions of formulas know one set of numbers."""
    rate = sim.Parameter(1e-3, "s-1", source="this_work")
    process = sim.Process("loss", _halved, changes={"a": -1}, parameters={"k": rate})
    model = sim.Model((sim.Species("a", diffusivity=1e-9),), (process,), name="halved")
    assert kind_of(System(model, grids.well_mixed())) is None
