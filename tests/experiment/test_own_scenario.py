"""docs/own_scenario.md runs as it stands, and a scenario file from nothing with a treatment in it works."""

import contextlib
import io
import re
import shlex
import tomllib
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from docs_pages import promised

import sim
from sim.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "own_scenario.md"
BLOCK = re.compile(r"```(python|toml|sh)\n(.*?)```", re.S)


def test_the_page_on_scenarios_of_ones_own_runs_and_prints_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names, printed, files = {}, 0, []
    for kind, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "python":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(text, str(PAGE), "exec"), names)  # noqa: S102  # our own documentation
            assert out.getvalue().splitlines() == promised(text)
            printed += len(promised(text))
        elif kind == "toml":
            files.append(text)
            if len(files) == 1:
                Path("graft.toml").write_text(text, encoding="utf-8")
        else:
            for line in text.splitlines():
                done = CliRunner().invoke(main, shlex.split(line)[1:])
                assert done.exit_code == 0, done.output
    assert printed >= 6 and len(files) == 3
    _, fragment, larger = files
    Path("sourced.toml").write_text(f'base = "graft.toml"\n{fragment}', encoding="utf-8")
    sourced = sim.scenario("sourced.toml")
    assert sourced.parameters["plasma.Ca"].range == (0.9, 2.5)
    assert sourced.diff(sim.scenario("graft.toml")) == "no difference"
    Path("larger.toml").write_text(larger, encoding="utf-8")
    made = sim.scenario("larger.toml")
    assert made.size("dead") == 2e-3 and dict(made.layers) == {"dead": 24, "living": 8}
    assert [i.label for i in made.interventions] == ["PPi"]


def test_every_key_of_a_file_stands_on_the_page():
    from sim.experiment.catalogue import KEYS

    text = PAGE.read_text(encoding="utf-8")
    assert [k for k in KEYS if f"`{k}`" not in text] == []


FROM_NOTHING = """
geometry = "slab"
duration = "2 hour"
layers = [{ name = "core", cells = 4 }, { name = "rim", cells = 3 }]

[parameters]
core.thickness = "0.3 mm"
rim.thickness = "0.2 mm"
plasma = { Ca = "1.2 mM", P = "1.1 mM", C = "26 mM", pH = 7.4 }

[[interventions]]
label = "acid"
at = "1 hour"
state = { H = "5 mM" }
region = "core"
"""


def test_a_scenario_file_from_nothing_with_a_treatment_in_it(tmp_path, monkeypatch):
    """The command line and Python give the same numbers, and the treatment acts where and when it should."""
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(FROM_NOTHING, encoding="utf-8")
    done = CliRunner().invoke(main, ["run", "mine.toml", "--no-figure", "--quiet"])
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(Path("results") / "mine")
    by_command = sim.load("results/mine/result.nc")
    scenario = sim.scenario("mine.toml")
    by_python = sim.simulate(scenario)
    assert by_python.manifest["hash"] == by_command.manifest["hash"]
    for name in ("Ca", "P", "pH", "HAP"):
        np.testing.assert_array_equal(by_python[name].values, by_command[name].values)

    around = ["3599 s", "3600.1 s"]  # in a tenth of a second acid diffuses some 10 um, of cells of 70
    before, after = sim.simulate(scenario, times=around)["pH"].values
    _, untreated = sim.simulate(scenario.with_(interventions=()), times=around)["pH"].values
    core = np.array([True] * 4 + [False] * 3)
    assert before == pytest.approx(untreated, abs=1e-3)
    assert np.all(after[core][:3] < before[core][:3] - 0.3)  # acid there, and there only
    assert after[~core][1:] == pytest.approx(untreated[~core][1:], abs=0.05)


def test_the_file_is_the_scenario_that_python_makes(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(FROM_NOTHING, encoding="utf-8")
    by_hand = sim.Scenario(
        "mine",
        sim.library.model(),
        geometry="slab",
        duration=7200,
        layers=(("core", 4), ("rim", 3)),
        parameters={
            "core.thickness": "0.3 mm",
            "rim.thickness": "0.2 mm",
            "plasma.Ca": "1.2 mM",
            "plasma.P": "1.1 mM",
            "plasma.C": "26 mM",
            "plasma.pH": 7.4,
        },
        interventions=[sim.Intervention("1 hour", state={"H": 5.0}, region="core", label="acid")],
    )
    assert sim.scenario(path) == by_hand
    assert sim.scenario(str(path)) == by_hand
    assert tomllib.loads(FROM_NOTHING)["duration"] == "2 hour"
