"""Quantities of a layer that a scenario leaves out: their units, their ranges, and how slips are answered."""

import warnings

import pytest

import sim
from sim.errors import ParameterError, RangeWarning, ScenarioError
from sim.model.library import FIELDS
from sim.model.library.tables import package_places


@pytest.fixture(scope="module")
def base():
    return sim.scenario("infarct_myocardium")


@pytest.mark.parametrize(
    ("name", "value", "si"),
    [
        ("lesion.macrophages", 1, 1.0),
        ("lesion.macrophages", "50 %", 0.5),
        ("border.fetuin", "15 uM", 0.015),
        ("lesion.ENPP1", 100, 100.0),
        ("lesion.citrate", "1 mM", 1.0),
        ("lesion.ATP", "8 mM", 8.0),
        ("lesion.serum", "10 %", 0.1),
        ("lesion.sheltered", 1, 1.0),
        ("lesion.masked", 0.9, 0.9),
    ],
)
def test_what_biology_allows_is_taken_without_a_word(base, name, value, si):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert base.changed({name: value}).parameters.si(name) == pytest.approx(si, rel=1e-15)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("lesion.fetuin", "15 mM", "75 times the upper bound 0.2 mM; was it given in uM"),
        ("lesion.serum", 1.5, "above the upper bound 1"),
        ("lesion.sheltered", "150 %", "upper bound 100 %"),
        ("lesion.masked", 1.5, "above the upper bound 1"),
        ("lesion.perfusion", "20 1/min", "upper bound"),
    ],
)
def test_what_lies_outside_its_range_is_warned_of_in_the_unit_given(base, name, value, words):
    with pytest.warns(RangeWarning, match=words):
        base.changed({name: value})


@pytest.mark.parametrize("quantity", ["macrophages", "fetuin", "ENPP1", "citrate", "serum", "masked", "Ca"])
def test_less_than_nothing_is_refused(base, quantity):
    with pytest.raises(ParameterError, match=f"lesion.{quantity} = -1.* is negative; zero is the least"):
        base.changed({f"lesion.{quantity}": -1})


def test_acidity_may_be_less_than_nothing(base):
    assert base.changed({"lesion.H": "-1 mM"}).parameters.si("lesion.H") == -1.0


@pytest.mark.parametrize("name", list(sim.scenarios()))
def test_reflow_is_within_the_range_of_every_layer(name):
    s = sim.scenario(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for layer, _ in s.layers:
            assert s.changed({f"{layer}.perfusion": "3 1/min"}).quantity(layer, "perfusion", 0.0) == 0.05


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("lesion.fetuin-A", "lesion.fetuin"),
        ("border.fetuinA", "border.fetuin"),
        ("lesion.atp", "lesion.ATP"),
        ("lesion.macrophage", "lesion.macrophages"),
        ("plasma.fetuin", "lesion.fetuin"),
        ("core.ATP", "lesion.ATP"),
    ],
)
def test_a_slip_in_a_name_is_answered_with_the_name(base, given, meant):
    with pytest.raises(ScenarioError, match=f"Did you mean '{meant}'"):
        base.changed({given: 0.01})


def test_a_field_of_ones_own_model_has_no_range_of_the_library(base):
    own = {**base.model.fields, "citrate": (0.0, "1", "share of citrate")}
    model = sim.Model(
        base.model.species, base.model.processes, base.model.derived, own, base.model.parameters, "own"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        s = sim.Scenario("own", model, parameters={"tissue.thickness": "1 mm", "tissue.citrate": 500.0})
    assert s.parameters["tissue.citrate"].range == (None, None)


def test_every_field_has_its_range_and_lies_in_it():
    places = package_places()
    assert {f"fields.{n}" for n in FIELDS} == {n for n in places if n.startswith("fields.")}
    for name, p in places.items():
        assert p.contains_value() and p.low is not None and p.high is not None, name


def test_an_intervention_may_be_called_as_a_layer_is(base):
    s = base.with_intervention(sim.Intervention(at="1 day", boundary={"PPi": "9 uM"}, label="border"))
    assert s.changed({"border.fetuin": "10 uM"}).parameters.si("border.fetuin") == pytest.approx(0.01)
    cut = s.changed({"intervention.border.PPi": "5 uM"}).interventions[0]
    assert cut.boundary["PPi"] == pytest.approx(0.005)
    with pytest.raises(ScenarioError, match="the intervention 'border' has its times"):
        s.changed({"border.fetuins": "10 uM"})
