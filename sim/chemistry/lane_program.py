"""The lists of row operations that the lane kernel follows, made once per set of tables.

The kernel works on rows of many fluids. Everything it sums over the species is a row of `sums`; the
sparse factors of the component block A are eliminated in an order found here, so that no operation
is spent on what is always zero (Cl has no complexes, Ca and Mg share none).
"""

from __future__ import annotations

from typing import Any

import numpy as np


def lane_program(arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """Trailing arguments of the lane kernels, from the trailing arguments of `speciation.solve`.

    Returns K, factor_ptr, factor, inverse, family, chain, class_family, class_times, sum_ptr, sum_at,
    sum_coef, sum_times, step, step_ptr, off_comp, row_ptr, rows, up_ptr, ups, guess_ptr, guess_at,
    guess_power, h, aw_slope, half_z2 of the components' own species, how many rows `factor` and `chain`
    count, and the class of each species. Indices are unsigned: none counts from the end.

    The sums, in order: nu m by component and family; twice what is negative of it, by component; A's
    diagonal (empty where it is sum nu m) and entries below; m by
    family; and with the water w of each species nu w m by component, t w m by family for the multiple t,
    w m. sum_times holds each coefficient times t and times t^2.
    """
    K, factor_ptr, factor, nu_ptr, nu_comp, nu, gclass, classes, water, host, h, aw_slope = arrays
    nc, ns = int(nu_comp.max()) + 1, K.size
    full = np.zeros((ns, nc))
    for j in range(ns):
        full[j, nu_comp[nu_ptr[j] : nu_ptr[j + 1]]] = nu[nu_ptr[j] : nu_ptr[j + 1]]
    family, class_family, class_times, chain = _families(classes, 2 * nc + 2)
    times = class_times[gclass]
    belongs = class_family[gclass]
    step, entries, rows, ups = _elimination(full)
    columns = [[p for p, entry in enumerate(entries) if entry[0] == k] for k in step]

    of = [np.where(belongs == f, times, 0.0) for f in range(len(family))]
    sums = [full[:, k] * (belongs == f) for k in range(nc) for f in range(len(family))]
    sums += [2.0 * np.maximum(-full[:, k], 0.0) for k in range(nc)]
    sums += [np.where(_is_sum(full[:, k]), 0.0, full[:, k] ** 2) for k in range(nc)]
    sums += [full[:, k] * full[:, i] for k, i in entries]
    sums += [(belongs == f).astype(float) for f in range(len(family))]
    sums += [full[:, k] * water for k in range(nc)]
    sums += [*(part * water for part in of), water]
    at = [np.flatnonzero(row) for row in sums]
    weights = np.concatenate(
        [np.stack([row * times, row * times**2], 1)[i] for row, i in zip(sums, at, strict=True)]
    )

    groups = [[j for j in range(ns) if host[j] == k] for k in (*range(nc), -1)]
    inverse = np.array([np.any(factor == nc + k) for k in range(nc)])
    return (
        K, _unsigned(factor_ptr), factor, inverse.astype(np.uint8), family, _unsigned(chain),
        _unsigned(class_family), class_times,
        _ptr(at), _unsigned(np.concatenate(at)),
        np.concatenate([row[i] for row, i in zip(sums, at, strict=True)]), weights,
        _unsigned(step), _ptr(columns), _unsigned([i for _, i in entries]),
        _ptr(rows), _unsigned([r for part in rows for r in part]).reshape(-1, 2),
        _ptr(ups), _unsigned([u for part in ups for u in part]).reshape(-1, 3),
        _ptr(groups), _unsigned([j for g in groups for j in g]),
        np.array([int(full[j, h]) for g in groups for j in g]), h, aw_slope,
        0.5 * classes[gclass[:nc], 0], 2 * nc + 2 + len(classes) + len(chain), gclass,
    )  # fmt: skip


def _unsigned(a: Any) -> np.ndarray:
    return np.ascontiguousarray(a, dtype=np.uint32)


def _ptr(lists: list[Any]) -> np.ndarray:
    return _unsigned(np.cumsum([0] + [len(i) for i in lists]))


def _is_sum(column: np.ndarray) -> bool:
    """Whether sum nu^2 m is sum nu m."""
    return bool(np.all((column == 0.0) | (column == 1.0)))


def _families(classes: np.ndarray, first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Classes whose ln gamma are whole multiples of another's, so that one exponential serves them.

    Davies has two families, ions (1, 4, 9 times the ln gamma of a monovalent ion) and neutrals.
    Returns family (n, 5): B a, ln10 A z^2, ln10 b, z^2 and the row of its first class, of multiple one;
    the family and the multiple of each class; and chain (operations, 3): row of the product and of its
    two factors. Rows are counted like `factor`; class c is at row first + c.
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
    chain: list[tuple[int, int, int]] = []
    made = {(f, 1) for f in range(len(family))}

    def make(f: int, n: int) -> int:
        if (f, n) not in made:
            half = 1 << ((n - 1).bit_length() - 1)  # the largest power of two below n
            a, b = make(f, half), make(f, n - half)
            chain.append((power.setdefault((f, n), first + len(classes) + len(chain)), a, b))
            made.add((f, n))
        return power[f, n]

    for c in range(len(classes)):
        make(int(member[c]), int(times[c]))
    return np.array(family), member, times, np.array(chain, dtype=int).reshape(-1, 3)


def _elimination(full: np.ndarray) -> tuple[list[int], list[tuple[int, int]], list[Any], list[Any]]:
    """Order of elimination by least degree; entries below the pivots; and what each step takes up.

    Entry (k, i) lies in the column of k and the row of i. rows[n]: (entry, component of its column) of
    every entry in the row of step n. ups[p]: (entry, entry, component) of every earlier column that
    changes entry p.
    """
    nc = full.shape[1]
    joined = [{i for i in range(nc) if i != k and np.any(full[:, k] * full[:, i])} for k in range(nc)]
    left = set(range(nc))
    order, below = [], []
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
    rows = [[(at[j, k], j) for j in order if (j, k) in at] for k in order]
    ups = [[(at[j, k], at[j, i], j) for j in order if (j, k) in at and (j, i) in at] for k, i in entries]
    return order, entries, rows, ups
