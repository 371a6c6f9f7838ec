"""The elimination inside cells as programs: the operation list of `elimination_order` written out.

Entries of the matrix of a cell are names of registers; only those that substitution uses are kept, in the
order in which it does.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sim.codegen.functions import fma, nfma
from sim.codegen.machine import Routine
from sim.codegen.program import ArrayLayout, Program, cells, groups, numbers, scratch
from sim.codegen.registers import LaneMask, Vec
from sim.solvers.linear.programs.elimination_order import INVERT, MULTIPLY, Elimination

SMALLEST_PIVOT = 1e-12  # of 1 - gamma J, in units of the scales
SUMS = 4  # of a test that all entries are finite, side by side


class CellRoutines(NamedTuple):
    """Addresses of routines; kept: entries that `factor` leaves to the others."""

    factor: int
    reduce: int
    expand: int
    kept: int


def cell_routines(
    order: Elimination, mobile: np.ndarray, rates: int, species: int | None = None, own: bool = False
) -> CellRoutines:
    """The routines of an operation list, compiled once.

    rates: derivatives of rates, the rows of `slopes`; species: those that a state has, where not all are.
    Of the others the right-hand side is 0, and the solution is not asked for. own: whether each lane has
    coefficients of its own (entries, WIDTH)
    """
    lists = (*order.assemble[:2], *order.factor, order.ones, *order.forward, *order.backward, order.schur)
    held = len(order.ones) if species is None else species
    return _routines(
        tuple(tuple(a.ravel().tolist()) for a in lists), tuple(mobile.tolist()), rates, held, own
    )


@lru_cache(maxsize=32)
def _routines(
    lists: tuple[tuple[int, ...], ...], mobile: tuple[int, ...], rates: int, species: int, own: bool
) -> CellRoutines:
    to, rate, kind, a, b, c, ones, *substitution, schur = lists
    forward, backward = list(zip(*substitution[:3], strict=True)), list(zip(*substitution[3:], strict=True))
    operations = list(zip(kind, a, b, c, strict=True))
    assembled = list(zip(to, rate, strict=True))
    kept = [entry for _, _, entry in (*forward, *backward)]
    coefficients = scratch(len(assembled)) if own else numbers(len(assembled))
    factor = _factor(assembled, operations, set(ones), kept, schur, (groups(rates), coefficients))
    reduce = _reduce(forward, mobile, species, len(kept))
    expand = _expand(backward, mobile, species, len(forward), len(kept))
    return CellRoutines(Routine(factor).address, Routine(reduce).address, Routine(expand).address, len(kept))


def reduce_in_place(order: Elimination, mobile: np.ndarray, species: int) -> int:
    """The address of `reduce` for a right-hand side that becomes z, see `cell_routines`."""
    return _in_place(
        tuple(zip(*(a.ravel().tolist() for a in order.forward), strict=True)),
        tuple(mobile.tolist()), species, len(order.forward[0]) + len(order.backward[0]),
    )  # fmt: skip


@lru_cache(maxsize=32)
def _in_place(
    forward: tuple[tuple[int, int, int], ...], mobile: tuple[int, ...], species: int, kept: int
) -> int:
    return Routine(_reduce(list(forward), mobile, species, kept, True)).address


def _factor(
    assembled: list[tuple[int, int]],
    operations: list[tuple[int, int, int, int]],
    ones: set[int],
    kept: list[int],
    schur: tuple[int, ...],
    given: tuple[ArrayLayout, ArrayLayout],
) -> Program:
    """Of slopes, gamma and the coefficients of assembly: the kept entries, and what is left of the mobile
    species. Counts cells in which a pivot is too small or a number is not finite.

    given: layouts of slopes and coefficients
    """
    terms: dict[int, list[tuple[int, int]]] = {}
    for e, (entry, rate) in enumerate(assembled):
        terms.setdefault(entry, []).append((e, rate))

    def body(on, slopes, gamma, coefficient, factors, rest):
        minus_gamma = -gamma.load(0)
        found: dict[int, Vec] = {}

        def value(entry: int) -> Vec:
            if entry not in found:
                x = on.number(1.0 if entry in ones else 0.0)
                total = None
                for e, rate in terms.get(entry, ()):
                    r, c = slopes.load(rate), coefficient.load(e)
                    total = r * c if total is None else fma(r, c, total)
                found[entry] = x if total is None else fma(total, minus_gamma, x)
            return found[entry]

        sound: LaneMask | None = None
        for kind, a, b, c in operations:
            if kind == INVERT:
                size = abs(value(a))
                fit = (size > SMALLEST_PIVOT) & (size < math.inf)
                sound = fit if sound is None else sound & fit
                found[a] = 1.0 / value(a)
            elif kind == MULTIPLY:
                found[a] = value(a) * value(b)
            else:
                found[a] = nfma(value(b), value(c), value(a))
        nothing = [on.number(0.0)] * SUMS  # NaN where a number is not finite
        for k, entry in enumerate((*kept, *schur)):
            if k < len(kept):
                factors.store(k, value(entry))
            else:
                rest.store(k - len(kept), value(entry))
            nothing[k % SUMS] = fma(value(entry), 0.0, nothing[k % SUMS])
        finite = (nothing[0] + nothing[1]) + (nothing[2] + nothing[3]) == 0.0
        return ~(finite if sound is None else sound & finite)

    layouts = (given[0], numbers(1), given[1], groups(len(kept)), cells(len(schur)))
    return Program("factor_cells", layouts, body)


def _reduce(
    forward: list[tuple[int, int, int]],
    mobile: tuple[int, ...],
    species: int,
    kept: int,
    in_place: bool = False,
) -> Program:
    """z = r in units of the scales without its immobile part, and its mobile species; in place z is r. What
    is mobile behind the species has no right-hand side."""

    def body(on, r, inverse, factors, *rest):
        z, b = (r, *rest) if in_place else rest
        y = [r.load(k) * inverse.load(k) for k in range(species)]
        y += [on.number(0.0)] * (max(mobile, default=-1) + 1 - species)
        for k, (row, by, _) in enumerate(forward):
            y[row] = nfma(factors.load(k), y[by], y[row])
        for k in range(species):
            z.store(k, y[k])
        for k, j in enumerate(mobile):
            b.store(k, y[j])

    before, behind = (cells(species), numbers(species), groups(kept)), (cells(len(mobile)),)
    layouts = (*before, *behind) if in_place else (*before, cells(species), *behind)
    return Program("reduce_in_place" if in_place else "reduce_cells", layouts, body)


def _expand(
    backward: list[tuple[int, int, int]], mobile: tuple[int, ...], species: int, before: int, kept: int
) -> Program:
    """z, as `_reduce` left it, becomes the solution for mobile x, in the species' units."""

    def body(on, x, scale, factors, z):
        y = [x.load(mobile.index(k)) if k in mobile else z.load(k) for k in range(species)]
        for k, (row, by, _) in enumerate(backward):
            f = factors.load(before + k)
            y[row] = y[row] * f if by < 0 else nfma(f, y[by], y[row])
        for k in range(species):
            z.store(k, y[k] * scale.load(k))

    layouts = (cells(len(mobile)), numbers(species), groups(kept), cells(species))
    return Program("expand_cells", layouts, body)
