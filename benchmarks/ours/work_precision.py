"""Which solver reaches which error in what time? Error against wall clock and against steps.

Every solver in `sim.solvers.SOLVERS` is tried on every problem, from loose to tight tolerances. One
that passes its limit, or is shown hopeless by its first seconds, is stopped and reported as a lower
bound; what it would have taken is extrapolated and said to be. One that could not even be held in
memory is left out with the reason.
"""

from __future__ import annotations

import time

import numpy as np

import sim
from benchmarks.measuring.equal_error import bounds, common_targets, comparison, stopped_targets
from benchmarks.measuring.stopping import Allowance, Watch, Work
from benchmarks.measuring.timing import repeated, until, warmed
from benchmarks.peers.plain_integrators import differenced, unpreconditioned
from benchmarks.problems import PROBLEMS, Problem
from sim.solvers import DEFAULT, SOLVERS

QUESTION = (
    "Which solver reaches which error in what time? (Same right-hand side and tolerances' meaning "
    "for all; the error is that of the end state, in units of the declared scales.)"
)
STOPPED = (
    "A run that was stopped is a lower bound, not a result: `at least` is the processor time it had over "
    "that of ndf at the error that ndf has at the same tolerance; a smaller error takes it longer still. "
    "`extrapolated` was not measured: it is what the run would take were its work spread over time as that "
    "of ndf is, whose first transients take half of it (rk: evenly, because stability bounds its steps; bdf: "
    "by its factorisations, which take nearly all its time, and of which it needs as many as ndf, whose "
    "formulas are the same); nothing is extrapolated from less than 2 % of the work. It is too little for "
    "explicit methods and for Krylov iterations without a preconditioner, which get slower as steps grow."
)
DENSE_LIMIT = 4000  # unknowns; LSODA factors a dense matrix
LEAST_WORK = 0.02  # of a run: from less, nothing is extrapolated
OURS = DEFAULT
PLAIN = "cvode, no preconditioner"
WHOLE = (OURS, "cvode", "bdf")  # for these the whole `simulate` is timed too, where a run is short
SHORT = 5.0  # s of processor time
FACTORING = ("bdf",)  # sparse LU takes nearly all their time
EVEN = ("rk",)  # stability bounds their steps, all through the run alike
ALLOWANCES = {
    "precipitation": Allowance(limit=15.0, trial=4.0, budget=15.0),
    "square": Allowance(12.0, 4.0, 20.0, {OURS: 60.0, "cvode": 60.0, "bdf": 45.0, PLAIN: 40.0}),
    "lesion": Allowance(12.0, 4.0, 30.0, {OURS: 60.0, "cvode": 60.0, "bdf": 40.0, PLAIN: 40.0}),
    "diffusion": Allowance(limit=8.0, trial=3.0, budget=10.0),
}
QUICK = Allowance(limit=2.0, trial=1.0, budget=2.0)


def candidates(problem: Problem) -> tuple[dict, list[str]]:
    """{name: solve} for a problem, and sentences on those left out."""
    size = problem.parts[0].size
    found, left = {}, []
    plane = len(problem.parts[0].grid.shape) > 1
    for name, solver in SOLVERS.items():
        if name == "radau" and plane and problem.scenario is not None:
            left.append(f"{problem.name}: radau is left out, one factorisation of its complex matrix of "
                        f"{size} unknowns takes minutes.")  # fmt: skip
        elif name == "lsoda" and size > DENSE_LIMIT:
            left.append(f"{problem.name}: lsoda is left out, its dense matrix of {size} unknowns "
                        f"would take {8e-9 * size**2:.1f} GB.")  # fmt: skip
        else:
            found[name] = solver.solve
    if problem.scenario is not None:
        # What a user would otherwise call: on a line SciPy with a pattern, in a plane CVODE as it comes.
        found |= {PLAIN: unpreconditioned} if plane else {"bdf, own differences": differenced}
    return found, left


def runs(problem: Problem, small: Problem, allowed: Allowance, repeat: int) -> tuple[list[dict], list[str]]:
    """Rows of one problem, and sentences; small: the same in a size that is soon run, to compile on."""
    reference, uncertainty, source = problem.reference()
    found, notes = candidates(problem)
    notes.append(f"{problem.name}: reference is {source}.")
    rows, works = [], {}
    if problem.scenario is not None:  # what `simulate` loads, it loads before the clock
        sim.simulate(problem.scenario.with_(duration=60.0), times=2)
    for name in sorted(found, key=lambda n: n != OURS):  # ours first: how its work is spread serves the rest
        compile_s = warmed(lambda s=found[name]: small.solve(s, 1e-2, share=1e-6))
        spent = 0.0
        for rtol in problem.rtols:
            work = Work([(problem.parts[2], 1.0)]) if name in EVEN else works.get(rtol)
            row, cost, path = one(problem, name, found[name], rtol, reference, allowed, work, repeat)
            row["compile"] = compile_s
            row["trusted"] = row["error"] is not None and row["error"] > 3.0 * uncertainty
            rows.append(row)
            spent, compile_s = spent + cost, None  # by now it has happened
            if row["status"] != "finished":
                break  # a tighter tolerance would only take longer
            if name == OURS:
                works[rtol] = Work(path, row.get("factorisations"))
            if spent > allowed.budget and rtol != problem.rtols[-1]:
                notes.append(f"{problem.name}: {name} was not run below rtol {rtol:.0e}, its time was spent.")
                break
    return rows, notes


def one(problem, name, solve, rtol, reference, allowed, work, repeat) -> tuple[dict, float, list]:
    """One solver at one tolerance, the processor time of all its runs [s], and the path of the last.

    The integrator alone, and the whole simulate where that is asked for. The answer comes first;
    only a run that finished is repeated.
    """
    watches, began = [], time.process_time()
    row: dict = {"problem": problem.name, "solver": name, "rtol": rtol, "error": None}

    def call():
        watches.append(allowed.watch(name, work))
        return problem.solve(solve, rtol, watches[-1])

    try:
        clock = repeated(call, repeat)
    except Exception as e:  # a solver that breaks is a result too, and the rest goes on
        return row | {"status": "failed", "message": f"{type(e).__name__}: {e}"[:200]}, 0.0, []
    watch, solution = watches[-1], clock.pop("value")
    counts = {k: int(v) for k, v in solution.statistics.items() if np.isscalar(v)}
    row |= {"status": solution.status, "reached": solution.t_end / problem.parts[2], **clock, **counts}
    if solution.status == "interrupted":
        row |= stopped(row, watch)
    elif solution.status != "finished":
        row["message"] = solution.message
    else:
        row["error"] = problem.error(solution.end, reference)
        if problem.scenario is not None and name in WHOLE and row["cpu"] < SHORT:
            row["simulate"] = whole(problem, name, rtol, repeat, 4.0 * allowed.limit)
    return row, time.process_time() - began, watch.path


def stopped(row: dict, watch: Watch) -> dict:
    """What may be said of a stopped run: what it took at least, and, extrapolated, what it would take."""
    found = {"stopped": True, "message": f"more than {row['cpu']:.0f} s: stopped"}
    if watch.work is not None and watch.path:
        t, spent = watch.path[-1]
        found["work_share"] = watch.work.share(t)
        if row["solver"] in FACTORING and row.get("factorisations") and watch.work.factorisations:
            found["expected"] = spent * max(1.0, watch.work.factorisations / row["factorisations"])
        elif found["work_share"] > LEAST_WORK or watch.work.even:
            found["expected"] = spent / found["work_share"]
    return found


def whole(problem: Problem, name: str, rtol: float, repeat: int, limit: float) -> float | None:
    """Seconds of the whole `simulate`, from scenario to labelled result; None where it was stopped."""
    clock = repeated(
        lambda: sim.simulate(
            problem.scenario, solver=name, rtol=rtol, atol=0.1 * rtol, times=2, progress=until(limit),
            max_steps=10**9,
        ), repeat,
    )  # fmt: skip
    return clock["seconds"] if clock["value"].success else None


def run(quick: bool, names: tuple[str, ...] = tuple(PROBLEMS)) -> dict:
    """The section."""
    rows, tables, checks = [], {}, []
    notes = [STOPPED]
    for name in names:
        began = time.perf_counter()
        problem = PROBLEMS[name](quick)
        small = problem if quick else PROBLEMS[name](True)
        found, said = runs(problem, small, QUICK if quick else ALLOWANCES[name], 1 if quick else 5)
        rows += found
        notes += said
        _, uncertainty, _ = problem.reference()
        best = min((r["error"] for r in found if r["error"]), default=None)
        checks.append({
            "what": f"{problem.name}: two references agree better than the best run",
            "value": uncertainty, "limit": best, "passed": best is not None and uncertainty < best,
        })  # fmt: skip
        curves = [r for r in found if r["trusted"]]
        targets = sorted({*common_targets(curves, OURS), *stopped_targets(found, OURS)}, reverse=True)
        compared = comparison(curves, OURS, targets, ("seconds", "cpu", "simulate", "steps"))
        tables[f"equal error: {name}"] = [
            {"problem": problem.name, **r} for r in bounds(compared, found, OURS)
        ]
        notes.append(f"{problem.name} took {time.perf_counter() - began:.0f} s.")
    return {"question": QUESTION, "checks": checks, "notes": notes, "tables": {"runs": rows, **tables}}
