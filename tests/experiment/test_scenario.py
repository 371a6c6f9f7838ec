"""What a scenario holds after it was made: SI numbers, objects, and equality that is True or False."""

import copy
import json
import pickle

import numpy as np
import pytest

import sim
from sim.errors import ConfigError, ParameterError, ScenarioError, UnitError
from sim.experiment.models import same_model, standard_model
from sim.experiment.nucleation import StochasticNucleation
from sim.experiment.values.given import Given, as_given


def test_text_becomes_si_when_an_intervention_is_made():
    cut = sim.Intervention("3 day", {"PPi": "20 uM", "pH": 7}, {"acid.load": "2 mM"}, {"Ca": "3 mM"})
    assert cut.at == 3 * 86400.0
    assert cut.boundary == {"PPi": 0.02, "pH": 7.0} and cut.parameters == {"acid.load": 2.0}
    for value in (*cut.boundary.values(), *cut.parameters.values(), *cut.state.values(), cut.at):
        assert isinstance(value, float) and np.isfinite(value + 0.0)
    assert str(cut) == "intervention at 3 days: PPi 20 uM, pH 7, acid.load 2 mM, set Ca 3 mM"
    assert cut == sim.Intervention(259200, {"PPi": 2e-2, "pH": 7.0}, {"acid.load": 2.0}, {"Ca": 3.0})


def test_a_number_given_as_text_is_a_number_that_can_be_copied():
    given = Given("20 uM")
    assert given == 0.02 and given * 50 == 1.0 and f"{given:.1f}" == "0.0"
    assert json.dumps({"a": given}) == '{"a": 0.02}'
    for again in (pickle.loads(pickle.dumps(given)), copy.deepcopy(given)):  # noqa: S301  # our own
        assert again == given and as_given(again) == "20 uM"
    assert Given("37 degC") == 310.15  # an offset too


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"boundary": {"PPi": "20 um"}}, "boundary.PPi = '20 um'"),
        ({"boundary": {"PPi": "20"}}, "has no unit"),
        ({"boundary": {"pH": "7 mM"}}, "boundary.pH"),
        ({"boundary": {"PPi": None}}, "is not a quantity"),
        ({"boundary": [1]}, "is not a table"),
        ({"boundary": {"PPi": 1.0}, "label": 3}, "is not text"),
        ({"state": {"Ca": "lots"}}, "does not begin with a number"),
    ],
)
def test_a_slip_in_an_intervention_is_told_when_it_is_made(given, words):
    with pytest.raises(ConfigError) as error:
        sim.Intervention(at="1 day", **given)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("cut", "words"),
    [
        (sim.Intervention("1 s", state={"hap_m0": "1 mM"}), "state.hap_m0"),
        (sim.Intervention("1 s", parameters={"lesion.perfusion": "1 mM"}), "lesion.perfusion"),
    ],
)
def test_a_scenario_refuses_units_that_its_model_does_not_have(cut, words):
    with pytest.raises(UnitError, match=words):
        sim.scenario("infarct_myocardium").with_intervention(cut)


def test_the_sample_of_a_draw_needs_the_unit_of_the_geometry():
    chance = StochasticNucleation(1, "1 hour", "10 um")
    assert chance.interval == 3600.0 and chance.sample == 1e-5
    assert chance.table() == {"seed": 1, "interval": 3600.0, "sample": "10 um"}
    assert chance.share("cylinder") == 1e-5
    with pytest.raises(UnitError, match="cross-section"):
        chance.share("slab")


def test_parameters_of_a_scenario_may_be_numbers_text_or_whole():
    whole = sim.Parameter(1.2, "mM", range=(0.9, 2.5), source="guyton_isf", confidence="measured")
    s = sim.Scenario(
        "x",
        sim.library.model(),
        layers=[("a", 4.0)],
        parameters={"a.thickness": "2 mm", "a.phi0": 0.5, "acid.load": "30 mM", "plasma.Ca": whole},
    )
    assert s.size("a") == 2e-3 and s.parameters["a.thickness"].unit == "mm"
    assert s.parameters.si("acid.load") == 30.0
    assert s.parameters["acid.load"].range == s.model.parameters["acid.load"].range
    given = s.parameters["plasma.Ca"]  # all of it, and what its name means
    assert given == whole.described_as(given.description) and "calcium" in given.description
    assert s.layers == (("a", 4),) and type(s.layers[0][1]) is int


@pytest.mark.parametrize(
    ("fields", "kind", "words"),
    [
        ({"model": None}, ScenarioError, "sim.library.model()"),
        ({"name": 3}, ScenarioError, "name = 3 of a scenario is not text"),
        ({"name": ""}, ScenarioError, "name = '' of a scenario is empty"),
        ({"name": " "}, ScenarioError, "of a scenario is empty"),
        ({"parameters": {"a.thicknes": "2 mm"}}, ScenarioError, "Did you mean 'a.thickness'?"),
        ({"parameters": {"a.thickness": "2 mM"}}, ParameterError, "a length"),
        ({"parameters": {"acid.load": sim.Parameter(1, "mm")}}, ParameterError, "mol m-3 is needed"),
        ({"parameters": 3}, ScenarioError, "is not a table"),
        ({"initial": {"Ca": "2 mm"}}, UnitError, "initial.Ca"),
        ({"initial": {"Ca": True}}, UnitError, "initial.Ca"),
        ({"initial": {"Ca": [1, 2]}}, UnitError, "initial.Ca = [1, 2] is a list"),
        ({"initial": {5: 1}}, ScenarioError, "initial: 5 is not a name"),
        ({"parameters": {"acid.load": [1, 2]}}, ParameterError, "acid.load = [1, 2] is a list"),
        ({"parameters": {"a.thickness": [1]}}, ParameterError, "a.thickness = [1] is a list"),
        ({"parameters": {5: 1}}, ScenarioError, "parameters: 5 is not a name"),
        ({"duration": [1]}, UnitError, "duration = [1] is a list; one number in s"),
        ({"duration": [1, 2]}, UnitError, "duration = [1, 2] is a list"),
        ({"domain": np.ones(2)}, ScenarioError, "is not a row of axes"),
        ({"domain": np.ones((1, 2))}, ScenarioError, "must be a length and a number of cells"),
        ({"domain": [([1, 2], 4)]}, UnitError, "domain = [1, 2] is a list; one number in m"),
        ({"stochastic": {"seed": 1, "interval": [1, 2]}}, UnitError, "interval = [1, 2] is a list"),
        ({"stochastic": {"seed": 1, "sample": [1, 2]}}, UnitError, "sample = [1, 2] is a list"),
        ({"layers": [("a", 0)]}, ScenarioError, "at least one cell"),
        ({"layers": [("a", 2.5)]}, ScenarioError, "at least one cell"),
        ({"layers": [("a", 1), ("a", 2)]}, ScenarioError, "two layers are called 'a'"),
        ({"layers": [("a b", 1)]}, ScenarioError, "cannot name a layer"),
        ({"layers": []}, ScenarioError, "at least one layer"),
        ({"outer": "open"}, ScenarioError, "is not one of closed, fixed, exchange"),
        ({"constants": "phreeq"}, ScenarioError, "Did you mean 'phreeqc'?"),
        ({"growth_law": "spirl"}, ScenarioError, "Did you mean 'spiral'?"),
        ({"duration": "0 s"}, ScenarioError, "must be positive"),
        ({"interventions": 3}, ScenarioError, "is not a list"),
        ({"stochastic": {"seed": 1}}, ScenarioError, "give sample='1 mm2'"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused_with_a_sentence(fields, kind, words):
    given = {"name": "x", "model": sim.library.model(), "layers": [("a", 4)]} | fields
    with pytest.raises(kind) as error:
        sim.Scenario(**given)
    assert words in str(error.value)


def test_equality_is_true_or_false():
    """Models hold arrays and functions made in functions: comparing them once raised."""
    one, two = (sim.scenario("infarct_myocardium") for _ in range(2))
    assert (one == two) is True and (one != two) is False
    other = sim.scenario("infarct_myocardium", growth_law="spiral")
    assert (one == other) is False
    assert (one == one.with_model(one.model.without("acid"))) is False
    assert (one == sim.scenario("tb_caseous")) is False
    assert (one == "infarct_myocardium") is False
    assert (one == one.with_(constants="phreeqc")) is False
    made_anew = one.with_model(sim.library.model())
    assert made_anew.model is not one.model and (made_anew == one) is True


def test_models_are_the_same_when_all_that_they_hold_is():
    standard = standard_model()
    assert same_model(standard, sim.library.model())
    assert not same_model(standard, sim.library.model("phreeqc"))  # a function made with another word
    assert not same_model(standard, sim.library.model(growth_law="spiral"))
    changed = standard.with_species(standard.species[0].with_(scale=7.0))
    assert not same_model(standard, changed)
    assert standard_model() is standard_model("tissue-37C", "")


def test_a_treatment_out_of_range_is_warned_of_in_the_words_it_was_given_in():
    """300 umol/L/min is 0.005 in SI: the hint that a plain number was meant would be wrong."""
    from sim.run.segments import Builder

    base = sim.scenario("infarct_myocardium")
    for value, hint in (("300 umol/L/min", False), (5e-3, True)):
        cut = sim.Intervention("1 day", parameters={"phosphatase.V_alk": value})
        with pytest.warns(sim.errors.RangeWarning) as caught:
            list(Builder(base.with_intervention(cut)).segments())
        assert ("a plain number is in SI" in str(caught[0].message)) is hint


def test_a_scenario_and_what_differs_are_shown_as_one_would_type_them():
    base = sim.scenario("infarct_myocardium")
    cut = sim.Intervention("3 day", {"PPi": 0.02}, label="drug", until="10 day")
    late = sim.Intervention(4 * 86400, parameters={"growth.k": 1e-14}, state={"Ca": 2.5}, region="lesion")
    changes = {"initial": {"P": 2.0, "glycogen": None}, "outer": "exchange", "outer.permeability": 1e-7}
    made = base.with_intervention(cut, late).changed(changes | {"lesion.cells": 20, "duration": "12 day"})
    assert made.diff(base).splitlines() == [
        "outer.permeability: absent -> 1e-07 m/s", "outer: fixed -> exchange", "duration: 30 days -> 12 days",
        "lesion.cells: 80 -> 20", "initial.glycogen: doomed -> absent", "initial.P: absent -> 2 mM",
        "+ drug at 3 days until 10 days: PPi 20 uM",
        "+ intervention at 4 days: growth.k 1e-14 m s-1, set Ca 2.5 mM in lesion",
    ]  # fmt: skip
    assert "- drug at 3 days until 10 days: PPi 20 uM" in base.diff(made).splitlines()
    for words in ("exchange (1e-07 m/s)", "initial P 2 mM", "drug at 3 days", "set Ca 2.5 mM", "12 days"):
        assert words in repr(made), words
    plane = base.with_geometry("rectangle").with_region("lesion", sim.shapes.Disc("3 mm"))
    plane = plane.with_random_field("collagen", 0.5, "2 mm", 1, region="border")
    plane = plane.with_stochastic_nucleation(3, sample="10 um")
    lines = plane.diff(base).splitlines()
    assert "lesion.radius: 4 mm -> absent" in lines and "+ region lesion: disc, radius 3 mm" in lines
    assert "+ stochastic nucleation: seed 3, sample 10 um" in lines
    assert "+ random field of collagen in border: log_sd 0.5, correlation length 2 mm, seed 1" in lines
    for words in ("disc, radius 3 mm", "random field of collagen", "seed 3"):
        assert words in repr(plane), words
    assert plane.diff(plane) == "no difference"


def test_an_intervention_says_units_of_quantities_that_the_scenario_leaves_out():
    """A plain number is SI; a field without unit has none, and 0.002/s are 0.12 a minute."""
    cut = sim.Intervention(
        5400, parameters={"lesion.pH_hold": 6.6, "border.elastin": 1e21, "border.perfusion": 0.002},
        state={"P": 2.0},
    )  # fmt: skip
    (words,) = sim.scenario("infarct_myocardium").with_intervention(cut).interventions_in_words()
    assert words.startswith("intervention at 1.5 h: lesion.pH_hold 6.6, border.elastin 1e+21 ")
    assert words.endswith("border.perfusion 0.12 1/min, set P 2 mM") and "in SI" not in words


def test_a_plain_number_is_kept_in_the_unit_that_people_read():
    base = sim.scenario("infarct_myocardium")
    plain = base.with_parameters({"lesion.Ca": 1.3})
    assert plain.parameters["lesion.Ca"].text() == "1.3 mM"
    assert plain == base.with_parameters({"lesion.Ca": "1.3 mM"})


def test_amounts_at_the_start_are_added_to_those_there_are_by_every_call():
    """with_(initial=) once took the acid source out without a word; None takes one out."""
    base = sim.scenario("infarct_myocardium")
    for changed in (
        base.with_(initial={"Ca": "1.2 mM"}),
        base.with_model(base.model, initial={"Ca": "1.2 mM"}),
        base.changed({"initial.Ca": "1.2 mM"}),
    ):
        assert changed.initial["glycogen"] == "doomed" and float(changed.initial["Ca"]) == pytest.approx(1.2)
    gone = base.with_(initial={"glycogen": None}).initial
    assert gone.get("glycogen") is None
    assert dict(base.initial) == {"glycogen": "doomed"}
