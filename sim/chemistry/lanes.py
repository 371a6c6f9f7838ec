"""The Newton kernel of `speciation`, for LANES fluids at once, one in each lane of wide registers.

A `Row` is one number of each of LANES fluids; it lives in registers, and its arithmetic is compiled
to packed instructions whatever the optimiser thinks of the loop around it. Without the compiler a
row is a NumPy array, and the kernels run as they stand. The equations are those of `speciation.py`;
the operations on rows are listed by `lane_program`, layout of the scratch in `layout`.

Differences from the scalar kernel, none of which moves the solution: the water activity enters the
other unknowns' steps one step late, and a lane that does not converge within a few steps is left to
the scalar kernel, by status UNFINISHED. What is called solved has passed the scalar kernel's own
test of the residuals.
"""

# ruff: noqa: E741  -- I is the ionic strength

from __future__ import annotations

import math
import operator

import numpy as np
from llvmlite import ir
from numba import prange, types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, overload, register_model

from sim.jit.kernel import kernel

LANES = 32
OK, UNFINISHED = 0, 1  # status of one lane

COLD = -690.0  # ln activity below which (or NaN) a component has no warm start
NOTHING = 1e-100  # mol/kgw; a smaller total counts as zero
SMALLEST_I = 1e-12  # mol/kgw
LARGEST_I = 1.0  # mol/kgw; beyond it the activity models may have several solutions
CONVERGED = 1e-13  # of the terms of each balance
LAST_STEP = 2e-6  # quadratic: what is left after a step this small is its square,
NEAR = 5e-13  # if then the balances agree so far
FEW = 3  # lanes that are left to the scalar kernel rather than waited for

SHORT = 0.1  # step in ln activity below which a short series is exact to rounding

LOG2_E = 1.0 / math.log(2.0)
LN2_HIGH, LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10  # ln 2; high has zeros at its end
ROUND = 1.5 * 2.0**52  # added and subtracted, it rounds to whole numbers
E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12 = (1.0 / math.factorial(n) for n in range(2, 13))


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
class _RowModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, DOUBLES)


@register_model(MaskType)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, BITS)


def _splat(builder, value, ty):
    """The same double in every lane, unless it is a row already."""
    if ty is ROW:
        return value
    one = builder.insert_element(ir.Constant(DOUBLES, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    order = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(DOUBLES, ir.Undefined), order)


def _define(op, result, emit, operand=ROW, other=types.float64):
    """Teach the compiler `op` for rows, or a row and a number."""

    class Template(AbstractTemplate):
        key = op

        def generic(self, args, kws):
            if operand in args and all(a in (operand, other) for a in args):
                return signature(result, *args)
            return None

    infer_global(op)(Template)
    for left in (operand, other):
        for right in (operand, other):
            if operand in (left, right):

                @lower_builtin(op, left, right)
                def _(context, builder, sig, args):
                    a, b = args
                    if operand is ROW:
                        a, b = (_splat(builder, v, t) for v, t in zip(args, sig.args, strict=True))
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


def _call(builder, name, rows):
    """An operation that LLVM has for rows under a name of its own."""
    kind = ir.FunctionType(DOUBLES, [DOUBLES] * len(rows))
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}f64")
    return builder.call(function, rows)


def _place(context, builder, array_type, array, at):
    data = context.make_array(array_type)(context, builder, array).data
    where = builder.gep(data, [at])
    return builder.bitcast(where, DOUBLES.as_pointer())


@intrinsic
def _load(typing, w, at):
    def emit(context, builder, sig, args):
        found = builder.load(_place(context, builder, sig.args[0], *args))
        found.align = 8
        return found

    return ROW(w, types.int64), emit


@intrinsic
def _store(typing, w, at, value):
    def emit(context, builder, sig, args):
        value = _splat(builder, args[2], sig.args[2])
        builder.store(value, _place(context, builder, sig.args[0], *args[:2])).align = 8
        return context.get_dummy_value()

    return types.void(w, types.int64, value), emit


@intrinsic
def _select(typing, mask, a, b):
    def emit(context, builder, sig, args):
        yes, no = (_splat(builder, v, t) for v, t in zip(args[1:], sig.args[1:], strict=True))
        return builder.select(args[0], yes, no)

    return ROW(mask, a, b), emit


@intrinsic
def _constant(typing, value):
    def emit(context, builder, sig, args):
        return _splat(builder, args[0], sig.args[0])

    return ROW(types.float64), emit


@intrinsic
def _fma(typing, a, b, c):
    def emit(context, builder, sig, args):
        rows = [_splat(builder, v, t) for v, t in zip(args, sig.args, strict=True)]
        return _call(builder, "fmuladd", rows)

    return ROW(a, b, c), emit


@intrinsic
def _less(typing, a, b, c):
    def emit(context, builder, sig, args):
        a, b, c = (_splat(builder, v, t) for v, t in zip(args, sig.args, strict=True))
        return _call(builder, "fmuladd", [builder.fneg(b), c, a])

    return ROW(a, b, c), emit


def _unary(name):
    @intrinsic
    def call(typing, a):
        def emit(context, builder, sig, args):
            return _call(builder, name, args)

        return ROW(a), emit

    return call


_sqrt, _fabs = _unary("sqrt"), _unary("fabs")


@intrinsic
def _count(typing, mask):
    def emit(context, builder, sig, args):
        bits = builder.bitcast(args[0], ir.IntType(LANES))
        return builder.zext(builder.ctpop(bits), ir.IntType(64))

    return types.int64(mask), emit


@intrinsic
def _scale(typing, p, t):
    """p times 2 to the whole number in the last digits of t: an addition to the exponent."""

    def emit(context, builder, sig, args):
        p, t = (builder.bitcast(a, INTEGERS) for a in args)
        shift = ir.Constant(INTEGERS, [52] * LANES)
        return builder.bitcast(builder.add(p, builder.shl(t, shift)), DOUBLES)

    return ROW(p, t), emit


@intrinsic
def _rough_log(typing, a):
    """ln to 0.03: the exponent and the digits after it, read as one number, are nearly log2."""

    def emit(context, builder, sig, args):
        bits = builder.sitofp(builder.bitcast(args[0], INTEGERS), DOUBLES)
        unit = _splat(builder, ir.Constant(ir.DoubleType(), math.log(2.0) / 2.0**52), None)
        zero = _splat(builder, ir.Constant(ir.DoubleType(), -(1023.0 - 0.043) * math.log(2.0)), None)
        return builder.fadd(builder.fmul(bits, unit), zero)

    return ROW(a), emit


def row(w, at):
    """The row of w that begins at `at`."""
    return w[at : at + LANES].copy()


def put(w, at, value):
    """Write a row, or one number into the whole row."""
    w[at : at + LANES] = value


def select(mask, a, b):
    """a where the mask holds, else b."""
    return np.where(mask, a, b)


def constant(value):
    """A row of one number."""
    return np.full(LANES, float(value))


def fma(a, b, c):
    """a b + c, rounded once where the machine can at no cost."""
    return a * b + c


def less(a, b, c):
    """a - b c, rounded once where the machine can at no cost."""
    return a - b * c


def root(a):
    """Square root."""
    return np.sqrt(a)


def size(a):
    """Absolute value."""
    return np.abs(a)


def count(mask):
    """Number of lanes in which the mask holds."""
    return int(np.count_nonzero(mask))


def scale(p, t):
    """p times 2 to the whole number in the last digits of t."""
    return (p.view(np.int64) + (t.view(np.int64) << np.int64(52))).view(np.float64)


def rough_log(a):
    """ln to 0.03; NaN and zero give something finite."""
    return a.view(np.int64) * (math.log(2.0) / 2.0**52) - (1023.0 - 0.043) * math.log(2.0)


overload(row)(lambda w, at: lambda w, at: _load(w, at))
overload(put)(lambda w, at, value: lambda w, at, value: _store(w, at, value))
overload(select)(lambda mask, a, b: lambda mask, a, b: _select(mask, a, b))
overload(constant)(lambda value: lambda value: _constant(value))
overload(fma)(lambda a, b, c: lambda a, b, c: _fma(a, b, c))
overload(less)(lambda a, b, c: lambda a, b, c: _less(a, b, c))
overload(root)(lambda a: lambda a: _sqrt(a))
overload(size)(lambda a: lambda a: _fabs(a))
overload(count)(lambda mask: lambda mask: _count(mask))
overload(scale)(lambda p, t: lambda p, t: _scale(p, t))
overload(rough_log)(lambda a: lambda a: _rough_log(a))


@kernel
def exponential(x):
    """exp of a row to 2e-16 for -700 < x < 700; NaN stays NaN."""
    t = fma(x, LOG2_E, ROUND)
    k = t - ROUND
    r = fma(k, -LN2_LOW, fma(k, -LN2_HIGH, x))
    p = fma(r, E12, E11)
    p = fma(p, r, E10)
    p = fma(p, r, E9)
    p = fma(p, r, E8)
    p = fma(p, r, E7)
    p = fma(p, r, E6)
    p = fma(p, r, E5)
    p = fma(p, r, E4)
    p = fma(p, r, E3)
    p = fma(p, r, E2)
    p = fma(p, r, 1.0)
    return scale(fma(p, r, 1.0), t)


@kernel
def short_exponential(x):
    """exp(x) - 1 of a row for |x| < SHORT, to 1e-17."""
    p = fma(x, E9, E8)
    p = fma(p, x, E7)
    p = fma(p, x, E6)
    p = fma(p, x, E5)
    p = fma(p, x, E4)
    p = fma(p, x, E3)
    p = fma(p, x, E2)
    return x * fma(p, x, 1.0)


@kernel
def layout(t):
    """Where in the scratch the rows begin, counted in doubles.

    X: nc + 2 unknowns; T: nc totals; DEAD: nc, 1 where a component is absent; G: activities, their
    inverses, and 1/gamma of each class, as `factor` and `chain` count them; M: ns molalities; nc each: F
    imbalances, S free, B and C the borders of A, V sums of nu m, P inverse pivots; OFF: entries of the
    factor; SLOPE: d ln gamma/dI of each family;
    STATE: converged (0 or 1), last step, sum of m, I of m, cold (0 or 1), the corner of A's border by I
    and by a_w's balance, 1/I; END.
    """
    nc, ns, n_off, n_family, n_g = t[3].size, t[0].size, t[14].size, t[4].shape[0], t[25]
    X = 0
    T = X + (nc + 2) * LANES
    DEAD = T + nc * LANES
    G = DEAD + nc * LANES
    M = G + n_g * LANES
    F = M + ns * LANES
    S = F + (nc + 1) * LANES
    B = S + (nc + 1) * LANES
    C = B + (nc + 1) * LANES
    V = C + (nc + 1) * LANES
    P = V + (nc + 1) * LANES
    OFF = P + (nc + 1) * LANES
    SLOPE = OFF + n_off * LANES
    STATE = SLOPE + n_family * LANES
    return X, T, DEAD, G, M, F, S, B, C, V, P, OFF, SLOPE, STATE, STATE + 8 * LANES


@kernel
def weighted(w, M, i, sum_ptr, sum_at, sum_coef):
    """Row i of the sums over the species."""
    found = constant(0.0)
    for q in range(sum_ptr[i], sum_ptr[i + 1]):
        found = fma(row(w, M + sum_at[q] * LANES), sum_coef[q], found)
    return found


@kernel
def coefficients(w, t):
    """1/gamma of every class and d(ln gamma)/dI of every family, at the I of w."""
    family, chain = t[4], t[5]
    nc = t[3].size
    X, _, _, G, _, _, _, _, _, _, _, _, SLOPE, STATE, _ = layout(t)
    I = row(w, X + nc * LANES)
    r = root(I)
    inverse = 1.0 / r
    put(w, STATE + 7 * LANES, inverse * inverse)
    for f in range(family.shape[0]):
        slope = constant(family[f, 2])
        ln_gamma = I * slope
        if family[f, 1] != 0.0:
            q = 1.0 / fma(r, family[f, 0], 1.0)
            az2q = q * family[f, 1]
            slope = less(slope, 0.5 * az2q * q, inverse)
            ln_gamma = less(ln_gamma, az2q, r)
        put(w, SLOPE + f * LANES, slope)
        put(w, G + int(family[f, 4]) * LANES, exponential(0.0 - ln_gamma))
    for i in range(chain.shape[0]):
        put(
            w,
            G + chain[i, 0] * LANES,
            row(w, G + chain[i, 1] * LANES) * row(w, G + chain[i, 2] * LANES),
        )


@kernel
def evaluate(w, fresh, t):
    """Molalities of all species at the unknowns of w; fresh: G has no activities from `advance`."""
    K, factor_ptr, factor, inverse = t[0], t[1], t[2], t[3]
    nc = inverse.size
    X, _, DEAD, G, M, _, _, _, _, _, _, _, _, _, _ = layout(t)
    for k in range(nc):
        if fresh:
            a = exponential(row(w, X + k * LANES)) * (1.0 - row(w, DEAD + k * LANES))
            put(w, G + k * LANES, a)
        if inverse[k] == 1:
            a = row(w, G + k * LANES)
            dead = row(w, DEAD + k * LANES)
            put(w, G + (nc + k) * LANES, (1.0 - dead) / (a + dead))
    aw = exponential(row(w, X + (nc + 1) * LANES))
    put(w, G + 2 * nc * LANES, aw)
    put(w, G + (2 * nc + 1) * LANES, 1.0 / aw)
    coefficients(w, t)
    for j in range(K.size):
        p = row(w, G + factor[factor_ptr[j]] * LANES) * K[j]
        for i in range(factor_ptr[j] + 1, factor_ptr[j + 1]):
            p = p * row(w, G + factor[i] * LANES)
        put(w, M + j * LANES, p)


@kernel
def balance(w, is_fixed, t, last_step, near, converged):
    """Imbalances F and borders B, C; returns how many lanes pass the test of the residuals."""
    nc, nf = is_fixed.size, t[4].shape[0]
    family, sum_ptr, sum_at, sum_coef, sum_times = t[4], t[8], t[9], t[10], t[11]
    n_off, aw_slope = t[14].size, t[23]
    X, T, DEAD, G, M, F, _, B, C, V, _, _, SLOPE, STATE, _ = layout(t)
    at = nc * nf + 2 * nc + n_off  # of the sums by family
    I = row(w, X + nc * LANES)
    sum_m = constant(0.0)
    I_of_m = constant(0.0)
    d = constant(1.0)
    u = constant(0.0)
    for f in range(nf):
        once = constant(0.0)  # sums of m, t m and t^2 m, t the multiple of ln gamma
        twice = constant(0.0)
        for n in range(sum_ptr[at + f], sum_ptr[at + f + 1]):
            m = row(w, M + sum_at[n] * LANES)
            sum_m = sum_m + m
            once = fma(m, sum_times[n, 0], once)
            twice = fma(m, sum_times[n, 1], twice)
        slope = row(w, SLOPE + f * LANES)
        half = 0.5 * family[f, 3]
        I_of_m = fma(once, half, I_of_m)
        d = fma(twice * half, slope, d)
        u = less(u, once, slope)
    put(w, STATE + 2 * LANES, sum_m)
    put(w, STATE + 3 * LANES, I_of_m)
    put(w, STATE + 5 * LANES, d)
    put(w, STATE + 6 * LANES, u)
    tolerance = select(row(w, STATE + LANES) < last_step, constant(near), converged)
    good = size(I - I_of_m) <= tolerance * (I + I_of_m)
    aw = row(w, G + 2 * nc * LANES)
    good = good & (size(fma(sum_m, aw_slope, aw - 1.0)) <= tolerance)
    for k in range(nc):
        if is_fixed[k] == 1:
            for to in (F, V, B, C):
                put(w, to + k * LANES, 0.0)
            continue
        s = constant(0.0)
        b = s
        c = s
        for f in range(nf):
            i = k * nf + f
            if sum_ptr[i] != sum_ptr[i + 1]:
                q = constant(0.0)  # sum of nu m times the family's multiple
                for n in range(sum_ptr[i], sum_ptr[i + 1]):
                    m = row(w, M + sum_at[n] * LANES)
                    s = fma(m, sum_coef[n], s)
                    q = fma(m, sum_times[n, 0], q)
                b = less(b, row(w, SLOPE + f * LANES), q)
                c = fma(q, -0.5 * family[f, 3], c)
        put(w, V + k * LANES, s)
        put(w, B + k * LANES, b)
        put(w, C + k * LANES, c)
        total = row(w, T + k * LANES)
        off = (s - total) * (1.0 - row(w, DEAD + k * LANES))
        put(w, F + k * LANES, off)
        s = s + size(total)
        i = nc * nf + k
        if sum_ptr[i] != sum_ptr[i + 1]:
            s = s + weighted(w, M, i, sum_ptr, sum_at, sum_coef)
        good = good & (size(off) <= tolerance * s)
    put(w, STATE, select(good, constant(1.0), 0.0))
    return count(good)


@kernel
def factorise(w, y, z, is_fixed, t):
    """Factors of A, the component block; the rows at y and z become A^-1 y and A^-1 z.

    A = L D L^T; OFF holds L D and P holds D^-1, so that each entry is stored once, when it is complete:
    stores are dearer than products.
    """
    nc, nf = is_fixed.size, t[4].shape[0]
    sum_ptr, sum_at, sum_coef, step, step_ptr, off_comp = t[8], t[9], t[10], t[12], t[13], t[14]
    row_ptr, rows, up_ptr, ups = t[15], t[16], t[17], t[18]
    _, _, DEAD, _, M, _, _, _, _, V, P, OFF, _, _, _ = layout(t)
    first = nc * nf + nc
    for n in range(nc):
        k = step[n]
        if is_fixed[k] == 1:
            pivot = constant(1.0)
        elif sum_ptr[first + k] != sum_ptr[first + k + 1]:
            pivot = weighted(w, M, first + k, sum_ptr, sum_at, sum_coef) + row(w, DEAD + k * LANES)
        else:
            pivot = row(w, V + k * LANES) + row(w, DEAD + k * LANES)
        # A complex that holds all of two components leaves a pivot of rounding size.
        floor = pivot * 1e-16
        a = row(w, y + k * LANES)
        b = row(w, z + k * LANES)
        for i in range(row_ptr[n], row_ptr[n + 1]):
            v = row(w, OFF + rows[i, 0] * LANES)
            j = rows[i, 1] * LANES
            pivot = less(pivot, v * row(w, P + j), v)
            a = less(a, v, row(w, y + j))
            b = less(b, v, row(w, z + j))
        inverse = 1.0 / select(pivot > floor, pivot, floor + 1e-300)
        put(w, P + k * LANES, inverse)
        put(w, y + k * LANES, a * inverse)
        put(w, z + k * LANES, b * inverse)
        for p in range(step_ptr[n], step_ptr[n + 1]):
            if is_fixed[k] == 1 or is_fixed[off_comp[p]] == 1:
                put(w, OFF + p * LANES, constant(0.0))
                continue
            v = weighted(w, M, first + nc + p, sum_ptr, sum_at, sum_coef)
            for i in range(up_ptr[p], up_ptr[p + 1]):
                l = row(w, OFF + ups[i, 0] * LANES) * row(w, P + ups[i, 2] * LANES)
                v = less(v, l, row(w, OFF + ups[i, 1] * LANES))
            put(w, OFF + p * LANES, v)
    for back in range(nc):
        n = nc - 1 - back
        if step_ptr[n] != step_ptr[n + 1]:
            a = constant(0.0)
            b = constant(0.0)
            for p in range(step_ptr[n], step_ptr[n + 1]):
                v = row(w, OFF + p * LANES)
                a = fma(v, row(w, y + off_comp[p] * LANES), a)
                b = fma(v, row(w, z + off_comp[p] * LANES), b)
            k = step[n] * LANES
            inverse = row(w, P + k)
            put(w, y + k, less(row(w, y + k), a, inverse))
            put(w, z + k, less(row(w, z + k), b, inverse))


@kernel
def substitute(w, y, t):
    """A^-1 of the rows at y, in place, after `factorise`."""
    step, step_ptr, off_comp, row_ptr, rows = t[12], t[13], t[14], t[15], t[16]
    _, _, _, _, _, _, _, _, _, _, P, OFF, _, _, _ = layout(t)
    for n in range(step.size):
        k = step[n] * LANES
        a = row(w, y + k)
        for i in range(row_ptr[n], row_ptr[n + 1]):
            a = less(a, row(w, OFF + rows[i, 0] * LANES), row(w, y + rows[i, 1] * LANES))
        put(w, y + k, a * row(w, P + k))
    for back in range(step.size):
        n = step.size - 1 - back
        k = step[n] * LANES
        a = constant(0.0)
        for p in range(step_ptr[n], step_ptr[n + 1]):
            a = fma(row(w, OFF + p * LANES), row(w, y + off_comp[p] * LANES), a)
        put(w, y + k, less(row(w, y + k), a, row(w, P + k)))


@kernel
def advance(w, is_fixed, t):
    """One Newton step of every lane, no longer than 3 in any ln activity; whether to evaluate afresh.

    Left out are the terms by which a_w enters the balances: those of H2O taken up, of relative order
    0.02 m. They slow the last digits of a_w only, and the test of the residuals counts them.
    """
    nc, aw_slope = t[3].size, t[23]
    X, _, _, G, _, F, _, B, C, V, _, _, _, STATE, _ = layout(t)
    factorise(w, F, B, is_fixed, t)
    I = row(w, X + nc * LANES)
    d = row(w, STATE + 5 * LANES)
    u = row(w, STATE + 6 * LANES)
    aw = row(w, G + 2 * nc * LANES)
    r1 = row(w, STATE + 3 * LANES) - I
    r2 = 0.0 - row(w, STATE + 2 * LANES)
    for k in range(nc):
        c = row(w, C + k * LANES)
        b = row(w, B + k * LANES)
        y = row(w, F + k * LANES)
        d = less(d, c, b)
        r1 = fma(c, y, r1)
        v = row(w, V + k * LANES)
        u = less(u, v, b)
        r2 = fma(v, y, r2)
    # Beyond a fold of the activity model (scalar `border`) there is no step: NaN ends the lane.
    dI = r1 / select(d > 1e-3, d, math.nan)
    dL = (1.0 - aw + less(r2, u, dI) * aw_slope) * row(w, G + (2 * nc + 1) * LANES)
    step = size(dL)
    for k in range(nc):
        y = fma(row(w, B + k * LANES), dI, row(w, F + k * LANES))  # the step down
        step = select(size(y) > step, size(y), step)
    damp = constant(1.0)
    short = count(step < SHORT) == LANES
    if count(step <= 3.0) < LANES:
        damp = select(step > 3.0, 3.0 / step, 1.0)
    for k in range(nc):
        y = 0.0 - fma(row(w, B + k * LANES), dI, row(w, F + k * LANES))
        put(w, X + k * LANES, fma(y, damp, row(w, X + k * LANES)))
        if short:
            a = row(w, G + k * LANES)
            put(w, G + k * LANES, fma(a, short_exponential(y), a))
    least = I * 0.2 + SMALLEST_I
    new = fma(dI, damp, I)
    put(w, X + nc * LANES, select(new < least, least, new))
    L = fma(dL, damp, row(w, X + (nc + 1) * LANES))
    L = select(L > 0.0, 0.0, L)
    put(w, X + (nc + 1) * LANES, select(L < -2.0, -2.0, L))
    change = size(dI) * row(w, STATE + 7 * LANES)
    put(w, STATE + LANES, select(change > step, change, step))
    return not short


@kernel
def guess(w, cold, is_fixed, t):
    """First unknowns of the cold lanes: no partners but H+, at the pH where the acidity then balances."""
    K, factor_ptr, factor = t[0], t[1], t[2]
    guess_ptr, guess_at, guess_power, h, half_z2 = t[19], t[20], t[21], t[22], t[24]
    nc = is_fixed.size
    X, T, DEAD, G, M, F, S, B, C, V, P, OFF, SLOPE, STATE, _ = layout(t)
    I = row(w, X + nc * LANES)
    guessed = constant(SMALLEST_I)
    for k in range(nc):
        if k != h and is_fixed[k] == 0:
            guessed = guessed + row(w, T + k * LANES) * half_z2[k]
    guessed = select(guessed > 0.5, 0.5, guessed)
    put(w, X + nc * LANES, select(cold, guessed, I))
    put(w, X + (nc + 1) * LANES, select(cold, 0.0, row(w, X + (nc + 1) * LANES)))
    coefficients(w, t)
    for i in range(guess_at.size):
        j = guess_at[i]
        put(w, M + j * LANES, row(w, G + factor[factor_ptr[j + 1] - 1] * LANES) * K[j])
    xh = row(w, X + h * LANES)
    low = constant(-46.0)
    high = constant(5.0)
    tries = 1 if is_fixed[h] == 1 else 12
    for _ in range(tries):
        if is_fixed[h] == 0:
            xh = 0.5 * (low + high)
        a = exponential(xh)
        inverse = 1.0 / a
        acidity = 0.0 - row(w, T + h * LANES)
        for k in range(nc + 1):
            v = constant(0.0)
            s = constant(0.0)
            any_power = False
            for i in range(guess_ptr[k], guess_ptr[k + 1]):
                q = row(w, M + guess_at[i] * LANES)
                power = guess_power[i]
                for _ in range(power):
                    q = q * a
                for _ in range(-power):
                    q = q * inverse
                v = v + q
                if power != 0:
                    any_power = True
                    s = s + q * float(power)
            if k == nc:
                acidity = acidity + s
            elif k != h and is_fixed[k] == 0:
                put(w, F + k * LANES, v)
                if any_power:
                    acidity = acidity + row(w, T + k * LANES) * s / v
        above = acidity > 0.0
        high = select(above, xh, high)
        low = select(above, low, xh)
    for k in range(nc):
        if k != h and is_fixed[k] == 0:
            x = rough_log(row(w, T + k * LANES)) - rough_log(row(w, F + k * LANES))
            x = select(row(w, DEAD + k * LANES) > 0.5, 0.0, x)
            put(w, X + k * LANES, select(cold, x, row(w, X + k * LANES)))
    if is_fixed[h] == 0:
        put(w, X + h * LANES, select(cold, xh, row(w, X + h * LANES)))


@kernel
def prepare(w, is_fixed, t):
    """Mark absent components and, in `STATE`, cold lanes; returns how many are warm."""
    nc, h = is_fixed.size, t[22]
    X, T, DEAD, _, _, _, _, _, _, _, _, _, _, STATE, _ = layout(t)
    I = row(w, X + nc * LANES)
    L = row(w, X + (nc + 1) * LANES)
    one = constant(1.0)
    warm = (I >= SMALLEST_I) & (L <= 0.0) & (L > -2.0)
    for k in range(nc):
        put(w, DEAD + k * LANES, 0.0)
        if is_fixed[k] == 0:
            x = row(w, X + k * LANES)
            good = (x > COLD) & (x < 50.0)
            if k != h:
                total = row(w, T + k * LANES)
                absent = (total >= 0.0) & (total < NOTHING)
                put(w, DEAD + k * LANES, select(absent, one, 0.0))
                put(w, X + k * LANES, select(absent, 0.0, x))
                good = good | absent
            warm = warm & good
    put(w, STATE + 4 * LANES, select(warm, 0.0, one))
    return count(warm)


@kernel
def check(w, is_fixed, t):
    """Withdraw the state of lanes whose totals are out of bounds or whose solution may be one of several.

    Absent components get x = -inf. Returns how many lanes are left.
    """
    nc, h = is_fixed.size, t[22]
    X, T, DEAD, _, _, _, _, _, _, _, _, _, _, STATE, _ = layout(t)
    good = (row(w, STATE) > 0.5) & (row(w, X + nc * LANES) <= LARGEST_I)
    for k in range(nc):
        x = row(w, X + k * LANES)
        good = good & (x > COLD) & (x < (-COLD if is_fixed[k] == 1 else 50.0))
        if is_fixed[k] == 0:
            total = row(w, T + k * LANES)
            good = good & (size(total) < 1e3)
            if k != h:
                good = good & (total >= 0.0)
            put(w, X + k * LANES, select(row(w, DEAD + k * LANES) > 0.5, -math.inf, x))
    put(w, STATE, select(good, row(w, STATE), 0.0))
    return count(good)


@kernel
def solve_rows(w, is_fixed, t, last_step, near, converged):
    """Solve the LANES fluids whose totals and warm start are in w; returns how many are solved.

    In `STATE` 1 tells which. The others have failed or take longer than most, and are left to the scalar
    kernel, whose cold start is safe. All lanes step together; one that is done stays where it is to
    rounding, and is tested again each time. last_step, near, converged: LAST_STEP,
    NEAR and CONVERGED, or less.
    """
    STATE = layout(t)[13]
    patience, limit = 7, 12
    if prepare(w, is_fixed, t) < LANES:
        guess(w, row(w, STATE + 4 * LANES) > 0.5, is_fixed, t)
        patience, limit = 20, 30
    put(w, STATE + LANES, 1.0)
    fresh = True
    for n in range(limit):
        evaluate(w, fresh, t)
        good = balance(w, is_fixed, t, last_step, near, converged)
        if good == LANES or n == limit - 1 or (n >= patience and good > LANES - FEW):
            break
        fresh = advance(w, is_fixed, t)
    return check(w, is_fixed, t)


@kernel
def log_gammas(w, t):
    """ln gamma of every class into the rows of 1/gamma."""
    family, class_family, class_times = t[4], t[6], t[7]
    nc = t[3].size
    X, _, _, G, _, _, _, _, _, _, _, _, _, _, _ = layout(t)
    I = row(w, X + nc * LANES)
    r = root(I)
    for c in range(class_family.size):
        f = class_family[c]
        q = family[f, 1] * r / fma(r, family[f, 0], 1.0)
        put(w, G + (2 * nc + 2 + c) * LANES, (I * family[f, 2] - q) * class_times[c])


@kernel(parallel=True)
def solve_blocks(totals, is_fixed, x, m, lng, work, status, *t):
    """`speciation.solve_many` in lanes, but for the rows it leaves: their status is UNFINISHED.

    totals: (n, nc), x: (n, nc + 2), m and lng: (n, ns), status: (n,) as there, n > 0
    work: (chunks, end of the `layout`); blocks of LANES rows are shared out over the chunks
    """
    n, nc = totals.shape
    ns = m.shape[1]
    gclass = t[26]
    blocks = (n + LANES - 1) // LANES
    chunks = work.shape[0]
    for chunk in prange(chunks):
        w = work[chunk]
        X, T, _, G, M, _, _, _, _, _, _, _, _, STATE, _ = layout(t)
        for block in range(chunk * blocks // chunks, (chunk + 1) * blocks // chunks):
            begin = block * LANES
            for l in range(LANES):
                i = min(begin + l, n - 1)  # the last block repeats the last fluid
                for k in range(nc):
                    w[T + k * LANES + l] = totals[i, k]
                for k in range(nc + 2):
                    w[X + k * LANES + l] = x[i, k]
            solve_rows(w, is_fixed, t, LAST_STEP, NEAR, CONVERGED)
            log_gammas(w, t)
            for l in range(min(LANES, n - begin)):
                i = begin + l
                status[i] = OK if w[STATE + l] > 0.5 else UNFINISHED
                for k in range(nc + 2):
                    x[i, k] = w[X + k * LANES + l]
                for j in range(ns):
                    m[i, j] = w[M + j * LANES + l]
                    lng[i, j] = w[G + (2 * nc + 2 + gclass[j]) * LANES + l]
