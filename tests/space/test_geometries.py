"""One entry a geometry: a newcomer's runs a whole simulation without a line anywhere else."""

import numpy as np
import pytest
from click.testing import CliRunner
from reference import busy, elements

import sim
from sim.cli import main
from sim.errors import ScenarioError
from sim.experiment.targets import target
from sim.run.memory import memory_forecast
from sim.space import grid as grids
from sim.space.geometries import GEOMETRIES, Geometry

CELLS = {"lesion": 5, "border": 3}


def half_ball(radius=0.0, cells=0, edges=None):
    """A constructor as a newcomer writes it: half of every face and volume of a sphere."""
    e = grids.uniform(radius, cells) if edges is None else np.asarray(edges, float)
    area, volume = 2 * np.pi * e**2, 2 * np.pi / 3 * np.diff(e**3)
    return grids.line_of_cells("half_ball", "r", e, area, volume, ("inner", "outer"))


def drum(sizes, cells, starts=(0.0, 0.0)):
    """Two axes that are not alike: a cylinder of finite length, r from 0 on and z on both sides."""
    ring = grids.cylinder(sizes[0], cells[0])
    along = grids.uniform(sizes[1], cells[1], starts[1])
    flat = grids.rectangle(sizes, cells, starts)  # the same neighbours; areas and volumes are its own
    r, height = np.repeat(ring.volume, cells[1]), np.tile(np.diff(along), cells[0])
    area = np.empty_like(flat.area)
    area[:, :2] = np.repeat(ring.area, cells[1], axis=0) * height[:, None]
    area[:, 2:] = np.where(flat.neighbour[:, 2:] >= 0, r[:, None], 0.0)
    kept = flat.face_tag > 0  # at r = 0 there is no face
    rim = 2 * np.pi * sizes[0] * height[0]
    tags = flat.face_tag[kept] - 1
    return grids.Grid(
        "drum", flat.shape, ("r", "z"), {"r": flat.edges["x"], "z": along},
        {"r": flat.centres["x"], "z": flat.centres["y"]}, r * height, flat.neighbour, area, flat.half,
        flat.face_cell[kept], np.where(tags == 0, rim, r[flat.face_cell[kept]]),
        flat.face_half[kept], tags, ("outer", "bottom", "top"),
    )  # fmt: skip


@pytest.fixture
def newcomers(monkeypatch):
    """The entries: all that is added."""
    entry = Geometry("half_ball", ("r",), half_ball, inside=("inner",))
    monkeypatch.setitem(GEOMETRIES, "half_ball", entry)
    monkeypatch.setitem(GEOMETRIES, "drum", Geometry("drum", ("r", "z"), drum, mirrored=("z",)))


def test_a_newcomers_geometry_runs_and_shows_what_symmetry_says(newcomers):
    """Nothing crosses the flat face of half a ball, so its concentrations are those of the whole one."""
    half, whole = (
        sim.simulate(busy(g, CELLS).with_(outer="fixed", duration="1 day"), times=5)
        for g in ("half_ball", "sphere")
    )
    assert half.success, half.message
    assert half.manifest["ledger_residual"] < 1e-10
    for name in ("Ca", "HAP"):  # areas round differently; the steps are the same
        np.testing.assert_allclose(half[name].values, whole[name].values, rtol=1e-6)
    np.testing.assert_allclose(half["volume"].values, whole["volume"].values / 2, rtol=1e-14)


def test_a_newcomers_closed_geometry_of_two_axes_keeps_every_element(newcomers):
    """The layers decide: 3 cells along r, 6 along z, which lies on both sides of the origin."""
    scenario = busy("drum", {"lesion": 2, "border": 1}).with_(duration="1 day")
    result = sim.simulate(scenario, times=5)
    assert result.success, result.message
    assert dict(result["HAP"].sizes) == {"time": 5, "r": 3, "z": 6}
    radius = scenario.size("lesion") + scenario.size("border")
    assert float(result["volume"].sum()) == pytest.approx(np.pi * radius**2 * 2 * radius, rel=1e-12)
    for element, held in elements(result).items():
        assert np.abs(held - held[0]).max() < 1e-10 * np.abs(held[0]), element


def test_a_newcomers_geometry_is_a_word_wherever_geometries_are(newcomers):
    base = busy("slab", CELLS)
    assert target(base, "geometry").words[-2:] == ("half_ball", "drum")
    with pytest.raises(ScenarioError, match=r"half_bal' is not one of.*half_ball.*Did you mean 'half_ball'"):
        base.with_geometry("half_bal")
    with pytest.raises(ScenarioError, match="a half_ball has its true volume"):
        base.with_geometry("half_ball").with_stochastic_nucleation(seed=1, sample="1 mm")
    said = CliRunner().invoke(main, ["show", "infarct_myocardium", "--set", "geometry=half_ball"])
    assert "half ball" in said.output


def test_memory_is_forecast_for_as_many_cells_as_the_grid_will_have(newcomers):
    for name, geometry in GEOMETRIES.items():
        s = busy(name, {"lesion": 3, "border": 2}).with_(outer="exchange")
        layers = [(s.size(n), c) for n, c in s.layers]
        grid = geometry.of_layers(layers) if geometry.axes else geometry.grid(1.0, 1.0)
        assert memory_forecast(s).cells == grid.n_cells, name
        assert len(grid.axes) == len(geometry.axes)
        assert grid.kind == name
