"""The lists of operations that vector code for groups of fluids is written from, made once per set of tables.

Everything that is summed over the species is a sum of `Balance`; the sparse factors of the component
block A are eliminated in an order found here, so that no operation is spent on what is always zero (Cl has no
complexes, Ca and Mg share none).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sim.chemistry.newton.records import Activity, Balance, Factor, FluidEquations, Reactions

Floats = npt.NDArray[np.float64]


def operation_lists(reactions: Reactions) -> FluidEquations:
    """What vector code is written from, from what the kernel for one fluid reads."""
    r = reactions
    nc, ns = int(r.component.max()) + 1, r.K.size
    full = np.zeros((ns, nc))
    for j in range(ns):
        of_j = slice(r.first[j], r.first[j + 1])
        full[j, r.component[of_j]] = r.nu[of_j]
    activity = _families(r.classes, 2 * nc + 2)
    factor, entries = _elimination(full)
    balance = _sums(full, r.water, activity, r.gamma_class, entries)
    has_inverse = np.array([np.any(r.factor == nc + k) for k in range(nc)]).astype(np.uint8)
    return FluidEquations(reactions, has_inverse, activity, balance, factor)


def _sums(
    full: Floats,
    water: Floats,
    activity: Activity,
    gamma_class: npt.NDArray[np.uint32],
    entries: list[tuple[int, int]],
) -> Balance:
    nc, nf = full.shape[1], len(activity.family)
    times, belongs = activity.class_times[gamma_class], activity.class_family[gamma_class]
    of = [np.where(belongs == f, times, 0.0) for f in range(nf)]
    groups = {
        "component": [full[:, k] * (belongs == f) for k in range(nc) for f in range(nf)],
        "negative": [2.0 * np.maximum(-full[:, k], 0.0) for k in range(nc)],
        "diagonal": [np.where(_is_sum(full[:, k]), 0.0, full[:, k] ** 2) for k in range(nc)],
        "below": [full[:, k] * full[:, i] for k, i in entries],
        "family": [(belongs == f).astype(float) for f in range(nf)],
        "water": [full[:, k] * water for k in range(nc)],
        "water_family": [part * water for part in of],
        "water_all": [water],
    }
    sums = [row for group in groups.values() for row in group]
    at = [np.flatnonzero(row) for row in sums]
    both = [np.stack([row * times, row * times**2], 1)[i] for row, i in zip(sums, at, strict=True)]
    places = np.cumsum([len(group) for group in groups.values()])[:-1]
    return Balance(
        _first(at),
        _joined(at),
        np.concatenate([row[i] for row, i in zip(sums, at, strict=True)]),
        np.concatenate(both),
        *(int(p) for p in places),
    )


def _is_sum(column: Floats) -> bool:
    """Whether sum nu^2 m is sum nu m."""
    return bool(np.all((column == 0.0) | (column == 1.0)))


def _unsigned(a: npt.ArrayLike) -> npt.NDArray[np.uint32]:
    return np.ascontiguousarray(a, dtype=np.uint32)


def _first(lists: Sequence[Sequence[object] | np.ndarray]) -> npt.NDArray[np.uint32]:
    """Where each list begins when all are joined, and their end."""
    return _unsigned(np.cumsum([0] + [len(i) for i in lists]))


def _joined(lists: Sequence[Sequence[int] | np.ndarray]) -> npt.NDArray[np.uint32]:
    return _unsigned([j for part in lists for j in part])


def _families(classes: Floats, first: int) -> Activity:
    """Classes whose ln gamma are whole multiples of another's, so that one exponential serves them.

    first: the place in g of 1/gamma of class 0. Products get places behind the classes when no class
    has theirs.
    """
    family: list[tuple[float, ...]] = []
    member, times = np.zeros(len(classes), int), np.ones(len(classes))
    for c in np.argsort(classes[:, 0], kind="stable"):
        z2, az2, ba, b = classes[c]
        for f, (ba_f, az2_f, b_f, z2_f, _) in enumerate(family):
            n = round(z2 / z2_f) if z2_f > 0.0 else 1
            if ba == ba_f and np.allclose([z2, az2, b], [n * z2_f, n * az2_f, n * b_f], rtol=1e-15, atol=0):
                member[c], times[c] = f, n
                break
        else:
            member[c] = len(family)
            family.append((ba, az2, b, z2, first + c))
    power = {(int(f), int(n)): first + c for c, (f, n) in enumerate(zip(member, times, strict=True))}
    products: list[tuple[int, int, int]] = []
    made = {(f, 1) for f in range(len(family))}

    def make(f: int, n: int) -> int:
        if (f, n) not in made:
            half = 1 << ((n - 1).bit_length() - 1)  # the largest power of two below n
            a, b = make(f, half), make(f, n - half)
            products.append((power.setdefault((f, n), first + len(classes) + len(products)), a, b))
            made.add((f, n))
        return power[f, n]

    for c in range(len(classes)):
        make(int(member[c]), int(times[c]))
    product = _unsigned(np.array(products, dtype=int).reshape(-1, 3))
    return Activity(np.array(family), product, _unsigned(member), times)


def _elimination(full: Floats) -> tuple[Factor, list[tuple[int, int]]]:
    """Order of elimination by least degree, what each step takes up, and the entries below the pivots.

    Entry (k, i) lies in the column of k and the row of i.
    """
    nc = full.shape[1]
    joined = [{i for i in range(nc) if i != k and np.any(full[:, k] * full[:, i])} for k in range(nc)]
    left = set(range(nc))
    order: list[int] = []
    below: list[set[int]] = []
    while left:
        k = min(left, key=lambda k: (len(joined[k] & left), k))
        left.remove(k)
        rest = joined[k] & left
        for i in rest:
            joined[i] |= rest - {i}
        order.append(k)
        below.append(rest)
    entries = [(k, i) for k, rest in zip(order, below, strict=True) for i in sorted(rest, key=order.index)]
    at = {entry: p for p, entry in enumerate(entries)}
    columns = [[p for p, entry in enumerate(entries) if entry[0] == k] for k in order]
    in_row = [[(at[j, k], j) for j in order if (j, k) in at] for k in order]
    updates = [[(at[j, k], at[j, i], j) for j in order if (j, k) in at and (j, i) in at] for k, i in entries]
    factor = Factor(
        _unsigned(order),
        _first(columns),
        _unsigned([i for _, i in entries]),
        _first(in_row),
        _unsigned([pair for part in in_row for pair in part]).reshape(-1, 2),
        _first(updates),
        _unsigned([triple for part in updates for triple in part]).reshape(-1, 3),
    )
    return factor, entries
