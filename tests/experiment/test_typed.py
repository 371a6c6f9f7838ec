"""What a person types: forgotten units, entries added and taken out, the boundary of exchange."""

import dataclasses
import re
import warnings

import pytest
from click.testing import CliRunner

import sim
from sim.cli import main
from sim.errors import ConfigError, ParameterError, RangeWarning, ScenarioError
from sim.experiment.change import applied
from sim.experiment.typed import typed
from sim.space import shapes
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


@pytest.mark.filterwarnings("ignore:outer.permeability acts")  # where it is set before the word
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


def test_python_warns_once_of_seconds_where_something_is_made(base):
    """At the line that makes it; copies, and what is made from texts, say nothing."""
    made = {
        "duration = 30 is": lambda: sim.Scenario("mine", base.model, layers=base.layers, duration=30),
        "at = 3 is": lambda: sim.Intervention(at=3, boundary={"PPi": "20 uM"}),
        "until = 9 is": lambda: sim.Intervention(0, boundary={"PPi": "20 uM"}, until=9),
    }
    for said, make in made.items():
        with pytest.warns(RangeWarning, match=said) as found:
            thing = make()
        assert [w.filename for w in found] == [__file__]
        assert dataclasses.replace(thing) == thing  # not told again
    cut = sim.Intervention("3 s", {"PPi": "20 uM"}, label="PPi")
    treated = (
        base.with_(duration="30 s").with_intervention(cut).changed({"PPi.at": "4 s", "PPi.until": "5 s"})
    )
    assert treated.changed({"duration": "40 s"}).duration == 40.0
    with pytest.warns(RangeWarning, match="PPi.at = 3 is 3 s"):
        treated.changed({"PPi.at": 3})
    assert applied(treated, {"PPi.at": 3.0, "duration": 20.0}).interventions[0].at == 3.0


def test_a_permeability_that_nothing_exchanges_through_is_told(small, tmp_path):
    value = {"outer.permeability": "2e-7 m/s"}
    with pytest.warns(RangeWarning, match="acts only where outer = 'exchange'"):
        closed = small.changed({"outer": "closed", **value})
    with pytest.warns(RangeWarning, match="has outer = 'fixed'"):
        small.with_parameters(value)
    assert closed.changed({"outer": "exchange"}).permeability() == 2e-7  # and from here on silent
    small.changed({"outer": "exchange", **value}).changed({"outer.permeability": "3e-7 m/s"})
    words = ["run", NAME, "--set", "outer.permeability=2e-7 m/s", "--set", "duration=60 s", "--no-figure"]
    done = CliRunner().invoke(main, [*words, "--set", "resolution=0.05", "--out", str(tmp_path / "r")])
    assert done.exit_code == 0 and "acts only where outer = 'exchange'" in done.stderr, done.output


REGION = '[[regions]]\nname = "scar"\n'
DISCS = 'shape = "union"\nof = [{ shape = "disc", radius = "1 mm" }, { shape = "disc", radius = 2 }]'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'{REGION}shape = "disc"\nradius = 2', "disc: radius = 2 is 2 m"),
        (f'{REGION}shape = "ellipse"\nradii = ["1 mm", 0.5]', "ellipse: radii = 0.5 is 0.5 m"),
        (f'{REGION}shape = "disc"\nradius = "1 mm"\ncentre = [0, -2]', "disc: centre = -2 is -2 m"),
        (f"{REGION}{DISCS}", "disc: radius = 2 is 2 m"),
        ('[[random_fields]]\nfield = "collagen"\nlog_sd = 1.0\ncorrelation_length = 2\nseed = 1', "is 2 m"),
    ],
)
def test_plain_lengths_and_times_within_wholes_are_refused_in_files(tmp_path, text, said):
    path = tmp_path / "mine.toml"
    domain = "[{ length = '10 mm', cells = 20 }, { length = '10 mm', cells = 20 }]"
    plane = f"geometry = 'rectangle'\ndomain = {domain}" if "[[" in text else ""
    path.write_text(f'base = "{NAME}"\n{plane}\n{text}\n')
    with pytest.raises(ParameterError, match=re.escape(said)):
        sim.scenario(path)


def test_what_is_refused_as_plain_is_saved_with_its_unit(base, tmp_path):
    plane = base.with_geometry("rectangle", domain=[("1 m", 8), ("0.6 m", 8)])
    plane = plane.with_region("scar", shapes.Union(shapes.Disc("0.3 m", ("0.2 m", 0)), shapes.Disc("1 mm")))
    plane = plane.with_random_field("collagen", 0.5, "0.3 m", 1).with_stochastic_nucleation(1, "6 s", "10 um")
    assert sim.scenario(plane.save(tmp_path / "plane.toml")) == plane


@pytest.mark.parametrize(
    ("axis", "said"),
    [
        ('"lesion.radius" = { low = 0.5, high = 2 }', "was '0.5 mm' meant"),
        ("duration = { values = [10, 30] }", "was '10 day' meant"),
        ('"acid.load" = { values = ["1 mM", "1e30 mM"] }', "Nothing as far off"),
    ],
)
def test_plain_bounds_of_axes_are_refused_as_plain_parameters_are(tmp_path, axis, said):
    path = tmp_path / "mine.toml"
    path.write_text(f'scenario = "{NAME}"\n[axes]\n{axis}\n[measures]\nm = {{ what = "mean", of = "HAP" }}\n')
    with pytest.raises(ParameterError, match=re.escape(said)):
        load_plan(path)


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
    own = f"{0.1 + 0.2!r} s"
    cuts = [
        sim.Intervention("3 day", {"PPi": "20 uM"}, {"growth.k": "1e-14 m/s"}, label="a", until="4 day"),
        sim.Intervention(own, {"PPi": "plasma.PPi"}, {"acid.load": "acid.load"}, until=1e4 / 3),
        sim.Intervention(0, excise=True, region="lesion"),
    ]
    s = base.with_intervention(*cuts)
    assert sim.scenario(s.save(tmp_path / "s.toml")) == s
    assert [c.until for c in s.interventions] == [None, 1e4 / 3, 4 * 86400.0]
