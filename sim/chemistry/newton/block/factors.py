"""The linear system of a Newton step for a block: sparse factors of A, the block of the components."""

from __future__ import annotations

from sim.chemistry.newton.block.balances import sum_over_species
from sim.chemistry.newton.records import Blocks
from sim.jit.kernel import plain_kernel
from sim.simd.rows import fma, full_row, minus_product, put_row, row_of, select


@plain_kernel
def factorise_rows(w, y, z, is_fixed, t: Blocks):
    """Factors of A; the rows from y and z on become A^-1 y and A^-1 z.

    A = L D L^T; below the pivots L D is kept, and D^-1, so that each entry is stored once, when it is
    complete: stores are dearer than products.
    """
    at, sums, factor = t.at, t.balance, t.factor
    step, step_first, entry = factor.step, factor.step_first, factor.entry
    left_first, left, update_first, update = (
        factor.left_first,
        factor.left,
        factor.update_first,
        factor.update,
    )
    first, nc = sums.first, is_fixed.size
    for n in range(nc):
        k = step[n]
        diagonal = sums.diagonal + k
        if is_fixed[k] == 1:
            pivot = full_row(1.0)
        elif first[diagonal] != first[diagonal + 1]:
            pivot = sum_over_species(w, at.m, diagonal, sums) + row_of(w, at.absent + k)
        else:
            pivot = row_of(w, at.sum + k) + row_of(w, at.absent + k)
        # A complex that holds all of two components leaves a pivot of rounding size.
        floor = pivot * 1e-16
        a = row_of(w, y + k)
        b = row_of(w, z + k)
        for i in range(left_first[n], left_first[n + 1]):
            v = row_of(w, at.below + left[i, 0])
            j = left[i, 1]
            pivot = minus_product(pivot, v * row_of(w, at.inverse + j), v)
            a = minus_product(a, v, row_of(w, y + j))
            b = minus_product(b, v, row_of(w, z + j))
        inverse = 1.0 / select(pivot > floor, pivot, floor + 1e-300)
        put_row(w, at.inverse + k, inverse)
        put_row(w, y + k, a * inverse)
        put_row(w, z + k, b * inverse)
        for p in range(step_first[n], step_first[n + 1]):
            if is_fixed[k] == 1 or is_fixed[entry[p]] == 1:
                put_row(w, at.below + p, full_row(0.0))
                continue
            v = sum_over_species(w, at.m, sums.below + p, sums)
            for i in range(update_first[p], update_first[p + 1]):
                l_ki = row_of(w, at.below + update[i, 0]) * row_of(w, at.inverse + update[i, 2])
                v = minus_product(v, l_ki, row_of(w, at.below + update[i, 1]))
            put_row(w, at.below + p, v)
    for back in range(nc):
        n = nc - 1 - back
        if step_first[n] != step_first[n + 1]:
            a = full_row(0.0)
            b = full_row(0.0)
            for p in range(step_first[n], step_first[n + 1]):
                v = row_of(w, at.below + p)
                a = fma(v, row_of(w, y + entry[p]), a)
                b = fma(v, row_of(w, z + entry[p]), b)
            k = step[n]
            inverse = row_of(w, at.inverse + k)
            put_row(w, y + k, minus_product(row_of(w, y + k), a, inverse))
            put_row(w, z + k, minus_product(row_of(w, z + k), b, inverse))


@plain_kernel
def substitute_rows(w, y, t: Blocks):
    """A^-1 of the rows from y on, in place, after `factorise_rows`."""
    at, factor = t.at, t.factor
    step, step_first, entry = factor.step, factor.step_first, factor.entry
    left_first, left = factor.left_first, factor.left
    for n in range(step.size):
        k = step[n]
        a = row_of(w, y + k)
        for i in range(left_first[n], left_first[n + 1]):
            a = minus_product(a, row_of(w, at.below + left[i, 0]), row_of(w, y + left[i, 1]))
        put_row(w, y + k, a * row_of(w, at.inverse + k))
    for back in range(step.size):
        n = step.size - 1 - back
        k = step[n]
        a = full_row(0.0)
        for p in range(step_first[n], step_first[n + 1]):
            a = fma(row_of(w, at.below + p), row_of(w, y + entry[p]), a)
        put_row(w, y + k, minus_product(row_of(w, y + k), a, row_of(w, at.inverse + k)))
