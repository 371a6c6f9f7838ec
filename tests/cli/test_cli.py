"""The command line as a newcomer meets it: exit codes, sentences, files."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import sim
from sim.cli import main

ROOT = Path(__file__).parents[2]
NAME = "infarct_myocardium"
TINY = ("--days", "0.01", "--resolution", "0.05")


def hapsim(*words):
    return CliRunner().invoke(main, list(words))


@pytest.fixture
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_help_names_every_command_and_imports_nothing_heavy():
    code = (
        "import sys; from click.testing import CliRunner; from sim.cli import main; "
        "print(CliRunner().invoke(main, ['--help']).output); "
        "print([m for m in ('numpy', 'numba', 'matplotlib', 'xarray') if m in sys.modules])"
    )
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=60, check=True
    ).stdout
    for command in ("scenarios", "show", "run", "export", "speciate", "cite", "doctor"):
        assert f"\n  {command} " in out
    assert out.splitlines()[-1] == "[]"


def test_help_says_what_exit_codes_mean():
    """The codes are those that commands end with, in test_cli_run and test_cli_sweep too."""
    for words in ((), ("run",), ("sweep",), ("sweep", "run")):
        text = " ".join(hapsim(*words, "--help").stdout.split())
        assert [
            code for code in ("0 done", "2 bad input", "130 Ctrl-C", "143 SIGTERM") if code not in text
        ] == []
    assert "1 the run failed, and what was computed is kept" in " ".join(
        hapsim("run", "--help").stdout.split()
    )


def test_help_lists_what_is_declared_elsewhere():
    """Names in a help text are not typed twice: a new solver or set of constants is in it."""
    from sim.chemistry.tables import ACTIVITY_MODELS
    from sim.solvers import DEFAULT, SOLVERS

    text = " ".join(hapsim("run", "--help").stdout.split())
    assert all(name in text.partition("Integrator: ")[2].partition("[default")[0] for name in SOLVERS)
    assert f"[default: {DEFAULT}]" in text
    text = hapsim("speciate", "--help").stdout
    assert all(name in text for name in (*sim.constants_sets(), *ACTIVITY_MODELS))


def test_what_options_have_in_common_is_said_in_the_same_words():
    def said(option, *words):
        lines = hapsim(*words, "--help").stdout.splitlines()
        return next(line.split("  ")[-1].strip() for line in lines if option in line)

    assert said("--quiet", "run") == said("--quiet", "sweep")
    assert said("--force", "run") == said("--force", "sweep", "export") == said("--force", "export")


def test_python_m_sim_is_the_same_command():
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "sim", "show", "infarct"],
        capture_output=True, text=True, env=env, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Did you mean 'infarct_myocardium'" in done.stderr


def test_scenarios_are_listed_a_line_each():
    done = hapsim("scenarios")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["name", "geometry", "size", "duration", "title"]
    assert [line.split()[0] for line in lines[1 : 1 + len(sim.scenarios())]] == sim.scenarios()


def test_show_gives_values_with_unit_range_confidence_and_source():
    done = hapsim("show", NAME)
    assert done.exit_code == 0
    row = next(x for x in done.stdout.splitlines() if "plasma.pH" in x)
    assert row.split() == ["plasma.pH", "7.4", "7", "to", "7.6", "assumed", "this_work"]
    assert sim.scenario(NAME).title in done.stdout


def test_show_says_what_a_parameter_is_and_why(empty_folder):
    """Description, range with its unit and note, at most 100 columns; one in full, several by a part."""
    lines = hapsim("show", NAME).stdout.splitlines()
    at = next(k for k, x in enumerate(lines) if "lesion.radius" in x)
    assert (
        "0.05 to 15 mm" in lines[at]
        and "from the centre to its edge. Note: assumed: an infarct 10" in lines[at + 1]
    )
    assert max(map(len, lines)) <= 100
    assert "from the centre to its edge" not in hapsim("show", NAME, "--brief").stdout
    full = hapsim("show", NAME, "necrosis.tau_death").stdout
    assert "6 hours" in full and "0.2 to 500 hours" in full and "Shen" in full and "21600 s" in full
    some = hapsim("show", NAME, "phosphatase", "--brief").stdout
    assert "phosphatase.K_m" in some and "lesion.radius" not in some
    none = hapsim("show", NAME, "lesion.radus")
    assert none.exit_code == 2 and "Did you mean 'lesion.radius'" in none.stderr


def test_show_tells_of_what_a_scenario_leaves_out(empty_folder):
    """Fields that a layer has at their default are said like any other parameter."""
    full = hapsim("show", NAME, "lesion.fetuin").stdout
    assert "fetuin-A" in full and "0 to 0.2 mM" in full and "price2003" in full
    some = hapsim("show", NAME, "macrophages", "--brief").stdout
    assert "lesion.macrophages" in some and "clearance.k_macrophage" in some
    assert "lesion.macrophages" not in hapsim("show", NAME, "--brief").stdout


def test_show_says_was_only_of_what_was_changed(tmp_path):
    """A number of a file without a source was not another one before."""
    path = tmp_path / "own.toml"
    path.write_text('base = "infarct_myocardium"\n[parameters.lesion]\nfetuin = "10 uM"\n')
    (line,) = (x for x in hapsim("show", str(path), "--brief").stdout.splitlines() if "lesion.fetuin" in x)
    assert line.endswith("set by hand")
    changed = hapsim("show", str(path), "--brief", "--set", "lesion.fetuin=5 uM").stdout.splitlines()
    (line,) = (x for x in changed if x.startswith("* lesion.fetuin"))
    assert line.endswith("was 10 uM")


def test_show_prints_the_file_to_start_from(empty_folder):
    done = hapsim("show", NAME, "--toml", "--set", "border.elastin=1e20 1/m3")
    Path("mine.toml").write_text(done.stdout, encoding="utf-8")
    expected = sim.scenario(NAME).changed({"border.elastin": "1e20 1/m3", "name": "mine"})
    assert sim.scenario("mine.toml") == expected


def test_glossary_finds_by_a_part_of_a_word_and_answers_slips():
    done = hapsim("glossary", "bound_Ca")
    assert done.exit_code == 0 and "calcium bound to membrane phospholipid [mM]" in done.stdout
    assert max(map(len, hapsim("glossary").stdout.splitlines())) <= 100
    assert "silver stain" in hapsim("glossary", "von", "kossa").stdout
    wrong = hapsim("glossary", "porosty")
    assert wrong.exit_code == 2 and "Did you mean 'porosity'" in wrong.stderr


def test_show_all_has_every_parameter():
    found = hapsim("show", NAME, "--all").stdout
    words = set(found.split())
    assert set(sim.scenario(NAME).parameters) <= words


def test_show_gives_amounts_and_defaults_with_the_units_that_people_read():
    text = hapsim("show", "tb_caseous", "--all", "--set", "initial.P=1.1", "--set", "lesion.Ca=1.3").stdout
    assert re.search(r"^initial .*\bP = 1.1 mM$", text, re.M), text
    assert re.search(r"^\* lesion.Ca +1.3 mM ", text, re.M), text
    assert ", 0 m-3)" in " ".join(text.split()) and ", 0)" in text  # of sites per volume; of a pH


def test_show_marks_what_was_changed():
    done = hapsim("show", NAME, "--set", "lesion.radius=2 mm")
    assert "* lesion.radius" in done.stdout
    assert "was 4 mm" in done.stdout
    assert "* plasma.pH" not in done.stdout


def test_a_value_out_of_range_is_a_warning_on_stderr_and_no_error():
    done = hapsim("show", NAME, "--set", "plasma.Ca=25 mM")
    assert done.exit_code == 0
    assert done.stderr.startswith("warning: plasma.Ca = 25 mM is")
    assert done.stderr.count("warning") == 1


def test_a_scenario_file_is_shown_cited_and_changed_like_a_named_one(tmp_path):
    cut = sim.Intervention("1 day", {"PPi": "20 uM"}, label="PPi")
    path = str(sim.scenario(NAME).with_intervention(cut).save(tmp_path / "mine.toml"))
    shown = hapsim("show", path, "--set", "PPi.at=3 day", "--set", "title=2024", "--set", "seed_=1")
    assert shown.exit_code == 2 and "'seed_' is nothing that" in shown.stderr
    shown = hapsim("show", path, "--set", "PPi.at=3 day", "--set", "title=2024")
    assert shown.exit_code == 0, shown.output
    assert "PPi at 3 days: PPi 20 uM" in shown.stdout and "2024" in shown.stdout.splitlines()[0]
    assert hapsim("cite", path).stdout.splitlines()[1:] == hapsim("cite", NAME).stdout.splitlines()[1:]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["rum"], "Did you mean 'run'?"),
        (["run", "infarct_myocardum"], "Did you mean 'infarct_myocardium'?"),
        (["run", "tb"], "Did you mean 'tb_caseous'?"),
        (["run", NAME, "--set", "lesion.radus=2 mm"], "Did you mean 'lesion.radius'?"),
        (["run", NAME, "--set", "radius=2 mm"], "Did you mean lesion.radius?"),
        (["run", NAME, "--set", "lesion.radius=2 s"], "a length"),
        (["run", NAME, "--set", "lesion.radius"], "is not KEY=VALUE"),
        (["run", NAME, "--set", "acid.load=1", "--set", "acid.load=2"], "acid.load twice"),
        (["run", NAME, "--set", "geometry=spheer"], "Did you mean 'sphere'?"),
        (["run", NAME, "--set", "growth_law=spirl"], "Did you mean 'spiral'?"),
        (["run", NAME, "--set", "constants=foo"], "there are tissue-37C"),
        (["run", NAME, "--set", "lesion.cells=many"], "not a number of cells"),
        (["run", NAME, "--set", "leson.cells=3"], "Did you mean 'lesion'?"),
        (["run", NAME, "--set", "geometry=well_mixed"], "outer='closed'"),
        (["run", NAME, "--solver", "cvod", *TINY], "Did you mean 'cvode'?"),
        (["run", NAME, "--rtol", "3", *TINY], "from 1e-13 to 0.1"),
        (["run", NAME, "--days", "-1"], "must be above 0"),
        (["run", NAME, "--resolution", "0"], "outside 0.01-100"),
        (["run", NAME, "--days", "soon"], "not a valid float"),
        (["run", NAME, "--days", "1", "--set", "duration=2 day"], "duration is given twice"),
        (["run", NAME, "--resolution", "0.1", "--set", "resolution=0.2"], "resolution is given twice"),
        (["run", NAME, "--set", "PPi.at=3 day"], "'PPi.at' is nothing that infarct_myocardium has"),
        (["run", "nowhere.toml"], "the scenario file nowhere.toml does not exist"),
        (["run"], "give the NAME of a scenario, or --continue DIR"),
        (["speciate", "Ca=2.5"], "add --pH 7.4"),
        (["speciate", "--pH", "7.4", "CA=2.5"], "Did you mean 'Ca'?"),
        (["speciate", "--pH", "7.4", "Ca"], "is not KEY=VALUE"),
        (["speciate", "--pH", "7.4", "Ca=2.5", "temperature=25"], "--temperature 25"),
        (["speciate", "--pH", "7.4", "Ca=2.5", "P=1", "--mineral", "HPA"], "Did you mean 'HAP'?"),
        (["cite", "infarct_myocardum"], "Did you mean 'infarct_myocardium'?"),
        (["cite", "nowhere.nc"], "there is no file nowhere.nc"),
    ],
)
def test_bad_input_is_answered_in_a_sentence_with_exit_code_2(words, sentence, empty_folder):
    done = hapsim(*words)
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.output
    assert not list(empty_folder.iterdir())  # no empty folder is left behind


def test_debug_shows_where_an_error_comes_from():
    done = hapsim("show", "nothing", "--debug")
    assert isinstance(done.exception, sim.errors.ScenarioError)


def test_a_fault_of_our_own_is_called_one(monkeypatch):
    def broken(name):
        raise ZeroDivisionError("float division by zero")

    monkeypatch.setattr("sim.cli.choices.named", broken)
    done = hapsim("show", NAME)
    assert done.exit_code == 1
    assert "a fault of hapsim" in done.stderr


def test_speciate_gives_the_numbers_of_the_library_and_names_its_constants():
    totals = {"Ca": 2.5, "P": 1.0, "Na": 142.0, "Cl": 148.0}
    fluid = sim.speciate(pH=7.4, **totals)
    words = [f"{k}={v}" for k, v in totals.items()]
    done = hapsim("speciate", "--pH", "7.4", *words)
    assert done.exit_code == 0
    assert done.stdout.strip() == repr(fluid)
    assert "tissue-37C" in done.stdout
    found = json.loads(hapsim("speciate", "pH=7.4", *words, "--json").stdout)["fluid"]
    assert found["SI"]["HAP"] == pytest.approx(fluid.SI["HAP"])
    assert found["free"]["Ca"] == pytest.approx(fluid.free["Ca"])
    assert found["SI"]["calcite"] is None  # no carbonate: minus infinity
    assert found["constants"] == "tissue-37C"


def test_speciate_shows_charge_and_ranges_on_the_screen_and_for_machines():
    """0.6 M NaCl is beyond Davies' 0.5; 2 x 5 meq of calcium with 6 of chloride leave 4 at pH 7."""
    words = ("speciate", "--pH", "7", "Ca=10 meq/L", "Cl=606", "Na=600", "--temperature", "310.15 K")
    done = hapsim(*words)
    assert done.exit_code == 0 and done.stderr.count("davies are sound to about 0.5") == 1
    assert "charge         4 meq/kgw" in done.stdout and "note: the ionic strength reaches" in done.stdout
    found = json.loads(hapsim(*words, "--json").stdout)["fluid"]
    assert found["charge"]["value"] == pytest.approx(4.0, abs=1e-3)
    assert found["notes"] and found["temperature"]["value"] == 37.0
    end = hapsim("speciate", "--pH", "7.4", "Ca=2.5", "P=1", "--mineral", "HAP").stdout
    assert "At equilibrium with HAP by constants 'tissue-37C'" in end


def test_speciate_lets_a_mineral_form():
    words = ("speciate", "--pH", "7.4", "Ca=2.5 mM", "P=1 mM", "Na=142", "--mineral", "HAP")
    assert "SI HAP" in hapsim(*words).stdout
    found = json.loads(hapsim(*words, "--json").stdout)
    assert found["equilibrium"]["SI"]["HAP"] == pytest.approx(0.0, abs=1e-9)
    left = found["equilibrium"]["totals"]["Ca"] + 5 * found["equilibrium"]["solid"]["value"]
    assert left == pytest.approx(2.5)


def test_speciate_with_a_ligand_that_takes_the_calcium():
    """EDTA in excess leaves next to no calcium free."""
    words = ("speciate", "--pH", "7.4", "Ca=2.5 mM", "Na=150", "Cl=140", "EDTA=10 mM", "--json")
    fluid = json.loads(hapsim(*words).stdout)["fluid"]
    assert fluid["totals"]["EDTA"] == 10.0
    free = fluid["free"]
    assert free["CaEDTA"] + free["CaHEDTA"] == pytest.approx(2.5, rel=1e-4) and free["Ca"] < 1e-4
    assert sum(v for n, v in free.items() if n.endswith("EDTA")) == pytest.approx(10.0, rel=1e-12)


def test_speciate_with_several_minerals_and_a_gas():
    words = (
        "speciate",
        "--pH",
        "7.4",
        "Ca=2.5",
        "P=1",
        "C=26",
        "Na=142",
        "--mineral",
        "HAP",
        "--mineral",
        "calcite",
    )
    text = hapsim(*words, "--pCO2", "40 mmHg").stdout
    assert "At equilibrium with HAP and calcite and the pressure of CO2" in text and "solid calcite" in text
    found = json.loads(hapsim(*words, "--pCO2", "40 mmHg", "--json").stdout)["equilibrium"]
    solids, SI = found["solids"], found["SI"]
    assert SI["HAP"] == pytest.approx(0.0, abs=1e-9) == SI["calcite"]
    assert found["totals"]["Ca"] + 5 * solids["HAP"] + solids["calcite"] == pytest.approx(2.5)
    taken_up = found["CO2_taken_up"]["value"]
    assert found["totals"]["C"] + solids["calcite"] == pytest.approx(26.0 + taken_up)
    assert "no unit" in hapsim(*words, "--pCO2", "40").stderr


def test_cite_lists_sources_and_counts_confidence(tmp_path):
    done = hapsim("cite", NAME)
    citation = sim.parameters.cite(sim.scenario(NAME).parameters)
    assert done.exit_code == 0
    for key in citation.supports:
        assert f"[{key}]" in done.stdout
    assert f"{citation.counts['assumed']} assumed" in done.stdout
    assert "Equilibrium constants, set tissue-37C" in done.stdout
    scenario = sim.scenario(NAME).with_resolution(0.05).with_(duration="1 s")
    sim.simulate(scenario, times=2).save(tmp_path / "result.nc")
    again = hapsim("cite", str(tmp_path / "result.nc"))
    assert again.stdout.splitlines()[1:] == done.stdout.splitlines()[1:]
    bibtex = hapsim("cite", "--bibtex").stdout
    assert bibtex.count("@") >= 5
    assert bibtex.count("@misc{this_work,") == 1


def test_doctor_says_what_is_installed_and_that_it_works():
    done = hapsim("doctor")
    assert done.exit_code == 0, done.output
    assert sim.__version__ in done.stdout
    assert str(Path(sim.__file__).parent) in done.stdout
    assert done.stdout.count(" ok: ") == 2


def test_version():
    assert hapsim("--version").stdout == f"hapsim {sim.__version__}\n"


@pytest.mark.parametrize(
    "words", [("scenarios",), ("show", NAME), ("glossary",), ("cite", NAME), ("--help",)]
)
def test_a_reader_that_leaves_is_no_error(words):
    """`hapsim scenarios | head -1`: no traceback, and the status a shell gives to what SIGPIPE ends."""
    reading, writing = os.pipe()
    os.close(reading)  # it has gone before a word is written
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "sim", *words], stdout=writing, stderr=subprocess.PIPE, env=env, timeout=60,
        check=False,
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")
