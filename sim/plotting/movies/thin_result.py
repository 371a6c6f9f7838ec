"""A result of one variable, to draw it without making or reading the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.plotting.asked import need_name
from sim.plotting.runs import planes

if TYPE_CHECKING:
    from sim.run.result import Result


def thin_result(result: Result, name: str) -> Result:
    """The result with one variable over time and space, and where its cells are. Arrays are not copied.

    Of a result that makes its dataset when asked for one, none is made.
    """
    import xarray as xr

    from sim.run.result import Result

    try:
        values = result.array_of(name)
    except (KeyError, ValueError):  # no such name, or no field, which is said in the words of the result
        need_name(result, name)
        planes.in_cells(result, name)
        raise
    space = result.space
    edges = {f"{a}_edges": result.array_of(f"{a}_edges") for a in space}
    centres = {a: 0.5 * (e[1:] + e[:-1]) for a, e in zip(space, edges.values(), strict=True)}
    dims = ("time", *space) if values.ndim > len(space) else space
    data = xr.Dataset(
        {
            name: (dims, values, result.attributes_of(name)),
            "volume": (space, result.array_of("volume")),
            "layer": (space, result.array_of("layer")),
        },
        {
            "time": ("time", result.t, {"units": "s"}),
            **{a: (a, c, {"units": "m"}) for a, c in centres.items()},
        },
    )
    tables = xr.Dataset(coords={n: (n.removesuffix("s"), e) for n, e in edges.items()})
    return Result(data, result.manifest, tables)
