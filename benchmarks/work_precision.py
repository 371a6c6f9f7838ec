"""Which solver reaches which error in what time? Error against wall clock and against steps.

Every solver in `sim.solvers.SOLVERS` is tried on every problem; one that takes longer than the
limit is stopped and reported as a lower bound, and one that could not even be held in memory is
left out with the reason.
"""

from __future__ import annotations

import numpy as np

import sim
from benchmarks.equal_error import bounds, common_targets, comparison
from benchmarks.problems import PROBLEMS, Problem
from benchmarks.timing import repeated, until, warmed
from sim.solvers import DEFAULT, SOLVERS
from sim.solvers.solution import Recorder, per_cell

QUESTION = (
    "Which solver reaches which error in what time? (Same right-hand side and tolerances' meaning "
    "for all; the error is that of the end state, in units of the declared scales.)"
)
DENSE_LIMIT = 4000  # unknowns; LSODA factors a dense matrix
OURS = DEFAULT


def unpreconditioned(system, t0, t1, y0, t_eval, rtol, atol, progress=None, max_steps=200_000):
    """CVODE as it comes: BDF, Newton, GMRES without a preconditioner."""
    from sksundae.cvode import CVODE

    count, record, state = [0], Recorder(system, t_eval, atol, progress), np.empty(system.size)

    def rhs(t, y, dy):
        count[0] += 1
        state[:] = y
        system.rhs(t, state, dy)

    integrator = CVODE(
        rhs, method="BDF", rtol=rtol, atol=per_cell(system, atol), linsolver="gmres", krylov_dim=30
    )
    t, y, status, message = t0, np.array(y0, float), "finished", ""
    try:
        integrator.init_step(t0, y)
        while t < t1:
            out = integrator.step(t1, method="onestep", tstop=t1)
            if not out.success:
                status, message = "failed", str(out.message)
                break
            t, y = float(out.t), np.array(out.y)
            record.step(t, y)
    except KeyboardInterrupt:
        status = "interrupted"
    return record.solution(t, y, status, message, rhs=count[0])


def differenced(system, t0, t1, y0, t_eval, rtol, atol, progress=None, max_steps=200_000):
    """SciPy's BDF as a user would call it: the pattern of the Jacobian, grouped differences, sparse LU.

    The solver "bdf" gets our derivatives instead, which spares it most of its work.
    """
    from scipy import integrate

    from sim.solvers.preconditioner import LinearSystem

    record, linear = Recorder(system, t_eval, atol, progress), LinearSystem(system)
    linear.slopes[:] = 1.0
    linear.conductance, linear.loss, linear.porosity = system.couplings()
    pattern = linear.sparse() != 0

    def rhs(t, y):
        dy = np.empty_like(y)
        system.rhs(t, np.array(y), dy)
        return dy

    integrator = integrate.BDF(
        rhs, t0, np.array(y0, float), t1, rtol=rtol, atol=per_cell(system, atol), jac_sparsity=pattern
    )
    integrator.D[2:] = 0.0  # SciPy subtracts from these rows before it has filled them
    status = "finished"
    try:
        while integrator.status == "running":
            integrator.step()
            record.step(integrator.t, integrator.y)
    except KeyboardInterrupt:
        status = "interrupted"
    if integrator.status == "failed":
        status = "failed"
    return record.solution(
        integrator.t, integrator.y, status, "", rhs=integrator.nfev, jacobians=integrator.njev,
        factorisations=integrator.nlu,
    )  # fmt: skip


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
        found |= (
            {"cvode, no preconditioner": unpreconditioned} if plane else {"bdf, own differences": differenced}
        )
    return found, left


def runs(problem: Problem, limit: float, repeat: int) -> tuple[list[dict], list[str]]:
    """Rows of one problem, and sentences."""
    reference, uncertainty, source = problem.reference()
    found, notes = candidates(problem)
    notes.append(f"{problem.name}: reference is {source}.")
    rows = []
    if problem.scenario is not None:  # what `simulate` loads, it loads before the clock
        sim.simulate(problem.scenario.with_(duration=60.0), times=2)
    for name, solve in found.items():
        compile_s = warmed(lambda s=solve: problem.solve(s, 1e-2, share=1e-6))
        for rtol in problem.rtols:
            row = one(problem, name, solve, rtol, reference, limit, repeat) | {"compile": compile_s}
            row["trusted"] = row["error"] is not None and row["error"] > 3.0 * uncertainty
            rows.append(row)
            compile_s = None  # by now it has happened
            if row["status"] != "finished":
                break  # a tighter tolerance would only take longer
    return rows, notes


def one(problem, name, solve, rtol, reference, limit, repeat) -> dict:
    """One solver at one tolerance: the integrator alone, and the whole simulate where there is one.

    The answer comes first; only a run that finished is repeated.
    """
    row: dict = {"problem": problem.name, "solver": name, "rtol": rtol, "error": None, "limit": limit}
    try:
        clock = repeated(lambda: problem.solve(solve, rtol, limit), repeat, limit)
    except Exception as e:  # a solver that breaks is a result too, and the rest goes on
        return row | {"status": "failed", "message": f"{type(e).__name__}: {e}"[:200]}
    solution = clock.pop("value")
    counts = {k: int(v) for k, v in solution.statistics.items() if np.isscalar(v)}
    row |= {"status": solution.status, "reached": solution.t_end / problem.parts[2], **clock, **counts}
    if solution.status == "interrupted":
        return row | {"stopped": True, "message": f"more than {row['cpu']:.0f} s: stopped"}
    if solution.status != "finished":
        return row | {"message": solution.message}
    row["error"] = problem.error(solution.end, reference)
    if problem.scenario is not None and name in SOLVERS and not problem.slow:
        whole = repeated(
            lambda: sim.simulate(
                problem.scenario, solver=name, rtol=rtol, atol=0.1 * rtol, times=2,
                progress=until(4.0 * limit), max_steps=10**9,
            ), repeat, limit,
        )  # fmt: skip
        row["simulate"] = whole["seconds"]
    return row


def run(quick: bool, names: tuple[str, ...] = tuple(PROBLEMS)) -> dict:
    """The section."""
    rows, notes, tables, checks = [], [], {}, []
    limits = {"precipitation": 20.0, "lesion": 45.0, "diffusion": 10.0}
    for name in names:
        problem = PROBLEMS[name](quick)
        limit = 4.0 if quick else limits[name]
        repeat = 1 if quick or name == "lesion" else 5
        found, said = runs(problem, limit, repeat)
        rows += found
        notes += said
        _, uncertainty, _ = problem.reference()
        best = min((r["error"] for r in found if r["error"]), default=None)
        checks.append({
            "what": f"{problem.name}: two references agree better than the best run",
            "value": uncertainty, "limit": best, "passed": best is not None and uncertainty < best,
        })  # fmt: skip
        curves = [r for r in found if r["trusted"]]
        targets = common_targets(curves, OURS)
        tables[f"equal error: {name}"] = [
            {"problem": problem.name, **r}
            for r in bounds(
                comparison(curves, OURS, targets, ("seconds", "cpu", "simulate", "steps")), found, OURS
            )
        ]
    return {"question": QUESTION, "checks": checks, "notes": notes, "tables": {"runs": rows, **tables}}
