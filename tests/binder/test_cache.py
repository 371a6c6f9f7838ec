"""Machine code on disk: found again, renewed when a helper changes, repaired when damaged.

One formula is vector code, the other has a loop over the state, which the graph leaves to the compiler.
"""

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
from sim.binder.system import System
from sim.space import grid as grids

model = Model((Species("A"),), (Process("p", formula.{formula}, {{"A": 1}}),))
system = System(model, grids.well_mixed())
dy = np.zeros(1)
system.rhs(0.0, np.array([3.0]), dy)
block = system.blocks(0.0, np.array([3.0]))
print(dy[0], round(block[0, 0, 0], 5))
"""
FORMULA = """
import other

def read(A):
    return other.helper(A)

def looped(A):
    total, left = 0.0, A
    while left > 1.0:
        total, left = total + other.helper(1.0), left - 1.0
    return total + other.helper(left)
"""
HELPER = "def helper(x):\n    return {factor} * x\n"
FORMULAS = pytest.mark.parametrize("formula", ["read", "looped"])


@pytest.fixture
def place(tmp_path):
    (tmp_path / "formula.py").write_text(FORMULA)
    (tmp_path / "other.py").write_text(HELPER.format(factor=2.0))
    return tmp_path


def run(place, formula):
    """(rate at 3, derivative) in a new process with a cache of its own."""
    environment = {**os.environ, "HAPSIM_CACHE": str(place / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    script = textwrap.dedent(SCRIPT).format(folder=str(place), formula=formula)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], env=environment, capture_output=True,
        text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rate, slope = done.stdout.split()
    return float(rate), float(slope)


def compiled(place):
    """{file of compiled code: when it was written}."""
    return {f.name: f.stat().st_mtime_ns for f in (place / "cache").iterdir() if f.suffix in KINDS}


KINDS = (".o", ".nbc", ".nbi")


@FORMULAS
def test_a_second_process_starts_warm_and_a_changed_helper_starts_anew(place, formula):
    assert run(place, formula) == (6.0, 2.0)
    first = compiled(place)
    assert any(name.endswith(".o") for name in first)
    assert run(place, formula) == (6.0, 2.0)
    assert compiled(place) == first  # nothing was compiled
    (place / "other.py").write_text(HELPER.format(factor=5.0))
    assert run(place, formula) == (15.0, 5.0)  # not the stale 6.0
    assert compiled(place).items() > first.items()


@pytest.mark.parametrize(
    ("formula", "share"),
    [
        ("looped", 0.5),
        ("read", None),
        *(pytest.param("looped", s, marks=pytest.mark.slow) for s in (0.0, None)),
        *(pytest.param("read", s, marks=pytest.mark.slow) for s in (0.5, 0.0)),
    ],
)
def test_damaged_machine_code_is_repaired(place, formula, share):
    """Half-written, empty or foreign files: the answer stays, the cache heals."""
    assert run(place, formula) == (6.0, 2.0)
    first = compiled(place)
    for name in first:
        path = place / "cache" / name
        content = path.read_bytes()
        path.write_bytes(b"\x00 something else" if share is None else content[: int(share * len(content))])
    damaged = compiled(place)
    assert run(place, formula) == (6.0, 2.0)
    healed = compiled(place)
    used = [name for name in first if not name.endswith((".nbc", ".nbi"))]
    assert used and all(healed[name] != damaged[name] for name in used)
    assert run(place, formula) == (6.0, 2.0)
    assert compiled(place) == healed  # and warm again


def test_a_damaged_source_is_written_again(place):
    assert run(place, "looped") == (6.0, 2.0)
    (source,) = (place / "cache").glob("hapsim_generated_*.py")
    source.write_text("def rates(")
    assert run(place, "looped") == (6.0, 2.0)


@FORMULAS
def test_a_folder_that_cannot_be_written_is_not_the_end(place, formula):
    (place / "cache").write_text("a file where the folder should be")
    assert run(place, formula) == (6.0, 2.0)


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
