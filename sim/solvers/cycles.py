"""Kernels of the multigrid V-cycle: block Gauss-Seidel, transfers, inverses of small blocks.

Every vector has 8 numbers per cell, one lane per mobile species and zeros behind them, so one cell
is one SIMD register and a product of a block with a vector is `m` multiply-adds of registers. Numba
offers no such register, and its compiler does not find these by itself (4.8 times slower), hence
the few lines of LLVM below. All kernels are in one file: numba's cache sees only that.

Tables of a hierarchy (sim.solvers.coarsening makes them); one flat array holds all levels:
levels (l, 10)  shape (3), first cell, offsets of the axes in parent/other (3) and in `first` (3)
inverse [cell, column, lane] of the diagonal blocks · K [axis, cell, lane] towards the next cell, the
last axis first, zero where there is none · b, x [cell, lane] · total: cells in the flat arrays
parent, other: the two coarse cells that a line of fine cells interpolates between, the same one at
its ends · W [axis, cell, lane] the weight of `other`, laid out like K
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import njit, prange, types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

LANES = 8
SMALL = 4096  # cells below which starting the threads takes longer than the sweep
CHUNKS = 64  # pieces that a level's rows are shared out in, whatever the number of threads
ZERO, RELAX, RESTRICT, PROLONG, PACK, UNPACK = range(6)


class Lanes(types.Type):
    """8 numbers in a register."""

    def __init__(self, scalar):
        self.scalar = scalar
        super().__init__(name=f"Lanes({scalar})")


def _vector(scalar):
    return ir.VectorType(ir.FloatType() if scalar is types.float32 else ir.DoubleType(), LANES)


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
        one, nothing, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    )


def _multiply_add(builder, a, b, c):
    """a b + c, rounded once where the processor can."""
    name = "llvm.fmuladd.v8f" + ("32" if a.type.element == ir.FloatType() else "64")
    kind = ir.FunctionType(a.type, [a.type] * 3)
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [a, b, c])


@intrinsic
def load(typing, array, i):
    """array[i : i + 8]."""

    def code(context, builder, signature, args):
        return builder.load(_address(context, builder, signature.args[0], *args), align=4)

    return Lanes(array.dtype)(array, types.int64), code


@intrinsic
def store(typing, array, i, lanes):
    """array[i : i + 8] = lanes."""

    def code(context, builder, signature, args):
        builder.store(args[2], _address(context, builder, signature.args[0], *args[:2]), align=4)
        return context.get_dummy_value()

    return types.void(array, types.int64, lanes), code


@intrinsic
def nothing(typing, array):
    """8 zeros of the type of `array`."""

    def code(context, builder, signature, args):
        return ir.Constant(_vector(signature.return_type.scalar), [0.0] * LANES)

    return Lanes(array.dtype)(array), code


@intrinsic
def add(typing, s, a, b):
    """s + a b, lane by lane."""

    def code(context, builder, signature, args):
        return _multiply_add(builder, args[1], args[2], args[0])

    return s(s, s, s), code


@intrinsic
def minus(typing, s, a, b):
    """s - a b, lane by lane."""

    def code(context, builder, signature, args):
        return builder.fsub(args[0], builder.fmul(args[1], args[2]))

    return s(s, s, s), code


@intrinsic
def plus(typing, a, b):
    """a + b, lane by lane."""

    def code(context, builder, signature, args):
        return builder.fadd(*args)

    return a(a, b), code


@intrinsic
def add_times(typing, s, a, f):
    """s + a f with a number f."""

    def code(context, builder, signature, args):
        return _multiply_add(builder, args[1], _spread(builder, args[1].type, args[2]), args[0])

    return s(s, s, s.scalar), code


def _product(inverse, i, x, j, m):
    """Columns of a block at i, times x[j : j + m]."""
    s = nothing(x)
    for k in range(m):
        s = add_times(s, load(inverse, i + LANES * k), x[np.uint64(j + k)])
    return s


def _inflow(s, c, n1, n2, dim, K, x, total):
    """s + what the neighbours of cell c give to it: sum of K x. K is 0 across the edge of the grid."""
    s = add(s, load(K, LANES * c), load(x, LANES * (c + 1)))
    s = add(s, load(K, LANES * (c - 1)), load(x, LANES * (c - 1)))
    d = c + total
    s = add(s, load(K, LANES * d), load(x, LANES * (c + n2)))
    s = add(s, load(K, LANES * (d - n2)), load(x, LANES * (c - n2)))
    if dim == 3:
        d += total
        s = add(s, load(K, LANES * d), load(x, LANES * (c + n1 * n2)))
        s = add(s, load(K, LANES * (d - n1 * n2)), load(x, LANES * (c - n1 * n2)))
    return s


product = njit(cache=True, error_model="numpy")(_product)
inflow = njit(cache=True, error_model="numpy")(_inflow)


def _relax_row(row, l, colour, from_zero, m, dim, levels, inverse, K, b, x, total):
    """Gauss-Seidel on the cells of one colour in a row; from_zero: their neighbours hold zero."""
    n1, n2, at = levels[l, 1], levels[l, 2], levels[l, 3]
    for k in range((colour + row // n1 + row % n1) & 1, n2, 2):
        c = at + row * n2 + k
        s = load(b, LANES * c)
        if not from_zero:
            s = inflow(s, c, n1, n2, dim, K, x, total)
        store(x, LANES * c, s)
        store(x, LANES * c, product(inverse, LANES * m * c, x, LANES * c, m))


def _restrict_row(row, l, dim, levels, first, K, b, x, total):
    """A row of coarse right-hand sides: sums of fine residuals.

    After red from zero and then black the residual is zero on black cells, and on red ones what
    their black neighbours have given since.
    """
    n1, n2, at = levels[l, 1], levels[l, 2], levels[l, 3]
    f0, f1, f2 = levels[l, 7] + row // levels[l + 1, 1], levels[l, 8] + row % levels[l + 1, 1], levels[l, 9]
    coarse = levels[l + 1, 3] + row * levels[l + 1, 2]
    for k in range(levels[l + 1, 2]):
        s = nothing(x)
        for i0 in range(first[f0], first[f0 + 1]):
            for i1 in range(first[f1], first[f1 + 1]):
                for i2 in range(first[f2 + k], first[f2 + k + 1]):
                    if (i0 + i1 + i2) & 1 == 0:
                        s = inflow(s, at + (i0 * n1 + i1) * n2 + i2, n1, n2, dim, K, x, total)
        store(b, LANES * (coarse + k), s)


def _between(x, p, q, w):
    """x[p] (1 - w) + x[q] w; with p = q the outside, where x vanishes, stands for q."""
    a = load(x, LANES * p)
    if p == q:
        return minus(a, w, a)
    return add(minus(a, w, a), w, load(x, LANES * q))


between = njit(cache=True, error_model="numpy")(_between)


def _prolong_row(row, l, dim, levels, parent, other, W, x, total):
    """Add the (tri)linear interpolation of the coarse x to the red cells of a row.

    The sweep that follows starts on black cells and does not look at what they hold.
    """
    n1, n2, at = levels[l, 1], levels[l, 2], levels[l, 3]
    c1, c2, coarse = levels[l + 1, 1], levels[l + 1, 2], levels[l + 1, 3]
    i0, i1 = levels[l, 4] + row // n1, levels[l, 5] + row % n1
    pp = coarse + (parent[i0] * c1 + parent[i1]) * c2
    pq = coarse + (parent[i0] * c1 + other[i1]) * c2
    qp = coarse + (other[i0] * c1 + parent[i1]) * c2
    qq = coarse + (other[i0] * c1 + other[i1]) * c2
    for k in range((row // n1 + row % n1) & 1, n2, 2):
        c = at + row * n2 + k
        p, q = parent[levels[l, 6] + k], other[levels[l, 6] + k]
        w, w1 = load(W, LANES * c), load(W, LANES * (c + total))
        s = between(x, pp + p, pp + q, w)
        s = minus(s, w1, s)
        if pq != pp:
            s = add(s, w1, between(x, pq + p, pq + q, w))
        if dim == 3:
            w0 = load(W, LANES * (c + 2 * total))
            s = minus(s, w0, s)
            if qp != pp:
                t = between(x, qp + p, qp + q, w)
                t = minus(t, w1, t)
                if qq != qp:
                    t = add(t, w1, between(x, qq + p, qq + q, w))
                s = add(s, w0, t)
        store(x, LANES * c, plus(load(x, LANES * c), s))


relax_row = njit(cache=True, error_model="numpy")(_relax_row)
restrict_row = njit(cache=True, error_model="numpy")(_restrict_row)
prolong_row = njit(cache=True, error_model="numpy")(_prolong_row)


def _work(
    what, colour, low, high, l, m, dim, levels, parent, other, W, first, inverse, K, b, x, total, v, factor
):  # fmt: skip
    """One operation on rows low..high of level l. v: the caller's vector [cell, species]."""
    for row in range(low, high):
        if what == ZERO or what == RELAX:
            relax_row(row, l, colour, what == ZERO, m, dim, levels, inverse, K, b, x, total)
        elif what == RESTRICT:
            restrict_row(row, l, dim, levels, first, K, b, x, total)
        elif what == PROLONG:
            prolong_row(row, l, dim, levels, parent, other, W, x, total)
        else:
            n2 = levels[0, 2]
            for c in range(row * n2, (row + 1) * n2):
                for k in range(m):
                    if what == PACK:
                        b[LANES * (levels[0, 3] + c) + k] = v[c * m + k] * factor
                    else:
                        v[c * m + k] = x[LANES * (levels[0, 3] + c) + k] * factor


work = njit(cache=True, error_model="numpy")(_work)


def _share(
    what, colour, rows, l, m, dim, levels, parent, other, W, first, inverse, K, b, x, total, v, factor
):  # fmt: skip
    """`work` on all rows of a level, in parallel. Rows of one operation do not depend on each other."""
    for chunk in prange(CHUNKS):
        work(
            what, colour, chunk * rows // CHUNKS, (chunk + 1) * rows // CHUNKS, l, m, dim, levels,
            parent, other, W, first, inverse, K, b, x, total, v, factor,
        )  # fmt: skip


share = njit(cache=True, parallel=True, error_model="numpy")(_share)


def _everywhere(
    what, colour, l, m, dim, levels, parent, other, W, first, inverse, K, b, x, total, v, factor
):  # fmt: skip
    on = l + 1 if what == RESTRICT else l
    rows = levels[on, 0] * levels[on, 1]
    if rows * levels[on, 2] < SMALL:
        work(
            what, colour, 0, rows, l, m, dim, levels, parent, other, W, first, inverse, K, b, x,
            total, v, factor,
        )  # fmt: skip
    else:
        share(
            what, colour, rows, l, m, dim, levels, parent, other, W, first, inverse, K, b, x,
            total, v, factor,
        )  # fmt: skip


everywhere = njit(cache=True, error_model="numpy")(_everywhere)


def _v_cycle(
    r, z, before, after, m, dim, levels, parent, other, W, first, inverse, K, b, x, total
):  # fmt: skip
    """z = one V(1,1) cycle from zero for r, both flat [cell, species].

    Red, black on the way down; black, red on the way up: the cycle is then symmetric but for the
    transfers. before, after: factors that bring r to about 1, and the result back.
    """
    last = levels.shape[0] - 1
    t = (m, dim, levels, parent, other, W, first, inverse, K, b, x, total)
    everywhere(PACK, 0, 0, *t, r, before)
    for l in range(last):
        everywhere(ZERO, 0, l, *t, r, before)
        everywhere(RELAX, 1, l, *t, r, before)
        everywhere(RESTRICT, 0, l, *t, r, before)
    everywhere(ZERO, 0, last, *t, r, before)
    for l in range(last - 1, -1, -1):
        everywhere(PROLONG, 0, l, *t, r, before)
        everywhere(RELAX, 1, l, *t, r, before)
        everywhere(RELAX, 0, l, *t, r, before)
    everywhere(UNPACK, 0, 0, *t, z, after)


v_cycle = njit(cache=True, error_model="numpy")(_v_cycle)
