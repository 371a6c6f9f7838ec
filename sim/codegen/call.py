"""Routines called from compiled code, by their address."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils, config

from sim.codegen.interpreted import number_of, routine_of
from sim.simd.instructions import instruction


def _called(address, first, last, cells, arrays):
    return routine_of(address)(first, last, cells, *arrays)


def _arrays(kind):
    """Types of the arrays of a tuple; empty where it holds anything else."""
    kinds = getattr(kind, "types", ())
    sound = all(isinstance(a, types.Array) and a.layout == "C" and a.dtype == types.float64 for a in kinds)
    return kinds if sound else ()


@instruction(_called)
def call(typing, address, first, last, cells, arrays):
    """The routine at `address` for groups first..last of `cells` cells; arrays: a tuple of what it takes,
    of doubles in C order. Returns its count."""
    kinds = _arrays(arrays)
    if not kinds:
        return None

    def code(context, builder, signature, args):
        whole, pointer = ir.IntType(64), ir.DoubleType().as_pointer()
        data = [
            context.make_array(kind)(context, builder, array).data
            for kind, array in zip(kinds, cgutils.unpack_tuple(builder, args[4]), strict=True)
        ]
        function = ir.FunctionType(whole, [whole] * 3 + [pointer] * len(data))
        at = builder.inttoptr(args[0], function.as_pointer())
        return builder.call(at, [*args[1:4], *data])

    return types.int64(types.int64, types.int64, types.int64, types.int64, arrays), code


def address_of(function: Any, arrays: int) -> int:
    """The address of a kernel (first, last, cells, pointers to `arrays` arrays), as `call` takes it."""
    if getattr(config, "DISABLE_JIT", False):
        return number_of(function)
    pointers = [types.CPointer(types.float64)] * arrays
    function.compile(types.int64(types.int64, types.int64, types.int64, *pointers))
    (made,) = function.overloads.values()
    return int(made.library.get_pointer_to_function(made.fndesc.llvm_cfunc_wrapper_name))
