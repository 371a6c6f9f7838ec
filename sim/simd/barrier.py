"""Where the shares of a kernel wait for each other, in compiled code and without the GIL.

Who waits looks at a counter, and from time to time lets another thread have the core: a barrier costs a
microsecond where all shares run, and hardly disturbs other processes where they do not.
"""

from __future__ import annotations

import os

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from sim.jit.kernel import plain_kernel
from sim.simd.instructions import instruction

LOOKS = 2000  # before a thread that waits gives its core away
ARRIVED, PASSED = 0, 8  # places in a barrier, on cache lines of their own


def new_barrier() -> np.ndarray:
    """A barrier that nobody waits at."""
    return np.zeros(16, np.int64)


def _place(context, builder, array_type, array, i):
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [i])


def _count(array, i):
    array[i] += 1
    return array[i] - 1


@instruction(_count)
def count_up(typing, array, i):
    """array[i] += 1 in one go; the value before."""

    def code(context, builder, signature, args):
        one = ir.Constant(ir.IntType(64), 1)
        return builder.atomic_rmw("add", _place(context, builder, signature.args[0], *args), one, "seq_cst")

    return types.int64(array, types.int64), code


@instruction(lambda array, i: array[i])
def look(typing, array, i):
    """array[i] as other threads left it."""

    def code(context, builder, signature, args):
        return builder.load_atomic(_place(context, builder, signature.args[0], *args), "seq_cst", 8)

    return types.int64(array, types.int64), code


def _put(array, i, value):
    array[i] = value


@instruction(_put)
def put(typing, array, i, value):
    """array[i] = value, for other threads to see."""

    def code(context, builder, signature, args):
        place = _place(context, builder, signature.args[0], *args[:2])
        builder.store_atomic(args[2], place, "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), code


@instruction(lambda: None)
def give_way(typing):
    """Let another thread have the core, where the system can be asked to."""

    def code(context, builder, signature, args):
        if os.name == "posix":
            kind = ir.FunctionType(ir.IntType(32), [])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, "sched_yield"), [])
        return context.get_dummy_value()

    return types.void(), code


@plain_kernel
def wait_for_all(barrier, shares):
    """Return when all shares have come here; what each wrote before is then seen by all."""
    if shares == 1:
        return
    passed = look(barrier, PASSED)
    if count_up(barrier, ARRIVED) == shares - 1:
        put(barrier, ARRIVED, 0)
        put(barrier, PASSED, passed + 1)
        return
    looks = 0
    while look(barrier, PASSED) == passed:
        looks += 1
        if looks > LOOKS:
            give_way()
