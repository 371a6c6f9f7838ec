"""Settings for every test: no display, two threads, one cache of compiled models, Ctrl-C that acts,
Hypothesis repeatable in CI."""

import os
import signal
from pathlib import Path

os.environ["MPLBACKEND"] = "Agg"
os.environ.setdefault("NUMBA_NUM_THREADS", "2")
# Set before workers start, so that they share it. What is kept is found by a hash of all that it depends
# on, so the next run of the tests may find it too.
os.environ.setdefault("HAPSIM_CACHE", str(Path(__file__).parents[1] / ".pytest_cache" / "hapsim"))
# What a shell starts in the background ignores SIGINT, and so does all that this starts in turn.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

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
