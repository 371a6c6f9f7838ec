"""A run and what it goes on from as one result: outputs of both, all that was done, one ledger."""

import warnings

import numpy as np
import pytest

import sim
from sim.errors import RangeWarning, ScenarioError
from sim.plotting.runs.events import events
from sim.summary.summary_lines import summary_lines

DAY = 86400.0


@pytest.fixture(scope="module")
def line():
    return sim.scenario("infarct_myocardium").with_resolution(0.1).with_(duration="2 day")


@pytest.fixture(scope="module")
def parts(line):
    """Held at a pH from half a day on, which the branch leaves out; then a dose."""
    hold = sim.Intervention("0.5 day", parameters={"lesion.pH_hold": 6.9}, label="hold")
    dose = sim.Intervention("1.5 day", boundary={"PPi": "20 uM"}, label="dose")
    first = sim.simulate(line.with_intervention(hold), until="1 day", times=9)
    second = sim.simulate(line.with_intervention(dose), start=first, times=7)
    return first, second


def test_each_moment_is_there_once_with_the_values_of_its_run(parts, tmp_path):
    first, second = parts
    whole = second.joined(first)
    whole = sim.load(whole.save(tmp_path / "a.nc"))
    assert whole.t.tolist() == [*first.t, *second.t[1:]] and np.all(np.diff(whole.t) > 0)
    assert whole["time_days"].values == pytest.approx(whole.t / DAY)
    for name in second.dataset.data_vars:
        if "time" in second[name].dims:
            both = np.concatenate([first[name].values, second[name].values[1:]])
            assert np.array_equal(whole[name].values, both), name
        assert whole[name].attrs == second[name].attrs
    for pool, amounts in whole.pools.items():
        zero = np.zeros((first.t.size, len(first.elements)))
        assert np.array_equal(amounts[: first.t.size], first.pools.get(pool, zero)), pool
    assert whole.stats["steps"] == first.stats["steps"] + second.stats["steps"]
    assert whole.manifest["ledger_residual"] <= 1e-12


def test_what_was_done_is_told_with_its_true_end(parts):
    first, second = parts
    told = {e.words: (e.start / DAY, e.end / DAY) for e in events(second.joined(first))}
    assert told == {"hold": (0.5, 1.0), "dose": (1.5, 2.0)}


def test_a_treatment_that_a_branch_leaves_out_is_told_with_its_end(line):
    """What plasma held of it is gone at once there, and a sentence says so; none where nothing is left."""
    first = sim.simulate(line.treated("enpp1").treated("phosphate_binder"), until="1 day", times=3)
    with pytest.warns(RangeWarning, match=r"enpp1: .* leaves out this course.*half-life \(96 h\)") as told:
        branch = sim.simulate(line, start=first, times=3)
    assert not [w for w in told if "phosphate_binder" in str(w.message)]
    whole = branch.joined(first)
    assert {(c.label, c.until) for c in whole.interventions} == {("enpp1", DAY), ("phosphate_binder", DAY)}
    assert [n for n in whole.manifest["notes"] if "leaves out this course" in n]


def test_a_treatment_that_a_branch_ends_washes_out_and_is_told_once(line):
    """The scenario of the joined result is what was run: it gives the same numbers."""
    first = sim.simulate(line.treated("enpp1"), until="1 day", times=3, rtol=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RangeWarning)
        ended = line.treated("enpp1", stop="1 day")
        branch = sim.simulate(ended, start=first, times=3, rtol=1e-6)
    whole = branch.joined(first)
    assert [(c.label, c.until) for c in whole.interventions] == [("enpp1", DAY)]
    again = sim.simulate(whole.scenario, times=3, rtol=1e-6)
    assert again["PPi"].values[-1] == pytest.approx(branch["PPi"].values[-1], rel=1e-4)


def test_an_onset_before_the_branch_is_known_to_the_joined_result_only(parts):
    first, second = parts
    lines = [{r.key: r.text for r in summary_lines(r)} for r in (first, second, second.joined(first))]
    onset = [row["onset_Ca_in_mineral"] for row in lines]
    assert onset[0] == onset[2] and onset[1].startswith("before 1 day")
    assert "goes_on_from" in lines[1] and "goes_on_from" not in lines[2]
    assert lines[1]["goes_on_from"] == "1 day of infarct_myocardium; not shown here"
    assert "goes on from 1 day" in repr(second) and "goes on from" not in repr(second.joined(first))


def test_a_branch_of_an_output_takes_the_earlier_ones_only(line, parts):
    first, _ = parts
    branch = sim.simulate(line, start=first, at=float(first.t[4]), times=3)
    whole = branch.joined(first)
    assert whole.t.tolist() == [*first.t[:5], *branch.t[1:]]


def test_three_runs_in_a_row(line, parts):
    first, second = parts
    third = sim.simulate(line, start=second, until="3 day", times=3)
    one, other = third.joined(second.joined(first)), third.joined(second).joined(first)
    assert one.t.tolist() == other.t.tolist() == [*first.t, *second.t[1:], *third.t[1:]]
    assert np.array_equal(one["ledger"].values, other["ledger"].values)
    again = sim.simulate(line, start=one, until="4 day", times=2)
    assert np.array_equal(
        again["Ca"].values, sim.simulate(line, start=third, until="4 day", times=2)["Ca"].values
    )
    assert "goes on from: its first start -> run" in third.diff(first)


def test_only_what_belongs_together_is_joined(line, parts):
    first, second = parts
    with pytest.raises(ScenarioError, match="begins at the first start"):
        first.joined(second)
    with pytest.raises(ScenarioError, match="goes on from the run .* and the one given is the run"):
        second.joined(sim.simulate(line, until="1 day", times=3))


def test_the_dashed_line_of_a_budget_begins_at_the_stack(parts):
    """What came in before the first output is in the stack already."""
    import matplotlib

    matplotlib.use("Agg")
    from sim import plotting

    ax = plotting.budget(parts[1])
    dashed = next(line for line in ax.lines if line.get_label() == "start + supplied")
    held = [p for p in parts[1].pools if not p.startswith("supplied by ") and p != "interventions"]
    calcium = parts[1].elements.index("Ca")
    stack = sum(parts[1].pools[p][:, calcium] for p in held) / float(parts[1]["volume"].sum())
    assert dashed.get_ydata() == pytest.approx(stack, rel=1e-9)
