"""How long until the first result? A new process with nothing compiled, and with a warm cache.

Commands are measured as processor time of their process, user and system, in turns: what another program
takes meanwhile counts little.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring.timing import ROOT, spread
from benchmarks.ours.main_job import SCENARIO, fresh

QUESTION = "How long from `import sim` to the first result, with nothing compiled and with a warm cache?"
RUN = ("-m", "sim", "run", SCENARIO, "--quiet", "--force", "--out")
COMMANDS = {
    "import sim": ("-c", "import sim"),
    "hapsim --help": ("-m", "sim", "--help"),
    "hapsim scenarios": ("-m", "sim", "scenarios"),
    "hapsim run, no picture": (*RUN, "{out}", "--no-figure"),
    "hapsim run": (*RUN, "{out}"),
}


def processor_time(words: tuple[str, ...], cache: str, out: Path) -> float:
    """Processor seconds of Python with these words, in a process of its own with the given compile cache."""
    import resource

    def taken() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    environment = {**os.environ, "HAPSIM_CACHE": cache, "PYTHONPATH": str(ROOT)}
    before = taken()
    subprocess.run(  # noqa: S603
        [sys.executable, *(w.format(out=out) for w in words)],
        env=environment, capture_output=True, check=True,
    )  # fmt: skip
    return taken() - before


def commands(cache: str, repeat: int) -> list[dict]:
    """A row for each command, with a cache that has what it needs."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(repeat + 1):
            for name, words in COMMANDS.items():
                times[name].append(processor_time(words, cache, Path(folder)))
    return [{"command": name, **spread(taken[1:])} for name, taken in times.items()]


def run(quick: bool) -> dict:
    """The section. The cold start is measured once: it is what somebody meets once."""
    repeat = 1 if quick else 5
    with tempfile.TemporaryDirectory() as cache:
        cold = spread([fresh(cache)])
        warm = spread([fresh(cache) for _ in range(repeat)])
        made = commands(cache, repeat) if sys.platform != "win32" else []
    rows = [
        {"start": "new process, nothing compiled", **cold, "compile": cold["seconds"] - warm["seconds"]},
        {"start": "new process, compiled before", **warm, "compile": 0.0},
    ]
    notes = [f"{SCENARIO}, 120 cells, 30 days, the whole of `import sim` and `simulate`."]
    return {"question": QUESTION, "checks": [], "notes": notes, "tables": {"runs": rows, "commands": made}}
