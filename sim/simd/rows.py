"""What can be done with rows: numbers of LANES cells at once, as packed instructions.

Each operation is a function of NumPy arrays, which is what it does without the compiler, and an
intrinsic of the same name that the compiler takes instead. Work space is a C-ordered array
(rows, LANES).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import overload

from sim.simd.blocks import LANES
from sim.simd.instructions import machine_code
from sim.simd.row_types import DOUBLES, INTEGERS, ROW, spread

# ln 2 per unit of the last place of the exponent, and the offset that makes the error smallest.
LN_OF_A_BIT, LN_OF_ONE = math.log(2.0) / 2.0**52, (1023.0 - 0.043) * math.log(2.0)


def row_of(w, at):
    """Row `at` of w."""
    return w[at].copy()


def put_row(w, at, value):
    """Write a row, or one number into the whole row."""
    w[at] = value


def full_row(value):
    """A row of one number."""
    return np.full(LANES, float(value))


def select(mask, a, b):
    """a where the mask holds, else b."""
    return np.where(mask, a, b)


def count_lanes(mask):
    """Number of lanes in which the mask holds."""
    return int(np.count_nonzero(mask))


def fma(a, b, c):
    """a b + c, rounded once where the machine can at no cost."""
    return a * b + c


def minus_product(a, b, c):
    """a - b c, rounded once where the machine can at no cost."""
    return a - b * c


def sqrt_row(a):
    """Square root."""
    return np.sqrt(a)


def abs_row(a):
    """Absolute value."""
    return np.abs(a)


def times_power_of_two(p, t):
    """p times 2 to the whole number in the last digits of t: an addition to the exponent."""
    return (p.view(np.int64) + (t.view(np.int64) << np.int64(52))).view(np.float64)


def rough_log(a):
    """ln to 0.03; NaN and zero give something finite.

    The exponent and the digits after it, read as one number, are nearly log2.
    """
    return a.view(np.int64) * LN_OF_A_BIT - LN_OF_ONE


def _spread_all(builder: Any, args: Any, sig: Any) -> list[Any]:
    return [spread(builder, v, t) for v, t in zip(args, sig.args, strict=True)]


def _call(builder: Any, name: str, rows: list[Any]) -> Any:
    """An operation that LLVM has for rows under a name of its own."""
    kind = ir.FunctionType(DOUBLES, [DOUBLES] * len(rows))
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}f64")
    return builder.call(function, rows)


def _place(context: Any, builder: Any, array_type: Any, array: Any, at: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    first = builder.mul(at, ir.Constant(at.type, LANES))
    return builder.bitcast(builder.gep(data, [first]), DOUBLES.as_pointer())


def _is_work_space(w: Any) -> bool:
    return isinstance(w, types.Array) and (w.ndim, w.layout, w.dtype) == (2, "C", types.float64)


@machine_code
def _load(typing, w, at):
    def emit(context, builder, sig, args):
        found = builder.load(_place(context, builder, sig.args[0], *args))
        found.align = 8
        return found

    return (ROW(w, types.int64), emit) if _is_work_space(w) else None


@machine_code
def _store(typing, w, at, value):
    def emit(context, builder, sig, args):
        value = spread(builder, args[2], sig.args[2])
        builder.store(value, _place(context, builder, sig.args[0], *args[:2])).align = 8
        return context.get_dummy_value()

    return (types.void(w, types.int64, value), emit) if _is_work_space(w) else None


@machine_code
def _full(typing, value):
    def emit(context, builder, sig, args):
        return spread(builder, args[0], sig.args[0])

    return ROW(types.float64), emit


@machine_code
def _select(typing, mask, a, b):
    def emit(context, builder, sig, args):
        yes, no = (spread(builder, v, t) for v, t in zip(args[1:], sig.args[1:], strict=True))
        return builder.select(args[0], yes, no)

    return ROW(mask, a, b), emit


@machine_code
def _count(typing, mask):
    def emit(context, builder, sig, args):
        bits = builder.bitcast(args[0], ir.IntType(LANES))
        return builder.zext(builder.ctpop(bits), ir.IntType(64))

    return types.int64(mask), emit


@machine_code
def _fma(typing, a, b, c):
    def emit(context, builder, sig, args):
        return _call(builder, "fmuladd", _spread_all(builder, args, sig))

    return ROW(a, b, c), emit


@machine_code
def _minus_product(typing, a, b, c):
    def emit(context, builder, sig, args):
        a, b, c = _spread_all(builder, args, sig)
        return _call(builder, "fmuladd", [builder.fneg(b), c, a])

    return ROW(a, b, c), emit


def _unary(name: str) -> Any:
    @machine_code
    def call(typing, a):
        def emit(context, builder, sig, args):
            return _call(builder, name, args)

        return ROW(a), emit

    return call


_sqrt, _fabs = _unary("sqrt"), _unary("fabs")


@machine_code
def _times_power_of_two(typing, p, t):
    def emit(context, builder, sig, args):
        p, t = (builder.bitcast(a, INTEGERS) for a in args)
        shift = ir.Constant(INTEGERS, [52] * LANES)
        return builder.bitcast(builder.add(p, builder.shl(t, shift)), DOUBLES)

    return ROW(p, t), emit


@machine_code
def _rough_log(typing, a):
    def emit(context, builder, sig, args):
        bits = builder.sitofp(builder.bitcast(args[0], INTEGERS), DOUBLES)
        unit, zero = (
            spread(builder, ir.Constant(ir.DoubleType(), x), None) for x in (LN_OF_A_BIT, -LN_OF_ONE)
        )
        return builder.fadd(builder.fmul(bits, unit), zero)

    return ROW(a), emit


overload(row_of)(lambda w, at: lambda w, at: _load(w, at))
overload(put_row)(lambda w, at, value: lambda w, at, value: _store(w, at, value))
overload(full_row)(lambda value: lambda value: _full(value))
overload(select)(lambda mask, a, b: lambda mask, a, b: _select(mask, a, b))
overload(count_lanes)(lambda mask: lambda mask: _count(mask))
overload(fma)(lambda a, b, c: lambda a, b, c: _fma(a, b, c))
overload(minus_product)(lambda a, b, c: lambda a, b, c: _minus_product(a, b, c))
overload(sqrt_row)(lambda a: lambda a: _sqrt(a))
overload(abs_row)(lambda a: lambda a: _fabs(a))
overload(times_power_of_two)(lambda p, t: lambda p, t: _times_power_of_two(p, t))
overload(rough_log)(lambda a: lambda a: _rough_log(a))
