"""What does it cost to look at a run while it goes on? The same plane with and without, in turns."""

from __future__ import annotations

import io
import statistics
import time

import numpy as np

QUESTION = "What does a live view add to the processor time of 128 x 128 cells, 30 days, rtol 1e-4?"
SIDE, QUICK_SIDE = 128, 24
PAIRS = 3
LIMIT = 0.05  # of the processor time of the run alone


class Screen(io.StringIO):
    """A terminal of 100 columns that nobody sees."""

    def isatty(self) -> bool:
        return True


class Shelf:
    """Stands for a notebook: takes pictures and shows none."""

    def __init__(self) -> None:
        self.pictures = 0

    def __call__(self, _picture: object, display_id: bool) -> Shelf:
        self.pictures += 1
        return self

    def update(self, _picture: object) -> None:
        self.pictures += 1


def run(quick: bool) -> dict:
    """The section."""
    import sim
    from sim.plotting.live.live import live
    from sim.run.watching.strip import strip

    side, days, pairs = (QUICK_SIDE, 1, 1) if quick else (SIDE, 30, PAIRS)
    # The lesion of half the width; both layers have cells of one size.
    plane = sim.scenario("infarct_myocardium").changed(
        {"geometry": "rectangle", "domain": (("10 mm", side), ("10 mm", side)), "duration": days * 86400.0}
    )
    shelf = Shelf()
    figure = live(where="notebook")
    figure.function.display = shelf
    views = {"figure of a notebook": figure, "lines of a terminal": strip(stream=Screen())}
    rows, same = [], True
    for watch in (None, *views.values()):  # warm
        sim.simulate(plane.changed({"duration": 60.0}), rtol=1e-4, times=2, watch=watch)
    for name, watch in views.items():
        plain, watched, calls, inside, wall = [], [], [], [], []
        for _ in range(pairs):
            began, cpu = time.perf_counter(), time.process_time()
            alone = sim.simulate(plane, rtol=1e-4, times=2)
            plain.append(time.process_time() - cpu)
            wall.append(time.perf_counter() - began)
            spent: list[float] = []
            cpu = time.process_time()
            seen = sim.simulate(plane, rtol=1e-4, times=2, watch=timed(watch, spent))
            watched.append(time.process_time() - cpu)
            calls.append(len(spent))
            inside.append(sum(spent) / plain[-1])
            same &= np.array_equal(alone.array_of("HAP"), seen.array_of("HAP"))
        more = [b / a - 1.0 for a, b in zip(plain, watched, strict=True)]
        rows.append(
            {"view": name, "cells": side * side, "plain": statistics.median(plain),
             "watched": statistics.median(watched), "more": statistics.median(more), "least": min(more),
             "most": max(more), "inside": statistics.median(inside),
             "calls": statistics.median(calls), "pairs": pairs,
             "seconds": statistics.median(wall)}
        )  # fmt: skip
    checks = [
        {"what": "watched runs differ (1: they do)", "value": float(not same), "limit": 0.5, "passed": same}
    ] + [
        {"what": f"{r['view']}: added to the processor time", "value": r["more"], "limit": LIMIT,
         "passed": r["more"] < LIMIT or quick}
        for r in rows
    ]  # fmt: skip
    return {"question": QUESTION, "checks": checks, "notes": [], "tables": {"views": rows}}


def timed(watch, spent: list[float]):
    """The same watch, that notes the processor time of each call."""
    import sim

    def function(snapshot) -> None:
        began = time.process_time()
        watch.function(snapshot)
        spent.append(time.process_time() - began)

    return sim.Watch(function, every=watch.every, share=watch.share)
