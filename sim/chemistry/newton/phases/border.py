"""The linear system of a Newton step with phases: A, bordered by I and by the phases that are present.

A dx + b dI + nu^T de = -off and nu . dx = -gap: one more substitution for each phase, and a matrix as
small as the phases are few.
"""

# ruff: noqa: E741  -- I is the ionic strength

from __future__ import annotations

from sim.chemistry.newton.block.factors import substitute_rows
from sim.chemistry.newton.phases.records import PhaseLayout, Phases
from sim.chemistry.newton.records import Blocks
from sim.jit.kernel import plain_kernel
from sim.simd.rows import count_lanes, fma, full_row, minus_product, put_row, row_of, select

# Of its first size; what is left of a pivot when a phase is made of others, as one CaHPO4 is of another.
DEPENDENT = 1e-13


@plain_kernel
def weigh(w, first, nu, i):
    """nu of phase i times the rows from `first` on."""
    found = full_row(0.0)
    for k in range(nu.shape[1]):
        if nu[i, k] != 0.0:
            found = fma(row_of(w, first + k), nu[i, k], found)
    return found


@plain_kernel
def phase_columns(w, p: Phases, to: PhaseLayout, t: Blocks):
    """A^-1 nu of every phase that is present in some lane, and what it weighs in the borders."""
    at, nu = t.at, p.nu
    nc = nu.shape[1]
    for i in range(nu.shape[0]):
        if w[to.used + i, 0] == 0.0:
            continue
        column = to.columns + i * nc
        for k in range(nc):
            put_row(w, column + k, (1.0 - row_of(w, at.absent + k)) * nu[i, k])
        substitute_rows(w, column, t)
        by_c = full_row(0.0)
        by_sum = full_row(0.0)
        for k in range(nc):
            v = row_of(w, column + k)
            by_c = fma(row_of(w, at.c + k), v, by_c)
            by_sum = fma(row_of(w, at.sum + k), v, by_sum)
        put_row(w, to.by_c + i, by_c)
        put_row(w, to.by_sum + i, by_sum)
        put_row(w, to.by_I + i, weigh(w, at.b, nu, i))


@plain_kernel
def phase_matrix(w, inverse_corner, off_I, p: Phases, to: PhaseLayout, t: Blocks):
    """Fall of the ln saturations by the extents, and the ln saturations to lose in the rows `change`."""
    nu = p.nu
    n, nc = nu.shape
    for i in range(n):
        if w[to.used + i, 0] == 0.0:
            continue
        present = row_of(w, to.present + i)
        by_I = row_of(w, to.by_I + i) * inverse_corner
        gap = row_of(w, to.gap + i) - weigh(w, t.at.off, nu, i)
        put_row(w, to.change + i, present * minus_product(gap, by_I, off_I))
        for j in range(n):
            if w[to.used + j, 0] == 0.0:
                continue
            v = fma(by_I, row_of(w, to.by_c + j), weigh(w, to.columns + j * nc, nu, i))
            v = v * present * row_of(w, to.present + j)
            put_row(w, to.matrix + i * n + j, v + (1.0 - present) if i == j else v)


@plain_kernel
def solve_extents(w, p: Phases, to: PhaseLayout):
    """Steps of the extents, by elimination; a phase that depends on those before it is let go."""
    n = p.nu.shape[0]
    for i in range(n):
        if w[to.used + i, 0] == 0.0:
            continue
        diagonal = row_of(w, to.matrix + i * n + i)
        pivot = diagonal
        for j in range(i):
            if w[to.used + j, 0] != 0.0:
                pivot = minus_product(
                    pivot, row_of(w, to.matrix + i * n + j), row_of(w, to.matrix + j * n + i)
                )
        sound = pivot > diagonal * DEPENDENT
        if p.endless[i] == 0:
            put_row(w, to.present + i, select(sound, row_of(w, to.present + i), 0.0))
        inverse = select(sound, 1.0 / pivot, 0.0)
        put_row(w, to.matrix + i * n + i, inverse)
        # Rows hold U, columns below hold L with a diagonal of ones.
        for j in range(i + 1, n):
            if w[to.used + j, 0] == 0.0:
                continue
            upper = row_of(w, to.matrix + i * n + j)
            lower = row_of(w, to.matrix + j * n + i)
            for k in range(i):
                if w[to.used + k, 0] != 0.0:
                    upper = minus_product(
                        upper, row_of(w, to.matrix + i * n + k), row_of(w, to.matrix + k * n + j)
                    )
                    lower = minus_product(
                        lower, row_of(w, to.matrix + j * n + k), row_of(w, to.matrix + k * n + i)
                    )
            put_row(w, to.matrix + i * n + j, upper)
            put_row(w, to.matrix + j * n + i, lower * inverse)
    for i in range(n):
        if w[to.used + i, 0] != 0.0:
            v = row_of(w, to.change + i)
            for j in range(i):
                if w[to.used + j, 0] != 0.0:
                    v = minus_product(v, row_of(w, to.matrix + i * n + j), row_of(w, to.change + j))
            put_row(w, to.change + i, v)
    for back in range(n):
        i = n - 1 - back
        if w[to.used + i, 0] != 0.0:
            v = row_of(w, to.change + i)
            for j in range(i + 1, n):
                if w[to.used + j, 0] != 0.0:
                    v = minus_product(v, row_of(w, to.matrix + i * n + j), row_of(w, to.change + j))
            put_row(w, to.change + i, v * row_of(w, to.matrix + i * n + i))


@plain_kernel
def mark_used(w, p: Phases, to: PhaseLayout):
    """Note which phases are present in any lane: the others cost nothing."""
    for i in range(p.nu.shape[0]):
        some = count_lanes(row_of(w, to.present + i) > 0.5)
        put_row(w, to.used + i, 1.0 if some > 0 else 0.0)
