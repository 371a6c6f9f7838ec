"""Kernels that kernels call: typed and lowered once, generated with what Python calls."""

import gc
import threading
import weakref

import numba
import numpy as np
import pytest

from sim.jit.kernel import kernel
from sim.jit.linking import KernelDispatcher, LinkedLibrary


@kernel(cache=False)
def inner(x, k):
    return x * k


@kernel(cache=False)
def middle(x):
    return inner(x, 2) + inner(x, 3)


@kernel(cache=False)
def outer(x):
    return middle(x) + inner(x, 4)


def test_a_callee_has_no_code_of_its_own_until_python_calls_it():
    assert outer(1.0) == 9.0
    assert not inner.overloads
    assert not middle.overloads
    for called in (*inner.called.values(), *middle.called.values()):
        assert isinstance(called.library, LinkedLibrary)
        assert not called.library._finalized
    assert middle(2.0) == 10.0
    assert len(middle.overloads) == 1


def test_a_callee_is_compiled_for_the_kind_of_a_number_not_for_each_number():
    assert outer(1.0) == 9.0
    assert len([kinds for kinds in inner.called if kinds[1] == numba.int64]) == 1
    assert all(kinds[1] == numba.int64 for kinds in inner.called)


def test_where_the_kind_is_not_enough_it_is_compiled_for_the_number():
    @kernel(cache=False)
    def field(record, k):
        return record[numba.literally(k)]

    @kernel(cache=False)
    def second(record):
        return field(record, 1)

    assert second((1.0, 7)) == 7


def test_exceptions_of_callees_come_out():
    @kernel(cache=False)
    def refuse(x):
        if x < 0:
            raise ValueError("below zero", x)
        return x

    @kernel(cache=False)
    def ask(x):
        return refuse(x) + 1

    assert ask(1) == 2
    with pytest.raises(ValueError, match="below zero"):
        ask(-1)


def test_functions_that_call_themselves_and_each_other():
    @kernel(cache=False)
    def factorial(n):
        return 1 if n < 2 else n * factorial(n - 1)

    @kernel(cache=False)
    def caller(n):
        return factorial(n) + 1

    assert caller(5) == 121
    assert factorial(6) == 720


def test_numbas_own_functions_may_call_kernels():
    @numba.njit
    def plain(x):
        return outer(x) + 1.0

    assert plain(1.0) == 10.0


def test_kernels_may_be_compiled_by_threads_at_once():
    found = []

    def make(k):
        @kernel(cache=False)
        def one(x):
            return inner(x, k) + np.sum(np.ones(3))

        found.append((k, one(2.0)))

    threads = [threading.Thread(target=make, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(found) == [(k, 2.0 * k + 3.0) for k in range(4)]


def test_code_of_kernels_that_are_gone_is_let_go():
    def make():
        @kernel(cache=False)
        def callee(x):
            return x + 1

        @kernel(cache=False)
        def caller(x):
            return callee(x)

        assert caller(1) == 2
        (result,) = callee.called.values()
        key = result.entry_point
        assert key in callee.targetctx._defns
        return weakref.ref(callee), key, callee.targetctx

    gone, key, context = make()
    gc.collect()
    if gone() is None:  # numba may hold on to it
        assert key not in context._defns


def test_every_kernel_is_one():
    assert isinstance(inner, KernelDispatcher)
