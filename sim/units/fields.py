"""Types of dataclass fields that are given as text or number and hold SI numbers.

    @dataclass(frozen=True)
    class Disc:
        radius: Quantity                      # Disc("1 mm"), Disc(1e-3); disc.radius is 0.001

The class converts in its __post_init__ (sim.units.convert). To a type checker such a field takes
`float | str` in the constructor and is a float afterwards; at run time these are plain annotations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:

    class Quantity:
        """A number in SI, given as one or as text with a unit."""

        def __get__(self, owner: object, kind: type | None = None) -> float: ...
        def __set__(self, owner: object, value: float | str) -> None: ...

    class Quantities:
        """Numbers in SI, given as such or as texts with units."""

        def __get__(self, owner: object, kind: type | None = None) -> tuple[float, ...]: ...
        def __set__(self, owner: object, value: Sequence[float | str]) -> None: ...

    class OptionalQuantity:
        """A number in SI or None, given as one, as text with a unit, or not at all."""

        def __get__(self, owner: object, kind: type | None = None) -> float | None: ...
        def __set__(self, owner: object, value: float | str | None) -> None: ...

else:
    Quantity = float
    Quantities = tuple[float, ...]
    OptionalQuantity = float | None
