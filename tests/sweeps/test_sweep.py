"""sim.sweep: every point once, the same rows however it is run, and nothing that is done is done again."""

import json
import math
import os
import signal
import threading
import time
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from small_sweep import (
    MEASURES,
    RADIUS,
    TIMES,
    base,
    but_wall,
    design,
    endless,
    heavy,
    looping,
    mineral,
    radius,
)

import sim
from sim.errors import ConfigError, StoreError, SweepError
from sim.sweeps import driver, grid
from sim.sweeps.design.job import Job, Point
from sim.sweeps.design.points import points_of
from sim.sweeps.engines import cluster, in_process, processes
from sim.sweeps.engines.chunks import Queue
from sim.sweeps.engines.progress import Progress
from sim.sweeps.engines.worker_death import Marker, final_row_path
from sim.sweeps.store.row import empty_row
from sim.sweeps.store.store import Store

sweep = driver.sweep


@pytest.fixture(scope="module")
def plain():
    """Run here, without a store."""
    return sweep(base(), design(12), measures=MEASURES)


def test_a_sweep_is_simulate_at_every_point(plain):
    """By hand: the scenario changed, run, measured."""
    assert [r["index"] for r in plain.rows] == list(range(12))
    assert plain.finished.all()
    for k in (0, 5, 11):
        value = plain.inputs(RADIUS)[k]
        result = sim.simulate(base().with_parameters({RADIUS: float(value)}))
        assert plain.measure("radius")[k] == value
        assert plain.measure("mineral")[k] == mineral(result)
        assert plain.rows[k]["statistics"] == result.stats
    assert plain.inputs(RADIUS)[[0, -1]].tolist() == [0.5e-3, 4e-3]
    assert plain.units == {RADIUS: "m", "mineral": "mol m-3", "pH": "1", "radius": ""} | {
        "pH": plain.units["pH"]
    }


@pytest.mark.parametrize("workers", [1, 2, pytest.param(4, marks=pytest.mark.slow)])
def test_rows_do_not_depend_on_the_number_of_workers(plain, tmp_path, workers):
    """Bit for bit, all but the wall clock."""
    table = sweep(base(), design(12), tmp_path / "a.db", workers=workers, measures=MEASURES)
    assert but_wall(table.rows) == but_wall(plain.rows)


def test_only_what_is_missing_is_run(tmp_path, monkeypatch):
    ran = []

    def counted(job, point):
        ran.append(point.index)
        return in_process_run_point(job, point)

    in_process_run_point = in_process.run_point
    monkeypatch.setattr(in_process, "run_point", counted)
    path = tmp_path / "a.db"
    sweep(base(), design(3), path, measures=MEASURES)
    assert ran == [0, 1, 2]
    table = sweep(base(), design(5), path, measures=MEASURES)  # ends and middle are there already
    assert ran == [0, 1, 2, 1, 3]
    assert [r["index"] for r in table.rows] == [0, 1, 2, 3, 4]
    assert table.units["mineral"] == "mol m-3"
    again = sweep(base(), design(5), path, measures=MEASURES)
    assert ran == [0, 1, 2, 1, 3]
    assert again.rows == table.rows
    assert again.units == table.units


@pytest.mark.parametrize("workers", [0, 1])
def test_whole_results_lie_beside_the_store(tmp_path, workers):
    """Those of all points on request; else of the failed ones only, and here none failed."""
    table = sweep(base(), design(2), tmp_path / "a.db", workers=workers, measures=MEASURES, keep="all")
    kept = sim.sweeps.load(tmp_path / "a.db").result(1)
    by_hand = sim.simulate(base().with_parameters({RADIUS: 4e-3}))
    assert np.array_equal(kept["HAP"], by_hand["HAP"])
    assert table.rows[1]["result"]
    table = sweep(base(), design(2), tmp_path / "b.db", workers=workers, measures=MEASURES)
    assert [row["result"] for row in table.rows] == ["", ""]


def test_another_sweep_does_not_mix_in(tmp_path):
    path = tmp_path / "a.db"
    sweep(base(), design(2), path, measures=MEASURES)
    with pytest.raises(ConfigError, match="rtol is 1e-05 there and 0.0001 now"):
        sweep(base(), design(2), path, measures=MEASURES, rtol=1e-4)
    changed = base().with_parameters({"growth.k": 3e-14})
    with pytest.raises(ConfigError, match="growth.k"):
        sweep(changed, design(2), path, measures=MEASURES)
    with pytest.raises(ConfigError, match="measures"):
        sweep(base(), design(2), path, measures={"mineral": sim.measures.peak("HAP")})


def test_a_failed_point_keeps_its_reason_and_is_run_again_on_request(tmp_path):
    path = tmp_path / "a.db"
    fuse = str(tmp_path / "fuse")
    (tmp_path / "fuse").touch()

    def fused(result):
        if os.path.exists(fuse) and radius(result) < 1e-3:
            raise ValueError("the fuse is in")
        return 1.0

    table = sweep(base(), design(3), path, measures={"fused": fused})
    assert table.status.tolist() == ["failed", "finished", "finished"]
    assert "the fuse is in" in table.failed[0]["reason"]
    assert math.isnan(table.measure("fused")[0])
    os.remove(fuse)
    assert sweep(base(), design(3), path, measures={"fused": fused}).status[0] == "failed"
    table = sweep(base(), design(3), path, measures={"fused": fused}, retry=("failed",))
    assert table.finished.all()
    with Store.open(path, readonly=True) as store:
        assert [r["status"] for r in store.each(attempts=True) if r["index"] == 0] == ["failed", "finished"]


def test_shards_are_a_partition(tmp_path):
    paths = [tmp_path / f"{k}.db" for k in (1, 2, 3)]
    for k, path in enumerate(paths):
        sweep(base(), design(7), path, measures=MEASURES, shard=(k + 1, 3) if k else "1/3")
    parts = [sim.sweeps.sweep_table.load(p) for p in paths]
    found = sorted(r["index"] for t in parts for r in t.rows)
    assert found == list(range(7))
    whole = sim.sweeps.sweep_table.load(*paths)
    assert but_wall(whole.rows) == but_wall(sweep(base(), design(7), measures=MEASURES).rows)
    assert whole.planned == 7


@pytest.mark.parametrize("workers", [0, 2])
def test_a_point_that_never_ends_costs_its_time_only(tmp_path, workers):
    """A loop in Python ends where it is; the neighbours are run."""
    table = sweep(
        base(), design(5), tmp_path / "a.db", workers=workers, measures={"loop": looping}, timeout=1.0
    )
    assert table.status.tolist() == ["finished"] * 2 + ["timed out"] + ["finished"] * 2
    assert table.rows[2]["wall"] > 0.9  # it had all of its time, and then the loop was broken


def test_a_point_that_does_not_listen_costs_its_worker_and_nobody_else(tmp_path):
    table = sweep(base(), design(5), tmp_path / "a.db", workers=2, measures={"endless": endless}, timeout=1.0)
    assert table.status.tolist() == ["finished"] * 2 + ["timed out"] + ["finished"] * 2


def test_a_dead_worker_gives_back_what_it_had_and_its_marker_names_the_point(tmp_path):
    job = Job(base(), {"radius": radius})
    chunk, queue, deaths = points_of(job, design(5)), Queue([], 1), Counter()
    worker = SimpleNamespace(marker=Marker(tmp_path / "worker", new=True), overdue=False)
    worker.marker.at(2)
    assert processes._after_a_death(job, worker, chunk, queue, deaths) == []
    assert [p.index for p in queue.take()] == [2]  # next, and alone
    queue.took(1, 1e-6)
    assert sorted(p.index for _ in range(len(queue)) if queue for p in queue.take()) == [0, 1, 3, 4]
    (row,) = processes._after_a_death(job, worker, chunk[2:3], queue, deaths)
    assert (row["index"], row["status"], row["measures"]) == (2, "killed", {"radius": None})
    assert not queue
    worker.marker.between()
    assert processes._after_a_death(job, worker, chunk[:2], queue, deaths) == []
    assert [[p.index for p in queue.take()] for _ in range(2)] == [[0], [1]]  # nobody is to blame
    assert deaths[chunk[0].key] == deaths[chunk[1].key] == 0
    worker.marker.close()


def test_a_point_that_kills_its_workers_is_named(tmp_path):
    """The one that did it, not its neighbours in the same chunk."""
    table = sweep(base(), design(25), tmp_path / "a.db", workers=2, measures={"heavy": heavy}, times=TIMES)
    assert [r["index"] for r in table.failed] == [12]
    assert table.failed[0]["status"] == "killed"
    assert "died 2 times" in table.failed[0]["reason"]
    assert len(table) == 25


@pytest.mark.parametrize("workers", [0, 2])
def test_ctrl_c_keeps_everything_and_returns_the_table(tmp_path, workers):
    """The signal goes to the whole group, as a terminal sends it."""

    def told(done, whole):
        if done >= 4:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)

    path = tmp_path / "a.db"
    table = sweep(base(), design(40), path, workers=workers, measures=MEASURES, progress=told)
    assert 4 <= len(table) < 40
    assert f"interrupted: {40 - len(table)} of 40 points" in table.message
    assert table.message in repr(table)
    whole = sweep(base(), design(40), path, workers=workers, measures=MEASURES)
    assert len(whole) == 40
    assert whole.message == ""


def test_a_measure_that_cannot_travel_is_a_sentence():
    lock = threading.Lock()

    def locked(result):
        with lock:
            return 1.0

    job = Job(base(), {"locked": locked})  # past `definition`, which refuses most such things
    with pytest.raises(SweepError, match="cannot be sent to worker processes"):
        list(processes.run(job, [Point(0, "0" * 64, {RADIUS: 1e-3})], 1))


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("workers = -1 must be a whole number", {"workers": -1}),
        ("workers = 1.5", {"workers": 1.5}),
        ("'al' is not one of none, failed, all. Did you mean 'all'", {"keep": "al"}),
        ("counted from 1 to 20", {"shard": (0, 20)}),
        ("counted from 1 to 20", {"shard": "21/20"}),
        ("the third of twenty is '3/20'", {"shard": "3 of 20"}),
        ("'finished' is not one of failed", {"retry": ["finished"]}),
        ("timeout = '-1 s' must be above 0", {"timeout": "-1 s"}),
        (r"timeout = \['1 s'\] is a list", {"timeout": ["1 s"]}),
        ("memory = True must be above 0", {"memory": True}),
        ("must be sim.measures|give a function", {"measures": {"a": 3}}),
        ("no Dask client", {"client": "tcp://127.0.0.1:1"}),
        ("does not exist; make it first", {"store": "no/where/a.db"}),
        ("rtol = 1.0 must be a number from 1e-13 to 0.1", {"rtol": 1.0}),
        ("atol = '1e-6' must be a number", {"atol": "1e-6"}),
        ("times = '1 day' is no row of times", {"times": "1 day"}),
        ("the result has no 'HPA'", {"measures": {"a": sim.measures.mean("HPA")}}),
    ],
)
def test_bad_choices_are_sentences(words, given):
    with pytest.raises((ConfigError, StoreError), match=words):
        sweep(base(), design(2), **given)


def test_points_that_grow_dear_are_handed_in_before_their_chunk_ends(tmp_path, monkeypatch):
    """A chunk is cut to the points before it; what it holds must not be at stake for hours."""
    job = Job(base(), {})
    monkeypatch.setattr(processes, "ENOUGH", 0.1)
    monkeypatch.setattr(processes, "run_point", lambda _, p, **__: time.sleep(0.06) or {"index": p.index})
    monkeypatch.setattr(
        processes, "_HERE", {"job": job, "marker": (marker := Marker(tmp_path / "m", new=True))}
    )
    queue, runs = Queue(points_of(job, design(5)), 1), []
    queue.took(5, 0.0)  # so far they cost nothing
    while queue:
        chunk = queue.take()
        rows, seconds = processes._run(chunk)
        runs += [row["index"] for row in rows]
        assert len(rows) <= 2
        queue.done(chunk, rows, seconds)
    marker.close()
    assert runs == [0, 1, 2, 3, 4]


def test_what_a_worker_of_an_earlier_sweep_left_is_not_believed(tmp_path):
    """Its worker ended itself under a shorter time-out, and its driver was killed."""
    job = Job(base(), {}, times=5, folder=str(tmp_path), keep="none")
    point = points_of(job, design(2))[0]
    old = empty_row(job, point, "timed out", "", 1.0)
    final_row_path(job, point.key).write_text(json.dumps(old))
    assert cluster._noted(job, point, "this one", False)["status"] == "finished"
    note = tmp_path / f"{point.key}.last.this one.begun"
    note.write_text("x")  # a worker of this sweep has begun it, and left its words
    final_row_path(job, point.key).write_text(json.dumps(old))
    assert cluster._noted(job, point, "this one", False)["status"] == "timed out"
    assert not list(tmp_path.iterdir())


def test_numbers_of_numpy_are_the_same_points(tmp_path):
    """1 s is 1.0 s; a number from an array is that number."""
    path = tmp_path / "a.db"
    sweep(base(), design(2), path, times=[0, 3600], rtol=1e-5)
    again = {"times": np.array([0.0, 3600.0], np.float32), "rtol": np.float64(1e-5)}
    sweep(base(), design(2), path, **again)
    with Store.open(path, readonly=True) as store:
        assert len(list(store.each(attempts=True))) == 2
    assert sweep(base(), design(2), times=np.int64(5), atol=np.float32(0.5)).finished.all()


def test_bad_scenario_and_design_are_sentences():
    with pytest.raises(ConfigError, match="needs a Scenario"):
        sweep("infarct_myocardium", design(2))
    with pytest.raises(ConfigError, match="needs a design"):
        sweep(base(), [{RADIUS: 1e-3}])


def test_progress_is_a_line_every_tenth_where_nobody_watches(capsys):
    report = Progress(True, 200, 100)
    for _ in range(200):
        report.add([{"status": "finished"}])
    report.add([])
    report.close()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert "120 of 300 points (40 %)" in lines[0]
    assert "left" in lines[0]
    assert "took" in lines[-1]


def test_chunks_hold_some_tenths_of_a_second_and_share_the_end(tmp_path):
    job = Job(base(), {})
    queue = Queue(points_of(job, design(1000)), 2)
    assert len(queue.take()) == 1  # nothing is known yet
    queue.took(1, 0.01)
    assert len(queue.take()) == 30
    queue.took(1, 10.0)
    assert len(queue.take()) == 1
    queue.took(1000, 0.001)
    sizes = []
    while queue:
        sizes.append(len(queue.take()))
    assert sizes[0] < 300
    assert sizes[-1] == 1
    queue.back(points_of(job, design(5)), alone=True)
    assert [len(queue.take()) for _ in range(5)] == [1] * 5


def test_workers_are_warm_and_have_one_thread(tmp_path):
    """A time-out far below the time to compile, or even to load, falls on no first point."""
    table = sweep(base(), design(8), workers=2, measures={"threads": threads}, timeout=5.0)
    assert table.measure("threads").tolist() == [1.0] * 8
    walls = [r["wall"] for r in table.rows]
    assert max(walls) < 10 * np.median(walls) + 0.2


def threads(result):
    import numba

    return float(numba.get_num_threads())


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_the_memory_of_the_driver_is_flat(tmp_path, workers):
    """5 % over 2000 points, after the first 200."""
    psutil = pytest.importorskip("psutil")
    from benchmarks.ours.sweeps import left, tiny

    seen, next_look = [], [200]

    def told(done, whole):
        if done >= next_look[0]:
            next_look[0] += 200
            seen.append(psutil.Process().memory_info().rss)

    many = grid({"decay.k": (1e-5, 1e-3)}, n=2200)
    sweep(
        tiny(), many, tmp_path / "a.db", workers=workers, measures={"left": left}, times=2, progress=told
    )  # fmt: skip
    assert len(seen) > 5
    assert max(seen[1:]) < 1.05 * seen[0]


def test_a_measure_that_never_ends_costs_its_points_and_not_the_sweep():
    def endless_loop(_result):
        while True:
            pass

    table = sim.sweep(base(), design(2), times=TIMES, measures={"loop": endless_loop}, timeout=0.3)
    assert list(table.status) == ["timed out"] * 2


def test_a_store_refused_before_its_first_point_is_free_for_the_corrected_sweep(tmp_path):
    store = tmp_path / "a.db"
    with pytest.raises(ConfigError, match="'HAPP'"):
        sim.sweep(base(), design(2), store=store, times=TIMES, measures={"x": sim.measures.mean("HAPP")})
    table = sim.sweep(base(), design(2), store=store, times=TIMES, measures={"x": sim.measures.mean("HAP")})
    assert list(table.status) == ["finished"] * 2


def test_a_slip_does_not_remove_a_store_that_has_rows(tmp_path):
    store = tmp_path / "a.db"
    run = {"store": store, "times": TIMES, "measures": MEASURES}
    sim.sweep(base(), design(2), **run)
    with pytest.raises(ConfigError, match="another sweep"):
        sim.sweep(base(), design(2), **(run | {"measures": {"x": sim.measures.mean("HAPP")}}))
    assert list(sim.sweeps.load(store).status) == ["finished"] * 2
