"""`hapsim run --continue` and `hapsim script`: what goes on, what is written where, and what is kept."""

import numpy as np
import pytest
from click.testing import CliRunner

import sim
from sim.cli import main

NAME = "infarct_myocardium"
TINY = ("--days", "0.01", "--resolution", "0.05")
FORMER = {"result-1.nc", "summary-1.json", "story-1.png"}
DAY = 86400.0


def hapsim(*words):
    return CliRunner().invoke(main, [str(w) for w in words])


@pytest.fixture
def before(tmp_path):
    """The folder of a tiny run."""
    done = hapsim("run", NAME, *TINY, "--rtol", 1e-4, "--out", tmp_path / "a", "--no-figure")
    assert done.exit_code == 0, done.output
    return tmp_path / "a"


def test_it_goes_on_in_its_folder_and_keeps_what_was_there(before):
    old = (before / "result.nc").read_bytes()
    done = hapsim("run", "--continue", before, "--days", "0.02")
    assert done.exit_code == 0, done.output
    assert (before / "result-1.nc").read_bytes() == old and "result-1.nc" in done.stdout
    result, part = sim.load(before / "result.nc"), sim.load(before / "result-1.nc")
    assert result.t[0] == 0.0 and result.t[-1] == pytest.approx(0.02 * DAY)
    assert np.array_equal(result["Ca"].values[: part.t.size], part["Ca"].values)
    assert result.manifest["rtol"] == 1e-4  # that of the run before
    assert result.manifest["ledger_residual"] <= 1e-12
    assert (before / "story.png").read_bytes()[:4] == b"\x89PNG"
    again = hapsim("run", "--continue", before, "--until", "0.03 day", "--no-figure")
    assert again.exit_code == 0, again.output
    assert {"result-1.nc", "result-2.nc", "story-2.png"} <= {f.name for f in before.iterdir()}
    assert (before / "result-1.nc").read_bytes() == old
    assert sim.load(before / "result.nc").t[-1] == pytest.approx(0.03 * DAY)


def test_a_branch_elsewhere_leaves_the_folder_as_it_was(before, tmp_path):
    there = {f.name: f.read_bytes() for f in before.iterdir()}
    words = ("--set", "plasma.PPi=5 uM", "--until", "0.02 day", "--no-figure")
    done = hapsim("run", "--continue", before, *words, "--out", tmp_path / "b", "--script", tmp_path / "b.py")
    assert done.exit_code == 0, done.output
    assert {f.name: f.read_bytes() for f in before.iterdir()} == there
    result = sim.load(tmp_path / "b" / "result.nc")
    assert result.scenario.parameters.si("plasma.PPi") == pytest.approx(5e-3)
    assert result.t[0] == 0.0 and result.success
    names = {}
    exec(compile((tmp_path / "b.py").read_text(), "b.py", "exec"), names)  # noqa: S102 our own
    assert np.array_equal(names["result"]["HAP"].values, result["HAP"].values)
    taken = hapsim("run", "--continue", before, *words, "--out", tmp_path / "b")
    assert taken.exit_code == 2 and "already has" in taken.output


def test_after_an_interruption_its_own_end_is_reached(tmp_path):
    def stop(t, steps):
        if t > 60.0:
            raise KeyboardInterrupt

    s = sim.scenario(NAME).with_resolution(0.05).with_(duration="5 day")
    cut = sim.simulate(s, progress=stop)
    assert cut.status == "interrupted" and cut.manifest["t_end"] < 5 * DAY
    cut.save(tmp_path / "result.nc")
    done = hapsim("run", "--continue", tmp_path, "--no-figure")
    assert done.exit_code == 0, done.output
    result = sim.load(tmp_path / "result.nc")
    assert result.success and result.t[-1] == 5 * DAY and result.t[0] == 0.0
    assert sim.load(tmp_path / "result-1.nc").status == "interrupted"


def test_what_kept_few_variables_goes_on_with_them(tmp_path):
    first = hapsim("run", NAME, *TINY, "--variables", "HAP", "--out", tmp_path / "a", "--no-figure")
    assert first.exit_code == 0, first.output
    done = hapsim("run", "--continue", tmp_path / "a", "--days", "0.02")
    assert done.exit_code == 0, done.output
    assert "HAP" in sim.load(tmp_path / "a" / "result.nc").dataset


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give the NAME of a scenario, or --continue DIR"),
        (("--continue", "A", NAME), "leave NAME out"),
        (("--continue", "A"), "has reached 14.4 min; say until when"),
        (("--continue", "A", "--days", "0.005"), "has reached 14.4 min"),
        (("--continue", "A", "--days", "1", "--until", "2 day"), "the end is given twice"),
        (("--continue", "A", "--days", "1", "--resolution", "2"), "leave --resolution out"),
        (("--continue", "A", "--days", "1", "--set", "lesion.cells=9"), "4 cells|cells along r"),
        (("--continue", "A", "--days", "1", "--at", "3 day"), "is not an output of this result"),
        (("--continue", "nowhere", "--days", "1"), "there is no file nowhere"),
        ((NAME, "--at", "3 day"), "--at chooses an output of --continue DIR"),
        ((NAME, "--script", "nowhere/run.py"), "there is no folder nowhere"),
    ],
)
def test_what_cannot_be_meant_is_refused(before, words, said):
    import re

    done = hapsim("run", *(before if w == "A" else w for w in words))
    assert done.exit_code == 2 and re.search(said, done.output), done.output
    assert {f.name for f in before.iterdir()} == {"result.nc", "summary.json"}


def test_a_script_is_printed_or_written(before, tmp_path):
    done = hapsim("script", before)
    assert done.exit_code == 0 and done.stdout == sim.script(sim.load(before / "result.nc"))
    out = tmp_path / "run.py"
    assert hapsim("script", before / "result.nc", "--out", out).exit_code == 0
    assert out.read_text() == done.stdout
    taken = hapsim("script", before, "--out", out)
    assert taken.exit_code == 2 and "is there already" in taken.output
    assert hapsim("script", before, "--out", out, "--force").exit_code == 0
