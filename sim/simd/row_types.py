"""Row and Mask: a double, or a truth value, of each of LANES cells or fluids, held in wide registers.

Their arithmetic is compiled to packed instructions, whatever the optimiser thinks of the loop around
it. Here are the types and their operators; what else can be done with rows is in `rows`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import lower_builtin, models, register_model

from sim.simd.blocks import LANES


class RowType(types.Type):
    """A double for each lane, in registers."""

    def __init__(self) -> None:
        super().__init__(name=f"Row{LANES}")


class MaskType(types.Type):
    """A truth value for each lane."""

    def __init__(self) -> None:
        super().__init__(name=f"Mask{LANES}")


ROW, MASK = RowType(), MaskType()
DOUBLES = ir.VectorType(ir.DoubleType(), LANES)
INTEGERS = ir.VectorType(ir.IntType(64), LANES)
BITS = ir.VectorType(ir.IntType(1), LANES)


@register_model(RowType)
class RowModel(models.PrimitiveModel):
    """A row is one vector of doubles."""

    def __init__(self, manager: Any, row_type: RowType) -> None:
        super().__init__(manager, row_type, DOUBLES)


@register_model(MaskType)
class MaskModel(models.PrimitiveModel):
    """A mask is one vector of bits."""

    def __init__(self, manager: Any, mask_type: MaskType) -> None:
        super().__init__(manager, mask_type, BITS)


def spread(builder: Any, value: Any, kind: Any) -> Any:
    """The same double in every lane, unless it is a row already."""
    if kind is ROW:
        return value
    one = builder.insert_element(ir.Constant(DOUBLES, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    order = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(DOUBLES, ir.Undefined), order)


def _define(
    op: Callable, result: Any, emit: Callable, operand: Any = ROW, other: Any = types.float64
) -> None:
    """Teach the compiler `op` for rows, or a row and a number."""

    class Template(AbstractTemplate):
        key = op

        def generic(self, args: Any, kws: Any) -> Any:
            if operand in args and all(a in (operand, other) for a in args):
                return signature(result, *args)
            return None

    infer_global(op)(Template)
    for left in (operand, other):
        for right in (operand, other):
            if operand in (left, right):

                @lower_builtin(op, left, right)
                def _(context: Any, builder: Any, sig: Any, args: Any) -> Any:
                    a, b = args
                    if operand is ROW:
                        a, b = (spread(builder, v, t) for v, t in zip(args, sig.args, strict=True))
                    return emit(builder, a, b)


_define(operator.add, ROW, lambda builder, a, b: builder.fadd(a, b))
_define(operator.sub, ROW, lambda builder, a, b: builder.fsub(a, b))
_define(operator.mul, ROW, lambda builder, a, b: builder.fmul(a, b))
_define(operator.truediv, ROW, lambda builder, a, b: builder.fdiv(a, b))
_define(operator.lt, MASK, lambda builder, a, b: builder.fcmp_ordered("<", a, b))
_define(operator.le, MASK, lambda builder, a, b: builder.fcmp_ordered("<=", a, b))
_define(operator.gt, MASK, lambda builder, a, b: builder.fcmp_ordered(">", a, b))
_define(operator.ge, MASK, lambda builder, a, b: builder.fcmp_ordered(">=", a, b))
_define(operator.and_, MASK, lambda builder, a, b: builder.and_(a, b), MASK, MASK)
_define(operator.or_, MASK, lambda builder, a, b: builder.or_(a, b), MASK, MASK)
