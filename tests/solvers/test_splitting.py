"""Strang splitting and its parts: orders, exact answers, conservation, agreement with coupled methods."""

import math

import numba
import numpy as np
import pytest
from reference import L, busy, run
from scipy.integrate import solve_ivp
from uptake_problem import LATE, MODEL, SOON, exact, fixed, moving, problem, uptake

import sim
from sim.binder.system import System
from sim.model.model import Model
from sim.model.process import Derived, Process
from sim.model.species import Species
from sim.parameters.parameter import Parameter
from sim.run.segments import Builder
from sim.solvers import SOLVERS, Task, solver
from sim.solvers.linear.diffusion import GAMMA, Diffusion
from sim.solvers.reactions.reactor import Reactor
from sim.solvers.reactions.rodas import STEPS
from sim.space import grid as grids
from sim.space.boundary import Boundary
from sim.space.geometries import GEOMETRIES


def reactor(system, rtol, atol):
    """A Reactor with the same tolerance, in scales, for all species."""
    return Reactor(system, rtol, system.split(system.tolerances(atol))[0])


def first(A, k1):
    return k1 * A


def second(B, k2):
    return k2 * B * B


def third(B, C, k3):
    return k3 * B * C


def robertson():
    """Robertson 1966 in 40 stirred cells that begin with different amounts: five groups."""
    model = Model(
        (Species("A", contains={"M": 1}), Species("B", scale=1e-5, contains={"M": 1}),
         Species("C", contains={"M": 1})),
        (Process("first", first, {"A": -1, "B": 1}, {"k1": Parameter(0.04, "1/s")}),
         Process("second", second, {"B": -1, "C": 1}, {"k2": Parameter(3e7, "m3/mol/s")}),
         Process("third", third, {"B": -1, "A": 1}, {"k3": Parameter(1e4, "m3/mol/s")})),
    )  # fmt: skip
    system = System(model, grids.slab(L, 40))
    y = np.zeros((40, 3))
    y[:, 0] = np.linspace(0.2, 1.0, 40)
    return system, y


def test_reactions_of_robertson_reach_the_published_values():
    """Hairer & Wanner 1996, IV.10, and SUNDIALS print y(40) = 0.7158, 9.185e-6, 0.2842 for a start at 1."""
    system, y = robertson()
    start = y.copy()
    assert reactor(system, 1e-7, 1e-9).advance(0.0, 40.0, y, np.zeros(system.n_groups))
    assert y[-1] == pytest.approx([0.7158, 9.185e-6, 0.2842], rel=2e-4)

    def f(t, u):
        r = np.array([0.04 * u[0], 3e7 * u[1] ** 2, 1e4 * u[1] * u[2]])
        return np.array([r[2] - r[0], r[0] - r[1] - r[2], r[1]])

    for i in (0, 31, 32, 39):
        best = solve_ivp(f, (0, 40.0), start[i], "Radau", rtol=1e-10, atol=1e-14).y[:, -1]
        assert y[i] == pytest.approx(best, rel=1e-6)
    assert y.sum(axis=1) == pytest.approx(start.sum(axis=1), rel=1e-14)


def test_reactions_take_steps_of_their_own():
    """1e8 s of Robertson in some hundred steps; an explicit method would take 1e11."""
    system, y = robertson()
    chemistry = reactor(system, 1e-4, 1e-6)
    guess = np.zeros(system.n_groups)
    assert chemistry.advance(0.0, 1e8, y, guess)
    print("Robertson", chemistry.count)
    assert chemistry.count[:, STEPS].max() < 400
    assert np.all(y >= -1e-6)
    assert guess.max() < 1.0  # the next stretch begins with the first step, not with the last


def test_one_reaction_step_is_of_third_order():
    """Error of a single step falls as h^4; t in the laws, so the share of df/dt is tested as well."""
    system, state = problem(moving(3.0), 5)
    start = system.split(state)[0]
    errors = []
    for h in (0.4, 0.2, 0.1):
        chemistry = reactor(system, 1e6, 1e6)  # accept anything
        y = start.copy()
        assert chemistry.advance(1.0, 1.0 + h, y, np.zeros(1))
        assert chemistry.count[0, STEPS] == 1

        def f(t, u):
            r = 5e-3 * u[0] * u[1] ** 2
            return np.array([math.sin(t / 3.0) / 3.0 - r, -2 * r, r])

        best = solve_ivp(f, (1.0, 1.0 + h), start[2], "DOP853", rtol=1e-13, atol=1e-15).y[:, -1]
        errors.append(np.abs(y[2] - best).max())
    order = np.log2(np.array(errors[:-1]) / errors[1:])
    print("Rodas3", errors, order)
    assert order[-1] == pytest.approx(4.0, abs=0.3)


def amplification(z):
    """Of the two stages on y' = lambda y: (1 - (1 - 2 gamma) z) / (1 + gamma z)^2, z = -lambda h."""
    return (1 - (1 - 2 * GAMMA) * z) / (1 + GAMMA * z) ** 2


@pytest.mark.parametrize("kind", ["slab", "rectangle"])
def test_diffusion_damps_a_wave_as_its_stages_say(kind):
    """cos(pi x/L) is an eigenvector of the closed grid with 2 D (1 - cos(pi/n))/h^2 on each axis."""
    n, dim = 32, 1 if kind == "slab" else 2
    grid = grids.slab(L, n) if dim == 1 else grids.rectangle([L] * 2, [n] * 2)
    system = System(MODEL, grid)
    wave = np.prod([np.cos(np.pi * grid.centres[a] / L) for a in grid.axes], axis=0)
    rate = dim * 2 * (1 - np.cos(np.pi / n)) * (n / L) ** 2
    for dt in (1.0, 100.0, 1e5):
        y, rest = np.zeros(system.size), np.zeros(system.size)
        u, tail = system.split(y)
        u[:, 0], u[:, 1], u[:, 2] = 2.0 + wave, 3.0 - wave, 0.3 + wave
        before = u.copy()
        system.rhs(0.0, y, rest)
        assert Diffusion(system).advance(u, tail, dt)
        for k, D in enumerate((1e-9, 4e-10)):
            level = before[:, k].mean()
            expected = level + amplification(D * rate * dt) * (before[:, k] - level)
            assert u[:, k] == pytest.approx(expected, abs=1e-8)
            assert u[:, k].mean() == pytest.approx(level, rel=1e-14)
        assert np.array_equal(u[:, 2], before[:, 2])  # c does not move


@pytest.mark.parametrize("closed", [True, False])
def test_splitting_is_of_second_order(closed):
    """Nonlinear, time-dependent, diffusing; open: a boundary, perfusion and the tail of supplies too."""
    system, y = problem(moving(SOON), 6, closed)
    best = exact(system, y, SOON)
    steps = SOON / np.array([8, 16, 32])
    errors = [np.abs(fixed("strang", system, y, h, SOON) - best).max() for h in steps]
    order = np.log2(np.array(errors[:-1]) / errors[1:])
    print("strang", closed, errors, order)
    assert order == pytest.approx(np.full(2, SOLVERS["strang"].order), abs=0.1)


def test_error_follows_the_tolerance():
    """Error per step at rtol, second order: the sum goes as rtol^(2/3)."""
    system, y = problem(moving(LATE))
    best = exact(system, y, LATE)
    rtols = 10.0 ** -np.arange(3, 7)
    errors = [np.abs(run(system, y, LATE, "strang", rtol=r, atol=r).end - best).max() for r in rtols]
    slope = np.polyfit(np.log10(rtols), np.log10(errors), 1)[0]
    print("strang", errors, slope)
    assert slope == pytest.approx(2 / 3, abs=0.2)
    assert np.all(np.array(errors) < rtols ** (2 / 3))


def test_outputs_between_steps_are_as_good_as_the_steps():
    system, y = problem(moving(LATE))
    times = np.linspace(0, LATE, 40)
    best = run(system, y, LATE, "radau", rtol=1e-12, atol=1e-14, times=times).y
    found = run(system, y, LATE, "strang", rtol=1e-5, atol=1e-5, times=times)
    end = np.abs(found.end - best[-1])[: system.body].max()
    assert found.t == pytest.approx(times)
    assert np.abs(found.y - best)[:, : system.body].max() < 5 * max(end, 1e-5)
    assert np.array_equal(run(system, y, LATE, "strang", rtol=1e-5, atol=1e-5).end, found.end)


def clog(solid, V):
    """Porosity left by a solid."""
    return 0.8 - V * solid


def crystallise(a, b, k):
    return k * a * b


def dissolve(solid, k):
    return k * solid / (solid + 1e-3)


@pytest.fixture(scope="module", params=["slab", "rectangle", "well_mixed"])
def clogging(request):
    """a + b <-> solid, quick and reversible, in pores that the solid narrows; open on one side."""
    back, forth = {"a": 1, "b": 1, "solid": -1}, {"a": -1, "b": -1, "solid": 1}
    model = Model(
        (
            Species("a", diffusivity=1e-9, contains={"A": 1}),
            Species("b", diffusivity=5e-10, contains={"B": 1}),
            Species("solid", contains={"A": 1, "B": 1}),
        ),
        (
            Process("crystallise", crystallise, forth, {"k": Parameter(0.3, "m3/mol/s")}),
            Process("dissolve", dissolve, back, {"k": Parameter(0.05, "mol/m3/s")}),
        ),
        (Derived("porosity", clog, {"V": Parameter(0.1, "m3/mol")}),),
    )
    kinds = {"slab": (L, 20), "rectangle": ([L, L], [8, 8]), "well_mixed": ()}
    shape = GEOMETRIES[request.param].grid(*kinds[request.param])
    sides = {"right": Boundary("fixed", {"a": 1.0, "b": 0.2})} if "right" in shape.tags else {}
    system = System(model, shape, boundaries=sides, perfusion=1e-3, plasma={"a": 0.5, "b": 0.5})
    y = np.zeros(system.size)
    u, _ = system.split(y)
    u[:, 0], u[:, 1] = 0.8, 0.4
    return system, y


def test_splitting_meets_the_coupled_method_where_pores_clog(clogging):
    """Refined by halving, the distance to the coupled answer falls; and elements are kept to rounding."""
    system, y = clogging
    t1 = 300.0
    best = run(system, y, t1, "radau", rtol=1e-9, atol=1e-11)
    assert system.evaluate(t1, best.end)[0]["porosity"].min() < 0.79
    errors = []
    for n in (50, 100, 200):
        end = fixed("strang", system, y, t1 / n, t1, 1e-7)
        errors.append(np.abs(end - best.end)[: system.body].max())
        for w in system.invariants:
            assert abs(w @ end - w @ y) < 1e-12 * (np.abs(w) @ np.abs(end))
    print(system.grid.kind, errors)
    order = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(order > 0.8)  # first order where diffusion feeds a quick reaction
    assert errors[-1] < 3e-2
    adaptive = run(system, y, t1, "strang", rtol=1e-4, atol=1e-5)
    assert np.abs(adaptive.end - best.end)[: system.body].max() < 2e-2
    assert (adaptive.statistics["v_cycles"] > 0) == (system.grid.kind == "rectangle")


def test_an_interrupt_keeps_what_was_computed():
    system, y = problem(moving(LATE))

    def stop(t, steps):
        if steps == 9:
            raise KeyboardInterrupt

    times, atol = np.array([0.0, LATE]), system.tolerances(1e-6)
    found = solver("strang").solve(Task(system, 0.0, LATE, y, times, 1e-6, atol, stop))
    assert found.status == "interrupted"
    assert found.t[-1] == found.t_end < LATE
    part = run(system, y, found.t_end, "radau", rtol=1e-10, atol=1e-12).end
    assert found.end == pytest.approx(part, rel=1e-3)


def test_what_explodes_fails_with_a_sentence():
    """With k < 0 there is da/dt = |k| a b^2 and db/dt = 2 |k| a b^2: nothing beyond a finite time."""
    backwards = Process("uptake", uptake, {"a": -1, "b": -2, "c": 1}, {"k": Parameter(-0.1, "m6/mol2/s")})
    system, y = problem(moving(LATE).with_process(backwards), 6)
    found = solver("strang").solve(
        Task(system, 0.0, 60.0, y, np.array([60.0]), 1e-4, system.tolerances(1e-6), max_steps=3000)
    )
    assert found.status == "failed"
    assert "solver='ndf'" in found.message
    assert 0.0 < found.t_end < 60.0
    assert np.isfinite(found.end).all()


def test_nothing_depends_on_the_number_of_threads():
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("one thread")
    ends = []
    for threads in (1, 2):
        numba.set_num_threads(threads)
        try:
            system, y = problem(moving(LATE), n=5000, length=1.0)
            ends.append(run(system, y, SOON, "strang", rtol=1e-3, atol=1e-3))
        finally:
            numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    assert np.array_equal(ends[0].end, ends[1].end)
    assert ends[0].statistics == ends[1].statistics


@pytest.mark.slow  # compiles the reactions of the whole model
def test_whole_model_comes_to_the_coupled_answer_as_the_step_shrinks():
    """An hour of the busy tissue, every process on, against ndf; closed, so the ledger is known."""
    scenario = busy("slab", {"lesion": 4, "border": 2}).with_(duration="1 h")
    builder = Builder(scenario)
    (segment,) = builder.segments()
    system, y, t1 = segment.system, builder.initial(segment.system), segment.end
    best = run(system, y, t1, "ndf", rtol=1e-8, atol=1e-10).end
    size = np.abs(system.split(best)[0]).max(axis=0) + 1e-3 * system.scale
    errors = []
    for n in (60, 120, 240):
        end = fixed("strang", system, y, t1 / n, t1, 1e-6)
        errors.append((np.abs(system.split(end - best)[0]) / size).max())
        for w in system.invariants:
            assert abs(w @ end - w @ y) < 1e-10 * (np.abs(w) @ np.abs(end))
    print("busy", errors)
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 2e-2
    result = sim.simulate(scenario, solver="strang", rtol=1e-3, times=3)
    assert result.success, result.message
    assert result.manifest["ledger_residual"] < 1e-10
