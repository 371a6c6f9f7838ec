"""The numbers of a run: for the screen, and for summary.json."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.cli.tables import name_list
from sim.run import measures, memory
from sim.texts import duration_text, length_text, number_text, size_text

if TYPE_CHECKING:
    from sim.run.result import Result

BESIDE_SOLIDS = ("core", "membrane")  # ledger pools that hold calcium on membranes
ONSET = "0.1 mM"
READ = ("HAP", "HAP_density", "Ca_in_mineral", "Ca_per_dry_mass", "pH")  # and the solids
COUNTED = {"Ca_in_mineral": "of Ca", "HAP": "of HAP, which is five times as much Ca"}
MANIFEST = (
    "title", "constants", "growth_law", "geometry", "model", "duration", "t_end", "solver", "rtol",
    "atol", "statistics", "threads", "hash", "interventions", "notes", "versions", "platform",
)  # fmt: skip


class SummaryLine(NamedTuple):
    """One number: key, value and unit for summary.json; label and text for the screen."""

    key: str
    value: Any
    unit: str
    label: str
    text: str


def summary_lines(result: Result) -> list[SummaryLine]:
    """Everything worth saying of a run, in the order of the screen."""
    m, mM = result.manifest, "mM"
    whole = "" if result.success else f" of {duration_text(m['duration'])}"
    found = [
        SummaryLine("status", result.status, "", "status", f"{result.status}: {result.message}"),
        _time("simulated", m["t_end"], "simulated", whole),
    ]
    for name, words in (("Ca_in_mineral", "calcium in solids"), ("HAP", "hydroxyapatite")):
        onset = measures.onset(name, above=ONSET)(result)
        found.append(_time(f"onset_{name}", onset, f"onset, {words}", f" (above {ONSET} {COUNTED[name]})"))
    hap, calcium, dry = (
        measures.mean(n)(result) for n in ("HAP_density", "Ca_in_mineral", "Ca_per_dry_mass")
    )
    found += [
        SummaryLine("HAP_mean", hap, "mg/cm3", "mean hydroxyapatite", _hydroxyapatite(result, hap)),
        SummaryLine("Ca_in_solids_mean", calcium, mM, "mean calcium in solids", f"{number_text(calcium)} mM"),
        SummaryLine(
            "Ca_per_dry_mass", 1e3 * dry, "ug/mg", "calcium per dry mass", f"{number_text(1e3 * dry)} ug/mg"
        ),
        _peak(result, "HAP_density", "HAP_peak", "mg/cm3", "peak hydroxyapatite"),
        _peak(result, "Ca_in_mineral", "Ca_in_solids_peak", mM, "peak calcium in solids"),
    ]
    held = _calcium(result)
    by_phase = {p: held[p] for p in (*reversed(result.solids), *BESIDE_SOLIDS) if p in held}
    some = [f"{p} {number_text(v)}" for p, v in by_phase.items() if v > 1e-6]
    bound = [p for p in BESIDE_SOLIDS if by_phase.get(p, 0.0) > 1e-6]
    beside = f" ({' and '.join(bound)}: bound, not in solids)" if bound else ""
    found.append(
        SummaryLine(
            "Ca_by_phase", by_phase, mM, "calcium by phase", f"{', '.join(some) or 'none'} mM Ca{beside}"
        )
    )
    found += [SummaryLine(f"note_{k}", note, "", "note", note) for k, note in enumerate(result.notes, 1)]
    found.append(_lowest_pH(result))
    origin = _origin(result)
    words = ", ".join(
        f"{k.replace('_', ' ')} {'+' * (v > 0)}{number_text(v)}" for k, v in origin.items() if abs(v) > 1e-6
    )
    found.append(SummaryLine("Ca_origin", origin, mM, "calcium from", f"{words} mM" if words else "none"))
    worst, who = m["undershoot"], m["undershoot_species"]
    steps, wall = m["statistics"].get("steps", 0), m["wall_seconds"]
    under = f"{worst:.2g} absolute tolerances" + (f" ({who})" if who else "")
    residual = m["ledger_residual"]
    failures = m["speciation_failures"]
    found += [
        SummaryLine(f"note_{k}", text, "", "note", text) for k, text in enumerate(m.get("notes", ()), 1)
    ]
    return [
        *found,
        SummaryLine("ledger_residual", residual, "1", "ledger residual", f"{residual:.1e}"),
        SummaryLine("undershoot", worst, "absolute tolerances", "largest undershoot", under),
        SummaryLine("speciation_failures", failures, "1", "speciation failures", str(failures)),
        SummaryLine("steps", steps, "1", "steps", f"{steps} with {m['solver']}"),
        SummaryLine("wall_seconds", wall, "s", "wall time", f"{wall:.1f} s"),
        *_memory(result),
    ]


def _memory(result: Result) -> list[SummaryLine]:
    """What a large run took of memory, and what was forecast: the number that was told before."""
    found = result.manifest.get("memory", {})
    before, most = found.get("process_before"), found.get("process_peak")
    if result["volume"].size <= memory.LARGE or most is None:
        return []
    text = f"{size_text(most)} at the peak"
    value = {"peak": most}
    if before is not None:
        value["forecast"], value["before"] = found["forecast"], before
        text += f", {size_text(before)} before the run (forecast {size_text(found['forecast'])} for the run)"
    return [SummaryLine("memory", value, "byte", "memory", text)]


def on_screen(rows: list[SummaryLine]) -> str:
    """The lines as a table, wrapped to the terminal."""
    return name_list([(row.label, row.text) for row in rows])


def as_json(result: Result, rows: list[SummaryLine]) -> dict[str, Any]:
    """The same numbers with units, and what of the manifest identifies the run."""
    m = result.manifest
    numbers = {row.key: {"value": row.value, "unit": row.unit} if row.unit else row.value for row in rows}
    return {
        "scenario": m["scenario"],
        "message": m["message"],
        **numbers,
        "manifest": {k: m[k] for k in MANIFEST if k in m},
        "scenario_text": m.get("scenario_text", ""),
        "parameters": m["parameters"],
        "notes": m.get("notes", []),
    }


def _time(key: str, seconds: float, label: str, more: str) -> SummaryLine:
    return SummaryLine(key, seconds, "s", label, duration_text(seconds) + more)


def _peak(result: Result, name: str, key: str, unit: str, label: str) -> SummaryLine:
    value, where = measures.peak(name)(result), measures.where_peak(name)(result)
    amount = _hydroxyapatite(result, value) if name == "HAP_density" else f"{number_text(value)} {unit}"
    if not where:
        return SummaryLine(key, {"amount": value}, unit, label, amount)
    distance = math.hypot(*where.values())
    text = f"{amount} at {length_text(distance, 3)} from the {_middle(result)}"
    if value < 1e-6:
        text = amount
    return SummaryLine(key, {"amount": value, "distance_mm": distance * 1e3}, unit, label, text)


def _hydroxyapatite(result: Result, mass: float) -> str:
    """A mass per volume of tissue [kg m-3] as chemists and as pathologists read it."""
    molar_mass = result["HAP_density"].attrs.get("molar_mass")
    if molar_mass is None:  # of a file that an older version wrote
        return f"{number_text(mass)} mg/cm3"
    return f"{number_text(mass / molar_mass)} mM ({number_text(mass)} mg/cm3)"


def _middle(result: Result) -> str:
    """What distances are counted from: half a slab is simulated, from its mid-plane."""
    return "mid-plane" if result["volume"].dims == ("x",) else "centre"


def _lowest_pH(result: Result) -> SummaryLine:
    pH = result["pH"]
    at = np.unravel_index(int(np.argmin(pH.values)), pH.shape)
    value, time = float(pH.values[at]), float(result.t[at[0]])
    found = {"pH": value, "time_s": time}
    text = f"{value:.2f} {'at the end, ' * int(at[0] == result.t.size - 1)}after {duration_text(time)}"
    if pH.ndim > 1:
        place = [float(pH[d][i]) for d, i in zip(pH.dims[1:], at[1:], strict=True)]
        distance = math.hypot(*place)
        found["distance_mm"] = distance * 1e3
        text += f", {length_text(distance, 3)} from the {_middle(result)}"
    return SummaryLine("pH_lowest", found, "1", "lowest pH", text)


def _calcium(result: Result) -> dict[str, float]:
    """Calcium by pool at the end [mol per m3 of tissue]."""
    last = result["ledger"].sel(element="Ca").isel(time=-1) / float(result["volume"].sum())
    return {str(p): float(last.sel(pool=p)) for p in last["pool"].values}


def _origin(result: Result) -> dict[str, float]:
    """Where calcium came from since the start [mol per m3 of tissue]; minus is a loss."""
    table = result["ledger"].sel(element="Ca") / float(result["volume"].sum())
    change = table.isel(time=-1) - table.isel(time=0)
    origin = {"dying_cells": -float(change.sel(pool="cells")) if "cells" in table["pool"] else 0.0}
    for pool in change["pool"].values:
        name = str(pool)
        if name.startswith("supplied by ") or name == "interventions":
            origin[name.removeprefix("supplied by ")] = float(change.sel(pool=pool))
    return origin
