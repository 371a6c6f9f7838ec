"""The reduced problem by each program, in a process of its own.

`python -m benchmarks.peers.reduced_programs TASK`, where TASK is JSON: program, n, limit [s] for one run,
rows: a file that gets one line of JSON per run, so that what was finished stays when the process is
stopped.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.measuring.timing import limit_process
from benchmarks.peers import reduced_problem as problem

# Settings of a run, loose to tight. py-pde compiles anew for each of its own steppers (its door to
# SciPy is compiled once), so there are few, the most promising first; courant is the step in units of
# the limit of stability.
SETTINGS = {
    "hapsim": [{"solver": None, "rtol": r} for r in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)],
    "py-pde": [
        {"method": "euler", "courant": 0.9},
        *({"method": "scipy BDF, sparse", "rtol": r} for r in (1e-2, 1e-3, 1e-4, 1e-5)),
        {"method": "scipy LSODA, dense", "rtol": 1e-3}, {"method": "runge-kutta", "tolerance": 1e-4},
    ],
    "fipy": [
        {"method": "LU", "steps": k} for k in (25, 100, 400)
    ],
}  # fmt: skip
DENSE_LIMIT = 4000  # unknowns of a dense Jacobian


def main(task: dict) -> dict:
    """Run a program through its settings; rows go to the file as they are made."""
    limit_process(task["processor"])
    started = time.perf_counter()
    runs = {"hapsim": ours, "py-pde": py_pde, "fipy": fipy}[task["program"]]
    reference, imported = problem.reference(task["n"]), import_seconds(task["program"])
    began = time.perf_counter()
    with Path(task["rows"]).open("a") as out:
        for row, fields in runs(task["n"], task["limit"], task.get("quick", False)):
            row |= {"program": task["program"], "n": task["n"], "import": imported}
            row["error"] = None if fields is None else problem.error(fields, reference)
            out.write(json.dumps(row) + "\n")
            out.flush()
    return {"seconds": time.perf_counter() - began, "reference": began - started}


def import_seconds(program: str) -> float:
    """Seconds of the import in a process of its own, where nothing shared is loaded yet."""
    what = {"hapsim": "sim, sim.solvers", "py-pde": "pde", "fipy": "fipy"}[program]
    code = f"import time; t = time.perf_counter(); import {what}; print(time.perf_counter() - t)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(out.stdout.split()[-1])


def _few(settings: list, quick: bool, key: str) -> Iterator[dict]:
    """All settings, or the first two (py-pde: two in all) when quick."""
    seen: dict = {}
    for k, s in enumerate(settings):
        seen[s.get(key)] = seen.get(s.get(key), 0) + 1
        if not quick or (seen[s.get(key)] <= 2 and (settings is not SETTINGS["py-pde"] or k < 1)):
            yield s


def ours(n: int, limit: float, quick: bool) -> Iterator[tuple[dict, np.ndarray | None]]:
    """hapsim: what fits the problem of its solvers, at tolerances from loose to tight.

    `work_precision` compares all of them; SciPy's would only spend the time here.
    """
    import sim
    from benchmarks.measuring.timing import repeated, until, warmed

    scenario = problem.scenario(n)
    small = problem.scenario(8)
    for solver in ("ndf", "cvode", "rkc", "strang"):

        def call(rtol, what=scenario, name=solver):
            return sim.simulate(
                what, solver=name, rtol=rtol, atol=0.1 * rtol, times=2, progress=until(limit),
                max_steps=10**9,
            )  # fmt: skip

        compile_s = warmed(lambda: call(1e-1, small))
        for setting in _few(SETTINGS["hapsim"], quick, "solver"):
            rtol = setting["rtol"]
            row = {"method": solver, "setting": f"rtol {rtol:.0e}", "compile": compile_s}
            compile_s = None  # by now it has happened
            try:
                clock = repeated(lambda rtol=rtol: call(rtol), 1 if quick else 5)
            except Exception as e:  # reported, and the next solver has its turn
                yield row | {"failed": f"{type(e).__name__}: {e}"[:200]}, None
                break
            result = clock.pop("value")
            row |= clock | {"steps": int(result.stats["steps"])}
            if not result.success:
                said = f"more than {clock['cpu']:.0f} s: stopped"
                stopped = result.status == "interrupted"
                yield row | {"failed": said if stopped else result.message, "stopped": stopped}, None
                break
            yield row, np.array([result[k].values[-1] for k in ("Ca", "P", "solid")])


def py_pde(n: int, limit: float, quick: bool) -> Iterator[tuple[dict, np.ndarray | None]]:
    """py-pde: expressions compiled with numba, explicit steppers."""
    import pde

    p, h = problem.NUMBERS, 2 * problem.HALF / n
    grid = pde.CartesianGrid([[-problem.HALF, problem.HALF]] * 2, n)
    disc = pde.ScalarField(grid, problem.disc(n))
    q = f"(a*b/{p['K_SP']})"
    law = f"{p['K_RATE']}*0.5*({q}-1+sqrt(({q}-1)**2+{p['WIDTH'] ** 2}))*{q}/(1+{q})"
    equations = {
        "a": f"{p['D_CA']}*laplace(a) - {law}",
        "b": f"{p['D_P']}*laplace(b) - {law} + disc*{p['ESTER'] / p['TAU']}*exp(-t/{p['TAU']})",
        "s": law,
    }
    sides = {f"{k}:laplace": {"value": v} for k, v in (("a", p["CA"]), ("b", p["P"]))}
    start = pde.FieldCollection(
        [pde.ScalarField(grid, p["CA"]), pde.ScalarField(grid, p["P"]), pde.ScalarField(grid, 0.0)]
    )
    stable = h * h / (4.0 * problem.D_CA)
    through = None  # SciPy's integrators; their tolerances change without compiling
    for setting in _few(SETTINGS["py-pde"], quick, "method"):
        method = setting["method"]
        what = ", ".join(f"{k} {v:g}" for k, v in setting.items() if k != "method")
        row = {"method": method, "setting": what}
        if "dense" in method and 3 * n * n > DENSE_LIMIT:
            size = 8e-9 * (3 * n * n) ** 2
            yield row | {"failed": f"left out: its dense Jacobian would take {size:.1f} GB"}, None
            continue
        equation = pde.PDE(equations, bc_ops=sides, consts={"disc": disc})
        began = time.perf_counter()
        step = None
        if method.startswith("scipy"):
            if through is None:
                solver = pde.ScipySolver(equation, backend="numba")
                through = solver, solver.make_stepper(start.copy())
            solver, stepper = through
            solver.solver_params = {
                "method": method.split()[1].rstrip(","), "rtol": setting["rtol"],
                "atol": 0.1 * setting["rtol"],
            }  # fmt: skip
            if "sparse" in method:
                solver.solver_params["jac_sparsity"] = pattern(n)
        else:
            if method == "euler":
                solver, step = pde.EulerSolver(equation, backend="numba"), setting["courant"] * stable
            else:
                solver, step = pde.RungeKuttaSolver(
                    equation, adaptive=True, tolerance=setting["tolerance"], backend="numba"
                ), 0.1 * stable  # fmt: skip
            stepper = solver.make_stepper(start.copy(), dt=step)
        stepper(start.copy(), 0.0, stable)
        row["compile"] = time.perf_counter() - began
        before = solver.info["steps"]
        state, t, began, cpu = start.copy(), 0.0, time.perf_counter(), time.process_time()
        pieces = 1 if step is None else 16  # so that it can be stopped; each takes no longer
        for k in range(pieces):
            stepper(state, t, problem.END * (k + 1) / pieces)
            t = problem.END * (k + 1) / pieces
            if time.process_time() - cpu > limit:
                break
        row |= {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
        if step is not None:  # through SciPy it counts right-hand sides
            row["steps"] = int(solver.info["steps"] - before)
        if t < problem.END:
            yield row | {"failed": f"stopped at {t / problem.END:.0%}", "stopped": True}, None
            continue
        yield row, np.array([f.data for f in state])


def pattern(n: int):
    """Which of the 3 n^2 rates depends on which unknown: what SciPy's BDF needs for sparse matrices."""
    from scipy import sparse

    line = sparse.diags_array([np.ones(n - 1), np.ones(n), np.ones(n - 1)], offsets=[-1, 0, 1])
    own, eye = sparse.eye_array(n * n), sparse.eye_array(n)
    near = sparse.kron(line, eye) + sparse.kron(eye, line)
    none = sparse.csr_array((n * n, n * n))
    return sparse.block_array([[near, own, none], [own, near, none], [own, own, none]], format="csc") != 0


def fipy(n: int, limit: float, quick: bool) -> Iterator[tuple[dict, np.ndarray | None]]:
    """FiPy: implicit Euler, both ions coupled, the rate linearised at each step."""
    import fipy as fp

    mesh = fp.Grid2D(nx=n, ny=n, dx=2 * problem.HALF / n, dy=2 * problem.HALF / n)
    mask = problem.disc(n).ravel(order="F")
    for setting in _few(SETTINGS["fipy"], quick, "method"):
        count = setting["steps"]
        row = {"method": f"implicit Euler, {setting['method']}", "setting": f"{count} steps",
               "compile": None, "steps": count}  # fmt: skip
        solver = fp.LinearLUSolver() if setting["method"] == "LU" else fp.LinearGMRESSolver(
            tolerance=1e-8, iterations=500
        )  # fmt: skip
        a, b = fp.CellVariable(mesh, value=problem.CA, hasOld=True), fp.CellVariable(
            mesh, value=problem.P, hasOld=True
        )  # fmt: skip
        a.constrain(problem.CA, mesh.exteriorFaces)
        b.constrain(problem.P, mesh.exteriorFaces)
        fixed, da, db, source = (fp.CellVariable(mesh, value=0.0) for _ in range(4))
        # r = fixed + da a + db b: Newton's first iterate at the state before the step.
        equation = (
            fp.TransientTerm(var=a) == fp.DiffusionTerm(problem.D_CA, var=a) - fixed
            - fp.ImplicitSourceTerm(da, var=a) - fp.ImplicitSourceTerm(db, var=b)
        ) & (
            fp.TransientTerm(var=b) == fp.DiffusionTerm(problem.D_P, var=b) - fixed + source
            - fp.ImplicitSourceTerm(da, var=a) - fp.ImplicitSourceTerm(db, var=b)
        )  # fmt: skip
        dt, solid = problem.END / count, np.zeros(n * n)
        began, cpu, done = time.perf_counter(), time.process_time(), 0
        for k in range(count):
            a.updateOld()
            b.updateOld()
            r, ra, rb = problem.rate(a.value, b.value)
            da.setValue(ra)
            db.setValue(rb)
            fixed.setValue(r - ra * a.value - rb * b.value)
            released = np.exp(-k * dt / problem.TAU) - np.exp(-(k + 1) * dt / problem.TAU)
            source.setValue(mask * problem.ESTER * released / dt)
            equation.solve(dt=dt, solver=solver)
            solid += dt * (fixed.value + ra * a.value + rb * b.value)
            done = k + 1
            if time.process_time() - cpu > limit:
                break
        row |= {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
        if done < count:
            yield row | {"failed": f"stopped at {done / count:.0%}", "stopped": True}, None
            continue
        fields = [v.reshape(n, n, order="F") for v in (a.value.copy(), b.value.copy(), solid)]
        yield row, np.array(fields)


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
