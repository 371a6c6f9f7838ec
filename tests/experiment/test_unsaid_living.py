"""Tissue of which a scenario does not say whether it lives is taken as dead, and a sentence says so."""

import warnings

import pytest

import sim
from sim.errors import TissueWarning
from sim.experiment.places import unsaid_living


def fluid(**quantities):
    """A well-mixed place with these quantities, for a second."""
    held = {f"flask.{name}": value for name, value in quantities.items()}
    return sim.Scenario(
        "trial", sim.library.model(), "well_mixed", [("flask", 1)], "closed", "1 s",
        {"flask.thickness": "1 mm", "flask.phi0": 0.9, "plasma.Ca": "1 mM", "plasma.P": "1 mM", **held},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("quantities", "named"),
    [
        ({"doomed": 0.3}, "doomed"),
        ({"perfusion": "0.1 1/min"}, "perfusion"),
        ({"buffer": "60 mM", "doomed": 1.0}, "doomed, buffer"),
        ({"collagen": "1e20 1/m3", "elastin": "1e20 1/m3"}, ""),  # matrix alone may be purified
        ({}, ""),
        ({"doomed": 0.0, "perfusion": 0.0, "buffer": 0.0}, ""),
        ({"doomed": 1.0, "viable": 0.0}, ""),  # said, though it is the same number
        ({"buffer": "60 mM", "viable": 0.7}, ""),
    ],
)
def test_tissue_without_a_word_on_life_is_told(quantities, named):
    said = unsaid_living(fluid(**quantities))
    assert len(said) == bool(named)
    for sentence in said:
        assert f"'flask' ({named} above 0)" in sentence and "flask.viable" in sentence and "dead" in sentence


def test_a_run_warns_once_and_keeps_the_sentence():
    with pytest.warns(TissueWarning, match="nothing is said of what is alive in 'flask'") as told:
        result = sim.simulate(fluid(doomed=0.5))
    assert len(told) == 1 and told[0].filename == __file__
    assert result.manifest["notes"] == [str(told[0].message)]


def test_amounts_at_the_start_may_say_it_and_a_model_without_life_needs_no_word():
    quiet = fluid(doomed=0.5).changed({"initial.viable": 0.5})
    assert unsaid_living(quiet) == []
    bare = sim.Model(species=[sim.Species("Ca", diffusivity=1e-9)], fields={"buffer": (0.0, "mol m-3", "")})
    dead = sim.Scenario("bare", bare, layers=[("tissue", 3)], parameters={
        "tissue.thickness": "1 mm", "tissue.buffer": 1.0})  # fmt: skip
    assert unsaid_living(dead) == []


def test_each_place_is_named_regions_too():
    base = sim.scenario("infarct_myocardium").with_geometry("rectangle", {"lesion": 6, "border": 4})
    painted = base.with_region("scar", sim.shapes.Disc("1 mm"))
    assert unsaid_living(painted) == []
    mute = painted.changed({"scar.buffer": "60 mM"})
    assert "in 'scar' (buffer above 0):" in unsaid_living(mute)[0]
    assert unsaid_living(painted.with_region("scar", sim.shapes.Disc("1 mm"), like="border")) == []


@pytest.mark.parametrize("name", sim.scenarios())
def test_no_shipped_scenario_is_silent(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error", TissueWarning)
        assert unsaid_living(sim.scenario(name)) == []
