"""Values told as a name times a number: read, checked, and taken wherever a value is given."""

import copy
import pickle

import pytest

import sim
from sim.errors import ConfigError, ScenarioError
from sim.experiment.typed import typed
from sim.experiment.values.relative import Relative, relative


@pytest.fixture(scope="module")
def base():
    return sim.scenario("infarct_myocardium").with_resolution(0.05).with_(duration="1 day")


@pytest.mark.parametrize(
    "text", ["plasma.PPi * 3", "3 * plasma.PPi", "3*plasma.PPi", " plasma.PPi*3.0 ", "3e0 * plasma.PPi"]
)
def test_both_orders_are_one_value(text):
    assert relative(text, "x") == Relative("plasma.PPi * 3")
    assert (relative(text, "x").name, relative(text, "x").factor) == ("plasma.PPi", 3.0)


@pytest.mark.parametrize("given", ["2 mol*m^-3", "1.5 mM", "plasma.PPi", 3.0, "2 J.s*m", "lesion"])
def test_amounts_and_names_are_not_read_so(given):
    assert relative(given, "x") is None


@pytest.mark.parametrize(
    "text", ["plasma.P * x", "plasma.P * 2 * 3", "2 * plasma.P + 1", "plasma.P * inf", "plasma.P * plasma.C"],
)  # fmt: skip
def test_more_than_one_product_is_refused_and_nothing_is_evaluated(text):
    with pytest.raises(ScenarioError, match="one name, one number"):
        relative(text, "x")


def test_copies_keep_name_and_number():
    told = Relative("0.5 * growth.k")
    for other in (copy.deepcopy(told), pickle.loads(pickle.dumps(told))):  # noqa: S301  -- our own
        assert (other, other.name, other.factor) == (told, "growth.k", 0.5)


def test_changed_and_typed_values_are_of_the_scenario_before(base):
    own = base.parameters.si("growth.k")
    for made in (
        base.changed({"growth.k": "growth.k * 3"}), base.with_parameters({"growth.k": "3 * growth.k"}),
        typed(base, {"growth.k": "3*growth.k"}),
    ):  # fmt: skip
        assert made.parameters.si("growth.k") == pytest.approx(3 * own, rel=1e-15)
    both = base.changed({"plasma.P": "2 mM", "plasma.C": "plasma.P * 10"})
    assert both.parameters.si("plasma.C") == pytest.approx(10 * base.parameters.si("plasma.P"), rel=1e-15)
    held = base.changed({"initial.Ca": "plasma.Ca * 0.5"})
    start = sim.simulate(held, times=["0 s"])["Ca"].values[0]
    assert start == pytest.approx(0.5 * base.parameters.si("plasma.Ca"), rel=1e-12)


def test_an_intervention_takes_the_value_that_the_scenario_has_when_it_runs(base):
    tripled = base.with_intervention(sim.Intervention("6 hour", boundary={"PPi": "plasma.PPi * 3"}))
    for own in (1e-3, 2e-3):
        s = tripled.with_parameters({"plasma.PPi": own})
        number = base.with_parameters({"plasma.PPi": own}).with_intervention(
            sim.Intervention("6 hour", boundary={"PPi": 3 * own})
        )
        a, b = (sim.simulate(x, times=["1 day"])["PPi"].values for x in (s, number))
        assert a == pytest.approx(b, rel=1e-12)
    set_once = base.with_intervention(sim.Intervention("6 hour", state={"PPi": "plasma.PPi * 3"}, label="x"))
    moved = set_once.changed({"intervention.x.state.PPi": "plasma.PPi * 4"})
    assert moved.interventions[0].state == {"PPi": "plasma.PPi * 4.0"}


def test_it_is_saved_and_read_and_told(base, tmp_path):
    s = base.with_intervention(
        sim.Intervention(
            "6 hour", boundary={"PPi": "3 * plasma.PPi"}, parameters={"growth.k": "growth.k * 2"}
        )
    )
    assert sim.scenario(s.save(tmp_path / "s.toml")) == s
    assert "PPi plasma.PPi * 3.0" in repr(s) and "growth.k growth.k * 2.0" in s.diff(base)
    result = sim.simulate(s, times=2)
    assert result.scenario == s
    path = tmp_path / "own.toml"
    path.write_text(
        'base = "infarct_myocardium"\n[parameters.growth]\nk = "growth.k * 2"\n[initial]\n'
        'Ca = "plasma.Ca * 0.5"\n'
    )
    made = sim.scenario(path)
    assert made.parameters.si("growth.k") == pytest.approx(2 * base.parameters.si("growth.k"))
    assert made.initial["Ca"] == "plasma.Ca * 0.5"


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (lambda s: s.changed({"plasma.PPi": "plasma.PPy * 3"}), "Did you mean 'plasma.PPi'"),
        (lambda s: s.changed({"plasma.PPi": "growth.k * 3"}), "m s-1; mol m-3 is needed"),
        (
            lambda s: s.with_intervention(sim.Intervention("1 s", boundary={"PPi": "2 * plasma.PPy"})),
            "plasma.PPi",
        ),
        (
            lambda s: s.with_intervention(sim.Intervention("1 s", boundary={"PPi": "2 * growth.k"})),
            "is needed",
        ),
        (lambda s: s.with_intervention(sim.Intervention("1 s", state={"PPi": "2 * growth.k"})), "is needed"),
        (lambda s: s.with_course("plasma.PPi", ["0 s", "1 s"], ["plasma.PPi", "growth.k * 2"]), "is needed"),
        (
            lambda s: s.with_course("plasma.PPi", ["0 s", "1 s"], ["plasma.PPi", "plasma.PPy * 2"]),
            "plasma.PPi",
        ),
        (lambda s: s.with_(initial={"Ca": "growth.k * 2"}), "is needed"),
    ],
)
def test_slips_are_told_when_they_are_made(base, how, words):
    with pytest.raises(ConfigError, match=words):
        how(base)
