"""What a shape was given, checked and turned into metres; and where cells lie from its origin."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, Self, TypeVar

import numpy as np

from sim.errors import ScenarioError, shown
from sim.space.grid import Grid
from sim.units import convert_number

P = ParamSpec("P")
T = TypeVar("T")


def word(kind: type) -> str:
    """The word of a scenario file for a class of shapes: HalfSpace is "half_space"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


class Centred:
    """A shape with a centre; center=, as American English spells it, is answered by a sentence."""

    def __new__(cls, *_given: Any, **named: Any) -> Self:
        _refuse_center(cls.__name__, named)
        return super().__new__(cls)


def centre_by_name(make: Callable[P, T]) -> Callable[P, T]:
    """A function that makes a shape with a centre; center= is answered by a sentence."""

    @wraps(make)
    def made(*given: P.args, **named: P.kwargs) -> T:
        _refuse_center(make.__name__, named)
        return make(*given, **named)

    return made


def _refuse_center(name: str, named: Mapping[str, object]) -> None:
    if "center" in named:
        raise ScenarioError(
            f"{name}(center={shown(named['center'])}): the argument is spelt centre; write centre=..."
        )


def lengths(shape: Any, *names: str) -> None:
    """Turn the named lengths, one each, into metres."""
    for name in names:
        value = getattr(shape, name)
        if isinstance(value, list | tuple | np.ndarray):
            raise ScenarioError(
                f"{word(type(shape))}: {name} = {shown(value)} must be one length, such as '1 mm'."
            )
        _set(shape, name, convert_number(value, "m", _owner(shape, name)))


def rows(shape: Any, *names: str) -> None:
    """Turn the named rows of lengths into metres."""
    for name in names:
        value = getattr(shape, name)
        if not isinstance(value, list | tuple | np.ndarray):
            given = (
                f"{value} m" if type(value) in (int, float) else value if isinstance(value, str) else "1 mm"
            )
            raise ScenarioError(
                f"{word(type(shape))}: {name} = {shown(value)} must be a row of lengths, one for each axis: "
                f"('{given}', '{given}') in a rectangle, ('{given}',) along a line."
            )
        _set(shape, name, tuple(convert_number(v, "m", _owner(shape, name)) for v in value))


def numbers(shape: Any, name: str) -> None:
    """Turn a row of plain numbers into floats."""
    value = getattr(shape, name)
    if not isinstance(value, list | tuple | np.ndarray):
        raise ScenarioError(
            f"{word(type(shape))}: {name} = {shown(value)} must be a row of numbers, such as (1, 0)."
        )
    _set(shape, name, tuple(convert_number(v, "1", _owner(shape, name)) for v in value))


def positive(shape: Any, name: str) -> None:
    """Refuse lengths that are not above zero, and rows without any."""
    value = getattr(shape, name)
    if not np.all(np.asarray(value) > 0) or np.size(value) == 0:
        raise ScenarioError(
            f"{word(type(shape))}: {name} = {shown(value)} must be positive lengths, such as '1 mm'."
        )


def relative(
    shape: Any, grid: Grid, count: int | None = None, what: str = "", origin: str = "centre"
) -> list[np.ndarray]:
    """Coordinates of the cells relative to the shape's origin, one array an axis."""
    dim, name = len(grid.axes), word(type(shape))
    if count is not None and count != dim:
        raise ScenarioError(
            f"{_article(name)} {name} with {count} {what} does not fit a {grid.kind}, which has {dim}."
        )
    middle = getattr(shape, origin) or (0.0,) * dim
    if len(middle) != dim:
        raise ScenarioError(
            f"{name}: {origin} = {shown(middle)} does not fit a {grid.kind}, which has {dim} coordinates."
        )
    return [grid.centres[a] - m for a, m in zip(grid.axes, middle, strict=True)]


def _owner(shape: Any, name: str) -> str:
    return f"{word(type(shape))}: {name}"


def _set(shape: Any, name: str, value: object) -> None:
    object.__setattr__(shape, name, value)


def _article(name: str) -> str:
    return "an" if name[0] in "aeiou" else "a"
