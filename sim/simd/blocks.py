"""Kernels around the generated laws: cells in blocks of LANES, one row of a block per quantity.

Loops over lanes run along rows, W[k, lane], to `row.size`: of a short length known beforehand LLVM
makes 32 scalar lines, which it then fails to pack. None is cached alone: generated modules hold
copies of them, and the text of this file enters the key of their cache.
"""

from __future__ import annotations

from sim.jit.kernel import kernel

LANES = 32


@kernel(cache=False)
def load(source, first, W, row):
    """Columns of `source` (n, k) of LANES cells from `first` on into rows of W; the last cell repeats."""
    last = source.shape[0] - 1
    for lane in range(LANES):
        cell = source[min(first + lane, last)]
        for k in range(cell.size):
            W[row + k, lane] = cell[k]


@kernel(cache=False)
def store(W, row, first, target):
    """Rows of W into columns of `target` (n, k), for the cells that exist."""
    for lane in range(min(LANES, target.shape[0] - first)):
        cell = target[first + lane]
        for k in range(cell.size):
            cell[k] = W[row + k, lane]


@kernel(cache=False)
def combine(W, rates, stoichiometry, first, dy, work):
    """dy (n, s) = stoichiometry x rates; an invariant sums to zero at this very place."""
    row, column, value = stoichiometry.row, stoichiometry.column, stoichiometry.value
    work[:] = 0.0
    for e in range(row.size):
        to, rate, v = work[row[e]], W[rates + column[e]], value[e]
        for lane in range(to.size):
            to[lane] += v * rate[lane]
    store(work, 0, first, dy)


@kernel(cache=False)
def nudge(x, floor, sign, kept):
    """Move a row by 1e-7 of itself or of `floor`, up or down; `kept` (2, LANES) gets the old values and
    the inverse steps."""
    old, inverse = kept[0], kept[1]
    for lane in range(LANES):
        old[lane] = x[lane]
        x[lane] += sign * 1e-7 * max(abs(x[lane]), floor)
        inverse[lane] = 1.0 / (x[lane] - old[lane])


@kernel(cache=False)
def quotient(W, row, count, base, kept, D, at):
    """Rows at..at+count of D: (W - base) / step, and W back to base. Whether all are finite."""
    inverse = kept[1]
    sound = 0.0
    for k in range(count):
        w, b, d = W[row + k], base[k], D[at + k]
        for lane in range(d.size):
            d[lane] = (w[lane] - b[lane]) * inverse[lane]
            w[lane] = b[lane]
        for lane in range(LANES):
            sound += 0.0 * d[lane]
    return sound == 0.0


@kernel(cache=False)
def copy(W, row, count, target, to):
    """Rows of W to rows of `target`."""
    for k in range(count):
        w, t = W[row + k], target[to + k]
        for lane in range(LANES):
            t[lane] = w[lane]
