"""The runs of a fit in a file as they are made: a fit that was killed goes on where it was.

It is the store of a sweep, one row a run, so `hapsim sweep status` and `export` read it too. A fit does the
same again when it is begun again, and finds its runs done.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sim.calibration.engine.outcomes import Failure, Outcome
from sim.identity.versions import installed_versions
from sim.sweeps.design.job import Job
from sim.sweeps.store.row import FAILED, FINISHED, Row
from sim.sweeps.store.store import Store


class RunStore:
    """An open file of runs; a context manager.

    job: what the runs have in common; calibration: what else decides their numbers, as plain data
    axes: of the free parameters, as those of a design; columns: name and SI unit of each predicted number
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        job: Job,
        calibration: dict,
        axes: Sequence[dict],
        columns: Sequence[tuple[str, str]],
    ):
        self._job, self._axes, self._units = job, list(axes), dict(columns)
        self._names, self._columns = tuple(a["name"] for a in axes), tuple(self._units)
        self._store = Store.open(Path(path), job.definition | {"calibration": calibration})
        try:
            self._outcomes = {row["key"]: self._outcome(row) for row in self._store.each()}
            self._keys = list(self._outcomes)
        except BaseException:
            self._store.close()
            raise

    def found(self, values: np.ndarray) -> Outcome | None:
        """The outcome at these values [SI], None where it has not been run."""
        return self._outcomes.get(self._key(values))

    def add(self, values: np.ndarray, found: Outcome, wall: float) -> None:
        """Keep a run. wall: s it took"""
        key = self._key(values)
        failed = isinstance(found, Failure)
        numbers = [None] * len(self._columns) if isinstance(found, Failure) else found.tolist()
        row: Row = {
            "key": key, "index": len(self._keys), "inputs": self._inputs(values),
            "measures": dict(zip(self._columns, numbers, strict=True)),
            "status": FAILED if failed else FINISHED,
            "reason": found.reason if isinstance(found, Failure) else "", "run": "", "statistics": {},
            "wall": 0.0 if np.isnan(wall) else wall, "versions": installed_versions(), "result": "",
        }  # fmt: skip
        self._store.add([row])
        self._keys.append(key)
        self._outcomes[key] = found

    def close(self) -> None:
        """Note the design of the runs, for those who read the file as a sweep, and release it."""
        try:
            if self._keys:
                design = {
                    "method": "table", "axes": self._axes, "settings": {"repeats": {}},
                    "points": len(self._keys), "measures": self._units, "planned": len(self._keys),
                }  # fmt: skip
                self._store.plan(design, list(enumerate(self._keys)))
        finally:
            self._store.close()

    def __enter__(self) -> RunStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _inputs(self, values: np.ndarray) -> dict:
        return dict(zip(self._names, (float(v) for v in values), strict=True))

    def _key(self, values: np.ndarray) -> str:
        return self._job.key(self._inputs(values))

    def _outcome(self, row: Row) -> Outcome:
        if row["status"] != FINISHED:
            return Failure(tuple(row["inputs"][n] for n in self._names), row["reason"])  # type: ignore[misc]
        return np.array([row["measures"][c] for c in self._columns], float)
