"""The records that the Newton kernels read: plain arrays and numbers with names.

Compiled code reads a field of a NamedTuple at no cost. Index arrays are unsigned where a kernel goes
through them again and again, so that no access is tested for counting from the end. Nothing here
needs the compiler.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Status of one solve.
OK, NOT_CONVERGED, BAD_INPUT, UNFINISHED = 0, 1, 2, 3  # unfinished: vector code has left it

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


class FluidEquations(NamedTuple):
    """All that vector code for groups of fluids is written from."""

    reactions: Reactions
    has_inverse: np.ndarray  # (nc,) 1 where some species needs 1/a
    activity: Activity
    balance: Balance
    factor: Factor


def work_size(n_components: int, n_classes: int) -> int:
    """Length of the work vector of the kernels for one fluid."""
    n = n_components
    return (2 * n + 2 + 2 * n_classes) + n * n + 9 * n + 2
