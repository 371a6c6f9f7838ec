"""Generated modules on disk: found again, renewed when a helper changes, repaired when damaged."""

import gc
import os
import subprocess
import sys
import textwrap
import weakref

import pytest

from sim.binder.cache import compiled_model
from sim.model.model import Model
from sim.model.process import Process
from sim.model.species import Species

SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
import numpy as np
import formula
from sim.model.model import Model
from sim.model.process import Process
from sim.model.species import Species
from sim.binder.text import write
from sim.binder.system import System
from sim.space import grid as grids

model = Model((Species("A"),), (Process("p", formula.rate, {{"A": 1}}),))
system = System(model, grids.well_mixed())
dy = np.zeros(1)
system.rhs(0.0, np.array([3.0]), dy)
block = system.blocks(0.0, np.array([3.0]))
hits = sum(system._module.blocks.stats.cache_hits.values())
print(system._module.__name__, dy[0], round(block[0, 0, 0], 5), hits)
"""
FORMULA = """
import other

def rate(A):
    return other.helper(A)
"""
HELPER = "def helper(x):\n    return {factor} * x\n"


@pytest.fixture
def place(tmp_path):
    (tmp_path / "formula.py").write_text(FORMULA)
    (tmp_path / "other.py").write_text(HELPER.format(factor=2.0))
    return tmp_path


def run(place):
    """(key, rate at 3, derivative, cache hits) in a new process with a cache of its own."""
    environment = {**os.environ, "HAPSIM_CACHE": str(place / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    script = textwrap.dedent(SCRIPT).format(folder=str(place))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], env=environment, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    name, rate, slope, hits = done.stdout.split()
    return name, float(rate), float(slope), int(hits)


def test_a_second_process_starts_warm_and_a_changed_helper_starts_anew(place):
    first = run(place)
    assert first[1:] == (6.0, 2.0, 0)
    second = run(place)
    assert second == (*first[:3], 1)  # same text, same key, compiled code found
    (place / "other.py").write_text(HELPER.format(factor=5.0))
    changed = run(place)
    assert changed[0] != first[0]
    assert changed[1:3] == (15.0, 5.0)  # not the stale 6.0


def test_a_damaged_cache_is_repaired(place):
    """Half-written, empty or foreign files, index and code: the answer stays, the cache heals."""
    first = run(place)
    damages = (("nbi", 0.5), ("nbc", 0.5), ("nbc", 0.0), ("nbi", None))
    for kind, share in damages:
        files = list((place / "cache").glob(f"hapsim_generated_*.{kind}"))
        assert files
        for f in files:
            content = f.read_bytes()
            kept = b"\x00not a pickle" if share is None else content[: int(share * len(content))]
            f.write_bytes(kept)
        assert run(place)[:3] == first[:3], (kind, share)
    assert run(place) == (*first[:3], 1)  # and warm again


def test_a_damaged_source_is_written_again(place):
    first = run(place)
    (source,) = (place / "cache").glob("hapsim_generated_*.py")
    source.write_text("def rates(")
    assert run(place)[:3] == first[:3]


def test_a_folder_that_cannot_be_written_is_not_the_end(place):
    (place / "cache").write_text("a file where the folder should be")
    assert run(place)[1:3] == (6.0, 2.0)


def test_a_model_goes_when_nobody_holds_it():
    """What is made of it refers to it; kept elsewhere, models of one's own would pile up in a notebook."""
    model = Model((Species("A"),), (Process("p", decay, {"A": -1}),))
    held = weakref.ref(model)
    assert compiled_model(model) is compiled_model(model)
    del model
    gc.collect()
    assert held() is None


def decay(A):
    return A
