"""The elimination inside cells against dense linear algebra, cell by cell."""

from __future__ import annotations

import numpy as np
import pytest

import sim
from sim.binder.cache import model_structure
from sim.binder.records import Stoichiometry
from sim.model.process import coefficient
from sim.simd.constants import WIDTH
from sim.solvers.linear import elimination
from sim.solvers.linear.elimination import CellElimination, Units
from sim.solvers.linear.programs.cells import cell_routines
from sim.solvers.linear.programs.elimination_order import elimination as elimination_order

GAMMA = 700.0


class Cells:
    """Cells of the calcification model with derivatives of rates drawn at random.

    pores: the change of porosity is left too, a species behind the others that no right-hand side has
    """

    def __init__(self, n, size=1e-4, seed=1, pores=False):
        model = sim.scenario("infarct_myocardium").model
        p = model_structure(model)[1]
        names = [s.name for s in model.species]
        values = {k: model.parameters.si(k) for k in model.parameters}
        entries = [
            (names.index(s), q, coefficient(v, values))
            for q, process in enumerate(model.processes)
            for s, v in process.changes.items()
        ]
        self.stoichiometry = Stoichiometry(*(np.array(c) for c in zip(*entries, strict=True)))
        self.mobile = np.array([k for k, s in enumerate(model.species) if s.mobile])
        self.scale = np.array([s.scale for s in model.species])
        rates, held = len(model.processes), len(names)
        if pores:
            own = Stoichiometry(np.array([held]), np.array([rates]), np.ones(1))
            both = zip(self.stoichiometry, own, strict=True)
            self.stoichiometry = Stoichiometry(*(np.concatenate(b) for b in both))
            self.mobile, self.scale = np.append(self.mobile, held), np.append(self.scale, 2.0)
        self.used = np.flatnonzero(pores | (p.process < rates))
        self.p, self.n, self.s, self.held, self.m = p, n, self.scale.size, held, self.mobile.size
        rng = np.random.default_rng(seed)
        of_cells = rng.standard_normal((n, p.process.size)) * size
        for j, (q, k) in enumerate(zip(p.process, p.species, strict=True)):
            # A rate that is linear in a species takes it away as fast in units of the scale.
            changed = self.scale[self.changed(q)] if q < rates else np.ones(1)
            of_cells[:, j] *= changed.min() / self.scale[k]
        groups = -(-n // WIDTH)
        repeated = of_cells[np.minimum(np.arange(groups * WIDTH), n - 1)]
        self.slopes = np.ascontiguousarray(repeated.reshape(groups, WIDTH, -1).transpose(0, 2, 1))
        self.of_cells, self.groups = of_cells, groups
        order = elimination_order((p.process, p.species), self.stoichiometry, self.scale, self.mobile)
        *routines, kept = cell_routines(order, self.mobile, p.process.size, held)
        self.inside = CellElimination(*routines, np.array([GAMMA]), order.assemble.coefficient)
        self.units = Units(self.scale, 1.0 / self.scale, self.mobile)
        self.factors = np.zeros((groups, kept, WIDTH))
        self.rest = np.zeros((n, self.m, self.m))

    def changed(self, q):
        return self.stoichiometry.row[self.stoichiometry.column == q]

    def matrices(self):
        """1 - gamma J in units of the scales, (n, s, s)."""
        a = np.zeros((self.n, self.s, self.s))
        for s, q, v in zip(*self.stoichiometry, strict=True):
            for j in np.flatnonzero(self.p.process == q):
                a[:, s, self.p.species[j]] -= GAMMA * v * self.of_cells[:, j]
        a *= self.scale[None, None, :] / self.scale[None, :, None]
        return a + np.eye(self.s)

    def factor(self, first=0, last=None):
        last = self.groups if last is None else last
        return elimination.factor(first, last, self.slopes, self.inside, self.factors, self.rest)

    def solve(self, r, middle):
        """Both substitutions, `middle` between them."""
        z, b = np.full((self.n, self.held), np.nan), np.zeros((self.n, self.m))
        elimination.reduce(0, self.groups, r, self.inside, self.units, self.factors, z, b)
        x = np.ascontiguousarray(middle(b))
        elimination.expand(0, self.groups, x, self.inside, self.units, self.factors, z)
        return z


@pytest.mark.parametrize("n", [1, 8, 70])
@pytest.mark.parametrize("pores", [False, True])
def test_elimination_is_dense_linear_algebra(n, pores):
    """What is left of the mobile species is their Schur complement, and substitution solves the system."""
    cells = Cells(n, pores=pores)
    assert cells.factor() == 0
    a, mobile = cells.matrices(), cells.mobile
    other = np.setdiff1d(np.arange(cells.s), mobile)
    inner = np.linalg.solve(a[:, other[:, None], other], a[:, other[:, None], mobile])
    schur = a[:, mobile[:, None], mobile] - a[:, mobile[:, None], other] @ inner
    np.testing.assert_allclose(cells.rest, schur, rtol=0, atol=1e-12 * np.abs(schur).max())
    r = np.random.default_rng(4).standard_normal((n, cells.s)) * cells.scale
    r[:, cells.held :] = 0.0
    r, whole = np.ascontiguousarray(r[:, : cells.held]), r
    z = cells.solve(r, lambda b: np.linalg.solve(cells.rest, b[:, :, None])[:, :, 0])
    wanted = np.linalg.solve(a, (whole / cells.scale)[:, :, None])[:, : cells.held, 0]
    np.testing.assert_allclose(
        z / cells.scale[: cells.held], wanted, rtol=0, atol=1e-11 * np.abs(wanted).max()
    )


def test_slopes_are_of_a_size_that_matters():
    """The matrices above are no units: the test before would see an operation that is left out."""
    cells = Cells(8)
    off = cells.matrices() - np.eye(cells.s)
    assert np.abs(off).max() > 0.1


def test_shares_of_the_groups_give_the_same_bytes():
    whole, parts = Cells(70), Cells(70)
    whole.factor()
    parts.factor(2, 9)
    parts.factor(0, 2)
    assert np.array_equal(whole.factors, parts.factors) and np.array_equal(whole.rest, parts.rest)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("pores", [False, True])
def test_numbers_that_are_not_finite_are_counted(bad, pores):
    """Of those that are used: derivatives of porosity are not, where pores stay as they are."""
    for j in Cells(8, pores=pores).used[::7]:
        cells = Cells(8, pores=pores)
        cells.slopes[0, j, 3] = bad
        assert cells.factor() > 0, j


def test_a_pivot_that_vanishes_is_counted():
    """The diagonal of an immobile species is 1 - gamma v slope: zero for slope = 1/(gamma v)."""
    cells = Cells(8, size=0.0)
    s, q, j = next(
        (s, q, j)
        for s, q, _ in zip(*cells.stoichiometry, strict=True)
        for j in np.flatnonzero((cells.p.process == q) & (cells.p.species == s))
        if s not in cells.mobile
    )
    st = cells.stoichiometry
    v = st.value[(st.row == s) & (st.column == q)][0]
    assert cells.factor() == 0
    cells.slopes[0, j, 5] = 1.0 / (GAMMA * v)
    assert cells.factor() > 0
