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
    sum_coef, sum_times, step, step_ptr, off_comp, up_ptr, up_from, up_to, guess_ptr, guess_at,
    guess_power, h, aw_slope, half_z2 of the components' own species, how many rows `factor` and `chain`
    count, and the class of each species. Indices are unsigned: none counts from the end.

    The sums, in order: nu m by component and family; twice what is negative of it, by component; A's
    diagonal (empty where it is sum nu m) and entries below; by family the multiple t times m, then
    t^2 m; m; and with the water w of each species nu w m by component, t w m by family, w m.
    """
    K, factor_ptr, factor, nu_ptr, nu_comp, nu, gclass, classes, water, host, h, aw_slope = arrays
    nc, ns = int(nu_comp.max()) + 1, K.size
    full = np.zeros((ns, nc))
    for j in range(ns):
        full[j, nu_comp[nu_ptr[j] : nu_ptr[j + 1]]] = nu[nu_ptr[j] : nu_ptr[j + 1]]
    family, class_family, class_times, chain = _families(classes, 2 * nc + 2)
    times = class_times[gclass]
    belongs = class_family[gclass]
    step, step_ptr, off_comp, pairs, ups = _elimination(full)

    of = [np.where(belongs == f, times, 0.0) for f in range(len(family))]
    sums = [full[:, k] * (belongs == f) for k in range(nc) for f in range(len(family))]
    sums += [2.0 * np.maximum(-full[:, k], 0.0) for k in range(nc)]
    sums += [np.where(_is_sum(full[:, k]), 0.0, full[:, k] ** 2) for k in range(nc)]
    sums += [full[:, k] * full[:, i] for k, i in pairs]
    sums += [*of, *(part * part for part in of), np.ones(ns)]
    sums += [full[:, k] * water for k in range(nc)]
    sums += [*(part * water for part in of), water]
    at = [np.flatnonzero(row) for row in sums]

    groups = [[j for j in range(ns) if host[j] == k] for k in (*range(nc), -1)]
    up_ptr, up_from, up_to = [0], [], []
    for rows in ups:
        up_from += [r[0] for r in rows]
        up_to += [r[1] for r in rows]
        up_ptr.append(len(up_from))
    inverse = np.array([np.any(factor == nc + k) for k in range(nc)])
    return (
        K, _unsigned(factor_ptr), factor, inverse.astype(np.uint8), family, _unsigned(chain),
        _unsigned(class_family), class_times,
        _ptr(at), _unsigned(np.concatenate(at)),
        np.concatenate([row[i] for row, i in zip(sums, at, strict=True)]), times[np.concatenate(at)],
        _unsigned(step), _unsigned(step_ptr), _unsigned(off_comp),
        _unsigned(up_ptr), _unsigned(up_from), _unsigned(up_to),
        _ptr(groups), _unsigned([j for g in groups for j in g]),
        np.array([int(full[j, h]) for g in groups for j in g]), h, aw_slope,
        0.5 * classes[gclass[:nc], 0], int(chain.max()) + 1, gclass,
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
    Returns family (n, 4): B a, ln10 A z^2, ln10 b, z^2, of multiple one; the family and the multiple
    of each class; and chain (operations, 3): row of the product and of its two factors, counted like
    `factor`; family f is at row first + number of classes + f.
    """
    family: list[tuple[float, ...]] = []
    member, times = np.zeros(len(classes), int), np.ones(len(classes))
    for c in np.argsort(classes[:, 0], kind="stable"):
        z2, az2, ba, b = classes[c]
        for f, (ba_f, az2_f, b_f, z2_f) in enumerate(family):
            n = round(z2 / z2_f) if z2_f > 0.0 else 1
            if ba == ba_f and np.allclose([z2, az2, b], [n * z2_f, n * az2_f, n * b_f], rtol=1e-15, atol=0):
                member[c], times[c] = f, n
                break
        else:
            member[c] = len(family)
            family.append((ba, az2, b, z2))
    chain: list[tuple[int, int, int]] = []
    free = first + len(classes) + len(family)
    one = free
    free += 1
    power: dict[tuple[int, int], int] = {}

    def row(f: int, n: int) -> int:
        nonlocal free
        if n == 1:
            return first + len(classes) + f
        if (f, n) not in power:
            a, b = row(f, n // 2), row(f, n - n // 2)
            chain.append((free, a, b))
            power[f, n] = free
            free += 1
        return power[f, n]

    for c in range(len(classes)):
        source = row(int(member[c]), int(times[c]))
        chain.append((first + c, source, one))
    return np.array(family), member, times, np.array(chain).reshape(-1, 3)


def _elimination(full: np.ndarray) -> tuple[list[int], list[int], list[int], list[Any], list[Any]]:
    """Order of elimination by least degree, and what each entry of the factor updates.

    Entry p lies below the pivot of component pairs[p][0] in the row of off_comp[p] = pairs[p][1]. ups[p]:
    (q, target) for every later entry q of the same column; target is an entry, too.
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
    place = {k: n for n, k in enumerate(order)}
    columns = [sorted(rest, key=place.__getitem__) for rest in below]
    pairs = [(k, i) for k, rows in zip(order, columns, strict=True) for i in rows]
    entry = {pair: p for p, pair in enumerate(pairs)}
    ups = []
    for k, rows in zip(order, columns, strict=True):
        for n, i in enumerate(rows):
            ups.append([(entry[k, o], entry[i, o]) for o in rows[n + 1 :]])
    ptr = np.cumsum([0] + [len(rows) for rows in columns])
    return order, list(ptr), [i for _, i in pairs], pairs, ups
