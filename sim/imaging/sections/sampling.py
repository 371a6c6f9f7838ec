"""Values of a result at points in space, whatever its geometry.

A point is (x, y, z) [m] with the middle of the lesion at the origin. A sphere is revolved about it. A
cylinder is extruded along z, a rectangle too; a slab along y and z, and lies on both sides of its mid-plane.
Beyond the domain there is nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ConfigError
from sim.space.geometries import GEOMETRIES

if TYPE_CHECKING:
    from sim.run.result import Result

Points = tuple[np.ndarray, np.ndarray, np.ndarray]
ROUND = {"sphere": 3}  # coordinates that make a radius; two in a cylinder


def time_of(result: Result, at: float | str | None) -> float:
    """A time [s] within a result; its last output when None."""
    return float(result.t[-1]) if at is None else float(result.at(at)["time"])


def at_time(result: Result, name: str, time: float) -> np.ndarray:
    """(*space) a variable at a time [s], linear between outputs."""
    values, t = result.array_of(name), result.t
    if t.size == 1:
        return np.asarray(values[0], float)
    k = int(np.clip(np.searchsorted(t, time), 1, t.size - 1))
    share = (time - t[k - 1]) / (t[k] - t[k - 1])
    return np.asarray((1.0 - share) * values[k - 1] + share * values[k], float)


def half_extents(result: Result) -> dict[str, float]:
    """{axis: how far the domain reaches from its middle [m]}, without axes along which it is extruded."""
    space = result.space
    if not space:
        raise ConfigError(
            "a stirred run has no places, so it has no picture; run the scenario in a geometry with places, "
            "for example scenario.with_geometry('sphere')."
        )
    reach = {a: float(np.abs(result[f"{a}_edges"].values).max()) for a in space}
    if space == ("r",):
        return dict.fromkeys("xyz"[: ROUND.get(result.manifest["geometry_kind"], 2)], reach["r"])
    return reach


def _coordinates(result: Result, points: Points) -> dict[str, np.ndarray]:
    """Where points lie along the axes of a result [m]."""
    kind = result.manifest["geometry_kind"]
    if result.space == ("r",):
        used = points[: ROUND.get(kind, 2)]
        return {"r": np.sqrt(sum(np.square(c) for c in used))}
    named = dict(zip("xyz", points, strict=True))
    mirrored = GEOMETRIES[kind].mirrored
    return {a: named[a] if a in mirrored else np.abs(named[a]) for a in result.space}


class Sampler:
    """Reads fields of a result at the same points.

    points: x, y, z [m], which broadcast · inside: whether they lie in the domain, of their common shape
    Values are linear between the centres of cells, and constant in the outer half of the outermost.
    """

    def __init__(self, result: Result, points: Points):
        self.shape = np.broadcast_shapes(*(np.shape(p) for p in points))
        self.inside = np.ones(self.shape, bool)
        self.at: list[np.ndarray] = []
        for axis, where in _coordinates(result, points).items():
            edges = result[f"{axis}_edges"].values
            centres = 0.5 * (edges[1:] + edges[:-1])
            # To the last bit of a coordinate: what lies on the border belongs to the domain.
            slack = 1e-12 * float(edges[-1] - edges[0])
            self.inside &= (where >= edges[0] - slack) & (where <= edges[-1] + slack)
            self.at.append(np.interp(where, centres, np.arange(centres.size)))

    def __call__(self, values: np.ndarray, outside: float = 0.0) -> np.ndarray:
        """values (*space) at the points; `outside` beyond the domain."""
        from scipy.ndimage import map_coordinates

        where = np.array(np.broadcast_arrays(*self.at))
        found = map_coordinates(np.asarray(values, float), where, order=1, mode="nearest")
        return np.where(self.inside, np.broadcast_to(found, self.shape), outside)
