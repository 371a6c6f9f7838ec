"""Arrays with labels: what a dataset is made of, and what a file holds.

An xarray.Dataset is made of them when somebody asks for one: to import xarray and to make a dataset takes
longer than most runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import xarray


class LabelledArray(NamedTuple):
    """Values, with a dimension for each axis, and what they say of themselves."""

    dims: tuple[str, ...]
    values: np.ndarray
    attrs: Mapping[str, Any]


@dataclass(frozen=True)
class LabelledArrays:
    """variables: {name: array}, those in `coordinates` too, which say where and when the others are;
    attrs: of all together"""

    variables: dict[str, LabelledArray]
    coordinates: frozenset[str]
    attrs: Mapping[str, Any]

    @classmethod
    def of(
        cls, data: Mapping[str, tuple], coordinates: Mapping[str, tuple], attrs: Mapping[str, Any]
    ) -> LabelledArrays:
        """Of rows (dimension or dimensions, values, attributes if any), as xarray.Dataset takes them."""
        rows = {**data, **coordinates}
        return cls({n: _array(*row) for n, row in rows.items()}, frozenset(coordinates), attrs)

    @classmethod
    def of_dataset(cls, data: xarray.Dataset) -> LabelledArrays:
        """Of a dataset. Its values are not copied."""
        variables = {
            str(n): LabelledArray(tuple(map(str, v.dims)), v.values, v.attrs)
            for n, v in data.variables.items()
        }
        return cls(variables, frozenset(map(str, data.coords)), data.attrs)

    def dataset(self) -> xarray.Dataset:
        """The same as a dataset."""
        import xarray as xr

        data = {n: v for n, v in self.variables.items() if n not in self.coordinates}
        labels = {n: v for n, v in self.variables.items() if n in self.coordinates}
        return xr.Dataset(data, labels, self.attrs)

    def without(self, name: str) -> LabelledArrays:
        """All but one variable, which need not be there."""
        left = {n: v for n, v in self.variables.items() if n != name}
        return LabelledArrays(left, self.coordinates - {name}, self.attrs)

    @property
    def sizes(self) -> dict[str, int]:
        """{dimension: length}, in the order in which variables name them."""
        return {d: n for v in self.variables.values() for d, n in zip(v.dims, v.values.shape, strict=True)}


def _array(
    dims: str | tuple[str, ...], values: np.ndarray, attrs: Mapping[str, Any] | None = None
) -> LabelledArray:
    return LabelledArray((dims,) if isinstance(dims, str) else tuple(dims), np.asarray(values), attrs or {})
