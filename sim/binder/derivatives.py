"""Derivatives of rates by amounts, as an operation list: differences of each formula, then the chain rule.

Every formula is differenced in its own arguments, one at a time; kernels bring their own slopes.
What depends on what is known from the names, so only entries that can differ from zero exist.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.binder.layout import Layout, Statement
from sim.model.model import Model
from sim.model.words.names import POROSITY

# What a derived quantity is at least taken to be when it is nudged; others may be of any size.
FLOORS = {"1": 1e-3, "mol m-3": 1e-3, "mol kg-1": 1e-6}
TINY = 1e-30


class Partials(NamedTuple):
    """One entry per formula argument: statement to run, row to nudge, floor of the nudge, first row that
    the statement writes, how many, and the first row of D that they give."""

    statement: np.ndarray
    row: np.ndarray
    floor: np.ndarray
    output: np.ndarray
    width: np.ndarray
    at: np.ndarray


class Chain(NamedTuple):
    """The chain rule, in order: G[target] += D[factor] G[source]."""

    target: np.ndarray
    factor: np.ndarray
    source: np.ndarray


class Operations(NamedTuple):
    """How the derivatives of a model come about: D by formula, then G by amounts.

    pores: first row of D for c = u/porosity. kernels: first row of D per kernel. n_d, n_g: rows of D, G.
    process, species, first: entry j, row first + j of G, is d(rate of process)/d(amount of species).
    """

    partial: Partials
    pores: int
    kernels: np.ndarray
    n_d: int
    chain: Chain
    n_g: int
    first: int
    process: np.ndarray
    species: np.ndarray


class _Writer:
    def __init__(self) -> None:
        self.n_d, self.n_g = 0, 1
        self.partial: list[tuple] = []
        self.ops: list[tuple[int, int, int]] = []
        # row of a block -> {species: row of G}; what is not there does not depend on the state
        self.known: dict[int, dict[int, int]] = {}
        self.kernels: dict[int, int] = {}

    def rows_of_d(self, count: int) -> int:
        at, self.n_d = self.n_d, self.n_d + count
        return at

    def add(self, row: int, parts: list[tuple[int, dict[int, int]]]) -> None:
        """The derivative of a row from (row of D, derivatives of what it was taken by)."""
        species = sorted({b for _, inner in parts for b in inner})
        if not species:
            return
        self.known[row] = {b: self.n_g + k for k, b in enumerate(species)}
        self.n_g += len(species)
        for d, inner in parts:
            for b, g in inner.items():
                self.ops.append((self.known[row][b], d, g))


def rate_derivatives(model: Model, layout: Layout) -> Operations:
    """The operation list for a model with this layout."""
    w = _Writer()
    floors = {k: 1e-3 * s.scale for k, s in enumerate(model.species)}
    mobile = [k for k, s in enumerate(model.species) if s.mobile]
    floors |= {layout.c + j: 1e-3 * model.species[k].scale for j, k in enumerate(mobile)}
    units = dict(zip(model.quantities, [u for d in model.order for u in d.units], strict=True))
    floors |= {layout.row[n]: FLOORS.get(u, TINY) for n, u in units.items()}
    w.known |= {k: {k: 0} for k, s in enumerate(model.species) if not s.mobile}
    index = {id(s): k for k, s in enumerate(layout.statements)}

    def differentiate(s: Statement) -> None:
        if s.kernel >= 0:
            w.kernels[s.kernel] = at = w.rows_of_d(s.count * len(s.reads))
            for o in range(s.count):
                of = [{} if row is None else w.known.get(row, {}) for row in s.reads]
                w.add(s.output + o, [(at + o * len(s.reads) + a, inner) for a, inner in enumerate(of)])
            return
        taken = []
        for row in dict.fromkeys(r for r in s.reads if r in w.known):
            at = w.rows_of_d(s.count)
            w.partial.append((index[id(s)], row, floors.get(row, TINY), s.output, s.count, at))
            taken.append((at, row))
        for o in range(s.count):
            w.add(s.output + o, [(at + o, w.known[row]) for at, row in taken])

    for s in layout.before:
        differentiate(s)
    pores = w.rows_of_d(2 * len(mobile))
    by_porosity = w.known.get(layout.row[POROSITY], {})
    for j, k in enumerate(mobile):
        w.add(layout.c + j, [(pores + 2 * j, {k: 0}), (pores + 2 * j + 1, by_porosity)])
    derived = [s for s in layout.after if s.output < layout.rates]
    for s in derived:
        differentiate(s)
    first = w.n_g
    for s in layout.after[len(derived) :]:
        differentiate(s)
    entries = [
        (q, b, g) for q in range(len(model.processes)) for b, g in w.known.get(layout.rates + q, {}).items()
    ]
    if [g for *_, g in entries] != list(range(first, w.n_g)):
        raise AssertionError("the derivatives of rates are not the last rows of G, in order of the processes")
    ops = np.array(w.ops, np.int64).reshape(-1, 3)
    columns = list(zip(*w.partial, strict=True)) if w.partial else [()] * 6
    kinds = (np.int64, np.int64, float, np.int64, np.int64, np.int64)
    return Operations(
        Partials(*(np.array(c, k) for c, k in zip(columns, kinds, strict=True))),
        pores, np.array([w.kernels[k] for k in sorted(w.kernels)], np.int64), max(1, w.n_d),
        Chain(*np.ascontiguousarray(ops.T)), w.n_g, first,
        np.array([e[0] for e in entries], np.int64), np.array([e[1] for e in entries], np.int64),
    )  # fmt: skip
