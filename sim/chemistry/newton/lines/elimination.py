"""Sparse factors of A, the block of the components, as straight lines."""

from __future__ import annotations

from dataclasses import dataclass

from sim.chemistry.newton.lines.species import terms, weighted_sum
from sim.chemistry.newton.records import Blocks
from sim.codegen.functions import fma, nfma, select
from sim.codegen.registers import Vec


@dataclass
class Factors:
    """A = L D L^T: inverse pivots by component, entries of L D below them."""

    inverse: dict[int, Vec]
    below: dict[int, Vec]
    t: Blocks

    def solve_full(self, y: list[Vec]) -> list[Vec]:
        """A^-1 y."""
        return [v for v in self.solve(list(y)) if v is not None]  # none is: y has no zeros

    def solve(self, y: list[Vec | None]) -> list[Vec | None]:
        """A^-1 y; None stands for zero."""
        f, y = self.t.factor, list(y)
        for n, k in enumerate(f.step.tolist()):
            total = y[k]
            for i in range(int(f.left_first[n]), int(f.left_first[n + 1])):
                entry, j = f.left[i].tolist()
                total = _minus(total, self.below[entry], y[j])
            y[k] = None if total is None else total * self.inverse[k]
        for n in reversed(range(f.step.size)):
            k, total = int(f.step[n]), None
            for p in range(int(f.step_first[n]), int(f.step_first[n + 1])):
                v = y[int(f.entry[p])]
                if v is not None:
                    total = self.below[p] * v if total is None else fma(self.below[p], v, total)
            if total is not None:
                y[k] = _minus(y[k], total, self.inverse[k])
        return y


def _minus(a: Vec | None, b: Vec, c: Vec | None) -> Vec | None:
    """a - b c."""
    if c is None:
        return a
    return -(b * c) if a is None else nfma(b, c, a)


def factorise(m: list[Vec], sums: list[Vec], absent: list[Vec], t: Blocks) -> Factors:
    """Factors of A at molalities m; sums: of nu m by component."""
    f, balance = t.factor, t.balance
    found = Factors({}, {}, t)
    for n, k in enumerate(f.step.tolist()):
        diagonal = weighted_sum(m, terms(balance.diagonal + k, balance))
        pivot = (sums[k] if diagonal is None else diagonal) + absent[k]
        # A complex that holds all of two components leaves a pivot of rounding size.
        floor = pivot * 1e-16
        for i in range(int(f.left_first[n]), int(f.left_first[n + 1])):
            entry, j = f.left[i].tolist()
            v = found.below[entry]
            pivot = nfma(v * found.inverse[j], v, pivot)
        found.inverse[k] = 1.0 / select(pivot > floor, pivot, floor + 1e-300)
        for p in range(int(f.step_first[n]), int(f.step_first[n + 1])):
            entry_p = weighted_sum(m, terms(balance.below + p, balance))
            for i in range(int(f.update_first[p]), int(f.update_first[p + 1])):
                a, b, j = f.update[i].tolist()
                entry_p = _minus(entry_p, found.below[a] * found.inverse[j], found.below[b])
            found.below[p] = m[0].of.number(0.0) if entry_p is None else entry_p
    return found
