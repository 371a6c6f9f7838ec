"""Where the layers and regions of a scenario lie on its grid."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from sim.errors import RegionWarning, ScenarioError, listing, shown, warn_caller
from sim.experiment.nucleation import StochasticNucleation
from sim.model.model import Model
from sim.model.words.spelling import check_word
from sim.space import shapes
from sim.space.geometries import GEOMETRIES
from sim.space.grid import Grid
from sim.space.maps.measured_map import MeasuredMap
from sim.space.random_field import RandomField
from sim.space.shape_reach import reaches_beyond
from sim.space.shapes import Shape
from sim.texts import length_text
from sim.units import convert_number

Layers = tuple[tuple[str, int], ...]
Regions = tuple[tuple[str, Shape], ...]
Domain = tuple[tuple[float, int], ...]


MEANT = {  # what names that begin so are about, in changes, sweeps and files
    "plasma": "the fluid outside", "outer": "the boundary of the tissue", "initial": "an amount at the start",
    "region": "the shape of a region", "random_field": "a random field", "intervention": "an intervention",
}  # fmt: skip
_AXIS = re.compile(r"(.+?)\s+in\s+([0-9]+)(?:\s+cells?)?")


# The state that says what share of a place is alive, and what tissue has above 0 and a bare fluid has not.
ALIVE = "viable"
OF_TISSUE = ("doomed", "perfusion", "buffer")


class Placed(Protocol):
    """What this room needs to know of a scenario."""

    @property
    def geometry(self) -> str: ...
    @property
    def layers(self) -> Layers: ...
    @property
    def domain(self) -> Domain: ...
    @property
    def regions(self) -> Regions: ...
    @property
    def random_fields(self) -> tuple[RandomField, ...]: ...
    @property
    def stochastic(self) -> StochasticNucleation | None: ...
    @property
    def maps(self) -> tuple[MeasuredMap, ...]: ...
    @property
    def initial(self) -> Mapping[str, float | str]: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...
    @property
    def model(self) -> Model: ...
    def size(self, layer: str) -> float: ...
    def quantity(self, layer: str, name: str, default: float) -> float: ...


def checked_layers(layers: Iterable) -> Layers:
    """(name, cells) pairs, also as tables of a scenario file, where cells may be left out: 1."""
    if not isinstance(layers, Iterable) or isinstance(layers, str | Mapping):
        raise ScenarioError(f"layers = {shown(layers)} is not a row of layers, such as [('tissue', 50)].")
    found: dict[str, int] = {}
    for row in layers:
        pair = (row.get("name"), row.get("cells", 1)) if isinstance(row, Mapping) else row
        if isinstance(row, Mapping) and set(row) - {"name", "cells"}:
            raise ScenarioError(f"layers: {shown(row)} holds more than a name and a number of cells.")
        if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise ScenarioError(f"layers: {shown(row)} must be a name and a number of cells, ('tissue', 50).")
        name, cells = pair
        _check_place(name, "a layer")
        if name in found:
            raise ScenarioError(f"two layers are called '{name}'; names must differ.")
        if isinstance(cells, bool) or not isinstance(cells, int | float | np.number):
            raise ScenarioError(
                f"layers: {name} has {shown(cells)} cells; a whole number from 1 on is needed."
            )
        if int(cells) != cells or cells < 1:
            raise ScenarioError(
                f"a scenario needs at least one layer, each of at least one cell; '{name}' has {cells}."
            )
        found[name] = int(cells)
    if not found:
        raise ScenarioError("a scenario needs at least one layer, each of at least one cell.")
    return tuple(found.items())


def checked_regions(regions: Iterable) -> Regions:
    """(name, shape) pairs, shapes also as tables of a scenario file."""
    if not isinstance(regions, Iterable) or isinstance(regions, str | Mapping):
        raise ScenarioError(f"regions = {shown(regions)} is not a row of names and shapes.")
    found = []
    for entry in regions:
        if isinstance(entry, Mapping):
            table = dict(entry)
            name = table.pop("name", "")
            entry = (name, shapes.from_table(table, f"region '{name}'"))
        if isinstance(entry, str) or not isinstance(entry, Sequence) or len(entry) != 2:
            raise ScenarioError(f"regions: {shown(entry)} must be a name and a shape.")
        name, shape = entry
        _check_place(name, "a region")
        shapes.check(shape, f"region '{name}'")
        found.append((name, shape))
    return tuple(found)


def _check_place(name: object, what: str) -> None:
    """Refuse a name that is no word, and one that begins other names of a scenario ("initial.Ca")."""
    check_word(name, what, ScenarioError, formula=False)
    if name in MEANT:
        raise ScenarioError(
            f"'{name}' cannot name {what}: '{name}. ...' is {MEANT[str(name)]}. Choose another name, such as "
            f"'{name}_{what.split()[-1]}'."
        )


def checked_domain(domain: Sequence | str, geometry: str) -> Domain:
    """(length [m], cells) an axis; () where the layers decide. Text: "4 mm in 80 cells, 2 mm in 40"."""
    if isinstance(domain, np.ndarray):  # holds no whole numbers beside lengths: told below
        domain = domain.tolist()
    if not domain:
        return ()
    rows: list[tuple[Any, ...]] = _axes_of_text(domain) if isinstance(domain, str) else _rows(domain)
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
        length = convert_number(row[0], "m", "domain")
        if not length > 0:
            raise ScenarioError(f"domain: {shown(row[0])} must be a positive length, such as '4 mm'.")
        found.append((length, int(row[1])))
    return tuple(found)


def _rows(domain: object) -> list[tuple[Any, ...]]:
    """The axes of a domain: pairs, or tables of a file."""
    if not isinstance(domain, Sequence) or not all(isinstance(d, Sequence | Mapping) for d in domain):
        raise ScenarioError(f"domain = {shown(domain)} is not a row of axes, such as [('4 mm', 80)].")
    return [(d.get("length"), d.get("cells")) if isinstance(d, Mapping) else tuple(d) for d in domain]


def _axes_of_text(text: str) -> list[tuple[Any, ...]]:
    rows = [_AXIS.fullmatch(part.strip()) for part in text.split(",")]
    if not all(rows):
        raise ScenarioError(
            f"domain = {shown(text)} is not a length and a number of cells for each axis; write for example "
            "'4 mm in 80 cells, 2 mm in 40 cells'."
        )
    return [(row[1], int(row[2])) for row in rows if row]


def domain_text(domain: Domain) -> str:
    """A domain as a scenario takes it back, "10 mm in 50 cells, 8 mm in 40"; "layers" where it has none."""
    return ", ".join(f"{length_text(a)} in {c} cells" for a, c in domain) or "layers"


def shape_text(shape: Shape) -> str:
    """A shape in words: "ellipse, radii 3 mm x 2 mm"."""
    table: dict[str, Any] = shapes.to_table(shape)
    word, parts = table.pop("shape"), []
    if isinstance(shape, shapes.Union | shapes.Intersection | shapes.Difference):
        return f"{word} of ({'; '.join(shape_text(part) for part in shape.of)})"
    for key, value in table.items():
        if key in ("bits", "digest") or value in ([], ""):
            continue
        row = value if isinstance(value, list) else [value]
        if key in ("direction", "normal", "cells", "threshold", "above", "axes") or isinstance(value, str):
            said = [v if isinstance(v, str) else f"{v:g}" for v in row]
        else:
            said = [length_text(v) if v else "0" for v in row]
        parts.append(f"{key} {' x '.join(said)}")
    return ", ".join([word, *parts])


def domain_of(s: Placed) -> Domain:
    """The domain, stated or that of the layers with equal cells."""
    geometry = GEOMETRIES[s.geometry]
    if s.domain or not geometry.axes:
        return s.domain
    return geometry.domain([(s.size(name), cells) for name, cells in s.layers])


def names_of(s: Placed) -> list[str]:
    """Names of places: layers from the centre outwards, then regions that are no layer."""
    return list(dict.fromkeys([n for n, _ in s.layers] + [n for n, _ in s.regions]))


def unsaid_living(s: Placed) -> list[str]:
    """A sentence on the places with tissue of which a scenario does not say whether it lives, or none."""
    if ALIVE not in (x.name for x in s.model.species) or ALIVE in s.initial:
        return []
    unsaid = []
    for place in names_of(s):
        here = [q for q in OF_TISSUE if s.quantity(place, q, 0.0) > 0.0]
        if here and f"{place}.{ALIVE}" not in s.parameters:
            unsaid.append(f"'{place}' ({listing(here)} above 0)")
    if not unsaid:
        return []
    first = unsaid[0].partition(" ")[0].strip("'")
    return [
        f"nothing is said of what is alive in {listing(unsaid)}: it is taken as dead, so no cell there "
        f"clears mineral or makes pyrophosphate. Set {first}.{ALIVE}, 1 where all cells live and 0 where all "
        "are dead or dying."
    ]


def check_groups(parameters: Iterable[str], quantities: Mapping[str, Iterable[str]]) -> None:
    """Refuse parameters of a model that are called like a quantity of a place: one name, two numbers.

    quantities: {place: what it has}
    """
    for name in parameters:
        place, _, quantity = name.partition(".")
        if quantity in quantities.get(place, ()):
            raise ScenarioError(
                f"{name} is a parameter of the model and a quantity of '{place}' in this scenario; call the "
                f"process '{place}', or the place, by another name."
            )


def layout_table(s: Placed) -> dict:
    """Domain, regions and what is random as plain data, for the manifest; only what there is."""
    found = {
        "domain": [list(row) for row in s.domain],
        "regions": [{"name": n, **_without_folders(shapes.to_table(shape))} for n, shape in s.regions],
        "random_fields": [f.table() for f in s.random_fields],
        "maps": [m.about() for m in s.maps],
        "stochastic": s.stochastic.table() if s.stochastic else {},
    }
    return {k: v for k, v in found.items() if v}


def _without_folders(table: dict) -> dict:
    """The table of a shape with the names of pictures: where they lay is nobody's business."""
    if "of" in table:
        return table | {"of": [_without_folders(part) for part in table["of"]]}
    return table | {"path": Path(table["path"]).name} if "path" in table else table


def paint(s: Placed, grid: Grid, place: np.ndarray) -> np.ndarray:
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
        if reaches_beyond(shape, grid):
            warn_caller(
                f"region '{name}' reaches beyond the domain, {_extent(grid)}; only what lies inside is used. "
                f"Make the domain larger if that is not meant: {shape!r}.",
                RegionWarning,
            )
        place[here] = names.index(name)
        held.add(names.index(name))
    for lost in sorted(held - set(place.tolist())):
        covering = listing(dict.fromkeys(n for n, _ in s.regions if n != names[lost]))
        warn_caller(
            f"no cell is left of '{names[lost]}', covered by what is painted over it ({covering}); its "
            "parameters act nowhere. Paint a smaller shape, or paint it earlier.",
            RegionWarning,
        )
    return place


def _extent(grid: Grid) -> str:
    """ "-5 to 5 mm in x, -2 to 2 mm in y"."""
    ends = ((a, *(1e3 * grid.edges[a][[0, -1]])) for a in grid.axes)
    return ", ".join(f"{low:.4g} to {high:.4g} mm in {a}" for a, low, high in ends)
