"""A run that ends before its interventions: what lies beyond the end does not act, and is told."""

import warnings

import numpy as np
import pytest
from click.testing import CliRunner

import sim
from sim.cli import main
from sim.errors import ConfigError, ScenarioError, UnreachedWarning
from sim.experiment.change import applied
from sim.sweeps import grid, table
from sim.sweeps.design.axis_check import check_ends

DAY = 86400.0


@pytest.fixture(scope="module")
def treated():
    """Three days, with interventions at half a day, one and two days."""
    base = sim.scenario("infarct_myocardium").with_resolution(0.05).with_(duration="3 day")
    doses = [("0.5 day", "early"), ("1 day", "middle"), ("2 day", "late")]
    return base.with_intervention(*(sim.Intervention(t, boundary={"C": 30.0}, label=n) for t, n in doses))


def test_a_shortened_scenario_runs_and_tells_what_does_not_act(treated):
    short = treated.with_(duration="1 day")
    with pytest.warns(UnreachedWarning, match="ends at 1 day, so middle at 1 day, late at 2 days do not act"):
        found = sim.simulate(short, times=["1 day"])
    notes = [n for n in found.manifest["notes"] if "not act" in n]
    assert len(notes) == 1 and "middle" in notes[0] and "early" not in notes[0]
    alone = short.with_(interventions=treated.interventions[:1])
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnreachedWarning)
        np.testing.assert_array_equal(found["C"], sim.simulate(alone, times=["1 day"])["C"])


def test_it_can_be_saved_read_changed_and_lengthened_again(treated, tmp_path):
    short = treated.changed({"duration": "1 day"})
    assert sim.scenario(short.save(tmp_path / "short.toml")) == short
    with pytest.warns(UnreachedWarning):
        assert sim.simulate(short, times=2).scenario == short
    assert short.changed({"growth.k": "growth.k * 2", "intervention.early.C": 25.0}).duration == DAY
    more = short.with_intervention(sim.Intervention("0.2 day", boundary={"C": 20.0}))
    assert len(more.interventions) == 4
    assert short.changed({"duration": "3 day"}) == treated


@pytest.mark.parametrize("at", ["1 day", "1.5 day"])
def test_who_adds_or_moves_one_beyond_the_end_is_told(treated, at, tmp_path):
    short, late = treated.with_(duration="1 day"), sim.Intervention(at, boundary={"C": 20.0})
    words = "the run ends at 1 day"
    for ask in (
        lambda: short.with_intervention(late),
        lambda: short.changed({"interventions": (*short.interventions, late)}),
        lambda: short.with_(interventions=(late,)),
        lambda: short.changed({"early.at": at}),
        lambda: applied(short, {"early.at": 1.5 * DAY}),
        lambda: treated.changed({"duration": "1 day", "early.at": at}),
    ):
        with pytest.raises(ScenarioError, match=words):
            ask()
    file = tmp_path / "own.toml"
    file.write_text(
        'base = "infarct_myocardium"\nduration = "1 day"\n'
        f'[[interventions]]\nat = "{at}"\nboundary = {{ C = "20 mM" }}\n'
    )
    with pytest.raises(ScenarioError, match=words):
        sim.scenario(file)


def test_the_duration_after_all_values_decides(treated):
    short = treated.with_(duration="1 day")
    made = short.changed({"early.at": "4 day", "duration": "5 day"})
    assert [c.label for c in made.interventions] == ["middle", "late", "early"]


def test_axes_may_shorten_runs_and_may_not_move_what_is_done_beyond_their_end(treated):
    check_ends(table([{"duration": 0.7 * DAY}]), treated)
    with pytest.raises(ConfigError, match=r"early.at = 345600 s.*the run ends at 3 days"):
        check_ends(table([{"early.at": 4 * DAY}]), treated)
    measures = {"C": sim.measures.mean("C")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnreachedWarning)
        rows = sim.sweep(treated, grid({"duration": ["0.7 day", "1 day"]}), measures=measures, times=2).rows
    assert [row["status"] for row in rows] == ["finished"] * 2


def test_the_command_runs_a_shortened_scenario(treated, tmp_path):
    path = treated.save(tmp_path / "treated.toml")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnreachedWarning)
        done = CliRunner().invoke(
            main, ["run", str(path), "--days", "0.7", "--no-figure", "--out", str(tmp_path / "out")]
        )
    assert done.exit_code == 0, done.output
    assert "do not act" in done.output
