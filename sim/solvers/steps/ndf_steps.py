"""The steps of `ndf`: written once, run twice.

Backward differences at a quasi-constant step, orders 1-5, kappa-modified BDF: Shampine & Reichelt 1997 (The
MATLAB ODE suite, SIAM J. Sci. Comput. 18:1). Newton's matrix is taken anew whenever it is factored, for a
Jacobian costs less than the iterations that an old one asks for; and the rate at which the iteration last
converged is remembered, so that one iteration is enough where it converges fast.

The functions here touch the state only through the operations they import. As they stand, these
are the ones of `on_threads`: numpy and compiled kernels, shared out to threads, for planes, boxes
and very long lines. `compiled` compiles the same functions against the operations of `on_a_line`,
so that a line of cells is integrated without Python between its kernels.

So the rules of this file are: operations come by one import from `on_threads`; below it only functions and
constants; no classes, no keywords, nothing that numba lacks. `w` is the Shared or the Line, `now` the
record of its numbers (ndf_state).
"""

import numpy as np

from sim.solvers.steps.ndf_state import DONE, GOING, GROW_MOST, TOO_SHORT
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
NEWTON_ERROR = 0.02  # what an iteration may leave, of the error that a step is allowed
# Rates that a first iteration is taken to have. A linear solver that stops at 10 % makes no better one, and
# on lines to believe in less saves work and loosens the tolerance by as much.
FASTEST, SLOWEST = 0.1, 0.9
SHRINK_MOST = 0.2
# Growth of a step after Newton's method has failed, and of that growth with each step chosen since: to try at
# once what has just failed costs as many failures as there are halvings back.
CAUTIOUS = 2.0
# Steps that fell below zero by more than the absolute tolerance and were done again, at most.
MAX_REJECTIONS = 100


def march(w, steps):
    """Take up to `steps` steps, outputs on the way: GOING, DONE or TOO_SHORT. Fewer where Newton's method has
    failed as often as there is patience for."""
    now = w.now[0]
    if now.order == 0:
        begin(w, now.h)
    for _ in range(steps):
        if not now.t < now.end:
            return DONE
        if not step(w):
            return GOING if now.failures >= now.patience else TOO_SHORT
        now.steps += 1
        while now.kept < w.times.size and w.times[now.kept] <= now.t:
            if w.times[now.kept] < now.t:
                between(w, w.times[now.kept])
                keep(w, w.dy)
            else:
                keep(w, w.D[0])
    return GOING if now.t < now.end else DONE


def keep(w, y):
    """An output; it may lie lower than both ends of its step."""
    now = w.now[0]
    out = w.outputs[now.kept]
    for i in range(out.size):
        out[i] = y[i]
    now.kept += 1
    size, species = lowest(w, y)
    watch(w, size, species)


def watch(w, size, species):
    """Note the largest undershoot, in absolute tolerances."""
    now = w.now[0]
    if size > now.worst:
        now.worst = size
        now.worst_species = species


def between(w, t):
    """The solution within the last step, into w.dy."""
    now = w.now[0]
    order = now.order
    weight = np.ones(MAX_ORDER + 1)
    for j in range(1, order + 1):
        weight[j] = weight[j - 1] * ((t - now.t) / now.h + j - 1) / j
    interpolate(w, order, weight)


def evaluate(w, t, y, out):
    """The right-hand side; UNSOLVED tells whether a kernel found no solution in some cell."""
    now = w.now[0]
    now.rhs += 1
    now.unsolved = rhs(w, t, y, out)


def norm(w, v):
    """Root mean square in units of the tolerances."""
    now = w.now[0]
    return np.sqrt(square(w, v) / now.unknowns)


def begin(w, h):
    """Start at order 1 from D[0] with its derivative in f."""
    now = w.now[0]
    now.h = h
    now.factored = now.rate = np.nan
    now.order, now.equal = 1, 0
    start(w, h)


def step(w):
    """One accepted step; False when it became too short to be one, or patience came to its end."""
    now = w.now[0]
    while True:
        if not now.h > 10.0 * np.spacing(abs(now.t)) + 1e-24 * now.span:  # NaN is too short as well
            return False
        stop = next_stop(w)
        if stop < now.end and stop - now.t < 2.0 * now.h and now.t + now.h < stop - 1e-12 * now.h:
            resize(w, 0.5 * (stop - now.t) / now.h)  # two equal steps, not a long one and a sliver
        last = now.t + now.h >= stop - 1e-12 * now.h
        if now.t + now.h > stop:
            resize(w, (stop - now.t) / now.h)
        t = stop if last else now.t + now.h
        order = now.order
        predict(w, order, GAMMA / ALPHA[order])
        iterations = newton(w, t, now.h / ALPHA[order])
        if iterations == 0:
            now.failures += 1
            now.growth = CAUTIOUS
            resize(w, 0.5)
            if now.failures >= now.patience:
                return False
            continue
        safety = 0.9 * (2 * NEWTON_ITERATIONS + 1) / (2 * NEWTON_ITERATIONS + iterations)
        error = ERROR[order] * norm(w, w.d)
        if error > 1.0:
            now.errors += 1
            resize(w, max(SHRINK_MOST, safety * error ** (-1.0 / (order + 1))))
            continue
        size, species = lowest(w, w.y)
        # What begins below zero may come back in its own time.
        if size > max(1.0, 2.0 * now.below) and now.rejected < MAX_REJECTIONS:
            # Error control knows no sign. First order and short steps keep it through whatever just
            # ran out.
            now.rejected += 1
            evaluate(w, now.t, w.D[0], w.f)
            begin(w, 0.1 * now.h)
            continue
        break
    lower, higher = accept(w, order)
    now.t = t
    now.equal += 1
    watch(w, size, species)
    now.below = size
    if now.equal > order:
        choose(w, order, error, lower, higher, safety)
    return True


def next_stop(w):
    """Where a step must end at the latest: the next turn of what follows a course, or the end."""
    now = w.now[0]
    while now.turn < w.turns.size and w.turns[now.turn] <= now.t:
        now.turn += 1
    return w.turns[now.turn] if now.turn < w.turns.size else now.end


def newton(w, t, c):
    """Solve d = c f(t, y) - psi for y = prediction + d: iterations, 0 when there is no solution. A matrix of
    an earlier step gets a second chance with one of this step."""
    now = w.now[0]
    for _ in range(2):
        old = now.factored == c
        iterations = iterate(w, t, c)
        if iterations > 0:
            return iterations
        now.factored = now.rate = np.nan
        if not old:
            return 0
        predict(w, now.order, GAMMA / ALPHA[now.order])
    return 0


def iterate(w, t, c):
    """Newton's iterations with the matrix at hand, or a new one: how many, 0 when they do not converge."""
    now = w.now[0]
    tolerance = max(now.rounding, NEWTON_ERROR / ERROR[now.order])
    before = -1.0  # not known
    for i in range(NEWTON_ITERATIONS):
        evaluate(w, t, w.y, w.f)
        if now.factored != c and not renew(w, t, c):
            return 0
        now.iterations += 1
        residual(w, c)
        solve(w)
        size = np.sqrt(advance(w) / now.unknowns)
        if not np.isfinite(size) or now.unsolved != 0:
            return 0
        rate = -1.0
        if before > 0.0:
            rate = now.rate = size / before
            left = NEWTON_ITERATIONS - i
            if rate >= 1.0 or rate**left / (1.0 - rate) * size > tolerance:
                return 0
        elif now.rate >= 0.0:
            rate = min(SLOWEST, max(now.rate, FASTEST))
        if size == 0.0 or (rate >= 0.0 and rate / (1.0 - rate) * size < tolerance):
            return i + 1
        before = size
    return 0


def renew(w, t, c):
    """The Jacobian at (t, y), and the factors of Newton's matrix; False when that is singular."""
    now = w.now[0]
    now.jacobians += 1
    now.factorisations += 1
    linearise(w, t)
    if not factor(w, c):
        now.singular += 1
        now.singular_at = c
        return False
    now.factored, now.singular_at = c, np.nan
    return True


def resize(w, change):
    """Another step length: differences of the same polynomial at the new spacing."""
    now = w.now[0]
    now.h *= change
    if change != 1.0:
        rescale(w, now.order, step_matrix(now.order, change))
    now.equal = 0


def choose(w, order, error, lower, higher, safety):
    """Order and step by what orders -1, 0, +1 would have erred; their sums of squares are given."""
    now = w.now[0]
    errors = np.full(3, np.inf)
    errors[1] = error
    if order > 1:
        errors[0] = abs(ERROR[order - 1]) * np.sqrt(lower / now.unknowns)
    if order < MAX_ORDER:
        errors[2] = abs(ERROR[order + 1]) * np.sqrt(higher / now.unknowns)
    best, most = 0, -1.0
    for j in range(3):
        growth = np.inf if errors[j] == 0.0 else errors[j] ** (-1.0 / (order + j))
        if growth > most:
            best, most = j, growth
    now.order = order + best - 1
    resize(w, min(now.growth, safety * most))
    now.growth = min(GROW_MOST, CAUTIOUS * now.growth)


def step_matrix(order, change):
    """M with D(new step) = M D(old step): Shampine & Reichelt 1997, section 2.2, (R U)^T."""
    n = order + 1
    r, u, m = products(n, change), products(n, 1.0), np.zeros((MAX_ORDER + 1, MAX_ORDER + 1))
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
