"""A run that goes on from a state of another: what an unbroken run gives, with one clock and one ledger."""

from dataclasses import replace

import numpy as np
import pytest

import sim
from sim.errors import ScenarioError

DAY = 86400.0
END = {"duration": "2 day"}
KINDS = {
    "line": lambda s: s.with_resolution(0.1).with_(**END),
    "plane": lambda s: s.with_geometry("rectangle", domain=(("10 mm", 12), ("8 mm", 10))).with_(**END),
    "stirred": lambda s: s.with_(**END, outer="closed").with_geometry("well_mixed"),
}
LEDGER = 1e-12


def dose(at="1 day", **more):
    """What is read at its time alone, so that a run without it is the same until then."""
    return sim.Intervention(at, **({"boundary": {"PPi": "20 uM"}, "label": "dose"} | more))


def end_of(result):
    return result.tables["end_amounts"].values


def stop_at(time):
    def progress(t, steps):
        if t >= time:
            raise KeyboardInterrupt

    return progress


def by_hand(result):
    """Nothing was put in by hand: what goes over from run to run is neither lost nor found."""
    table = result["ledger"]
    held = abs(table).sum("pool")
    assert float((abs(table.sel(pool="interventions")) / held.where(held > 0, 1.0)).max()) < 1e-14


@pytest.fixture(scope="module", params=KINDS)
def base(request):
    return KINDS[request.param](sim.scenario("infarct_myocardium"))


@pytest.fixture(scope="module")
def line():
    return KINDS["line"](sim.scenario("infarct_myocardium"))


@pytest.fixture(scope="module")
def first_day(line):
    return sim.simulate(line, until="1 day")


def test_at_a_cut_it_is_the_unbroken_run_bit_for_bit(base, tmp_path):
    """Both start the integrator anew there; a file holds all of the state."""
    times = ["1.5 day", "2 day"]
    treated = base.with_intervention(dose(state={"ACP": "1 mM"}))
    whole = sim.simulate(treated, times=times)
    before = sim.simulate(base, until="1 day")
    after = sim.simulate(treated, times=times, start=before)
    again = sim.simulate(treated, times=times, start=sim.load(before.save(tmp_path / "before.nc")))
    for result in (after, again):
        assert all(np.array_equal(result[n].values, whole[n].values) for n in whole.dataset.data_vars)
        assert np.array_equal(end_of(result), end_of(whole))
        assert result.manifest["ledger_residual"] <= LEDGER
        assert np.array_equal(result["ledger"].values, whole["ledger"].values)
    assert result.t.tolist() == [1.5 * DAY, 2 * DAY]
    assert not np.array_equal(end_of(whole), end_of(sim.simulate(base, start=before)))  # it does act


def test_elsewhere_it_is_the_unbroken_run_within_the_tolerance(base):
    """Halving both tolerances a thousand times over leaves a difference of their size."""
    names = ("Ca", "P", "HAP", "granules", "pH")
    tight = {"rtol": 1e-7, "atol": 1e-8, "times": ["2 day"]}
    whole = sim.simulate(base, **tight)
    part = sim.simulate(base, until="0.7 day", rtol=1e-7, atol=1e-8)
    after = sim.simulate(base, start=part, **tight)
    by_hand(after)
    for name in names:
        assert after[name].values == pytest.approx(whole[name].values, rel=1e-4, abs=1e-9), name
    assert after.manifest["ledger_residual"] <= LEDGER


def test_what_was_interrupted_goes_on(base, tmp_path):
    """By KeyboardInterrupt out of `progress`, as Ctrl-C comes; then to the scenario's own end."""
    if base.geometry == "well_mixed":  # a handful of steps to 2 days, which are reported at once
        base = base.with_(duration="30 day")
    end = [base.duration]
    cut = sim.simulate(base, progress=stop_at(0.3 * DAY))
    assert cut.status == "interrupted" and 0.3 * DAY <= cut.manifest["t_end"] < base.duration
    kept = sim.load(cut.save(tmp_path / "cut.nc"))
    rest = sim.simulate(base, start=kept, times=end)
    again = sim.simulate(base, start=sim.simulate(base, start=cut, progress=stop_at(DAY)), times=end)
    whole = sim.simulate(base, times=end)
    for result in (rest, again):
        assert result.success and result.manifest["ledger_residual"] <= LEDGER
        for name in ("Ca", "granules"):
            assert result[name].values == pytest.approx(whole[name].values, rel=5e-3), name
    assert [r["status"] for r in again.manifest["history"]] == ["interrupted", "interrupted"]


def test_a_failed_run_goes_on(line):
    failed = sim.simulate(line, max_steps=40)
    assert failed.status == "failed"
    rest = sim.simulate(line, start=failed, times=["2 day"])
    whole = sim.simulate(line, times=["2 day"])
    assert rest["granules"].values == pytest.approx(whole["granules"].values, rel=5e-3)


def test_an_exception_out_of_progress_spoils_nothing(line, first_day):
    def wrong(t, steps):
        raise ZeroDivisionError

    before = end_of(first_day).copy()
    with pytest.raises(ZeroDivisionError):
        sim.simulate(line, start=first_day, progress=wrong)
    assert np.array_equal(end_of(first_day), before)
    assert sim.simulate(line, start=first_day, times=2).success


def test_from_an_output_it_is_the_unbroken_run_within_the_tolerance(base):
    """Concentrations are turned back into amounts there, which costs a rounding."""
    run = sim.simulate(base, times=["0.5 day", "1 day", "2 day"])
    branch = sim.simulate(base.with_intervention(dose()), start=run, at="1 day", times=["2 day"])
    whole = sim.simulate(base.with_intervention(dose()), times=["2 day"])
    for name in ("Ca", "granules", "PPi"):
        assert branch[name].values == pytest.approx(whole[name].values, rel=5e-3, abs=1e-12), name
    assert branch.manifest["ledger_residual"] <= LEDGER
    by_hand(branch)
    assert branch.manifest["parent"]["time"] == DAY and not branch.manifest["parent"]["at_end"]


def test_the_ledger_is_that_of_the_whole_history(line):
    """Of two runs, each with something put in by hand: what is there less what came since the first start."""
    one = line.with_intervention(dose("0.5 day", state={"ACP": "1 mM"}, boundary={}))
    two = one.with_intervention(dose("1.5 day", state={"ACP": "2 mM"}, boundary={}))
    before = sim.simulate(one, until="1 day")
    after = sim.simulate(two, start=before)
    at_start = sim.simulate(line, times=[0.0, 2 * DAY])["ledger"].isel(time=0)
    came = ["supplied by boundary", "supplied by perfusion", "interventions"]
    end = after["ledger"].isel(time=-1)
    held = {k: float(end.drop_sel(pool=came).sum("pool").sel(element=k)) for k in ("Ca", "P", "C")}
    for element, amount in held.items():
        first = float(at_start.drop_sel(pool=came).sum("pool").sel(element=element))
        added = float(end.sel(element=element, pool=came).sum())
        assert amount - first == pytest.approx(added, abs=1e-12 * amount), element
    assert after.manifest["ledger_residual"] <= LEDGER


def test_what_has_acted_does_not_act_again_and_what_lasts_goes_on(line):
    once = dose("0.5 day", state={"ACP": "5 mM"}, until="1.5 day")
    treated = line.with_intervention(once)
    whole = sim.simulate(treated, times=["1.25 day", "2 day"], rtol=1e-6)
    after = sim.simulate(
        treated, start=sim.simulate(treated, until="1 day", rtol=1e-6), times=["1.25 day", "2 day"], rtol=1e-6
    )
    for name in ("PPi", "ACP"):
        assert after[name].values == pytest.approx(whole[name].values, rel=1e-3, abs=1e-9), name
    assert float(whole["PPi"][0].max()) > 5e-3 > float(whole["PPi"][1].max())


def test_what_lasts_may_be_ended_early(line):
    """As one that was to end there from the first."""
    whole, stopped = (line.with_intervention(dose("0.5 day", until=t)) for t in (None, "1 day"))
    before = sim.simulate(whole, until="1 day")
    after = sim.simulate(stopped, start=before, times=["2 day"])
    other = sim.simulate(stopped, times=["2 day"])
    assert np.array_equal(after["PPi"].values, other["PPi"].values)


def test_outputs_show_a_step_at_the_very_start(line, first_day):
    result = sim.simulate(line.with_intervention(dose(state={"ACP": "1 mM"})), start=first_day, times=5)
    assert result.t[0] == np.nextafter(DAY, 2 * DAY)
    assert result["ACP"].values[0] == pytest.approx(1.0, rel=1e-12)
    plain = sim.simulate(line, start=first_day, times=5)
    assert plain.t == pytest.approx(DAY * (1 + (np.arange(5) / 4) ** 2))
    assert np.array_equal(plain["HAP"].values[0], first_day["HAP"].values[-1])


def uptake(Ca, drug, k):
    """Calcium bound by a drug [mol m-3 s-1]."""
    return k * Ca * drug


def with_drug(scenario, initial="0.5 mM"):
    bound = sim.Species("bound", contains={"Ca": 1, "X": 1})
    drug = sim.Species("drug", diffusivity=6e-11, contains={"X": 1})
    process = sim.Process(
        "drug", uptake, {"Ca": -1, "drug": -1, "bound": 1}, {"k": sim.Parameter(1e-5, "m3/mol/s")}
    )
    model = scenario.model.with_species(drug).with_species(bound).with_process(process)
    return scenario.with_model(model, initial={"drug": initial})


def test_a_drug_may_come_in_later(line, first_day):
    """Its species begin as at a first start: its concentration in the pores of then."""
    after = sim.simulate(with_drug(line), start=first_day, times=["1 day", "2 day"])
    assert after["drug"].values[0] == pytest.approx(0.5, rel=1e-12)
    assert np.array_equal(after["HAP"].values[0], first_day["HAP"].values[-1])
    assert after.manifest["ledger_residual"] <= LEDGER
    assert float(after["bound"].values[-1].min()) > 0
    X = after["ledger"].sel(element="X", pool="interventions").values
    volume = after["volume"] * after["porosity"].isel(time=0)
    assert X[0] == pytest.approx(0.5 * float(volume.sum()), rel=1e-12)  # put in by hand, says the ledger


def test_what_would_be_lost_is_refused(line, first_day):
    held = sim.simulate(with_drug(line), start=first_day, until="1.5 day")
    with pytest.raises(ScenarioError, match="holds up to .* of (drug|bound), which the model .* has not"):
        sim.simulate(line, start=held)
    none = sim.simulate(with_drug(line, "0 mM"), until="1 day")
    assert sim.simulate(line, start=none, times=2).success


REFUSED = {
    "an end that has passed": (lambda s: s.with_(duration="12 h"), {}, "the state to go on from is of 1 day"),
    "other cells": (lambda s: s.changed({"lesion.cells": 9}), {}, "12 cells along r, and .* has 13"),
    "another size": (lambda s: s.changed({"lesion.radius": "3 mm"}), {}, "a face of cells along r lies at"),
    "another geometry": (lambda s: s.with_geometry("sphere"), {}, "is of a cylinder, and .* of a sphere"),
    "another start": (lambda s: s.changed({"initial.HAP": "1 mM"}), {}, "initial.HAP is read at the first"),
    "another pH": (lambda s: s.changed({"lesion.pH": 7.0}), {}, "'lesion.pH' is read at the first start"),
    "a deed of the past": (
        lambda s: s.with_intervention(dose("12 h", state={"ACP": 1.0})), {}, "was not done in the run before"
    ),
    "what would have lasted": (
        lambda s: s.with_intervention(dose("12 h")), {}, "Let it begin then or later"
    ),
    "no output": (lambda s: s, {"at": "13.7 h"}, "at = 13.7 h is not an output .* nearest to it are"),
    "times of the past": (lambda s: s, {"times": ["1 h", "2 day"]}, "'1 h' is outside the run, which goes"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_does_not_fit_is_refused(line, first_day, kind):
    change, more, words = REFUSED[kind]
    with pytest.raises(ScenarioError, match=words):
        sim.simulate(change(line), start=first_day, **more)


def test_a_start_that_is_none_is_refused(line, first_day):
    with pytest.raises(ScenarioError, match="give start=result, or until"):
        sim.simulate(line, at="1 day")
    with pytest.raises(ScenarioError, match="is not a Result"):
        sim.simulate(line, start=line)
    older = replace(first_day, tables=first_day.tables.drop_vars("end_amounts"))
    with pytest.raises(ScenarioError, match="holds no state to go on from"):
        sim.simulate(line, start=older)


def test_a_result_of_few_variables_goes_on_from_its_end_only(line):
    few = sim.simulate(line, until="1 day", variables=["HAP"])
    assert sim.simulate(line, start=few, times=2).success
    with pytest.raises(ScenarioError, match="where the run ended only"):
        sim.simulate(line, start=few, at=float(few.t[3]))


def test_a_hash_says_what_a_run_goes_on_from(line, first_day):
    other = sim.simulate(line.changed({"lesion.perfusion": 0.0}), until="1 day")
    hashes = [
        sim.simulate(line, **more).manifest["hash"]
        for more in (
            {}, {"start": first_day}, {"start": other}, {"start": first_day, "at": float(first_day.t[9])},
        )
    ]  # fmt: skip
    assert len(set(hashes)) == 4 and all(hashes)


def test_a_course_goes_on_where_it_was():
    """Its values hang on the clock of the lesion: a continued run has those of the unbroken one."""
    plain = KINDS["line"](sim.scenario("infarct_myocardium"))
    base = plain.with_course(
        "plasma.P", ["0 h", "20 h", "30 h", "48 h"], ["1.1 mM", "3 mM", "0.8 mM", "2 mM"]
    )
    whole = sim.simulate(base, rtol=1e-7, times=["12 h", "25 h", "36 h", "48 h"])
    first = sim.simulate(base, rtol=1e-7, until="25 h", times=["12 h", "25 h"])
    rest = sim.simulate(base, rtol=1e-7, start=first, times=["36 h", "48 h"])
    assert rest.array_of("P")[-1] == pytest.approx(whole.array_of("P")[-1], rel=1e-4)
    assert end_of(rest) == pytest.approx(end_of(whole), rel=1e-3, abs=1e-9)
    assert rest.manifest["ledger_residual"] < LEDGER
