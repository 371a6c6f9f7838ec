"""The numbers of a run: for the screen, and for summary.json."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.parameters.wording import shown_unit, wording
from sim.run import measures, memory
from sim.run.reported.result_text import began
from sim.texts import duration_text, length_text, number_text, size_text
from sim.units import to_unit

if TYPE_CHECKING:
    from sim.run.result import Result

BESIDE_SOLIDS = ("core", "membrane")  # ledger pools that hold calcium on membranes
SHOWN = 1e-6  # least amount that is worth a word, in the unit shown
ONSET = "0.1 mM"
READ = ("HAP", "HAP_density", "Ca_in_mineral", "Ca_per_dry_mass", "pH")  # and the solids
COUNTED = {"Ca_in_mineral": "of Ca", "HAP": "of HAP, which is five times as much Ca"}
MANIFEST = (
    "title", "constants", "growth_law", "parts", "geometry", "model", "duration", "t_end", "solver", "rtol",
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
    m, mM = result.manifest, _unit(result, "Ca_in_mineral")
    whole = "" if result.success else f" of {duration_text(m['duration'])}"
    found = [
        SummaryLine("status", result.status, "", "status", f"{result.status}: {result.message}"),
        _time("simulated", m["t_end"], "simulated", whole),
    ]
    if before := began(m):
        found.append(SummaryLine("goes_on_from", before, "", "goes on from", f"{before}; not shown here"))
    for name, words in (("Ca_in_mineral", "calcium in solids"), ("HAP", "hydroxyapatite")):
        onset = measures.onset(name, above=ONSET)(result)
        line = _time(f"onset_{name}", onset, f"onset, {words}", f" (above {ONSET} {COUNTED[name]})")
        earlier = before and onset <= result.t[0]  # than what is shown of the history
        found.append(line._replace(text=f"before {line.text}") if earlier else line)
    found.append(_first_seen(result))
    found += [
        _mean(result, "HAP_density", "HAP_mean", "mean hydroxyapatite"),
        _mean(result, "Ca_in_mineral", "Ca_in_solids_mean", "mean calcium in solids"),
    ]
    calcium = _calcium(result)
    held = {pool: float(amounts[-1]) for pool, amounts in calcium.items()}
    solids = {p: held[p] for p in reversed(result.solids) if p in held}
    beside = {p: held[p] for p in BESIDE_SOLIDS if p in held}
    names = {p: wording("pools", p).short_name or p for p in beside}
    found += [
        SummaryLine("Ca_by_phase", solids, mM, "  of it in", _amounts(solids, mM)),
        SummaryLine(
            "Ca_bound",
            beside,
            mM,
            "beside it, bound to",
            _amounts({names[p]: v for p, v in beside.items()}, mM),
        ),
        _mean(result, "Ca_per_dry_mass", "Ca_per_dry_mass", "calcium per dry mass"),
        *_by_place(result, "Ca_per_dry_mass"),
        _peak(result, "HAP_density", "HAP_peak", "peak hydroxyapatite"),
        _peak(result, "Ca_in_mineral", "Ca_in_solids_peak", "peak calcium in solids"),
    ]
    done = m.get("interventions", ())
    found += [
        SummaryLine(f"intervention_{k}", line, "", "done to it", line) for k, line in enumerate(done, 1)
    ]
    found += [SummaryLine(f"note_{k}", note, "", "note", note) for k, note in enumerate(result.notes, 1)]
    found.append(_lowest_pH(result))
    origin = _origin(calcium)
    words = ", ".join(
        f"{k.replace('_', ' ')} {'+' * (v > 0)}{number_text(v)}" for k, v in origin.items() if abs(v) > SHOWN
    )
    found.append(SummaryLine("Ca_origin", origin, mM, "calcium from", f"{words} {mM}" if words else "none"))
    worst, who = m["undershoot"], m["undershoot_species"]
    steps, wall = m["statistics"].get("steps", 0), m["wall_seconds"]
    under = f"{worst:.2g} absolute tolerances" + (f" ({who})" if who else "")
    residual = m["ledger_residual"]
    failures = m["speciation_failures"]
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
    if result.array_of("volume").size <= memory.LARGE or most is None:
        return []
    text = f"{size_text(most)} at the peak"
    value = {"peak": most}
    if before is not None:
        value["forecast"], value["before"] = found["forecast"], before
        text += f", {size_text(before)} before the run (forecast {size_text(found['forecast'])} for the run)"
    return [SummaryLine("memory", value, "byte", "memory", text)]


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


def _first_seen(result: Result) -> SummaryLine:
    """When each method of imaging first shows mineral; null in summary.json where it does not."""
    from sim.imaging.detection.first_seen import first_seen

    rows = first_seen(result)
    seen = [f"{r.title} {duration_text(r.time)}" for r in rows if math.isfinite(r.time)]
    unseen = [r.title for r in rows if not math.isfinite(r.time)]
    none = [f"not seen by: {'; '.join(unseen)}"] if unseen else []
    text = "; ".join(seen + none)  # titles have commas
    value = {r.method: r.time if math.isfinite(r.time) else None for r in rows}
    return SummaryLine("first_seen", value, "s", "first seen by", text)


def _unit(result: Result, name: str) -> str:
    """The unit in which people read a variable."""
    attrs = result.attributes_of(name)
    return shown_unit(attrs["units"], attrs.get("shown_in", ""))


def _mean(result: Result, name: str, key: str, label: str) -> SummaryLine:
    """The volume mean at the end."""
    si, unit = measures.mean(name)(result), _unit(result, name)
    return SummaryLine(key, to_unit(si, unit), unit, label, _amount(result, name, si))


def _by_place(result: Result, name: str) -> list[SummaryLine]:
    """The mean over each layer or region at the end, where there are several."""
    places = list(dict.fromkeys(str(n) for n in np.ravel(result.array_of("layer"))))
    if len(places) < 2:
        return []
    unit = _unit(result, name)
    found = {n: to_unit(measures.mean(name, n)(result), unit) for n in places}
    text = ", ".join(f"{n} {number_text(v, SHOWN)}" for n, v in found.items())
    return [SummaryLine(f"{name}_by_place", found, unit, "  by place", f"{text} {unit}")]


def _amount(result: Result, name: str, si: float) -> str:
    """A number of a variable [SI] with the unit in which people read it; apatite also as chemists do."""
    unit = _unit(result, name)
    text = f"{number_text(to_unit(si, unit))} {unit}"
    molar_mass = result.attributes_of(name).get("molar_mass")  # missing in files that an older version wrote
    if name != "HAP_density" or molar_mass is None:
        return text
    return f"{number_text(si / molar_mass)} {_unit(result, 'HAP')} ({text})"


def _amounts(by_name: dict[str, float], unit: str) -> str:
    """Calcium here and there; what is next to nothing is left out."""
    some = [f"{name} {number_text(v)}" for name, v in by_name.items() if v > SHOWN]
    return f"{', '.join(some)} {unit} of Ca" if some else "none"


def _peak(result: Result, name: str, key: str, label: str) -> SummaryLine:
    si, where, unit = measures.peak(name)(result), measures.where_peak(name)(result), _unit(result, name)
    amount, value = _amount(result, name, si), to_unit(si, unit)
    if not where:
        return SummaryLine(key, {"amount": value}, unit, label, f"{amount} at the end")
    distance = math.hypot(*where.values())
    text = f"{amount} at the end, at {length_text(distance, 3)} from the {_middle(result)}"
    if value < SHOWN:
        text = f"{amount} at the end"
    return SummaryLine(key, {"amount": value, "distance_mm": distance * 1e3}, unit, label, text)


def _middle(result: Result) -> str:
    """What distances are counted from: half a slab is simulated, from its mid-plane."""
    return "mid-plane" if result.space == ("x",) else "centre"


def _lowest_pH(result: Result) -> SummaryLine:
    pH = result.array_of("pH")
    at = np.unravel_index(int(np.argmin(pH)), pH.shape)
    value, time = float(pH[at]), float(result.t[at[0]])
    found = {"pH": value, "time_s": time}
    text = f"{value:.2f} {'at the end, ' * int(at[0] == result.t.size - 1)}after {duration_text(time)}"
    if pH.ndim > 1:
        place = [float(result.array_of(d)[i]) for d, i in zip(result.space, at[1:], strict=True)]
        distance = math.hypot(*place)
        found["distance_mm"] = distance * 1e3
        text += f", {length_text(distance, 3)} from the {_middle(result)}"
    return SummaryLine("pH_lowest", found, "1", "lowest pH", text)


def _calcium(result: Result) -> dict[str, np.ndarray]:
    """Calcium by pool over time [mol per m3 of tissue]."""
    volume, calcium = float(result.array_of("volume").sum()), result.elements.index("Ca")
    return {pool: amounts[:, calcium] / volume for pool, amounts in result.pools.items()}


def _origin(held: dict[str, np.ndarray]) -> dict[str, float]:
    """Where calcium came from since the start [mol per m3 of tissue]; minus is a loss."""
    change = {pool: float(amounts[-1] - amounts[0]) for pool, amounts in held.items()}
    origin = {"dying_cells": -change["cells"] if "cells" in change else 0.0}
    for name, value in change.items():
        if name.startswith("supplied by ") or name == "interventions":
            origin[name.removeprefix("supplied by ")] = value
    return origin
