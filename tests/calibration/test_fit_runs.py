"""The runs of a fit: in processes, broken off, killed and taken up again; the numbers stay the same."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.calibration import Data, Datum, Free, RunFailed, calibrate, fit
from sim.calibration.engine.fit_progress import FitProgress
from sim.errors import ConfigError
from sim.sweeps import load

TIMES = np.linspace(0.5, 8, 8)
FREE = (Free("A", 2.0, 0.01, 100.0, True), Free("k", 0.7, 0.001, 100.0, True))
NAMES = ["nucleation.f_elastin", "capsule.thickness"]


def uptake(v):
    """A share A taken up at rate k; it fails above 20."""
    if v[1] > 20:
        raise RunFailed("too fast.")
    return v[0] * (1 - np.exp(-v[1] * TIMES))


def numbers(seed=3, sd=0.4):
    y = uptake([3.0, 0.4]) + sd * np.random.default_rng(seed).normal(size=TIMES.size)
    return Data(tuple(Datum(float(t), "u", float(v), "1", sd) for t, v in zip(TIMES, y, strict=True)))


def alike(a, b):
    """To the last bit, but for the time it took."""
    assert repr(a) == repr(b)
    np.testing.assert_array_equal(a.values, b.values)
    np.testing.assert_array_equal(a.spread.jacobian, b.spread.jacobian)
    assert repr(a.starts) == repr(b.starts)  # NaN is not NaN
    assert a.failures == b.failures and a.runs == b.runs
    for name in a.profiles:
        np.testing.assert_array_equal(a.profile(name).excess, b.profile(name).excess)


def test_workers_change_no_number():
    """Four searches, four sides of profiles and failing runs; whichever run ends first."""
    alone = fit(uptake, numbers(), FREE, starts=4)
    assert alone.failures  # they are part of what is compared
    alike(alone, fit(uptake, numbers(), FREE, starts=4, workers=2))


def valley(v):
    """A search from 5.3 ends in the wrong valley; one side of the profile finds the deep one."""
    x = v[0] - 3
    return np.array([0.2 * x + 0.5 * np.sin(2.5 * x), 0.05 * x])


def test_workers_change_no_number_where_profiles_find_a_better_fit():
    """The other side must not notice it: it would stop sooner or later."""
    data = Data(tuple(Datum(float(k), "u", 0.0, "1", 0.4) for k in range(2)))
    free = (Free("x", 5.3, -20.0, 30.0),)
    alone = fit(valley, data, free, starts=1)
    assert alone["x"] == pytest.approx(3, abs=1e-3)
    alike(alone, fit(valley, data, free, starts=1, workers=2))


def test_a_run_that_ends_its_process_is_a_failed_run():
    """It dies beyond k = 5 (the second start of seed 1 is at 13), with another run in hand.

    A function of a function travels by value, so that six processes need not import this file.
    """
    times = TIMES

    def deadly(v):
        if v[1] > 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return v[0] * (1 - np.exp(-v[1] * times))

    found = fit(deadly, numbers(), FREE, starts=2, seed=1, workers=2, profiles=False)
    plain = fit(uptake, numbers(), FREE, starts=1, profiles=False)
    np.testing.assert_allclose(found.values, plain.values, rtol=1e-4)
    assert found.failures and all(f.values[1] > 5 for f in found.failures)
    assert "its worker process died" in found.failures[0].reason


def test_ctrl_c_keeps_the_best_so_far():
    seen = []

    def breaks(v):
        if len(seen) == 25:
            raise KeyboardInterrupt
        found = uptake(v)
        seen.append((float((((found - numbers().values) / 0.4) ** 2).sum()), tuple(v)))
        return found

    found = fit(breaks, numbers(), FREE, starts=2)
    assert found.message.startswith("interrupted after 25 runs, before the searches had ended")
    assert found.cost == pytest.approx(min(seen)[0]) and tuple(found.values) == min(seen)[1]
    assert not found.identifiable and found.message in repr(found) and not found.profiles
    assert np.isnan(found.standard_errors).all() and len(found.to_dataframe()) == 2


def test_ctrl_c_with_workers_keeps_the_best_so_far():
    asked = []

    def stop(state):
        if state.runs >= 25 and not asked:  # runs come back several at a time
            asked.append(state.runs)
            raise KeyboardInterrupt

    found = fit(uptake, numbers(), FREE, starts=4, workers=2, progress=stop)
    assert asked and found.message.startswith("interrupted after ") and np.isfinite(found.cost)


def test_ctrl_c_before_any_run_is_ctrl_c():
    def breaks(v):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(breaks, numbers(), FREE)


def test_progress_tells_runs_cost_and_stage():
    states = []
    found = fit(uptake, numbers(), FREE, starts=2, progress=states.append)
    assert [s.runs for s in states] == sorted(s.runs for s in states)
    assert states[-1].runs == found.runs and states[-1].failed == len(found.failures)
    assert min(s.cost for s in states if s.cost == s.cost) == pytest.approx(found.cost)
    assert {s.stage for s in states} >= {"searches", "sides of profiles"}
    assert states[-1].done == states[-1].tasks == 4
    assert "4 of 4 done" in states[-1].text()


def test_a_fit_without_stderr_shows_nothing(monkeypatch, capsys):
    """As in a program without a console, where print would write to stdout instead or fail."""
    monkeypatch.setattr(sys, "stderr", None)
    shown = FitProgress(True)
    shown.stage("searches", 1)
    shown.run_done(False, 1.0, 0)
    shown.close()
    assert capsys.readouterr().out == ""


def coarse():
    return sim.scenario("elastin_implant_rat").with_resolution(0.1)


ROWS = [
    ("7 day", "mean Ca_per_dry_mass in implant", "20 ug/mg", "2 ug/mg"),
    ("14 day", "mean Ca_per_dry_mass in implant", "52 ug/mg", "5 ug/mg"),
    ("21 day", "mean Ca_per_dry_mass in implant", "80 ug/mg", "8 ug/mg"),
]


def test_a_broken_off_fit_goes_on_from_its_store(tmp_path):
    """The same numbers as a fit that was not broken off, and no run made twice."""
    whole = calibrate(coarse(), ROWS, NAMES, starts=2, profiles=False, store=tmp_path / "whole.db")

    def stop(state):
        if state.runs == 40:
            raise KeyboardInterrupt

    part = calibrate(
        coarse(), ROWS, NAMES, starts=2, profiles=False, store=tmp_path / "part.db", progress=stop
    )
    assert part.message and "goes on from its store" in part.message
    last = []
    again = calibrate(
        coarse(), ROWS, NAMES, starts=2, profiles=False, store=tmp_path / "part.db", progress=last.append
    )
    alike(whole, again)
    assert last[-1].reused == 40
    table = load(tmp_path / "part.db")
    assert len(table) == whole.runs == len(load(tmp_path / "whole.db"))
    with pytest.raises(ConfigError, match="part.db holds the points of another"):
        calibrate(coarse().with_(duration="25 day"), ROWS, NAMES, store=tmp_path / "part.db")


DRIVER = """
import sys, sim
sys.path.insert(0, {tests!r})
from test_fit_runs import NAMES, ROWS, coarse
def slow(state):
    print(state.runs, flush=True)
if __name__ == "__main__":
    sim.calibrate(coarse(), ROWS, NAMES, starts=2, profiles=False, store={store!r}, workers=1, progress=slow)
"""


def test_a_killed_fit_goes_on_from_its_store(tmp_path):
    """kill -9 in the middle: what was run is in the file, and the end is that of an unbroken fit."""
    script = tmp_path / "driver.py"
    store = str(tmp_path / "fit.db")
    script.write_text(DRIVER.format(tests=str(Path(__file__).parent), store=store))
    driver = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    with driver:
        for line in driver.stdout:
            if int(line) >= 30:
                driver.kill()
                break
    last = []
    found = calibrate(coarse(), ROWS, NAMES, starts=2, profiles=False, store=store, progress=last.append)
    assert last[-1].reused >= 29
    alike(found, calibrate(coarse(), ROWS, NAMES, starts=2, profiles=False))


def test_progress_without_a_console_writes_nothing(monkeypatch, capsys):
    """pythonw has no stderr; print would take stdout instead, where data go."""
    from sim.calibration.engine.fit_progress import EVERY, FitProgress

    monkeypatch.setattr(sys, "stderr", None)
    shown = FitProgress(True)
    shown._last -= 2 * EVERY  # a line is due
    shown.run_done(False, 1.0, 0)
    shown.close()
    assert shown.state.runs == 1 and capsys.readouterr().out == ""
