"""A watch sees the run as it is, and changes nothing of it: neither numbers nor how it is solved."""

import numpy as np
import pytest
from crystal_burst import scenario as burst
from reference import busy
from solver_traits import EXPLICIT, STIFF

import sim
from sim.errors import ConfigError, UnitError, WatchWarning
from sim.run.segments import Builder
from sim.run.watching.undisturbed import undisturbed
from sim.units import day, hour, uM

LINE = {"lesion": 4, "border": 2}


def line():
    return busy("slab", LINE).with_(outer="fixed", duration="1 day")


def plane():
    return busy("rectangle", LINE).with_(outer="fixed", duration="2 h")


def treated():
    dose = sim.Intervention(at=6 * hour, until=12 * hour, boundary={"PPi": 20 * uM})
    return line().with_intervention(dose)


def following():
    """Parameters of rates and the fluid outside change with time, inside what is evaluated beside the run."""
    s = line().with_course("growth.k", ["0 h", "8 h", "24 h"], ["growth.k", "2 * growth.k", "growth.k"])
    return s.with_course("plasma.P", ["0 h", "8 h"], ["plasma.P", "plasma.P * 1.3"])


def drawn():
    return line().with_stochastic_nucleation(seed=4, interval="4 h", sample="100 um2")


RUNS = {
    "line": (line, {}),
    "line by CVODE": (line, {"solver": "cvode"}),
    "plane": (plane, {"rtol": 1e-3}),
    "plane by CVODE": (plane, {"solver": "cvode", "rtol": 1e-3}),
    "stirred": (lambda: busy("well_mixed", {"lesion": 1}).with_(duration="1 day"), {}),
    "cuts": (treated, {}),
    "courses": (following, {}),
    "drawn nuclei": (drawn, {}),
    "drawn nuclei by CVODE": (lambda: drawn().with_(duration="8 h"), {"solver": "cvode"}),
    **{f"short, by {name}": (lambda: line().with_(duration="2 min"), {"solver": name}) for name in STIFF},
    **{f"not stiff, by {name}": (lambda: burst(cells=3), {"solver": name}) for name in EXPLICIT},
}


def always(function):
    return sim.Watch(function, every=0, share=1)


def reads_all(snapshot):
    """All that can be evaluated, so that anything left behind would be."""
    assert snapshot.dataset.sizes["time"] == 1
    assert snapshot.manifest["status"] == snapshot.status


@pytest.mark.parametrize("name", RUNS)
def test_a_watched_run_is_the_same_bit_for_bit(name):
    make, settings = RUNS[name]
    plain = sim.simulate(make(), times=9, **settings)
    calls = []
    watched = sim.simulate(
        make(), times=9, watch=always(lambda s: (reads_all(s), calls.append(s.time))), **settings
    )
    assert len(calls) >= 2 and calls == sorted(calls)
    assert watched.stats == plain.stats and watched.manifest["hash"] == plain.manifest["hash"]
    for part in ("dataset", "tables"):
        for variable, values in getattr(plain, part).variables.items():
            found = getattr(watched, part).variables[variable].values
            assert np.array_equal(found, values.values, equal_nan=values.dtype.kind == "f"), variable


@pytest.mark.parametrize("name", ["line", "line by CVODE", "plane", "cuts", "drawn nuclei"])
def test_a_watch_at_outputs_sees_the_outputs_of_the_result(name):
    """Those of immobile species bit for bit, for nothing is computed from them; both sides of a cut."""
    make, settings = RUNS[name]
    seen = []
    result = sim.simulate(
        make(),
        times=7,
        watch=sim.Watch(lambda s: seen.append((s.status, s.time, s.array_of("HAP")[0])), every="output"),
        **settings,
    )
    assert [status for status, _, _ in seen] == ["running"] * result.t.size + ["finished"]
    assert [t for _, t, _ in seen[:-1]] == result.t.tolist()
    assert np.array_equal(np.array([values for _, _, values in seen[:-1]]), result.array_of("HAP"))


def test_a_cut_between_chosen_times_is_one_output():
    seen = []
    times = ["3 h", "6 h", "12 h", "1 day"]
    watch = sim.Watch(lambda s: seen.append(s.time), every="output")
    result = sim.simulate(treated(), times=times, watch=watch)
    assert seen == [*result.t.tolist(), 1 * day]


def test_a_snapshot_is_the_state_of_the_same_time():
    """Against runs that end at the time of the snapshot: pH, SI and the ledger agree to the tolerance."""
    kept = []
    sim.simulate(line(), rtol=1e-8, atol=1e-10, watch=always(lambda s: kept.append(s.kept())))
    middle = kept[len(kept) // 2]
    assert middle.status == "interrupted" and middle.t.size == 1
    t = float(middle.t[0])
    ended = sim.simulate(line().with_(duration=t), times=2, rtol=1e-8, atol=1e-10)
    for name in ("pH", "SI_HAP", "Ca", "HAP", "Ca_in_mineral"):
        a, b = middle[name].values[-1], ended[name].values[-1]
        assert middle[name].attrs == ended[name].attrs
        assert a == pytest.approx(b, abs=1e-5 * np.abs(b).max()), name
    a, b = (r.ledger()["amount"].values[-1] for r in (middle, ended))
    assert a == pytest.approx(b, rel=1e-5, abs=1e-5 * np.abs(b).max())
    assert np.abs(middle.ledger()["residual"]).max() < 1e-12


def test_a_snapshot_that_was_kept_can_be_gone_on_from(tmp_path):
    """As an interrupted run can: its end is that of the unbroken run, to the tolerance."""
    kept = []
    whole = sim.simulate(treated(), rtol=1e-7, atol=1e-9, watch=always(lambda s: kept.append(s.kept())))
    start = next(r for r in kept if r.t[0] > 7 * hour)
    loaded = sim.load(start.save(tmp_path / "kept.nc"))
    rest = sim.simulate(treated(), start=loaded, rtol=1e-7, atol=1e-9)
    assert rest.t[0] == start.t[0] and rest.t[-1] == 1 * day
    a, b = rest.array_of("HAP")[-1], whole.array_of("HAP")[-1]
    assert a == pytest.approx(b, rel=1e-4)


def test_a_snapshot_reads_as_results_do():
    def look(s):
        assert s["HAP"].dims == ("time", "r" if "r" in s.space else s.space[0])
        assert float(s.amount("HAP", "mg/cm3").max()) >= 0
        assert sim.measures.mean("HAP")(s) == pytest.approx(
            float((s["HAP"][0] * s["volume"]).sum() / s["volume"].sum())
        )
        assert {"HAP", "OCP"} <= set(s.solids)
        with pytest.raises(UnitError):
            s.amount("pH", "mM")
        with pytest.raises(KeyError, match="Did you mean 'HAP'"):
            s["Hap"]

    result = sim.simulate(line(), watch=always(look))
    assert result.status == "finished"


def test_nothing_is_read_once_the_run_has_gone_on():
    last = []
    sim.simulate(line(), watch=last.append)
    with pytest.raises(ConfigError, match=r"1 day of a run that has gone on.*kept\(\)"):
        last[-1]["HAP"]


@pytest.mark.parametrize("name", ["line", "plane", "cuts", "drawn nuclei", "line by CVODE"])
def test_a_watch_that_fails_ends_the_run_and_is_told_of(name):
    make, settings = RUNS[name]

    def fails(s):
        if s.done > 0.2:
            raise ZeroDivisionError("no such place")

    with pytest.warns(WatchWarning, match=r"ZeroDivisionError: no such place, in fails, line \d+ of .*test_"):
        result = sim.simulate(make(), times=200, watch=always(fails), **settings)
    assert result.status == "interrupted" and "no such place" in result.message
    assert 1 < result.t.size < 200
    plain = sim.simulate(make(), times=200, **settings)
    shared = result.t.size - 1  # the last is where it broke off
    assert np.array_equal(result.array_of("HAP")[:shared], plain.array_of("HAP")[:shared])


def test_a_watch_that_fails_at_the_end_leaves_a_finished_run():
    def fails(s):
        if s.status == "finished":
            raise OSError("disk full")

    with pytest.warns(WatchWarning, match="disk full"):
        result = sim.simulate(line(), watch=fails)
    assert result.status == "finished" and result.t[-1] == 1 * day


@pytest.mark.parametrize("every", [0, "output"])
def test_a_watch_may_end_the_run_as_control_C_does(every):
    def stop(s):
        if s.status == "running" and s.done > 0.2:
            raise KeyboardInterrupt

    result = sim.simulate(line(), times=50, watch=sim.Watch(stop, every=every, share=1))
    assert result.status == "interrupted" and 0.2 <= result.manifest["t_end"] / day < 1


def test_calls_keep_their_share_of_real_time():
    """By a clock that only the watch moves: a call of 1 s and a share of a tenth is a call every 10 s."""
    import sim.run.watching.observing as observing
    from sim.run.watching.watch import Watch

    now, calls = [0.0], []

    def look(snapshot):
        calls.append(now[0])
        now[0] += 1.0

    class Nothing:
        def close(self):
            pass

    class Clock:
        def perf_counter(self):
            return now[0]

    patched = pytest.MonkeyPatch()
    patched.setattr(observing, "time", Clock())
    try:
        observer = observing.RunObserver(Watch(look, every=2, share=0.1), lambda *a: Nothing())
        builder = Builder(line())
        observer.begin(next(builder.segments()), np.nan)
        for _ in range(500):
            now[0] += 0.1
            observer.step(now[0], np.zeros(1))
    finally:
        patched.undo()
    gaps = np.diff(calls)
    assert gaps.min() >= 2.0 and len(calls) - 2 <= 0.1 * now[0]  # the first is not counted
    assert gaps[-1] == pytest.approx(10.0, abs=0.2)


def test_what_is_evaluated_beside_a_run_leaves_no_trace():
    (segment,) = Builder(following()).segments()
    system = segment.system
    y = segment.first()
    dy = np.zeros_like(y)
    system.tolerate(1e-3)
    system.rhs(3.0 * hour, y, dy)
    cells, outside = system.cells, system.tables.outside
    before = [a.copy() for a in (cells.memory, cells.failures, cells.numbers, outside)]
    with undisturbed(system):
        system.evaluate(8.0 * hour, 1.01 * y)
        changed = not np.array_equal(before[2], cells.numbers), not np.array_equal(before[3], outside)
    assert changed == (True, True)  # else this would test nothing
    for a, b in zip(before, (cells.memory, cells.failures, cells.numbers, outside), strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize(
    ("watch", "sentence"),
    [
        (3, "watch = 3 is neither a function of a snapshot nor a sim.Watch"),
        (True, "watch = True is neither"),
        (
            lambda: sim.Watch(print, every="-1 s"),
            "every = '-1 s' must be a time of at least 0 s, or 'output'",
        ),
        (lambda: sim.Watch(print, every="outputs"), "every"),
        (lambda: sim.Watch(print, share=0), "share = 0 must be above 0 and at most 1"),
        (lambda: sim.Watch(3), "function"),
    ],
)
def test_what_cannot_watch_is_refused(watch, sentence):
    with pytest.raises(ConfigError, match=sentence):
        sim.simulate(line(), watch=watch() if callable(watch) else watch)


def test_sweeps_have_no_watch():
    with pytest.raises(TypeError, match="watch"):
        sim.sweep(line(), sim.sweeps.grid({"acid.load": ("0 mM", "80 mM")}, n=2), watch=print)
