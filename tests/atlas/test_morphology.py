"""Where mineral lies, in a word: deposits that were put in place, in a ball, a wall and a plane."""

import numpy as np
import pytest
from scipy import ndimage

import sim
from sim import shapes
from sim.atlas import morphology
from sim.atlas.morphology import _of_pieces
from sim.errors import ConfigError

pytestmark = pytest.mark.filterwarnings("ignore::sim.errors.RangeWarning", "ignore::sim.errors.TissueWarning")
MODEL = sim.library.model()
FLUID = {"plasma.Ca": "1.4 mM", "plasma.P": "1.1 mM", "plasma.C": "26 mM", "plasma.pH": 7.4}


def ball(*rows, geometry="sphere"):
    """Layers from the centre, (thickness [mm], HAP [mM]), around them living tissue; a second of it."""
    layers = [(f"layer{k}", 10) for k in range(len(rows))]
    values = dict(FLUID)
    for k, (thick, amount) in enumerate(rows):
        values |= {f"layer{k}.{'radius' if k == 0 else 'thickness'}": f"{thick} mm"}
        values |= {f"layer{k}.HAP": f"{amount} mM", f"layer{k}.phi0": 0.6}
    values |= {"tissue.thickness": "1 mm", "tissue.viable": 1.0, "tissue.phi0": 0.2}
    made = sim.Scenario("ball", MODEL, geometry, [*layers, ("tissue", 5)], "fixed", "1 s")
    return morphology(sim.simulate(made.changed(values), times=2))


@pytest.mark.parametrize("geometry", ["sphere", "slab", "cylinder"])
@pytest.mark.parametrize(
    ("rows", "word"),
    [
        (((3, 0), (1, 50)), "rim"),
        (((1, 50), (3, 0)), "core"),
        (((3, 50), (1, 40)), "diffuse"),
        (((1, 0), (1, 50), (1, 0), (1, 50)), "bands"),
        (((1.2, 0), (1, 50), (1.8, 0)), "bands"),
        (((3, 0), (1, 0.001)), "none"),
        (((3, 20), (1, 50)), "rim"),  # less than half of the peak within
        (((3, 26), (1, 50)), "diffuse"),  # more than half
    ],
)
def test_layers_of_a_lesion(rows, word, geometry):
    assert ball(*rows, geometry=geometry).word == word


def test_depths_are_those_of_the_deposit():
    found = ball((3, 0), (1, 50))
    assert (found.first, found.last, found.share) == pytest.approx((0.75, 1.0, 0.25), abs=1e-9)
    assert str(found) == "rim (depth 0.75-1.00)"
    assert found.peak == pytest.approx(250, rel=1e-3)  # 5 Ca a unit of HAP


def plane(places, inner=0.0):
    """Discs (x, y, radius) of dead tissue with mineral in 8 mm of living; inner: share without mineral."""
    made = sim.Scenario(
        "plane", MODEL, "rectangle", (("tissue", 1),), "fixed", "1 s", domain=(("8 mm", 48), ("8 mm", 48))
    )
    made = made.changed(FLUID | {"tissue.viable": 1.0, "tissue.phi0": 0.3})
    discs = [shapes.Disc(f"{r} mm", (f"{x} mm", f"{y} mm")) for x, y, r in places]
    union = discs[0] if len(discs) == 1 else shapes.Union(discs)
    made = made.with_region("dead", union).changed(
        {"dead.viable": 0.0, "dead.HAP": "50 mM", "dead.phi0": 0.6}
    )
    if inner:
        x, y, r = places[0]
        made = made.with_region("bare", shapes.Disc(f"{r * inner} mm", (f"{x} mm", f"{y} mm")))
        made = made.changed({"bare.viable": 0.0, "bare.phi0": 0.6})
    return morphology(sim.simulate(made, times=2))


def test_places_in_a_plane():
    points = plane([(-2.5, -2, 0.6), (2, 2.4, 0.5), (2.2, -2.3, 0.7), (-2, 2, 0.6)])
    assert (points.word, points.pieces) == ("points", 4)
    assert plane([(0.3, -0.2, 2.5)]).word == "diffuse"
    assert plane([(0.3, -0.2, 2.5)], inner=0.75).word == "rim"
    assert plane([(-2, 0, 0.8), (2, 0, 0.8)]).word == "diffuse"  # two are no points


@pytest.mark.parametrize("geometry", ["slab", "cylinder"])
@pytest.mark.parametrize(
    ("rows", "word", "share"),
    [
        (((0.2, 50), (0.8, 0)), "rim", 0.4),  # at the edge that faces the lumen alone
        (((0.8, 0), (0.2, 50)), "rim", 0.4),
        (((0.2, 50), (0.6, 0), (0.2, 50)), "rim", 0.4),
        (((0.4, 0), (0.2, 50), (0.4, 0)), "core", 0.2),
        (((0.1, 0), (0.8, 50), (0.1, 0)), "diffuse", 0.8),
    ],
)
def test_the_core_of_a_wall_has_two_edges(geometry, rows, word, share):
    """Dead tissue between living on both sides: its centre is half-way, whatever way the axis runs."""
    layers = [("cap", 10), *((f"core{k}", 10) for k in range(len(rows))), ("media", 5)]
    values = FLUID | {
        f"cap.{'thickness' if geometry == 'slab' else 'radius'}": "1 mm",
        "media.thickness": "1 mm",
    }
    for k, (thick, amount) in enumerate(rows):
        values |= {f"core{k}.thickness": f"{thick} mm", f"core{k}.HAP": f"{amount} mM", f"core{k}.phi0": 0.6}
    values |= {
        f"{name}.{key}": value for name in ("cap", "media") for key, value in (("viable", 1.0), ("phi0", 0.3))
    }
    made = sim.Scenario("wall", MODEL, geometry, layers, "fixed", "1 s").changed(values)
    found = morphology(sim.simulate(made, times=2))
    assert (found.word, found.share) == (word, pytest.approx(share, abs=1e-9))


def test_a_ring_with_gaps_of_cells_is_no_array_of_points():
    """Every third cell of the outermost ring of a disc: a rim, as the eye has it."""
    inside = np.hypot(*np.meshgrid(np.arange(48) - 23.5, np.arange(48) - 23.5)) < 18
    edge = inside & ~ndimage.binary_erosion(inside)
    mineral = np.zeros(edge.shape)
    angle = np.arctan2(*(np.argwhere(edge) - 23.5).T)
    mineral[tuple(np.argwhere(edge)[np.argsort(angle)][::3].T)] = 50.0
    assert ndimage.label(mineral, np.ones((3, 3)))[1] > 20
    assert _of_pieces(mineral, inside, 50.0).word == "rim"


def test_a_lumen_is_no_part_of_a_lesion():
    """A core of even mineral beside blood takes its whole depth: it is no rim around the lumen."""
    layers = [("lumen", 10), ("core", 10), ("tissue", 5)]
    made = sim.Scenario("wall", MODEL, "cylinder", layers, "fixed", "1 s").changed(
        FLUID
        | {"lumen.radius": "2 mm", "lumen.phi0": 1.0, "lumen.perfusion": "5 1/min", "core.thickness": "1 mm"}
        | {"core.HAP": "50 mM", "core.phi0": 0.6, "tissue.thickness": "1 mm", "tissue.viable": 1.0}
    )
    assert morphology(sim.simulate(made, times=2)).word == "diffuse"
    still = made.changed({"lumen.perfusion": 0.0})  # a cyst's fluid belongs to the cyst
    assert morphology(sim.simulate(still, times=2)).word == "rim"


def test_a_stirred_run_has_no_place():
    made = sim.Scenario("pot", MODEL, "well_mixed", (("pot", 1),), "closed", "1 s")
    with pytest.raises(ConfigError, match="has no places"):
        morphology(sim.simulate(made.changed({**FLUID, "pot.phi0": 1.0}), times=2))


def test_doubling_cells_changes_no_word():
    fine = sim.Scenario("ball", MODEL, "sphere", (("in", 30), ("out", 20)), "fixed", "1 s")
    values = FLUID | {"in.radius": "3 mm", "out.thickness": "1 mm", "out.HAP": "50 mM", "in.phi0": 0.6}
    words = [
        morphology(sim.simulate(fine.changed({**values, "resolution": f}), times=2)) for f in (0.5, 1.0, 2.0)
    ]
    assert {w.word for w in words} == {"rim"}
    assert np.ptp([w.first for w in words]) < 1e-9
