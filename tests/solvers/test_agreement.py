"""Different integrators, one right-hand side: they must meet where the tolerance says."""

import numpy as np
import pytest
from reference import SOLIDS, busy
from solver_traits import GENERAL, GENERAL_ON_PLANES

import sim

# Volume means at the end, relative to the largest value the quantity had: solids and solutes alike.
SHOWN = (
    "Ca", "P", "C", "H", "ester", "PPi", "lipid", "bound_Ca", "phosphatase", "masked", "alkali", "viable",
    "hap_m2", *SOLIDS,
)  # fmt: skip


@pytest.fixture(scope="module")
def short():
    return busy("slab", {"lesion": 7, "border": 3}).with_(outer="fixed", duration="2 day")


@pytest.fixture(scope="module")
def judge(short):
    """The same run by Radau at rtol 1e-10."""
    return sim.simulate(short, solver="radau", rtol=1e-10, atol=1e-12, times=5)


def distance(result, judge):
    """Largest difference at the end, each variable in units of its largest value ever."""
    worst = 0.0
    for name in SHOWN:
        a, b = result[name].values, judge[name].values
        worst = max(worst, float(np.abs(a[-1] - b[-1]).max() / np.abs(b).max()))
    return worst


@pytest.mark.parametrize("solver", GENERAL)
def test_solvers_agree_within_the_tolerance(short, judge, solver):
    """Global error of variable-step methods is some tens of rtol here; a wrong term would be 1e-2."""
    assert all(float(judge[s].max()) > 1e-5 for s in SOLIDS)
    for rtol in (1e-5, 1e-7):
        result = sim.simulate(short, solver=solver, rtol=rtol, atol=1e-2 * rtol, times=5)
        assert result.success
        error = distance(result, judge)
        print(solver, rtol, error, result.stats["steps"])
        assert error < 100 * rtol


def test_lsoda_agrees_over_the_first_seconds(short):
    """Its dense differences cost it thousands of short steps a minute: a judge of small, brief problems."""
    brief = short.with_(duration="5 s")
    judge = sim.simulate(brief, solver="radau", rtol=1e-9, atol=1e-11, times=2)
    result = sim.simulate(brief, solver="lsoda", rtol=1e-6, atol=1e-8, times=2)
    assert result.success, result.message
    assert (
        max(float(np.abs(result[s] - judge[s]).max() / np.abs(judge[s]).max()) for s in ("Ca", "P", "H"))
        < 1e-5
    )


@pytest.mark.parametrize("solver", [n for n in GENERAL if n != "radau"])  # the judge
def test_tightening_the_tolerance_brings_the_solution_closer(short, judge, solver):
    rtols = 10.0 ** -np.arange(3, 8)
    errors = [
        distance(sim.simulate(short, solver=solver, rtol=r, atol=1e-2 * r, times=2), judge) for r in rtols
    ]
    slope = np.polyfit(np.log10(rtols), np.log10(errors), 1)[0]
    print(solver, errors, slope)
    # One decade may be lucky (1e-5 was, for cvode), two never.
    assert np.all(np.array(errors[2:]) < np.array(errors[:-2]))
    assert 0.6 < slope < 1.3


def test_the_frozen_jacobian_does_not_decide_the_answer(short, judge, monkeypatch):
    """A J wrong by 5 % slows Newton down but must not move where it converges to."""
    from sim.solvers.linear.newton_matrix import LinearSystem

    whole = LinearSystem.linearise

    def wrong(self, t, y):
        whole(self, t, y)
        self.slopes *= 0.95

    monkeypatch.setattr(LinearSystem, "linearise", wrong)
    for solver in GENERAL_ON_PLANES:
        result = sim.simulate(short, solver=solver, rtol=1e-6, atol=1e-8, times=2, max_steps=20_000)
        assert result.success, result.message
        print("wrong J", solver, distance(result, judge), result.stats)
        assert distance(result, judge) < 1e-4
