"""What a run gives is the same before and after datasets of xarray are made of it."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sim
from sim.run.result import Result
from sim.summary.summary_lines import summary_lines

SHORT = {"duration": "1 hour"}
SHAPES = {
    "line": lambda s: s.with_(**SHORT),
    "rectangle": lambda s: s.with_(**SHORT).with_geometry("rectangle", domain=(("10 mm", 5), ("8 mm", 4))),
    "stirred": lambda s: s.with_(**SHORT, outer="closed").with_geometry("well_mixed"),
}
SLOW = ("xarray", "pandas", "dask", "matplotlib", "scipy.linalg", "scipy.sparse", "sksundae",
        "joblib", "tqdm", "pydantic")  # fmt: skip
# What numba imports before it compiles; code that is kept does without.
COMPILING = ("numba.np.arraymath", "numba.np.linalg", "numba.cpython.unicode")


@pytest.fixture(scope="module", params=SHAPES)
def kept(request):
    """A run, pickled before anything was asked of it."""
    return pickle.dumps(sim.simulate(SHAPES[request.param](sim.scenario("infarct_myocardium")), times=4))


def fresh(kept):
    """The run, of which no dataset has been made."""
    found = pickle.loads(kept)  # noqa: S301 our own
    assert "dataset" not in vars(found) and "tables" not in vars(found)
    return found


@pytest.fixture
def both(kept):
    """The run as it came, and a Result that holds datasets."""
    made = fresh(kept)
    return fresh(kept), Result(made.dataset, made.manifest, made.tables)


def test_it_says_what_its_datasets_say(both):
    found, made = both
    assert found.space == made.space == tuple(made.dataset["volume"].dims)
    assert found.t.tolist() == made.dataset["time"].values.tolist()
    assert (found.elements, found.solids) == (made.elements, made.solids)
    assert found.pools.keys() == made.pools.keys()
    assert all(np.array_equal(found.pools[p], made.pools[p]) for p in made.pools)
    for name in made.dataset.variables:
        assert np.array_equal(found.array_of(name), made.array_of(name))
        assert found.attributes_of(name) == made.attributes_of(name)
    assert summary_lines(found) == summary_lines(made)
    assert "dataset" not in vars(found) and "tables" not in vars(found)
    xr.testing.assert_identical(found["ledger"], made["ledger"])


def test_its_file_is_that_of_its_datasets(both, tmp_path):
    found, made = both
    found.save(tmp_path / "a.nc"), made.save(tmp_path / "b.nc")
    assert "dataset" not in vars(found)
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()


def test_a_dataset_that_was_changed_is_what_counts(kept, tmp_path):
    found = fresh(kept)
    found.dataset["HAP"] = found.dataset["HAP"] + 1.0
    found.dataset["own"] = found.dataset["volume"] * 2.0
    found.tables.attrs = {}
    assert found.array_of("HAP").min() >= 1.0 and "own" in found.dataset
    again = sim.load(found.save(tmp_path / "a.nc"))
    xr.testing.assert_equal(again.dataset["own"], found.dataset["own"])
    assert np.array_equal(again["HAP"].values, fresh(kept)["HAP"].values + 1.0)


def test_another_of_it_can_be_made(kept):
    found = fresh(kept)
    other = replace(found, manifest={**found.manifest, "title": "other"})
    assert other.manifest["title"] == "other"
    xr.testing.assert_identical(other.dataset, found.dataset)


def run_apart(*words):
    """Names of SLOW and COMPILING that a process imports."""
    told = f"print([m for m in {SLOW + COMPILING!r} if m in sys.modules], file=sys.stderr)"
    code = f"import sys; {words[0]}; {told}"
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code, *words[1:]],
        env=os.environ | {"PYTHONPATH": str(root)}, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    return set(eval(done.stderr.splitlines()[-1]))  # noqa: S307 our own


@pytest.mark.parametrize(
    "words",
    [
        ("import sim; sim.simulate(sim.scenario('infarct_myocardium')).save(sys.argv[1])", "result.nc"),
        ("from sim.cli import main; main(standalone_mode=False)",
         "run", "infarct_myocardium", "--no-figure", "--quiet", "--out", "out"),
    ],
    ids=["simulate and save", "hapsim run"],
)  # fmt: skip
def test_a_run_imports_neither_what_draws_nor_what_compiles(tmp_path, monkeypatch, words):
    """The first time it may compile."""
    monkeypatch.chdir(tmp_path)
    assert not run_apart(*words) & set(SLOW) - {"scipy.linalg", "scipy.sparse"}
    again = (*words, "--force") if words[-1] == "out" else words
    assert run_apart(*again) == set()
