"""Names of chemists and clinicians are answered with the right one, never with one that looks alike."""

from __future__ import annotations

import pytest

import sim
from sim.chemistry.formula import basis
from sim.chemistry.other_names import component_hint, component_named, species_hint
from sim.errors import ConfigError

ARGUMENTS = [*(c for c in basis() if c != "H"), "pH", "acidity", "temperature", "constants", "activity"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Ca2+", "Ca"), ("Ca++", "Ca"), ("Ca+2", "Ca"), ("Ca²⁺", "Ca"), ("total_calcium", "Ca"),
        ("CALCIUM", "Ca"),
        ("PO4", "P"), ("PO₄³⁻", "P"), ("PO4-3", "P"), ("H2PO4−", "P"), ("HPO4 2-", "P"), ("Pi", "P"),
        ("serum phosphate", "P"), ("Phosphorus", "P"), ("inorganic phosphate", "P"),
        ("HCO3-", "C"), ("CO₃²⁻", "C"), ("CO2", "C"), ("bicarbonate", "C"), ("DIC", "C"), ("tCO2", "C"),
        ("Mg²⁺", "Mg"), ("sodium", "Na"), ("K+", "K"), ("Cl–", "Cl"), ("chloride", "Cl"), ("sulphate", "SO4"),
        ("SO4--", "SO4"), ("P2O7", "PPi"), ("pyrophosphate", "PPi"), ("citric acid", "citrate"),
        ("EDTA4-", "EDTA"), ("edta", "EDTA"), ("edetic acid", "EDTA"), ("disodium EDTA", "EDTA"),
        ("S2O3 2-", "thiosulfate"), ("Na2S2O3", "thiosulfate"), ("sodium thiosulphate", "thiosulfate"),
        ("lactate", ""), ("Cs", ""), ("CO", ""), ("nitrate", ""), ("x", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_component_by_another_name(name, meant):
    assert component_named(name) == meant
    if meant and name != meant:
        with pytest.raises(ConfigError, match=f"Did you mean '{meant}'"):
            sim.speciate(pH=7.4, **{name: 1.0})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        *((n, "No set of constants holds it") for n in (
            "lactate", "urate", "nitrate", "Zn2+", "Sr", "F-", "albumin", "NH4+", "Mn", "Cs", "oxalate",
            "fetuin-A",
        )),
        ("iCa", "free and bound; the free concentration is a result, .free['Ca']"),
        ("ionized calcium", "free and bound"), ("Ca_free", "free and bound"), ("free Mg", "free and bound"),
        ("pCO2", "0.0307 mM per mmHg"), ("alkalinity", "`acidity`"), ("temp", "Did you mean 'temperature'?"),
        ("calcum", "Did you mean 'Ca'?"), ("Citrat", "Did you mean 'citrate'?"),
        ("temprature", "'temperature'"),
    ],
)  # fmt: skip
def test_what_is_no_total_is_answered_to_the_point(name, words):
    hint = component_hint(name, ARGUMENTS)
    assert words in hint
    if "No set" in words:
        assert "Did you mean" not in hint


@pytest.mark.parametrize("name", ["benzoate", "foo", "Q", "magma", "x" * 10_000, "💥", "()", "-"])
def test_what_could_be_anything_gets_no_suggestion(name):
    assert component_hint(name, ARGUMENTS) == ""


def test_species_of_a_model_are_found_by_other_names_too():
    known = ["plasma.Ca", "plasma.P", "plasma.C", "fluid.Mg", "growth.k", "growth.theta", "lesion.P"]
    assert "'plasma.P'" in species_hint("plasma.phosphate", known)
    assert "'lesion.P'" in species_hint("lesion.PO4", known)
    assert "'plasma.C'" in species_hint("plasma.HCO3", known)
    assert "'fluid.Mg'" in species_hint("plasma.Mg", known)
    assert species_hint("plasma.urate", known) == ""
    assert "ligands='EDTA'" in species_hint("plasma.edta", known)
    assert "ligands='thiosulfate'" in species_hint("S2O3", known)
    assert "'plasma.EDTA'" in species_hint("plasma.edta", [*known, "plasma.EDTA"])
    assert "'lesion.citrate'" in species_hint("plasma.citrate", [*known, "lesion.citrate"])
    assert "'lesion.citrate'" in species_hint("lesio.citrate", [*known, "lesion.citrate"])
    assert species_hint("growth.kk", known) == " Did you mean 'growth.k'?"
    with pytest.raises(ConfigError, match="Did you mean 'plasma.P'"):
        sim.scenario("infarct_myocardium").changed({"plasma.Pi": "1 mM"})


def test_no_name_means_two_components():
    also = [other for c in basis().values() for other in c.also]
    assert len(also) == len(set(also))
