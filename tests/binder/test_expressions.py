"""The graph of whole models: what is read, what it gives, and what stays beside it."""

import math

import numpy as np
import pytest
from reference import jacobian, rates

import sim
from sim.binder import expressions as expressions_of
from sim.binder.cache import compiled_model, model_structure
from sim.binder.expressions import expressions, model_expressions
from sim.binder.layout import Layout
from sim.binder.system import System
from sim.experiment.catalogue import scenarios
from sim.graph.expressions import needed
from sim.graph.flow import UnreadableFormula
from sim.model.model import Model
from sim.model.process import Derived, Process, arguments
from sim.model.species import Species
from sim.run.segments import Builder
from sim.space import grid as grids


def shipped(name):
    """The first system of a shipped scenario, and its first state."""
    segment = next(Builder(sim.scenario(name)).segments())
    return segment.system, segment.first()


def scattered(system, y, seed):
    """States around one: other sizes, nothing, small negative amounts."""
    rng, y = np.random.default_rng(seed), y.copy()
    u, _ = system.split(y)
    u *= np.exp(rng.normal(0.0, 1.0, u.shape))
    u += system.scale * np.where(rng.random(u.shape) < 0.7, rng.exponential(0.3, u.shape), 0.0)
    u[rng.random(u.shape) < 0.05] = 0.0
    low = rng.random(u.shape) < 0.03
    u[low] = -1e-9 * np.broadcast_to(system.scale, u.shape)[low]
    return y


@pytest.mark.parametrize("name", scenarios())
def test_rates_of_shipped_scenarios_are_what_their_formulas_give(name):
    """Each formula, called with what it reads, at random states: to 1e-11 of its largest value."""
    system, y = shipped(name)
    model, names = system.model, list(system.model.parameters)
    assert not model_expressions(model).unread
    y = scattered(system, y, 3)
    derived, found, c = system.evaluate(3600.0, y)
    u, _ = system.split(y)
    layout, p = compiled_model(model).layout, dict(zip(names, system.p, strict=True))
    known = {"t": np.full(system.n_cells, 3600.0), **derived}
    known |= dict(zip(model.fields, system.fields.T, strict=False))
    known |= {s.name: u[:, k] for k, s in enumerate(model.species) if not s.mobile}
    known |= dict(zip(model.mobile, c.T, strict=True))
    assert system.failures.sum() == 0
    for s in layout.statements:
        if s.formula is None:
            continue
        given = [layout.named(s.owner, a) for a in arguments(s.formula, s.owner.name)]
        columns = [np.full(system.n_cells, p[n]) if n in p else known[n] for n in given]
        judged = np.array([s.formula(*map(float, x)) for x in zip(*columns, strict=True)]).reshape(
            -1, s.count
        )
        mine = [known[o] for o in s.owner.outputs] if isinstance(s.owner, Derived) else [found[s.owner.name]]
        for a, b in zip(mine, judged.T, strict=True):
            assert np.abs(a - b).max() <= 1e-11 * np.abs(b).max(), s.owner.name


def test_slopes_of_the_shipped_model_are_those_of_its_rates():
    """By differences of the whole right-hand side, speciation included, at a state without kinks."""
    system, y = shipped("infarct_myocardium")
    rng = np.random.default_rng(4)
    u, _ = system.split(y)
    u[:] = np.abs(u) * np.exp(rng.normal(0.0, 0.1, u.shape)) + 0.3 * system.scale
    scale, found = system.scale, system.blocks(0.0, y)
    for k in rng.choice(system.n_species, 12, replace=False):
        h, ends = 1e-5 * (u[:, k] + 1e-2 * scale[k]), []
        for sign in (1.0, -1.0):
            moved = y.copy()
            system.split(moved)[0][:, k] += sign * h
            change = np.zeros((system.n_cells, system.n_species))
            _, rate, _ = system.evaluate(0.0, moved)
            for row, q, v in zip(*system.stoichiometry, strict=True):
                change[:, row] += v * rate[system.model.processes[q].name]
            ends.append(change)
        difference = (ends[0] - ends[1]) / (2.0 * h)[:, None]
        in_units = scale[k] / scale
        off = np.abs(found[:, :, k] - difference) * in_units
        largest = (np.abs(found) * scale / scale[:, None]).max(axis=2)
        assert (off <= 1e-5 * largest).all(), system.model.species[k].name


def test_the_shipped_model_shares_parts_and_does_once_what_is_uniform():
    model = sim.scenario("infarct_myocardium").model
    made = expressions(model, Layout(model))
    alone = sum(
        len(needed([made.rows[s.output + o] for o in range(s.count)])) for s in made.statements.values()
    )
    together = needed(made.rows.values())
    uniform = [n for n in needed([*made.rows.values(), *made.slopes.values()]) if n.uniform and n.of]
    assert len(together) < 0.85 * alone and len(uniform) > 50
    assert set(made.uniform) < set(uniform)  # the rest stand behind those that are read


def decay(A, k):
    return k * A


def of_gamma(A, shape):
    return math.gamma(shape + A) * A


def helped(A, B, half, t):
    return half * B / (1.0 + A) + 0.0 * t


def half_of(slow):
    return 0.5 * slow


P = sim.Parameter
A, B = Species("A", initial=1.0), Species("B", diffusivity=1e-9)
MIXED = Model(
    (A, B),
    (
        Process("decay", decay, {"A": -1, "B": 1}, {"k": P(0.3)}),
        Process("odd", of_gamma, {"A": -1}, {"shape": P(1.5)}),
        Process("helped", helped, {"B": -1}),
    ),
    derived=(Derived("slow", of_gamma, {"shape": P(2.5)}), Derived("half", half_of)),
)


def test_what_cannot_be_read_runs_beside_the_graph_and_is_told():
    """A statement in the middle, which others read, and one at the end; slopes by differences there."""
    graph = model_expressions(MIXED)
    assert len(graph.unread) == 2 and len(graph.statements) == 3
    for told in graph.unread.values():
        assert "of_gamma" in told and "test_expressions.py, line" in told and "math.gamma" in told
    system = System(MIXED, grids.slab(1e-3, 5))
    y, dy = np.zeros(system.size), np.zeros(system.size)
    u, _ = system.split(y)
    u[:, 0], u[:, 1] = np.linspace(0.2, 2.0, 5), 0.7
    system.rhs(2.0, y, dy)
    for k in range(5):
        assert system.split(dy)[0][k] == pytest.approx(rates(system, 2.0, k, u[k]), rel=1e-13)
    expected = jacobian(system, 2.0, y)[:10, :10].reshape(5, 2, 5, 2)
    blocks = np.array([expected[k, :, k] for k in range(5)])
    moved = np.abs(blocks - system.blocks(2.0, y))
    assert moved[:, 0].max() < 1e-5 and moved[:, 1, 0].max() < 1e-5  # B moves between cells besides


def test_the_same_model_beside_its_graph_gives_the_same(monkeypatch):
    """Every formula compiled as a function and differenced, as what cannot be read is."""
    system = System(MIXED, grids.slab(1e-3, 4))

    def refuse(*_):
        raise UnreadableFormula("a test")

    monkeypatch.setattr(expressions_of, "read_function", refuse)
    other = System(Model(MIXED.species, MIXED.processes, MIXED.derived), grids.slab(1e-3, 4))
    assert len(model_expressions(other.model).unread) == 5
    y = np.random.default_rng(2).uniform(0.1, 2.0, system.size)
    a, b = np.zeros(system.size), np.zeros(system.size)
    system.rhs(1.0, y, a)
    other.rhs(1.0, y, b)
    np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-16)
    np.testing.assert_allclose(system.blocks(1.0, y), other.blocks(1.0, y), rtol=1e-5, atol=1e-7)


def test_slopes_that_are_zero_are_no_entries():
    """A rate that names a quantity and does not depend on it."""

    def indifferent(A, B):
        return 2.0 * A + 0.0 * B

    model = Model((A, B), (Process("one", indifferent, {"A": 1}),))
    operations = model_structure(model)[1]
    assert list(zip(operations.process.tolist(), operations.species.tolist(), strict=True)) == [(0, 0)]
