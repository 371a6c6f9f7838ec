"""Where the layers and regions of a scenario lie on its grid. `s` is the Scenario, which calls this."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from sim.errors import RegionWarning, ScenarioError, listing, nearest, shown
from sim.space import shapes
from sim.space.geometries import GEOMETRIES
from sim.space.grid import Grid
from sim.space.shapes import Shape
from sim.units import convert

Regions = tuple[tuple[str, Shape], ...]
Domain = tuple[tuple[float, int], ...]


def checked_regions(regions: Iterable) -> Regions:
    """(name, shape) pairs, shapes also as tables of a scenario file."""
    found = []
    for entry in regions:
        if isinstance(entry, dict):
            table = dict(entry)
            name = table.pop("name", "")
            entry = (name, shapes.from_table(table, f"region '{name}'"))
        name, shape = entry
        if not isinstance(name, str) or not name.isidentifier():
            raise ScenarioError(f"{shown(name)} cannot name a region: use letters, digits and _.")
        shapes.check(shape, f"region '{name}'")
        found.append((name, shape))
    return tuple(found)


def checked_domain(domain: Sequence, geometry: str) -> Domain:
    """(length [m], cells) an axis; () where the layers decide."""
    if not domain:
        return ()
    rows = [(d.get("length"), d.get("cells")) if isinstance(d, dict) else tuple(d) for d in domain]
    axes = len(GEOMETRIES[geometry].axes)
    if len(rows) != axes:
        raise ScenarioError(
            f"domain = {shown(rows)} has {len(rows)} axes; a {geometry} has {axes}, each with "
            "a length and a number of cells."
        )
    found = []
    for row in rows:
        if len(row) != 2 or not isinstance(row[1], int | np.integer) or row[1] < 1:
            raise ScenarioError(f"domain: {shown(row)} must be a length and a number of cells, ('4 mm', 80).")
        length = convert(row[0], "m", "domain")
        if not length > 0:
            raise ScenarioError(f"domain: {shown(row[0])} must be a positive length, such as '4 mm'.")
        found.append((length, int(row[1])))
    return tuple(found)


def domain_of(s: Any) -> Domain:
    """The domain, stated or that of the layers with equal cells."""
    geometry = GEOMETRIES[s.geometry]
    if s.domain or not geometry.axes:
        return s.domain
    return geometry.domain([(s.size(name), cells) for name, cells in s.layers])


def names_of(s: Any) -> list[str]:
    """Names of places: layers from the centre outwards, then regions that are no layer."""
    return list(dict.fromkeys([n for n, _ in s.layers] + [n for n, _ in s.regions]))


def layout_table(s: Any) -> dict:
    """Domain, regions and what is random as plain data, for the manifest; only what there is."""
    found = {
        "domain": [list(row) for row in s.domain],
        "regions": [{"name": n, **shapes.to_table(shape)} for n, shape in s.regions],
        "random_fields": [f.table() for f in s.random_fields],
        "stochastic": s.stochastic.table() if s.stochastic else {},
    }
    return {k: v for k, v in found.items() if v}


def paint(s: Any, grid: Grid, place: np.ndarray) -> np.ndarray:
    """Index of the place of each cell (n,): the layers' `place`, and the regions over it in order."""
    names, place, held = names_of(s), place.copy(), set(place.tolist())
    if s.regions and not grid.axes:
        raise ScenarioError("a stirred cell has no places to put a region at; take another geometry.")
    for name, shape in s.regions:
        here = shape.inside(grid)
        if not here.any():
            raise ScenarioError(
                f"region '{name}' covers no cell of {grid!r}; it is outside the domain or smaller than a "
                f"cell: {shape!r}."
            )
        if shapes.reaches_beyond(shape, grid):
            warnings.warn(
                f"region '{name}' reaches beyond the domain, {_extent(grid)}; only what lies inside is used. "
                f"Make the domain larger if that is not meant: {shape!r}.",
                RegionWarning,
                stacklevel=2,
            )
        place[here] = names.index(name)
        held.add(names.index(name))
    for lost in sorted(held - set(place.tolist())):
        covering = listing(dict.fromkeys(n for n, _ in s.regions if n != names[lost]))
        warnings.warn(
            f"no cell is left of '{names[lost]}', covered by what is painted over it ({covering}); its "
            "parameters act nowhere. Paint a smaller shape, or paint it earlier.",
            RegionWarning,
            stacklevel=2,
        )
    return place


def _extent(grid: Grid) -> str:
    """ "-5 to 5 mm in x, -2 to 2 mm in y"."""
    ends = ((a, *(1e3 * grid.edges[a][[0, -1]])) for a in grid.axes)
    return ", ".join(f"{low:.4g} to {high:.4g} mm in {a}" for a, low, high in ends)


def with_region(s: Any, name: str, shape: Shape, like: str = "") -> Any:
    """See Scenario.with_region."""
    checked_regions([(name, shape)])
    changes: dict = {"domain": domain_of(s), "regions": (*s.regions, (name, shape))}
    layers = tuple(x for x in s.layers if x[0] != name)
    if not layers:
        raise ScenarioError(
            f"'{name}' is the only layer; a region needs another around it. Give the region another "
            f"name, and like='{name}'."
        )
    changes["layers"] = layers
    values = dict(s.parameters)
    if layers != s.layers:  # the shape says now how large it is; a radius nobody reads would mislead
        for key in (f"{name}.radius", f"{name}.thickness"):
            values.pop(key, None)
    if like:
        places = names_of(s)
        if like not in places:
            raise ScenarioError(f"like: there is no layer or region '{like}'.{nearest(like, places)}")
        for key, p in s.parameters.within(like).items():
            quantity = key.removeprefix(f"{like}.")
            if quantity not in ("radius", "thickness"):
                values.setdefault(f"{name}.{quantity}", p)
    return s.with_(parameters=type(s.parameters)(values), **changes)
