"""What Python accepts and the compiler does not is told by the name of the process, in one sentence."""

import math
import re

import pytest

import sim
from sim.binder.system import System
from sim.errors import ModelError
from sim.space import grid as grids

A = sim.Species("A", initial=1.0)


def sums_exactly(A):
    return math.fsum([A, A])


def number_or_text(A):
    x = 1.0 if A > 0 else "none"
    return A if x == 1.0 else 0.0


def deep(A):
    return sums_exactly(A) + 1.0


REFUSED = {
    "not in the compiler": (sums_exactly, "fsum"),
    "two kinds": (number_or_text, "[Uu]nify"),
    "in what it calls": (deep, "fsum"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_process_the_place_and_what_is_allowed_are_named(name):
    formula, reason = REFUSED[name]
    model = sim.Model((A,), (sim.Process("fine", lambda A: math.exp(-A), {"A": -1}),
                             sim.Process("mine", formula, {"A": -1})))  # fmt: skip
    with pytest.raises(
        ModelError, match=rf"mine: {formula.__name__} \(.*test_uncompiled\.py, line \d+\)"
    ) as e:
        System(model, grids.well_mixed())
    sentence = str(e.value)
    head, _, last = sentence.partition("The compiler says: ")
    assert f"line {formula.__code__.co_firstlineno})" in head and "math" in head and "loops" in head
    assert re.search(reason, last) and "\n" not in sentence
    assert len(sentence) < 600 and "Failed in nopython" not in sentence


def test_a_derived_quantity_is_named_too():
    model = sim.Model((A,), (sim.Process("mine", lambda half: half, {"A": -1}),),
                      (sim.Derived("half", sums_exactly),))  # fmt: skip
    with pytest.raises(ModelError, match="half: sums_exactly .*cannot be compiled"):
        System(model, grids.well_mixed())


def has_a_function(A):
    def inner(x):
        return 2.0 * x

    return inner(A)


def has_a_lambda(A):
    return max((A, 1.0), key=lambda item: -item)


def has_an_import(A):
    import statistics

    return statistics.fmean((A, A))


@pytest.mark.parametrize(
    ("formula", "made"), [(has_a_function, "inner"), (has_a_lambda, "item"), (has_an_import, "statistics")]
)
def test_what_a_formula_makes_within_itself_is_told_before_anything_is_compiled(formula, made):
    with pytest.raises(ModelError, match=f"mine: {formula.__name__} makes '{made}' within itself"):
        sim.Model((A,), (sim.Process("mine", formula, {"A": -1}),))
