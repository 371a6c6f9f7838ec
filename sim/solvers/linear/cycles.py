"""Kernels of the multigrid V-cycle: block Gauss-Seidel, transfers, inverses of small blocks.

Every vector has 8 numbers per cell, one lane per mobile species and zeros behind them, so one cell
is one SIMD register and a product of a block with a vector is `m` multiply-adds of registers. Numba
offers no such register, and its compiler does not find these by itself (4.8 times slower), hence
the few lines of LLVM below. All kernels are in one file: numba's cache sees only that.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import prange, types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

from sim.jit.kernel import kernel

LANES = 8
SMALL = 4096  # cells below which starting the threads takes longer than the sweep
CHUNKS = 64  # pieces that a level's rows are shared out in, whatever the number of threads
ROUNDING = 64 * float(np.finfo(float).eps)
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


class Tables(NamedTuple):
    """All levels of a hierarchy in flat arrays of float32 or float64 (`coarsening` fills them).

    Cells are counted through all levels, with a plane of zeros before and after each.
    """

    m: int  # species
    dim: int  # 2 or 3
    total: int  # cells in the flat arrays
    levels: np.ndarray  # (levels, 10): shape (3), first cell, starts in parent (3) and in first (3)
    parent: np.ndarray  # the coarse cell that holds a fine one, axis by axis
    other: np.ndarray  # the coarse cell on its other side; `parent` again where that is outside
    first: np.ndarray  # the first fine cell of each coarse one, axis by axis, and the number of cells
    inverse: np.ndarray  # [cell, column, lane] of the diagonal blocks
    K: np.ndarray  # [axis, cell, lane] conductance to the next cell, 0 where there is none; last axis first
    W: np.ndarray  # [axis, cell, lane] weight of `other` in interpolation
    b: np.ndarray  # [cell, lane]
    x: np.ndarray  # [cell, lane]


# These two take arrays, not Tables: handing those on cell by cell costs more than the arithmetic.
@kernel
def product(inverse, x, c, m):
    """x = inverse x in cell c."""
    i, j = LANES * m * c, LANES * c
    s = nothing(x)
    for k in range(m):
        s = add_times(s, load(inverse, i + LANES * k), x[np.uint64(j + k)])
    store(x, j, s)


@kernel
def inflow(s, c, K, x, n1, n2, dim, total):
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


@kernel
def invert(a, m):
    """Rows 0..m of a (17 x 8, flat) are a matrix, rows 8..8 + m the unit matrix, then the inverse.

    Gauss-Jordan with row exchanges. Returns 1 when a pivot is at the rounding of the largest entry
    of its column, which row 16 tells. What is loaded as lanes is never stored as single numbers
    in here: the processor would wait for those to reach its cache.
    """
    for p in range(m):
        row, size = p, abs(a[np.uint64(9 * p)])
        for i in range(p + 1, m):
            if abs(a[np.uint64(8 * i + p)]) > size:
                row, size = i, abs(a[np.uint64(8 * i + p)])
        if not (size > ROUNDING * a[np.uint64(128 + p)] and size < np.inf):
            return 1
        factor = 1.0 / a[np.uint64(8 * row + p)]
        left = add_times(nothing(a), load(a, 8 * row), factor)
        right = add_times(nothing(a), load(a, 64 + 8 * row), factor)
        if row != p:
            store(a, 8 * row, load(a, 8 * p))
            store(a, 64 + 8 * row, load(a, 64 + 8 * p))
        for i in range(m):
            f = -a[np.uint64(8 * i + p)]
            store(a, 8 * i, add_times(load(a, 8 * i), left, f))
            store(a, 64 + 8 * i, add_times(load(a, 64 + 8 * i), right, f))
        store(a, 8 * p, left)
        store(a, 64 + 8 * p, right)
    return 0


@kernel(parallel=True)
def fill(local, K, loss, n1, n2, at, total, scale, inverse, flat_K, bad, work):
    """Inverse diagonal blocks and K / scale of one level from local (n, m, m), K (n, axis, m), loss.

    n1, n2: cells on the last two axes; at, total, inverse, flat_K: as in Tables
    bad (rows,): 1 where a block is singular; work (rows, 136)
    """
    m, dim, unit = loss.shape[1], K.shape[1], 1.0 / scale  # a power of two
    for row in prange(bad.size):
        bad[row] = 0
        a = work[row]
        for k in range(n2):
            c = row * n2 + k
            for i in range(m):
                out = loss[c, i] + K[c, dim - 1, i] + K[c, dim - 2, i]
                flat_K[LANES * (at + c) + i] = K[c, dim - 1, i] * unit
                flat_K[LANES * (total + at + c) + i] = K[c, dim - 2, i] * unit
                if k > 0:
                    out += K[c - 1, dim - 1, i]
                if row % n1 > 0:
                    out += K[c - n2, dim - 2, i]
                if dim == 3:
                    out += K[c, 0, i]
                    flat_K[LANES * (2 * total + at + c) + i] = K[c, 0, i] * unit
                    if row >= n1:
                        out += K[c - n1 * n2, 0, i]
                a[128 + i] = 0.0
                for j in range(m):  # transposed: rows of the inverse are then the columns wanted
                    value = (local[c, i, j] + (out if i == j else 0.0)) * unit
                    a[8 * j + i] = value
                    a[64 + 8 * j + i] = 1.0 if i == j else 0.0
                    a[128 + i] = max(a[128 + i], abs(value))
            if invert(a, m) != 0:
                bad[row] = 1
            for j in range(m):
                start = LANES * (m * (at + c) + j)
                for i in range(m):
                    inverse[start + i] = a[64 + 8 * j + i]


@kernel
def relax_row(t, row, level, colour, from_zero):
    """Gauss-Seidel on the cells of one colour in a row; from_zero: their neighbours hold zero."""
    n1, n2, at = t.levels[level, 1], t.levels[level, 2], t.levels[level, 3]
    m, dim, total, inverse, K, b, x = t.m, t.dim, t.total, t.inverse, t.K, t.b, t.x
    for k in range((colour + row // n1 + row % n1) & 1, n2, 2):
        c = at + row * n2 + k
        s = load(b, LANES * c)
        if not from_zero:
            s = inflow(s, c, K, x, n1, n2, dim, total)
        store(x, LANES * c, s)
        product(inverse, x, c, m)


@kernel
def restrict_row(t, row, level):
    """A row of right-hand sides of the next level: sums of residuals of this one.

    After red from zero and then black the residual is zero on black cells, and on red ones what
    their black neighbours have given since.
    """
    n1, n2, at = t.levels[level, 1], t.levels[level, 2], t.levels[level, 3]
    c1, c2, coarse = t.levels[level + 1, 1], t.levels[level + 1, 2], t.levels[level + 1, 3]
    f0, f1, f2 = t.levels[level, 7] + row // c1, t.levels[level, 8] + row % c1, t.levels[level, 9]
    dim, total, first, K, b, x = t.dim, t.total, t.first, t.K, t.b, t.x
    for k in range(c2):
        s = nothing(x)
        for i0 in range(first[f0], first[f0 + 1]):
            for i1 in range(first[f1], first[f1 + 1]):
                for i2 in range(first[f2 + k], first[f2 + k + 1]):
                    if (i0 + i1 + i2) & 1 == 0:
                        s = inflow(s, at + (i0 * n1 + i1) * n2 + i2, K, x, n1, n2, dim, total)
        store(b, LANES * (coarse + row * c2 + k), s)


@kernel
def between(x, p, q, w):
    """x[p] (1 - w) + x[q] w; with p = q the outside, where x vanishes, stands for q."""
    a = load(x, LANES * p)
    if p == q:
        return minus(a, w, a)
    return add(minus(a, w, a), w, load(x, LANES * q))


@kernel
def prolong_row(t, row, level):
    """Add the (bi, tri)linear interpolation of the next level's x to the red cells of a row.

    The sweep that follows starts on black cells and does not look at what they hold.
    """
    n1, n2, at = t.levels[level, 1], t.levels[level, 2], t.levels[level, 3]
    c1, c2, coarse = t.levels[level + 1, 1], t.levels[level + 1, 2], t.levels[level + 1, 3]
    i0, i1, i2 = t.levels[level, 4] + row // n1, t.levels[level, 5] + row % n1, t.levels[level, 6]
    dim, total, parent, other, W, x = t.dim, t.total, t.parent, t.other, t.W, t.x
    pp = coarse + (parent[i0] * c1 + parent[i1]) * c2
    pq = coarse + (parent[i0] * c1 + other[i1]) * c2
    qp = coarse + (other[i0] * c1 + parent[i1]) * c2
    qq = coarse + (other[i0] * c1 + other[i1]) * c2
    for k in range((row // n1 + row % n1) & 1, n2, 2):
        c = at + row * n2 + k
        p, q = parent[i2 + k], other[i2 + k]
        w, w1 = load(W, LANES * c), load(W, LANES * (c + total))
        s = between(x, pp + p, pp + q, w)
        s = minus(s, w1, s)
        if pq != pp:
            s = add(s, w1, between(x, pq + p, pq + q, w))
        if dim == 3:
            w0 = load(W, LANES * (c + 2 * total))
            s = minus(s, w0, s)
            if qp != pp:
                u = between(x, qp + p, qp + q, w)
                u = minus(u, w1, u)
                if qq != qp:
                    u = add(u, w1, between(x, qq + p, qq + q, w))
                s = add(s, w0, u)
        store(x, LANES * c, plus(load(x, LANES * c), s))


@kernel
def copy_row(t, row, what, v, factor):
    """b = factor v or v = factor x on a row of the finest level; v: the caller's [cell, species]."""
    m, n2, at, b, x = t.m, t.levels[0, 2], t.levels[0, 3], t.b, t.x
    for c in range(row * n2, (row + 1) * n2):
        for k in range(m):
            if what == PACK:
                b[LANES * (at + c) + k] = v[c * m + k] * factor
            else:
                v[c * m + k] = x[LANES * (at + c) + k] * factor


@kernel
def work(t, what, colour, low, high, level, v, factor):
    """One operation on rows low..high of a level."""
    for row in range(low, high):
        if what == ZERO or what == RELAX:
            relax_row(t, row, level, colour, what == ZERO)
        elif what == RESTRICT:
            restrict_row(t, row, level)
        elif what == PROLONG:
            prolong_row(t, row, level)
        else:
            copy_row(t, row, what, v, factor)


@kernel(parallel=True)
def share(t, what, colour, rows, level, v, factor):
    """`work` on all rows of a level, in parallel. Rows of one operation do not depend on each other."""
    for chunk in prange(CHUNKS):
        work(t, what, colour, chunk * rows // CHUNKS, (chunk + 1) * rows // CHUNKS, level, v, factor)


@kernel
def everywhere(t, what, colour, level, v, factor):
    on = level + 1 if what == RESTRICT else level
    rows = t.levels[on, 0] * t.levels[on, 1]
    if rows * t.levels[on, 2] < SMALL:
        work(t, what, colour, 0, rows, level, v, factor)
    else:
        share(t, what, colour, rows, level, v, factor)


@kernel
def v_cycle(t, r, z, before, after):
    """z = one V(1,1) cycle from zero for r, both flat [cell, species].

    Red, black on the way down; black, red on the way up: the cycle is then symmetric but for the
    transfers. before, after: factors that bring r to about 1, and the result back.
    """
    last = t.levels.shape[0] - 1
    everywhere(t, PACK, 0, 0, r, before)
    for level in range(last):
        everywhere(t, ZERO, 0, level, r, before)
        everywhere(t, RELAX, 1, level, r, before)
        everywhere(t, RESTRICT, 0, level, r, before)
    everywhere(t, ZERO, 0, last, r, before)
    for level in range(last - 1, -1, -1):
        everywhere(t, PROLONG, 0, level, r, before)
        everywhere(t, RELAX, 1, level, r, before)
        everywhere(t, RELAX, 0, level, r, before)
    everywhere(t, UNPACK, 0, 0, z, after)
