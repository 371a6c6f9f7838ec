"""Settings for every test: no display, two threads, one cache of compiled models, Hypothesis
repeatable in CI."""

import os
from pathlib import Path

os.environ["MPLBACKEND"] = "Agg"
os.environ.setdefault("NUMBA_NUM_THREADS", "2")
# Set before workers start, so that they share it. What is kept is found by a hash of all that it depends
# on, so the next run of the tests may find it too.
os.environ.setdefault("HAPSIM_CACHE", str(Path(__file__).parents[1] / ".pytest_cache" / "hapsim"))

from hypothesis import HealthCheck, settings  # noqa: E402

settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile(
    "ci",
    deadline=None,  # the first example may compile a kernel
    derandomize=True,
    max_examples=200,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
