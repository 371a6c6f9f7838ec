"""Arrays and columns as users have them: whatever holds numbers becomes floats, and what is missing stays so.

Missing are NaN, None, what a mask covers, and the missing values of pandas (NA, NaT), which are known by
the names of their types: nothing here imports pandas or xarray.
"""

from __future__ import annotations

from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import UnitError, shown
from sim.units.text import read_unit

_MISSING_TYPES = ("NAType", "NaTType", "MaskedConstant")
_DEEPEST = 8  # lists within lists


def is_missing(value: object) -> bool:
    """Whether one value stands for "not known": None, NaN, pandas' NA and NaT, a masked element."""
    if value is None or type(value).__name__ in _MISSING_TYPES:
        return True
    if isinstance(value, np.ndarray) and value.ndim:
        return False
    return bool(isinstance(value, float | np.floating | Decimal) and value != value)


def holds_many(value: object) -> bool:
    """Whether a value is a list, an array or a column (of pandas, xarray, ...), of one number or none too."""
    if isinstance(value, np.ndarray | list | tuple):
        return type(value).__name__ not in _MISSING_TYPES
    return hasattr(value, "__array__") and not isinstance(value, np.generic)


def has_axes(value: object) -> bool:
    """Whether a value is a list, array or column, not an array without axes, which is one number."""
    return holds_many(value) and getattr(value, "ndim", 1) != 0


def float_array(value: Any, unit: str, name: str) -> NDArray[np.float64]:
    """Numbers of a list, array or column as SI floats, NaN where one is missing; the shape is kept.

    unit: the dimension that is needed. A column that says its unit (`attrs["units"]` of xarray) is
    converted; others hold SI numbers. Raises UnitError, a sentence beginning with `name`.
    """
    given = _unit_of_column(value, name)
    array = _floats(value, name, _DEEPEST)
    infinite = np.isinf(array)
    if infinite.any():
        raise UnitError(
            f"{name} holds {int(infinite.sum())} values that are not finite numbers, {array[infinite][0]}."
        )
    if not given:
        return array
    needed = read_unit(unit, "unit")[1]
    factor, dimension, offset = read_unit(given, f"{name}: units of the column", needed)
    if dimension != needed:
        raise UnitError(f"{name} is a column in '{given}'; '{unit}' or a unit like it is needed.")
    return array * float(factor) + float(offset)


def _unit_of_column(value: Any, name: str) -> str:
    """The unit that a column says it has, or "": attrs["units"] of xarray; a unit in any other form is
    refused, for reading the bare numbers would be wrong without a word."""
    attrs = getattr(value, "attrs", None)
    found = attrs.get("units", "") if isinstance(attrs, dict) else ""
    if isinstance(found, str) and found:
        return found
    if hasattr(value, "to_numpy"):
        return ""  # a column of xarray or pandas: what it calls so is data
    for word in ("units", "unit"):
        own = getattr(value, word, None)
        if own is not None and hasattr(value, "__array__") and not callable(own):
            raise UnitError(
                f"{name} carries a unit of another package ({shown(str(own))}), which is not read; give its "
                "plain numbers in SI, or text with a unit."
            )
    return ""


def _floats(value: Any, name: str, depth: int) -> NDArray[np.float64]:
    if isinstance(value, list | tuple):
        return _of_list(value, name, depth)
    masked = isinstance(value, np.ma.MaskedArray)
    array = value.data if masked else _plain(value, name)
    kind = array.dtype.kind
    if kind == "O":
        found = _of_objects(array, name)
    elif kind in "iuf":
        found = array.astype(np.float64)
    else:
        raise UnitError(f"{name} holds {array.dtype} values; an array of numbers in SI is needed.")
    if masked:
        found[np.ma.getmaskarray(value)] = np.nan
    return found


def _plain(value: Any, name: str) -> NDArray[Any]:
    """The values of an array or a column. pandas gives columns that know NA as objects if asked for them."""
    try:
        if hasattr(value, "to_numpy") and not hasattr(value, "dims"):
            array = np.asarray(value.to_numpy())
        else:
            array = np.asarray(value.values if hasattr(value, "dims") else value)
    except (TypeError, ValueError) as error:
        raise UnitError(f"{name} cannot be read as an array of numbers: {error}.") from None
    return array


def _of_list(value: list[Any] | tuple[Any, ...], name: str, depth: int) -> NDArray[np.float64]:
    if not depth:
        raise UnitError(f"{name} holds lists within lists, {_DEEPEST} deep.")
    if set(map(type, value)) <= {float}:  # the plain case, and the one that may be long
        return np.array(value, dtype=np.float64)
    if not any(holds_many(v) for v in value):
        row = np.empty(len(value), dtype=object)
        row[:] = value
        return _of_objects(row, name)
    rows = [_floats(v if holds_many(v) else [v], name, depth - 1) for v in value]
    if len({r.shape for r in rows}) > 1 or not all(holds_many(v) for v in value):
        raise UnitError(f"{name} is a ragged list; rows of equal length are needed.")
    return np.stack(rows)


def _of_objects(array: NDArray[Any], name: str) -> NDArray[np.float64]:
    found = np.empty(array.shape)
    for i, v in enumerate(array.flat):
        found.flat[i] = np.nan if is_missing(v) else _number_in(v, name)
    return found


def _number_in(value: Any, name: str) -> float:
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real | Decimal):
        raise UnitError(
            f"{name} holds {shown(value)}, a {type(value).__name__}; an array of numbers in SI is needed."
        )
    try:
        return float(value)
    except OverflowError:
        return np.inf
