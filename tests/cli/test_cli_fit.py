"""`hapsim calibrate` and `hapsim sensitivity`: files, stores, figures and sentences, as a user meets them."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import sim
from sim.cli import main

FIT = """
title = "Coarse implant"
scenario = "elastin_implant_rat"
resolution = 0.1
data = "uptake.csv"
[free]
"capsule.thickness" = { low = "0.05 mm", high = "5 mm", log = true, start = "0.2 mm" }
[fit]
starts = 1
"""
TRUE = 0.8e-3
SENSITIVITY = """
scenario = "elastin_implant_rat"
resolution = 0.1
[axes]
"capsule.thickness" = { low = "0.2 mm", high = "1 mm", log = true }
"plasma.Ca" = { low = "1.4 mM", high = "1.8 mM" }
[design]
method = "morris"
n = 3
seed = 1
[measures]
uptake = { what = "mean", of = "Ca_per_dry_mass", within = "implant" }
[run]
times = 5
"""


def hapsim(*words):
    return CliRunner().invoke(main, [str(w) for w in words])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(FIT)
    (tmp_path / "which.toml").write_text(SENSITIVITY)
    scenario = sim.scenario("elastin_implant_rat").with_resolution(0.1)
    truth = scenario.with_parameters({"capsule.thickness": TRUE})
    run = sim.simulate(truth, times=["7 day", "21 day"], rtol=1e-6)
    values = 1e3 * sim.measures.mean("Ca_per_dry_mass", "implant").curve(run).values
    pairs = zip((7, 21), values.tolist(), strict=True)
    rows = "".join(f"{t},mean Ca_per_dry_mass in implant,{v!r},{0.1 * v!r}\n" for t, v in pairs)
    head = "time [day],quantity,value [ug/mg],sd [ug/mg]\n"
    (tmp_path / "uptake.csv").write_text(head + rows + "30,HAP,NA,\n")
    return tmp_path


def test_a_synthetic_truth_is_found_from_a_file(folder):
    done = hapsim("calibrate", "mine.toml", "--figure", "fit.png", "--out", "fit.json")
    assert done.exit_code == 0, done.output
    assert "Coarse implant" in done.output and "1 line without a value left out: 4" in done.output
    assert (folder / "fit.png").read_bytes()[:4] == b"\x89PNG"
    row = json.loads((folder / "fit.json").read_text())["parameters"][0]
    assert row["value"] == pytest.approx(1e3 * TRUE, rel=1e-4) and row["unit"] == "mm"
    assert row["profile_low"] < 1e3 * TRUE < row["profile_high"] and row["verdict"] == "identifiable"
    again = hapsim("calibrate", "mine.toml", "--json", "--out", "best.toml")
    told = json.loads(again.stdout)
    assert told["parameters"][0]["value"] == row["value"]
    assert "of them stored before" in again.stderr
    assert sim.scenario("best.toml").parameters.si("capsule.thickness") == pytest.approx(TRUE, rel=1e-4)
    refused = hapsim("calibrate", "mine.toml", "--out", "fit.json")
    assert refused.exit_code == 2 and "--force" in refused.output


def test_ctrl_c_keeps_the_runs_and_exits_with_130(folder, monkeypatch):
    from sim.calibration.engine.fit_progress import FitProgress

    counted = []
    told = FitProgress.run_done

    def breaks(self, *words):
        told(self, *words)
        counted.append(words)
        if len(counted) == 8:
            raise KeyboardInterrupt

    monkeypatch.setattr(FitProgress, "run_done", breaks)
    broken = hapsim("calibrate", "mine.toml", "--store", "part.db")
    assert broken.exit_code == 130 and "part.db keeps the runs; interrupted after 8 runs" in broken.stderr
    done = hapsim("calibrate", "mine.toml", "--store", "part.db")
    assert done.exit_code == 0 and "8 of them stored before" in done.stderr


def test_check_says_what_would_be_fitted_and_runs_nothing(folder):
    done = hapsim("calibrate", "mine.toml", "--check")
    assert done.exit_code == 0 and "0.05 mm to 5 mm, from 0.2 mm, logarithmic" in done.output
    assert not (folder / "results").exists()
    assert "elastin_implant_rat" in hapsim("calibrate").output
    assert hapsim("calibrate", "elastin_implant_rat", "--check").exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('data = "uptake.csv"', "", "lacks 'data'"),
        ('"uptake.csv"', '"uptak.csv"', "cannot be read"),
        ('"uptake.csv"', '"elastin"', "no data are called 'elastin'"),
        ("capsule.thickness", "capsule.thicknes", "Did you mean 'capsule.thickness'"),
        ("log = true", "log = 3", "log = 3 is neither true nor false"),
        ('low = "0.05 mm", ', "", "one of low and high"),
        ("starts = 1", "starts = 0", "starts = 0 is not a whole number"),
        ("starts = 1", "stars = 1", "Did you mean 'starts'"),
        ("starts = 1", 'errors = "relative"', "errors = 'relative' is not one of constant, proportional"),
        ("starts = 1", "confidence = 95", "confidence = 95"),
        ("[free]", "[fre]", "unknown key 'fre'"),
        ("resolution = 0.1", 'duration = "10 day"', "reaches to 21 days"),
    ],
)
def test_slips_in_a_calibration_file_are_sentences(folder, old, new, words):
    assert old in FIT
    (folder / "mine.toml").write_text(FIT.replace(old, new))
    done = hapsim("calibrate", "mine.toml", "--check")
    assert done.exit_code == 2 and words in done.output, done.output


def test_sensitivities_of_a_file(folder):
    done = hapsim("sensitivity", "which.toml", "--out", "effects.csv", "--figure", "effects.png")
    assert done.exit_code == 0, done.output
    frame = pd.read_csv(folder / "effects.csv").set_index("axis")
    # more calcium outside and a shorter way in: more is taken up, at every step
    sign = frame["mu"].index.map({"capsule.thickness": -1.0, "plasma.Ca": 1.0}).to_numpy()
    assert (sign * frame["mu"] > 0).all() and np.allclose(sign * frame["mu"], frame["mu_star"])
    assert (folder / "effects.png").read_bytes()[:4] == b"\x89PNG"
    again = hapsim("sensitivity", "which.toml", "--json")
    assert json.loads(again.stdout)["rows"][0]["mu"] == pytest.approx(frame["mu"].iloc[0])
    assert "sweep:" not in again.stderr  # nothing was run again


def test_local_sensitivities_of_a_file(folder):
    text = SENSITIVITY[: SENSITIVITY.index("[axes]")] + SENSITIVITY[SENSITIVITY.index("[measures]") :]
    text += '[sensitivity]\nmethod = "local"\nparameters = ["plasma.Ca"]\n'
    (folder / "local.toml").write_text(text)
    told = json.loads(hapsim("sensitivity", "local.toml", "--json", "-q").stdout)
    base = sim.scenario("elastin_implant_rat").with_resolution(0.1)
    uptake = {"uptake": sim.measures.mean("Ca_per_dry_mass", "implant")}
    direct = sim.sensitivity.local(base, ["plasma.Ca"], uptake, times=5)
    assert told["rows"][0]["sensitivity"] == pytest.approx(direct.values[0, 0], rel=1e-12)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('[sensitivity]\nmethod = "sobol"', "needs [design] method = 'saltelli', not 'morris'"),
        ('[sensitivity]\nmethod = "soboll"', "is not one of morris, sobol, local. Did you mean 'sobol'"),
        ("[sensitivity]\nstep = 0.1", "step decides nothing where method = 'morris'"),
        ('[sensitivity]\nlog = ["uptak"]', "Did you mean 'uptake'"),
        ("[sensitivity]\nlog = 5", "log = 5"),
        ("[sensitivity]\nresamples = 1", "resamples = 1"),
    ],
)
def test_slips_in_a_sensitivity_file_are_sentences(folder, more, words):
    (folder / "which.toml").write_text(SENSITIVITY + more)
    done = hapsim("sensitivity", "which.toml", "--check")
    assert done.exit_code == 2 and words in done.output, done.output
