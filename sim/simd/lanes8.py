"""Vectors of 8 numbers: one register, float32 or float64, loaded from and stored to flat arrays.

Numba offers no such register, and its compiler does not find them by itself (4.8 times slower in the
cycles of multigrid), hence the few lines of LLVM. `a b + c` is rounded once where the processor can.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import models, register_model

from sim.simd.constants import WIDTH
from sim.simd.instructions import instruction


class Lanes(types.Type):
    """8 numbers in a register."""

    def __init__(self, scalar):
        self.scalar = scalar
        super().__init__(name=f"Lanes({scalar})")


def _vector(scalar):
    return ir.VectorType(ir.FloatType() if scalar is types.float32 else ir.DoubleType(), WIDTH)


@register_model(Lanes)
class LanesModel(models.PrimitiveModel):
    def __init__(self, manager, lanes):
        super().__init__(manager, lanes, _vector(lanes.scalar))


def _address(context, builder, array_type, array, i):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [i]), _vector(array_type.dtype).as_pointer())


def _spread(builder, vector, scalar):
    nothing = ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(nothing, scalar, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(
        one, nothing, ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
    )


def _multiply_add(builder, a, b, c):
    """a b + c, rounded once where the processor can."""
    name = "llvm.fmuladd.v8f" + ("32" if a.type.element == ir.FloatType() else "64")
    kind = ir.FunctionType(a.type, [a.type] * 3)
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [a, b, c])


def _store(array, i, lanes):
    array[i : i + WIDTH] = lanes


@instruction(lambda array, i: array[i : i + WIDTH].copy())
def load_lanes(typing, array, i):
    """array[i : i + 8]."""

    def code(context, builder, signature, args):
        return builder.load(_address(context, builder, signature.args[0], *args), align=4)

    return Lanes(array.dtype)(array, types.int64), code


@instruction(_store)
def store_lanes(typing, array, i, lanes):
    """array[i : i + 8] = lanes."""

    def code(context, builder, signature, args):
        builder.store(args[2], _address(context, builder, signature.args[0], *args[:2]), align=4)
        return context.get_dummy_value()

    return types.void(array, types.int64, lanes), code


@instruction(lambda array: np.zeros(WIDTH, array.dtype))
def zero_lanes(typing, array):
    """8 zeros of the type of `array`."""

    def code(context, builder, signature, args):
        return ir.Constant(_vector(signature.return_type.scalar), [0.0] * WIDTH)

    return Lanes(array.dtype)(array), code


@instruction(lambda s, a, b: s + a * b)
def add_product(typing, s, a, b):
    """s + a b, lane by lane."""

    def code(context, builder, signature, args):
        return _multiply_add(builder, args[1], args[2], args[0])

    return s(s, s, s), code


@instruction(lambda s, a, b: s - a * b)
def subtract_product(typing, s, a, b):
    """s - a b, lane by lane."""

    def code(context, builder, signature, args):
        return builder.fsub(args[0], builder.fmul(args[1], args[2]))

    return s(s, s, s), code


@instruction(lambda a, b: a + b)
def add_lanes(typing, a, b):
    """a + b, lane by lane."""

    def code(context, builder, signature, args):
        return builder.fadd(*args)

    return a(a, b), code


@instruction(lambda a, b: a - b)
def subtract_lanes(typing, a, b):
    """a - b, lane by lane."""

    def code(context, builder, signature, args):
        return builder.fsub(*args)

    return a(a, b), code


@instruction(lambda a: float(a.sum(dtype=float)))
def sum_of_lanes(typing, a):
    """The sum of 8 lanes as a double."""

    def code(context, builder, signature, args):
        total = None
        for k in range(WIDTH):
            x = builder.extract_element(args[0], ir.Constant(ir.IntType(32), k))
            if a.scalar is types.float32:
                x = builder.fpext(x, ir.DoubleType())
            total = x if total is None else builder.fadd(total, x)
        return total

    return types.float64(a), code


@instruction(lambda s, a, f: s + a * a.dtype.type(f))
def add_multiple(typing, s, a, f):
    """s + a f with a number f."""

    def code(context, builder, signature, args):
        return _multiply_add(builder, args[1], _spread(builder, args[1].type, args[2]), args[0])

    return s(s, s, s.scalar), code
