"""Settings for every test: no display, two threads, one cache of compiled models, Hypothesis
repeatable in CI."""

import os
import shutil
import tempfile

os.environ["MPLBACKEND"] = "Agg"
os.environ.setdefault("NUMBA_NUM_THREADS", "2")
if "HAPSIM_CACHE" not in os.environ:  # set before workers start, so that they share it
    os.environ["HAPSIM_CACHE"] = tempfile.mkdtemp(prefix="hapsim-tests-")
    OWNER = os.getpid()
else:
    OWNER = 0

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


def pytest_unconfigure(config):
    """Throw the cache away where this process made it."""
    if os.getpid() == OWNER:
        shutil.rmtree(os.environ["HAPSIM_CACHE"], ignore_errors=True)
