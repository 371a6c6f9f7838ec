"""Experiments that are run: numbers as simulate gives them, failures in words, Ctrl-C keeps what is there."""

import os
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import sim
from sim.errors import ConfigError
from sim.run.measures import Measure
from sim.sweeps.engines.side_by_side import DIED
from sim.validation import arm_runs, load_experiment, validate
from sim.validation.wanted import Reading

FILE = """
base = "elastin_implant_rat"
resolution = 0.1
duration = "2 day"

[arms.rich]

[arms.poor]
"plasma.Ca" = "1.0 mM"

[[wanted]]
arm = "rich"
least = "1e-3 mM"
source = "bailey2001"
confidence = "seen"

[[wanted]]
arm = "rich"
at = "1 day"
least = 1
against = { arm = "poor", at = "1 day" }
source = "bailey2001"
confidence = "seen"
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "mine.toml").write_text(FILE)
    return tmp_path / "mine.toml"


@pytest.fixture(scope="module")
def by_hand():
    """Mean calcium in solids of both arms after one day and two."""
    base = sim.scenario("elastin_implant_rat").changed({"resolution": 0.1, "duration": "2 day"})
    found = []
    for Ca in ("1.6 mM", "1.0 mM"):
        run = sim.simulate(base.changed({"plasma.Ca": Ca}), times=["1 day", "2 day"], rtol=1e-7)
        found.append(sim.measures.mean("Ca_in_mineral").curve(run).values)
    return found


def test_figures_are_those_of_the_runs(file, by_hand):
    (rich_1, rich_2), (poor_1, _) = by_hand
    first, second = validate([file])["mine"].judged
    assert first.figure == pytest.approx(rich_2, rel=1e-3)
    assert second.figure == pytest.approx(rich_1 / poor_1, rel=1e-2)
    assert first.verdict == ("pass" if rich_2 >= 1e-3 else "FAIL")


def test_changes_act_in_every_arm_that_has_the_name(file, by_hand):
    """With plasma.Ca set both arms are one, and their ratio is 1."""
    card = validate([file], {"plasma.Ca": "1.6 mM"})
    assert card["mine"].judged[1].figure == pytest.approx(1.0, rel=1e-9)
    assert card.changes == {"plasma.Ca": "1.6 mM"}
    both = validate([file, "ester_and_phosphatase"], {"implant.collagen": 1e20})  # the beaker has no implant
    assert [r.verdict == "not run" for r in both.rows] == [False, False]
    with pytest.raises(ConfigError, match="Did you mean 'plasma.C'"):
        validate([file], {"plasma.Cx": "1 mM"})


def test_workers_give_the_same_numbers(file):
    here, there = (validate([file], workers=n).to_dataframe() for n in (0, 2))
    np.testing.assert_array_equal(here["found"], there["found"])


def test_a_run_that_fails_is_a_statement_that_fails_with_its_reason(file):
    file.write_text(
        FILE.replace(
            '"1.0 mM"', '"1.0 mM"\n\n[[arms.poor.interventions]]\nat = "1 day"\nboundary = { Zn = "1 uM" }'
        )
    )
    first, second = validate([file])["mine"].judged
    assert first.reason == ""
    assert second.verdict == "FAIL"
    assert "poor failed: " in second.reason
    assert "'Zn' is not a mobile species" in second.reason
    assert np.isnan(second.figure)


def test_a_run_that_ends_early_gives_no_numbers(file, monkeypatch):
    broken = SimpleNamespace(status="failed", success=False, message="too stiff.", manifest={})
    monkeypatch.setattr(arm_runs, "simulate", lambda *_, **__: broken)
    assert [j.found() for j in validate([file])["mine"].judged] == [
        "rich failed: too stiff.", "rich failed: too stiff.",
    ]  # fmt: skip


def killed(result):
    os._exit(9)


def test_a_run_that_ends_its_process_is_told_and_the_others_go_on(file):
    """The measure of one arm kills whoever takes it."""
    e = load_experiment(file)
    deadly = replace(e.wanted[0], readings=(Reading("poor", Measure("deadly", killed), ""),))
    first, second = validate([replace(e, wanted=(e.wanted[0], deadly))], workers=2)["mine"].judged
    assert first.reason == ""
    assert np.isfinite(first.figure)
    assert second.reason == f"poor failed: {DIED}"


def test_an_interruption_keeps_what_was_run(file):
    def stop(done, _):
        if done == 1:
            raise KeyboardInterrupt

    card = validate([file], progress=stop)
    assert card.message == "interrupted: 1 of 2 runs are missing."
    first, second = card["mine"].judged
    assert (first.verdict != "not run", second.verdict, card["mine"].verdict) == (True, "not run", "not run")


def test_progress_is_told_of_every_run(file):
    told = []
    validate([file], progress=lambda done, wanted: told.append((done, wanted)))
    assert told == [(1, 2), (2, 2)]


def test_what_is_wrong_with_a_call_is_said(file):
    with pytest.raises(ConfigError, match="workers = -1"):
        validate([file], workers=-1)
    e = load_experiment(file)
    assert (e.has("plasma.Ca"), e.has("lesion.radius")) == (True, False)


def test_the_cause_of_a_failure_is_shown_by_changes_that_take_it_away(file):
    """Both arms are one with plasma.Ca at 1.6 mM, so that their ratio is 1, and no longer above 2."""
    other = 'cause = "poor"\n' + FILE.replace("least = 1\n", "most = 2\n")
    file.write_text(other.replace("[arms.rich]", '[counterfactual]\n"plasma.Ca" = "1.6 mM"\n\n[arms.rich]'))
    row = validate([file])["mine"]
    assert row.verdict == "FAIL"
    assert row.otherwise.judged[1].figure == pytest.approx(1.0, rel=1e-9)
    assert row.shown_by() == "with plasma.Ca = 1.6 mM it passes"
    assert validate([file], {"plasma.Ca": "1.6 mM"})["mine"].shown_by() == ""


def test_a_counterfactual_of_nothing_is_refused(file):
    file.write_text(FILE.replace("[arms.rich]", '[counterfactual]\n"plasma.Cx" = "1.6 mM"\n\n[arms.rich]'))
    with pytest.raises(ConfigError, match="plasma.Cx"):
        load_experiment(file)
