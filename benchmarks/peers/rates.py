"""Rows of the tables against PHREEQC: cells a second, and how many times as fast."""

from __future__ import annotations

from benchmarks.measuring.timing import Clock


def rate_row(name: str, start: str, n: int, clock: Clock) -> dict:
    """Cells a second, median and spread; and of processor time, which other work disturbs less."""
    c = clock.spread()
    return {"program": name, "start": start, "cells": n, "cells_per_s": n / c["seconds"],
            "fastest": n / c["fastest"], "slowest": n / c["slowest"], "repeats": c["repeats"],
            "cells_per_cpu": n / max(c["cpu"], 1e-9)}  # fmt: skip


def with_ratios(rows: list[dict], by: str = "start") -> list[dict]:
    """The same rows with how many times as fast as PhreeqcRM as it comes, at the same start."""
    peer = {r[by]: r for r in reversed(rows) if r["program"] == "PhreeqcRM"}
    out = []
    for r in rows:
        p = peer[r[by]]
        cpu = r["cells_per_cpu"] / p["cells_per_cpu"]
        out.append(r | {"ratio": r["cells_per_s"] / p["cells_per_s"], "cpu_ratio": cpu})
    return out
