"""Checksums of variables, kept with a file: an altered number is told, whatever altered it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.identity.described import described, text_digest

if TYPE_CHECKING:
    import xarray

    from sim.run.stored.labelled import LabelledArray

DIGITS = 16  # hexadecimal: 64 bits, one altered file in 10^19 goes unnoticed
CHECKSUM = "checksum"  # attribute of a variable in a file


def checksum(variable: LabelledArray | xarray.Variable | xarray.DataArray) -> str:
    """Of dimensions, attributes and values, alike on every machine and after writing and reading."""
    said = {str(k): _plain(v) for k, v in variable.attrs.items() if k != CHECKSUM}
    values = np.asarray(variable.values)
    if values.dtype.kind in "fiu":
        held = described(values.astype(values.dtype.newbyteorder("<"), copy=False))
    else:
        held = [str(v) for v in values.ravel().tolist()]
    head = [[str(d) for d in variable.dims], list(values.shape), said]
    return text_checksum(json.dumps([head, held], sort_keys=True))


def text_checksum(text: str) -> str:
    """Of a text."""
    return text_digest(text)[:DIGITS]


def attributes_checksum(attrs: Mapping[Any, Any]) -> str:
    """Of attributes that are texts and numbers."""
    return text_checksum(json.dumps({str(k): _plain(v) for k, v in attrs.items()}, sort_keys=True))


def _plain(value: Any) -> Any:
    """An attribute as it is after writing and reading: text, a number, or a list of those."""
    if isinstance(value, np.ndarray | list | tuple):
        found = [_plain(v) for v in value]
        return found[0] if len(found) == 1 else found
    if isinstance(value, str | bytes):
        return value if isinstance(value, str) else value.decode(errors="replace")
    return float(value) if isinstance(value, float | int | np.generic) else str(value)
