"""Quantities that follow values in time: exact solutions, SciPy, pulses, every solver, the ledger."""

import math
from functools import lru_cache

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

import sim
from sim.errors import ScenarioError, SolverError
from sim.run.segments import Builder
from sim.solvers import SOLVERS

HOUR, DAY = 3600.0, 86400.0
K = 1e-4  # perfusion [1/s]
TIMES = ["2 hour", "5 hour", "6 hour", "12 hour"]
VALUES = [1.0, 3.0, 0.5, 0.5]
IMPLICIT = [n for n, row in SOLVERS.items() if row.stiff and n not in ("strang", "lsoda")]


def decay(a, k):
    """An expression of a parameter alone, which is evaluated once a run where nothing changes it."""
    return math.exp(2.0 * k) * 1e-5 * a


MODEL = sim.Model(
    (
        sim.Species("a", diffusivity=1e-9, contains={"A": 1}),
        sim.Species("b", contains={"A": 1}),
    ),
    (sim.Process("decay", decay, {"a": -1, "b": 1}, {"k": sim.Parameter(0.0, "1")}),),
    name="decay",
)


def box(k=0.0, perfusion=K, duration="1 day", **more):
    """A stirred cell, fed by vessels; a is 1 at first, inside and outside."""
    values = {"plasma.a": 1.0, "tissue.perfusion": perfusion, "decay.k": k}
    return sim.Scenario(
        "box", MODEL, "well_mixed", [("tissue", 1)], outer="closed", duration=duration, parameters=values,
        constants="tissue-37C", growth_law="", **more,
    )  # fmt: skip


def washed(t, times=(2, 5, 6, 12), values=VALUES, k=K):
    """c' = k (p(t) - c), piece by piece: p - s/k + (c - p + s/k) exp(-k t) where p rises by s."""
    c, now = values[0], times[0] * HOUR
    knots = [*(x * HOUR for x in times), math.inf]
    for j, end in enumerate(knots[1:]):
        p = values[j]
        s = (values[j + 1] - p) / (end - now) if math.isfinite(end) else 0.0
        span = min(t, end) - now
        if span <= 0:
            break
        c = p + s * span - s / k + (c - p + s / k) * math.exp(-k * span)
        now = end
    return c


@pytest.mark.parametrize("solver", [n for n in SOLVERS if n != "strang"])
def test_a_ramp_of_what_feeds_a_stirred_box_is_the_exact_solution(solver):
    never = box(k=-50.0)  # it decays in 1e48 s
    result = sim.simulate(
        never.with_course("plasma.a", TIMES, VALUES), solver, rtol=1e-8, atol=1e-9,
        times=["0 s", "3 hour", "5.5 hour", "6 hour", "7 hour", "1 day"],
    )  # fmt: skip
    assert result.status == "finished", result.message
    exact = [washed(t) for t in result.t]
    np.testing.assert_allclose(result["a"].values.ravel(), exact, rtol=2e-6)
    assert result.manifest["ledger_residual"] <= 1e-12


def test_splitting_takes_what_comes_from_outside_and_refuses_the_rest():
    never = box(k=-50.0).with_course("plasma.a", TIMES, VALUES)
    found = sim.simulate(never, "strang", rtol=1e-6, times=["6 hour", "1 day"])
    np.testing.assert_allclose(found["a"].values.ravel(), [washed(t) for t in found.t], rtol=1e-3)
    with pytest.raises(SolverError, match="strang lets what comes from outside follow"):
        sim.simulate(box().with_course("decay.k", TIMES, VALUES), "strang", times=2)


@pytest.mark.parametrize("solver", [*IMPLICIT, "rk", "rkc"])
def test_a_parameter_is_followed_also_where_it_stands_in_an_expression_of_parameters_alone(solver):
    closed = box(perfusion=0.0).with_course("decay.k", TIMES, VALUES)
    hours = [2.0, 5.0, 6.0, 12.0]
    rate = lambda t: 1e-5 * math.exp(2.0 * np.interp(t, [h * HOUR for h in hours], VALUES))  # noqa: E731
    result = sim.simulate(closed, solver, rtol=1e-8, atol=1e-10, times=["4 hour", "8 hour", "1 day"])
    exact = [math.exp(-quad(rate, 0, t, points=[h * HOUR for h in hours if h * HOUR < t], epsabs=0)[0])
             for t in result.t]  # fmt: skip
    np.testing.assert_allclose(result["a"].values.ravel(), exact, rtol=1e-5, atol=1e-9)
    assert result.manifest["ledger_residual"] <= 1e-12


@pytest.mark.parametrize("solver", [*(n for n in IMPLICIT if n != "radau"), "rk", "rkc"])  # slow at rest
def test_a_narrow_pulse_in_a_long_quiet_run_is_not_missed(solver):
    """Thirty days at rest, but for a minute: without a stop there, steps are of days."""
    begin, peak = 17 * DAY, 17 * DAY + 30.0
    pulse = box(k=-50.0, duration="30 day").with_course(
        "plasma.a", [0.0, begin, peak, begin + 60.0], [1.0, 1.0, 1e4, 1.0]
    )
    result = sim.simulate(pulse, solver, times=[begin, begin + 60.0, 30 * DAY])
    exact = washed(begin + 60.0, [x / HOUR for x in (0.0, begin, peak, begin + 60.0)], [1.0, 1.0, 1e4, 1.0])
    assert exact > 30
    assert result["a"].values.ravel()[:2] == pytest.approx([1.0, exact], rel=1e-3)


def test_the_run_is_not_cut(monkeypatch):
    """One segment, in which the solver keeps its order over the points."""
    s = box(k=-50.0).with_course("plasma.a", [h * HOUR for h in range(25)], [1 + h % 2 for h in range(25)])
    assert len(list(Builder(s).segments())) == 1
    cuts = [sim.Intervention(f"{h} h", boundary={"a": 1.0 + h % 2}) for h in range(24)]
    assert len(list(Builder(box().with_intervention(*cuts)).segments())) == 24


def test_points_on_one_straight_line_do_not_bound_steps():
    few = box(k=-50.0).with_course("plasma.a", [0.0, DAY], [1.0, 3.0])
    many = box(k=-50.0).with_course(
        "plasma.a", [f"{t!r} s" for t in np.linspace(0, DAY, 500).tolist()], np.linspace(1.0, 3.0, 500)
    )
    steps = [sim.simulate(s, times=2).manifest["statistics"]["steps"] for s in (few, many)]
    assert steps[0] == steps[1]


def test_many_small_interventions_approach_a_course_in_first_order():
    never = box(k=-50.0)
    course = sim.simulate(never.with_course("plasma.a", [0.0, DAY], [1.0, 3.0]), rtol=1e-9, times=[DAY])
    errors = []
    for n in (16, 32, 64):
        cuts = [sim.Intervention(DAY * k / n, boundary={"a": 1.0 + 2.0 * k / n}) for k in range(n)]
        stepped = sim.simulate(never.with_intervention(*cuts), rtol=1e-9, times=[DAY])
        errors.append(abs(float(stepped["a"].values.ravel()[-1] - course["a"].values.ravel()[-1])))
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(orders, 1.0, atol=0.1)


# --- the whole chemistry


def infarct(duration="2 day"):
    return sim.scenario("infarct_myocardium").with_resolution(0.05).with_(duration=duration)


SAWTOOTH = [f"{h} hour" for h in (0, 11, 12, 23, 24, 35, 36, 48)], [1.1, 1.6, 1.1, 1.6, 1.1, 1.6, 1.1, 1.6]


def end_of(result):
    assert result.status == "finished", result.message
    assert result.manifest["ledger_residual"] <= 1e-12
    return np.concatenate([result[n].values[-1] for n in ("Ca", "P", "C", "H", "HAP")])


def test_a_sawtooth_of_phosphate_against_scipy_on_constant_systems():
    """The judge builds, for each time, a system that follows nothing and has the values of that time."""
    base = infarct(duration="1 day").with_resolution(0.5)
    hours, values = [0.0, 11.0, 12.0, 24.0], [1.1, 1.6, 1.1, 1.6]
    s = base.with_course("plasma.P", [h * HOUR for h in hours], values)
    builder = Builder(base.with_parameters({"plasma.P": values[0]}))
    (segment,) = builder.segments()
    first, system = segment.first(), segment.system

    @lru_cache(maxsize=4)
    def constant(t):
        p = float(np.interp(t / HOUR, hours, values))
        (one,) = Builder(base.with_parameters({"plasma.P": p})).segments()
        return one.system

    scale = system.tolerances(1.0)

    def rhs(t, x):
        dy = np.zeros_like(x)
        constant(float(t)).rhs(0.0, x * scale, dy)
        return dy / scale

    x = first / scale
    for a, b in zip(hours, hours[1:], strict=False):
        judge = solve_ivp(rhs, (a * HOUR, b * HOUR), x, "BDF", rtol=1e-6, atol=1e-8)
        x = judge.y[:, -1]
    judged = system.split(x * scale)[0]
    result = sim.simulate(s, rtol=1e-6, times=["1 day"])
    names = [x.name for x in base.model.species]
    for name in ("P", "Ca", "C", "H"):
        k = names.index(name)
        pores = system.evaluate(DAY, x * scale)[2][:, base.model.mobile.index(name)]
        assert judged[:, k].max() > 0
        np.testing.assert_allclose(result[name].values[-1], pores, rtol=2e-4, err_msg=name)


@pytest.mark.parametrize("solver", ["cvode", "bdf", "radau"])
def test_every_solver_follows_the_same(solver):
    s = infarct(duration="1 day").with_course("plasma.P", *SAWTOOTH)
    s = s.with_course("lesion.pH_hold", ["0 hour", "1 day"], [7.2, 6.6])
    s = s.with_course("growth.k", ["0 hour", "12 hour"], ["growth.k", "growth.k * 3"])
    a, b = (end_of(sim.simulate(s, how, rtol=1e-6, times=["1 day"])) for how in ("ndf", solver))
    assert a == pytest.approx(b, rel=2e-4, abs=1e-6)
    still = end_of(sim.simulate(infarct(duration="1 day"), rtol=1e-6, times=["1 day"]))
    assert not np.allclose(a, still, rtol=1e-2)


def test_multigrid_follows_what_cvode_follows():
    plane = infarct(duration="4 hour").with_geometry("rectangle", {"lesion": 6, "border": 3})
    assert plane.geometry == "rectangle"
    s = plane.with_course("plasma.P", ["0 hour", "3 hour", "4 hour"], [1.1, 3.0, 1.1])
    a, b = (end_of(sim.simulate(s, how, rtol=1e-6, times=["4 hour"])) for how in ("ndf", "cvode"))
    assert a == pytest.approx(b, rel=2e-4, abs=1e-6)


def test_a_held_pH_follows_its_course():
    s = infarct().with_course("lesion.pH_hold", ["0 hour", "1 day", "2 day"], [7.2, 6.4, 7.4])
    result = sim.simulate(s, times=["12 hour", "1 day", "36 hour", "2 day"])
    assert result["pH"].values[:, 0] == pytest.approx([6.8, 6.4, 6.9, 7.4], abs=0.02)
    assert result.manifest["ledger_residual"] <= 1e-12


def test_the_pH_outside_is_linear_between_the_points():
    s = infarct().with_course("plasma.pH", ["0 hour", "2 day"], [7.4, 7.0])
    (segment,) = Builder(s).segments()
    one = infarct().with_parameters({"plasma.pH": 7.3})
    (constant,) = Builder(one).segments()
    segment.system.courses.at(12 * HOUR)
    found, wanted = (g.system.tables.outside[0] for g in (segment, constant))
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_the_first_state_is_that_of_the_values_at_0():
    s = infarct().with_course("plasma.P", ["0 hour", "1 day"], [2.0, 1.0])
    a = sim.simulate(s, times=["0 s"])["P"].values[0]
    b = sim.simulate(infarct().with_parameters({"plasma.P": 2.0}), times=["0 s"])["P"].values[0]
    np.testing.assert_array_equal(a, b)


# --- beside interventions


def outside(scenario, hours):
    """plasma.P at these times, by the systems of the run."""
    segments = list(Builder(scenario).segments())
    k, found = scenario.model.mobile.index("P"), []
    for h in hours:
        segment = next(g for g in segments if g.start <= h * HOUR < g.end)
        segment.system.courses.at(h * HOUR)
        found.append(float(segment.system.tables.plasma[k]))
    return found


def test_an_intervention_in_force_decides_and_the_course_goes_on_where_it_ends():
    s = infarct().with_course("plasma.P", ["0 hour", "40 hour"], [1.0, 3.0])
    own = sim.Intervention("10 hour", until="20 hour", boundary={"P": 0.7})
    assert outside(s.with_intervention(own), [5, 12, 30]) == pytest.approx([1.25, 0.7, 2.5])
    as_parameter = sim.Intervention("10 hour", until="20 hour", parameters={"plasma.P": 0.7})
    assert outside(s.with_intervention(as_parameter), [5, 12, 30]) == pytest.approx([1.25, 0.7, 2.5])
    back = sim.Intervention("15 hour", boundary={"P": "plasma.P"})
    assert outside(s.with_intervention(own, back), [12, 16, 19]) == pytest.approx([0.7, 1.8, 1.95])
    half = sim.Intervention("10 hour", boundary={"P": "0.5 * plasma.P"})
    assert outside(s.with_intervention(half), [5, 10, 30]) == pytest.approx([1.25, 0.75, 1.25])


def test_an_excised_piece_is_filled_by_the_fluid_of_its_time():
    s = infarct().with_course("plasma.C", ["0 hour", "1 day"], [20.0, 30.0])
    cut = sim.Intervention("12 hour", region="lesion", excise=True)
    result = sim.simulate(s.with_intervention(cut), times=2)
    after = int(np.searchsorted(result.t, 12 * HOUR, side="right"))
    assert result["C"].values[after, 0] == pytest.approx(25.0, rel=1e-6)


def test_perfusion_follows_layer_by_layer_and_keeps_the_ledger():
    s = infarct().with_course("border.perfusion", ["0 hour", "1 day", "2 day"], [0.0, 1e-3, 0.0])
    builder = Builder(s)
    (segment,) = builder.segments()
    segment.system.courses.at(6 * HOUR)
    border = builder.places.within("border")
    flow = segment.system.tables.perfusion
    np.testing.assert_allclose(flow[border], 2.5e-4)
    own = s.parameters.si("lesion.perfusion") if "lesion.perfusion" in s.parameters else 0.0
    np.testing.assert_allclose(flow[~border], own)
    assert sim.simulate(s, times=2).manifest["ledger_residual"] <= 1e-12


# --- what cannot


@pytest.mark.parametrize(
    ("name", "values", "why"),
    [
        ("fluid.temperature", ["310 K", "312 K"], "equations of the chemistry"),
        ("lesion.radius", ["1 mm", "2 mm"], "read once, at the start"),
        ("lesion.Ca", ["1 mM", "2 mM"], "read once, at the start"),
        ("transport.archie", [2.0, 3.0], "no rate reads it"),
    ],
)
def test_what_is_built_before_a_run_follows_nothing(name, values, why):
    s = infarct().with_course(name, ["0 hour", "1 day"], values)
    with pytest.raises(ScenarioError, match=f"cannot follow a course: .*{why}.*interventions"):
        sim.simulate(s, times=2)


def test_diffusivities_and_stoichiometry_follow_nothing():
    from sim.model.checks import why_constant

    model = sim.library.model()
    named = [s.diffusivity for s in model.species if isinstance(s.diffusivity, str)]
    assert named and all("diffusivities" in why_constant(model, n) for n in named)
    counted = [v.removeprefix("-") for q in model.processes for v in q.changes.values() if isinstance(v, str)]
    assert counted and all(why_constant(model, n) for n in counted)
    assert any("stoichiometric" in why_constant(model, n) for n in counted)
