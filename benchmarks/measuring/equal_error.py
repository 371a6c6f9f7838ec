"""Cost at equal error: interpolation on work-precision curves, log against log."""

from __future__ import annotations

import math
from collections.abc import Sequence


def cost_at(errors: Sequence[float], costs: Sequence[float], error: float) -> float | None:
    """Least cost at which a curve reaches `error`, by interpolation between neighbouring points.

    The points are taken in the order of falling tolerance. A method whose loosest run is already
    better than asked costs what that run costs. None where the curve never gets there: there is
    no extrapolation.
    """
    points = [
        (e, c)
        for e, c in zip(errors, costs, strict=True)
        if e is not None and c is not None and 0 < e < math.inf and 0 < c < math.inf
    ]
    found = [c for e, c in points if e <= error]
    for (e0, c0), (e1, c1) in zip(points[:-1], points[1:], strict=True):
        if min(e0, e1) <= error <= max(e0, e1) and e0 != e1:
            share = (math.log(error) - math.log(e0)) / (math.log(e1) - math.log(e0))
            found.append(math.exp(math.log(c0) + share * (math.log(c1) - math.log(c0))))
    return min(found) if found else None


def comparison(
    rows: Sequence[dict], ours: str, targets: Sequence[float], costs: Sequence[str], by: str = "solver"
) -> list[dict]:
    """Rows {target, solver, cost..., ratio of the cost to that of `ours`...} at equal error.

    rows: runs with `error` and each cost; a run that did not finish has error None.
    """
    names = _names(rows, by)
    out = []
    for target in targets:
        for name in names:
            row: dict = {"target": target, by: name}
            for cost in costs:
                found = {}
                for who in (name, ours):
                    curve = [r for r in rows if r[by] == who]
                    found[who] = cost_at(
                        [r.get("error") for r in curve], [r.get(cost) for r in curve], target
                    )
                row[cost] = found[name]
                known = found[name] is not None and found[ours] is not None
                row[f"{cost}_ratio"] = found[name] / found[ours] if known else None
            if any(row[c] is not None for c in costs):
                out.append(row)
    return out


def bounds(compared: Sequence[dict], rows: Sequence[dict], ours: str, by: str = "solver") -> list[dict]:
    """The rows of `comparison`, and one for each that was stopped, at the largest error it is known for.

    A stopped run would have taken longer than the processor time it had, and with it every run to a
    smaller error. Where runs have an `rtol`, its error is taken to be that of `ours` at the same one:
    nothing is said about larger errors, which a looser run might have reached in less.
    """
    out, said = [], set()
    for target in sorted({r["target"] for r in compared}, reverse=True):
        here = [r for r in compared if r["target"] == target]
        out += here
        mine = next((r["cpu"] for r in here if r[by] == ours), None)
        for row in rows:
            name = row[by]
            if not (row.get("stopped") and row.get("cpu") and target <= _loosest(row, rows, ours, by)):
                continue
            if name in said or any(r[by] == name for r in here):
                continue
            said.add(name)
            bound = {"target": target, by: name, "message": f"more than {row['cpu']:.0f} s: stopped"}
            bound |= {k: row[k] for k in ("reached", "expected") if row.get(k)}
            if mine:
                bound["cpu_least"] = row["cpu"] / mine
                if row.get("expected"):
                    bound["expected_ratio"] = row["expected"] / mine
            out.append(bound)
    return out


def _loosest(row: dict, rows: Sequence[dict], ours: str, by: str) -> float:
    """The largest error that a stopped run says something about."""
    if row.get("rtol") is None:
        return math.inf
    return max((r["error"] for r in rows if _beside(r, row, ours, by)), default=0.0)


def _beside(r: dict, row: dict, ours: str, by: str) -> bool:
    return r[by] == ours and r.get("rtol") == row["rtol"] and bool(r.get("error"))


def stopped_targets(rows: Sequence[dict], ours: str, by: str = "solver") -> list[float]:
    """The errors of `ours` at the tolerances where others were stopped: the largest at which their
    bounds hold."""
    stopped = [r for r in rows if r.get("stopped") and r.get("rtol") is not None]
    found = {r["error"] for row in stopped for r in rows if _beside(r, row, ours, by)}
    return sorted(found, reverse=True)


def common_targets(rows: Sequence[dict], ours: str, by: str = "solver") -> list[float]:
    """Errors to compare at: the powers of ten that `ours` reaches or passes, up to the loosest run of
    anybody, at most six; and what each other method reaches at best, rounded up to one digit.

    The last so that nobody who is fast at one odd error drops out of the table.
    """
    errors = {
        name: [r["error"] for r in rows if r[by] == name and r.get("error")] for name in _names(rows, by)
    }
    mine = errors.get(ours)
    if not mine:
        return []
    low = math.ceil(math.log10(min(mine)))
    high = max(low, math.floor(math.log10(max(max(e) for e in errors.values() if e))))
    found = {10.0**k for k in range(high, low - 1, -1)[-6:]}
    for name, e in errors.items():
        if e and name != ours and min(e) > 10.0**low:
            size = 10.0 ** math.floor(math.log10(min(e)))
            found.add(float(f"{math.ceil(min(e) / size - 1e-9) * size:.0e}"))
    return sorted(found, reverse=True)


def _names(rows: Sequence[dict], by: str) -> list[str]:
    return list(dict.fromkeys(r[by] for r in rows))
