"""A run and the one that it goes on from as one: outputs of both, each moment once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ScenarioError
from sim.experiment.intervention import Intervention, from_keys
from sim.experiment.values.given import Seconds
from sim.run.continued import state_tables as names
from sim.run.continued.run_state import ResultToRead
from sim.texts import typed_time

if TYPE_CHECKING:
    import xarray

OVER_TIME = ("ledger", "ledger_residual", names.ENTERED)
ADDED = ("wall_seconds", "speciation_failures")  # of both runs
LISTED = ("notes", "unbalanced")
BEFORE = "before"  # in the manifest of a joined result: what its first part goes on from


def joined(
    later: ResultToRead, earlier: ResultToRead
) -> tuple[xarray.Dataset, dict[str, Any], xarray.Dataset]:
    """Dataset, manifest and tables of both. Raises ScenarioError where one does not go on from the other."""
    time = _checked(later.manifest, earlier)
    old, new = earlier.t <= time, later.t >= 0
    if old.any():
        new = later.t > earlier.t[old][-1]
    return (
        _datasets(earlier.dataset.isel(time=old), later.dataset.isel(time=new)),
        _manifests(earlier.manifest, later.manifest, time),
        _tables(earlier.tables, later.tables, old, new),
    )


def _checked(m: dict[str, Any], earlier: ResultToRead) -> float:
    """The time at which they meet [s]."""
    parent = m[BEFORE] if BEFORE in m else m.get("parent")
    if not parent:
        raise ScenarioError(
            f"this result of {m['scenario']} begins at the first start; there is nothing before it to join."
        )
    given = earlier.manifest.get("hash", "")
    if given != parent["hash"]:
        raise ScenarioError(
            f"this result goes on from the run {parent['hash'][:12]} of {parent['scenario']}, and the one "
            f"given is the run {given[:12]} of {earlier.manifest['scenario']}."
        )
    if not earlier.t.size or earlier.t[0] > parent["time"]:
        raise ScenarioError(
            f"the result given has no outputs up to {typed_time(parent['time'])}, where this one goes on."
        )
    return float(parent["time"])


def _datasets(old: xarray.Dataset, new: xarray.Dataset) -> xarray.Dataset:
    """What both have. Attributes are those of the later one."""
    import xarray as xr

    common = [n for n in new.data_vars if n in old.data_vars]
    moving = [n for n in common if "time" in new[n].dims]
    made = xr.concat(
        [old[moving], new[moving]], "time", coords="minimal", compat="override", join="override",
        combine_attrs="override",
    )  # fmt: skip
    found = made.assign({n: new[n] for n in common if n not in moving})
    for n, v in found.variables.items():
        v.attrs = dict(new[n].attrs)
    found.attrs = dict(new.attrs)
    return found[common]


def _tables(
    old: xarray.Dataset, new: xarray.Dataset, before: np.ndarray, after: np.ndarray
) -> xarray.Dataset:
    """Tables over time of both, the others of the later one. A pool that one has not holds nothing there."""
    import xarray as xr

    kept = [n for n in OVER_TIME if n in old and n in new]
    pools = list(dict.fromkeys([*new["pool"].values.tolist(), *old["pool"].values.tolist()]))
    axes = {"element": new["element"].values, "pool": pools}
    axes |= {"end_mobile": new["end_mobile"].values} if "end_mobile" in new.coords else {}
    parts = [
        part[kept].drop_vars([c for c in part[kept].coords if c not in ("time", *axes)])
        .isel(time=which).reindex(axes, fill_value=0.0)
        for part, which in ((old, before), (new, after))
    ]  # fmt: skip
    made = xr.concat(parts, "time", coords="minimal", compat="override", join="override")
    rest = new.drop_vars([n for n in (*OVER_TIME, "time", "pool") if n in new.variables])
    found = xr.Dataset({**made.data_vars, **rest.data_vars}, {**made.coords, **rest.coords})
    for n, v in found.variables.items():
        v.attrs = dict(new[n].attrs)
    return found


def _manifests(old: dict[str, Any], new: dict[str, Any], time: float) -> dict[str, Any]:
    """That of the later run, with what was done, counted and said before."""
    made = dict(new)
    made[BEFORE] = old[BEFORE] if BEFORE in old else old.get("parent")
    for key in ADDED:
        made[key] = old[key] + new[key]
    for key in LISTED:
        made[key] = list(dict.fromkeys([*old.get(key, ()), *new.get(key, ())]))
    counts = dict(old["statistics"])
    for key, n in new["statistics"].items():
        counts[key] = counts.get(key, 0) + n
    made["statistics"] = counts
    if old["undershoot"] > new["undershoot"]:
        made |= {k: old[k] for k in ("undershoot", "undershoot_species")}
    made["ledger_residual"] = max(old["ledger_residual"], new["ledger_residual"])
    return made | _deeds(old, new, time)


def _deeds(old: dict[str, Any], new: dict[str, Any], time: float) -> dict[str, Any]:
    """All that was done: what the later scenario leaves out ended where it began."""
    rows = list(zip(new["intervention_tables"], new["interventions"], strict=True))
    known = [_intervention(table) for table, _ in rows]
    for table, words in zip(old["intervention_tables"], old["interventions"], strict=True):
        cut = _intervention(table)
        if cut.at >= time or cut in known:
            continue
        if cut.lasts and (cut.until is None or cut.until > time):
            cut = replace(cut, until=Seconds(time))
            if cut in known:  # which the later scenario ended there itself
                continue
            table, words = cut.table() | {"until": f"{time!r} s"}, str(cut)
        rows.append((table, words))
    rows.sort(key=lambda row: _intervention(row[0]).at)
    return {"intervention_tables": [t for t, _ in rows], "interventions": [w for _, w in rows]}


def _intervention(table: dict[str, Any]) -> Intervention:
    return from_keys(Intervention, table, "interventions of a result")
