"""A scenario with the inputs of a point: every kind of name, in SI, and nothing else changed."""

import warnings

import numpy as np
import pytest

import sim
from sim import shapes
from sim.errors import ParameterError, ScenarioError, UnitError
from sim.experiment.change import applied
from sim.experiment.targets import held_value, target, target_names


@pytest.fixture(scope="module")
def base():
    cuts = (
        sim.Intervention(at="3 day", boundary={"PPi": "20 uM"}, label="PPi"),
        sim.Intervention(at="5 day", parameters={"growth.k": "1e-14 m/s"}, state={"Ca": 2.0, "PPi": 0.0}),
    )
    s = sim.scenario("infarct_myocardium").with_intervention(*cuts)
    s = s.with_random_field("collagen", 0.5, "500 um", seed=1)
    return s.with_stochastic_nucleation(seed=1, sample="10 um")


def reached(s):
    """What a scenario has of each thing that a name can change."""
    i, j = s.interventions
    return {
        "lesion.radius": s.parameters.si("lesion.radius"),
        "acid.load": s.parameters.si("acid.load"),
        "lesion.elastin": s.quantity("lesion", "elastin", 0.0),
        "duration": s.duration,
        "outer": s.outer,
        "constants": s.constants,
        "growth_law": s.growth_law,
        "geometry": s.geometry,
        "seed": s.stochastic.seed,
        "initial.Ca": s.initial.get("Ca"),
        "random_field.collagen.seed": s.random_fields[0].seed,
        "random_field.collagen.log_sd": s.random_fields[0].log_sd,
        "random_field.collagen.correlation_length": s.random_fields[0].correlation_length,
        "PPi.at": i.at,
        "intervention.PPi.PPi": i.boundary["PPi"],
        "intervention.2.at": j.at,
        "intervention.2.growth.k": j.parameters["growth.k"],
        "intervention.2.Ca": j.state["Ca"],
        "intervention.2.boundary.PPi": j.boundary.get("PPi"),
    }


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("lesion.radius", 2e-3, 2e-3),
        ("lesion.radius", "2 mm", 2e-3),
        ("acid.load", 12.0, 12.0),
        ("lesion.elastin", 1e22, 1e22),
        ("duration", "10 day", 864000.0),
        ("outer", "closed", "closed"),
        ("constants", "phreeqc", "phreeqc"),
        ("growth_law", "spiral", "spiral"),
        ("geometry", "slab", "slab"),
        ("seed", 7, 7),
        ("seed", "7.0", 7),
        ("seed", "1e3", 1000),
        ("seed", "18446744073709551615", 2**64 - 1),
        ("seed", 2**64 - 1, 2**64 - 1),
        ("initial.Ca", 1.5, 1.5),
        ("random_field.collagen.seed", 4, 4),
        ("random_field.collagen.log_sd", 0.1, 0.1),
        ("random_field.collagen.correlation_length", "1 mm", 1e-3),
        ("PPi.at", "1 day", 86400.0),
        ("intervention.PPi.PPi", "10 uM", 1e-2),
        ("intervention.2.at", "4 day", 345600.0),
        ("intervention.2.growth.k", 2e-14, 2e-14),
        ("intervention.2.Ca", 1.0, 1.0),
        ("intervention.2.boundary.PPi", 0.5, 0.5),
    ],
)
def test_a_name_changes_what_it_says_and_nothing_else(base, name, value, wanted):
    if name == "geometry":  # the sample of a slab is a cross-section
        base = base.with_(stochastic=None, random_fields=())
        changed = applied(base, {name: value})
        assert changed == base.with_geometry(value)
        return
    before, after = reached(base), reached(applied(base, {name: value}))
    assert after[name] == wanted
    assert {k: v for k, v in after.items() if k != name} == {k: v for k, v in before.items() if k != name}


def test_a_time_that_moves_an_intervention_before_another_keeps_both(base):
    first, second = applied(base, {"PPi.at": "9 day", "intervention.2.at": "1 day"}).interventions
    assert (first.at, second.at, second.label) == (86400.0, 9 * 86400.0, "PPi")


def test_resolution_is_a_factor(base):
    assert applied(base, {"resolution": 0.5}).layers == (("lesion", 40), ("border", 20))


def test_the_shape_of_a_region_has_lengths():
    s = sim.scenario("infarct_myocardium").with_geometry("rectangle", {"lesion": 12, "border": 4})
    s = s.with_region("lesion", shapes.Disc("3 mm"))
    assert applied(s, {"region.lesion.radius": "2 mm"}).regions[0][1].radius == 2e-3


def test_many_changes_are_those_one_by_one(base):
    inputs = {
        "lesion.radius": 2e-3,
        "growth_law": "spiral",
        "constants": "phreeqc",
        "seed": 3,
        "duration": 1e6,
    }
    step = base
    for name, value in inputs.items():
        step = applied(step, {name: value})
    together = applied(base, inputs)
    assert together.diff(base) == step.diff(base)
    assert "lesion.radius: 4 -> 2 mm" in together.diff(base)


def test_words_give_the_model_of_the_catalogue():
    """Exchanging parts of a model is the same as making it with those words."""
    found = applied(sim.scenario("infarct_myocardium"), {"growth_law": "spiral", "constants": "minteq.v4"})
    made = sim.scenario("infarct_myocardium", growth_law="spiral", constants="minteq.v4")
    from sim.binder.text import write

    assert write(found.model) == write(made.model)
    assert found.parameters.si("spiral.k") == made.parameters.si("spiral.k")


def test_the_same_words_give_the_same_model_so_that_it_is_compiled_once(base):
    a = applied(base, {"growth_law": "spiral", "lesion.radius": 1e-3})
    b = applied(base, {"growth_law": "spiral", "lesion.radius": 2e-3})
    assert a.model is b.model
    assert applied(base, {"growth_law": base.growth_law}).model is base.model


def test_a_process_of_ones_own_survives_other_constants(base):
    def rate(Ca, k_on):
        return k_on * Ca

    own = sim.Process("sink", rate, {"Ca": -1}, {"k_on": sim.Parameter(1e-6, "1/s")})
    s = base.with_model(base.model.with_process(own))
    assert "sink" in [p.name for p in applied(s, {"constants": "phreeqc"}).model.processes]


def test_points_say_nothing_of_ranges(base):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        applied(base, {"lesion.radius": "40 mm"})


@pytest.mark.parametrize(
    ("inputs", "kind", "words"),
    [
        ({"lesion.radus": 1e-3}, ScenarioError, "Did you mean 'lesion.radius'"),
        ({"lesion.radius": "1 mM"}, UnitError, "a length"),
        ({"lesion.radius": "big"}, UnitError, "does not begin with a number"),
        ({"acid.load": -1.0}, ParameterError, "negative"),
        ({"growth_law": "spirl"}, ScenarioError, "Did you mean 'spiral'"),
        ({"outer": 3.0}, ScenarioError, "is not one of"),
        ({"seed": 1.5}, ScenarioError, "whole number"),
        ({"duration": 0.0}, ParameterError, "above 0"),
        ({"initial.Caa": 1.0}, ScenarioError, "Did you mean 'Ca'"),
        ({"PPi.when": 1.0}, ScenarioError, "has its times, 'at'"),
        ({"intervention.PPi.Ca": 1.0}, ScenarioError, "values of PPi"),
        ({"intervention.3.at": 1.0}, ScenarioError, "names no intervention"),
        ({"intervention.PPi.boundary.PPPi": 1.0}, ScenarioError, "Did you mean 'PPi'"),
        ({"PPi.at": 1.0, "intervention.1.at": 2.0}, ScenarioError, "are the same"),
        ({"random_field.elastin.seed": 1}, ScenarioError, "nothing that"),
    ],
)
def test_what_cannot_be_changed_is_told(base, inputs, kind, words):
    with pytest.raises(kind) as error:
        applied(base, inputs)
    assert words in str(error.value)


def test_a_value_in_two_parts_of_an_intervention_asks_which():
    cut = sim.Intervention(at="1 s", boundary={"Ca": 1.0}, state={"Ca": 2.0}, label="x")
    s = sim.scenario("infarct_myocardium").with_intervention(cut)
    with pytest.raises(ScenarioError, match="intervention.x.boundary.Ca or intervention.x.state.Ca"):
        applied(s, {"intervention.x.Ca": 1.0})
    assert applied(s, {"intervention.x.state.Ca": 5.0}).interventions[0].state == {"Ca": 5.0}


def test_two_interventions_of_one_label_ask_for_numbers():
    cuts = [sim.Intervention(at=t, boundary={"Ca": 1.0}, label="x") for t in ("1 s", "2 s")]
    s = sim.scenario("infarct_myocardium").with_intervention(*cuts)
    with pytest.raises(ScenarioError, match="number them"):
        applied(s, {"x.at": 1.0})
    assert applied(s, {"intervention.2.at": 5.0}).interventions[1].at == 5.0


def test_every_name_offered_is_one(base):
    for name in target_names(base):
        if name != "intervention.2.PPi":
            target(base, name)


# --- one language


def same(name, by_name, spelled):
    """What `changed` gives is what the older spelling gives."""
    assert by_name == spelled, name
    assert by_name.diff(spelled) == "no difference"


def test_every_spelling_is_the_language_of_changes():
    s = sim.scenario("infarct_myocardium")
    same("parameters", s.changed({"lesion.radius": "2 mm", "lesion.elastin": 1e21}),
         s.with_parameters({"lesion.radius": "2 mm", "lesion.elastin": 1e21}))  # fmt: skip
    same("geometry", s.changed({"geometry": "sphere", "lesion.cells": 20}),
         s.with_geometry("sphere", {"lesion": 20}))  # fmt: skip
    same("domain", s.changed({"geometry": "rectangle", "domain": "8 mm in 16 cells, 6 mm in 12"}),
         s.with_geometry("rectangle", domain=(("8 mm", 16), ("6 mm", 12))))  # fmt: skip
    same("resolution", s.changed({"resolution": 0.25}), s.with_resolution(0.25))
    same("fields", s.changed({"duration": "3 day", "outer": "closed", "title": "x", "name": "n"}),
         s.with_(duration=3 * 86400.0, outer="closed", title="x", name="n"))  # fmt: skip
    cut = sim.Intervention("1 day", {"PPi": "20 uM"})
    same("interventions", s.changed({"interventions": [{"at": 86400, "boundary": {"PPi": 0.02}}]}),
         s.with_intervention(cut))  # fmt: skip
    plane = s.with_geometry("rectangle", {"lesion": 8, "border": 2})
    same("random fields", plane.changed({"random_fields": [{"field": "collagen", "log_sd": 0.5, "seed": 1,
                                                            "correlation_length": "1 mm"}]}),
         plane.with_random_field("collagen", 0.5, 1e-3, 1))  # fmt: skip
    same("stochastic", plane.changed({"stochastic": {"seed": 3, "sample": "10 um"}}),
         plane.with_stochastic_nucleation(3, sample=1e-5))  # fmt: skip
    same("words", s.changed({"growth_law": "spiral", "constants": "phreeqc"}),
         s.changed({"growth_law": "spiral"}).changed({"constants": "phreeqc"}))  # fmt: skip


def test_command_line_sweep_file_scenario_file_and_python_say_the_same(tmp_path):
    """One set of changes, in four places."""
    from sim.cli.choices import chosen
    from sim.sweeps.plans.plan import load_plan

    changes = {
        "lesion.radius": "2 mm", "lesion.cells": 12, "geometry": "sphere", "duration": "2 day",
        "outer": "closed", "growth_law": "spiral", "plasma.Ca": 1.3,
    }  # fmt: skip
    python = sim.scenario("infarct_myocardium").changed(changes)
    words = tuple(f"{k}={v}" for k, v in changes.items())
    assert chosen("infarct_myocardium", words)[1] == python
    body = """
geometry = "sphere"
duration = "2 day"
outer = "closed"
growth_law = "spiral"
cells = { lesion = 12 }
[parameters]
lesion.radius = "2 mm"
plasma.Ca = 1.3
"""
    (tmp_path / "s.toml").write_text('base = "infarct_myocardium"' + body)
    assert sim.scenario(tmp_path / "s.toml") == python.with_(name="s")
    sweep = '[axes]\n"acid.load" = { low = 1, high = 2 }\n[measures]\nm = { what = "mean", of = "HAP" }\n'
    (tmp_path / "w.toml").write_text('scenario = "infarct_myocardium"' + body + sweep)
    assert load_plan(tmp_path / "w.toml").base == python


def test_users_are_warned_of_ranges_by_every_spelling(base):
    for change in (base.changed, base.with_parameters):
        with pytest.warns(sim.errors.RangeWarning, match="lesion.radius = 40 mm"):
            change({"lesion.radius": "40 mm"})
    with pytest.warns(sim.errors.RangeWarning, match="a plain number is in SI"):
        base.changed({"lesion.radius": 4.0})


def test_names_may_refer_to_what_other_changes_bring():
    s = sim.scenario("infarct_myocardium").changed(
        {
            "layers": [("core", 5), {"name": "shell", "cells": 3}],
            "core.radius": "1 mm",
            "shell.thickness": "1 mm",
            "shell.cells": 4,
            "growth_law": "spiral",
            "spiral.k": sim.scenario("infarct_myocardium", growth_law="spiral").parameters["spiral.k"],
            "interventions": [sim.Intervention("1 day", {"PPi": 1.0}, label="PPi")],
            "PPi.at": "2 day",
            "initial": {"glycogen": 0.5},
            "initial.Ca": "2 mM",
        }
    )
    assert s.layers == (("core", 5), ("shell", 4)) and s.size("core") == 1e-3
    assert s.interventions[0].at == 2 * 86400.0
    assert s.initial == {"glycogen": 0.5, "Ca": 2.0}


def test_cells_of_a_layer_can_be_an_axis(base):
    design = sim.sweeps.grid({"lesion.cells": [10, 20, 40]})
    design.check(base)
    layers = [dict(applied(base, p).layers)["lesion"] for p in design.points]
    assert layers == [10, 20, 40]
    with pytest.raises(sim.errors.ConfigError, match="whole numbers have no bounds"):
        sim.sweeps.latin_hypercube({"lesion.cells": (10, 40)}, n=3, seed=1).check(base)


@pytest.mark.parametrize("name", ["title", "domain", "interventions"])
def test_text_and_wholes_cannot_be_axes(base, name):
    with pytest.raises(sim.errors.ConfigError, match="cannot be an axis"):
        sim.sweeps.table([{name: "x"}, {name: "y"}]).check(base)


def test_what_is_held_is_what_was_given(base):
    for name, value in {
        "lesion.radius": 2e-3, "lesion.elastin": 1e21, "lesion.cells": 7, "duration": 1e6, "outer": "closed",
        "seed": 5, "initial.Ca": 2.0, "random_field.collagen.log_sd": 0.25, "PPi.at": 3600.0,
        "intervention.PPi.PPi": 0.5, "intervention.2.growth.k": 2e-14,
    }.items():  # fmt: skip
        changed = applied(base, {name: value})
        assert held_value(changed, target(changed, name)) == value


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"lesion.cells": 0}, "is not a number of cells, a whole one from 1 to 100000"),
        ({"lesion.cells": 2.5}, "is not a number of cells"),
        ({"lesion.cells": "many"}, "is not a number of cells"),
        ({"lesoin.cells": 3}, "Did you mean 'lesion'?"),
        ({"title": 3}, "title = 3 is not text"),
        ({"radius": 3}, "Did you mean lesion.radius?"),
        ({"resolution": 1e9}, "outside 0.01-100"),
        ({"geometry": "rectangle", "domain": "4 mm of 3"}, "4 mm in 80 cells"),
        ({"domain": [("4 mm", 3), ("4 mm", 3)]}, "a cylinder has 1"),
        ({"interventions": [{"at": 1.0, "bondary": {}}]}, "Did you mean 'boundary'?"),
        ({"interventions": [3]}, "is not a table"),
        ({"regions": 3}, "is not a row"),
        ({"initial": 3}, "is not a table"),
        ({"spiral.k": 1.0}, "It belongs to growth_law = 'spiral'"),
        ({"border.radius": "1 mm"}, "nothing that"),
        ({"lesion.radius": {"value": 2, "unit": "s"}}, "m is needed"),
        ({"lesion.radius": None}, "is not a quantity"),
        ({"lesion.radius": [1]}, "lesion.radius = [1] is a list; one number in m or one text with its unit"),
        ({"lesion.elastin": (1, 2)}, "lesion.elastin = (1, 2) is a list"),
        (
            {"acid.load": np.array([1.0, 2.0])},
            "acid.load = array([1., 2.]) is an array; one number in mol m-3",
        ),
        ({"acid.load": ["5 mM"]}, "is a list"),
        ({"duration": [1]}, "duration = [1] is a list; one number in s"),
        ({"resolution": [1, 2]}, "resolution = [1, 2] is a list; one number is needed"),
        ({"lesion.cells": [4]}, "is not a number of cells"),
        ({"initial.Ca": [1, 2]}, "initial.Ca = [1, 2] is a list"),
        ({"initial": {"Ca": [1, 2]}}, "initial.Ca = [1, 2] is a list; one number in mol m-3"),
        ({"initial": {5: 1.0}}, "initial: 5 is not a name"),
        ({"geometry": ["slab"]}, "is not one of them"),
        ({"geometry": np.array(["slab", "sphere"])}, "is not one of them"),
        ({"interventions": [{"at": [1, 2], "boundary": {"PPi": 1.0}}]}, "at = [1, 2] is a list"),
        ({"interventions": [{"at": "1 s", "boundary": {"PPi": [1, 2]}}]}, "boundary.PPi = [1, 2] is a list"),
        ({5: 3}, "changed: 5 is not a name; names are text in quotes"),
        ({None: 3}, "None is not a name"),
        ({5: {"value": 3}}, "5 is not a name"),
        (["lesion.radius"], "is not a table of names and values"),
    ],
)
def test_slips_are_answered_with_a_sentence(inputs, words):
    with pytest.raises(sim.errors.ConfigError) as error:
        sim.scenario("infarct_myocardium").changed(inputs)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"lesion.radius": [1, 2]}, "lesion.radius = [1, 2] is a list"),
        ({"lesion.elastin": [1, 2]}, "lesion.elastin = [1, 2] is a list"),
        ({"acid.load": np.ones(2)}, "acid.load = array([1., 1.]) is an array"),
        ({5: 3}, "5 is not a name"),
        (3, "is not a table"),
    ],
)
def test_slips_in_parameters_are_answered_with_a_sentence(values, words):
    with pytest.raises(sim.errors.ConfigError) as error:
        sim.scenario("infarct_myocardium").with_parameters(values)
    assert words in str(error.value)


def test_a_name_of_an_axis_is_text(base):
    with pytest.raises(ScenarioError, match="5 is not a name"):
        target(base, 5)


def test_an_array_without_axes_is_its_number(base):
    assert base.changed({"acid.load": np.array(12.0)}).parameters.si("acid.load") == 12.0


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (0, "resolution = 0 must be above 0"),
        (-1, "resolution = -1 must be above 0"),
        (1e9, "100000 are the most along one axis. Take at most 1250."),
        (float("nan"), "resolution = nan is not a finite number"),
        (float("inf"), "is not a finite number"),
        ("fine", "does not begin with a number"),
        ("2 mm", "has the dimension of a length"),
        ([1, 2], "resolution = [1, 2] is a list"),
        (None, "is not a quantity"),
    ],
)
def test_a_resolution_that_cannot_be_is_answered_with_a_sentence(factor, words):
    """The lesion has 80 cells, so 1250 times as many are 100 000."""
    with pytest.raises(sim.errors.ConfigError) as error:
        sim.scenario("infarct_myocardium").with_resolution(factor)
    assert words in str(error.value)


def test_a_resolution_may_be_text_and_more_than_a_design_may_ask_for():
    s = sim.scenario("infarct_myocardium")
    assert s.with_resolution("0.5") == s.with_resolution(0.5)
    assert s.with_resolution("0.5").layers == (("lesion", 40), ("border", 20))
    assert dict(s.with_resolution(1250).layers)["lesion"] == 100_000


@pytest.mark.parametrize("name", ["reflow.at", "drug.until"])
def test_a_name_of_an_intervention_says_that_there_is_none(name):
    with pytest.raises(ScenarioError, match="It has no interventions; a scenario file, or with_intervention"):
        sim.scenario("tb_caseous").changed({name: "1 day"})
