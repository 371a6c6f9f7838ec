"""What does a sweep cost beyond its runs, and how many runs a second does it reach?

Overhead is what workers spend outside `simulate` and its measure, a point: from the first rows to the
last, all workers' time less the walls of the points; and what a point costs more than the same run in
a plain loop. Starting workers is a number of its own. Throughput is compared at equal error of the end
state, with a loop of one's own around SciPy's BDF, spread over the same processes by joblib.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

import sim
from benchmarks.problems import Problem, of_scenario, precipitation, small
from sim.experiment.change import applied
from sim.parameters import Parameters
from sim.solvers import DEFAULT, SOLVERS, Task

QUESTION = "What does a sweep cost beyond its runs, and how does it compare with a loop of one's own?"
RADIUS = "lesion.radius"
LIMITS = {0: 2e-3, 1: 5e-3, 2: 5e-3}  # s a point, by workers
OUTPUTS = 2  # of a run: a sweep that takes numbers needs the last
RTOLS = {"ndf": (1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5), "bdf": (1e-2, 1e-3, 1e-4)}


def _decay(a, k):
    """First-order decay [mol m-3 s-1]."""
    return k * a


def tiny() -> sim.Scenario:
    """The least there is to run: one stirred cell, one species that decays."""
    rate = sim.Parameter(1e-4, "s-1", source="this_work")
    decay = sim.Process("decay", _decay, changes={"a": -1}, parameters={"k": rate})
    model = sim.Model((sim.Species("a", diffusivity=1e-9),), (decay,), name="decay")
    return sim.Scenario(
        "decay", model, "well_mixed", (("cell", 1),), "closed", 3600.0,
        parameters=Parameters({"cell.thickness": sim.Parameter(1e-3, "m", source="this_work")}),
        initial={"a": 1.0},
    )  # fmt: skip


def mineral(result: sim.Result) -> float:
    """Mean crystals at the end [mol m-3]."""
    return sim.measures.mean("HAP")(result)


def left(result: sim.Result) -> float:
    """What has not decayed [mol m-3]."""
    return float(result["a"][-1].max())


def spent(result: sim.Result) -> float:
    """Processor time of this process so far [s]."""
    return time.process_time()


def process(result: sim.Result) -> float:
    """Which process this is."""
    return float(os.getpid())


def timed_sweep(base: sim.Scenario, design, measures: dict, workers: int, **how) -> dict:
    """Rates of a sweep into a store: seconds until the first rows, and from there on."""
    told: list[tuple[float, int]] = []
    began = time.perf_counter()

    def tell(done: int, _whole: int) -> None:
        told.append((time.perf_counter() - began, done))

    with tempfile.TemporaryDirectory() as folder:
        table = sim.sweep(
            base, design, Path(folder) / "a.db", workers=workers, progress=tell,
            measures=measures | {"spent": spent, "process": process},
            times=OUTPUTS, **how,
        )  # fmt: skip
    (start, first), (end, last) = told[0], told[-1]
    if not table.finished.all():
        raise SystemExit(f"a point of the sweep did not finish: {table.failed[0]['reason']}")
    mean = sum(row["wall"] for row in table.rows) / len(table)
    clocks: dict[float, list[float]] = {}
    for which, at in zip(table.measure("process"), table.measure("spent"), strict=True):
        clocks.setdefault(which, []).append(at)
    cpu = sum(max(c) - min(c) for c in clocks.values()) / (len(table) - len(clocks))
    return {
        "workers": workers, "points": len(table), "start": start, "rate": (last - first) / (end - start),
        "wall": mean, "idle": max(1, workers) * (end - start) / (last - first) - mean, "cpu": cpu,
    }  # fmt: skip


def plain_loop(base: sim.Scenario, design, name: str, measure) -> float:
    """Seconds a run of the loop that one would write without a sweep."""
    began = time.perf_counter()
    for point in design.points:
        measure(sim.simulate(base.with_parameters({name: point[name]}), times=OUTPUTS))
    return (time.perf_counter() - began) / len(design)


def overhead(quick: bool) -> list[dict]:
    """Rows by workers: what is lost a point. The least of three, for other work can only add to it."""
    base, name = tiny(), "decay.k"
    design = sim.sweeps.grid({name: (1e-5, 1e-3)}, n=200 if quick else 1000)
    plain_loop(base, sim.sweeps.grid({name: (1e-5, 1e-3)}, n=3), name, left)
    rows = []
    for workers in (0, 1, 2):
        tries = []
        for _ in range(1 if quick else 3):
            loop = plain_loop(base, design, name, left)
            found = timed_sweep(base, design, {"left": left}, workers)
            extra = found["idle"] + (found["wall"] - loop if workers == 0 else 0.0)
            tries.append({k: found[k] for k in ("workers", "points", "start", "rate", "wall")} |
                         {"loop": loop, "overhead": max(0.0, extra)})  # fmt: skip
        rows.append(min(tries, key=lambda r: r["overhead"]))
    return rows


def one_of_scipy(scenario: sim.Scenario, rtol: float) -> tuple[float, float]:
    """A run of a loop of one's own: our right-hand side in SciPy's BDF; mean crystals, processor time."""
    import numpy as np

    began = time.process_time()

    system, y0, end = of_scenario(scenario)
    found = SOLVERS["bdf"].solve(
        Task(system, 0.0, end, y0, np.array([end]), rtol, system.tolerances(0.1 * rtol), None, 10**9)
    )
    if found.status != "finished":
        raise SystemExit(f"SciPy's BDF did not finish: {found.message}")
    row = next(k for k, s in enumerate(system.model.species) if s.name == "HAP")
    mean = system.split(found.end)[0][:, row] @ system.grid.volume / system.grid.volume.sum()
    return float(mean), time.process_time() - began


def at_equal_error(problem: Problem) -> dict[str, dict]:
    """{method: the loosest tolerance whose error is at most the target, and that error}."""
    reference, _, _ = problem.reference()
    errors = {}
    for name, solver in (("SciPy BDF", "bdf"), (DEFAULT, DEFAULT)):
        for rtol in RTOLS[solver]:
            found = problem.solve(SOLVERS[solver].solve, rtol)
            if found.status == "finished":
                errors[name, rtol] = problem.error(found.end, reference)
    target = min(e for (name, _), e in errors.items() if name == "SciPy BDF")
    chosen = {}
    for (name, rtol), error in errors.items():
        if error <= target and (name not in chosen or rtol > chosen[name]["rtol"]):
            chosen[name] = {"rtol": rtol, "error": error}
    return chosen


def throughput(quick: bool) -> tuple[list[dict], list[dict]]:
    """Rows of runs a second at equal error; and checks that both compute the same."""
    from joblib import Parallel, delayed, parallel_config

    problem = precipitation(quick)
    base, chosen = problem.scenario, at_equal_error(problem)
    few, many = (sim.sweeps.grid({RADIUS: ("3 mm", "5 mm")}, n=n) for n in (4, 24 if quick else 60))
    rows = []
    with parallel_config("loky", n_jobs=2, inner_max_num_threads=1), Parallel() as pool:
        scenarios = [base.with_parameters({RADIUS: p[RADIUS]}) for p in few.points]
        pool(delayed(one_of_scipy)(base.with_(duration="1 hour"), 1e-3) for _ in range(2))  # warm
        began = time.perf_counter()
        found_by_them = pool(delayed(one_of_scipy)(s, chosen["SciPy BDF"]["rtol"]) for s in scenarios)
        rate = len(scenarios) / (time.perf_counter() - began)
    theirs, cpu = zip(*found_by_them, strict=True)
    loop = {"rate": rate, "cpu": sum(cpu) / len(cpu)}
    rows.append({"program": "joblib and SciPy BDF", "workers": 2, **loop, **chosen["SciPy BDF"]})
    found = {}
    for workers in (1, 2):
        tries = [
            timed_sweep(base, many, {"mineral": mineral}, workers, rtol=chosen[DEFAULT]["rtol"])
            for _ in range(1 if quick else 3)
        ]
        found[workers] = max(tries, key=lambda r: r["rate"])
        row = {k: found[workers][k] for k in ("workers", "rate", "cpu", "start")} | chosen[DEFAULT]
        row |= {"ratio": row["rate"] / rate, "cpu_ratio": loop["cpu"] / row["cpu"]}
        if workers == 2:
            row |= {
                "efficiency": row["rate"] / (2 * found[1]["rate"]),
                "cpu_efficiency": found[1]["cpu"] / row["cpu"],
            }
        rows.append({"program": "sim.sweep", **row})
    ours = sim.sweep(base, few, measures={"mineral": mineral}, rtol=chosen[DEFAULT]["rtol"], times=OUTPUTS)
    off = float(max(abs(a / b - 1) for a, b in zip(ours.measure("mineral"), theirs, strict=True)))
    check = {"what": "both loops find the same mineral, relative", "value": off, "limit": 0.02}
    return rows, [check | {"passed": off < 0.02}]


def small_runs(quick: bool) -> tuple[list[dict], list[dict]]:
    """Rows of processor time a point, in this process, of sweeps of small runs; and checks.

    The loop has no store and makes no dataset; runs of both take turns, so that both meet the same machine.
    """
    rows, checks = [], []
    axes = {"stirred": {"lesion.perfusion": (1e-5, 1e-3, "log")}, "10 cells": {RADIUS: ("3 mm", "5 mm")}}
    for name, axis in axes.items():
        problem = small(name)
        chosen, base = at_equal_error(problem), problem.scenario
        design = sim.sweeps.grid(axis, n=20 if quick else 200)
        few = design.points[:: len(design) // 4]
        how = {"measures": {"mineral": mineral}, "rtol": chosen[DEFAULT]["rtol"], "times": OUTPUTS}
        sim.sweep(base, sim.sweeps.grid(axis, n=2), **how)  # warm
        ours, theirs, off = [], [], 0.0
        for _ in range(1 if quick else 3):
            with tempfile.TemporaryDirectory() as folder:
                began = time.process_time()
                table = sim.sweep(base, design, Path(folder) / "a.db", **how)
                ours.append((time.process_time() - began) / len(design))
            found = [one_of_scipy(applied(base, p), chosen["SciPy BDF"]["rtol"]) for p in few]
            theirs += [cpu for _, cpu in found]
            at = {tuple(r["inputs"].values()): r["measures"]["mineral"] for r in table.rows}
            pairs = zip(few, found, strict=True)
            off = max(off, *(abs(at[tuple(p.values())] / value - 1) for p, (value, _) in pairs))
        loop, cpu = statistics.median(theirs), statistics.median(ours)
        rows.append({"job": name, "program": "loop of SciPy BDF", "cpu": loop, **chosen["SciPy BDF"]})
        rows.append(
            {"job": name, "program": "sim.sweep", "cpu": cpu, "cpu_ratio": loop / cpu, **chosen[DEFAULT]}
        )
        what = f"both find the same mineral, {name}, relative"
        checks.append({"what": what, "value": float(off), "limit": 0.02, "passed": bool(off < 0.02)})
    return rows, checks


def run(quick: bool) -> dict:
    """The section."""
    cost = overhead(quick)
    rates, checks = throughput(quick)
    small_rates, more = small_runs(quick)
    checks += more
    for row in cost:
        limit = LIMITS[row["workers"]]
        checks.append({
            "what": f"overhead a point with {row['workers']} workers, s (0: in this process)",
            "value": float(row["overhead"]), "limit": limit, "passed": bool(quick or row["overhead"] < limit),
        })  # fmt: skip
    notes = [
        "Overhead: tiny runs of one stirred cell. Rates: from the first rows on; starting two workers, each "
        f"a Python with numba, took {rates[-1]['start']:.1f} s.",
        "The loop of one's own has our compiled right-hand side and Jacobian, and makes no dataset.",
    ]
    tables = {"overhead": cost, "runs a second": rates, "small runs": small_rates}
    return {"question": QUESTION, "checks": checks, "notes": notes, "tables": tables}
