"""Changing pores on planes and boxes: minimal residuals over solutions of multigrid at frozen pores.

The change of pores of a cell follows from its mobile species, p = h + g x, so that what it does to transport
is a product with x that multigrid does not know: A = A0 + Q g. Each solution of multigrid is for the residual
that those before it have left, and their sum is that of the least residual, as over the cycles of multigrid.
A last level, one number per species, makes the residual of each species sum to zero, and with it the ledger,
however loosely this stopped.
Source: S. C. Eisenstat, H. C. Elman & M. H. Schultz, SIAM J. Numer. Anal. 20 (1983) 345, section 3.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

# At 0.1, which is enough where pores stay as they are, Newton's method failed ten times as often.
TOLERANCE = 0.01  # relative residual
KEPT, MOST = 10, 40  # solutions of multigrid that are kept, after which all begins anew; and in one solve


class Frozen(Protocol):
    """Multigrid: solves A0 x = b for the mobile species."""

    m: int
    one_cell: np.ndarray
    statistics: dict[str, int]

    def update(self, matrix: Any, weight: np.ndarray | None) -> bool:
        """Take a matrix; False when it is singular."""
        ...

    def solve(self, b: np.ndarray, x: np.ndarray) -> object:
        """x, about A0^-1 b."""
        ...

    def apply(self, x: np.ndarray, out: np.ndarray) -> None:
        """out = A0 x."""
        ...


class ChangingPores:
    """update(matrix), solve(b, x) for mobile species and behind them the change of pores.

    frozen: solves for the species alone; neighbour (n, k): cells across faces, -1 for none
    statistics: those of `frozen`
    """

    def __init__(self, frozen: Frozen, neighbour: np.ndarray):
        self.frozen, self.neighbour, self.m = frozen, neighbour, frozen.m
        self.statistics = frozen.statistics

    def update(self, matrix: Any, weight: np.ndarray | None = None) -> bool:
        """Take a BetweenCells; False when it is singular. weight (m + 1,): times K, then (n, faces, 1).

        K and `across` are kept, not copied: they must stay as they are until the next update.
        """
        m, local = self.m, matrix.local
        self.size = local[:, m, m].copy()
        self.g = -local[:, m, :m] / self.size[:, None]
        self.own, self.across = local[:, :m, m].copy(), matrix.across[:, 1, :, :m]
        self.stays, self.leaves = (np.ascontiguousarray(a) for a in (local[:, :m, :m], matrix.out[:, :m]))
        K = matrix.K if weight is not None else np.ascontiguousarray(matrix.K[:, :, :m])
        alone = matrix._replace(local=self.stays, K=K, out=self.leaves, across=matrix.across[:0])
        if not self.frozen.update(alone, None if weight is None else weight[:m]):
            return False
        # What comes from outside: what is exchanged between cells sums to zero.
        self.supplied = self.own + matrix.across[:, 0, :, :m].sum(axis=1)
        self.one_cell = self.frozen.one_cell + np.einsum("na,nb->ab", self.supplied, self.g)
        return bool(np.isfinite(self.one_cell).all() and np.linalg.matrix_rank(self.one_cell) == m)

    def solve(self, b: np.ndarray, x: np.ndarray) -> None:
        """x = A^-1 b, both (n, m + 1), to TOLERANCE of what is left of b without the change of pores."""
        m = self.m
        of_species, given = b[:, :m], b[:, m] / self.size
        found = self._least(of_species - self._by_pores(given))
        change = given + self._change(found)
        rest = (of_species - self.leaves * found - self.supplied * change[:, None]).sum(axis=0)
        rest -= np.einsum("nab,nb->a", self.stays, found)
        found += np.linalg.solve(self.one_cell, rest)
        x[:, :m] = found
        x[:, m] = given + self._change(found)

    def _least(self, b: np.ndarray) -> np.ndarray:
        """The sum of solutions for b (n, m) that leaves the least residual."""
        x, left, goal = np.zeros_like(b), b.copy(), TOLERANCE * _norm(b)
        kept: list[tuple[np.ndarray, np.ndarray]] = []  # solutions and their images, which have the norm 1
        for _ in range(MOST):
            if _norm(left) <= goal:
                break
            if len(kept) == KEPT:
                kept.clear()
            z = np.empty_like(b)
            self.frozen.solve(left, z)
            image = self._image(z)
            for other, its_image in kept:
                share = _product(image, its_image)
                image -= share * its_image
                z -= share * other
            size = _norm(image)
            if not 0.0 < size < np.inf:
                break
            image /= size
            z /= size
            share = _product(left, image)
            x += share * z
            left -= share * image
            kept.append((z, image))
        return x

    def _image(self, x: np.ndarray) -> np.ndarray:
        """A x for mobile species x (n, m)."""
        out = np.empty_like(x)
        self.frozen.apply(x, out)
        out += self._by_pores(self._change(x))
        return out

    def _change(self, x: np.ndarray) -> np.ndarray:
        """Of the pores (n,), as x (n, m) has it."""
        changed: np.ndarray = np.einsum("na,na->n", self.g, x)
        return changed

    def _by_pores(self, change: np.ndarray) -> np.ndarray:
        """What a change of pores (n,) takes from each species."""
        out = self.own * change[:, None]
        for k in range(self.neighbour.shape[1]):
            beyond = self.neighbour[:, k]
            out -= self.across[:, k] * np.where(beyond >= 0, change[beyond], 0.0)[:, None]
        return out


def _product(a: np.ndarray, b: np.ndarray) -> float:
    """Not by BLAS, whose sums depend on the number of its threads."""
    return float(np.sum(a * b))


def _norm(a: np.ndarray) -> float:
    return float(np.sqrt(_product(a, a)))
