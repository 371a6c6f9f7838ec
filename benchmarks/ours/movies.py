"""Does the memory of a movie grow with its number of frames, and how long is a frame?"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring.timing import Clock

QUESTION = "Does the peak memory of a movie grow with its number of frames, and how long does a frame take?"
FRAMES, QUICK_FRAMES = (50, 500), (10, 40)
LIMIT = 1.0  # MB by which the peak of the longer may exceed that of the shorter, for 100 frames more
ENDINGS = (".webp", ".gif", ".mp4")
SCRIPT = """
import json, resource, sys
import sim
from sim import plotting
result = sim.load(sys.argv[1])
plotting.movie(result, "warm" + sys.argv[2], frames=4)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
plotting.movie(result, "film" + sys.argv[2], frames=int(sys.argv[3]))
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"before": before / 1e3, "after": after / 1e3}))
"""  # kB on Linux; in a process of its own, as a peak never falls


def peak(result: Path, ending: str, frames: int, folder: Path) -> dict[str, float]:
    """Largest memory of a process [MB], after a movie of a few frames and after one of many."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(result), ending, str(frames)],
        cwd=folder, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def run(quick: bool) -> dict:
    """The section."""
    import sim
    from sim import plotting

    few, many = QUICK_FRAMES if quick else FRAMES
    result = sim.simulate(sim.scenario("infarct_myocardium"), progress=False)
    rows, checks = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kept = result.save(folder / "result.nc")
        for ending in ENDINGS:
            peaks = {n: peak(kept, ending, n, folder) for n in (few, many)}
            clock = Clock()
            clock.time(lambda ending=ending: plotting.movie(result, folder / f"timed{ending}", frames=few))
            growth = 100.0 * (peaks[many]["after"] - peaks[few]["after"]) / (many - few)
            rows.append(
                {
                    "movie": ending, "few": few, "peak_few": 1e6 * peaks[few]["after"], "many": many,
                    "peak_many": 1e6 * peaks[many]["after"],
                    "file": float((folder / f"film{ending}").stat().st_size),
                    "seconds": clock.spread()["seconds"] / few,
                }
            )  # fmt: skip
            checks.append(
                {"what": f"MB more for each 100 frames more, {ending}", "value": growth, "limit": LIMIT,
                 "passed": growth < LIMIT or quick}
            )  # fmt: skip
    return {"question": QUESTION, "checks": checks, "notes": [], "tables": {"movies": rows}}
