"""How long until the first result? A new process with nothing compiled, and with a warm cache."""

from __future__ import annotations

import tempfile

from benchmarks.measuring.timing import spread
from benchmarks.ours.main_job import SCENARIO, fresh

QUESTION = "How long from `import sim` to the first result, with nothing compiled and with a warm cache?"


def run(quick: bool) -> dict:
    """The section. The cold start is measured once: it is what somebody meets once."""
    with tempfile.TemporaryDirectory() as cache:
        cold = spread([fresh(cache)])
        warm = spread([fresh(cache) for _ in range(1 if quick else 5)])
    rows = [
        {"start": "new process, nothing compiled", **cold, "compile": cold["seconds"] - warm["seconds"]},
        {"start": "new process, compiled before", **warm, "compile": 0.0},
    ]
    notes = [f"{SCENARIO}, 120 cells, 30 days, the whole of `import sim` and `simulate`."]
    return {"question": QUESTION, "checks": [], "notes": notes, "tables": {"runs": rows}}
