"""Interventions that coincide, begin at 0, end, and give way to each other; outputs at their times."""

import datetime
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import sim
from sim.experiment.timing.moments import in_order, moments
from sim.run.asked.output_times import output_times
from sim.solvers import SOLVERS

DAY = 86400.0
LOW, HIGH = {"C": 20.0}, {"C": 30.0}
CHEAP = [name for name, row in SOLVERS.items() if row.stiff and name != "strang"]  # slow where rich


@pytest.fixture(scope="module")
def base():
    """A few cells, half a day."""
    return sim.scenario("infarct_myocardium").with_resolution(0.05).with_(duration="0.5 day")


def dose(at, values=HIGH, until=None, **more):
    """A dose at a time in seconds, or as text."""
    at, until = (t if t is None or isinstance(t, str) else f"{float(t)!r} s" for t in (at, until))
    return sim.Intervention(at=at, boundary=values, until=until, **more)


def final(scenario, **more):
    result = sim.simulate(scenario, times=[scenario.duration], **more)
    assert result.status == "finished", result.message
    return np.concatenate([result[n].values[-1] for n in ("C", "Ca", "P")])


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_cut_at_the_start_is_another_fluid_from_the_start(base, solver):
    """Nothing in the first state rests on carbonate outside, but the pore water that begins with it."""
    rest = {"C": base.parameters.si("plasma.C"), "glycogen": "doomed"}
    short = base.with_(duration="1 min", initial=rest)
    changed = final(short.with_intervention(dose(0)), solver=solver, rtol=1e-4)
    expected = final(short.with_parameters({"plasma.C": "30 mM"}), solver=solver, rtol=1e-4)
    assert changed == pytest.approx(expected, rel=1e-6)
    assert not np.allclose(changed, final(short), rtol=1e-5)


@pytest.mark.parametrize("solver", CHEAP)
@pytest.mark.parametrize(
    "cuts",
    [
        [dose(0.25 * DAY, LOW), dose(0.25 * DAY, HIGH)],
        [dose(np.nextafter(0.25 * DAY, 1e9), LOW), dose(0.25 * DAY, HIGH)],
        [dose(0.25 * DAY, LOW), dose((0.1 + 0.15) * DAY * (1 + 2e-16), HIGH)],
        [dose("0.4 day", {"P": 1.2}, until="0.45 day"), dose("6 h", {"P": 1.2}), dose("6 h", HIGH)],
    ],
)
def test_cuts_at_one_time_act_in_the_order_given(base, cuts, solver):
    if len(cuts) == 3:
        expected = base.with_intervention(dose("6 h", HIGH | {"P": 1.2}))
    else:
        expected = base.with_intervention(dose(0.25 * DAY))
    a, b = (final(s, solver=solver) for s in (base.with_intervention(*cuts), expected))
    assert a == pytest.approx(b, rel=5e-4)


def test_segments_are_never_shorter_than_a_rounding():
    at = [0.3, 0.1 + 0.2, 0.0, 5e-324, 1e-13, 0.7, np.nextafter(0.7, 0), np.nextafter(0.7, 1)]
    found = moments([dose(t) for t in at], 1.0)
    assert [round(m.at, 6) for m in found] == [0.0, 0.3, 0.7] and found[0].at == 0.0
    assert [len(m.begin) for m in found] == [3, 2, 3]
    ends = [*(m.at for m in found), 1.0]
    assert all(b - a > 0.1 for a, b in pairwise(ends))


def test_a_rounding_apart_the_order_given_is_kept():
    first, second = dose(0.1 + 0.2, label="first"), dose(0.3, label="second")
    assert [c.label for c in in_order([first, second], 1.0)] == ["first", "second"]
    assert [c.label for c in in_order([first, second], 1e-10)] == ["second", "first"]  # of no rounding


@pytest.mark.parametrize("at", [0.5, 0.5 * (1 - 1e-15), 0.2 + 0.3, np.nextafter(0.5, 1), 0.6])
def test_what_can_never_act_is_refused(base, at):
    with pytest.raises(sim.errors.ScenarioError, match="the run ends at 12 h"):
        sim.simulate(base.with_intervention(dose(at * DAY)), times=2)


def test_what_begins_just_before_the_end_acts(base):
    late = sim.Intervention(0.5 * DAY * (1 - 1e-9), state={"ACP": "3 mM"})
    result = sim.simulate(base.with_intervention(late), times=2)
    assert result["ACP"].values[-1] == pytest.approx(3.0, rel=1e-3)


def test_a_treatment_ends_and_leaves_what_there_would_be_without_it(base):
    """Two ways of saying it, and by hand: the values of each stretch."""
    own, t = base.parameters.si("plasma.C"), [0.1 * DAY, 0.2 * DAY, 0.3 * DAY]
    ended = base.with_intervention(dose(t[0], until=t[1]))
    again = base.with_intervention(dose(t[0]), dose(t[1], {"C": "plasma.C"}))
    typed = base.with_intervention(dose(t[0]), dose(t[1], {"C": own}))
    a, b, c = (final(s) for s in (ended, again, typed))
    assert a == pytest.approx(b, rel=1e-12) and b == pytest.approx(c, rel=1e-12)


def in_force(cuts, time, name="C", duration=10.0):
    """The value outside at a time, by the sentence of the docstring."""
    found = [m for m in moments(cuts, duration) if m.at <= time]
    held = [c.boundary[name] for c in found[-1].in_force if name in c.boundary] if found else []
    return held[-1] if held else "own"


def test_of_two_treatments_the_one_begun_last_acts():
    cuts = [dose(1, {"C": 1.0}, until=6), dose(2, {"C": 2.0}, until=4), dose(3, {"P": 9.0})]
    values = [in_force(cuts, t) for t in (0.5, 1, 2.5, 3.5, 4, 5.9, 6, 9)]
    assert values == ["own", 1.0, 2.0, 2.0, 1.0, 1.0, "own", "own"]
    for_good = [dose(1, {"C": 1.0}, until=6), dose(2, {"C": 2.0})]
    assert [in_force(for_good, t) for t in (1, 3, 6, 9)] == [1.0, 2.0, 2.0, 2.0]
    follow = [dose(1, {"C": 1.0}, until=3), dose(3, {"C": 2.0}, until=5)]
    assert [in_force(follow, t) for t in (2, 3, 4, 5)] == [1.0, 2.0, 2.0, "own"]
    beyond = [dose(1, {"C": 1.0}, until=50)]
    assert in_force(beyond, 9.9) == 1.0


def test_parameters_come_back_too(base):
    stop = {"phosphatase.V_alk": 0.0, "plasma.C": "30 mM"}
    treated = sim.Intervention("0.1 day", parameters=stop, until="0.2 day")
    first = sim.Intervention("0.1 day", parameters=stop)
    own = {n: base.parameters[n].si for n in stop}
    second = sim.Intervention("0.2 day", parameters=own)
    named = sim.Intervention("0.2 day", parameters={n: n for n in stop})
    a = final(base.with_intervention(treated))
    assert a == pytest.approx(final(base.with_intervention(first, second)), rel=1e-12)
    assert a == pytest.approx(final(base.with_intervention(first, named)), rel=1e-12)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"state": {"Ca": 1.0}}, "has nothing to end"),
        ({"boundary": {"Ca": 1.0}, "until": "1 h"}, "until must lie after at"),
        ({"boundary": {"Ca": "plasma.P"}}, "The scenario's own value is called 'plasma.Ca'"),
        ({"parameters": {"growth.k": "growth.kk"}}, "is called 'growth.k'"),
        ({"boundary": {"Ca": 1.0}, "until": [1]}, "until"),
    ],
)
def test_ends_and_own_values_that_mean_nothing_are_refused(given, words):
    with pytest.raises(sim.errors.ConfigError, match=words):
        sim.Intervention(**({"at": "1 day", "until": "2 day"} | given))


def test_layer_quantities_left_at_their_default_can_change_later(base):
    hold = sim.Intervention("1 h", parameters={"lesion.pH_hold": 6.9})
    assert "lesion.pH_hold" not in base.parameters
    result = sim.simulate(base.with_intervention(hold), times=["0.5 day"])
    assert float(result["pH"][-1, 0]) == pytest.approx(6.9, abs=0.05)


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("leson.pH_hold", "lesion.pH_hold"), ("lesion.pH_holt", "lesion.pH_hold"),
        ("bordr.perfusion", "border.perfusion"), ("phosphatase.Valk", "phosphatase.V_alk"),
    ],
)  # fmt: skip
def test_only_what_would_be_taken_is_suggested(base, wrong, near):
    with pytest.raises(sim.errors.ScenarioError, match=f"Did you mean '{near}'"):
        sim.simulate(base.with_intervention(sim.Intervention("1 h", parameters={wrong: 6.9})), times=2)


def test_outputs_show_the_step_and_the_moment_after(base):
    cut = sim.Intervention("0.2 day", state={"ACP": "1 mM"}, label="dose")
    end = dose("0.3 day", until="0.4 day")
    result = sim.simulate(base.with_intervention(cut, end), times=6)
    t, row = result.t, DAY * 0.5 * (np.arange(6) / 5) ** 2
    events = [0.2 * DAY, 0.3 * DAY, 0.4 * DAY]
    both = [x for e in events for x in (e, np.nextafter(e, np.inf))]
    assert t == pytest.approx(np.unique([*row, *both]), rel=1e-15) and np.all(np.diff(t) > 0)
    k = int(np.searchsorted(t, 0.2 * DAY))
    before, after = result["ACP"].values[k], result["ACP"].values[k + 1]
    assert after == pytest.approx(1.0, rel=1e-12) and np.all(np.abs(before - 1) > 0.1)
    given = sim.simulate(base.with_intervention(cut, end), times=[0, 0.2 * DAY, 0.5 * DAY])
    assert given.t.tolist() == [0, 0.2 * DAY, 0.5 * DAY]
    assert given["ACP"].values[1] == pytest.approx(before, rel=1e-9)
    assert sim.simulate(base, times=6).t == pytest.approx(row)


def test_what_a_cut_at_the_start_adds_is_in_the_ledger(base):
    cut = sim.Intervention(0, state={"ACP": "1 mM"})
    result = sim.simulate(base.with_intervention(cut), times=3)
    plain = sim.simulate(base, times=3)
    added = result["ledger"].sel(pool="interventions", element="Ca").values
    volume = float(result["volume"].sum())
    per = float(result["contents"].sel(element="Ca", species="ACP"))
    before = float(plain["ACP"][0].max())
    assert added == pytest.approx((1.0 - before) * per * volume, rel=1e-12)
    assert result.manifest["ledger_residual"] < 1e-12


@pytest.mark.parametrize(
    "times",
    [
        np.array([0, 0.1, 0.1 + 0.2]) * DAY, [0, 0.3 * DAY, np.nextafter(0.3 * DAY, 1e9)],
        [-1e-18, 5.0, (0.1 + 0.1 + 0.1) * DAY], ["1 h", "0.30000000000000004 day"],
    ],
)  # fmt: skip
def test_a_rounding_past_an_end_is_the_end(times):
    found = output_times(0.3 * DAY, times)
    assert found[0] >= 0 and found[-1] == 0.3 * DAY and np.all(np.diff(found) > 0)
    assert found.size == len(times)


def test_more_than_a_rounding_past_the_end_is_refused():
    for times in ([0, 0.3 * DAY * (1 + 1e-9)], [-1e-3, 5.0]):
        with pytest.raises(sim.errors.ScenarioError, match="outside the run"):
            output_times(0.3 * DAY, times)


@pytest.mark.parametrize(
    "times",
    [
        pd.to_timedelta([1, 2], unit="h"), pd.Series(pd.to_timedelta(["1h", "2h"])),
        np.array([1, 2], "timedelta64[h]"), [np.timedelta64(60, "m"), pd.Timedelta("2h")],
        [datetime.timedelta(hours=1), "2 h"], range(3600, 7201, 3600), (3600, "120 min"),
    ],
)  # fmt: skip
def test_times_of_many_kinds_are_seconds(times):
    assert output_times(DAY, times).tolist() == [3600.0, 7200.0]


def test_a_time_that_is_none_is_refused():
    with pytest.raises(sim.errors.ScenarioError, match="NaT"):
        output_times(DAY, np.array([1, "NaT"], "timedelta64[h]"))
