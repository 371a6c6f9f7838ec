"""`python -m benchmarks`: measure, store as JSON, and show tables and pictures made from the JSON.

    python -m benchmarks                     everything, some 20 minutes on two idle cores
    python -m benchmarks --quick             the same at toy sizes, to see that it runs, 4 minutes
    python -m benchmarks kernels peers_reduced
    python -m benchmarks report              tables and pictures again, from what is stored

Sections, and minutes of each:
    startup 1            the first result of a new process, with nothing compiled and with a warm cache
    kernels 1            nanoseconds a cell, and the share of what the machine can do
    work_precision 7     every solver: error against time, in one dimension, in squares, without reactions
    scaling 5            squares and cubes; --scale-seconds 100 lets 256 x 256 come to its end, in 15
    peers_speciation 1   against PHREEQC
    peers_reduced 5      against py-pde and FiPy
    sweeps 3             overhead of a sweep, and against a loop around SciPy's BDF
and, where it is named,
    main_job 2           120 cells, 30 days: from nothing, from a warm cache, and error against time
    pictures 1           a gradient-echo scan of 128^3 cells, a stained section
    live_view 5          a plane of 128 x 128 cells, with and without a view of it while it goes on
    movies 7             memory of 50 and of 500 frames, for each kind of file
With a cache that knows nothing yet everything is compiled first, 2 minutes more; references that are
not stored for the present model are computed once, 4 minutes. Results go to benchmarks/results/
(--quick: benchmarks/results/quick/).
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from pathlib import Path

from benchmarks.sections import MODULES, ON_REQUEST, SECTIONS

RESULTS = Path(__file__).parent / "results"


def measure(section: str, quick: bool, **options) -> dict:
    """Run one section and put beside it what it was run on."""
    import sim.solvers  # noqa: F401  before numba starts its threads: it tells idle ones to sleep, not to spin

    from numba import get_num_threads  # isort: skip

    from benchmarks.measuring.machine import description

    about = description(get_num_threads())
    started = time.perf_counter()
    found = importlib.import_module(MODULES[section]).run(quick, **options)
    whole = time.perf_counter() - started
    return {"section": section, "quick": quick, "took": whole, "machine": about, **found}


def store(result: dict, folder: Path) -> Path:
    """Write a section to <folder>/<section>.json."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result['section']}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    return path


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        "python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument(
        "sections",
        nargs="*",
        metavar="SECTION",
        help=f"all of them but {', '.join(ON_REQUEST)} when none is named",
    )
    made.add_argument("--quick", action="store_true", help="toy sizes; the numbers mean nothing")
    made.add_argument("--out", type=Path, help="folder for JSON, report.md and pictures")
    made.add_argument(
        "--scale-seconds", type=float, help="integration time of each size in `scaling` [s], 30"
    )
    return made


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when every section ran and every answer passed its check."""
    from benchmarks.report import tables as report

    options = parser().parse_args(arguments)
    folder = options.out or (RESULTS / "quick" if options.quick else RESULTS)
    wanted = options.sections or [*SECTIONS]
    unknown = [s for s in wanted if s not in (*MODULES, "report")]
    if unknown:
        print(f"'{unknown[0]}' is not a section; there are {', '.join(MODULES)} and report.")
        return 2
    good = True
    for section in [s for s in MODULES if s in wanted]:
        print(f"\n{section} ...", file=sys.stderr, flush=True)
        extra = {"limit": options.scale_seconds} if section == "scaling" and options.scale_seconds else {}
        try:
            result = measure(section, options.quick, **extra)
        except (Exception, SystemExit) as e:  # the other sections are still worth having
            print(f"{section} stopped: {type(e).__name__}: {e}", file=sys.stderr)
            good = False
            continue
        store(result, folder)
        print(report.as_text(result), flush=True)
        good &= all(c["passed"] for c in result["checks"])
    made = report.write(folder)
    print("\nwritten: " + ", ".join(str(p) for p in made))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
