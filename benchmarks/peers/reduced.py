"""The reduced problem against general PDE packages: py-pde and FiPy, at equal error.

Each program runs in a process of its own, in one thread, through its reasonable settings; import
and compile times are columns of their own. Reaching the same small error is the check that all
solve the same problem.
"""

from __future__ import annotations

import importlib.util
import json
import tempfile
from pathlib import Path

from benchmarks.measuring.equal_error import bounds, common_targets, comparison
from benchmarks.measuring.timing import isolated
from benchmarks.peers.reduced_problem import reference
from sim.solvers import DEFAULT

QUESTION = (
    "Two diffusing ions and a precipitation rate in a square: which program reaches which error in what time?"
)
PROGRAMS = {"hapsim": "sim", "py-pde": "pde", "fipy": "fipy"}
SIDES = (64, 128)  # cells along an edge
SAME = 0.02  # a best error below this is the same problem: wrong equations leave 0.1 and more
REASONS = {
    "py-pde": "its own steppers are explicit, so stability (h^2/4D) sets the number of steps whatever the "
    "error; its implicit ones iterate to a fixed point, which contracts for such steps only. Its best is "
    "SciPy's BDF through ScipySolver, given the pattern of the Jacobian: differences of the rates and sparse "
    "LU, where ours has derivatives and multigrid",
    "fipy": "implicit Euler is of first order, so the error is bought with steps, and each step assembles "
    "its matrices in Python; sweeps would cost more at the same order. Its solvers here are those that pip "
    "brings, SciPy's; GMRES instead of LU takes as long, since assembling does",
}
COSTS = ("seconds", "cpu", "steps")
OURS = f"hapsim, {DEFAULT}"


def run(quick: bool) -> dict:
    """The section."""
    rows, notes, tables = [], [], {}
    for n in (16,) if quick else SIDES:
        reference(n)  # once, before the clocks
        for program, module in PROGRAMS.items():
            if importlib.util.find_spec(module) is None:
                notes.append(f'{program} is not installed and is left out; try pip install -e ".[bench]".')
                continue
            rows += program_rows(program, n, quick, notes)
        these = [r for r in rows if r["n"] == n]
        compared = comparison(these, OURS, common_targets(these, OURS, "who"), COSTS, "who")
        tables[f"equal error: {n}"] = [{"n": n, **r} for r in bounds(compared, these, OURS, "who")]
    notes.append(
        f"Ratios are to {OURS}, our default, not to the fastest of our solvers here. Ours is the whole "
        "`simulate`, the others' clocks run in their steppers alone; everybody has one thread. Costs are "
        "interpolated between runs, log against log, and never extrapolated. The run covers 2 h: an explicit "
        "method's cost grows with the time covered and with the number of cells squared, an implicit one's "
        "hardly with time, so 2 h on a coarse grid is the peers' ground rather than ours."
    )
    notes += [f"{k}: {v}." for k, v in REASONS.items() if any(r["program"] == k for r in rows)]
    return {"question": QUESTION, "checks": checks(rows), "notes": notes, "tables": {"runs": rows, **tables}}


def program_rows(program: str, n: int, quick: bool, notes: list[str]) -> list[dict]:
    """The runs of one program; what it had finished when its process was stopped, too."""
    limit = 8.0 if quick else 40.0 if program == "fipy" else 15.0
    whole = 120.0 if program == "py-pde" else 80.0  # py-pde compiles for some 20 s a stepper
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows"
        task = {"program": program, "n": n, "limit": limit, "rows": str(path), "quick": quick}
        found = isolated("benchmarks.peers.reduced_programs", task, whole, threads=1)
        lines = path.read_text().splitlines() if path.exists() else []
    rows = [json.loads(line) for line in lines]
    if "failed" in found:
        notes.append(f"{program}, {n} x {n}: {found['failed']}; the settings after that were not run.")
    return [r | {"who": f"{program}, {r['method']}"} for r in rows]


def checks(rows: list[dict]) -> list[dict]:
    """Does every program come close to the common reference?"""
    out = []
    for n in dict.fromkeys(r["n"] for r in rows):
        for program in dict.fromkeys(r["program"] for r in rows):
            errors = [r["error"] for r in rows if r["n"] == n and r["program"] == program and r["error"]]
            if errors:
                out.append({"what": f"{program}, {n} x {n}: best error against the common reference",
                            "value": min(errors), "limit": SAME, "passed": min(errors) < SAME})  # fmt: skip
    return out
