"""A newcomer's mineral, two tables and no code, is a solid everywhere. The tables: docs/own_mineral.md."""

import re
from pathlib import Path

import numpy as np
import pytest

import sim
from sim import plotting
from sim.chemistry.constants_sets import constants_set, constants_sets
from sim.chemistry.solids import load_solids, solids
from sim.errors import ConfigError, ModelError
from sim.experiment.models import exchanged
from sim.plotting.colours import colour
from sim.summary.summary_lines import summary_lines

ROOT = Path(__file__).parents[2]
MINERAL, REACTIONS = re.findall(
    r"```toml\n(.*?)```", (ROOT / "docs" / "own_mineral.md").read_text(encoding="utf-8"), flags=re.S
)
SOLUBILITY = MINERAL[MINERAL.index("solubility") : MINERAL.index("surface_for")]


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    (folder / "minerals.toml").write_text(MINERAL, encoding="utf-8")
    (folder / "reactions.toml").write_text(REACTIONS, encoding="utf-8")
    return {"minerals": folder / "minerals.toml", "reactions": folder / "reactions.toml"}


@pytest.fixture(scope="module")
def model(tables):
    return sim.library.model(**tables)


@pytest.fixture(scope="module")
def result(model):
    """A tissue rich enough for it to form, twelve hours."""
    base = sim.scenario("infarct_myocardium").with_geometry("cylinder", {"lesion": 6, "border": 4})
    P = sim.Parameter
    rich = base.with_model(model).with_parameters(
        {"plasma.Ca": P(8, "mM"), "plasma.P": P(8, "mM"), "ATCP.k_new": P(1e-3, "mol/m3/s")}
    )
    return sim.simulate(rich.with_(duration="12 h"), times=5)


def test_its_facts_follow_from_the_formula(tables):
    """3 Ca2+ + 2 HPO4 2- + 3 H2O = Ca3(PO4)2.3H2O + 2 H+; 364.2 g/mol by the handbook's masses."""
    found = load_solids(tables["minerals"])["ATCP"]
    assert found.contains == {"Ca": 3, "P": 2, "acidity": -2}
    assert found.reaction == {"Ca": 3, "PO4": 2, "H2O": 3}
    assert found.nu == 5
    assert found.molar_mass == pytest.approx(0.36422, abs=1e-5)


def test_it_is_a_solid_of_the_model_and_joins_the_sums_over_solids(model):
    assert [s.name for s in model.solids] == [*(s.name for s in sim.library.model().solids), "ATCP"]
    sums = {d.outputs[0]: d for d in model.derived}
    opened, surface = sums["open_porosity"], sums["template_OCP"]
    assert opened.inputs["V_ATCP"] == "mineral.V_ATCP"
    given = {"phi0": 0.7, "ATCP": 1000.0, "V_ATCP": 1.52e-4}
    left = opened.formula(*(given.get(a, 0.0) for a in opened.formula.arguments))
    assert left == pytest.approx(0.7 - 0.152, rel=1e-12)
    assert set(surface.formula.arguments) == {"ACP", "DCPD", "granules", "core", "ATCP"}
    assert set(sums["template_HAP"].formula.arguments) == {"ACP", "granules", "OCP", "ATCP"}


def test_a_species_made_solid_in_python_joins_them_too():
    """The sums are collected anew whenever species change."""
    base = sim.library.model()
    own = base.with_species(sim.Species("calcite", solid=solids()["calcite"]))
    opened = next(d for d in own.derived if d.outputs == ("open_porosity",))
    assert "calcite" in opened.formula.arguments
    assert own.parameters["mineral.V_calcite"].si == pytest.approx(36.9e-6)


def test_it_fills_pores_and_holds_calcium_like_any_other(result):
    """Porosity, calcium in solids and dry mass, each added up here by hand."""
    assert result.success, result.message
    assert float(result["ATCP"].max()) > 0.01
    per_unit = {"granules": 1, "ACP": 1, "DCPD": 1, "OCP": 4, "HAP": 5, "ATCP": 3}
    calcium = sum(n * result[s] for s, n in per_unit.items())
    np.testing.assert_allclose(result["Ca_in_mineral"], calcium, rtol=1e-12)
    volume = {"granules": 63.0, "ACP": 63.0, "DCPD": 74.2, "OCP": 188.2, "HAP": 159.3, "ATCP": 152.0}
    room = 1e-6 * sum(v * result[s] for s, v in volume.items())
    room = room.values
    left = result["porosity"].values[0] + room[0] - room
    np.testing.assert_allclose(result["porosity"], left, atol=2e-5)  # the floor is smooth
    assert float(room[-1].max()) > 1e-4


def test_its_saturation_is_that_of_its_solubility_product(result):
    """SI = 3 log a(Ca) + 2 log a(PO4) + 3 log a(H2O) + 25.5; the water lowers it by less than 0.01."""
    SI = 3 * np.log10(result["a_Ca"]) + 2 * np.log10(result["a_PO4"]) + 25.5
    assert float(np.abs(result["SI_ATCP"] - SI).max()) < 0.01
    np.testing.assert_allclose(result["S_ATCP"], 10 ** (result["SI_ATCP"] / 5), rtol=1e-10)


def test_the_ledger_the_summary_and_the_figures_show_it(result):
    assert result.manifest["ledger_residual"] < 1e-10
    held = result["ledger"].sel(element="Ca", pool="ATCP").values[-1]
    assert held == pytest.approx(float(3 * (result["ATCP"][-1] * result["volume"]).sum()), rel=1e-12)
    lines = {line.key: line for line in summary_lines(result)}
    by_phase = lines["Ca_by_phase"]
    solid = sum(v for p, v in by_phase.value.items() if p in result.solids)
    assert solid == pytest.approx(lines["Ca_in_solids_mean"].value, rel=1e-9)
    assert "ATCP" in by_phase.text
    assert by_phase.value["ATCP"] > 0
    figure = plotting.story(result)
    words = {t.get_text() for ax in figure.axes if ax.get_legend() for t in ax.get_legend().get_texts()}
    assert any("ATCP" in w for w in words), words
    assert "SI ATCP" in " ".join(words)
    assert colour("ATCP", result) == "#8A4FBF"
    assert colour("HAP", result) == colour("HAP") == solids()["HAP"].colour


def test_it_stays_when_the_constants_change(model):
    words = {"constants": "tissue-37C", "growth_law": "affinity"}
    other = exchanged(model, words, {"constants": "minteq.v4"}, "own")
    assert "ln_omega_ATCP" in other.quantities
    assert "ATCP" in [s.name for s in other.solids]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('formula = "Ca3(PO4)2.3H2O"', 'formula = "Ca3(PO4)3.3H2O"', "ATCP.*no neutral sum"),
        ("PO4 = 2 }", "PO4 = 3 }", "do not add up to Ca3.*-1 P"),
        ("PO4 = 2 }", "PO5 = 2 }", "do not add up"),
        ('title = "amorphous tricalcium phosphate"\n', "", "lacks title"),
        ("colour", "color", "unknown key 'color'.*Did you mean 'colour'"),
        ('unit = "cm3/mol"', 'unit = "g/mol"', "must be a positive molar volume"),
        ("value = 152", "value = 1520", "8.216 times the upper bound"),
        ("log_K = -25.5, ", "", "needs log_K"),
        ('source = "meyer1978", ', "", "solubility lacks source"),
        ("[ATCP]", "[ATCP]\nlike = 'ACQ'", "no solid 'ACQ'.*Did you mean 'ACP'"),
        ("[ATCP]", "[ATCP]\nlike = 'ACP'", "has a formula of its own"),
        ("[ATCP]", "['A-TCP']", "cannot name a solid"),
        (
            SOLUBILITY,
            "",
            "no set of constants has a phase",
        ),
    ],
)
def test_a_slip_in_the_table_is_told_in_a_sentence(tmp_path, old, new, words):
    assert old in MINERAL
    path = tmp_path / "minerals.toml"
    path.write_text(MINERAL.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=words):
        sim.library.model(minerals=path)


def test_a_solid_does_not_diffuse():
    with pytest.raises(ModelError, match="cannot diffuse"):
        sim.Species("HAP", diffusivity=1e-9, solid=solids()["HAP"])


def test_every_solid_of_the_package_has_a_solubility():
    """Without one, or with a misspelt phase, a solid would never form, and nothing would say so."""
    phases = {m for name in constants_sets() for m in constants_set(name).minerals}
    lost = [s.name for s in solids().values() if not s.solubility and s.phase not in phases]
    assert lost == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('surface_for = ["HPA"]', "surface_for names 'HPA', which is no solid. Did you mean 'HAP'"),
        ('colour = "brown"', "six hexadecimal digits"),
        ('solubility = { log_K = -28.9, source = "x", confidence = "guess" }', "'guess'"),
    ],
)
def test_slips_in_a_table_are_told_when_it_is_read(tmp_path, line, words):
    text = """[whitlockite]
title = "whitlockite"
formula = "Ca3(PO4)2"
ions = { Ca = 3, PO4 = 2 }
volume = { value = 99, unit = "cm3/mol", range = [95, 102], source = "x", confidence = "assumed" }
"""
    path = tmp_path / "own.toml"
    path.write_text(text + line)
    with pytest.raises(ConfigError, match=re.escape(words)):
        load_solids(path)


WHITLOCKITE = """[whitlockite]
title = "whitlockite"
formula = "Ca3(PO4)2"
ions = { Ca = 3, PO4 = 2 }
volume = { value = 99, unit = "cm3/mol", range = [95, 102], source = "x", confidence = "assumed" }
solubility = { log_K = -28.9, source = "x", confidence = "assumed" }
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("", 'surface_for = "HAP"\n', "surface_for = 'HAP' is not a list of names of solids, as ['HAP']"),
        ("", "surface_for = 5\n", "surface_for = 5 is not a list of names"),
        ("", "surface_for = [5]\n", "surface_for holds 5; it is a list of names of solids"),
        ("{ Ca = 3, PO4 = 2 }", "5", "[whitlockite]: ions = 5 is not a table"),
        ("Ca = 3", 'Ca = "a"', "ions: Ca = 'a' is not a number"),
        ("Ca = 3", "Ca = true", "ions: Ca = True is not a number"),
        ("Ca = 3", "Ca = inf", "ions: Ca = inf is not a finite number"),
        ("Ca = 3", "Ca = -3", "ions: Ca = -3 must be positive"),
        ('"Ca3(PO4)2"', "5", "formula = 5 is not text"),
        ('"Ca3(PO4)2"', '""', "'' is not a chemical formula"),
        ('"whitlockite"', "5", "title = 5 is not text"),
        ("", "phase = 5\n", "phase = 5 is not text"),
        ("", 'phase = "a-b"\n', "phase = 'a-b' cannot name a phase: use letters, digits and _"),
        ("", "like = 5\n", "like = 5 is not text"),
        ("", "colour = 5\n", "colour = 5 is not text"),
        ("", "description = 5\n", "description = 5 is not text"),
        ("", "crystals = 5\n", "crystals = 5 is not a table"),
        ("", "crystals = { n = 5 }\n", "crystals: n = 5 is not a table"),
        (
            "",
            'crystals = { n = { scale = "a" } }\n',
            "[whitlockite.crystals]: [n]: scale = 'a' is not a number",
        ),
        ("solubility = {", "solubility = 5 # {", "solubility = 5 is not a table"),
        ("-28.9", '"a"', "solubility: log_K = 'a' is not a number"),
        ("-28.9", "nan", "solubility: log_K = nan is not a finite number"),
        ("-28.9", '-28.9, delta_h = "a"', "solubility: delta_h = 'a' is not a number"),
        ("log_K = -28.9", "analytic = 5", "solubility: analytic = 5 is not a list of numbers"),
        ("log_K = -28.9", 'analytic = ["a"]', "solubility: analytic = 'a' is not a number"),
        ("log_K = -28.9", "analytic = []", "analytic has 0 numbers; 1 to 6 are read"),
        ("log_K = -28.9", "analytic = [1, 2, 3, 4, 5, 6, 7]", "analytic has 7 numbers; 1 to 6 are read"),
        ('-28.9, source = "x"', "-28.9, source = 5", "solubility: source = 5 is not text"),
        ('-28.9, source = "x"', '-28.9, source = ""', "solubility: source = '' names no reference"),
        ("log_K", "logK", "solubility has an unknown key 'logK'. Did you mean 'log_K'"),
        ("[whitlockite]", "[lambda]", "'lambda' cannot name a solid: it is a word of Python"),
        ("[whitlockite]", "[pH]", "[pH] cannot name a solid: 'pH' is a derived quantity"),
        ("[whitlockite]", "[porosity]", "'porosity' is a derived quantity"),
        ("[whitlockite]", "[Ca_in_mineral]", "'Ca_in_mineral' is the calcium in solids"),
        ("[whitlockite]", "[SI_HAP]", "'SI_HAP' is a saturation"),
        ("[whitlockite]", "[collagen]", "'collagen' is a field"),
        ("[whitlockite]", "[lipid]", "[lipid] cannot name a solid: 'lipid' is a species"),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_in_a_sentence(tmp_path, old, new, words):
    path = tmp_path / "own.toml"
    assert old in WHITLOCKITE
    path.write_text(WHITLOCKITE.replace(old, new, 1) if old else WHITLOCKITE + new)
    with pytest.raises(ConfigError, match=re.escape(words)):
        sim.library.model(minerals=path)


def test_a_file_that_is_no_table_of_tables_is_told(tmp_path):
    (tmp_path / "own.toml").write_text("calcite = 5")
    with pytest.raises(ConfigError, match=r"own.toml: \[calcite\] = 5 is not a table; it holds title"):
        load_solids(tmp_path / "own.toml")
