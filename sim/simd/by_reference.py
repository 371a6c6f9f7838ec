"""Records that compiled code hands on by reference.

A large record handed on by value fills registers, and all its fields are copied at every call. A reference
is a pointer to where its maker has put the fields: it costs nothing to hand on, and must not be returned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, lower_getattr_generic, models, register_model

from sim.simd.instructions import instruction


class RecordReference(types.Type):
    """To fields of these names and kinds."""

    def __init__(self, names: tuple[str, ...], kinds: tuple[types.Type, ...]):
        self.names, self.kinds = names, kinds
        super().__init__(f"reference({', '.join(f'{n}: {k}' for n, k in zip(names, kinds, strict=True))})")


@register_model(RecordReference)
class _Model(models.PrimitiveModel):
    def __init__(self, manager, kind):
        fields = [manager[k].get_value_type() for k in kind.kinds]
        super().__init__(manager, kind, ir.LiteralStructType(fields).as_pointer())


@infer_getattr
class _Kinds(AttributeTemplate):
    key = RecordReference

    def generic_resolve(self, kind: Any, name: Any) -> Any:  # type: ignore[override]
        return kind.kinds[kind.names.index(name)] if name in kind.names else None


@lower_getattr_generic(RecordReference)
def _field(context, builder, kind, pointer, name):
    at = kind.names.index(name)
    field = builder.load(cgutils.gep_inbounds(builder, pointer, 0, at))
    return impl_ret_borrowed(context, builder, kind.kinds[at], field)


def reference_to(record: Any) -> Callable[..., Any]:
    """For compiled code: what takes the fields of a NamedTuple and gives a reference to them. Arrays among
    the fields are not counted by it: whoever calls the function that made it keeps them."""

    @instruction(record)
    def make(typing, *fields):
        def code(context, builder, signature, args):
            values = cgutils.unpack_tuple(builder, args[0], len(record._fields))
            return cgutils.alloca_once_value(builder, cgutils.pack_struct(builder, values))

        kind = RecordReference(record._fields, tuple(fields))
        return kind(types.StarArgTuple(fields)), code

    return make
