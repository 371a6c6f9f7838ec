"""Points side by side: each as if it ran alone, whatever runs beside it, is broken off or fails."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.errors import ConfigError
from sim.identity.settings import Settings
from sim.parameters import Parameters
from sim.run.simulate import prepared, solved
from sim.run.together.side_by_side import MOST_CELLS, kind, may_share, most_runs, solve_together
from sim.sweeps import driver, grid, table
from sim.sweeps.engines.groups import LEAST
from sim.sweeps.sweep_table import load

RTOL = 1e-6
HERE = Path(__file__)
MEASURES = {
    "mineral": sim.measures.mean("HAP"), "pH": sim.measures.lowest("pH"), "Ca": sim.measures.contents("Ca"),
}  # fmt: skip
# One of each kind of numbers: rates, constants of the water, the fluid outside, supply, first state, size.
VARIED = {
    "growth.k": 1.2, "fluid.temperature": 0.995, "fluid.Na": 1.05, "plasma.Ca": 0.95, "plasma.pH": 0.995,
    "lesion.perfusion": 1.5, "lesion.pH": 0.98, "lesion.radius": 1.2, "lesion.buffer": 1.2,
    "necrosis.ester_pool": 1.3, "diffusivity.Ca": 1.2, "nucleation.interfacial_energy": 0.98,
    "lesion.inhibitor": 0.9, "transport.archie": 0.9,
}  # fmt: skip


def stirred(days=5):
    infarct = sim.scenario("infarct_myocardium")
    return sim.Scenario(
        "stirred", infarct.model, "well_mixed", (("lesion", 1),), "closed", f"{days} days",
        parameters=infarct.parameters, initial=infarct.initial,
    )  # fmt: skip


def line(days=5):
    infarct = sim.scenario("infarct_myocardium").with_(duration=f"{days} days")
    return infarct.with_geometry(infarct.geometry, {"lesion": 3, "border": 2})


def points(base, names=VARIED):
    """A point for each name that the scenario has, in which it differs, and the base itself."""
    known = {n: f for n, f in names.items() if n in base.parameters and base.parameters[n].si}
    own = {n: base.parameters[n].si for n in known}
    return [own, *({**own, n: own[n] * f} for n, f in known.items())]


def _growth(a, k):
    """Growth that is faster the more there is: without end at t = 1/(k a) [mol m-3 s-1]."""
    return k * a * a


def explosive():
    """One stirred cell that is beyond all bounds at t = 1/k."""
    rate = sim.Parameter(1e-5, "m3/(mol s)", source="this_work")
    process = sim.Process("growth", _growth, changes={"a": 1}, parameters={"k": rate})
    model = sim.Model((sim.Species("a", diffusivity=1e-9),), (process,), name="explosive")
    size = sim.Parameter(1e-3, "m", source="this_work")
    return sim.Scenario(
        "explosive", model, "well_mixed", (("cell", 1),), "closed", 3600.0,
        parameters=Parameters({"cell.thickness": size}), initial={"a": 1.0},
    )  # fmt: skip


def at_end(result):
    return float(result["a"][-1].max())


def runs_of(base, given, settings):
    return [prepared(base.with_parameters(p), settings) for p in given]


@pytest.mark.parametrize("make", [stirred, line])
def test_a_run_beside_others_is_the_run_alone(make):
    """States at all outputs, ledger and measures, within a small multiple of the tolerance."""
    base, settings = make(), Settings.of(rtol=RTOL, times=7)
    given = points(base)
    assert len(given) > 9
    runs = runs_of(base, given, settings)
    assert len({kind(r) for r in runs}) == 1
    for first in range(0, len(runs), most_runs(runs[0])):
        assert solve_together(runs[first : first + most_runs(runs[0])])
    ends = []
    for point, run in zip(given, runs, strict=True):
        alone = solved(base.with_parameters(point), settings)
        (_, own), (segment, found) = alone.parts[0], run.record.parts[0]
        system = segment.system
        assert found.status == "finished" and np.array_equal(found.t, own.t)
        u, v = system.split(found.y)[0], system.split(own.y)[0]
        off = np.abs(u - v) / (system.scale + np.abs(v).max(axis=1, keepdims=True))
        assert off.max() < 30 * RTOL, point
        assert np.abs(run.record.outputs.residual).max() < 1e-12
        for name in ("pH", "HAP", "SI_HAP"):
            a, b = run.record.outputs.column(name), alone.outputs.column(name)
            assert np.abs(a - b).max() < 100 * RTOL * (1 + np.abs(b).max()), (point, name)
        ends.append(own.end)
    unmoved = {
        name
        for name, end in zip([n for n in VARIED if n in base.parameters], ends[1:], strict=True)
        if np.abs(end - ends[0]).max() < 300 * RTOL * np.abs(ends[0]).max()
        and np.allclose(end, ends[0], rtol=300 * RTOL, atol=0)
    }
    # That numbers were mixed up would show; a stirred cell has no transport and no size.
    assert unmoved == ({"lesion.radius", "diffusivity.Ca", "transport.archie"} if make is stirred else set())


def test_interventions_and_their_amounts():
    """Segments with cuts in common: each run has its own amounts."""
    base = line().with_intervention(
        sim.Intervention(
            "2 days", parameters={"lesion.perfusion": "2e-4 1/s"}, state={"HAP": "1 mM"}, region="lesion"
        )
    )  # fmt: skip
    settings = Settings.of(rtol=RTOL, times=5)
    given = points(base, {"plasma.Ca": 0.9, "lesion.radius": 1.1})
    runs = runs_of(base, given, settings)
    assert solve_together(runs)
    for point, run in zip(given, runs, strict=True):
        alone = solved(base.with_parameters(point), settings)
        assert np.array_equal(run.record.outputs.times, alone.outputs.times)
        assert len(run.record.parts) == 2
        a, b = run.record.outputs.column("HAP"), alone.outputs.column("HAP")
        assert np.abs(a - b).max() < 30 * RTOL * (1 + b.max())
        assert np.abs(run.record.outputs.residual).max() < 1e-12


def test_only_runs_that_agree_share_lanes():
    base, settings = line(), Settings.of(times=5)
    own = kind(prepared(base, settings))
    assert own == kind(
        prepared(base.with_parameters({"growth.k": 1.1 * base.parameters.si("growth.k")}), settings)
    )
    others = {
        "cells": base.with_geometry(base.geometry, {"lesion": 4, "border": 2}),
        "a cut": base.with_intervention(sim.Intervention("1 day", parameters={"lesion.perfusion": 0.0})),
        "its time": base.with_intervention(sim.Intervention("2 days", parameters={"lesion.perfusion": 0.0})),
        "duration": base.with_(duration="6 days"),
        "model": base.changed({"growth_law": "spiral"}),
    }
    kinds = [kind(prepared(s, settings)) for s in others.values()]
    assert None not in kinds
    assert len({own, *kinds}) == 1 + len(kinds)
    assert kind(prepared(base, Settings.of(times=6))) != own
    assert kind(prepared(base, Settings.of(times=5, rtol=1e-4))) != own
    assert may_share(base, settings)
    assert not may_share(base, Settings.of(solver="cvode", times=5))
    assert not may_share(base.with_stochastic_nucleation(seed=1, sample="1 mm"), settings)
    many = base.with_geometry(base.geometry, {"lesion": MOST_CELLS, "border": 1})
    assert not may_share(many, settings)


def test_a_sweep_in_lanes_has_the_rows_of_one_without(tmp_path):
    """And its rows say how many ran side by side; results that are kept too."""
    base, design = (
        stirred(),
        grid(
            {"lesion.perfusion": (1e-5, 1e-3), "plasma.Ca": ("1 mM", "1.4 mM")},
            n={"lesion.perfusion": 5, "plasma.Ca": 3},
        ),
    )
    how = {"measures": MEASURES, "rtol": RTOL, "times": 5}
    found = driver.sweep(base, design, tmp_path / "a.db", lanes=True, keep="all", **how)
    plain = driver.sweep(base, design, lanes=False, **how)
    assert found.finished.all() and [r["index"] for r in found.rows] == list(range(15))
    assert {r["statistics"]["lanes"] for r in found.rows} == {15}
    assert not any("lanes" in r["statistics"] for r in plain.rows)
    for name in MEASURES:
        assert np.allclose(found.measure(name), plain.measure(name), rtol=100 * RTOL), name
    assert [r["run"] for r in found.rows] == [r["run"] for r in plain.rows]
    assert found.result(3).stats["lanes"] == 15
    assert found.result(3).manifest["ledger_residual"] < 1e-12
    assert sum(r["wall"] for r in found.rows) < 60


def test_a_point_that_fails_is_told_and_its_neighbours_are_right():
    """Growth beyond all bounds within the run ends the group; all are run again, alone."""
    base = explosive()
    k = [1e-6, 1e-5, 1e-4, 1.0, 2e-5]  # 1/k: 1e6, 1e5, 1e4 and 1 s, of 3600
    found = driver.sweep(
        base, table([{"growth.k": v} for v in k]), lanes=True, measures={"a": at_end}, rtol=RTOL, times=3
    )
    assert found.status.tolist() == ["finished"] * 3 + ["failed", "finished"]
    for row, rate in zip(found.rows, k, strict=True):
        assert row["statistics"]["lanes_failed"] == 5 and "lanes" not in row["statistics"]
        if row["status"] == "finished":
            assert row["measures"]["a"] == pytest.approx(1 / (1 - 3600 * rate), rel=30 * RTOL)
    assert "step" in found.rows[3]["reason"] or "finite" in found.rows[3]["reason"]
    sound = driver.sweep(
        base, table([{"growth.k": v} for v in k[:3]]), lanes=True, measures={"a": at_end}, rtol=RTOL, times=3
    )
    assert [r["statistics"]["lanes"] for r in sound.rows] == [3, 3, 3]
    for row, rate in zip(sound.rows, k, strict=False):
        assert row["measures"]["a"] == pytest.approx(1 / (1 - 3600 * rate), rel=30 * RTOL)


def test_few_points_and_limits_run_alone():
    base, how = explosive(), {"measures": {"a": at_end}, "times": 2}
    few, many = (grid({"growth.k": (1e-6, 1e-5)}, n=n) for n in (4, LEAST))

    def lanes(design, **more):
        return {r["statistics"].get("lanes", 0) for r in driver.sweep(base, design, **how, **more).rows}

    assert lanes(few) == {0} and lanes(few, lanes=True) == {4}
    assert lanes(many) == {32} and lanes(many, lanes=False) == {0}
    assert lanes(few, lanes=True, timeout=60.0) == {0}
    assert lanes(few, lanes=True, solver="bdf") == {0}
    with pytest.raises(ConfigError, match="lanes = 'yes' must be True, False"):
        lanes(few, lanes="yes")


@pytest.mark.parametrize("place", [0, 7, 8, 30])
def test_the_worst_run_decides_the_steps(place):
    """One run that grows to ten times as much, in any lane, while others stand still: as exact as alone."""
    k = [1e-12 * (1 + j) for j in range(31)]
    k[place] = 2.5e-4
    how = {"measures": {"a": at_end}, "rtol": RTOL, "times": 3}
    found = driver.sweep(explosive(), table([{"growth.k": v} for v in k]), lanes=True, **how)
    alone = driver.sweep(explosive(), table([{"growth.k": k[place]}]), lanes=False, **how)
    assert found.rows[place]["statistics"]["lanes"] == 31
    exact = 1 / (1 - 3600 * k[place])
    assert abs(found.measure("a")[place] - exact) < 2 * abs(alone.measure("a")[0] - exact)


def several_kinds():
    """150 points of three kinds of runs, so that groups end where a block of the design does."""
    return grid({"growth.k": (1e-6, 1e-5), "duration": ["3000 s", "3300 s", "3600 s"]}, n={"growth.k": 50})


def but_wall(rows):
    return [{k: v for k, v in row.items() if k != "wall"} for row in rows]


@pytest.mark.parametrize("workers", [1, 2])
def test_rows_do_not_depend_on_workers(tmp_path, workers):
    """Bit for bit: groups are made by places in the design."""
    base, design = explosive(), several_kinds()
    how = {"measures": {"a": at_end}, "times": 3, "lanes": True}
    here = driver.sweep(base, design, **how)
    assert but_wall(driver.sweep(base, design, tmp_path / "a.db", workers=workers, **how).rows) == but_wall(
        here.rows
    )


class Stopping:
    """A measure that presses Ctrl-C at its n-th call."""

    def __init__(self, n):
        self.left = n

    def __call__(self, result):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return at_end(result)


def test_ctrl_c_within_a_group_keeps_what_is_measured(tmp_path, monkeypatch):
    base, design, how = explosive(), grid({"growth.k": (1e-6, 1e-5)}, n=40), {"times": 3, "lanes": True}
    whole = driver.sweep(base, design, measures={"a": at_end}, **how)
    left = [20]
    plain = sim.sweeps.engines.groups.judged

    def judged(trial, result):
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        return plain(trial, result)

    monkeypatch.setattr(sim.sweeps.engines.groups, "judged", judged)
    broken = driver.sweep(base, design, tmp_path / "a.db", measures={"a": at_end}, **how)
    assert len(broken.rows) == 19 and "interrupted: 21 of 40" in broken.message
    monkeypatch.setattr(sim.sweeps.engines.groups, "judged", plain)
    after = driver.sweep(base, design, tmp_path / "a.db", measures={"a": at_end}, **how)
    assert len(after.rows) == 40 and after.finished.all()
    assert np.allclose(after.measure("a"), whole.measure("a"), rtol=1e-4)


def dying(result):
    """A point of the second block kills its process."""
    if os.environ.get("DIES") and abs(result.parameters.si("growth.k") - DEADLY) < 1e-12:
        os.kill(os.getpid(), 9)
    return at_end(result)


DEADLY = float(several_kinds().points[100]["growth.k"])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no signal 9")
def test_after_kill_9_within_a_group_the_rows_are_those_of_a_whole_sweep(tmp_path):
    """Bit for bit: a group is in the store whole or not at all."""
    path = tmp_path / "a.db"
    run = subprocess.run([sys.executable, str(HERE), str(path)], env=os.environ | {"DIES": "1"})
    assert run.returncode == -9
    before = load(path)
    assert 64 <= len(before.rows) < 128
    after = subprocess.run([sys.executable, str(HERE), str(path)])
    assert after.returncode == 0
    whole = driver.sweep(explosive(), several_kinds(), measures={"a": at_end}, times=3, lanes=True)
    assert [r["measures"] for r in load(path).rows] == [r["measures"] for r in whole.rows]
    assert [r["statistics"] for r in load(path).rows] == [r["statistics"] for r in whole.rows]


if __name__ == "__main__":
    driver.sweep(
        explosive(), several_kinds(), sys.argv[1], measures={"a": dying}, times=3,
        lanes=True,
    )  # fmt: skip


@pytest.mark.parametrize("make", [stirred, line])
def test_each_lane_follows_its_own_course(make):
    """Values told by the scenario's own are others in each run, also of a parameter in expressions."""
    base = make(days=2)
    base = base.with_course("plasma.P", ["0 h", "12 h", "1 day"], ["plasma.P", "plasma.P * 1.5", "plasma.P"])
    base = base.with_course("growth.k", ["0 h", "1 day"], ["growth.k", "growth.k * 3"])
    base = base.with_course("lesion.pH_hold", ["6 h", "1 day"], [7.2, 6.8])
    base = base.with_course("lesion.perfusion", ["0 h", "2 day"], ["1e-5 /s", "1e-4 /s"])
    own = {n: base.parameters.si(n) for n in ("plasma.P", "growth.k", "plasma.Ca")}
    given = [{n: v * f if n == name else v for n, v in own.items()} for name in own for f in (0.95, 1.1)]
    design = table(given)
    how = {"measures": MEASURES, "times": 5, "rtol": RTOL}
    a, b = (driver.sweep(base, design, lanes=lanes, **how) for lanes in (True, False))
    assert all(row["statistics"].get("lanes") == len(given) for row in a.rows)
    for name in MEASURES:
        np.testing.assert_allclose(a.measure(name), b.measure(name), rtol=2e-4, err_msg=name)
    assert np.ptp(b.measure("Ca")) > 1e-3 * abs(b.measure("Ca")).max()
