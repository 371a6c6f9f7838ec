"""What formulas may not hold is told when the model is put together, with what to write instead."""

import functools
import math
import random

import numpy as np
import pytest
import scipy.special
import scipy.stats
from scipy.special import expit

import sim
from sim.errors import ModelError

A = sim.Species("A", initial=1.0)
COUNT = 0


def refused(formula):
    """The sentence about a process of this formula."""
    with pytest.raises(ModelError) as e:
        sim.Model((A,), (sim.Process("mine", formula, {"A": -1}),))
    return str(e.value)


def catches(A):
    try:
        return 1.0 / A
    except ZeroDivisionError:
        return 0.0


def cleans_up(A):
    try:
        x = 1.0 / A
    finally:
        x = 0.0
    return x


def raises(A):
    if A < 0:
        raise ValueError("negative")
    return A


def opens(A):
    with open("numbers.txt") as file:
        return A * len(file.read())


def counts(A):
    global COUNT
    COUNT += 1
    return A


def forgets(A):
    x = A
    del x
    return A


def formats(A):
    return float(f"{A:.2f}")


def generates(A):
    return sum(x * A for x in (1.0, 2.0))


def imports(A):
    import math as maths

    return maths.exp(A)


SYNTAX = {
    catches: "test for the case by `if`", cleans_up: "test for the case by `if`", raises: "for every state",
    opens: "make them parameters", counts: "depends on its arguments alone",
    forgets: "leave that out", formats: "numbers only", generates: "write a loop",
    imports: "makes 'maths' within itself by `import`; import it above",
}  # fmt: skip


def within(inner):
    """A formula that calls another, which is at fault."""

    def outer(A):
        return 2.0 * inner(A)

    return outer


@pytest.mark.parametrize("formula", SYNTAX)
def test_statements_without_a_compiled_meaning_are_told_with_another_way(formula):
    for given, start in ((formula, "mine: "), (within(formula), "mine: outer uses inner: ")):
        said = refused(given)
        assert said.startswith(f"{start}{formula.__name__} ") and SYNTAX[formula] in said


def only_when_large(A):
    if A > 2.0:
        return A


def a_bare_return(A):
    if A > 2.0:
        return
    return A


def none_when_small(A):
    if A > 0.5:
        return A
    return None


def a_choice(A):
    return A if A > 0.5 else None


def not_set(A):
    x = None
    if A > 0.5:
        x = A
    return x


def a_loop_that_may_end(A):
    for i in range(3):
        if i < A:
            return A


def cases_left_open(A):
    match A:
        case 1.0:
            return 2.0


@pytest.mark.parametrize(
    "formula",
    [
        only_when_large,
        a_bare_return,
        none_when_small,
        a_choice,
        not_set,
        a_loop_that_may_end,
        cases_left_open,
    ],
)
def test_a_way_through_without_a_number_is_refused_whatever_the_first_call_gives(formula):
    said = refused(formula)
    assert said.startswith(f"mine: {formula.__name__} ") and ("None" in said or "in some cases only" in said)


def both_branches(A):
    if A > 2.0:
        return 1.0
    elif A > 1.0:
        return 2.0
    else:
        return A


def until_found(A):
    x = A
    while True:
        if x > 3.0:
            return x
        x += 1.0


def all_cases(A):
    match A:
        case 1.0:
            return 2.0
        case _:
            return 3.0


@pytest.mark.parametrize("formula", [both_branches, until_found, all_cases])
def test_every_way_with_a_number_is_taken(formula):
    sim.Model((A,), (sim.Process("mine", formula, {"A": -1}),))


def of_scipy(A):
    return expit(A)


def of_its_modules(A):
    return scipy.special.gammainc(2.0, A)


def of_its_distributions(A):
    return scipy.stats.norm.pdf(A)


@pytest.mark.parametrize(
    ("formula", "called"),
    [(of_scipy, "of_scipy uses expit: expit"), (of_its_modules, "gammainc"), (of_its_distributions, "pdf"),
     (expit, "mine: expit"), (scipy.stats.norm.cdf, "mine: cdf"), (random.random, "mine: random"),
     (functools.partial(scipy.special.gammainc, 2.0), "mine: gammainc")],
)  # fmt: skip
def test_functions_of_other_libraries_are_told_with_a_way_round_them(formula, called):
    said = refused(formula)
    assert f"{called} is a function of another library" in said and "numpy.interp" in said


@pytest.mark.parametrize("formula", [math.exp, np.sqrt, abs])
def test_a_built_in_that_formulas_may_call_is_to_be_called_within_one(formula):
    assert f"def rate(Ca): return {formula.__name__}(Ca)" in refused(formula)


def test_a_row_of_one_number_is_no_number():
    assert "a row of one value; leave out the comma" in refused(lambda A: (A,))
