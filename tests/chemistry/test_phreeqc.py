"""The speciation against PHREEQC: stored tables for three databases, and the live engine."""

# ruff: noqa: E741  -- I is the ionic strength

from __future__ import annotations

import numpy as np
import pytest
from phreeqc_oracle import MINERALS, Live, ours, rows

from sim.chemistry.batch.equilibrate import equilibrate
from sim.chemistry.constants_sets import constants_set
from sim.chemistry.fluid import speciate
from sim.chemistry.newton.one.balances import log_gamma

TOTAL = {
    "Na": "Na",
    "K": "K",
    "Mg": "Mg",
    "Ca": "Ca",
    "Cl": "Cl",
    "C": "C(4)",
    "P": "P",
    "SO4": "S(6)",
    "Tris": "Tris",
}


@pytest.fixture(scope="module")
def live():
    pytest.importorskip("phreeqpython")
    return Live()


def column(table, name):
    return np.array([float(r[name] or "nan") for r in table])


def relative(mine, theirs, least=1e-30):
    """Largest relative difference over entries that PHREEQC reports as present."""
    there = theirs > least
    assert there.any()
    return float(np.max(np.abs(np.asarray(mine)[there] / theirs[there] - 1.0)))


def deviations(fluid, table, minerals):
    """Worst difference per column: relative in molalities, absolute in log gamma, log a and SI."""
    worst = {}
    for c in table[0]:
        theirs = column(table, c) if "[" in c else None
        if theirs is None or np.isnan(theirs).all():
            continue
        name = ours(c[c.index("[") + 1 : -1])
        if c.startswith("m[") and (theirs > 1e-30).any():
            worst[c] = relative(fluid.species[name], theirs)
        elif c.startswith("lg["):
            worst[c] = np.max(np.abs(np.log10(fluid.gamma[name]) - theirs))
        elif c.startswith("la["):
            there = theirs > -30  # an absent species is reported as -99
            if not there.any():
                continue
            worst[c] = np.max(np.abs(np.log10(fluid.activity[name][there]) - theirs[there]))
        elif c.startswith("SI[") and c[3:-1] in minerals:
            there = theirs > -99
            if not there.any():
                continue
            worst[c] = np.max(np.abs(fluid.SI[minerals[c[3:-1]]][there] - theirs[there]))
    return worst


TISSUE = {
    n: MINERALS.get(n, n)
    for n in ("Hydroxyapatite", "OCP", "DCPD", "DCPA", "bTCP", "ACP1", "ACP2", "Calcite")
}
MINTEQ = {
    "Hydroxylapatite": "HAP",
    "Ca4H(PO4)3:3H2O": "OCP",
    "CaHPO4:2H2O": "DCPD",
    "CaHPO4": "DCPA",
    "Ca3(PO4)2(beta)": "bTCP",
    "Calcite": "calcite",
}


def test_grid_of_324_fluids_agrees_with_phreeqc():
    """Molalities to 1e-7 relative, log gamma and SI to 1e-7; what is left is A (test below)."""
    table = rows("grid_37C_hap_rec.csv")
    assert len(table) == 324
    totals = {n: column(table, f"{n}_mmol_kgw") for n in ("Na", "Cl", "Ca", "P")}
    fluid = speciate(pH=column(table, "pH"), **totals)
    worst = deviations(fluid, milli(table), TISSUE)
    assert len(worst) >= 30
    assert np.max(np.abs(fluid.ionic_strength - column(table, "I"))) < 1e-9
    assert np.max(np.abs(fluid.water_activity - column(table, "aH2O"))) < 1e-9
    assert max(worst.values()) < 1e-7, worst


def milli(table):
    """The table with molalities in mmol/kgw."""
    return [{k: str(1e3 * float(v)) if k.startswith("m[") else v for k, v in r.items()} for r in table]


@pytest.mark.parametrize(
    ("constants", "database", "minerals", "components"),
    [
        ("tissue-37C", "hap_rec.dat", TISSUE, 9),
        ("minteq.v4", "minteq.v4.dat", MINTEQ, 8),
        ("phreeqc", "phreeqc.dat", {"Hydroxyapatite": "HAP", "Calcite": "calcite"}, 8),
    ],
)
def test_body_fluids_agree_with_the_database_of_each_set(constants, database, minerals, components):
    """Eight fluids at 25 and 37 C per database; Tris exists in tissue-37C only."""
    table = [
        r
        for r in milli(rows("fluids.csv", database=database))
        if components == 9 or float(r["tot[Tris]_mmol_kgw"]) == 0
    ]
    assert len(table) >= 14
    for T in ("25", "37"):
        for closed in ("-", "Cl"):
            some = [r for r in table if r["temp_C"] == T and r["charge_closed_by"] == closed]
            if not some:
                continue
            totals = {n: column(some, f"tot[{c}]_mmol_kgw") for n, c in TOTAL.items()}
            if components == 8:
                del totals["Tris"]
            fluid = speciate(
                pH=column(some, "pH"),
                temperature=float(T),
                constants=constants,
                charge_balance="Cl" if closed == "Cl" else None,
                **totals,
            )
            worst = deviations(fluid, some, minerals)
            assert len(worst) > 30
            assert max(worst.values()) < 1e-7, worst


@pytest.mark.parametrize("model", ["Davies 0.3", "as in phreeqc.dat"])
def test_activity_coefficients_agree_with_phreeqc(model):
    """13 ions at the tabulated I, 0.001 to 0.5 m NaCl, 25 and 37 C: log gamma to 1e-7."""
    constants = constants_set("tissue-37C" if model.startswith("Davies") else "phreeqc")
    table = rows("activity_coefficients.csv", model=model)
    assert len(table) == 18
    for row in table:
        tables = constants.tables(None, float(row["temp_C"]) + 273.15)
        # PHREEQC lowers the vapour pressure in its water density by a(H2O): 2e-8 at 1 mol of
        # solute.
        assert pytest.approx(float(row["DH_A"]), rel=3e-8) == tables.A
        assert pytest.approx(float(row["DH_B_per_A"]), rel=3e-8) == tables.B
        gclass, classes = tables.reactions.gamma_class, tables.reactions.classes
        for c in row:
            if c.startswith("log_gamma["):
                parameters = classes[gclass[tables.species.index(ours(c[10:-1]))], 1:]
                mine = log_gamma(float(row["I"]), *parameters)[0] / np.log(10)
                assert mine == pytest.approx(float(row[c]), abs=1e-7), c


def test_formation_constants_agree_with_the_tabulated_ones():
    """Every species of constants_used.csv at 25 and 37 C, which has six decimals."""
    for name, database in (
        ("tissue-37C", "hap_rec.dat"),
        ("minteq.v4", "minteq.v4.dat"),
        ("phreeqc", "phreeqc.dat"),
    ):
        constants = constants_set(name)
        table = [r for r in rows("constants_used.csv", database=database) if r["species"] != "H2O"]
        ligands = [n for n in constants.species if "EDTA" in n or "S2O3" in n]  # test_ligands_phreeqc.py
        assert len(table) + (name == "tissue-37C") == len(constants.species) - len(ligands)  # but Tris itself
        for T, column_of in ((298.15, "log_K_25"), (310.15, "log_K_37")):
            mine = constants.log_K(T)
            PO4, CO3 = (
                mine["PO4"],
                mine["CO3"],
            )  # the table is over PO4-3, CO3-2; the package over HPO4, HCO3
            for r in table:
                n = ours(r["species"])
                nu = dict(
                    zip(
                        r["formation"].split()[1::2],
                        map(int, r["formation"].split()[::2]),
                        strict=True,
                    )
                )
                expected = float(r[column_of]) + nu.get("PO4-3", 0) * PO4 + nu.get("CO3-2", 0) * CO3
                assert mine[n] == pytest.approx(expected, abs=2e-6), (name, n)


SPECIES = [
    "Ca+2",
    "HPO4-2",
    "PO4-3",
    "H2PO4-",
    "H3PO4",
    "OH-",
    "H+",
    "CaHPO4",
    "CaPO4-",
    "CaH2PO4+",
    "CaOH+",
    "MgHPO4",
    "MgPO4-",
    "MgH2PO4+",
    "MgOH+",
    "NaHPO4-",
    "KHPO4-",
    "CO3-2",
    "HCO3-",
    "CO2",
    "CaCO3",
    "CaHCO3+",
    "MgCO3",
    "MgHCO3+",
    "NaCO3-",
    "NaHCO3",
    "SO4-2",
    "HSO4-",
    "CaSO4",
    "MgSO4",
    "NaSO4-",
    "KSO4-",
    "Ppi-4",
    "HPpi-3",
    "H2Ppi-2",
    "H3Ppi-",
    "CaPpi-2",
    "MgPpi-2",
    "NaPpi-3",
    "KPpi-3",
    "Cit-3",
    "HCit-2",
    "H2Cit-",
    "H3Cit",
    "CaCit-",
    "CaHCit",
    "MgCit-",
    "MgHCit",
    "NaCit-2",
    "Tris",
    "TrisH+",
    "Mg+2",
    "Na+",
    "K+",
    "Cl-",
]


def random_fluid(rng):
    """pH, temperature [C] and totals [mmol/kgw] of a made-up body fluid with every component."""
    salt = 10 ** rng.uniform(np.log10(20), np.log10(250))
    totals = {
        "Na": salt,
        "Cl": salt * rng.uniform(0.8, 1.0),
        "K": rng.uniform(0.5, 10.0),
        "Ca": 10 ** rng.uniform(-2, 1),
        "P": 10 ** rng.uniform(-2, 1.2),
        "Mg": 10 ** rng.uniform(-2, 0.7),
        "C": 10 ** rng.uniform(-1, 1.5),
        "SO4": 10 ** rng.uniform(-2, 0.7),
        "citrate": 10 ** rng.uniform(-3, 0.5),
        "PPi": 10 ** rng.uniform(-4, -0.5),
        "Tris": 10 ** rng.uniform(-1, 1.5),
    }
    return rng.uniform(5, 9), rng.uniform(20, 40), totals


def test_200_random_fluids_agree_with_the_live_engine(live):
    """All eleven components, pH 5-9, 20-40 C, I 0.02-0.3: molalities 1e-7 relative, SI 1e-7."""
    rng = np.random.default_rng(20240607)
    solids = list(TISSUE)
    expressions = [f'MOL("{s}")' for s in SPECIES] + [f'SI("{p}")' for p in solids] + ["MU"]
    worst = {}
    seen = []
    for _ in range(200):
        pH, T, totals = random_fluid(rng)
        text = live.solution(pH, T, {n: 1e-3 * v for n, v in totals.items()})
        theirs = live.punch(text, expressions)
        fluid = speciate(pH=pH, temperature=T, **totals)
        mine = np.array([1e-3 * fluid.species[ours(s)] for s in SPECIES])
        worst["molality"] = max(worst.get("molality", 0), np.max(np.abs(mine / theirs[: len(SPECIES)] - 1)))
        SI = np.array([fluid.SI[TISSUE[p]] for p in solids])
        worst["SI"] = max(worst.get("SI", 0), np.max(np.abs(SI - theirs[len(SPECIES) : -1])))
        seen.append(theirs[-1])
    assert min(seen) < 0.04 and max(seen) > 0.25
    assert worst["molality"] < 1e-7, worst
    assert worst["SI"] < 1e-7, worst


@pytest.mark.parametrize("mineral", ["Hydroxyapatite", "OCP", "DCPD"])
def test_batch_equilibrium_agrees_with_equilibrium_phases(live, mineral):
    """To 1e-4: PHREEQC also counts the water that reactions make and take (order 1e-5)."""
    rng = np.random.default_rng(5)
    for case in range(12):
        pH, T, totals = random_fluid(rng)
        present = 0.0 if case % 2 else 3.0
        text = live.solution(pH, T, {n: 1e-3 * v for n, v in totals.items()})
        text += f"EQUILIBRIUM_PHASES 1\n {mineral} 0 {1e-3 * present:.17g}\n"
        end_pH, Ca, solid, SI = live.punch(
            text, ['-LA("H+")', 'TOT("Ca")', f'EQUI("{mineral}")', f'SI("{mineral}")']
        )
        end = equilibrate(speciate(pH=pH, temperature=T, **totals), TISSUE[mineral], amount=present)
        assert end.pH == pytest.approx(end_pH, abs=1e-4)
        assert end.totals["Ca"] == pytest.approx(1e3 * Ca, rel=3e-4, abs=1e-6)
        assert end.solid == pytest.approx(1e3 * solid, abs=3e-4 * (1e3 * solid + totals["Ca"]))
        assert end.SI[TISSUE[mineral]] == pytest.approx(SI, abs=1e-5)
