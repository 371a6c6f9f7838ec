"""What sweep files alone have: amounts of memory."""

from __future__ import annotations

import re

from sim.errors import UnitError, shown
from sim.parameters.sections import finite_number

_BYTES = re.compile(r"\s*([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)\s*")
_SIZES = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
_SIZES |= {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def memory_in_bytes(value: object, name: str) -> float:
    """Bytes: a number, or text such as "2 GB"."""
    if isinstance(value, str):
        found = _BYTES.fullmatch(value)
        if found is None:
            raise UnitError(
                f"{name} = {shown(value)} is not an amount of memory, such as '2 GB' or '500 MB'."
            )
        value = float(found.group(1)) * _SIZES[found.group(2)]
    number = finite_number(value, name)
    if not number > 0:
        raise UnitError(f"{name} = {number:g} must be above 0 bytes.")
    return float(number)
