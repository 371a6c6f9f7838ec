"""Ways to choose points: grids, samples that fill space, samples for sensitivity, tables.

Samples are drawn on shares 0-1 of each axis (Axis.at turns a share into a value), so that an axis
with a log scale or of words is sampled as evenly as any other.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import qmc

from sim.errors import ConfigError, listing, nearest, not_installed, shown
from sim.sweeps.design.axis import Axis, is_missing, read_values, unit_written
from sim.sweeps.design.design import LARGEST, Design, axes_of

LARGEST_SEED = 2**32 - 1  # what numpy's older generator takes, which SALib's samples are drawn from


def grid(axes: Mapping[str, Any], n: int | Mapping[str, int] = 5) -> Design:
    """Every combination, the last axis fastest.

    n: levels of an axis with bounds, both included, for all or by name; listed values are all taken
    """
    made = axes_of(axes)
    counts = n if isinstance(n, Mapping) else {a.name: n for a in made}
    for name in counts:
        if name not in {a.name for a in made}:
            names = [a.name for a in made]
            raise ConfigError(f"n: the design has no axis '{name}'.{nearest(name, names)}")
    levels = [_levels(a, counts.get(a.name, 5)) for a in made]
    shape = [len(x) for x in levels]
    _affordable(math.prod(shape), "grid")
    names = [a.name for a in made]
    points = tuple(dict(zip(names, p, strict=True)) for p in itertools.product(*levels)) if names else ()
    return Design("grid", made, points, {"shape": shape})


def latin_hypercube(axes: Mapping[str, Any], n: int, seed: int) -> Design:
    """n points, one in each n-th of every axis, paired by chance (scipy.stats.qmc)."""
    made, n, seed = axes_of(axes), _count(n, "n"), _seed(seed)
    _affordable(n, "sample")
    shares = qmc.LatinHypercube(len(made), rng=np.random.default_rng(seed)).random(n)
    return _sampled("latin_hypercube", made, shares, {"n": n, "seed": seed})


def sobol(axes: Mapping[str, Any], n: int, seed: int) -> Design:
    """n = 2^k points of a scrambled Sobol' sequence (scipy.stats.qmc)."""
    made, n, seed = axes_of(axes), _power_of_two(n), _seed(seed)
    shares = qmc.Sobol(len(made), scramble=True, rng=np.random.default_rng(seed)).random(n)
    return _sampled("sobol", made, shares, {"n": n, "seed": seed})


def morris(axes: Mapping[str, Any], n: int, seed: int, levels: int = 4) -> Design:
    """n trajectories of Morris (1991) with SALib: d + 1 points each, one axis changed at a time.

    levels: even number of levels of an axis with bounds. n (d + 1) points, in SALib's order.
    """
    made, n, seed = _varied(axes, "morris"), _count(n, "n"), _seed(seed)
    levels = _count(levels, "levels")
    if levels < 2 or levels % 2:
        raise ConfigError(f"levels = {levels} must be an even number, 4 or 6; others would be biased.")
    _affordable(n * (len(made) + 1), "sample")
    sample = _salib("sample.morris").sample
    before = np.random.get_state()  # SALib draws from numpy's one global generator
    try:
        np.random.seed(seed)
        shares = sample(_problem(made), n, num_levels=levels, seed=seed)
    finally:
        np.random.set_state(before)
    # Sums of thirds and the like end a rounding beside 0 or 1.
    return _sampled(
        "morris", made, np.clip(np.round(shares, 12), 0, 1), {"n": n, "seed": seed, "levels": levels}
    )


def saltelli(axes: Mapping[str, Any], n: int, seed: int, second_order: bool = False) -> Design:
    """Saltelli's (2002) extension of a Sobol' sequence of n = 2^k points, for Sobol' indices.

    n (d + 2) points, or n (2 d + 2) with second_order, in the order of SALib.analyze.sobol: of each
    base pair (A, B) first A, then A with each column of B, [B with each column of A,] last B.
    """
    made, n, seed = _varied(axes, "saltelli"), _power_of_two(n), _seed(seed)
    d = len(made)
    _affordable(n * (2 * d + 2 if second_order else d + 2), "sample")
    pairs = qmc.Sobol(2 * d, scramble=True, rng=np.random.default_rng(seed)).random(n)
    a, b = pairs[:, None, :d], pairs[:, None, d:]
    own = np.eye(d, dtype=bool)[None]
    blocks = [a, np.where(own, b, a)]
    if second_order:
        blocks.append(np.where(own, a, b))
    shares = np.concatenate([*blocks, b], axis=1).reshape(-1, d)
    return _sampled("saltelli", made, shares, {"n": n, "seed": seed, "second_order": bool(second_order)})


def table(rows: Any) -> Design:
    """Points as they stand: a list of {name: value}, or a pandas.DataFrame. Text has units.

    Equal rows stay rows, and are computed once. The index of a DataFrame, unless it merely counts, becomes
    a column of the results under its name, or "label". A missing value is refused.
    """
    labels: dict[str, Any] = {}
    if hasattr(rows, "to_dict") and hasattr(rows, "index") and hasattr(rows, "columns"):
        if not rows.columns.is_unique:
            raise ConfigError(f"a column of the table is there twice: {listing(rows.columns)}.")
        labels = _labels(rows.index)
        rows = rows.to_dict("records")
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise ConfigError(f"a table is a list of rows, [{{'lesion.radius': '2 mm'}}], not {shown(rows)}.")
    if not rows:
        raise ConfigError("this table has no rows; a design needs at least one point.")
    for k, row in enumerate(rows):
        if not isinstance(rows[0], Mapping):
            raise ConfigError(f"row 0 of the table is {shown(rows[0])}; one is {{'lesion.radius': '2 mm'}}.")
        if not isinstance(row, Mapping) or row.keys() != rows[0].keys():
            what = listing(row) if isinstance(row, Mapping) else shown(row)
            raise ConfigError(f"row {k} of the table holds {what}; row 0 holds {listing(rows[0])}.")
    made, columns = [], {}
    for name in rows[0]:
        for k, row in enumerate(rows):
            if is_missing(row[name]):
                which = f" ({labels['values'][k]})" if labels else ""
                raise ConfigError(
                    f"row {k} of the table{which} has no value for {name}; give one, or take the row out."
                )
            if isinstance(row[name], float) and not math.isfinite(row[name]):
                raise ConfigError(f"row {k} of the table: {name} = {row[name]} is not a finite number.")
        columns[name], unit = read_values(name, [row[name] for row in rows])
        written = unit_written(row[name] for row in rows)
        made.append(Axis(name, unit=unit, values=tuple(dict.fromkeys(columns[name])), given_in=written))
    points = tuple(dict(zip(columns, p, strict=True)) for p in zip(*columns.values(), strict=True))
    return Design("table", tuple(made), points, {"labels": labels} if labels else {})


def _labels(index: Any) -> dict[str, Any]:
    """Name and labels of the index of a DataFrame; {} of one that counts from 0."""
    values = [v.item() if isinstance(v, np.generic) else v for v in index]
    if values == list(range(len(values))) and index.name is None:
        return {}
    plain = [v if isinstance(v, int | str) and not isinstance(v, bool) else str(v) for v in values]
    return {"name": str(index.name or "label"), "values": plain}


def _levels(axis: Axis, n: int) -> list:
    if axis.values:
        return list(axis.values)
    if _count(n, f"n of {axis.name}") < 2:
        raise ConfigError(
            f"n = {n}: {axis.name} has two bounds, so at least 2 levels; list a single one, [x]."
        )
    return axis.at(np.linspace(0.0, 1.0, n))


def _sampled(method: str, axes: tuple[Axis, ...], shares: np.ndarray, settings: dict) -> Design:
    columns = [a.at(shares[:, k]) for k, a in enumerate(axes)]
    names = [a.name for a in axes]
    points = tuple(dict(zip(names, p, strict=True)) for p in zip(*columns, strict=True))
    return Design(method, axes, points, settings)


def _varied(axes: Any, method: str) -> tuple[Axis, ...]:
    """Axes that all have at least two values: an index of one that cannot change has no meaning."""
    made = axes_of(axes)
    for a in made:
        if len(a.values) == 1:
            raise ConfigError(f"{method}: {a.name} has one value only; leave it out, or give another.")
    return made


def _problem(axes: tuple[Axis, ...]) -> dict:
    return {
        "num_vars": len(axes), "names": [a.name for a in axes], "bounds": [[0.0, 1.0]] * len(axes),
    }  # fmt: skip


def _salib(module: str):
    """A module of SALib, which is not part of the core."""
    from importlib import import_module

    try:
        return import_module(f"SALib.{module}")
    except ImportError:
        raise ConfigError(not_installed("Morris trajectories need", "SALib")) from None


def _count(n: Any, name: str) -> int:
    if isinstance(n, bool) or not isinstance(n, int | np.integer):
        raise ConfigError(f"{name} = {shown(n)} must be a whole number.")
    if n > LARGEST:
        raise ConfigError(f"{name} = {shown(n)} is more than the {LARGEST} points that a design may have.")
    if n < 1:
        raise ConfigError(f"{name} = {n} gives a design of no points; give at least 1.")
    return int(n)


def _power_of_two(n: Any) -> int:
    """n, if it is a power of two: the sequence keeps its balance in no other number of points."""
    n = _count(n, "n")
    if n & (n - 1):
        below = 1 << (n.bit_length() - 1)
        raise ConfigError(
            f"n = {n}: Sobol' points are balanced in powers of two only; take {below} or {2 * below}, or "
            "latin_hypercube, which takes any n."
        )
    _affordable(n, "sample")
    return n


def _seed(seed: Any) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed <= LARGEST_SEED:
        raise ConfigError(f"seed = {shown(seed)} must be a whole number from 0 to 2^32 - 1.")
    return int(seed)


def _affordable(count: int, what: str) -> None:
    if count > LARGEST:
        raise ConfigError(
            f"this {what} has {count} points; {LARGEST} are the most. Take fewer levels or axes."
        )
