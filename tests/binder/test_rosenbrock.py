"""Rosenbrock methods as values: conditions of order, judged by what a step does to known equations."""

from dataclasses import replace

import numpy as np
import pytest

from sim.solvers.reactions.rosenbrock import RODAS3


def step(method, f, J, f_t, t, u, h):
    """One step in plain numpy, as the docstring of sim.solvers.reactions.rosenbrock writes it down."""
    n = u.size
    M, K = np.eye(n) - method.gamma * h * J(t, u), []
    for i in range(len(method.m)):
        z = u + sum((a * k for a, k in zip(method.a[i], K, strict=False)), np.zeros(n))
        right = method.gamma * h * f(t + method.alpha[i] * h, z)
        right = right + sum((b * k for b, k in zip(method.b[i], K, strict=False)), np.zeros(n))
        K.append(np.linalg.solve(M, right + method.share[i] * method.gamma * h**2 * f_t(t, u)))
    return u + sum(m * k for m, k in zip(method.m, K, strict=True)), K[-1]


def test_a_step_errs_by_the_power_above_the_order():
    """u' = -u^2 + t, v' = u v, from a place where no term vanishes; the truth by many small steps."""

    def f(t, y):
        return np.array([-(y[0] ** 2) + t, y[0] * y[1]])

    def J(t, y):
        return np.array([[-2 * y[0], 0.0], [y[1], y[0]]])

    def f_t(t, y):
        return np.array([1.0, 0.0])

    def run(h, n):
        y = np.array([0.7, 1.3])
        for k in range(n):
            y, last = step(RODAS3, f, J, f_t, 0.4 + k * h, y, h)
        return y, last

    errors, estimates = [], []
    for h in (0.02, 0.01, 0.005):
        best, _ = run(h / 64, 64)
        end, last = run(h, 1)
        errors.append(np.abs(end - best).max())
        estimates.append(np.abs(last).max())
    assert np.log2(errors[0] / errors[1]) == pytest.approx(RODAS3.order + 1, abs=0.2)
    assert np.log2(errors[1] / errors[2]) == pytest.approx(RODAS3.order + 1, abs=0.2)
    assert np.log2(estimates[1] / estimates[2]) == pytest.approx(RODAS3.order, abs=0.2)


def test_it_forgets_what_is_infinitely_stiff():
    """L-stable: a step of u' = -1e12 u leaves nothing of u."""
    rate = 1e12
    end, _ = step(
        RODAS3, lambda t, u: -rate * u, lambda t, u: np.array([[-rate]]), lambda t, u: 0.0 * u, 0.0,
        np.ones(1), 1.0,
    )  # fmt: skip
    assert abs(end[0]) < 1e-9


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gamma": 0.4}, "order 1"),
        ({"alpha": (0.0, 0.0, 0.5, 1.0)}, "alpha = sums of A"),
        ({"share": (0.5, 0.5, 0.0, 0.0)}, "share = sums of Gamma"),
        ({"b": (*RODAS3.b[:3], (0.5, -0.5, -4.0 / 3.0 + 1e-9))}, "order 3"),
        ({"m": (2.0, 0.0, 1.0, 0.5)}, "stiff accuracy"),
        ({"m": (2.0, 0.0, 1.0)}, "as many rows, 3"),
    ],
)
def test_a_slip_in_a_coefficient_is_a_sentence(change, words):
    with pytest.raises(ValueError, match=words):
        replace(RODAS3, **change)


def test_rates_are_evaluated_where_the_state_is_another():
    assert RODAS3.fresh == (False, False, True, True)
