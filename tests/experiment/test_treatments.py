"""Treatments as data: read, named, given to scenarios, saved, changed; and how values follow from a dose."""

import math
from dataclasses import replace
from importlib import resources
from itertools import pairwise

import pytest
from scipy.integrate import quad

import sim
from sim.errors import ConfigError, ParameterError, RangeWarning, ScenarioError, UnitError
from sim.experiment.treatments.effects import WAYS, WORDS, Effect
from sim.experiment.treatments.notation import ordered
from sim.experiment.treatments.treatment import Treatment, read_treatment
from sim.model.library.parts import part_names
from sim.parameters import Parameter
from sim.parameters.references import load_references
from sim.sweeps.plans.plan import load_plan

BASE = sim.scenario("infarct_myocardium")
COURSE = {"start": "3 day", "stop": "10 day", "dose": "2 uM"}


@pytest.mark.parametrize("name", sim.treatments())
def test_a_treatment_says_what_it_is_and_what_it_is_known_from(name):
    given = sim.treatment(name)
    for text in (given.title, given.mechanism, given.acts_on, given.expected, given.limits, given.onset):
        assert len(text) > 3
    assert set(given.parts) <= set(part_names())
    known = {*load_references(), "this_work"}
    for p in (*given.numbers.values(), *given.properties.values()):
        assert p.source in known and len(p.note) > 8 and p.contains_value()
        assert None not in p.range
    said = str(given)
    assert given.mechanism in said and "Not a clinical tool" in said
    assert (given.dose is None) == (name == "excision")


@pytest.mark.parametrize("name", sim.treatments())
def test_every_treatment_can_be_given_to_a_scenario_with_a_lesion(name):
    made = BASE.treated(name, "3 day")
    (cut,) = made.interventions
    assert (cut.at, cut.label, cut.treatment) == (3 * 86400.0, name, name)
    assert set(sim.treatment(name).parts) <= set(made.parts)
    assert cut.region == sim.treatment(name).region
    assert name in repr(made) and f"+ {name} at 3 days" in made.diff(BASE)


def test_no_file_of_the_package_is_left_out():
    folder = resources.files("sim") / "data" / "treatments"
    assert sim.treatments() == sorted(f.name.removesuffix(".toml") for f in folder.iterdir())


def test_a_course_is_an_intervention_with_the_name_of_its_treatment():
    made = BASE.treated("etidronate", **COURSE)
    assert made.interventions_in_words() == ["etidronate at 3 days until 10 days: etidronate 2 uM"]
    assert made.parts == ("bisphosphonate",)
    assert made.parameters["bisphosphonate.K"] == sim.treatment("etidronate").properties["bisphosphonate.K"]
    for word in ("etidronate@3day..10day:2uM", "etidronate@3 day..10 day : 2 uM"):
        again = BASE.treated(word).interventions[0]
        assert (again.at, again.until, again.dose) == (259200.0, 864000.0, pytest.approx(0.002))
    assert BASE.treated("etidronate").interventions[0].dose == sim.treatment("etidronate").dose.si


def test_a_second_course_has_a_name_of_its_own_and_keeps_the_properties():
    once = BASE.treated("etidronate", "1 day", "2 day").changed({"bisphosphonate.K": "900 m3/mol"})
    twice = once.treated("etidronate", "5 day", "6 day")
    assert [c.label for c in twice.interventions] == ["etidronate", "etidronate_2"]
    assert twice.parameters.si("bisphosphonate.K") == 900.0
    assert twice.changed({"etidronate_2.dose": "5 uM"}).interventions[1].dose == 0.005


def test_a_scenario_holds_one_drug_of_a_class():
    with pytest.raises(ScenarioError, match="zoledronate and etidronate both say what bisphosphonate.K is"):
        BASE.treated("etidronate").treated("zoledronate")
    both = BASE.treated("etidronate").treated("phytate")
    assert both.parts == ("bisphosphonate", "phytate")


@pytest.mark.parametrize("lead", ["", "intervention."])
def test_dose_and_times_are_names_of_changes(lead):
    made = BASE.treated("etidronate", **COURSE)
    other = made.changed({f"{lead}etidronate.dose": "5 uM", f"{lead}etidronate.until": "12 day"})
    assert other.interventions[0].dose == pytest.approx(0.005)
    assert other.interventions[0].until == 12 * 86400.0
    assert other.interventions_in_words() == ["etidronate at 3 days until 12 days: etidronate 5 uM"]
    with pytest.raises(ParameterError, match="negative"):
        made.changed({f"{lead}etidronate.dose": "-1 uM"})
    with pytest.raises(ScenarioError, match=r"Did you mean 'dose'|dose"):
        made.changed({f"{lead}etidronate.dos": "1 uM"})


def test_a_dose_is_an_axis_of_a_sweep_and_a_file_names_treatments(tmp_path):
    path = tmp_path / "doses.toml"
    path.write_text(
        'scenario = "infarct_myocardium"\ntreatments = ["etidronate@3day..10day"]\n'
        '[design]\nmethod = "grid"\nn = 3\n[axes."etidronate.dose"]\nlow = "1 uM"\nhigh = "40 uM"\n'
        '[measures]\nmineral = { what = "mean", of = "HAP" }\n'
    )
    plan = load_plan(path)
    plan.check()
    assert plan.base == BASE.treated("etidronate@3day..10day")
    assert [p["etidronate.dose"] for p in plan.design.points] == pytest.approx([0.001, 0.0205, 0.04])
    path.write_text(path.read_text().replace("etidronate@", "etidronat@"))
    with pytest.raises(ScenarioError, match="Did you mean 'etidronate'"):
        load_plan(path)


@pytest.mark.parametrize(
    ("word", "beside"),
    [
        ("etidronate@1day", {"start": "2 day"}),
        ("etidronate@1day..3day", {"stop": "2 day"}),
        ("etidronate:2uM", {"dose": "3 uM"}),
        ("lavage/border@1day", {"region": "lesion"}),
    ],
)
def test_what_a_word_says_is_not_said_again_beside_it(word, beside):
    (key,) = beside
    with pytest.raises(ScenarioError, match=f"says its {key}, and {key} = .*give one of them"):
        BASE.treated(word, **beside)


def test_treatments_are_saved_and_read_back(tmp_path):
    made = BASE.treated("etidronate", **COURSE).treated("lavage@5 day:30 %").treated("excision@6 day")
    path = made.save(tmp_path / "own.toml")
    assert sim.scenario(path) == made
    assert 'treatment = "etidronate"' in path.read_text()


def test_a_scenario_file_names_treatments(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text('base = "infarct_myocardium"\ntreatments = ["etidronate@3day..10day:2uM"]\n')
    assert sim.scenario(path).interventions == BASE.treated("etidronate", **COURSE).interventions
    path.write_text('base = "infarct_myocardium"\ntreatments = "etidronate"\n')
    with pytest.raises(ScenarioError, match="not a list of texts"):
        sim.scenario(path)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"name": "etidronat"}, ScenarioError, "called 'etidronat'. Did you mean 'etidronate'"),
        ({"name": "aspirin"}, ScenarioError, "There are acid_load"),
        ({"name": "etidronate", "dose": "3 mol"}, UnitError, "a concentration"),
        ({"name": "etidronate", "dose": "-1 uM"}, ScenarioError, "zero is the least"),
        ({"name": "etidronate", "region": "lesion"}, ScenarioError, "leave out the region"),
        ({"name": "excision", "dose": 1.0}, ScenarioError, "has no dose"),
        ({"name": "lavage", "stop": "4 day"}, ScenarioError, "has nothing to end"),
        ({"name": "etidronate@"}, ScenarioError, "NAME"),
        ({"name": "etidronate@3day.."}, ScenarioError, "NAME"),
        ({"name": "@3day"}, ScenarioError, "NAME"),
        ({"name": "etidronate:"}, ScenarioError, "NAME"),
        ({"name": "lavage/"}, ScenarioError, "NAME"),
        ({"name": "etidronate:2"}, UnitError, "concentration"),
    ],
)  # fmt: skip
def test_what_cannot_be_given_is_refused_in_a_sentence(given, error, words):
    with pytest.raises(error, match=words):
        BASE.treated(**given)


def test_an_intervention_is_a_treatment_or_plain():
    with pytest.raises(ScenarioError, match="make two of it"):
        sim.Intervention("1 day", {"PPi": "1 uM"}, treatment="etidronate")
    with pytest.raises(ScenarioError, match="belongs to no treatment"):
        sim.Intervention("1 day", {"PPi": "1 uM"}, dose="1 uM")


def test_a_dose_beyond_its_range_is_warned_of():
    with pytest.warns(RangeWarning, match=r"etidronate.dose = 200 uM is 4 times the upper bound"):
        BASE.treated("etidronate", dose="200 uM")


def test_words_are_read_in_parts():
    assert ordered("lavage") == ("lavage", "", None, None, "")
    doses = ("2uM", "2 uM", "0.3", "30%", "1e-3mM", "1.5 1/min", ".5mM")
    told = ("2 uM", "2 uM", "0.3", "30 %", "1e-3 mM", "1.5 1/min", ".5 mM")
    assert [ordered(f"lavage:{d}").dose for d in doses] == list(told)
    assert ordered("lavage/border:0.3") == ("lavage", "", None, "0.3", "border")
    assert ordered("enpp1@0.5 day..2 day") == ("enpp1", "0.5 day", "2 day", None, "")
    assert BASE.treated("lavage/border@3day").interventions[0].region == "border"
    assert BASE.treated("lavage", region="border").interventions[0].region == "border"


@pytest.mark.parametrize("name", [n for n in sim.treatments() if sim.treatment(n).interval is not None])
def test_the_mean_level_has_the_exposure_of_the_decay_between_doses(name):
    given = sim.treatment(name)
    half, span = given.half_life.si, given.interval.si
    exposure, _ = quad(lambda t: 2.0 ** (-t / half), 0.0, min(span, 60 * half), epsabs=0, epsrel=1e-10)
    assert given.mean(3.0) == pytest.approx(3.0 * exposure / span, rel=1e-8)


def test_ways_are_worded_and_do_what_they_say():
    assert set(WAYS) == set(WORDS)
    own, dose, half = 2.0, 0.5, 0.25
    found = {how: way(own, dose, half) for how, way in WAYS.items()}
    assert found["level"] == 0.5 and found["raised"] == 2.5 and found["lowered"] == 1.5
    assert found["multiplied"] == 1.0 and found["reduced"] == 1.0
    assert found["inhibited"] == pytest.approx(2.0 / 3.0)
    assert found["decades up"] == pytest.approx(2.0 * math.sqrt(10)) == 4.0 / found["decades down"]
    halved = replace(sim.treatment("sbi_425"), half_effect=Parameter("0.1 uM"))
    assert halved.changed(halved.effects[0], 8.0, 1e-4, "V") == pytest.approx(4.0)


def test_what_is_left_of_a_dose_leads_back_to_what_is_without_it():
    """A level gives way to the own value; what follows from the dose follows from what is left of it."""
    for how in WAYS:
        effect = Effect("boundary", "PPi", how)
        assert effect.value(2.0, 0.5, 0.25, 1.0) == WAYS[how](2.0, 0.5, 0.25)
        if how != "multiplied":
            assert effect.value(2.0, 0.5, 0.25, 0.0) == 2.0
    assert Effect("boundary", "PPi", "level").value(2.0, 0.5, share=0.5) == 1.25
    assert Effect("boundary", "PPi", "raised").value(2.0, 0.5, share=0.5) == 2.25


def test_a_factor_has_no_half_life(tmp_path):
    text = (resources.files("sim") / "data" / "treatments" / "enpp1.toml").read_text()
    (path := tmp_path / "enpp1.toml").write_text(text.replace('"raised"', '"multiplied"'))
    with pytest.raises(ConfigError, match="leave out the half-life"):
        read_treatment("enpp1", path)


def test_effects_that_say_nothing_are_refused():
    for on, how, words in (
        ("plasma.PPi", "level", "not one of"), ("boundary.PPi", "risen", "not one of"),
        ("boundary", "level", "says nothing"), ("tissue", "level", "says nothing"),
        ("state.HAP", "raised", "not one of"),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=words):
            Effect.of(on, how, "x")


def test_more_cannot_be_taken_than_there_is():
    binder = sim.treatment("phosphate_binder")
    assert isinstance(binder, Treatment)
    assert binder.changed(binder.effects[0], 1.0, 0.12, "plasma.P") == pytest.approx(0.88)
    with pytest.raises(ScenarioError, match="take a smaller dose"):
        binder.changed(binder.effects[0], 0.1, 0.12, "plasma.P")


def test_affinities_are_in_the_order_that_was_measured():
    """Nancollas 2006: zoledronate > alendronate > ibandronate > risedronate > etidronate > clodronate."""
    names = ("zoledronate", "alendronate", "ibandronate", "risedronate", "etidronate", "clodronate")
    K = [sim.treatment(n).properties.si("bisphosphonate.K") for n in names]
    assert all(a > b for a, b in pairwise(K))


def test_a_treated_scenario_is_written_as_python_that_makes_it():
    from sim.experiment.as_python.literals import source_of
    from sim.experiment.as_python.scenario_source import scenario_source

    made = BASE.treated("etidronate", **COURSE).treated("lavage/border@5day")
    text = source_of(scenario_source(made))
    assert "treatment='etidronate'" in text.replace('"', "'") and "dose=" in text
    assert eval(text, {"sim": sim}) == made  # noqa: S307  # our own text
