"""`hapsim treatments` and `--treat`."""

import json

import pytest
from click.testing import CliRunner

import sim
from sim.cli import main

TINY = ("--days", "0.02", "--resolution", "0.05", "--no-figure", "-q")


def hapsim(*words):
    return CliRunner().invoke(main, list(words))


def test_treatments_are_listed_with_doses():
    done = hapsim("treatments")
    assert done.exit_code == 0
    listed = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
    assert [n for n in listed if n in sim.treatments()] == sim.treatments()
    assert "Not a clinical tool" in done.stdout and "5 uM" in done.stdout


def test_a_treatment_is_described_with_sources():
    done = hapsim("treatments", "sbi_425")
    said = " ".join(done.stdout.split())
    for words in ("pinkerton2018", "16 nM", "does nothing where tissue has no", "Not a clinical tool"):
        assert words in said
    wrong = hapsim("treatments", "etidronat")
    assert wrong.exit_code == 2 and "Did you mean 'etidronate'?" in wrong.stderr


def test_treat_gives_treatments_that_set_may_change(tmp_path):
    words = ("--treat", "phosphate_binder@5min..10min", "--treat", "magnesium:0.5mM")
    more = ("--set", "phosphate_binder.dose=0.2 mM", "--out", str(tmp_path))
    done = hapsim("run", "infarct_myocardium", *TINY, *words, *more)
    assert done.exit_code == 0, done.output
    told = json.loads((tmp_path / "summary.json").read_text())
    assert told["treated"] == ["phosphate_binder@5min..10min", "magnesium:0.5mM"]
    magnesium, binder = sim.load(tmp_path / "result.nc").scenario.interventions
    assert (binder.at, binder.until, binder.dose) == (300.0, 600.0, pytest.approx(0.2))
    assert (magnesium.treatment, magnesium.dose) == ("magnesium", 0.5)


def test_show_tells_of_the_treatment():
    done = hapsim("show", "infarct_myocardium", "--brief", "--treat", "etidronate@3day..10day")
    assert done.exit_code == 0
    assert "etidronate at 3 days until 10 days: etidronate 1 uM" in done.stdout
    assert hapsim("show", "infarct_myocardium", "--treat", "etidronate@").exit_code == 2


def test_sources_of_treatments_are_cited():
    said = hapsim("cite").stdout
    assert "Treatments" in said and "lioufas2022" in said and "phosphate_binder.dose" in said


def test_a_treatment_may_lie_beyond_the_end_that_was(tmp_path):
    """--days is heard before --treat, in whatever order they stand."""
    out = tmp_path / "late"
    words = ["run", "elastin_implant_rat", "--treat", "pyrophosphate@22day", "--days", "23", "--outputs", "5"]
    found = hapsim(*words, "--out", str(out), "--no-figure")
    assert found.exit_code == 0, found.output
    assert "pyrophosphate at 22 days" in found.output
