"""The Newton step written out, against the kernels of a block and of one fluid."""

from __future__ import annotations

import numpy as np
import pytest

from sim.chemistry.constants_sets import constants_set
from sim.chemistry.many import solve_totals
from sim.chemistry.newton.straight.newton_step import (
    Fluids,
    GivenTotals,
    kept_system,
    newton_step,
    system_size,
)
from sim.chemistry.newton.straight.species import factors_of, families, molalities_of, shared_factors
from sim.chemistry.pore_water import components_of
from sim.codegen.functions import exp
from sim.codegen.numpy_registers import interpret
from sim.codegen.program import Program, groups, numbers
from sim.simd.constants import WIDTH

COMPONENTS = components_of()
SETS = [("tissue-37C", 298.15), ("tissue-37C", 310.15)]


@pytest.fixture(params=SETS, ids=str)
def tables(request):
    name, T = request.param
    return constants_set(name).tables(COMPONENTS, T)


def states(nc):
    """ln activities, I, ln a_w of 16 fluids, (2, nc + 2, WIDTH)."""
    rng = np.random.default_rng(3)
    x = rng.uniform(-16, -3, (2, nc + 2, WIDTH))
    x[:, nc] = rng.uniform(0.01, 0.4, (2, WIDTH))
    x[:, nc + 1] = rng.uniform(-0.02, 0.0, (2, WIDTH))
    return x


def numbers_of(t):
    return t.reactions.K, t.activity.family.ravel()


def test_products_of_factors_are_the_factors(tables):
    """Each list, with its products taken apart again, holds what the species had."""
    t = tables.equations
    lists, products = shared_factors(t)
    made = {p: (a, b) for p, a, b in products}

    def apart(p):
        return apart(made[p][0]) + apart(made[p][1]) if p in made else [p]

    first = t.reactions.factor_first
    for j, of in enumerate(lists):
        wanted = t.reactions.factor[first[j] : first[j + 1]].tolist()
        assert sorted(q for p in of for q in apart(p)) == sorted(wanted)
    assert not set(made) & set(t.activity.product.ravel().tolist())
    assert len({(a, b) for _, a, b in products}) == len(products)
    assert sum(map(len, lists)) + len(products) < 0.8 * t.reactions.factor.size


def test_molalities_are_the_law_of_mass_action(tables):
    """ln m = ln K + nu x + w ln a_w - ln gamma, with Davies' equation written out."""
    t, nc, ns = tables.equations, len(COMPONENTS), len(tables.species)
    x = states(nc)

    def body(on, x, K, family, out):
        rows = [x.load(k) for k in range(nc + 2)]
        at_I = families(t, rows[nc], family)
        g = factors_of(t, [exp(r) for r in rows[:nc]], rows[nc + 1], at_I.inverse_gamma)
        for j, m in molalities_of(t, g, K).items():
            out.store(j, m)

    K, family = numbers_of(t)
    found = np.zeros((2, ns, WIDTH))
    program = Program("molalities", (groups(nc + 2), numbers(ns), numbers(family.size), groups(ns)), body)
    interpret(program, 0, 2, 0, (x, K, family, found))
    strength, L = x[:, nc], x[:, nc + 1]
    z2 = tables.charge**2
    root = np.sqrt(strength)
    log_gamma = -tables.A * (root / (1 + root) - 0.3 * strength)
    expected = (
        np.log(10) * tables.log_K[None, :, None] + np.einsum("jk,gkl->gjl", tables.nu, x[:, :nc])
        + tables.water[None, :, None] * L[:, None]
    )  # fmt: skip
    charged = z2 > 0
    expected[:, charged] -= np.log(10) * z2[charged][None, :, None] * log_gamma[:, None]
    np.testing.assert_allclose(np.log(found)[:, charged], expected[:, charged], rtol=0, atol=1e-10)


@pytest.mark.parametrize("again", [False, True])
def test_the_step_is_newtons(tables, again):
    """From close to a solution the distance is squared, from exactly there nothing moves. A second step with
    the system of the first leaves the product of both distances."""
    t, nc = tables.equations, len(COMPONENTS)
    rng = np.random.default_rng(5)
    totals = np.array([2.4e-3, 1e-3, 2.4e-2, 2e-3, 8e-4, 0.142, 4e-3, 0.103])
    totals = totals * 10 ** rng.uniform(-0.5, 0.3, (2 * WIDTH, nc))
    solved = solve_totals(tables, totals, acidity=totals[:, 3])
    assert not solved.status.any()
    exact = np.ascontiguousarray(solved.x.reshape(2, WIDTH, nc + 2).transpose(0, 2, 1))
    total = np.ascontiguousarray(totals.reshape(2, WIDTH, nc).transpose(0, 2, 1))

    def body(on, x, total, K, family, slope, out):
        rows = [x.load(k) for k in range(nc + 2)]
        now = Fluids(rows[:nc], [exp(r) for r in rows[:nc]], rows[nc], rows[nc + 1])
        wanted = GivenTotals([total.load(k) for k in range(nc)], K, family, slope.load(0))
        new, size, is_sound, system = newton_step(on, t, now, wanted)
        if again:
            kept = system.rows()
            assert len(kept) == system_size(t)
            new = newton_step(on, t, new, wanted, kept_system(t, kept)).fluids
        for k, value in enumerate((*new.x, new.I, new.L, size)):
            out.store(k, value)
        for k, a in enumerate(new.activity):
            out.store(nc + 3 + k, a)
        return is_sound

    K, family = numbers_of(t)
    layouts = (groups(nc + 2), groups(nc), numbers(K.size), numbers(family.size), numbers(1))
    program = Program("step", (*layouts, groups(2 * nc + 3)), body)

    def stepped(x):
        out = np.zeros((2, 2 * nc + 3, WIDTH))
        given = (x, total, K, family, np.array([t.reactions.aw_slope]), out)
        assert interpret(program, 0, 2, 0, given) == 2 * WIDTH
        np.testing.assert_allclose(out[:, nc + 3 :], np.exp(out[:, :nc]), rtol=1e-13)
        return out

    assert stepped(exact)[:, nc + 2].max() < 1e-11
    for distance in (1e-2, 1e-3, 1e-4):
        off = exact.copy()
        off[:, :nc] += distance * rng.uniform(-1, 1, off[:, :nc].shape)
        out = stepped(off)
        assert out[:, nc + 2].max() > 0.5 * distance  # the size that is told
        left = 30.0 * distance**3 if again else 5.0 * distance**2
        assert np.abs(out[:, :nc] - exact[:, :nc]).max() < left + (1e-11 if again else 1e-10)
