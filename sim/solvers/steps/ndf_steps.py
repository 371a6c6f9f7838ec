"""The steps of `ndf`: written once, run twice.

Backward differences at a quasi-constant step, orders 1-5, kappa-modified BDF, Newton with a frozen
Jacobian: Shampine & Reichelt 1997 (The MATLAB ODE suite, SIAM J. Sci. Comput. 18:1).

The functions here touch the state only through the operations they import. As they stand, these
are the ones of `by_threads`: numpy and compiled kernels, shared out to threads, for planes, boxes
and very long lines. `compiled_steps` compiles this very text against the operations of `line`,
so that a line of cells is integrated without Python between its kernels. So: no classes, no
keywords, nothing that numba lacks; `w` is the Shared or the Line, `x` its reals, `k` its integers.
"""

import numpy as np

from sim.solvers.steps.on_threads import (
    accept,
    advance,
    factor,
    interpolate,
    linearise,
    lowest,
    predict,
    rescale,
    residual,
    rhs,
    solve,
    square,
    start,
)

MAX_ORDER = 5
KAPPA = np.array([0, -0.1850, -1 / 9, -0.0823, -0.0415, 0])  # table 1 there
GAMMA = np.hstack((np.zeros(1), np.cumsum(1 / np.arange(1, MAX_ORDER + 1))))
ALPHA = (1 - KAPPA) * GAMMA
ERROR = KAPPA * GAMMA + 1 / np.arange(1, MAX_ORDER + 2)
NEWTON_ITERATIONS = 4
SHRINK_MOST, GROW_MOST = 0.2, 10.0
# Steps that fell below zero by more than the absolute tolerance and were done again, at most.
MAX_REJECTIONS = 100

# Places in w.real: time, step, end, duration; tolerance of Newton; gamma of the factors (NaN: none yet) and
# gamma of the last singular matrix; the largest undershoot so far and that at the last step.
T, H, END, SPAN, TOLERANCE, FACTORED, SINGULAR_AT, WORST, BELOW = range(9)
# Places in w.whole: order, steps of equal length, whether J is of this step and known at all, outputs
# kept, species of the largest undershoot, unsolved cells; then what is counted.
ORDER, EQUAL, CURRENT, KNOWN, KEPT, WORST_SPECIES, UNSOLVED = range(7)
STEPS, RHS, JACOBIANS, FACTORISATIONS, ITERATIONS, REJECTED, ERRORS, FAILURES, SINGULAR = range(7, 16)
GOING, DONE, TOO_SHORT = range(3)


def march(w, steps):
    """Take up to `steps` steps, outputs on the way: GOING, DONE or TOO_SHORT."""
    x, k = w.real, w.whole
    if k[ORDER] == 0:
        begin(w, x[H])
    for _ in range(steps):
        if not x[T] < x[END]:
            return DONE
        if not step(w):
            return TOO_SHORT
        k[STEPS] += 1
        while k[KEPT] < w.times.size and w.times[k[KEPT]] <= x[T]:
            if w.times[k[KEPT]] < x[T]:
                between(w, w.times[k[KEPT]])
                keep(w, w.dy)
            else:
                keep(w, w.D[0])
    return GOING if x[T] < x[END] else DONE


def keep(w, y):
    """An output; it may lie lower than both ends of its step."""
    out = w.outputs[w.whole[KEPT]]
    for i in range(y.size):
        out[i] = y[i]
    w.whole[KEPT] += 1
    size, species = lowest(w, y)
    watch(w, size, species)


def watch(w, size, species):
    """Note the largest undershoot, in absolute tolerances."""
    if size > w.real[WORST]:
        w.real[WORST] = size
        w.whole[WORST_SPECIES] = species


def between(w, t):
    """The solution within the last step, into w.dy."""
    order = w.whole[ORDER]
    weight = np.ones(order + 1)
    for j in range(1, order + 1):
        weight[j] = weight[j - 1] * ((t - w.real[T]) / w.real[H] + j - 1) / j
    interpolate(w, order, weight)


def evaluate(w, t, y, out):
    """The right-hand side; UNSOLVED tells whether a kernel found no solution in some cell."""
    w.whole[RHS] += 1
    w.whole[UNSOLVED] = rhs(w, t, y, out)


def norm(w, v):
    """Root mean square in units of the tolerances."""
    return np.sqrt(square(w, v) / w.y.size)


def begin(w, h):
    """Start at order 1 from D[0] with its derivative in f."""
    w.real[H] = h
    w.real[FACTORED] = np.nan
    w.whole[ORDER], w.whole[EQUAL], w.whole[CURRENT] = 1, 0, 0
    start(w, h)
    w.whole[KNOWN] = 0


def step(w):
    """One accepted step; False when it became too short to be one."""
    x, k = w.real, w.whole
    k[CURRENT] = 0
    while True:
        if not x[H] > 10.0 * np.spacing(abs(x[T])) + 1e-24 * x[SPAN]:  # NaN is too short as well
            return False
        last = x[T] + x[H] >= x[END] - 1e-12 * x[H]
        if x[T] + x[H] > x[END]:
            resize(w, (x[END] - x[T]) / x[H])
        t = x[END] if last else x[T] + x[H]
        order = k[ORDER]
        predict(w, order, GAMMA / ALPHA[order])
        iterations = newton(w, t, x[H] / ALPHA[order])
        if iterations == 0:
            k[FAILURES] += 1
            resize(w, 0.5)
            k[CURRENT] = 0  # its J was taken at the end of a step that is no longer tried
            continue
        safety = 0.9 * (2 * NEWTON_ITERATIONS + 1) / (2 * NEWTON_ITERATIONS + iterations)
        error = ERROR[order] * norm(w, w.d)
        if error > 1.0:
            k[ERRORS] += 1
            resize(w, max(SHRINK_MOST, safety * error ** (-1.0 / (order + 1))))
            continue
        size, species = lowest(w, w.y)
        # What begins below zero may come back in its own time.
        if size > max(1.0, 2.0 * x[BELOW]) and k[REJECTED] < MAX_REJECTIONS:
            # Error control knows no sign. First order and short steps keep it through whatever just
            # ran out.
            k[REJECTED] += 1
            evaluate(w, x[T], w.D[0], w.f)
            begin(w, 0.1 * x[H])
            continue
        break
    lower, higher = accept(w, order)
    x[T] = t
    k[EQUAL] += 1
    watch(w, size, species)
    x[BELOW] = size
    if k[EQUAL] > order:
        choose(w, order, error, lower, higher, safety)
    return True


def newton(w, t, c):
    """Solve d = c f(t, y) - psi for y = prediction + d: iterations, 0 when there is no solution. A
    Jacobian that is not of this step gets a second chance with one that is."""
    k = w.whole
    for _ in range(2):
        iterations = iterate(w, t, c)
        if iterations > 0 or k[CURRENT] == 1:
            return iterations
        predict(w, k[ORDER], GAMMA / ALPHA[k[ORDER]])
        renew(w, t)
    return 0


def iterate(w, t, c):
    """Newton's iterations with the Jacobian at hand: how many, 0 when they do not converge."""
    x, k = w.real, w.whole
    before, rate = -1.0, -1.0  # not known
    for i in range(NEWTON_ITERATIONS):
        evaluate(w, t, w.y, w.f)
        if i == 0:
            if k[KNOWN] == 0:
                renew(w, t)
            if x[FACTORED] != c:
                k[FACTORISATIONS] += 1
                if not factor(w, c):
                    k[SINGULAR] += 1
                    x[SINGULAR_AT] = c
                    x[FACTORED] = np.nan
                    return 0
                x[FACTORED], x[SINGULAR_AT] = c, np.nan
        k[ITERATIONS] += 1
        residual(w, c)
        solve(w)
        size = np.sqrt(advance(w) / w.y.size)
        if before > 0.0:
            rate = size / before
        if not np.isfinite(size) or k[UNSOLVED] != 0:
            return 0
        left = NEWTON_ITERATIONS - i
        if rate >= 1.0 or (rate >= 0.0 and rate**left / (1.0 - rate) * size > x[TOLERANCE]):
            return 0
        if size == 0.0 or (rate >= 0.0 and rate / (1.0 - rate) * size < x[TOLERANCE]):
            return i + 1
        before = size
    return 0


def renew(w, t):
    """The Jacobian at (t, y)."""
    w.whole[JACOBIANS] += 1
    linearise(w, t)
    w.whole[CURRENT], w.whole[KNOWN] = 1, 1
    w.real[FACTORED] = np.nan


def resize(w, change):
    """Another step length: differences of the same polynomial at the new spacing."""
    w.real[H] *= change
    if change != 1.0:
        rescale(w, w.whole[ORDER], step_matrix(w.whole[ORDER], change))
    w.whole[EQUAL] = 0


def choose(w, order, error, lower, higher, safety):
    """Order and step by what orders -1, 0, +1 would have erred; their sums of squares are given."""
    errors = np.full(3, np.inf)
    errors[1] = error
    if order > 1:
        errors[0] = abs(ERROR[order - 1]) * np.sqrt(lower / w.y.size)
    if order < MAX_ORDER:
        errors[2] = abs(ERROR[order + 1]) * np.sqrt(higher / w.y.size)
    best, most = 0, -1.0
    for j in range(3):
        growth = np.inf if errors[j] == 0.0 else errors[j] ** (-1.0 / (order + j))
        if growth > most:
            best, most = j, growth
    w.whole[ORDER] = order + best - 1
    resize(w, min(GROW_MOST, safety * most))


def step_matrix(order, change):
    """M with D(new step) = M D(old step): Shampine & Reichelt 1997, section 2.2, (R U)^T."""
    n = order + 1
    r, u, m = products(n, change), products(n, 1.0), np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            for k in range(n):
                m[j, i] += r[i, k] * u[k, j]
    return m


def products(n, change):
    """R there: R[i, j] = prod over m = 1..i of (m - 1 - change j) / m."""
    r = np.zeros((n, n))
    for j in range(n):
        r[0, j] = 1.0
    for i in range(1, n):
        for j in range(1, n):
            r[i, j] = r[i - 1, j] * (i - 1 - change * j) / i
    return r
