"""Explicit and stabilised Runge-Kutta: orders, tolerances, conservation, and where they refuse."""

import math

import numba
import numpy as np
import pytest
from reference import L, busy, decay, run, supply
from solver_traits import EXPLICIT
from uptake_problem import LATE, SOON, exact, fixed, moving, problem

import sim
from sim.binder.system import System
from sim.model.model import Model
from sim.model.process import Process
from sim.model.species import Species
from sim.parameters.parameter import Parameter
from sim.solvers import SOLVERS, Task, solver
from sim.solvers.rkc import coefficients
from sim.solvers.steps.spectral_radius import SpectralRadius
from sim.solvers.steps.tableau import DORMAND_PRINCE
from sim.space import grid as grids

A, C, E, P = DORMAND_PRINCE.A, np.array(DORMAND_PRINCE.c), DORMAND_PRINCE.E, DORMAND_PRINCE.P


@pytest.mark.parametrize("name", EXPLICIT)
@pytest.mark.parametrize("closed", [True, False])
def test_error_falls_with_the_order_of_the_method(name, closed):
    """Halving the step of a nonlinear, time-dependent, diffusing problem; open: fluxes and tail too.

    The leading term of the pair is so small that the next ones may still rule: then it falls faster.
    """
    tau, count = (2.0, (40, 80, 160)) if name == "rk" else (SOON, (16, 32, 64))
    system, y = problem(moving(tau), 6, closed)
    best = exact(system, y, SOON)
    errors = [np.abs(fixed(name, system, y, h, SOON) - best).max() for h in SOON / np.array(count)]
    order = np.log2(np.array(errors[:-1]) / errors[1:])
    print(name, closed, errors, order)
    assert order[-1] > SOLVERS[name].order - 0.2
    assert order[-1] < SOLVERS[name].order + (0.2 if closed else 1.1)


def test_the_tableau_meets_its_order_conditions():
    """sum b c^q = 1/(q+1), stage by stage c = sum a, and the interpolant ends in the solution."""
    b = A[6]
    for q in range(5):
        assert b @ C**q == pytest.approx(1 / (q + 1), abs=1e-14)
    assert A.sum(axis=1) == pytest.approx(C, abs=1e-14)
    assert E @ C**3 == pytest.approx(0.0, abs=1e-15)
    assert P.sum(axis=1) == pytest.approx(b, abs=1e-14)
    for x in (0.3, 0.7):
        for q in range(4):
            weight = P @ x ** np.arange(1, 5)
            assert weight @ C**q == pytest.approx(x ** (q + 1) / (q + 1), abs=1e-12)


@pytest.mark.parametrize("s", [2, 5, 20, 200])
def test_chebyshev_stages_stay_below_one_as_far_as_they_claim(s):
    """The stability polynomial by the recurrence itself, on y' = -x y; and it is 1 - x + x^2/2 at 0."""
    mu, nu, forward, back, c = coefficients(s)
    assert c[s] == pytest.approx(1.0, abs=1e-11)

    def polynomial(x):
        before, y = np.ones_like(x), 1 - forward[1] * x
        for j in range(2, s + 1):
            new = 1 + mu[j] * (y - 1) + nu[j] * (before - 1) - forward[j] * x * y - back[j] * x
            before, y = y, new
        return y

    x = np.linspace(1e-3, 0.653 * (s**2 - 1), 4000)
    assert np.abs(polynomial(x)).max() < 1.0
    if s == 2:  # the very polynomial
        return
    small = np.array([1e-2, 2e-2])
    defect = np.abs(polynomial(small) - (1 - small + small**2 / 2))
    assert np.log2(defect[1] / defect[0]) == pytest.approx(3.0, abs=0.05)


@pytest.mark.parametrize("name", EXPLICIT)
def test_error_follows_the_tolerance(name):
    """The error of a step is kept at rtol: what steps of order p add up to goes as rtol^(p/(p + 1)),
    and as rtol where the solution is one order better than the estimate, as in embedded pairs."""
    system, y = problem()
    best = exact(system, y, LATE)
    rtols = 10.0 ** -np.arange(3, 8)
    errors = [np.abs(run(system, y, LATE, name, rtol=r, atol=r).end - best).max() for r in rtols]
    slope = np.polyfit(np.log10(rtols), np.log10(errors), 1)[0]
    print(name, errors, slope)
    expected = {"rkc": 2 / 3}.get(name, 1.0)
    assert slope == pytest.approx(expected, abs=0.2)
    assert np.all(np.array(errors) < 10 * rtols**expected)


@pytest.mark.parametrize("name", EXPLICIT)
def test_outputs_between_steps_are_as_good_as_the_steps(name):
    system, y = problem()
    times = np.linspace(0, LATE, 40)
    best = run(system, y, LATE, "radau", rtol=1e-12, atol=1e-14, times=times).y
    rtol = 1e-5
    found = run(system, y, LATE, name, rtol=rtol, atol=rtol, times=times)
    assert found.t == pytest.approx(times)
    assert np.abs(found.y - best)[:, : system.body].max() < 30 * rtol
    alone = run(system, y, LATE, name, rtol=rtol, atol=rtol)
    assert np.array_equal(alone.end, found.end)
    assert alone.statistics["steps"] == found.statistics["steps"]


@pytest.mark.parametrize("name", EXPLICIT)
def test_elements_are_kept_to_rounding(name):
    """What is there = what was there + what came in, whatever the tolerance."""
    for closed in (True, False):
        system, y = problem(closed=closed)
        end = run(system, y, 5 * LATE, name, rtol=1e-3, atol=1e-3).end
        for w in system.invariants:
            assert abs(w @ end - w @ y) < 1e-13 * (np.abs(w) @ np.abs(end))
        assert closed or np.abs(system.split(end)[1]).min() > 1e-6 * np.abs(end).max() * L


@pytest.mark.parametrize("name", EXPLICIT)
def test_nothing_depends_on_the_number_of_threads(name):
    """Bitwise, over several pieces and blocks."""
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("one thread")
    ends = []
    for threads in (1, 2):
        numba.set_num_threads(threads)
        try:
            system, y = problem(n=7000, length=1.0)
            ends.append(run(system, y, LATE, name, rtol=1e-4, atol=1e-4))
        finally:
            numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    assert np.array_equal(ends[0].end, ends[1].end)
    assert ends[0].statistics == ends[1].statistics


def test_spectral_radius_of_diffusion_with_decay_is_known():
    """Closed line of n cells: (2 D/h^2)(1 + cos(pi/n)) + k; the estimate is above it, and not by much."""
    model = Model(
        (Species("u", diffusivity=1e-9),),
        (Process("decay", decay, {"u": -1}, {"k": Parameter(0.5, "1/s")}),
         Process("supply", supply, {"u": 1}, inputs={"source": "level"})),
        fields={"level": (1.0, "mol m-3 s-1", "")},
    )  # fmt: skip
    for n, most in ((20, 1.5), (400, 1.5)):
        system = System(model, grids.slab(L, n))
        y, f = np.ones(system.size), np.empty(system.size)
        system.rhs(0.0, y, f)
        exact = 2e-9 / (L / n) ** 2 * (1 + np.cos(np.pi / n)) + 0.5
        radius = SpectralRadius(system)
        assert exact <= radius.estimate(0.0, y, f) < most * exact


def test_stabilised_stages_grow_with_the_root_of_the_stiffness():
    """Steps by accuracy: a grid 8 times as fine is 64 times as stiff and takes about 8 times the work."""
    work = []
    for n in (32, 256):
        system, y = problem(n=n)
        work.append(run(system, y, LATE, "rkc", rtol=1e-5, atol=1e-5).statistics)
    print(work)
    assert work[1]["steps"] < 1.5 * work[0]["steps"]
    assert work[1]["rhs"] < 12 * work[0]["rhs"]


@pytest.fixture(scope="module")
def stiff():
    return sim.scenario("infarct_myocardium")


def test_stiff_infarct_is_refused_with_a_reason(stiff):
    result = sim.simulate(stiff, solver="rk", times=3)
    assert result.status == "failed"
    print(result.message)
    species = [s.name for s in stiff.model.species]
    assert "too stiff" in result.message
    assert "ndf" in result.message
    assert any(f" {s} in cell" in result.message for s in species)
    assert result.stats["rhs"] < 200
    tight = sim.simulate(stiff, solver="rkc", times=3, max_steps=500)
    print(tight.message)
    assert tight.status == "failed"
    assert "too stiff" in tight.message


def test_what_becomes_stiff_on_the_way_is_stopped():
    """k grows with time: the first look finds nothing, a later one does."""

    def quicker(u, t, k):
        return k * u * math.exp(t)

    model = Model((Species("u"),), (Process("q", quicker, {"u": -1}, {"k": Parameter(1.0, "1/s2")}),
                   Process("in", supply, {"u": 1}, inputs={"source": "level"})),
                  fields={"level": (1.0, "mol m-3 s-1", "")})  # fmt: skip
    system = System(model, grids.well_mixed())
    found = solver("rk").solve(
        Task(system, 0.0, 30.0, np.ones(1), np.array([30.0]), 1e-5, system.tolerances(1e-6), max_steps=3000)
    )
    assert found.status == "failed"
    assert "too stiff" in found.message
    assert 0 < found.statistics["steps"] < 3000
    assert found.t[-1] == found.t_end


@pytest.mark.parametrize("name", EXPLICIT)
def test_an_interrupt_keeps_what_was_computed(name):
    system, y = problem()

    def stop(t, steps):
        if steps == 3:
            raise KeyboardInterrupt

    found = solver(name).solve(
        Task(system, 0.0, LATE, y, np.array([0.0, LATE]), 1e-6, system.tolerances(1e-6), stop)
    )
    assert found.status == "interrupted"
    assert found.statistics["steps"] == 3
    assert 0 < found.t_end < LATE
    assert found.t[-1] == found.t_end
    part = run(system, y, found.t_end, "radau", rtol=1e-10, atol=1e-12).end
    assert found.end == pytest.approx(part, rel=1e-4)


@pytest.mark.parametrize("name", EXPLICIT)
def test_mild_full_model_agrees_with_ndf(name):
    """The first minutes of the busy tissue, coarse cells: every process on."""
    scenario = busy("slab", {"lesion": 3, "border": 2}).with_(outer="fixed", duration="3 min")
    ends = [sim.simulate(scenario, solver=s, rtol=1e-7, atol=1e-9, times=2) for s in ("ndf", name)]
    assert ends[1].success, ends[1].message
    for v in ("Ca", "P", "H", "ester", "PPi", "HAP", "ACP", "bound_Ca"):
        a, b = (e[v].values[-1] for e in ends)
        assert np.abs(a - b).max() < 1e-5 * np.abs(a).max() + 1e-9, v
    assert ends[1].manifest["ledger_residual"] < 1e-10
