"""The records that the Newton kernels read: plain arrays and numbers with names.

Compiled code reads a field of a NamedTuple at no cost. Index arrays are unsigned where a kernel goes
through them again and again, so that no access is tested for counting from the end. Nothing here
needs the compiler.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Status of one solve.
OK, NOT_CONVERGED, BAD_INPUT, UNFINISHED = 0, 1, 2, 3  # unfinished: a block has left it to the other kernel

COLD = -690.0  # ln activity below which (or NaN) a component has no warm start
NOTHING = 1e-100  # mol/kgw; a smaller total counts as zero
SMALLEST_I = 1e-12  # mol/kgw
CONVERGED = 1e-13  # of the terms of each balance
LARGEST_I = 1.0  # mol/kgw; beyond it the activity models may have several solutions


class Reactions(NamedTuple):
    """Species formed from nc components: m_j = K_j prod a_k^nu_jk a_w^w_j / gamma_j.

    Exponentials are taken per component and per class of equal gamma, not per species: the factors of
    species j are `factor[factor_first[j] : factor_first[j + 1]]`, places in a vector g that holds the
    activities of the components, their inverses, a_w, 1/a_w, and 1/gamma of each class.
    Its composition is nu of component, both [first[j] : first[j + 1]], the components ascending.
    """

    K: np.ndarray  # (ns,); species k < nc is the basis species of component k
    factor_first: np.ndarray
    factor: np.ndarray
    first: np.ndarray
    component: np.ndarray
    nu: np.ndarray
    gamma_class: np.ndarray  # (ns,)
    classes: np.ndarray  # (classes, 4): z^2, ln10 A z^2, B a (1 for Davies), ln10 b
    water: np.ndarray  # (ns,) molecules of water taken up
    host: np.ndarray  # (ns,) the one component beside H; -1 for H only, -2 for more than one
    h: int  # place of H among the components
    aw_slope: float  # kg/mol; a_w = 1 - aw_slope sum m


class Activity(NamedTuple):
    """Activity coefficients by families: classes whose ln gamma are whole multiples of one another's.

    Davies has two, ions (1, 4, 9 times the ln gamma of a monovalent ion) and neutrals.
    """

    family: np.ndarray  # (families, 5): B a, ln10 A z^2, ln10 b, z^2, place in g of its first class
    product: np.ndarray  # (products, 3): place in g, and the places of its two factors
    class_family: np.ndarray  # (classes,)
    class_times: np.ndarray  # (classes,) the multiple


class Balance(NamedTuple):
    """Sums over the species. Sum i goes over [first[i] : first[i + 1]] of species, weight and times.

    The sums in order: nu m by component and family (k families + f); and from the places named here on
    """

    first: np.ndarray
    species: np.ndarray
    weight: np.ndarray
    times: np.ndarray  # (entries, 2): weight times t and t^2, t the multiple of the species' class
    negative: int  # twice what is negative of nu m, by component
    diagonal: int  # nu^2 m by component, empty where it is sum nu m: the diagonal of A
    below: int  # entries of A below the diagonal
    family: int  # m by family
    water: int  # nu w m by component, for the water w of each species
    water_family: int  # t w m by family
    water_all: int  # w m


class Factor(NamedTuple):
    """Elimination of A, the block of the components, in an order that keeps zeros.

    Entries below the pivots are numbered step by step: those of step n, which eliminates component
    step[n], are step_first[n] : step_first[n + 1], in the rows of the components `entry`.
    """

    step: np.ndarray
    step_first: np.ndarray
    entry: np.ndarray
    left_first: np.ndarray
    left: np.ndarray  # (., 2): the entries in the row of step n, and the components of their columns
    update_first: np.ndarray
    update: np.ndarray  # (., 3): two entries of an earlier column, and its component, that change entry p


class Guess(NamedTuple):
    """Species of one component beside H, group by group; the last group has H only."""

    first: np.ndarray  # (nc + 2,)
    species: np.ndarray
    power: np.ndarray  # of H in the species
    half_z2: np.ndarray  # (nc,) of the components' basis species


class BlockLayout(NamedTuple):
    """The row of the work space of a block at which each quantity begins, and their end."""

    x: int  # nc + 2 unknowns: ln activities, I, ln a_w
    total: int  # nc
    absent: int  # nc: 1 where a component is absent, else 0
    g: int  # what `factor` and `product` count
    m: int  # ns molalities
    off: int  # nc imbalances
    spare: int  # nc, free for callers
    b: int  # nc, border of A: a column for I
    c: int  # nc, border of A: the row of I
    sum: int  # nc, sums of nu m
    inverse: int  # nc inverse pivots
    below: int  # entries of the factor below the pivots
    slope: int  # d ln gamma/dI of each family
    solved: int  # 1 or 0
    step: int  # the last one
    sum_m: int
    I_of_m: int
    cold: int  # 1 or 0
    corner: int  # I by I
    corner_water: int  # a_w's balance by I
    inverse_I: int  # 1/I
    end: int


class Blocks(NamedTuple):
    """All that the kernels of a block read."""

    reactions: Reactions
    has_inverse: np.ndarray  # (nc,) 1 where some species needs 1/a
    activity: Activity
    balance: Balance
    factor: Factor
    guess: Guess
    at: BlockLayout


class Accuracy(NamedTuple):
    """When a fluid of a block is solved: each balance agrees to `converged` of its terms, or to `near`
    after a step below `last_step`: what is left then is its square."""

    last_step: float
    near: float
    converged: float


def leaves(record: tuple) -> tuple:
    """The arrays and numbers of a record and of the records in it, in order.

    Python hands compiled code such a flat tuple several times faster than records within records: each
    of those costs half a microsecond a call.
    """
    found: list[object] = []
    for value in record:
        found += leaves(value) if isinstance(value, tuple) else [value]
    return tuple(found)


def work_size(n_components: int, n_classes: int) -> int:
    """Length of the work vector of the kernels for one fluid."""
    n = n_components
    return (2 * n + 2 + 2 * n_classes) + n * n + 9 * n + 2
