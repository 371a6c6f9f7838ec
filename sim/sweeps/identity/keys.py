"""What identifies a point: a hash of everything that decides its numbers.

A job is described once (some milliseconds: the model is written out as the text that is compiled);
a point then costs a hash of that hash and of its inputs.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from sim.binder import text
from sim.experiment.scenario import Scenario
from sim.jit.closure import stamp
from sim.model.kept import once_a_model
from sim.model.model import Model
from sim.model.process import Kernel
from sim.run.record import versions
from sim.sweeps.design.axis import Value
from sim.sweeps.design.design import Design
from sim.sweeps.engines.point import Job, Point
from sim.sweeps.identity.described import described, digest, text_of

FORMAT = 1  # of the definition itself
# Of the package, what only arranges runs or shows them.
NO_NUMBERS = {
    "sweeps", "sensitivity", "calibration", "plotting", "cli", "files.py", "texts.py", "__main__.py",
    "__init__.py", "run/vtk.py", "run/memory.py", "parameters/references.py",
}  # fmt: skip


def definition(job: Job) -> dict:
    """Everything that decides the numbers of a job but the inputs of its points, as plain data.

    Time-out, memory and what is kept decide which points end, not their numbers, and are left out.
    """
    times = list(job.times) if isinstance(job.times, tuple) else job.times
    return {
        "format": FORMAT,
        "hapsim": versions()["hapsim"],
        "sources": sources(Path(__file__).parents[2]),
        "scenario": scenario(job.base),
        "model": model(job.base.model),
        "measures": {n: described(m, f"the measure '{n}'") for n, m in job.measures.items()},
        "solver": job.solver,
        "rtol": job.rtol,
        "atol": job.atol,
        "times": described(times),
    }


@lru_cache(maxsize=1)
def sources(package: Path) -> str:
    """Hash of the sources that numbers come from: a checkout changes between two versions."""
    h = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package)
        if name.parts[0] not in NO_NUMBERS and name.as_posix() not in NO_NUMBERS:
            h.update(f"{name.as_posix()} {len(text := path.read_bytes())} ".encode())
            h.update(text)
    return h.hexdigest()


def scenario(s: Scenario) -> dict:
    """A scenario in full, but for its model."""
    fields = {k: v for k in s.__dataclass_fields__ if k != "model" for v in [getattr(s, k)]}
    return {k: described(v, f"{k} of {s.name}") for k, v in fields.items()}


def model(m: Model) -> dict:
    """A model in full: species, processes and derived quantities, and the text that they become."""
    rows = {
        "name": m.name,
        "fields": described(m.fields),
        "species": {s.name: described(s) for s in m.species},
        "processes": {p.name: _reaction(p) for p in m.processes},
        "derived": {d.name: _reaction(d) for d in m.derived},
        "shared": described(m.shared),
    }
    return rows | {"source": _source(m)}


def fingerprint(definition: dict) -> str:
    """sha256 of a definition, as hexadecimal digits."""
    return digest(definition)


def point_key(job: Job, inputs: Mapping[str, Value]) -> str:
    """sha256 of everything that defines a point, as hexadecimal digits."""
    kept = vars(job)
    if "_fingerprint" not in kept:  # a job is frozen, so once is enough
        kept["_fingerprint"] = fingerprint(definition(job))
    text = f"{kept['_fingerprint']} {text_of(inputs)}"
    return hashlib.sha256(text.encode()).hexdigest()


def points(job: Job, design: Design) -> list[Point]:
    """The points of a design in order; those equal to an earlier one are left out."""
    again = design.settings["repeats"]
    return [
        Point(k, point_key(job, inputs), dict(inputs))
        for k, inputs in enumerate(design.points)
        if str(k) not in again
    ]


def _reaction(owner) -> dict:
    """A process or derived quantity. Its formula is in the text of the model."""
    row = {k: getattr(owner, k) for k in owner.__dataclass_fields__ if k != "formula"}
    found = {k: described(v, owner.name) for k, v in row.items()}
    if isinstance(owner.formula, Kernel):
        found["kernel"] = described(owner.formula, owner.name)
    return found


@once_a_model
def _source(m: Model) -> str:
    """Hash of the text that a model becomes, and of the kernels that it calls.

    Without the versions of numba and numpy: those are noted in every row, and a sweep may outlive an
    update.
    """
    h = hashlib.sha256(text.write(m).encode())
    for k in (d.formula for d in m.derived if isinstance(d.formula, Kernel)):
        for name in (k.function, k.slopes):
            h.update(stamp(getattr(importlib.import_module(k.module), name)).encode())
    return h.hexdigest()


def differences(old: dict, new: dict, path: str = "") -> list[str]:
    """Where two definitions differ, as dotted names: ["scenario.parameters.lesion.radius"]."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return [] if old == new else [path]
    found = []
    for key in dict.fromkeys((*old, *new)):
        inner = f"{path}.{key}" if path else key
        if key not in old or key not in new:
            found.append(inner)
        else:
            found += differences(old[key], new[key], inner)
    return found
