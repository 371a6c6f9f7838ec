"""What is noted while a run goes on: states, segments, statistics. Becomes the Result."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from functools import lru_cache
from importlib import metadata

import numpy as np

from sim.experiment.places import layout_table
from sim.run.dataset import assemble
from sim.run.ledger import inventory
from sim.run.result import Result
from sim.run.segments import Builder, Segment
from sim.solvers.steps.solution import STATUS, Solution

PACKAGES = ("hapsim", "numpy", "scipy", "numba", "xarray", "scikit-sundae")


class RunRecord:
    """Collects segments and their solutions."""

    def __init__(self, builder: Builder, solver: str, rtol: float, atol: float, seed: int | None):
        self.builder, self.solver, self.rtol, self.atol, self.seed = (
            builder, solver, rtol, atol, seed
        )  # fmt: skip
        self.parts: list[tuple[Segment, Solution]] = []
        self.start: np.ndarray | None = None
        self.jump = 0.0
        self.jumps: list[tuple[float, np.ndarray]] = []
        self.last: np.ndarray | None = None

    def begin(self, segment: Segment, y: np.ndarray) -> None:
        """Note the state that a segment starts from; a cut may have changed the inventory."""
        now = inventory(segment.system, y)
        if self.start is None:
            self.start = now
        else:
            self.jump = self.jump + now - self.last
        self.jumps.append((segment.start, np.array(self.jump)))

    def end(self, segment: Segment, solution: Solution) -> None:
        """Note the solution of a segment."""
        self.parts.append((segment, solution))
        self.last = inventory(segment.system, solution.end)

    def result(self, wall: float) -> Result:
        """The Result of everything noted."""
        dataset = assemble(self.builder, self.parts, self.start, self.jumps)
        manifest = self.manifest(wall)
        manifest["ledger_residual"] = float(np.abs(dataset["ledger_residual"].values).max(initial=0.0))
        return Result(dataset, manifest)

    def manifest(self, wall: float) -> dict:
        """Everything needed to tell what was run, with what, and how well it went."""
        s = self.builder.scenario
        solutions = [p for _, p in self.parts]
        statistics: dict[str, int] = {}
        for p in solutions:
            for k, v in p.statistics.items():
                statistics[k] = statistics.get(k, 0) + int(v)
        worst = max(solutions, key=lambda p: p.undershoot)
        parameters = {n: [p.value, p.unit, p.source, p.confidence] for n, p in s.parameters.items()}
        layout = layout_table(s)
        text = json.dumps(
            [parameters, s.geometry, s.layers, s.outer, s.duration, s.initial, s.constants,
             [str(i) for i in s.interventions], [p.name for p in s.model.processes], *layout.items()],
            default=str,
        )  # fmt: skip
        end = solutions[-1]
        return {
            "scenario": s.name,
            "title": s.title,
            "notes": s.notes,
            "constants": s.constants,
            "geometry": repr(self.builder.grid),
            "geometry_kind": s.geometry,
            "growth_law": s.growth_law,
            "model": repr(s.model),
            "duration": s.duration,
            "status": end.status,
            "message": _message(solutions),
            "t_end": end.t_end,
            "solver": self.solver,
            "rtol": self.rtol,
            "atol": self.atol,
            "statistics": statistics,
            "speciation_failures": int(sum(seg.system.failures.sum() for seg, _ in self.parts)),
            "undershoot": worst.undershoot,
            "undershoot_species": worst.undershoot_species,
            "wall_seconds": wall,
            "seed": self.seed,
            "threads": 1,
            "layout": layout,
            "hash": hashlib.sha256(text.encode()).hexdigest()[:16],
            "unbalanced": [f"{p} ({n:+g} {e})" for (p, e), n in self.builder.unbalanced.items()],
            "interventions": [str(i) for i in s.interventions],
            "parameters": parameters,
            "versions": versions(),
            "platform": f"{platform.system()} {platform.machine()}, Python "
            f"{platform.python_version()}, {os.cpu_count()} processors",
        }


def versions() -> dict[str, str]:
    """{package: version} of all that decides numbers."""
    return {p: _version(p) for p in PACKAGES}


@lru_cache
def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _message(solutions: list[Solution]) -> str:
    """How the run ended, and what its segments have to say about the way there."""
    plain, end = STATUS["finished"], solutions[-1]
    said = [p.message.removeprefix(plain).strip() for p in solutions if p.status == "finished"]
    return " ".join([end.message if end.status != "finished" else plain, *filter(None, said)])
