"""Records by reference: what compiled code reads and writes through them."""

import sys
from typing import NamedTuple

import numpy as np
import pytest
from numba.core.errors import TypingError

from sim.jit.kernel import kernel, plain_kernel
from sim.simd.by_reference import reference_to


class Pair(NamedTuple):
    values: np.ndarray
    place: int


Reference = reference_to(Pair)


@plain_kernel(cache=False)
def add(pair, x):
    pair.values[pair.place] += x
    return pair.values.sum()


@kernel(cache=False)
def add_twice(pair, x):
    by = Reference(*pair)
    add(by, x)
    return add(by, x)


def test_a_field_is_that_of_the_record_however_far_it_is_handed_on():
    values = np.array([1.0, 2.0, 4.0])
    assert add_twice(Pair(values, 1), 8.0) == 23.0
    assert values.tolist() == [1.0, 18.0, 4.0]


def test_code_that_counts_references_leaves_those_of_the_fields_as_they_were():
    @kernel(cache=False)
    def counted(pair):
        by = Reference(*pair)
        first = by.values
        return first[0] + by.values[1]

    values = np.ones(2)
    counted(Pair(values, 0))
    before = sys.getrefcount(values)
    for _ in range(5):
        assert counted(Pair(values, 0)) == 2.0
    assert sys.getrefcount(values) == before


def test_a_name_that_is_no_field_is_refused():
    @kernel(cache=False)
    def wrong(pair):
        return Reference(*pair).size

    with pytest.raises(TypingError, match="size"):
        wrong(Pair(np.ones(1), 0))


def test_without_a_compiler_it_is_the_record(monkeypatch):
    monkeypatch.setattr("numba.core.config.DISABLE_JIT", 1)
    assert reference_to(Pair) is not Reference
    assert reference_to(Pair)(1, 2) == Pair(1, 2)
