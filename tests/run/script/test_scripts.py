"""Scripts: running one gives the same numbers, bit for bit, and texts stay texts."""

import ast

import numpy as np
import pytest
from xarray.testing import assert_identical

import sim
from sim.errors import ScenarioError

DAY = 86400.0


def run_script(text):
    """The result of a script."""
    names = {}
    exec(compile(text, "script.py", "exec"), names)  # noqa: S102 our own
    return names["result"]


def stop_at(time):
    def progress(t, steps):
        if t >= time:
            raise KeyboardInterrupt

    return progress


@pytest.fixture(scope="module")
def line():
    return sim.scenario("infarct_myocardium").with_resolution(0.1).with_(duration="1 day")


def flat(line):
    """A plane with all that a scenario may hold."""
    pixels = np.indices((12, 12)).sum(0) % 5 > 1
    return (
        line.with_geometry("rectangle", domain=(("8 mm", 10), ("8 mm", 8)))
        .with_region("lesion", sim.shapes.Ellipse(radii=("3 mm", "2 mm")))
        .with_region("spot", sim.shapes.Mask(pixels, size=("2 mm", "2 mm")), like="lesion")
        .with_random_field("collagen", log_sd=0.5, correlation_length="2 mm", seed=1, region="lesion")
        .with_stochastic_nucleation(seed=3, interval="30 min", sample="10 um")
        .with_intervention(
            sim.Intervention("20 min", state={"ACP": "1 mM"}, region="spot", label="dose"),
            sim.Intervention("30 min", boundary={"PPi": "20 uM"}, until="40 min"),
            sim.Intervention("45 min", region="spot", excise=True, parameters={"growth.k": 3e-15}),
        )
        .with_(duration="1 hour", outer="exchange", parameters={"outer.permeability": "1e-7 m/s"})
    )


SCENARIOS = {
    "a named one": lambda s: sim.scenario("normal_tissue_control").with_(duration="1 hour"),
    "changes": lambda s: s.changed({
        "lesion.radius": "2.3 mm", "lesion.cells": 9, "initial.HAP": "1 mM", "growth_law": "spiral",
        "constants": "minteq.v4", "lesion.pH_hold": 6.8, "growth.k": 0.1 * 3e-15, "title": "other",
    }),
    "a course": lambda s: s.with_course("plasma.P", ["0 h", "5 h", "1 day"], ["1.1 mM", "2 mM", "1.3 mM"]),
    "an own parameter": lambda s: s.with_parameters(
        {"lesion.pH": sim.Parameter(7.0, "1", 6.5, None, "rehr_lad", "derived", "as read")}
    ),
    "a plane": flat,
    "without a base": lambda s: sim.Scenario(
        "own", s.model, "slab", (("tissue", 5),), "closed", "1 hour",
        {"tissue.thickness": "1 mm"}, {"Ca": "2 mM", "P": 1.0, "C": 20.0, "pH": 7.2},
    ),
    "parts": lambda s: s.changed({"parts": ["soaps"], "lesion.fat": "20 mM", "lesion.lipase": 1.0}),
    "nothing taken": lambda s: s.changed({"initial": {"glycogen": None}}),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", SCENARIOS)
def test_a_script_runs_the_same_scenario(line, kind, tmp_path):
    """From the file of the result too."""
    s = SCENARIOS[kind](line)
    result = sim.simulate(s, times=5, rtol=1e-4)
    text = sim.script(sim.load(result.save(tmp_path / "a.nc")))
    assert sim.load(tmp_path / "a.nc").scenario == s and text == sim.script(result)
    again = run_script(text)
    assert again.scenario == s and again.manifest["hash"] == result.manifest["hash"]
    assert_identical(again.dataset, result.dataset)
    assert_identical(again.tables, result.tables)
    assert run_script(sim.script(s).replace("sim.simulate(scenario)", "scenario")) == s


def test_a_script_names_the_base_and_what_differs_only(line):
    text = sim.script(sim.scenario("tb_caseous"))
    assert [row for row in text.splitlines() if row.startswith("scenario")] == [
        'scenario = sim.scenario("tb_caseous")'
    ]
    other = sim.scenario("tb_caseous").changed({"lesion.radius": "1.5 mm"}).with_(name="mine")
    assert '{"name": "mine", "lesion.radius": "1.5 mm"}' in sim.script(other)
    assert len(sim.script(line).splitlines()) < 12
    for name in sim.scenarios():
        assert f'= sim.scenario("{name}")\n' in sim.script(sim.scenario(name))


def test_settings_are_in_it(line):
    more = {"solver": "cvode", "rtol": 1e-3, "atol": 1e-5, "max_steps": 999}
    more |= {"times": ["1 h", "12 h"], "variables": ["HAP", "pH"]}
    result = sim.simulate(line, **more)
    again = run_script(sim.script(result))
    assert_identical(again.dataset, result.dataset)
    assert again.manifest["max_steps"] == 999 and again.t.tolist() == [3600.0, 43200.0]


def test_what_it_goes_on_from_comes_first(line, tmp_path):
    """A run that was interrupted, one that went on, and a branch from an output of that: all is in the last
    file, joined or not."""
    dose = sim.Intervention("3 day", boundary={"PPi": "20 uM"})
    first = sim.simulate(line.with_(duration="4 day"), progress=stop_at(0.7 * DAY))
    second = sim.simulate(line, start=first, until="4 day", times=["2 day", "3 day", "4 day"])
    third = sim.simulate(
        line.with_(duration="5 day").with_intervention(dose).changed({"lesion.perfusion": 0.0}),
        start=second, at="3 day",
        until="5 day", times=4,
    )  # fmt: skip
    texts = []
    for result in (third, third.joined(second), third.joined(second.joined(first))):
        texts.append(sim.script(sim.load(result.save(tmp_path / "a.nc"))))
        again = run_script(texts[-1])
        assert_identical(again.dataset, result.dataset)
        assert_identical(again.tables, result.tables)
        assert again.manifest["hash"] == result.manifest["hash"]
    assert [t.count(".joined(") for t in texts] == [0, 1, 2]
    assert all(t.count("sim.simulate(") == 3 and t.count("sim.scenario(") == 1 for t in texts)


def test_a_branch_of_a_joined_result_may_begin_in_any_part(line):
    first = sim.simulate(line, times=["0.5 day", "1 day"])
    second = sim.simulate(line, start=first, until="2 day", times=["1.5 day", "2 day"]).joined(first)
    third = sim.simulate(line, start=second, at="0.5 day", times=["0.7 day", "1 day"])
    fourth = sim.simulate(line, start=third.joined(second), until="1.2 day", times=3)
    for result in (
        third,
        third.joined(second),
        fourth,
        fourth.joined(third),
        fourth.joined(third).joined(second),
    ):
        again = run_script(sim.script(result))
        assert_identical(again.dataset, result.dataset)
        assert again.manifest["hash"] == result.manifest["hash"]


HOSTILE = '"""\'); import os  # \\" {x} \\N{DASH} \u2028 \ud800 %s'


def test_texts_stay_texts(line):
    s = line.with_(title=HOSTILE, notes=f"{HOSTILE}\n{HOSTILE}", expected=HOSTILE)
    s = s.with_intervention(sim.Intervention("1 h", state={"ACP": 1.0}, label='x"); print("'))
    s = s.with_(name="'; raise SystemExit  #")
    tree = ast.parse(sim.script(s))
    imported = [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    called = {ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    assert [ast.unparse(n) for n in imported] == ["import sim"]
    assert {c.rpartition(".")[2] for c in called} == {
        "scenario",
        "changed",
        "Intervention",
        "simulate",
        "print",
    }
    names = {}
    exec(compile(sim.script(s).rpartition("result = ")[0], "s", "exec"), names)  # noqa: S102 our own
    assert names["scenario"] == s


def test_a_version_of_a_file_is_no_code(line):
    result = sim.simulate(line, times=2)
    result.manifest["versions"]["hapsim"] = "1\nimport os"
    assert "\nimport os" not in sim.script(result)


def test_a_model_of_ones_own_is_refused(line):
    def none(Ca):
        return 0.0 * Ca

    model = line.model.with_process(sim.Process("own", none, {"Ca": -1}))
    with pytest.raises(ScenarioError, match="cannot be written as a script: its model has process 'own'"):
        sim.script(line.with_model(model))
    with pytest.raises(ScenarioError, match="there is no script of a result whose scenario was not kept"):
        sim.script(sim.simulate(line.with_model(model), times=2))
