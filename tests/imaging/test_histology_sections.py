"""Sections of results: places, cells, magnification, seeds, and back to a mask."""

import numpy as np
import pytest

import sim
from sim.errors import ConfigError
from sim.imaging.sections.cells import CellShares, cells_of
from sim.imaging.sections.lattice import lattice, roughness
from sim.imaging.sections.planes import directions
from sim.imaging.sections.reading import stain_density, stain_levels, stain_mask
from sim.imaging.sections.sampling import Sampler
from sim.imaging.sections.section import histology
from sim.imaging.sections.unmixing import unmixed

UM = 1e-6


def with_fields(result, **fields):
    """A result whose fields are functions of its axes, at all times."""
    data = result.dataset.copy()
    axes = {a: data[a] for a in result.space}
    for name, made in fields.items():
        values = made(**axes).broadcast_like(data["volume"]).transpose(*result.space)
        data[name] = data[name].copy(data=np.broadcast_to(values, data[name].shape).copy())
    return sim.Result(data, result.manifest, result.tables)


@pytest.fixture(scope="module")
def plane():
    """A rectangle of 2 x 2 mm with a disc of 0.6 mm radius that holds 500 mM of calcium and has died."""
    base = sim.scenario("infarct_myocardium").changed({"geometry": "rectangle", "duration": "1 hour"})
    base = base.changed(
        {"lesion.radius": "0.7 mm", "border.thickness": "0.3 mm", "lesion.cells": 28, "border.cells": 12}
    )
    result = sim.simulate(base)
    inside = {
        "Ca_in_mineral": lambda x, y: 500.0 * (np.hypot(x, y) < 0.6e-3),
        "viable": lambda x, y: 0.8 * (np.hypot(x, y) >= 0.6e-3),
        "doomed": lambda x, y: 0.0 * x * y,
        "leaky": lambda x, y: 0.0 * x * y,
    }
    made = with_fields(result, **inside)
    made.dataset["viable"][0] = 0.8  # alive at the start
    return made


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def test_von_kossa_gives_the_deposit_back(plane):
    """Dice of at least 0.95 with the disc, though nuclei, grain and 8 bits lie between."""
    picture = histology(plane, stain="von_kossa", magnification=4)
    mask = stain_mask(picture.picture.values, pixel=picture.attrs["pixel"])
    x, y = picture.x.values, picture.y.values[::-1]
    true = np.hypot(x[:, None], y[None, :]) < 0.6e-3
    assert dice(mask.pixels, true) > 0.95
    assert mask.size == pytest.approx((2e-3, 2e-3), rel=1e-3)


def test_a_picture_becomes_a_region_of_a_scenario(plane, tmp_path):
    """By a file, with up being up: a disc off the middle lies where it was."""
    from matplotlib import image

    moved = with_fields(plane, Ca_in_mineral=lambda x, y: 500.0 * (np.hypot(x - 0.3e-3, y - 0.2e-3) < 0.4e-3))
    picture = histology(moved, stain="von_kossa", magnification=2)
    image.imsave(tmp_path / "section.png", picture.picture.values)
    # half of 500 mM has 3 * 250 / (250 + 400) of silver: between two cells of the model the border is there
    mask = stain_mask(tmp_path / "section.png", pixel="5 um", above=1.15)
    base = sim.scenario("infarct_myocardium").changed({"geometry": "rectangle"})
    scenario = base.with_region("deposit", mask, like="lesion")
    assert scenario.regions[-1] == ("deposit", mask)
    columns, rows = np.nonzero(mask.pixels)
    middle = [(k.mean() + 0.5) * 5 * UM - 1e-3 for k in (columns, rows)]
    assert middle == pytest.approx([0.3e-3, 0.2e-3], abs=10 * UM)
    assert mask.pixels.sum() * 25e-12 == pytest.approx(np.pi * 0.4e-3**2, rel=0.05)


def test_pictures_need_a_size():
    with pytest.raises(ConfigError, match="how large a pixel is"):
        stain_mask(np.full((4, 4, 3), 20, np.uint8))
    with pytest.raises(ConfigError, match="positive length"):
        stain_mask(np.full((4, 4, 3), 20, np.uint8), pixel=0.0)


def test_what_cannot_be_read_is_a_sentence(tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 40)
    with pytest.raises(ConfigError, match="cannot be read as a picture"):
        stain_mask(broken, pixel="1 um")
    with pytest.raises(ConfigError, match="there is no picture"):
        stain_mask(tmp_path / "none.png", pixel="1 um")
    with pytest.raises(ConfigError, match="no picture that is read"):
        stain_mask(__file__, pixel="1 um")
    with pytest.raises(ConfigError, match="no pixel holds silver"):
        stain_mask(np.full((4, 4, 3), 255, np.uint8), pixel="1 um")


def test_levels_part_a_picture_by_density():
    from sim.imaging.sections.stains import picture_of

    amount = np.repeat([[0.05, 0.3, 0.9]], 4, axis=0)
    levels = stain_levels(picture_of({"silver": amount}), pixel="1 um", bounds=(0.1, 0.5))
    assert [level.density for level in levels] == pytest.approx([0.3, 0.9], abs=0.01)
    assert [level.mask.pixels.sum() for level in levels] == [4, 4]
    found = stain_density(picture_of({"silver": amount}), pixel="1 um")
    np.testing.assert_allclose(found.x, [-1e-6, 0.0, 1e-6], atol=1e-12)
    with pytest.raises(ConfigError, match="rising"):
        stain_levels(picture_of({"silver": amount}), pixel="1 um", bounds=(0.5, 0.1))


def test_nuclei_are_lost_where_cells_died(plane):
    """Haematoxylin of nuclei, read from the picture, in the dead disc and around it."""
    clean = with_fields(plane, Ca_in_mineral=lambda x, y: 0.0 * x * y)
    picture = histology(clean, stain="he", magnification=10, width="1.6 mm", height="0.5 mm")
    blue = unmixed(picture.picture.values, ["haematoxylin", "eosin"])[..., 0]
    dead = np.broadcast_to(np.abs(picture.x.values) < 0.5e-3, blue.shape)
    living = np.broadcast_to(np.abs(picture.x.values) > 0.7e-3, blue.shape)
    assert (blue[dead] > 0.5).mean() < 0.001
    red = unmixed(picture.picture.values, ["haematoxylin", "eosin"])[..., 1]
    assert red[dead].mean() > 1.3 * red[living].mean()  # ghosts of cells take more eosin
    # a nucleus in (4 + 7.5) / 15 of the cells, pi / 4 * 7.5^2 * 0.65 of the 15 um squared of each: a tenth
    assert (blue[living] > 0.4).mean() == pytest.approx(0.098, rel=0.15)


@pytest.mark.parametrize(("pixel", "slack"), [(0.5, 0.08), (2.5, 0.08), (10.0, 0.2)])
def test_nuclei_cover_the_same_share_at_any_magnification(pixel, slack):
    """A nucleus in (4 + 7.5) / 15 of the cells, of mean area pi / 4 * 7.5^2 * 0.65 * 1.013, in 15 x 15 um.

    slack: of 1600 cells; of pixels almost as large as cells, which show the nearest nucleus alone
    """
    places = np.arange(0, 600, pixel) * UM
    everywhere = lambda v, u: CellShares(*(np.full(v.shape, s) for s in (0.8, 0.8, 0.0)))  # noqa: E731
    cells = cells_of(places, places, everywhere, 4 * UM, 1, "test")
    exact = (11.5 / 15) * np.pi / 4 * 7.5**2 * 0.65 * 1.0133 / 15**2
    assert cells.nucleus.mean() == pytest.approx(exact, rel=slack)


def test_thicker_sections_meet_more_nuclei():
    places = np.arange(0, 400, 1.0) * UM
    everywhere = lambda v, u: CellShares(*(np.full(v.shape, s) for s in (0.8, 0.8, 0.0)))  # noqa: E731
    thin, thick = (cells_of(places, places, everywhere, t * UM, 1, "test").nucleus.mean() for t in (0.5, 6.0))
    assert thick / thin == pytest.approx(13.5 / 8.0, rel=0.15)


def test_a_smaller_window_shows_the_same_cells(plane):
    """Cells and grain belong to places, not to windows."""
    large = histology(plane, magnification=10, width="0.4 mm", height="0.4 mm", seed=4)
    small = histology(plane, magnification=10, width="0.2 mm", height="0.2 mm", seed=4)
    cut = large.picture.values[100:300, 100:300]
    assert np.abs(cut.astype(int) - small.picture.values).max() <= 1
    other = histology(plane, magnification=10, width="0.2 mm", height="0.2 mm", seed=5)
    assert np.abs(other.picture.values.astype(int) - small.picture.values).max() > 50


def test_grain_keeps_the_mean(plane):
    picture = histology(plane, stain="von_kossa", magnification=20, width="0.5 mm", height="0.5 mm")
    assert float(picture.drawn.mean()) == pytest.approx(float(picture.calcium.mean()), rel=0.03)
    assert float(picture.drawn.std()) > 100.0


def test_sections_lie_where_they_are_asked_for():
    """A sphere: through its centre a disc of its radius, off the centre one of sqrt(R^2 - d^2), whatever the
    direction; beyond it nothing, and no section of a stirred cell."""
    result = sim.simulate(sim.scenario("tb_caseous").changed({"duration": "1 hour"}))
    radius = float(result["r_edges"].values[-1])
    off = 0.6 * radius
    tilted = np.array([1.0, 2.0, -2.0]) / 3.0
    for centre, expected in ((0 * tilted, radius), (off * tilted, 0.8 * radius)):
        made = histology(result, normal=list(tilted), centre=list(centre), magnification=1)
        area = float(made.tissue.sum()) * made.attrs["pixel"] ** 2
        assert area == pytest.approx(np.pi * expected**2, rel=0.02)
    assert (made.picture.values[~made.tissue.values] == 255).all()


def test_values_are_those_of_the_place():
    """A linear field is read without error, on both sides of a slab's mid-plane."""
    result = sim.simulate(sim.scenario("elastin_implant_rat").changed({"duration": "1 hour"}))
    x = result["x"].values
    inner = np.linspace(x[1], x[-2], 7)
    points = (np.concatenate([-inner, inner]), np.zeros(14), np.full(14, 0.3))
    read = Sampler(result, points)
    np.testing.assert_allclose(read(3.0 * x), 3.0 * np.abs(points[0]), rtol=1e-12)
    beyond = Sampler(result, (np.array([1.0]), np.zeros(1), np.zeros(1)))
    assert not beyond.inside.any() and beyond(x) == 0.0


@pytest.mark.parametrize("normal", ["x", "y", "z", (1.0, 1.0, 1.0), (0.0, 0.0, -1.0)])
def test_directions_span_the_plane(normal):
    right, up = directions(normal)
    n = np.cross(right, up)
    given = np.array([float(a == normal) for a in "xyz"]) if isinstance(normal, str) else np.array(normal)
    np.testing.assert_allclose(n, given / np.linalg.norm(given), atol=1e-12)
    assert np.dot(right, up) == pytest.approx(0.0, abs=1e-12)


def test_random_numbers_belong_to_places():
    whole = lattice(3, "a", (-40, -5), (70, 90), 2)
    part = lattice(3, "a", (-3, 20), (35, 64), 2)
    np.testing.assert_array_equal(whole[:, 37:75, 25:69], part)


def test_roughness_has_mean_zero_and_variance_one():
    places = np.arange(0.0, 400.0, 0.5)
    field = roughness(2, "test", places, places, 4.0)
    assert field.mean() == pytest.approx(0.0, abs=0.05)  # 100 x 100 independent numbers
    assert field.std() == pytest.approx(1.0, abs=0.05)
    near = np.corrcoef(field[:, :-1].ravel(), field[:, 1:].ravel())[0, 1]
    far = np.corrcoef(field[:, :-40].ravel(), field[:, 40:].ravel())[0, 1]
    assert near > 0.95 and abs(far) < 0.05


def test_slips_are_sentences(plane):
    for wrong, words in (
        ({"stain": "von kossa"}, "Did you mean 'von_kossa'"),
        ({"normal": "up"}, "'x', 'y', 'z'"),
        ({"normal": (0, 0, 0)}, "not all zero"),
        ({"thickness": 0.0}, "thickness"),
        ({"width": "-1 mm"}, "positive lengths"),
        ({"magnification": 100.0}, "pixels"),
        ({"magnification": -1.0}, "must be positive"),
        ({"centre": (0.0, 0.0)}, "three lengths"),
        ({"at": "1 year"}, "outside the result"),
    ):
        with pytest.raises(ConfigError, match=words):
            histology(plane, **wrong)
    stirred = sim.simulate(
        sim.scenario("infarct_myocardium").changed(
            {"geometry": "well_mixed", "outer": "closed", "duration": "1 hour"}
        )
    )
    with pytest.raises(ConfigError, match="no places"):
        histology(stirred)


def test_fat_is_washed_out(monkeypatch):
    """Oil and fat keep a fifth of the dye of other tissue, to a step of the picture's values."""
    run = sim.simulate(sim.scenario("fat_necrosis_breast").changed({"duration": "1 hour"}), times=2)
    made = sim.imaging.histology(run, magnification=1, seed=1)
    monkeypatch.setattr("sim.imaging.sections.section._fat", lambda r: np.zeros(r.array_of("volume").shape))
    plain = sim.imaging.histology(run, magnification=1, seed=1)
    radius = np.hypot(made.x, made.y)
    film = run.array_of("layer") == "film"
    edges = run["r_edges"].values
    oil = (radius < 0.95 * edges[:-1][film].min()).transpose("y", "x").values
    inner, outer = np.quantile(edges[:-1][film], (0.4, 0.6))
    wall = ((radius > inner) & (radius < outer)).transpose("y", "x").values
    assert wall.any()
    density = [-np.log10(p.picture.values / 255.0) for p in (made, plain)]
    washed = [float(d[oil].mean()) for d in density]
    assert washed[0] == pytest.approx(0.2 * washed[1], rel=0.05) and washed[1] > 0.05
    np.testing.assert_array_equal(made.picture.values[wall], plain.picture.values[wall])
