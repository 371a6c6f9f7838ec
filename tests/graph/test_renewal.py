"""Numbers renewed where parameters changed: to the last bit those of an evaluation of everything."""

import numpy as np

from sim.graph.evaluation import evaluate
from sim.graph.expressions import Graph
from sim.graph.renewal import Renewal


def roots(graph):
    """Of four parameters; the second root reads the first three, the last none but the fourth."""
    a, b, c, d = (graph.parameter(k) for k in range(4))
    shared = graph.mul(a, b)
    return [graph.add(shared, graph.constant(1.5)), graph.div(shared, c), c, graph.mul(d, d)]


def test_numbers_after_a_change_are_those_of_an_evaluation_of_everything():
    graph = Graph()
    wanted = roots(graph)
    renewal = Renewal(wanted)
    rng = np.random.default_rng(3)
    at = rng.lognormal(size=4)
    for changed in ((), (2,), (0,), (3,), (0, 1, 2, 3), (), (1,)):
        at = at.copy()
        at[list(changed)] = rng.lognormal(size=len(changed))
        assert renewal.at(at) == [float(v) for v in evaluate(wanted, at)]


def test_a_change_in_place_and_a_number_that_is_none_are_seen():
    """What was given is not kept: the caller may write into it. nan is a change from a number, and back."""
    graph = Graph()
    wanted = roots(graph)
    renewal, at = Renewal(wanted), np.array([2.0, 3.0, 4.0, 5.0])
    assert renewal.at(at) == [7.5, 1.5, 4.0, 25.0]
    at[2] = np.nan
    assert np.isnan(renewal.at(at)[1:3]).all()
    at[2] = -0.0
    assert renewal.at(at)[1] == -np.inf and np.signbit(renewal.at(at)[2])
    at[2] = 0.0
    assert renewal.at(at)[1] == np.inf


def test_only_readers_of_what_changed_are_computed(monkeypatch):
    graph, done = Graph(), []
    renewal = Renewal(roots(graph))
    at = np.array([2.0, 3.0, 4.0, 5.0])
    renewal.at(at)
    steps = [
        (lambda *x, f=f, k=k: (done.append(k), f(*x))[1], operands)
        for k, (f, operands) in enumerate(renewal._steps)
    ]
    monkeypatch.setattr(renewal, "_steps", steps)
    assert renewal.at(np.array([2.0, 3.0, 4.0, 6.0]))[3] == 36.0
    assert len(done) == 1
