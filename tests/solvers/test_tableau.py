"""Runge-Kutta methods as values: a wrong coefficient is refused when the value is made."""

from dataclasses import replace

import numpy as np
import pytest

from sim.solvers.steps.tableau import DORMAND_PRINCE, order_conditions


def test_the_pair_is_of_its_orders_and_of_no_higher_ones():
    A, c = DORMAND_PRINCE.A, np.array(DORMAND_PRINCE.c)
    for weights, order in ((A[-1], 5), (A[-1] - DORMAND_PRINCE.E, 4)):
        wrong = {name for name, defect in order_conditions(A, c, weights) if abs(defect) > 1e-12}
        assert all(int(name[6]) > order for name in wrong)
        assert wrong or order == 5  # the embedded solution is not of fifth order


def test_conditions_are_those_of_an_integral_and_of_a_linear_equation():
    """By another way: b c^q = 1/(q+1) is the quadrature of t^q; b A^q 1 = 1/(q+1)! that of y' = y."""
    A, c = DORMAND_PRINCE.A, np.array(DORMAND_PRINCE.c)
    b, v, factorial = A[-1], np.ones(c.size), 1.0
    for q in range(5):
        factorial *= q + 1
        assert b @ c**q == pytest.approx(1 / (q + 1), abs=1e-14)
        assert b @ v == pytest.approx(1 / factorial, abs=1e-14)
        v = A @ v


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"c": (0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 0.99, 1)}, "c = sums of a"),
        (
            {"a": (*DORMAND_PRINCE.a[:3], (44 / 45, -56 / 15, 32 / 9 + 1e-9), *DORMAND_PRINCE.a[4:])},
            "order 3",
        ),
        ({"e": (72 / 57600, *DORMAND_PRINCE.e[1:])}, "embedded: order 1"),
        ({"error_order": 5}, "embedded: order 5"),
        ({"interpolant": DORMAND_PRINCE.interpolant[::-1]}, "an interpolant that ends at z"),
        ({"order": 6}, "orders up to 5 can be checked"),
        ({"e": DORMAND_PRINCE.e[1:]}, "as many rows, 7"),
    ],
)
def test_a_slip_in_a_coefficient_is_a_sentence(change, words):
    with pytest.raises(ValueError, match=words):
        replace(DORMAND_PRINCE, **change)
