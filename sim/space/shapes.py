"""Shapes of regions, as data: a cell belongs to a shape when its centre lies inside.

    from sim import shapes
    shapes.Disc("1 mm") · shapes.Ellipse(("2 mm", "1 mm"), direction=(1, 1))
    shapes.Difference((shapes.Disc("1 mm"), shapes.Box(("0.2 mm", "4 mm"))))

Lengths are metres, or text with a unit. Coordinates are those of the grid: the middle of a rectangle
or box is the origin; along a line x or r counts from the mid-plane, the axis or the centre, and a
shape is cut along that line. Masks and images are in sim.space.mask.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from sim.errors import ScenarioError, listing, nearest, not_one_of, shown
from sim.space import shape_checks as checks
from sim.space.grid import Grid
from sim.space.mask import Mask, image

__all__ = [
    "SHAPES", "Annulus", "Box", "Difference", "Disc", "Ellipse", "HalfSpace", "Intersection", "Mask",
    "Shape", "Union", "from_table", "image", "to_table",
]  # fmt: skip

Length = float | str


@dataclass(frozen=True)
class Disc:
    """A disc; a ball in three dimensions, |r| <= radius along a line."""

    radius: Length
    center: Sequence[Length] = ()

    def __post_init__(self):
        checks.lengths(self, "radius")
        checks.rows(self, "center")
        checks.positive(self, "radius")

    def inside(self, grid: Grid) -> np.ndarray:
        """(n,) bool."""
        return sum(x * x for x in checks.relative(self, grid)) <= self.radius**2


@dataclass(frozen=True)
class Annulus:
    """What lies between two radii; a shell in three dimensions."""

    inner: Length
    outer: Length
    center: Sequence[Length] = ()

    def __post_init__(self):
        checks.lengths(self, "inner", "outer")
        checks.rows(self, "center")
        checks.positive(self, "outer")
        if not 0 <= self.inner < self.outer:
            raise ScenarioError(
                f"annulus: inner = {self.inner:g} m must lie from 0 to outer, {self.outer:g} m."
            )

    def inside(self, grid: Grid) -> np.ndarray:
        """(n,) bool."""
        square = sum(x * x for x in checks.relative(self, grid))
        return (square > self.inner**2) & (square <= self.outer**2)


@dataclass(frozen=True)
class Ellipse:
    """An ellipse, or ellipsoid of three radii. direction: (x, y) of the first radius, any length."""

    radii: Sequence[Length]
    center: Sequence[Length] = ()
    direction: Sequence[float] = (1.0, 0.0)

    def __post_init__(self):
        checks.rows(self, "radii", "center")
        checks.positive(self, "radii")
        checks.numbers(self, "direction")
        if len(self.direction) != 2 or not np.hypot(*self.direction) > 0:
            raise ScenarioError(
                f"ellipse: direction = {self.direction} must be two numbers, not both zero: the x and y "
                "of the first radius."
            )

    def inside(self, grid: Grid) -> np.ndarray:
        """(n,) bool."""
        x = checks.relative(self, grid, len(self.radii), "radii")
        if len(x) > 1:
            c, s = np.array(self.direction) / np.hypot(*self.direction)
            x[0], x[1] = c * x[0] + s * x[1], c * x[1] - s * x[0]
        return sum((v / a) ** 2 for v, a in zip(x, self.radii, strict=True)) <= 1.0


@dataclass(frozen=True)
class Box:
    """A rectangle or box with sides along the axes. size: full lengths."""

    size: Sequence[Length]
    center: Sequence[Length] = ()

    def __post_init__(self):
        checks.rows(self, "size", "center")
        checks.positive(self, "size")

    def inside(self, grid: Grid) -> np.ndarray:
        """(n,) bool."""
        x = checks.relative(self, grid, len(self.size), "sizes")
        return np.all([np.abs(v) <= 0.5 * a for v, a in zip(x, self.size, strict=True)], axis=0)


@dataclass(frozen=True)
class HalfSpace:
    """Everything on the side of a plane that `normal` points to. point: one point of the plane."""

    normal: Sequence[float]
    point: Sequence[Length] = ()

    def __post_init__(self):
        checks.rows(self, "point")
        checks.numbers(self, "normal")
        if not any(self.normal):
            raise ScenarioError(f"half_space: normal = {self.normal} has no direction.")

    def inside(self, grid: Grid) -> np.ndarray:
        """(n,) bool."""
        x = checks.relative(self, grid, len(self.normal), "numbers in the normal", "point")
        return sum(v * a for v, a in zip(x, self.normal, strict=True)) >= 0


@dataclass(frozen=True, init=False)
class _Several:
    """A shape made of shapes, given one by one or in a row: Union(a, b), Union((a, b)), Union(of=(a, b))."""

    of: Sequence[Shape]

    def __init__(self, *shapes: Shape | Sequence[Shape], of: Shape | Sequence[Shape] = ()):
        row = [*shapes, of] if of else list(shapes)
        parts = [s for given in row for s in (given if isinstance(given, list | tuple) else (given,))]
        word = checks.word(type(self))
        if not parts:
            raise ScenarioError(f"a {word} of no shapes is empty; give of=(shape, shape, ...).")
        for s in parts:
            check(s, word)
        object.__setattr__(self, "of", tuple(parts))


class Union(_Several):
    """Everything in at least one of the shapes."""

    def inside(self, grid: Grid) -> np.ndarray:
        """(n,) bool."""
        return np.any([s.inside(grid) for s in self.of], axis=0)


class Intersection(_Several):
    """What lies in all of the shapes."""

    def inside(self, grid: Grid) -> np.ndarray:
        """(n,) bool."""
        return np.all([s.inside(grid) for s in self.of], axis=0)


class Difference(_Several):
    """The first shape less all that follow."""

    def inside(self, grid: Grid) -> np.ndarray:
        """(n,) bool."""
        first, *rest = (s.inside(grid) for s in self.of)
        return first & ~np.any(rest, axis=0) if rest else first


Shape = Disc | Annulus | Ellipse | Box | HalfSpace | Union | Intersection | Difference | Mask

# The word of a scenario file -> what makes the shape. `image` is a function: it reads the file once.
SHAPES = {
    "disc": Disc,
    "annulus": Annulus,
    "ellipse": Ellipse,
    "box": Box,
    "half_space": HalfSpace,
    "union": Union,
    "intersection": Intersection,
    "difference": Difference,
    "mask": Mask.from_bits,
    "image": image,
}
_WORDS = {kind: word for word, kind in SHAPES.items() if isinstance(kind, type)}
_KEYS = {
    "mask": ("cells", "bits", "size", "center"),
    "image": ("path", "width", "center", "threshold", "inside", "digest"),
} | {word: tuple(f.name for f in fields(kind)) for kind, word in _WORDS.items()}


def from_table(table: dict, where: str = "shape") -> Shape:
    """A shape from a table of a scenario file: {shape = "disc", radius = "1 mm"}."""
    given = dict(table)
    word = given.pop("shape", None)
    if word not in SHAPES:
        raise ScenarioError(not_one_of(f"{where}: shape", word, SHAPES))
    for key in given:
        if key not in _KEYS[word]:
            hint = nearest(key, _KEYS[word])
            raise ScenarioError(f"{where}: a {word} has no '{key}' (it has {listing(_KEYS[word])}).{hint}")
    if "of" in given:
        given["of"] = tuple(from_table(t, where) for t in given["of"])
    try:
        return SHAPES[word](**given)
    except TypeError:
        raise ScenarioError(
            f"{where}: a {word} needs more than {listing(given)}; it has {listing(_KEYS[word])}."
        ) from None


def to_table(shape: Shape) -> dict:
    """The table that `from_table` reads: plain numbers, text and lists."""
    if isinstance(shape, Mask):
        return shape.table()
    table: dict = {"shape": _WORDS[type(shape)]}
    for f in fields(shape):
        value = getattr(shape, f.name)
        if f.name == "of":
            value = [to_table(s) for s in value]
        table[f.name] = list(value) if isinstance(value, tuple) else value
    return table


def check(shape: object, where: str) -> None:
    """Refuse what is no shape."""
    if isinstance(shape, type) and shape in _WORDS:
        held = ", ".join(_KEYS[_WORDS[shape]])
        raise ScenarioError(
            f"{where}: {shape.__name__} is a kind of shape; make one, {shape.__name__}({held})."
        )
    if not isinstance(shape, Shape):
        raise ScenarioError(f"{where}: {shown(shape)} is not a shape; try sim.shapes.Disc(radius='1 mm').")


def reaches_beyond(shape: Shape, grid: Grid) -> bool:
    """Whether a shape holds points half a cell outside of the grid. A half-space is meant to; a line
    is cut at its mid-plane, axis or centre; a mask refuses it itself."""
    if isinstance(shape, Union):
        return any(reaches_beyond(s, grid) for s in shape.of)
    if _masked(shape) or not _bounded(shape):
        return False
    return any(shape.inside(rim).any() for rim in _rims(grid))


def _bounded(shape: Shape) -> bool:
    if isinstance(shape, Union):
        return all(_bounded(s) for s in shape.of)
    if isinstance(shape, Intersection):
        return any(_bounded(s) for s in shape.of)
    return _bounded(shape.of[0]) if isinstance(shape, Difference) else not isinstance(shape, HalfSpace)


def _masked(shape: Shape) -> bool:
    return isinstance(shape, Mask) or any(_masked(s) for s in getattr(shape, "of", ()))


def _rims(grid: Grid) -> Iterator[Grid]:
    """Points beyond each outer face of a grid, half a cell away, as the centres of a grid."""
    line = len(grid.axes) == 1
    beyond, within = {}, {}
    for a in grid.axes:
        e = grid.edges[a]
        low, high = 1.5 * e[0] - 0.5 * e[1], 1.5 * e[-1] - 0.5 * e[-2]
        beyond[a] = [high] if line else [low, high]
        within[a] = np.concatenate([[low], 0.5 * (e[1:] + e[:-1]), [high]])
    for a in grid.axes:
        for position in beyond[a]:
            points = np.meshgrid(*([position] if b == a else within[b] for b in grid.axes), indexing="ij")
            centres = {b: x.ravel() for b, x in zip(grid.axes, points, strict=True)}
            yield replace(grid, centres=centres)


def __getattr__(name: str):
    raise AttributeError(f"there is no shape '{name}'.{nearest(name, __all__)}")
