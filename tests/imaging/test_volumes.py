"""Results as volumes: mass of every solid, places of regions, exact means of balls and slabs."""

import numpy as np
import pytest

import sim
from sim.errors import ConfigError
from sim.imaging import phantom, specimen, volume
from sim.imaging.volumes.averages import averaged, averages, regular_centres
from sim.imaging.volumes.of_result import CellFaces, finest_step
from sim.imaging.volumes.rounds import Shells, symmetric_edges

pytestmark = pytest.mark.filterwarnings("ignore::sim.errors.RangeWarning", "ignore::sim.errors.TissueWarning")
LENGTH = 7e-3
MODEL = sim.library.model()
FLUID = {"plasma.Ca": "1.4 mM", "plasma.P": "1.1 mM", "plasma.C": "26 mM", "plasma.pH": 7.4}


def layered(geometry):
    """A core of 1 mm with 100 mM of HAP in a shell of 0.5 mm with 20 mM: a second of it."""
    values = FLUID | {"core.radius": "1 mm", "core.HAP": "100 mM", "core.phi0": 0.6}
    values |= {"shell.thickness": "0.5 mm", "shell.HAP": "20 mM", "shell.phi0": 0.6}
    made = sim.Scenario("layered", MODEL, geometry, [("core", 13), ("shell", 7)], "fixed", "1 s")
    return sim.simulate(made.changed(values), times=2)


@pytest.fixture(scope="module")
def results():
    return {g: layered(g) for g in ("slab", "cylinder", "sphere", "rectangle", "box")}


def true_mass(result, solid="HAP"):
    """By the ledger's amounts, of a body as long as LENGTH where the result lacks an axis [kg]."""
    moles = float(result.total(solid)[-1]) * result[solid].attrs["molar_mass"]
    kind = result.manifest["geometry_kind"]
    # Half a slab is simulated, per m2; a cylinder and a rectangle are per m.
    return moles * {"slab": 2 * LENGTH**2, "cylinder": LENGTH, "rectangle": LENGTH}.get(kind, 1.0)


@pytest.mark.parametrize("geometry", ["slab", "cylinder", "sphere", "rectangle", "box"])
@pytest.mark.parametrize("spacing", ["0.11 mm", "0.5 mm"])
def test_the_mass_is_that_of_the_result(results, geometry, spacing):
    found = volume(results[geometry], spacing=spacing, length=LENGTH)
    mass = float(found["HAP"].sum()) * found.attrs["spacing"] ** 3
    assert mass == pytest.approx(true_mass(results[geometry]), rel=1e-9)
    assert abs(found.attrs["mass_correction"] - 1) < 0.02  # before scaling, of a shell for a voxel
    assert float(found["region_share"].sum("region").max()) < 1 + 1e-9


def test_a_finer_grid_of_a_ball_needs_less_scaling(results):
    off = [abs(specimen(results["sphere"], step=s).correction - 1) for s in ("0.4 mm", "0.1 mm", "0.025 mm")]
    assert off[0] > off[1] > off[2]
    assert off[2] < 2e-4


def test_large_round_bodies_are_laid_as_finely_as_fits():
    """Half a voxel of the picture where that fits, else up to a voxel, else a sentence says what does."""
    for kind, axes in (("cylinder", 2), ("sphere", 3)):
        fits = 0.5 * 40e6 ** (1 / axes)  # voxels along a radius
        for radius, expected in ((0.5 * fits, 1.0), (1.5 * fits, 1.5)):
            cells = CellFaces(kind, ("r",), {"r": np.array([0.0, radius])})
            step = finest_step(cells, 1.0)
            assert step == pytest.approx(expected, rel=0.01)
            assert (2 * np.ceil(radius / step - 1e-9)) ** axes <= 40e6
        with pytest.raises(ConfigError, match="too many. Try larger ones, settings"):
            finest_step(CellFaces(kind, ("r",), {"r": np.array([0.0, 2.1 * fits])}), 1.0)


def test_regions_fill_what_they_fill(results):
    found = volume(results["sphere"], spacing="0.05 mm")
    core = float(found["region_share"].sel(region="core").sum()) * 0.05**3
    assert core == pytest.approx(4 / 3 * np.pi, rel=2e-3)
    assert found.attrs["outside"] == "shell"
    middle = found.sel(x=0, y=0, z=0, method="nearest")
    assert float(middle["HAP"]) == pytest.approx(100 * 0.502307, rel=1e-3)
    corner = found.isel(x=0, y=0, z=0)
    assert float(corner["HAP"]) == 0 and float(corner["region_share"].sum()) == 0


def test_a_slab_lies_on_both_sides_of_its_middle(results):
    found = volume(results["slab"], spacing="0.1 mm", length="1 mm")["HAP"].isel(y=0, z=0).values
    assert found == pytest.approx(found[::-1])
    assert found.size == 30 and found[0] == pytest.approx(20 * 0.502307, rel=1e-3)


def test_a_stirred_cell_is_a_cube():
    made = sim.Scenario("stirred", MODEL, "well_mixed", [("core", 1)], "closed", "1 s")
    values = FLUID | {"core.radius": "1 mm", "core.HAP": "100 mM", "core.phi0": 0.6}
    result = sim.simulate(made.changed(values), times=2)
    found = volume(result, spacing="1 mm", length="2 mm")
    assert dict(found.sizes) == {"z": 2, "y": 2, "x": 2, "region": 1}
    assert found["HAP"].values == pytest.approx(100 * 0.502307, rel=1e-3)


def test_other_variables_come_along_and_times_are_chosen(results):
    found = volume(results["sphere"], at=0.5, names=["porosity"])
    assert found.attrs["time"] == 0.5
    assert 0 < float(found["porosity"].max()) < 1
    with pytest.raises(ConfigError, match="outside the result"):
        volume(results["sphere"], at="3 day")


@pytest.mark.parametrize("spread", [0.0, 0.3, 2.0])
def test_windows_that_cover_all_keep_the_integral(spread):
    edges = np.array([-2.0, -1.5, 0.1, 0.2, 3.0])
    centres = regular_centres(60.0, 0.7)
    matrix = averages(edges, centres, 0.7, spread)
    assert 0.7 * matrix.sum(0) == pytest.approx(np.diff(edges), rel=1e-12)


def test_windows_blur_as_a_gaussian_does():
    """Against the sum of many narrow ones, and a point source against the Gaussian itself."""
    edges, centres = np.array([-1e-4, 1e-4]), np.linspace(-2, 2, 9)
    found = averages(edges, centres, 1e-4, 0.8)[:, 0] / 2e-4
    assert found == pytest.approx(np.exp(-0.5 * (centres / 0.8) ** 2) / (0.8 * np.sqrt(2 * np.pi)), rel=1e-6)


def test_axes_are_averaged_one_by_one():
    some = np.random.default_rng(1)
    field = some.random((3, 4, 5))
    a, b, c = (some.random((n, m)) for n, m in ((2, 3), (6, 4), (1, 5)))
    assert averaged(field, (a, b, c)) == pytest.approx(np.einsum("iz,jy,kx,zyx->ijk", a, b, c, field))
    assert averaged(np.stack([field, 2 * field]), (a, b, c))[1] == pytest.approx(
        2 * averaged(field, (a, b, c))
    )


@pytest.mark.parametrize("dimension", [2, 3])
def test_a_parabola_of_the_radius_keeps_its_moments(dimension):
    """Mass and second moment of f = 1 - r2 over the unit disc and ball, which integrals give."""
    faces = np.linspace(0, 1, 401)
    middle = 0.5 * (faces[1:] + faces[:-1])
    edges = symmetric_edges(1.0, 0.05)
    found = Shells(faces, (edges,) * dimension)(1 - middle**2)
    x = 0.5 * (edges[1:] + edges[:-1])
    cell = (edges[1] - edges[0]) ** dimension
    total = {2: np.pi / 2, 3: 8 * np.pi / 15}[dimension]
    second = {2: np.pi / 12, 3: 8 * np.pi / 105}[dimension]
    assert found.sum() * cell == pytest.approx(total, rel=2e-3)
    assert (found * x**2).sum() * cell == pytest.approx(second, rel=2e-2)


def test_what_is_too_large_or_wrong_is_a_sentence(results):
    for wrong, words in (
        ({"spacing": "1 um"}, "Try a larger"),
        ({"spacing": 0.0}, "not above 0"),
        ({"spacing": "2 s"}, "dimension"),
        ({"length": -1.0}, "not above 0"),
    ):
        geometry = "cylinder" if "length" in wrong else "sphere"
        with pytest.raises(ConfigError, match=words):
            volume(results[geometry], **wrong)


def test_phantoms_are_checked():
    good = np.ones((2, 3, 4))
    assert phantom({"HAP": good}, ("1 mm", "1 mm", 1e-3)).mass("HAP") == pytest.approx(24e-9)
    for densities, spacing, words in (
        ({"HAP": good, "OCP": good[:1]}, (1, 1, 1), "one shape"),
        ({"HPA": good}, (1, 1, 1), "Did you mean 'HAP'"),
        ({"HAP": -good}, (1, 1, 1), "below 0"),
        ({"HAP": good * np.nan}, (1, 1, 1), "no numbers"),
        ({"HAP": good}, (1, 1), "three sizes"),
        ({"HAP": good}, (1, 0, 1), "above 0"),
    ):
        with pytest.raises(ConfigError, match=words):
            phantom(densities, spacing)
