"""Shapes of regions, as data: a cell belongs to a shape when its centre lies inside.

    from sim import shapes
    shapes.Disc("1 mm") · shapes.Ellipse(("2 mm", "1 mm"), direction=(1, 1))
    shapes.Difference((shapes.Disc("1 mm"), shapes.Box(("0.2 mm", "4 mm"))))

Lengths are given in metres or as text with a unit, and are metres afterwards. Coordinates are those of
the grid: the middle of a rectangle or box is the origin; along a line x or r counts from the mid-plane,
the axis or the centre, and a shape is cut along that line. `image` reads a picture as a mask, `voxels` a
measured volume; `Mask` takes an array.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ScenarioError, listing, nearest, not_one_of, shown
from sim.space import shape_checks as checks
from sim.space.grid import Grid
from sim.space.mask import Mask, image
from sim.space.voxel_mask import voxels

__all__ = [
    "SHAPES", "Annulus", "Box", "Difference", "Disc", "Ellipse", "HalfSpace", "Intersection", "Mask",
    "Shape", "Union", "from_table", "image", "to_table", "voxels",
]  # fmt: skip

Length = float | str


@dataclass(frozen=True)
class Disc(checks.Centred):
    """A disc; a ball in three dimensions, |r| <= radius along a line."""

    radius: float
    centre: tuple[float, ...] = ()

    if TYPE_CHECKING:

        def __init__(self, radius: Length, centre: Sequence[Length] = ()) -> None: ...

    def __post_init__(self) -> None:
        checks.lengths(self, "radius")
        checks.rows(self, "centre")
        checks.positive(self, "radius")

    def inside(self, grid: Grid) -> np.ndarray:
        """(n,) bool."""
        return _squares(checks.relative(self, grid)) <= self.radius**2


@dataclass(frozen=True)
class Annulus(checks.Centred):
    """What lies between two radii; a shell in three dimensions."""

    inner: float
    outer: float
    centre: tuple[float, ...] = ()

    if TYPE_CHECKING:

        def __init__(self, inner: Length, outer: Length, centre: Sequence[Length] = ()) -> None: ...

    def __post_init__(self) -> None:
        checks.lengths(self, "inner", "outer")
        checks.rows(self, "centre")
        checks.positive(self, "outer")
        if not 0 <= self.inner < self.outer:
            raise ScenarioError(
                f"annulus: inner = {self.inner:g} m must lie from 0 to outer, {self.outer:g} m."
            )

    def inside(self, grid: Grid) -> np.ndarray:
        """(n,) bool."""
        square = _squares(checks.relative(self, grid))
        return (square > self.inner**2) & (square <= self.outer**2)


@dataclass(frozen=True)
class Ellipse(checks.Centred):
    """An ellipse, or ellipsoid of three radii. direction: (x, y) of the first radius, any length."""

    radii: tuple[float, ...]
    centre: tuple[float, ...] = ()
    direction: tuple[float, ...] = (1.0, 0.0)

    if TYPE_CHECKING:

        def __init__(
            self, radii: Sequence[Length], centre: Sequence[Length] = (), direction: Sequence[float] = (1, 0)
        ) -> None: ...

    def __post_init__(self) -> None:
        checks.rows(self, "radii", "centre")
        checks.positive(self, "radii")
        checks.numbers(self, "direction")
        if len(self.direction) != 2 or not math.hypot(*self.direction) > 0:
            raise ScenarioError(
                f"ellipse: direction = {self.direction} must be two numbers, not both zero: the x and y "
                "of the first radius."
            )

    def inside(self, grid: Grid) -> np.ndarray:
        """(n,) bool."""
        x = checks.relative(self, grid, len(self.radii), "radii")
        if len(x) > 1:
            c, s = np.array(self.direction) / np.hypot(self.direction[0], self.direction[1])
            x[0], x[1] = c * x[0] + s * x[1], c * x[1] - s * x[0]
        return _squares([v / a for v, a in zip(x, self.radii, strict=True)]) <= 1.0


@dataclass(frozen=True)
class Box(checks.Centred):
    """A rectangle or box with sides along the axes. size: full lengths."""

    size: tuple[float, ...]
    centre: tuple[float, ...] = ()

    if TYPE_CHECKING:

        def __init__(self, size: Sequence[Length], centre: Sequence[Length] = ()) -> None: ...

    def __post_init__(self) -> None:
        checks.rows(self, "size", "centre")
        checks.positive(self, "size")

    def inside(self, grid: Grid) -> np.ndarray:
        """(n,) bool."""
        x = checks.relative(self, grid, len(self.size), "sizes")
        return _all(np.abs(v) <= 0.5 * a for v, a in zip(x, self.size, strict=True))


@dataclass(frozen=True)
class HalfSpace:
    """Everything on the side of a plane that `normal` points to. point: one point of the plane."""

    normal: tuple[float, ...]
    point: tuple[float, ...] = ()

    if TYPE_CHECKING:

        def __init__(self, normal: Sequence[float], point: Sequence[Length] = ()) -> None: ...

    def __post_init__(self) -> None:
        checks.rows(self, "point")
        checks.numbers(self, "normal")
        if not any(self.normal):
            raise ScenarioError(f"half_space: normal = {self.normal} has no direction.")

    def inside(self, grid: Grid) -> np.ndarray:
        """(n,) bool."""
        x = checks.relative(self, grid, len(self.normal), "numbers in the normal", "point")
        return reduce(np.add, [v * a for v, a in zip(x, self.normal, strict=True)]) >= 0


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


def _squares(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Sum of squares."""
    return reduce(np.add, [x * x for x in parts])


def _all(parts: Iterable[np.ndarray]) -> np.ndarray:
    return reduce(np.logical_and, parts)


Shape = Disc | Annulus | Ellipse | Box | HalfSpace | Union | Intersection | Difference | Mask

# The word of a scenario file -> what makes the shape. `image` and `voxels` are functions: they read once.
SHAPES: dict[str, Callable[..., Shape]] = {
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
    "voxels": voxels,
}
_WORDS = {kind: word for word, kind in SHAPES.items() if isinstance(kind, type)}
_KEYS = {
    "mask": ("cells", "bits", "size", "centre"),
    "image": ("path", "width", "centre", "threshold", "inside", "digest"),
    "voxels": ("path", "above", "axes", "plane", "centre", "spacing", "digest"),
} | {word: tuple(f.name for f in fields(kind)) for kind, word in _WORDS.items()}

# Keys of tables that are lengths [m].
LENGTHS = tuple("radius inner outer radii size centre point width plane length spacing reach".split())


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


def standalone(shape: Shape) -> Shape:
    """An equal shape whose table needs no file: pixels instead of the path of a picture."""
    if isinstance(shape, Mask):
        return shape.without_path()
    if isinstance(shape, Union | Intersection | Difference):
        return replace(shape, of=tuple(standalone(part) for part in shape.of))
    return shape


def check(shape: object, where: str) -> None:
    """Refuse what is no shape."""
    if isinstance(shape, type) and shape in _WORDS:
        held = ", ".join(_KEYS[_WORDS[shape]])
        raise ScenarioError(
            f"{where}: {shape.__name__} is a kind of shape; make one, {shape.__name__}({held})."
        )
    if not isinstance(shape, Shape):
        raise ScenarioError(f"{where}: {shown(shape)} is not a shape; try sim.shapes.Disc(radius='1 mm').")


def __getattr__(name: str):
    raise AttributeError(f"there is no shape '{name}'.{nearest(name, __all__)}")
