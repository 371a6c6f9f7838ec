"""The formulas of `ndf` against what defines them, and what it does where others break."""

import math
import re
import time

import numba
import numpy as np
import pytest
from test_closing_pores import drawn, stall_early

import sim
from sim.binder import expressions
from sim.binder.system import System
from sim.graph.flow import UnreadableFormula
from sim.model.model import Model
from sim.model.process import Process
from sim.model.species import Species
from sim.parameters.parameter import Parameter
from sim.solvers import Task, ndf, solver
from sim.solvers.steps import ndf_steps, on_a_line
from sim.solvers.steps.solution import Recorder
from sim.space import grid as grids
from sim.space.boundary import Boundary

K = {"k": Parameter(1.0, "1/s")}


def backward_differences(y, order):
    """nabla^m y at its last point, m = 0..order."""
    return np.array([np.diff(y, n=m)[-1] if m else y[-1] for m in range(order + 1)])


@pytest.mark.parametrize("order", range(1, 6))
def test_constants_give_the_order_and_the_error(order):
    """sum_m (1/m) nabla^m y - y' - kappa gamma nabla^(k+1) y for y = t^j/j!: zero up to j = k, and
    minus the error constant for j = k + 1."""
    t = np.arange(-12.0, 1.0)
    for j in range(1, order + 2):
        y = t**j / math.factorial(j)
        d = backward_differences(y, order + 1)
        left = sum(d[m] / m for m in range(1, order + 1)) - (1.0 if j == 1 else 0.0)
        left -= ndf_steps.KAPPA[order] * ndf_steps.GAMMA[order] * d[order + 1]
        expected = -ndf_steps.ERROR[order] if j == order + 1 else 0.0
        assert left == pytest.approx(expected, abs=1e-9), j
    assert ndf_steps.ALPHA[order] == pytest.approx(
        (1 - ndf_steps.KAPPA[order]) * sum(1 / m for m in range(1, order + 1))
    )


@pytest.mark.parametrize(
    ("order", "longer", "angle"), [(1, 26, 90), (2, 26, 90), (3, 26, 80), (4, 12, 66), (5, 0, 51)]
)
def test_kappa_gives_the_steps_and_the_stability_of_the_table(order, longer, angle):
    """Shampine & Reichelt 1997, table 1: steps longer than those of BDF at the same error [%], and
    A(alpha)-stability [degrees]. Any kappa has the order; these are what it was chosen for."""
    bdf = 1 / (order + 1)
    assert round(100 * ((bdf / ndf_steps.ERROR[order]) ** bdf - 1)) == longer
    back = 1 - np.exp(-1j * np.linspace(1e-6, np.pi, 100_001))  # nabla on a mode of modulus 1
    locus = sum(back**m / m for m in range(1, order + 1))
    locus -= ndf_steps.KAPPA[order] * ndf_steps.GAMMA[order] * back ** (order + 1)
    left = locus[locus.real < -1e-9 * np.abs(locus)]
    found = np.degrees(np.min(np.pi - np.abs(np.angle(left)), initial=np.pi / 2))
    assert math.floor(found + 1e-9) == angle


@pytest.mark.parametrize("factor", [0.3, 0.9, 2.7])
@pytest.mark.parametrize("order", range(1, 6))
def test_another_spacing_keeps_the_polynomial(order, factor):
    t = np.arange(-order, 1.0)
    poly = np.polynomial.Polynomial(np.arange(1.0, order + 2))
    old = backward_differences(poly(t), order)
    new = backward_differences(poly(t * factor), order)
    used = slice(0, order + 1)  # of the rows for the highest order
    matrix = ndf_steps.step_matrix(order, factor)[used, used]
    assert matrix @ old == pytest.approx(new, rel=1e-9, abs=1e-9 * np.abs(old).max())
    assert matrix[0] == pytest.approx(np.eye(order + 1)[0], abs=1e-13)  # the state itself stays
    assert matrix[1:, 0] == pytest.approx(np.zeros(order), abs=1e-13)


def system(formula, species=("a",), parameters=K, changes=None, grid=None, **fields):
    model = Model(
        tuple(Species(s) for s in species),
        (Process("p", formula, changes or {species[0]: -1}, parameters),),
        name=formula.__name__,
    )
    return System(model, grid or grids.well_mixed())


def solve(s, y0, t1, rtol=1e-6, atol=1e-8, times=(), name="ndf", t0=0.0, **options):
    y = np.zeros(s.size)
    s.split(y)[0][:] = y0
    return solver(name).solve(Task(s, t0, t1, y, np.array([*times, t1]), rtol, s.tolerances(atol), **options))


def decay(a, k):
    return k * a


def saturating(a, V, K):
    return V * a**1.5 / (K + a**1.5)


def share(ash, bone, k):
    return k * ash / (ash + bone)


def constant(k):
    return k


def root_of_rest(a, k):
    return k * math.sqrt(1.0 - a)


def test_a_jacobian_outside_the_domain_is_taken_again():
    """The predictor overshoots below zero, where a^1.5 is NaN; the shorter step needs a J of its own."""
    s = system(saturating, parameters={"V": Parameter(1.0, "mol m-3 s-1"), "K": Parameter(1e-6, "1")})
    found = solve(s, 1.0, 1.5, rtol=1e-4, atol=1e-6, times=[0.9])
    assert found.status == "finished", found.message
    assert found.statistics["newton_failures"] > 0  # else it was not put to the test
    assert found.y[0] == pytest.approx(0.1, abs=1e-3)  # V t, but for the last thousandth
    assert found.end == pytest.approx(0.0, abs=2e-6)


def test_on_a_plane_such_a_step_is_done_again_too():
    """Multigrid refuses numbers that are not finite; the step was too long, and the run goes on."""
    parameters = {"V": Parameter(1.0, "mol m-3 s-1"), "K": Parameter(1e-6, "1")}
    model = Model(
        (Species("a", diffusivity=1e-9),), (Process("p", saturating, {"a": -1}, parameters),), name="plane"
    )
    s = System(model, grids.rectangle([1e-3, 1e-3], [8, 8]))
    found = solve(s, 1.0, 1.5, rtol=1e-4, atol=1e-6, times=[0.9])
    assert found.status == "finished", found.message
    assert found.statistics["newton_failures"] > 0 and "v_cycles" in found.statistics
    u, _ = s.split(found.end)
    assert u == pytest.approx(0.0, abs=2e-6)


@pytest.mark.parametrize("name", ["ndf", "rk", "rkc"])
def test_a_rate_that_is_no_number_ends_at_once_with_a_sentence(name):
    s = system(share, ("bone", "ash"), changes={"ash": -1})
    began = time.monotonic()
    found = solve(s, 0.0, 1.0, name=name)
    assert found.status == "failed" and time.monotonic() - began < 60
    assert re.search(r"\bash in cell 0|rate of ash\b", found.message)
    if name == "ndf":
        assert "not a finite number" in found.message


@pytest.mark.parametrize("name", ["ndf", "rk"])
def test_what_begins_below_zero_may_come_back(name):
    found = solve(system(decay), -2e-6, 5.0, atol=1e-6, name=name)
    assert found.status == "finished", found.message
    assert found.end[0] == pytest.approx(-2e-6 * math.exp(-5.0), abs=1e-7)
    assert 1.0 < found.undershoot <= 2.0  # seen from the first step on


def test_running_out_is_done_in_short_steps_and_counted():
    """Consumption that does not stop at zero: the tolerance cannot be kept, and nothing is clipped."""
    found = solve(system(constant), 0.5, 1.0, rtol=1e-4, atol=1e-6)
    assert found.status == "finished", found.message
    assert found.end[0] == pytest.approx(-0.5, rel=1e-6)
    assert found.statistics["rejected"] > 0
    assert found.undershoot > 1e5


def test_the_edge_of_a_domain_has_a_slope_from_inside(monkeypatch):
    """sqrt(1 - a) at a = 1, where its slope is infinite: 0 by the graph, and by differences that of a nudge
    downwards, for one upwards leaves the domain."""

    def refuse(*_):
        raise UnreadableFormula("a test")

    assert system(root_of_rest).slopes(0.0, np.array([1.0]))[0, 0, 0] == 0.0
    monkeypatch.setattr(expressions, "read_function", refuse)
    slope = system(root_of_rest).slopes(0.0, np.array([1.0]))[0, 0, 0]
    assert np.isfinite(slope) and slope < 0.0


@pytest.mark.parametrize("span", [1.0, 1e9])
def test_a_state_at_rest_stays_for_thirty_years(span):
    found = solve(system(decay), 0.0, span)
    assert found.status == "finished" and found.end[0] == 0.0


def test_no_time_to_integrate_is_refused():
    for name in ("ndf", "rk"):
        assert "does not lie after" in solve(system(decay), 1.0, 1.0, t0=1.0, name=name).message


def test_many_cells_without_anything_mobile():
    s = system(decay, grid=grids.rectangle((1e-3, 1e-3), (20, 20)))
    found = solve(s, np.linspace(1.0, 2.0, 400)[:, None], 2.0)
    assert s.split(found.end)[0][:, 0] == pytest.approx(np.linspace(1.0, 2.0, 400) * math.exp(-2.0), rel=1e-4)


def test_outputs_lie_on_the_curve_between_steps():
    """The interpolant has the order of the step: a straight line would be off by some 1e-3."""
    times = np.linspace(0.05, 4.95, 99)
    found = solve(system(decay), 1.0, 5.0, rtol=1e-6, atol=1e-9, times=times)
    assert found.statistics["steps"] < 99
    assert np.abs(found.y[:-1, 0] - np.exp(-times)).max() < 2e-5


def test_the_error_follows_the_tolerance():
    errors = [
        abs(solve(system(decay), 1.0, 3.0, rtol=r, atol=r * 1e-3).end[0] - math.exp(-3.0)) * math.exp(3.0)
        for r in (1e-4, 1e-6, 1e-8)
    ]
    for error, rtol in zip(errors, (1e-4, 1e-6, 1e-8), strict=True):
        assert error < 30 * rtol
    assert errors[2] < 1e-2 * errors[0]


def test_a_model_without_species_is_refused():
    from sim.errors import ModelError

    with pytest.raises(ModelError, match="nothing to integrate"):
        System(Model(()), grids.well_mixed())


def spread(a, b, k):
    return k * a * b


def test_a_line_compiled_whole_takes_the_same_steps_as_threads_do(monkeypatch):
    """Two ways to run one text; the arithmetic differs by the order of sums only."""
    model = Model(
        (Species("a", diffusivity=1e-9), Species("b"), Species("c", diffusivity=2e-9)),
        (Process("p", spread, {"a": -1, "b": -1, "c": 1}, {"k": Parameter(0.01, "m3 mol-1 s-1")}),),
        name="spread",
    )
    edge = {"outer": Boundary("fixed", {"a": 2.0, "c": 0.0})}
    ends = []
    for most in (ndf.GROUPS_PER_THREAD, 0):
        monkeypatch.setattr(ndf, "GROUPS_PER_THREAD", most)
        s = System(model, grids.cylinder(1e-3, 45), boundaries=edge)
        y = np.zeros(s.size)
        s.split(y)[0][:] = 1.0, 3.0, 0.5
        times = np.array([0.0, 3.0, 500.0, 2000.0])
        ends.append(solver("ndf").solve(Task(s, 0.0, 2000.0, y, times, 1e-6, s.tolerances(1e-8))))
    assert ends[0].statistics == ends[1].statistics and ends[0].statistics["steps"] > 30
    assert ends[0].t.tolist() == ends[1].t.tolist() == times.tolist()
    assert ends[0].y == pytest.approx(ends[1].y, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("cells", [(97, 61), (64, 80)])
def test_a_plane_ends_with_the_same_bytes_for_any_number_of_threads(cells):
    """Cells in groups that are not full, and in shares of chunks; as many as two threads are worth."""
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("needs two threads")
    model = Model(
        (Species("a", diffusivity=1e-9), Species("b"), Species("c", diffusivity=2e-9)),
        (Process("p", spread, {"a": -1, "b": -1, "c": 1}, {"k": Parameter(0.01, "m3 mol-1 s-1")}),),
        name="spread",
    )
    edge = {"left": Boundary("fixed", {"a": 2.0, "c": 0.0})}
    ends, before = [], numba.get_num_threads()
    try:
        for threads in (1, 2):
            numba.set_num_threads(threads)
            s = System(model, grids.rectangle([1e-3, 1e-3], cells), boundaries=edge, perfusion=1e-3)
            y = np.zeros(s.size)
            s.split(y)[0][:] = 1.0, 3.0, 0.5
            task = Task(s, 0.0, 500.0, y, np.array([500.0]), 1e-4, s.tolerances(1e-5))
            ends.append(solver("ndf").solve(task))
    finally:
        numba.set_num_threads(before)
    assert ends[0].statistics == ends[1].statistics
    assert np.array_equal(ends[0].end, ends[1].end)
    w = s.invariants
    assert len(w) == 0 or np.abs(w @ (ends[0].end - y)).max() < 1e-12 * np.abs(w * y).sum()


def test_a_compiled_line_tells_of_unsolved_chemistry(monkeypatch):
    """The operation itself, in plain Python, around formulas that fail in two cells."""
    s = system(decay, grid=grids.slab(1e-3, 3))
    task = Task(s, 0.0, 1.0, np.ones(s.size), np.array([1.0]), 1e-4, s.tolerances(1e-8))
    w = on_a_line.line_state(task, Recorder(task))

    def cells(w, mode, t, y, out):
        w.cells.failures[0] += 2

    monkeypatch.setattr(on_a_line, "cells_of", cells)
    assert on_a_line.rhs.py_func(w, 0.0, np.ones(s.size), np.zeros(s.size)) == 2


def test_a_stalled_newton_method_hands_over_and_says_so(monkeypatch):
    """Pores that nearly close: transport turns on porosity, of which the Jacobian here knows nothing."""
    stall_early(monkeypatch)
    scenario = drawn(24).scenario  # a slab of elastin
    times = np.linspace(0.0, scenario.duration, 12)
    found = sim.simulate(scenario, solver="ndf", rtol=1e-4, atol=1e-5, times=times)
    other = sim.simulate(scenario, solver="cvode", rtol=1e-6, atol=1e-7, times=times)
    assert found.success and found.stats["cvode_steps"] > 0 and found.stats["steps"] < 2000
    assert "stalled" in found.message
    assert found.t == pytest.approx(times)
    assert found["HAP"].values == pytest.approx(other["HAP"].values, abs=5e-3 * other["HAP"].values.max())
    handed = found.stats["steps"] - found.stats["cvode_steps"]
    for most in (handed, handed + 2):
        short = sim.simulate(scenario, solver="ndf", rtol=1e-4, atol=1e-5, times=times, max_steps=most)
        assert short.status == "failed" and short.stats["steps"] == most
        assert short.message.startswith(f"{most} steps were not enough")
