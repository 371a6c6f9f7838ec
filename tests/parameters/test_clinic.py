"""Numbers of the clinic that go by a name of the model are answered where they are given, and used."""

import warnings

import pytest

import sim
from sim.errors import RangeWarning
from sim.experiment.typed import typed
from sim.explorer.asked.request import said_of_value
from sim.parameters import load_references
from sim.parameters.clinic import definitions, taken_for


@pytest.fixture(scope="module")
def base():
    return sim.scenario("tb_caseous")  # calcium 1.4 mM, phosphate 1.1 mM, with blood in its capsule


def told(call):
    """Sentences of a call."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call()
    return [str(w.message) for w in found if issubclass(w.category, RangeWarning)]


@pytest.mark.parametrize(
    ("name", "value", "words", "meant"),
    [  # what is meant, by hand: 0.59 of the total; 10 mg/L over 40.078 and 30.974 g/mol
        ("plasma.Ca", "2.4 mM", "the total calcium of serum", "some 1.4 mM then"),
        ("plasma.Ca", 2.2, "the total calcium of serum", "some 1.3 mM then"),
        ("plasma.Ca", "2600 uM", "the total calcium of serum", "some 1.5 mM then"),
        ("plasma.Ca", "9.6 mM", "9.6 mg/dL is usual of the total calcium", "some 1.4 mM then"),
        ("plasma.P", "3.5 mM", "3.5 mg/dL is usual of serum phosphate", "some 1.1 mM then"),
        ("plasma.C", "40 mM", "pCO2 in mmHg", "26 mM at pH 7.4"),
        ("plasma.C", "5.3 mM", "pCO2 in kPa", "26 mM at pH 7.4"),
        ("fluid.Mg", "0.9 mM", "the total magnesium of serum", "some 0.63 mM then"),
        ("phosphatase.V_alk", "80 U/L", "alkaline phosphatase of serum", "some 4 umol/L/min then"),
    ],
)
def test_a_number_of_the_clinic_is_answered_once_and_used(base, name, value, words, meant):
    said = [s for s in told(lambda: base.changed({name: value})) if "usual of" in s]
    assert len(said) == 1 and words in said[0] and meant in said[0] and name in said[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = base.changed({name: value})
    unit = base.parameter(name).unit
    assert made.parameters.si(name) == sim.units.convert(value, unit)
    if isinstance(value, str):  # as on the command line and in a file
        assert [s for s in told(lambda: typed(base, {name: value})) if "usual of" in s] == said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("plasma.Ca", "1.8 mM"), ("plasma.Ca", "1.2 mM"), ("plasma.Ca", "2 mM"), ("plasma.P", "2.4 mM"),
        ("plasma.P", "2800 uM"), ("plasma.P", "2.8 mmol/L"), ("plasma.P", "plasma.P * 2.6"),
        ("plasma.C", "20 mM"), ("plasma.PPi", "3 uM"), ("fluid.Mg", "1.5 mM"),
        ("phosphatase.V_alk", "10 U/L"),
    ],
)  # fmt: skip
def test_what_is_meant_here_is_not_answered(base, name, value):
    assert told(lambda: base.changed({name: value})) == []


def test_a_plain_number_that_is_refused_is_answered_too(base):
    with pytest.raises(sim.errors.ParameterError) as error:
        typed(base, {"plasma.P": 3.5})
    words = "3.5 mg/dL is usual of serum phosphate; plasma.P is inorganic phosphate in mM, some 1.1 mM then."
    assert words in str(error.value) and str(error.value).endswith("Write '3.5 mM' if that is meant.")


def test_interventions_courses_and_axes_are_asked_too(base):
    cut = sim.Intervention("1 day", boundary={"Ca": "2.4 mM"})
    assert "total calcium" in told(lambda: base.with_intervention(cut))[0]
    kept = told(lambda: base.with_intervention(cut))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        treated = base.with_intervention(cut)
    assert len(kept) == 1 and told(lambda: treated.changed({"lesion.radius": "2 mm"})) == []  # once
    days = ["0 day", "1 day"]

    def of(low, high):
        sim.sweeps.grid({"plasma.Ca": (low, high)}, n=2).check(base)

    assert "2.3 mM to 2.5 mM" in told(lambda: base.with_course("plasma.Ca", days, ["2.5 mM", "2.3 mM"]))[0]
    assert told(lambda: base.with_course("plasma.Ca", days, ["1.4 mM", "2.4 mM"])) == []
    assert "2.2 mM to 2.5 mM" in told(lambda: of("2.2 mM", "2.5 mM"))[0]
    phosphate = {"plasma.P": ("2700 uM", "2900 uM")}  # in mM they may have been meant as mg/dL
    assert told(lambda: sim.sweeps.grid(phosphate, n=2).check(base)) == []
    assert "mg/dL" in told(lambda: sim.sweeps.grid({"plasma.P": ("2.7 mM", "2.9 mM")}, n=2).check(base))[0]
    assert told(lambda: of("1.2 mM", "2.5 mM")) == []  # a sweep over all that there is


def test_the_explorer_says_the_same_below_the_box(base):
    assert "total calcium of serum" in said_of_value(base, "plasma.Ca", "2.4").mind
    assert (
        said_of_value(base, "plasma.Ca", "2.4").refused == said_of_value(base, "plasma.Ca", "1.5").mind == ""
    )


def test_a_medium_is_what_it_is():
    """No blood flows: 2.5 mM are those of a body fluid of chemists. What was so before is not asked about."""
    fluid = {"layers": [("beaker", 1)], "geometry": "well_mixed", "outer": "closed"}
    beaker = sim.Scenario("x", sim.library.model(), **fluid)
    assert told(lambda: beaker.changed({"plasma.Ca": "2.5 mM", "plasma.P": "3 mM"})) == []
    known = sim.scenario("beaker_body_fluid")  # bicarbonate of a medium of cultures, and its calcium
    assert told(lambda: known.changed({"plasma.C": "44 mM"})) == []
    assert told(lambda: known.changed({"plasma.Ca": "1.8 mM"}).changed({"plasma.Ca": "2.5 mM"})) == []
    fed = beaker.changed({"beaker.perfusion": "0.1 1/min"})
    assert len(told(lambda: fed.changed({"plasma.Ca": "2.5 mM"}))) == 1
    p = sim.Parameter("2.5 mM", "mM")
    assert taken_for("plasma.Ca", [p.at(2.3)], p, True) == ""


def test_every_definition_is_of_a_parameter_and_has_its_sources(base):
    for name, found in definitions().items():
        assert base.parameter(name).unit
        for d in found:
            assert d.usual.contains_value() and None not in d.usual.range
            assert {*d.usual.sources, *(d.times.sources if d.times else ())} <= set(load_references())


@pytest.mark.parametrize("name", sim.scenarios())
def test_no_shipped_scenario_says_a_number_of_the_clinic(name):
    assert told(lambda: sim.scenario(name)) == []
