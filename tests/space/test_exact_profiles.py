"""Steady states whose formula is in every textbook (Crank, The Mathematics of Diffusion)."""

import numpy as np
import pytest
from reference import D, L, fluxes, linear_model, slopes, steady

from sim.binder.system import System
from sim.errors import ConfigError
from sim.space import grid as grids
from sim.space.boundary import Boundary
from sim.space.geometries import GEOMETRIES

MODEL = linear_model()


@pytest.mark.parametrize("kind", ["slab", "cylinder", "sphere"])
def test_through_flux_of_a_hollow_body(kind):
    """Flux between two fixed faces at r1 and r2: D dc A/(r2 - r1), 2 pi D dc/log, 4 pi D dc/(1/r)."""
    r1, r2 = L, 2.5 * L
    exact = {
        "slab": D / (r2 - r1),
        "cylinder": 2 * np.pi * D / np.log(r2 / r1),
        "sphere": 4 * np.pi * D / (1 / r1 - 1 / r2),
    }[kind]
    errors = []
    for n in (20, 40, 80):
        grid = GEOMETRIES[kind].grid(edges=r1 + (r2 - r1) * np.arange(n + 1) / n)
        inner, outer = grid.tags
        sides = {inner: Boundary("fixed", {"u": 1.0}), outer: Boundary("fixed", {"u": 0.0})}
        system = System(MODEL, grid, boundaries=sides)
        y = np.zeros(system.size)
        y[: system.body] = steady(system)
        rate = np.zeros_like(y)
        system.rhs(0.0, y, rate)
        # What enters is the tail minus what leaves; the mean state feels both, so ask each face.
        t = system.tables
        flow = t.face_area * D / t.face_half * (t.outside[:, 0] - y[t.face_cell])
        assert flow.sum() == pytest.approx(0.0, abs=1e-12 * exact)
        assert rate[system.body] == pytest.approx(flow.sum(), abs=1e-12 * exact)
        errors.append([abs(flow[0] / exact - 1), abs(flow[1] / exact + 1)])
    print(kind, errors[-1])
    if kind == "slab":  # a straight line is exact on any grid
        assert np.max(errors) < 1e-11
    else:
        assert slopes(errors)[-1] == pytest.approx([2.0, 2.0], abs=0.1)
        assert np.max(errors[-1]) < 2e-4


def test_membrane_in_series_with_tissue():
    """Slab behind a membrane: resistance 1/P + L/D, so the inner face is at P L/D/(1 + P L/D)."""
    P = 3e-6
    sides = {"left": Boundary("exchange", {"u": 1.0}, P), "right": Boundary("fixed", {"u": 0.0})}
    system = System(MODEL, grids.slab(L, 10), boundaries=sides)
    c = steady(system)
    flux = 1.0 / (1 / P + L / D)
    x = system.grid.centres["x"]
    assert c == pytest.approx(flux * (L - x) / D, rel=1e-12)


def test_release_in_a_sphere_raises_its_centre_by_qR2_over_6D():
    """Two-point fluxes are exact for a parabola but at the outer half cell, which adds q h^2/24 D."""
    q, n = 1e-6, 50
    grid = grids.sphere(L, n)
    system = System(MODEL, grid, fields={"source": q}, boundaries={"outer": Boundary("fixed", {"u": 1.0})})
    c, r = steady(system), grid.centres["r"]
    centre = c + q * r**2 / (6 * D) - 1.0
    assert centre == pytest.approx(q * L**2 / (6 * D) * (1 + 1 / (4 * n**2)), rel=1e-11)


def test_first_order_loss_against_perfusion_and_nothing_else():
    """Closed and perfused: c = plasma k_perf phi/(k_perf phi + k phi^0), whatever the grid."""
    k, perfusion, phi = 2e-3, 5e-3, 0.6
    system = System(
        MODEL, grids.sphere(L, 7), MODEL.parameters.with_values({"decay.k": k}),
        fields={"porosity": phi}, perfusion=perfusion, plasma={"u": 2.0},
    )  # fmt: skip
    assert steady(system) == pytest.approx(2.0 * perfusion * phi / (perfusion * phi + k), rel=1e-12)


@pytest.mark.parametrize("kind", ["slab", "sphere", "rectangle", "box"])
def test_uniform_pore_water_rests_in_uneven_porosity(kind):
    """Concentration, not amount, drives diffusion: uniform c gives no flux whatever porosity is."""
    rng = np.random.default_rng(1)
    grid = any_grid(kind)
    porosity = rng.uniform(0.1, 0.9, grid.n_cells)
    sides = {t: Boundary("fixed", {"u": 1.7}) for t in grid.tags}
    system = System(
        MODEL, grid, fields={"porosity": porosity}, boundaries=sides, perfusion=1e-3,
        plasma={"u": 1.7},
    )  # fmt: skip
    y, dy = np.zeros(system.size), np.zeros(system.size)
    y[: system.body] = 1.7 * porosity
    system.rhs(0.0, y, dy)
    y[0] *= 2
    moved = np.zeros_like(dy)
    system.rhs(0.0, y, moved)
    assert np.abs(dy[: system.body]).max() < 1e-13 * np.abs(moved[: system.body]).max()


@pytest.mark.parametrize("kind", ["slab", "cylinder", "sphere", "rectangle", "box"])
def test_transport_equals_the_slow_face_loop(kind):
    rng = np.random.default_rng(2)
    grid = any_grid(kind)
    porosity, c = rng.uniform(0.1, 0.9, grid.n_cells), rng.uniform(0, 3, grid.n_cells)
    system = System(MODEL, grid, fields={"porosity": porosity}, archie=1.5)
    y, dy = np.zeros(system.size), np.zeros(system.size)
    y[: system.body] = c * porosity
    system.rhs(0.0, y, dy)
    slow = fluxes(grid, c[:, None], np.array([D]), porosity**1.5)[:, 0]
    assert dy[: system.body] * grid.volume == pytest.approx(slow, rel=1e-12, abs=1e-25)


def any_grid(kind):
    """A small uneven grid of each kind."""
    if kind == "rectangle":
        return grids.rectangle([L, 2 * L], [4, 3])
    if kind == "box":
        return grids.box([L, 2 * L, 3 * L], [4, 3, 2])
    return GEOMETRIES[kind].grid(edges=L * np.array([0.0, 0.1, 0.35, 0.5, 0.9, 1.0]))


def test_volumes_and_areas_are_those_of_the_bodies():
    R = 2e-3
    assert grids.slab(R, 7).total_volume == pytest.approx(R, rel=1e-14)
    assert grids.cylinder(R, 7).total_volume == pytest.approx(np.pi * R**2, rel=1e-14)
    assert grids.sphere(R, 7).total_volume == pytest.approx(4 / 3 * np.pi * R**3, rel=1e-14)
    assert grids.rectangle([1.0, 2.0], [3, 4]).total_volume == pytest.approx(2.0, rel=1e-14)
    assert grids.box([1.0, 2.0, 3.0], [3, 4, 5]).total_volume == pytest.approx(6.0, rel=1e-14)
    assert grids.sphere(R, 7).face_area == pytest.approx([4 * np.pi * R**2], rel=1e-14)
    box = grids.box([1.0, 2.0, 3.0], [3, 4, 5])
    for tag, area in zip(range(6), [6, 6, 3, 3, 2, 2], strict=True):
        assert box.face_area[box.face_tag == tag].sum() == pytest.approx(area, rel=1e-14)


@pytest.mark.parametrize("kind", ["slab", "cylinder", "sphere", "rectangle", "box"])
def test_neighbours_agree_on_the_face_between_them(kind):
    grid = any_grid(kind)
    inner = 0
    for i in range(grid.n_cells):
        for k, j in enumerate(grid.neighbour[i]):
            if j < 0:
                continue
            inner += 1
            back = np.flatnonzero(grid.neighbour[j] == i)
            assert back.size == 1
            assert grid.area[j, back[0]] == grid.area[i, k]
            distance = grid.half[i, k] + grid.half[j, back[0]]
            apart = [grid.centres[a][i] - grid.centres[a][j] for a in grid.axes]
            assert distance == pytest.approx(np.linalg.norm(apart), rel=1e-12)
    faces = {"slab": 4, "cylinder": 4, "sphere": 4, "rectangle": 3 * 3 + 4 * 2, "box": 18 + 16 + 12}
    assert inner == 2 * faces[kind]


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: grids.slab(-1.0, 5), "positive"),
        (lambda: grids.slab(1.0, 0), "at least 1 cell"),
        (lambda: grids.sphere(edges=[0, 2, 1]), "rising"),
        (lambda: grids.cylinder(edges=[-1, 2]), "radii"),
        (lambda: grids.rectangle([1.0], [2]), "needs 2 sizes"),
        (lambda: grids.well_mixed(np.nan), "positive"),
        (lambda: Boundary("opened"), "opened"),
        (lambda: Boundary("exchange"), "permeability"),
    ],
)
def test_impossible_grids_are_refused_in_words(call, words):
    with pytest.raises(ConfigError, match=words):
        call()
