"""Run the points of a design, as far as they have not been run, and keep every row at once."""

from __future__ import annotations

import multiprocessing
import os
import re
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import ConfigError, not_one_of, shown, warn_caller
from sim.experiment.scenario import Scenario
from sim.files import whole_path
from sim.identity.settings import ATOL, RTOL, Times
from sim.run import measures as of
from sim.solvers import DEFAULT
from sim.sweeps.design.design import Design
from sim.sweeps.design.job import Job, Measure, Point, checked_timeout
from sim.sweeps.design.points import points_of
from sim.sweeps.engines import cluster, in_process, processes
from sim.sweeps.engines.first_steps import first_steps, measure_units, one_of_each_kind
from sim.sweeps.engines.groups import BLOCK, LEAST
from sim.sweeps.engines.progress import Progress, ProgressFunction
from sim.sweeps.store.row import UNFINISHED, Row
from sim.sweeps.store.store import Store
from sim.sweeps.sweep_table import SweepTable, results_folder, table_of_store

if TYPE_CHECKING:
    from distributed import Client

MOST_WORKERS = 1024
Measures = Mapping[str, Measure]
Engine = Generator[list[Row], None, None]


def sweep(
    base: Scenario,
    design: Design,
    store: str | os.PathLike | None = None,
    workers: int = 0,
    measures: Measures | Sequence[of.Measure] | of.Measure | None = None,
    client: Client | None = None,
    timeout: float | str | None = None,
    memory: float | None = None,
    keep: str = "failed",
    solver: str = DEFAULT,
    rtol: float = RTOL,
    atol: float = ATOL,
    times: Times = None,
    progress: bool | ProgressFunction = False,
    shard: tuple[int, int] | str | None = None,
    retry: bool | Sequence[str] = (),
    lanes: bool | None = None,
) -> SweepTable:
    """Run `base` at every point of `design`; run the same again to go on with what is missing.

    store: one file that keeps every row as it comes; None: nothing is kept but the table
    workers: 0 runs here, n in as many processes of one thread each; client: of a Dask cluster instead
    measures: {name: function of a Result}, or measures of sim.measures; HAP at the end, and its onset,
        when None
    timeout: s or text a point may take; memory: bytes it may add to its process
    keep: whose results are kept whole, beside the store: "failed", "all" or "none"
    progress: True for a bar or lines, or a function of (points done, points in all)
    shard: (3, 20) or "3/20", the third of twenty equal parts, each with a store of its own
    retry: run points again that are "failed", "timed out", "out of memory" or "killed"; True: all those
    lanes: whether runs of few cells that differ in numbers alone are solved side by side, each within the
        tolerance of the run alone (docs/sweeps.md); None: where there are points enough for it to pay
    A point that fails is a row that says why; the others go on. Ctrl-C keeps all rows, and returns them.
    """
    design = _checked(base, design)
    _check_engine(workers, client)
    part, parts = _shard(shard)
    limited = timeout is not None or memory is not None
    job = Job(
        base, _named(measures), solver, rtol, atol, times, checked_timeout(timeout), memory, keep,
        str(whole_path(results_folder(Path(store)))) if store is not None and keep != "none" else "",
        _block(lanes, limited, len(design) // parts) * parts,
    )  # fmt: skip
    wanted = points_of(job, design)[part - 1 :: parts]
    again = _statuses(retry)
    own = tempfile.TemporaryDirectory(prefix="hapsim-sweep-") if store is None else nullcontext("")
    with own as temporary:
        path = Path(temporary) / "sweep.db" if store is None else Path(store)
        with Store.open(path, job.definition) as opened:
            done = opened.keys(without=again)
            missing = [p for p in wanted if p.key not in done]
            try:
                first = first_steps(job, one_of_each_kind(missing)) if missing else None
                plan = design.table() | {"measures": measure_units(job, first), "planned": len(wanted)}
            except BaseException:
                if not opened.design and os.name != "nt":  # else a mistake would reserve the file
                    path.unlink()
                raise
            plan |= {"shard": [part, parts]}
            if not missing and opened.design:  # no run of now gave the units
                plan["measures"] = opened.design["measures"]
            opened.plan(plan, [(p.index, p.key) for p in wanted])
            _tidy(job.folder)
            report = Progress(progress, len(missing), len(wanted) - len(missing))
            message = _fill(opened, missing, _engine(job, missing, workers, client), report)
            table = table_of_store(opened, message)
    return table if store is not None else replace(table, path=None)


def _fill(store: Store, missing: Sequence[Point], engine: Engine, report: Progress) -> str:
    """Store what comes; a message when it was broken off, else ""."""
    left = {p.key for p in missing}
    try:
        with closing(engine):
            for batch in engine:
                rows = [row for row in batch if row["key"] in left]  # a cluster may run a point twice
                left.difference_update(row["key"] for row in rows)
                store.add(rows)
                report.add(rows)
    except KeyboardInterrupt:
        return (
            f"interrupted: {len(left)} of {len(missing)} points are missing; run the same sweep again to "
            "go on."
        )
    finally:
        report.close()
    return ""


def _engine(job: Job, missing: Sequence[Point], workers: int, client: Client | None) -> Engine:
    if client is not None:
        return cluster.run(job, missing, client)
    if workers and multiprocessing.current_process().daemon:
        warn_caller(
            f"workers = {workers}: this process is a worker itself, one that may start no others (daemonic); "
            "its points run here, one after the other.",
            UserWarning,
        )
    elif workers:
        return processes.run(job, missing, workers)
    return in_process.run(job, missing)


def _checked(base: Scenario, design: Design) -> Design:
    if not isinstance(base, Scenario):
        raise ConfigError(f"sweep needs a Scenario, not {shown(base)}; try sim.scenario('...').")
    if not isinstance(design, Design):
        raise ConfigError(
            f"sweep needs a design, not {shown(design)}; try "
            "sim.sweeps.grid({'lesion.radius': ('1 mm', '5 mm')})."
        )
    return design.with_units(base)


def _check_engine(workers: Any, client: Client | None) -> None:
    if isinstance(workers, bool) or not isinstance(workers, int) or not 0 <= workers <= MOST_WORKERS:
        raise ConfigError(
            f"workers = {shown(workers)} must be a whole number, 0 (in this process) to {MOST_WORKERS}; "
            f"this machine has {os.cpu_count()} processors."
        )
    if client is not None and not hasattr(client, "submit"):
        raise ConfigError(
            f"client = {shown(client)} is no Dask client; try sim.sweeps.cluster.connect('tcp://...:8786')."
        )


def _named(measures: Measures | Sequence[of.Measure] | of.Measure | None) -> dict[str, Measure]:
    """{name: function}; of a sequence, each under its own name."""
    if measures is None:
        return {"mineral": of.mean("HAP"), "onset": of.onset("HAP")}
    if not isinstance(measures, Mapping):
        return _by_own_name(measures)
    return dict(measures)


def _by_own_name(measures: Any) -> dict[str, Measure]:
    found: dict[str, Measure] = {}
    for m in [measures] if callable(measures) else measures:
        name = getattr(m, "__name__", "")
        if not name or name in found:
            raise ConfigError(f"the measure {shown(m)} needs a name of its own: measures={{'name': ...}}.")
        found[name] = m
    return found


def _shard(shard: tuple[int, int] | str | None) -> tuple[int, int]:
    """(which, of how many), from 1."""
    if shard is None:
        return 1, 1
    numbers: Sequence[int] = ()
    if isinstance(shard, str):
        match = re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", shard)
        numbers = [int(n) for n in match.groups()] if match else ()
    elif isinstance(shard, tuple | list):
        numbers = shard
    if len(numbers) != 2 or not all(type(n) is int for n in numbers):
        raise ConfigError(f"shard = {shown(shard)} is no part of a sweep; the third of twenty is '3/20'.")
    which, whole = numbers
    if not 1 <= which <= whole:
        raise ConfigError(f"shard = {shown(shard)}: parts are counted from 1 to {whole}.")
    return which, whole


def _block(lanes: Any, limited: bool, points: int) -> int:
    """Points that are looked through at once for those that go side by side; 0 where each runs alone. Limits
    are those of a single run: with one, each runs alone."""
    if lanes is not None and not isinstance(lanes, bool):
        raise ConfigError(f"lanes = {shown(lanes)} must be True, False, or None to let the number decide.")
    if limited or lanes is False or (lanes is None and points < LEAST):
        return 0
    return BLOCK


def _statuses(retry: bool | str | Sequence[str]) -> tuple[str, ...]:
    if isinstance(retry, bool):
        return UNFINISHED if retry else ()
    found = (retry,) if isinstance(retry, str) else tuple(retry)
    for word in found:
        if word not in UNFINISHED:
            raise ConfigError(not_one_of("retry", word, UNFINISHED))
    return found


def _tidy(folder: str) -> None:
    """Remove the notes that an earlier, killed driver has left."""
    if folder:
        for path in (*Path(folder).glob("*.last.json"), *Path(folder).glob("*.begun")):
            path.unlink(missing_ok=True)
