"""The drawing of a model shows what its processes say, each species once."""

import pytest
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

import sim
from sim import plotting as plot
from sim.errors import ConfigError
from sim.plotting.scheme import BOUND, CELLS, SOLIDS, WATER, columns_of, flows_of, helpers_of


@pytest.fixture(scope="module")
def model():
    """The library's, with a chelator that dying cells shed and that takes calcium for good."""

    def shed(doomed, k_shed):
        """Chelator shed by dying cells [mol m-3 s-1]."""
        return k_shed * doomed

    def chelation(Ca, chelator, k_on):
        """Calcium taken by a chelator [mol m-3 s-1]."""
        return k_on * Ca * chelator

    species = [
        sim.Species("chelator"),
        sim.Species("complex_", contains={"Ca": 1}, short_name="bound for good"),
    ]
    own = [
        sim.Process("shed", shed, {"doomed": -1, "chelator": 1}, {"k_shed": sim.Parameter(1e-6, "1/s")}),
        sim.Process(
            "chelation",
            chelation,
            {"Ca": -1, "chelator": -1, "complex_": 1},
            {"k_on": sim.Parameter(1e-3, "m3/mol/s")},
        ),
    ]
    return sim.library.model().with_species(*species).with_process(*own)


def test_arrows_are_the_processes(model):
    """As read from the equations by hand: elements go along arrows, protons of a mineral do not."""
    flows = flows_of(model)
    for pair in (
        ("leaky", "Ca"),
        ("ester", "P"),
        ("PPi", "P"),
        ("Ca", "HAP"),
        ("HAP", "Ca"),
        ("lipid", "bound_Ca"),
    ):
        assert pair in flows
    for pair in (
        ("doomed", "chelator"),
        ("chelator", "complex_"),
        ("Ca", "complex_"),
        ("mito_room", "granules"),
    ):
        assert pair in flows
    for pair in (("complex_", "Ca"), ("H", "Ca"), ("Ca", "H"), ("C", "Ca"), ("glycogen", "Ca")):
        assert pair not in flows


def test_a_helper_is_not_used(model):
    """Phosphatase acts on esters and pyrophosphate and stays; room in mitochondria is used up."""
    helpers = helpers_of(model)
    assert {("phosphatase", "ester"), ("phosphatase", "PPi")} <= set(helpers)
    assert "mito_room" not in {a for a, _ in helpers}


def test_columns(model):
    column = columns_of(model)
    expected = {"doomed": CELLS, "Ca": WATER, "C": WATER, "bound_Ca": BOUND, "complex_": BOUND, "HAP": SOLIDS}
    assert {n: column[n] for n in expected} == expected
    assert not {"hap_m0", "hap_m1", "hap_m2"} & set(column)  # turned into nothing else


def test_each_species_is_a_box_and_no_two_overlap(model):
    ax = plot.scheme(model)
    boxes = [p.get_bbox() for p in ax.patches if isinstance(p, FancyBboxPatch)]
    assert len(boxes) == len(columns_of(model))
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])
    assert {"HAP", "bound for good"} <= {t.get_text().replace("\n", " ") for t in ax.texts}
    flows = flows_of(model)
    pairs = {frozenset(pair) for pair in flows}
    dashed = [h for h in helpers_of(model) if set(h) <= set(columns_of(model))]
    assert len([p for p in ax.patches if isinstance(p, FancyArrowPatch)]) == len(pairs) + len(dashed)


def test_a_scenario_is_not_a_model():
    with pytest.raises(ConfigError, match=r"scenario\.model"):
        plot.scheme(sim.scenario("infarct_myocardium"))
