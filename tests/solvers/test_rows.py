"""Every row of SOLVERS against the same checks, and a row of one's own that they pick up."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from solver_checks import check_agreement, check_conservation, check_manners, check_order
from solver_traits import FIXED_ORDER

import sim
from sim.errors import SolverError
from sim.solvers import DEFAULT, SOLVERS, Held, Solver, solver

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", FIXED_ORDER)
def test_error_falls_with_the_order_of_the_row(name):
    check_order(name)


@pytest.mark.parametrize("name", SOLVERS)
def test_every_solver_agrees_with_the_exact_solution(name):
    check_agreement(name)


@pytest.mark.parametrize("name", [name for name, row in SOLVERS.items() if not row.brief])
def test_every_solver_keeps_elements(name):
    """But those that take the Jacobian by differences of their own (LSODA): w J = 0 holds to those only."""
    check_conservation(name)


@pytest.mark.parametrize("name", SOLVERS)
def test_every_solver_has_manners(name):
    check_manners(name)


def code_of(document, folder, monkeypatch):
    """The module of all Python blocks of a document, run in order, from a file."""
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / f"{document}.md").read_text("utf-8"), flags=re.S)
    assert blocks
    (folder / f"code_of_{document}.py").write_text("\n".join(blocks))
    monkeypatch.syspath_prepend(folder)
    monkeypatch.chdir(folder)
    sys.modules.pop(f"code_of_{document}", None)  # of another test
    return __import__(f"code_of_{document}")


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The guide's solvers of one's own, in SOLVERS for one test."""
    before = dict(SOLVERS)
    module = code_of("own_solver", tmp_path, monkeypatch)
    added = [name for name in SOLVERS if name not in before]
    for name in added:
        row = SOLVERS.pop(name)
        monkeypatch.setitem(SOLVERS, name, row)
    return added, module


def test_a_solver_of_ones_own_is_one_row(own):
    """The guide's two: a method written down whole, and a tableau. All checks take them by name."""
    added, _ = own
    assert added == ["heun", "bosh"]
    for name in added:
        check_order(name)
        check_agreement(name)
        check_conservation(name)
        check_manners(name)


def test_the_right_hand_side_is_that_of_a_result_per_volume_of_tissue(own):
    """The guide's run by ndf, and by SciPy from the task of that run, which is where it says."""
    _, module = own
    assert 0.0 < module.off < 1e-5  # ten times both tolerances
    assert "kept" not in SOLVERS


def test_its_row_is_all_that_the_rest_of_the_package_needs(own):
    """A scenario runs by it, memory is forecast from it, a slip in its name is answered with it."""
    calm = sim.scenario("infarct_myocardium").with_geometry("slab", {"lesion": 3, "border": 2})
    result = sim.simulate(calm.with_(duration="2 s"), solver="heun", rtol=1e-3, times=2)
    assert result.success, result.message
    assert result.manifest["solver"] == "heun"
    assert result.manifest["ledger_residual"] < 1e-10
    small, large = (sim.memory_forecast(calm, solver=n).parts["integrator"] for n in ("heun", "cvode"))
    assert small == pytest.approx(large * 8 / 37)
    with pytest.raises(SolverError, match="Did you mean 'heun'"):
        solver("heum")


def test_a_row_that_claims_too_high_an_order_is_found_out(own, monkeypatch):
    """The check itself: Heun's method said to be of third order."""
    row = SOLVERS["heun"]
    monkeypatch.setitem(SOLVERS, "heun", Solver("heun", row.solve, row.description, row.memory, order=3))
    with pytest.raises(AssertionError):
        check_order("heun")


def test_a_solver_that_loses_matter_is_found_out(monkeypatch):
    """The check itself: ndf with a thousandth of a permille of everything lost at the end."""
    row = SOLVERS[DEFAULT]

    def leaking(task):
        found = row.solve(task)
        found.end = found.end * (1 - 1e-6)
        return found

    monkeypatch.setitem(SOLVERS, "leaking", Solver("leaking", leaking, "", Held(15, linear=True)))
    with pytest.raises(AssertionError):
        check_conservation("leaking")


def test_the_guide_to_choosing_runs_and_names_every_solver(tmp_path, monkeypatch):
    text = (DOCS / "choose_a_solver.md").read_text("utf-8")
    for name in SOLVERS:
        assert f"`{name}`" in text, name
    module = code_of("choose_a_solver", tmp_path, monkeypatch)
    assert module.result.success and module.judge.success
    assert 0.0 < module.off < 1e-3
    assert np.isfinite(module.off)
