"""A calibration in words: its table of parameters, how the search went, and what is not known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.calibration.search import Start
from sim.texts import count_text
from sim.units import parse_unit


def lines_of(found: Any) -> list[str]:
    """What is printed of a Calibration, a line each."""
    what = found.scenario.name if found.scenario is not None else "a model"
    n, p = len(found.data), len(found.free)
    counts = f"{p} parameter{'s' * (p > 1)}, {n} number{'s' * (n > 1)}"
    lines = [f"Calibration of {what} to {found.data.name}: {counts}", *_table(found)]
    if found.spread.known and found.spread.dof > 0:
        chance = f"chance of more {found.p_value:.2g}"
        freedom = count_text(found.spread.dof, "degree") + " of freedom"
        lines.append(f"├─ chi square {found.cost:.4g} with {freedom}, {chance}")
    elif found.spread.known:
        lines.append(f"├─ no chi square: {counts}, none left to judge by")
    elif found.spread.dof > 0 and np.isfinite(found.spread.sigma):
        lines.append(f"├─ scatter estimated from {found.spread.dof} degrees of freedom: {_scatter(found)}")
    if found.starts:
        lines.append(f"├─ {_searches(found.starts)}")
    failed = (
        f", {len(found.failures)} failed: {found.failures[0].reason}" if found.failures else ", none failed"
    )
    lines.append(f"├─ {found.runs} runs{failed}")
    reasons = dict.fromkeys(v.reason for v in found.verdicts.values() if v.reason)
    lines += [f"├─ not identifiable: {r}" for r in reasons]
    lines += [f"├─ {note}" for note in (*found.data.remarks, *found.notes)]
    lines[-1] = lines[-1].replace("├", "└", 1)
    return lines


def _table(found: Any) -> list[str]:
    level = "deviations carried over" if found.spread.carried else f"{100 * found.confidence:g} %"
    rows = [
        (
            "parameter",
            "value",
            "unit",
            "standard error",
            f"{level}, linearised",
            f"{level}, profile",
            "verdict",
        )
    ]
    for k, f in enumerate(found.free):
        low, high = (f.customary(v) for v in found.intervals[k])
        profile = found.profiles.get(f.name)
        shape = "-"
        if profile is not None:
            left = (
                f"< {f.customary(profile.low):.4g}" if profile.open_low else f"{f.customary(profile.low):.4g}"
            )
            right = (
                f"> {f.customary(profile.high):.4g}"
                if profile.open_high
                else f"{f.customary(profile.high):.4g}"
            )
            shape = f"{left} to {right}"
        error = found.standard_errors[k] / parse_unit(f.unit).factor
        rows.append(
            (
                f.name, f"{f.customary(found.values[k]):.5g}", f.unit,
                "-" if np.isnan(error) else f"{error:.2g}",
                f"{low:.4g} to {high:.4g}" if np.isfinite([low, high]).all() else "-",
                shape, found.verdicts[f.name].word,
            )
        )  # fmt: skip
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    return ["  " + "  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows]


def _scatter(found: Any) -> str:
    """The estimated standard deviation of each quantity, in its unit."""
    texts = []
    for quantity in found.data.quantities:
        k = next(i for i, d in enumerate(found.data) if d.quantity == quantity)
        d = found.data.points[k]
        scale = abs(found.predictions[k] - d.value)
        if found.residuals[k] != 0:
            sd = found.spread.sigma * scale / abs(found.residuals[k])
            texts.append(f"{quantity} {sd / parse_unit(d.unit).factor:.3g} {d.unit}")
    return ", ".join(texts) or f"{found.spread.sigma:.3g} of the weights"


def _searches(starts: Sequence[Start]) -> str:
    costs = np.array([s.cost for s in starts])
    ended = costs[np.isfinite(costs)]
    same = int((ended <= ended.min() * 1.01 + 1e-6).sum()) if ended.size else 0
    lost = len(starts) - ended.size
    return f"{same} of {len(starts)} starts end at the best fit" + (
        f"; {lost} could not be run" if lost else ""
    )
