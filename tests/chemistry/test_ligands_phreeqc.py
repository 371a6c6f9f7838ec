"""EDTA, citrate and thiosulfate against PHREEQC with the same constants: formation, fluids, and apatite."""

from __future__ import annotations

import re

import numpy as np
import pytest
from phreeqc_oracle import LIGANDS, Live, ours
from scipy.optimize import brentq

from sim.chemistry.constants_sets import constants_set
from sim.chemistry.fluid import speciate

# Ions of size nothing, as minteq.v4.dat has them: the limiting law.
LIMITING = re.sub(r"(= \S*Edta[+-]\d?\n +log_k .*\n +delta_h .*\n)", r"\1        -gamma 0 0\n", LIGANDS)
EDTA = [
    "Edta-4", "HEdta-3", "H2Edta-2", "H3Edta-", "H4Edta", "H5Edta+", "CaEdta-2", "CaHEdta-", "MgEdta-2",
    "MgHEdta-", "NaEdta-3", "KEdta-3",
]  # fmt: skip
CITRATE = ["Cit-3", "HCit-2", "H2Cit-", "H3Cit", "CaCit-", "CaHCit", "MgCit-", "MgHCit", "NaCit-2"]
THIOSULFATE = ["Sts-2", "CaSts"]


def engine(more):
    pytest.importorskip("phreeqpython")
    return Live(more)


@pytest.fixture(scope="module")
def live():
    return engine(LIGANDS)


def test_limiting_ions_are_those_with_a_charge():
    assert LIMITING.count("-gamma 0 0\n") == len(EDTA) - 2 and "H4Edta\n        log_k 22.5" in LIMITING


@pytest.mark.parametrize("name", ["tissue-37C", "minteq.v4"])
@pytest.mark.parametrize("T", [25.0, 37.0])
def test_every_constant_is_that_of_phreeqc(live, name, T):
    """log10 of the formation constant from Ca2+, Mg2+, ..., H+ and the free ligand, to 1e-8."""
    held = EDTA[1:] + (CITRATE[1:] + THIOSULFATE[1:]) * (name == "tissue-37C")
    salt = {n: 1e-3 for n in ("Ca", "Mg", "Na", "K", "Cl", "EDTA", "citrate", "thiosulfate")}
    theirs = live.punch(live.solution(7.0, T, salt), [f'LK_SPECIES("{s}")' for s in held])
    found = constants_set(name).log_K(T + 273.15)
    mine = np.array([found[ours(s)] for s in held])
    assert np.abs(mine - theirs).max() < 1e-8
    assert len(held) == sum(
        any(w in s for w in ("EDTA", "citrate", "S2O3")) and s not in ("EDTA", "citrate", "S2O3")
        for s in constants_set(name).species
    )


def test_random_fluids_with_ligands_are_those_of_phreeqc(live):
    """100 fluids, pH 3 to 10, 20 to 40 degC, ligands from 1 uM to 30 mM: molalities to 1e-7."""
    rng, worst = np.random.default_rng(8), 0.0
    species = EDTA + CITRATE + THIOSULFATE + ["Ca+2", "Mg+2", "HPO4-2", "CaHPO4"]
    for _ in range(100):
        salt = 10 ** rng.uniform(1.3, 2.4)
        totals = {"Na": salt, "Cl": salt, "K": rng.uniform(0.5, 10), "C": 10 ** rng.uniform(-1, 1.5)}
        totals |= {n: 10 ** rng.uniform(-2, 1) for n in ("Ca", "P", "Mg")}
        totals |= {n: 10 ** rng.uniform(-3, 1.5) for n in ("EDTA", "citrate", "thiosulfate")}
        pH, T = rng.uniform(3, 10), rng.uniform(20, 40)
        text = live.solution(pH, T, {n: 1e-3 * v for n, v in totals.items()})
        theirs = live.punch(text, [f'MOL("{s}")' for s in species])
        fluid = speciate(pH=pH, temperature=T, **totals)
        mine = np.array([1e-3 * fluid.free[ours(s)] for s in species])
        worst = max(worst, np.abs(mine / theirs - 1).max())
    assert worst < 1e-7


@pytest.mark.parametrize("T", [25.0, 37.0])
def test_edta_of_minteq_has_the_limiting_law(T):
    """Molalities to 1e-6: hydroxide complexes, of other coefficients in hap_rec.dat, are as small at pH 6."""
    live, totals = engine(LIMITING), {"Na": 150.0, "Cl": 140.0, "K": 4.0, "Ca": 2.0, "Mg": 1.0, "EDTA": 4.0}
    text = live.solution(6.0, T, {n: 1e-3 * v for n, v in totals.items()})
    theirs = live.punch(text, [f'MOL("{s}")' for s in EDTA] + [f'LG("{s}")' for s in EDTA])
    fluid = speciate(pH=6.0, temperature=T, constants="minteq.v4", **totals)
    mine = [1e-3 * fluid.free[ours(s)] for s in EDTA] + [np.log10(fluid.gamma[ours(s)]) for s in EDTA]
    some = [k for k, s in enumerate(EDTA) if s != "H4Edta"]  # log g = 0.1 I there, 0 in minteq.v4.dat
    n = len(EDTA)
    np.testing.assert_allclose(np.array(mine)[some], theirs[some], rtol=1e-6)
    np.testing.assert_allclose(np.array(mine)[n:][some], theirs[n:][some], atol=1e-6)
    assert fluid.gamma["H4EDTA"] == 1.0


PH, SALT = 7.4, 150.0


def dissolved(water=1.0, **added):
    """Calcium [mmol/kgw] that apatite gives to 0.15 m NaCl of pH 7.4 and 37 degC, kept there with HCl or
    NaOH; it gives 3 phosphate for 5 Ca. Sodium comes with ligands, 3 for one. water: left of a kilogram."""
    salts = {"Na": SALT + 3 * sum(v for n, v in added.items() if n != "Mg"), "Cl": SALT, **added}
    salts = {n: v / water for n, v in salts.items()}

    def saturation(ln):
        of_solid = {"Ca": 5 * np.exp(ln), "P": 3 * np.exp(ln)}
        return float(speciate(pH=PH, charge_balance="Cl", **salts, **of_solid).SI["HAP"])

    return 5 * float(np.exp(brentq(saturation, np.log(1e-5), np.log(10.0), xtol=1e-13)))


def dissolved_there(live, **added):
    """The same by PHREEQC, and the water that is left [kg]."""
    sodium = SALT + 3 * sum(v for n, v in added.items() if n != "Mg")
    lines = "\n ".join(f"{Live.totals[n]} {v}" for n, v in added.items())
    text = (
        "KNOBS\n -convergence_tolerance 1e-13\n -iterations 500\nPHASES\nFix_pH\n H+ = H+\n log_k 0\n"
        f"SOLUTION 1\n -units mmol/kgw\n -temp 37\n -pH {PH}\n Na {sodium}\n Cl {SALT} charge\n"
        f" {lines}\nEQUILIBRIUM_PHASES 1\n Hydroxyapatite 0 1\n Fix_pH -{PH} HCl 10\n"
    )
    calcium, water = live.punch(text, ['TOT("Ca")', 'TOT("water")'])
    return 1e3 * calcium, water


@pytest.mark.filterwarnings("ignore:the ionic strength reaches")  # by 0.1 m citrate
@pytest.mark.parametrize(
    ("ligand", "level", "beside", "extra", "digit"),
    [
        ("EDTA", 10.0, {}, 9.88, 0.005),
        ("EDTA", 10.0, {"Mg": 0.7}, 9.21, 0.005),
        ("citrate", 1.0, {}, 0.067, 0.0005),
        ("citrate", 10.0, {}, 0.39, 0.005),
        ("citrate", 100.0, {}, 1.7, 0.05),
        ("thiosulfate", 10.0, {}, 0.011, 0.0005),
    ],
)
def test_what_ligands_carry_of_apatite(live, ligand, level, beside, extra, digit):
    """Calcium in equilibrium with apatite less that without ligand [mmol/kgw]: the digits of an earlier
    computation by PHREEQC for a survey of treatments; and 1e-7 of PHREEQC now."""
    added = {ligand: level, **beside}
    none, some = dissolved_there(live), dissolved_there(live, **added)
    assert dissolved(**added) - dissolved() == pytest.approx(extra, abs=digit)
    for (calcium, water), given in ((none, {}), (some, added)):
        assert dissolved(water, **given) == pytest.approx(calcium, rel=1e-7)
