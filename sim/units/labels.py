"""Columns of pandas and xarray that belong together: aligned by their labels, which results keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sim.errors import ConfigError

Wrap = Callable[[np.ndarray], Any]


def bare(values: np.ndarray) -> Any:
    """The labels of what has none."""
    return values


def aligned(given: Mapping[str, Any]) -> tuple[dict[str, Any], Wrap]:
    """Values by name, columns among them in one order, and a function that labels an array of results.

    Columns of xarray are broadcast by the names of their dimensions, those of pandas need the same index; a
    column whose labels differ is refused, for rows would be mixed by their position.
    """
    arrays = {n: v for n, v in given.items() if hasattr(v, "dims") and hasattr(v, "coords")}
    columns = {n: v for n, v in given.items() if hasattr(v, "iloc") and n not in arrays}
    if arrays and columns:
        raise ConfigError(
            f"{next(iter(arrays))} is a column of xarray and {next(iter(columns))} one of pandas; give all "
            "of them as one kind."
        )
    if arrays:
        return _of_xarray(given, arrays)
    if columns:
        return dict(given), _of_pandas(columns)
    return dict(given), bare


def _of_xarray(given: Mapping[str, Any], arrays: dict[str, Any]) -> tuple[dict[str, Any], Wrap]:
    import xarray

    try:
        same = xarray.broadcast(*xarray.align(*arrays.values(), join="exact"))
    except ValueError as error:
        raise ConfigError(f"{', '.join(arrays)} do not have the same labels: {error}.") from None
    first = same[0]

    def labelled(values: np.ndarray) -> Any:
        if values.shape != first.shape:
            raise ConfigError(f"values of shape {values.shape} do not fit the dimensions {first.dims}.")
        return xarray.DataArray(values, dims=first.dims, coords=first.coords)

    return {**given, **dict(zip(arrays, same, strict=True))}, labelled


def _of_pandas(columns: dict[str, Any]) -> Wrap:
    import pandas

    (name, first), *others = columns.items()
    if first.ndim != 1:
        raise ConfigError(f"{name} is a table of {first.shape[1]} columns; give one column of it.")
    for other, column in others:
        if not column.index.equals(first.index):
            raise ConfigError(
                f"{name} and {other} have different indices; bring them to one, with .reindex, or give "
                ".to_numpy() to go by position."
            )

    def labelled(values: np.ndarray) -> Any:
        if values.shape != first.shape:
            raise ConfigError(f"values of shape {values.shape} do not fit the {first.size} rows of {name}.")
        return pandas.Series(values, index=first.index)

    return labelled
