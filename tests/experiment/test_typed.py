"""What a person types: forgotten units, entries added and taken out, the boundary of exchange."""

import warnings

import pytest
from click.testing import CliRunner

import sim
from sim.cli import main
from sim.errors import ConfigError, RangeWarning, ScenarioError
from sim.experiment.typed import typed
from sim.sweeps.plans.plan import load_plan

NAME = "infarct_myocardium"


@pytest.fixture(scope="module")
def base():
    return sim.scenario(NAME).with_resolution(0.05)


@pytest.fixture
def small(base):
    return base.with_(duration="1 h")


ADDED = {
    "with_": lambda s: s.with_(initial={"P": "2 mM"}),
    "changed": lambda s: s.changed({"initial": {"P": "2 mM"}}),
    "by name": lambda s: s.changed({"initial.P": "2 mM"}),
    "with_model": lambda s: s.with_model(s.model, initial={"P": "2 mM"}),
    "applied": lambda s: sim.experiment.change.applied(s, {"initial.P": 2.0}),
}


@pytest.mark.parametrize("way", ADDED)
def test_an_amount_at_the_start_is_added_everywhere(base, way):
    made = ADDED[way](base)
    assert made.initial == {"glycogen": "doomed", "P": 2.0}


def test_a_file_with_a_base_adds_to_the_start_and_takes_out(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(f'base = "{NAME}"\ninitial = {{ P = "2 mM" }}\n')
    assert sim.scenario(path).initial == {"glycogen": "doomed", "P": 2.0}
    path.write_text(f'base = "{NAME}"\ninitial = {{ glycogen = "none", P = "2 mM" }}\n')
    assert sim.scenario(path).initial == {"P": 2.0}


@pytest.mark.parametrize("word", [None, "none", "None"])
def test_an_entry_of_the_start_is_taken_out(base, word):
    for made in (
        base.with_(initial={"glycogen": word}),
        base.changed({"initial": {"glycogen": word}}),
        base.changed({"initial.glycogen": word}),
        base.with_model(base.model, initial={"glycogen": word}),
    ):
        assert made.initial == {}


def test_with_parameters_as_a_field_keeps_the_others(base):
    made = base.with_(parameters={"plasma.Ca": "1.5 mM"})
    assert made == base.with_parameters({"plasma.Ca": "1.5 mM"})
    assert made.size("lesion") == base.size("lesion")


def test_a_quantity_that_no_layer_has_is_no_start(small):
    with pytest.raises(ScenarioError, match="Did you mean 'doomed'"):
        sim.simulate(small.with_(initial={"glycogen": "domed"}), times=2)


def exchanging():
    """Ways to the same scenario, in either order."""
    word, number = {"outer": "exchange"}, {"outer.permeability": "2e-7 m/s"}
    yield lambda s: s.with_(**word).with_parameters(number)
    yield lambda s: s.with_parameters(number).with_(**word)
    yield lambda s: s.changed(word | number)
    yield lambda s: s.changed(word).changed(number)
    yield lambda s: s.with_(**word, parameters=number)
    yield lambda s: typed(s, word | number)


@pytest.mark.parametrize("way", list(exchanging()))
def test_exchange_is_set_on_any_scenario(small, way):
    made = way(small)
    p = made.parameters["outer.permeability"]
    assert made.outer == "exchange" and p.si == 2e-7 and p.range == (1e-9, 1e-5) and p.description
    assert sim.simulate(made, times=2).success


def test_a_wide_open_exchange_is_a_fixed_boundary_and_none_is_closed(small):
    """Limits of large and of small permeability."""
    calm = small.with_(duration="10 h")

    def calcium(s):
        return sim.simulate(s, times=2, rtol=1e-6)["Ca"].values[-1]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RangeWarning)
        wide = calm.changed({"outer": "exchange", "outer.permeability": "1 m/s"})
        shut = calm.changed({"outer": "exchange", "outer.permeability": "1e-16 m/s"})
    assert calcium(wide) == pytest.approx(calcium(calm), rel=1e-3)
    assert calcium(shut) == pytest.approx(calcium(calm.with_(outer="closed")), rel=1e-3)


@pytest.mark.parametrize("name", ["tb_caseous", "normal_tissue_control"])
def test_a_missing_permeability_is_one_sentence(name):
    open_ended = sim.scenario(name).with_resolution(0.05).with_(outer="exchange")
    with pytest.raises(ScenarioError, match=r"needs outer\.permeability above 0.*'1e-7 m/s'"):
        sim.simulate(open_ended, times=2)


SWEEP = """
scenario = "infarct_myocardium"
outer = "exchange"
resolution = 0.05
duration = "1 h"
{more}
[measures]
mineral = {{ what = "peak", of = "HAP" }}
"""
AXIS = '[axes."outer.permeability"]\nlow = "1e-8 m/s"\nhigh = "1e-6 m/s"\nlog = true\nn = 2\n'


def test_exchange_in_a_sweep_file(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text(SWEEP.format(more=AXIS))
    plan = load_plan(path)
    plan.check()
    values = plan.run(workers=0).to_dataframe()["outer.permeability"]
    assert values.tolist() == pytest.approx([1e-8, 1e-6])


@pytest.mark.parametrize(
    "more",
    [
        '[axes]\n"lesion.radius" = { low = "1 mm", high = "2 mm" }\n',
        '[axes]\nouter = { values = ["fixed", "exchange"] }\n',
    ],
)
def test_a_sweep_that_lacks_its_permeability_is_told_before_it_runs(tmp_path, more):
    path = tmp_path / "s.toml"
    text = SWEEP.format(more=more)
    path.write_text(text.replace('outer = "exchange"\n', "", 1) if "values" in more else text)
    done = CliRunner().invoke(main, ["sweep", str(path), "--check"])
    assert done.exit_code == 2 and "outer.permeability" in done.stderr


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("border.thickness=3", "was '3 mm' meant"), ("necrosis.tau_death=6", "was '6 hour' meant"),
        ("duration=14", "was '14 day' meant"), ("plasma.PPi=20", "was '20 uM' meant"),
        ("growth.k=1 m/s", "Nothing as far off"), ("lesion.radius=30 km", "Nothing as far off"),
        ("scar.radius=2", "nothing that"),
    ],
)  # fmt: skip
def test_a_forgotten_unit_is_refused_on_the_command_line(change, words):
    done = CliRunner().invoke(main, ["show", NAME, "--set", change])
    assert done.exit_code == 2 and words in done.stderr and "warning" not in done.stderr


@pytest.mark.parametrize(
    "change", ["border.thickness=30 mm", "duration=30 s", "plasma.PPi=50 uM", "lesion.radius=0.003"]
)
def test_with_its_unit_or_within_its_range_a_number_is_taken(change):
    assert CliRunner().invoke(main, ["show", NAME, "--set", change]).exit_code == 0


@pytest.mark.parametrize(
    "text",
    [
        "duration = 30\n", "parameters.lesion.radius = 2\n", "[[interventions]]\nat = 3\nexcise = true\n",
        '[[interventions]]\nat = "3 day"\nboundary = { PPi = 20 }\n',
        '[[interventions]]\nat = "3 day"\nuntil = 900.0\nboundary = { PPi = "20 uM" }\n',
        'geometry = "rectangle"\ndomain = [{ length = 4, cells = 8 }, { length = 4, cells = 8 }]\n',
    ],
)  # fmt: skip
def test_a_forgotten_unit_is_refused_in_a_file(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(f'base = "{NAME}"\n{text}')
    with pytest.raises(ConfigError):
        sim.scenario(path)


def test_python_warns_of_seconds_that_look_like_days(base):
    for make in (lambda: base.with_(duration=30), lambda: base.changed({"duration": 30})):
        with pytest.warns(RangeWarning, match="was '30 day' meant"):
            assert make().duration == 30.0
    assert base.with_(duration="30 s").duration == 30.0 and base.with_(duration=3600).duration == 3600.0


def test_times_of_a_treatment_move_together(base):
    """The end may pass the old start, and the start the old end."""
    cut = sim.Intervention("3 day", {"PPi": "20 uM"}, label="PPi", until="5 day")
    treated = base.with_intervention(cut)
    for at, until in (("8 day", "9 day"), ("1 day", "2 day")):
        made = treated.changed({"PPi.at": at, "PPi.until": until}).interventions[0]
        assert (made.at, made.until) == (sim.Intervention(at, {"PPi": 1.0}).at, made.at + 86400.0)
    again = treated.changed({"intervention.PPi.PPi": "plasma.PPi"})
    assert again.interventions[0].boundary == {"PPi": "plasma.PPi"}
    assert treated.changed({"PPi.at": 0}).interventions[0].at == 0.0


def test_treatments_that_end_are_saved_and_read_again(base, tmp_path):
    cuts = [
        sim.Intervention("3 day", {"PPi": "20 uM"}, {"growth.k": "1e-14 m/s"}, label="a", until="4 day"),
        sim.Intervention(0.1 + 0.2, {"PPi": "plasma.PPi"}, {"acid.load": "acid.load"}, until=1e4 / 3),
        sim.Intervention(0, excise=True, region="lesion"),
    ]
    s = base.with_intervention(*cuts)
    assert sim.scenario(s.save(tmp_path / "s.toml")) == s
    assert [c.until for c in s.interventions] == [None, 1e4 / 3, 4 * 86400.0]
