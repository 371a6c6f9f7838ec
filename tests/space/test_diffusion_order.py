"""Transport converges at second order in every geometry, with every boundary and porosity."""

import numpy as np
import pytest
from reference import D, L, linear_model, norms, slopes, steady
from scipy.special import i0

from sim.binder.system import System
from sim.space import grid as grids
from sim.space.boundary import Boundary
from sim.space.geometries import GEOMETRIES

MODEL = linear_model()
P = 2e-6  # m/s, D/L is 1e-6


def equal(n: int) -> np.ndarray:
    return grids.uniform(L, n)


def graded(n: int) -> np.ndarray:
    """Edges whose cells grow smoothly by a factor of e from first to last."""
    return L * np.expm1(np.arange(n + 1) / n) / np.expm1(1.0)


def hollow(n: int) -> np.ndarray:
    return L * (1.0 + np.arange(n + 1) / n)


class Radial:
    """c = 2 + cos(q r), porosity 0.4 + 0.3 (r/L)^2 with Archie m, in d + 1 dimensions."""

    def __init__(self, d: int, porous: bool, m: float = 2.0):
        self.d, self.porous, self.m, self.q = d, porous, m, 2.0 / L

    def porosity(self, r):
        return 0.4 + 0.3 * (r / L) ** 2 if self.porous else np.ones_like(r)

    def c(self, r):
        return 2.0 + np.cos(self.q * r)

    def slope(self, r):
        return -self.q * np.sin(self.q * r)

    def source(self, r):
        f = self.porosity(r) ** self.m
        df = self.m * self.porosity(r) ** (self.m - 1) * 0.6 * r / L**2 if self.porous else 0 * r
        curved = -(self.q**2) * np.cos(self.q * r) + self.d / r * self.slope(r)
        return -D * (f * curved + df * self.slope(r))

    def outside(self, r, sign, permeability):
        """Concentration beyond a membrane at r; sign +1 when its outward normal points to +r."""
        flux = D * self.porosity(np.array(r)) ** self.m * self.slope(r) * sign
        return float(self.c(r) + flux / permeability)


def radial_error(kind, d, edges, boundary, porous):
    exact = Radial(d, porous)
    grid = GEOMETRIES[kind].grid(edges=edges)
    r = grid.centres[grid.axes[0]]
    sides = {}
    for tag in grid.tags:
        at, sign = (edges[0], -1) if tag in ("left", "inner") else (edges[-1], 1)
        if tag == "left" and at == 0:
            continue  # the slope of the exact solution vanishes there: closed
        if boundary == "fixed":
            sides[tag] = Boundary("fixed", {"u": float(exact.c(at))})
        else:
            sides[tag] = Boundary("exchange", {"u": exact.outside(at, sign, P)}, P)
    fields = {"source": exact.source(r), "porosity": exact.porosity(r)}
    system = System(MODEL, grid, fields=fields, boundaries=sides)
    return norms(grid, steady(system) - exact.c(r))


CASES = [
    (kind, d, edges, boundary, porous)
    for kind, d in (("slab", 0), ("cylinder", 1), ("sphere", 2))
    for edges in (equal, graded, hollow)
    for boundary in ("fixed", "exchange")
    for porous in (False, True)
]


@pytest.mark.parametrize(
    "kind, d, edges, boundary, porous",
    CASES,
    ids=[f"{k}-{e.__name__}-{b}-{'archie' if p else 'plain'}" for k, _, e, b, p in CASES],
)
def test_a_line_of_cells_is_second_order(kind, d, edges, boundary, porous):
    errors = [radial_error(kind, d, edges(n), boundary, porous) for n in (20, 40, 80, 160)]
    order = slopes(errors)[-1]
    print(kind, edges.__name__, boundary, porous, order)
    assert order == pytest.approx([2.0, 2.0], abs=0.1)


@pytest.mark.parametrize("boundary", ["fixed", "exchange"])
@pytest.mark.parametrize("dim", [2, 3])
def test_rectangle_and_box_are_second_order(dim, boundary):
    """Source of prod(cos(q x_i)) + 2 in an off-centre piece of it, so no face is special."""
    q, start = 1.0 / L, [-0.3 * L, -0.6 * L, 0.1 * L][:dim]
    size = [L, 1.2 * L, 0.8 * L][:dim]

    def error(n):
        build = grids.rectangle if dim == 2 else grids.box
        cells = [n, n + n // 2, n][:dim]
        grid = build(size, cells, start)
        x = [grid.centres[a] for a in grid.axes]
        product = np.prod(np.cos(q * np.array(x)), axis=0)
        # Boundary values vary along a face; a tag holds one number, so they enter as a source.
        source = dim * q**2 * D * product
        permeability = P if boundary == "exchange" else np.inf
        for b in range(grid.face_cell.size):
            i, axis, side = grid.face_cell[b], grid.face_tag[b] // 2, grid.face_tag[b] % 2
            at = np.array([v[i] for v in x])
            at[axis] = start[axis] + side * size[axis]
            outside = np.prod(np.cos(q * at))
            normal = -q * np.sin(q * at[axis]) * np.prod(np.cos(q * np.delete(at, axis)))
            outside += (1 if side else -1) * D * normal / permeability
            conductance = grid.face_area[b] / (grid.face_half[b] / D + 1 / permeability)
            source[i] += conductance * outside / grid.volume[i]
        sides = {t: Boundary(boundary, {"u": 2.0}, P) for t in grid.tags}
        system = System(MODEL, grid, fields={"source": source}, boundaries=sides)
        return norms(grid, steady(system) - 2.0 - product)

    order = slopes([error(n) for n in ((8, 16, 32, 64) if dim == 2 else (5, 10, 20))])[-1]
    print(dim, boundary, order)
    assert order == pytest.approx([2.0, 2.0], abs=0.1)


@pytest.mark.parametrize("kind", ["slab", "cylinder", "sphere"])
def test_thiele_profile(kind):
    """First-order uptake against diffusion: cosh, I0 or sinh(r)/r; R^2 k/D = 9."""
    thiele = 3.0
    shape = {
        "slab": lambda z: np.cosh(thiele * z) / np.cosh(thiele),
        "cylinder": lambda z: i0(thiele * z) / i0(thiele),
        "sphere": lambda z: np.sinh(thiele * z) / (z * np.sinh(thiele)),
    }[kind]
    errors = []
    for n in (20, 40, 80, 160):
        grid = GEOMETRIES[kind].grid(L, n)
        outer = "right" if kind == "slab" else "outer"
        system = System(
            MODEL, grid, MODEL.parameters.with_values({"decay.k": thiele**2 * D / L**2}),
            boundaries={outer: Boundary("fixed", {"u": 1.0})},
        )  # fmt: skip
        r = grid.centres[grid.axes[0]]
        errors.append(norms(grid, steady(system) - shape(r / L)))
    order = slopes(errors)[-1]
    print(kind, order, errors[-1])
    assert order == pytest.approx([2.0, 2.0], abs=0.1)
    assert errors[-1][1] < 1e-4
