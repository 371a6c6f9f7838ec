"""Scenarios with regions and random fields: the same as layers where they should be, data throughout."""

import json
import tomllib
import warnings

import numpy as np
import pytest
from matplotlib import pyplot

import sim
from sim import plotting as plot
from sim import shapes
from sim.errors import RegionWarning, ScenarioError
from sim.experiment.catalogue import from_table
from sim.run.segments import Builder

TOML = """
geometry = "rectangle"
domain = [{ length = "10 mm", cells = 24 }, { length = "5 mm", cells = 12 }]
layers = [{ name = "border" }]
regions = [
    { name = "lesion", shape = "ellipse", radii = ["3 mm", "2 mm"], direction = [1, 1] },
    { name = "lesion", shape = "disc", radius = "1 mm", centre = ["3 mm", "0 mm"] },
    { name = "scar", shape = "difference", of = [
        { shape = "half_space", normal = [1, 0], point = ["4 mm", "0 mm"] },
        { shape = "box", size = ["9 mm", "1 mm"] },
    ] },
]
random_fields = [
    { field = "collagen", region = "lesion", log_sd = 0.5, correlation_length = "0.9 mm", seed = 3 },
]

[parameters.lesion]
doomed = { value = 1.0, unit = "1", range = [0, 1], source = "this_work", confidence = "assumed" }
viable = { value = 0.0, unit = "1", range = [0, 1], source = "this_work", confidence = "assumed" }
collagen = { value = 1e21, unit = "1/m3", range = [0, 1e25], source = "this_work", confidence = "assumed" }

[parameters.border]
collagen = { value = 1e20, unit = "1/m3", range = [0, 1e25], source = "this_work", confidence = "assumed" }

[parameters.plasma]
Ca = { value = 1.2, unit = "mM", range = [0.9, 2.5], source = "guyton_isf", confidence = "measured" }
P = { value = 1.1, unit = "mM", range = [0.7, 3], source = "guyton_isf", confidence = "assumed" }
C = { value = 26.0, unit = "mM", range = [5, 40], source = "guyton_isf", confidence = "derived" }
pH = { value = 7.4, unit = "1", range = [7.0, 7.6], source = "guyton_isf", confidence = "measured" }
"""


@pytest.fixture(scope="module")
def base():
    return sim.scenario("infarct_myocardium").with_geometry("rectangle", {"lesion": 8, "border": 2})


@pytest.fixture(scope="module")
def written():
    return from_table("written", tomllib.loads(TOML))


def places(scenario):
    builder = Builder(scenario)
    return np.array(builder.places.names)[builder.places.layer].reshape(builder.grid.shape)


@pytest.mark.parametrize("geometry", ["slab", "cylinder", "sphere", "rectangle", "box"])
def test_a_disc_is_the_innermost_layer(base, geometry):
    """The lesion as a disc of its radius gives the arrays that the layers give."""
    layered = base.with_geometry(geometry, {"lesion": 8, "border": 2})
    painted = layered.with_region("lesion", shapes.Disc("4 mm"))
    one, two = Builder(layered), Builder(painted)
    assert np.array_equal(places(layered), places(painted))
    assert one.grid.volume == pytest.approx(two.grid.volume, rel=1e-12)
    a, b = one.fields(layered.parameters), two.fields(painted.parameters)
    assert all(np.array_equal(a[k], b[k]) for k in a)
    assert "lesion.radius" not in painted.parameters  # nobody would read it


def test_later_regions_paint_over_earlier(base):
    first = base.with_region("lesion", shapes.Disc("3 mm"))
    over = first.with_region("scar", shapes.Box(("2 mm", "9 mm")), like="border")
    x = Builder(over).grid.centres["x"].reshape(20, 20)
    found = places(over)
    assert np.array_equal(
        found == "scar", places(first.with_region("scar", shapes.Box(("2 mm", "9 mm")))) == "scar"
    )
    assert np.all((found[5:15, 5:15] == "scar") == (np.abs(x[5:15, 5:15]) < 1e-3))
    under = base.with_region("scar", shapes.Box(("2 mm", "9 mm"))).with_region("lesion", shapes.Disc("3 mm"))
    assert (places(under) == "lesion").sum() == (places(first) == "lesion").sum()
    assert over.parameters.si("scar.buffer") == over.parameters.si("border.buffer")
    assert over.with_parameters({"scar.elastin": "1e20 1/m3"}).parameters.si("scar.elastin") == 1e20


def test_two_shapes_of_one_name_are_one_region(base):
    both = base.with_region("lesion", shapes.Disc("1 mm", ("2 mm", 0)))
    both = both.with_region("lesion", shapes.Disc("1 mm", ("-2 mm", 0)))
    pair = shapes.Union((shapes.Disc("1 mm", ("2 mm", 0)), shapes.Disc("1 mm", ("-2 mm", 0))))
    assert np.array_equal(places(both), places(base.with_region("lesion", pair)))


def test_a_scenario_file_can_say_it_all(written):
    builder = Builder(written)
    assert builder.grid.shape == (24, 12)
    assert builder.places.names == ["border", "lesion", "scar"]
    by_hand = from_table(
        "by_hand", tomllib.loads(TOML.split("regions =")[0] + "[parameters" + TOML.split("[parameters", 1)[1])
    )
    by_hand = by_hand.with_region("lesion", shapes.Ellipse((3e-3, 2e-3), direction=(1, 1)))
    by_hand = by_hand.with_region("lesion", shapes.Disc(1e-3, (3e-3, 0)))
    cut = shapes.Difference((shapes.HalfSpace((1, 0), (4e-3, 0)), shapes.Box((9e-3, 1e-3))))
    by_hand = by_hand.with_region("scar", cut).with_random_field("collagen", 0.5, 0.9e-3, 3, "lesion")
    assert by_hand.regions == written.regions and by_hand.random_fields == written.random_fields
    assert by_hand.diff(written) == "no difference"


def test_a_random_field_acts_where_it_should(written):
    builder = Builder(written)
    collagen = builder.fields(written.parameters)["collagen"]
    here = builder.places.layer == builder.places.names.index("lesion")
    plain = np.unique(collagen[~here])
    assert np.array_equal(plain, [0.0, 1e20])  # scar at the default, border as given
    spread = np.log(collagen[here] / 1e21)
    assert 0.2 < spread.std() < 0.8
    doubled = written.with_parameters({"lesion.collagen": "2e21 1/m3"})
    assert builder.fields(doubled.parameters)["collagen"][here] == pytest.approx(2 * collagen[here])


def test_runs_tell_what_was_painted_and_keep_the_ledger(written):
    """A short run: names per cell, layout in the manifest, a hash that sees every change."""
    short = written.with_(duration="1 hour").with_resolution(0.5)
    result = sim.simulate(short, times=3)
    assert result.success and result.manifest["ledger_residual"] < 1e-10
    assert set(np.unique(result["layer"].values)) == {"border", "lesion", "scar"}
    layout = json.loads(json.dumps(result.manifest["layout"]))
    again = [(t.pop("name"), shapes.from_table(t)) for t in layout["regions"]]
    assert tuple(again) == short.regions
    moved = short.with_(regions=(*short.regions[:1], ("lesion", shapes.Disc("1 mm", ("3 mm", "0.1 mm")))))
    plain = short.with_(random_fields=())
    hashes = {sim.simulate(s, times=2).manifest["hash"] for s in (moved, plain)}
    assert len(hashes | {result.manifest["hash"]}) == 3


def test_the_density_that_was_drawn_is_kept_with_the_result(written, tmp_path):
    """Cell by cell what the rates were given, from each cut on; it survives the file and can be drawn."""
    double = sim.Intervention(at="30 min", parameters={"lesion.collagen": 2e21})
    short = written.with_(duration="1 hour").with_resolution(0.5).with_intervention(double)
    result = sim.simulate(short, times=["10 min", "50 min"])
    builder = Builder(short)
    given = [builder.fields(s.with_parameters(p).parameters)["collagen"].reshape(builder.grid.shape).T
             for s, p in ((short, {}), (short, {"lesion.collagen": 2e21}))]  # fmt: skip
    assert not np.array_equal(*given)
    result.save(tmp_path / "run.nc")
    for found in (result, sim.load(tmp_path / "run.nc")):
        density = found["collagen"]
        assert np.array_equal(density.values, given)
        assert density.attrs["units"] == "m-3" and "collagen" in density.attrs["long_name"]
    drawn = plot.plane(result, "collagen", at="10 min").collections[0].get_array()
    assert np.asarray(drawn) == pytest.approx(given[0])
    assert (
        len(plot.maps(result, ["collagen", "pH"], at=["10 min", "50 min"]).axes) == 4
    )  # bars are child axes
    plain = sim.simulate(short.with_(random_fields=()), times=["10 min"])
    assert "collagen" not in plain.dataset
    pyplot.close("all")


def test_interventions_act_on_regions(written):
    cut = sim.Intervention(at="30 min", state={"ACP": "1 mM"}, region="scar")
    short = written.with_(duration="1 hour").with_resolution(0.5).with_intervention(cut)
    result = sim.simulate(short, times=["31 min"])
    there = result["layer"].values == "scar"
    assert result["ACP"].values[0][there].min() > 0.5 and result["ACP"].values[0][~there].max() < 0.01


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.with_region("lesion", "disc"), "is not a shape"),
        (lambda s: s.with_region("my lesion", shapes.Disc(1e-3)), "cannot name a region"),
        (lambda s: s.with_region("scar", shapes.Disc(1e-3), like="bordr"), "Did you mean 'border'"),
        (lambda s: Builder(s.with_region("scar", shapes.Disc(1e-3, ("9 mm", 0)))), "covers no cell"),
        (lambda s: Builder(s.with_region("scar", shapes.Disc(1e-5))), "smaller than a cell"),
        (lambda s: Builder(s.with_region("scar", shapes.Disc(1e-3, (0, 0, 0)))), "does not fit a rectangle"),
        (lambda s: s.with_(domain=(("1 mm", 4),)), "a rectangle has 2"),
        (lambda s: s.with_(domain=(("1 mm", 4), ("1 mm", 0))), "must be a length and a number of cells"),
        (lambda s: s.with_(domain=(("1 mm", 4), ("-1 mm", 3))), "positive length"),
        (lambda s: s.with_random_field("colagen", 0.5, 1e-3, 1), "Did you mean 'collagen'"),
        (lambda s: s.with_random_field("phi0", 0.5, 1e-3, 1), "not a density"),
        (lambda s: s.with_random_field("collagen", 0.5, 1e-3, 1, "lesoin"), "Did you mean 'lesion'"),
        (lambda s: s.with_region("lesion", shapes.Disc(1e-3)).with_parameters({"lesion.radius": 1e-3}),
         "not a parameter"),
    ],
)  # fmt: skip
def test_slips_are_answered_with_a_sentence(base, change, words):
    with pytest.raises(ValueError, match=words):
        change(base)


CORNER = shapes.Disc("1 mm", ("4.5 mm", "4.5 mm"))
BAND = shapes.Intersection(shapes.HalfSpace((1, 0)), shapes.HalfSpace((-1, 0), ("1 mm", 0)))


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (shapes.Disc("20 mm"), ["domain, -5 to 5 mm in x, -5 to 5 mm in y", "no cell is left of 'border'"]),
        (shapes.Box(("9.9 mm", "9.9 mm")), ["no cell is left of 'border'"]),
        (shapes.Disc("6 mm"), ["reaches beyond the domain"]),
        (CORNER, ["reaches beyond the domain"]),
        (shapes.Union(shapes.Disc("1 mm"), CORNER), ["reaches beyond the domain"]),
        (shapes.Difference(shapes.Disc("1 mm"), CORNER), []),
        (shapes.Intersection(BAND, shapes.Box(("4 mm", "20 mm"))), ["reaches beyond the domain"]),
        (shapes.Box(("9.4 mm", "9.4 mm")), []),  # up to the last centres, which lie at 4.75 mm
        (shapes.Mask(np.eye(3), ("9 mm", "9 mm")), []),
        (shapes.Union(shapes.Mask(np.eye(3), ("9 mm", "9 mm")), BAND), []),
        (BAND, []),  # a half-space has no end
    ],
)  # fmt: skip
def test_a_region_that_is_not_where_it_was_meant_warns(base, shape, words):
    """The square is 10 mm wide with cells of 0.5 mm."""
    painted = base.with_region("lesion", shape)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Builder(painted)
    assert len(caught) == len(words) and all(c.category is RegionWarning for c in caught)
    for warning, expected in zip(caught, words, strict=True):
        assert expected in str(warning.message)


def test_a_region_painted_over_entirely_warns(base):
    twice = base.with_region("scar", shapes.Disc("1 mm")).with_region("lesion", shapes.Disc("3 mm"))
    with pytest.warns(RegionWarning, match="no cell is left of 'scar', covered by .*lesion"):
        Builder(twice)


@pytest.mark.parametrize("geometry", ["slab", "cylinder", "sphere"])
def test_a_line_is_cut_at_its_middle_without_a_warning(base, geometry):
    along = base.with_geometry(geometry, {"lesion": 8, "border": 2})
    Builder(along.with_region("lesion", shapes.Box(("4 mm",))))
    with pytest.warns(RegionWarning, match=r"beyond the domain, 0 to 5 mm in [xr];"):
        Builder(along.with_region("scar", shapes.Disc("0.6 mm", ("4.9 mm",)), like="border"))


def test_slips_in_a_file_are_answered_with_a_sentence():
    table = tomllib.loads(TOML)
    for entry, words in (
        ({"regions": [{"name": "lesion", "shape": "elipse"}]}, "region 'lesion'.*Did you mean 'ellipse'"),
        ({"regions": [{"shape": "disc", "radius": 1e-3}]}, "cannot name a region"),
        ({"random_fields": [{"field": "collagen", "seeds": 3}]}, "Did you mean 'seed'"),
        ({"random_fields": [{"field": "collagen", "seed": 3}]}, "lacks log_sd, correlation_length"),
        ({"domain": [{"length": "1 mm", "cells": 3}]}, "a rectangle has 2"),
    ):
        with pytest.raises(ScenarioError, match=words):
            from_table("slip", table | entry)


def test_the_only_layer_cannot_become_a_region():
    with pytest.raises(ScenarioError, match="like='tissue'"):
        sim.scenario("normal_tissue_control").with_region("tissue", shapes.Disc("0.1 mm"))
