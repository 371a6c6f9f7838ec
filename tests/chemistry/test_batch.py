"""Batches with solids and a gas: against a slow judge, and what holds of every equilibrium."""

from __future__ import annotations

import warnings
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from batch_judge import Judge

from sim.chemistry.batch import equilibrate as module
from sim.chemistry.batch.equilibrate import equilibrate
from sim.chemistry.constants_sets import constants_set
from sim.chemistry.fluid import speciate
from sim.errors import ConfigError, MissingWarning, SpeciationError

ATM = 101325.0  # Pa
SOLIDS = ("HAP", "OCP", "DCPD", "DCPA", "bTCP", "ACP1", "ACP2", "calcite")
COMPONENTS = ("Ca", "P", "Mg", "Na", "K", "Cl", "C", "H")
PLASMA = dict(Ca=2.5, P=1.1, Mg=0.8, Na=140.0, K=4.0, Cl=103.0, C=26.0)


def body_fluids(n, seed):
    """pH and totals [mmol/kgw] around those of tissue, with phosphate and calcium over two decades."""
    rng = np.random.default_rng(seed)
    totals = {name: v * 3.0 ** rng.uniform(-1, 1, n) for name, v in PLASMA.items()}
    totals["Ca"], totals["P"] = 10 ** rng.uniform(-0.7, 1.3, (2, n))
    return rng, rng.uniform(4.5, 9.0, n), totals


def any_fluids(n, seed):
    """From nearly pure water to brine, pH 2-12, one component in eight absent."""
    rng = np.random.default_rng(seed)

    def span(low, high):
        return 10 ** rng.uniform(low, high, n) * (rng.uniform(size=n) > 0.125)

    totals = {c: span(-5, 2) for c in ("Ca", "P", "C", "Mg")}
    totals |= {c: span(-3, 2.7) for c in ("Na", "K", "Cl")}
    totals |= {"SO4": span(-4, 1.5), "citrate": span(-5, 1), "PPi": span(-5, 0.5), "Tris": span(-3, 1.5)}
    with strong():
        return rng, speciate(pH=rng.uniform(2, 12, n), **totals)


@contextmanager
def strong():
    """Ionic strengths beyond the range of the activity model are meant."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="the ionic strength")
        yield


def judged(fluid, i, minerals, given, pCO2=None):
    """Amounts of the judge [mmol/kgw] for fluid i."""
    tables = constants_set(fluid.constants).tables(COMPONENTS, fluid.temperature + 273.15)
    totals = [1e-3 * (fluid.acidity if c == "H" else fluid.totals[c])[i] for c in COMPONENTS]
    ln_pressure = None if pCO2 is None else np.log(pCO2 / ATM)
    return [1e3 * s for s in Judge(tables, totals, ln_pressure).solids(minerals, [1e-3 * g for g in given])]


def check(fluid, end, i, minerals, given, pCO2=None):
    """To 1e-10 of each solid, and to rounding of what can form."""
    expected = judged(fluid, i, minerals, given, pCO2)
    most = max(fluid.totals["Ca"][i], *given)
    for name, s in zip(minerals, expected, strict=True):
        assert end.solids[name][i] == pytest.approx(float(s), rel=1e-10, abs=1e-14 * most), (i, name)
    return expected


@pytest.mark.parametrize("mineral", ["HAP", "DCPD", "calcite"])
@pytest.mark.parametrize("open_to_gas", [False, True])
def test_one_solid_is_that_of_a_slow_judge(mineral, open_to_gas):
    n = 6
    rng, pH, totals = body_fluids(n, 11)
    pH[1::2] -= 1.5
    totals["Ca"][::2], totals["P"][::2] = 20.0, 15.0
    fluid = speciate(pH=pH, **totals)
    given = np.where(np.arange(n) % 2, 10 ** rng.uniform(-2, 1, n), 0.0)
    pCO2 = 10 ** rng.uniform(2, 4, n) if open_to_gas else None
    end = equilibrate(fluid, mineral, given, pCO2=pCO2)
    seen = [check(fluid, end, i, [mineral], [given[i]], pCO2[i] if open_to_gas else None) for i in range(n)]
    formed = np.asarray(end.formed)
    assert (formed > 0).any() and (formed < 0).any()
    assert any(s[0] > 0 for s in seen)


@pytest.mark.parametrize(
    ("minerals", "open_to_gas", "n"),
    [(("DCPD", "calcite"), False, 3), (("HAP", "calcite"), True, 3), (("HAP", "DCPD"), False, 2)],
)
def test_two_solids_are_those_of_a_slow_judge(minerals, open_to_gas, n):
    rng, pH, totals = body_fluids(n, 5)
    pH = pH if minerals != ("HAP", "DCPD") else np.full(n, 4.0)
    totals["C"] = totals["C"] * 3
    fluid = speciate(pH=pH, **totals)
    given = {m: rng.uniform(5, 40, n) * (10 if m == "DCPD" else 1) for m in minerals}
    pCO2 = np.full(n, 300.0) if open_to_gas else None
    end = equilibrate(fluid, minerals=minerals, amount=given, pCO2=pCO2)
    both = 0
    for i in range(n):
        amounts = [given[m][i] for m in minerals]
        both += all(s > 0 for s in check(fluid, end, i, minerals, amounts, 300.0 if open_to_gas else None))
    assert both


@pytest.mark.slow
@pytest.mark.parametrize("open_to_gas", [False, True])
def test_many_pairs_of_solids_are_those_of_a_slow_judge(open_to_gas):
    n = 40
    rng, pH, totals = body_fluids(n, 21)
    fluid = speciate(pH=pH, **totals)
    pCO2 = 10 ** rng.uniform(2, 4, n) if open_to_gas else None
    for i in range(n):
        minerals = [str(m) for m in rng.choice(["HAP", "OCP", "DCPD", "calcite"], 2, replace=False)]
        given = {m: float(rng.choice([0.0, 3.0, 30.0])) for m in minerals}
        end = equilibrate(fluid, minerals=minerals, amount=given, pCO2=pCO2)
        check(fluid, end, i, minerals, list(given.values()), pCO2[i] if open_to_gas else None)


def hold(fluid, end):
    """Every balance to rounding; every solid saturated, or absent and not supersaturated.

    Sums over the species are made from ln activities anew, whose last digits are 7e-15 at -40.
    """
    assert np.all(end.converged == fluid.converged) and fluid.converged.all()
    tables = fluid.tables
    rows = [tables.minerals.index(m) for m in end.minerals]
    m = np.stack([end.fluid.species[s] for s in tables.species], 1)
    formed = np.stack([end.solids[s] - 1e3 * g for s, g in zip(end.minerals, end.given.T, strict=True)], 1)
    gas = np.asarray(end.CO2_taken_up)[:, None] * tables.gases.nu
    before = np.stack([fluid.acidity if c == "H" else fluid.totals[c] for c in tables.components], 1)
    given = 1e3 * end.given
    size = m @ np.abs(tables.nu) + np.abs(before) + np.abs(gas)
    size += (np.abs(formed) + given) @ np.abs(tables.mineral_nu[rows])
    reported = np.stack([end.acidity if c == "H" else end.totals[c] for c in tables.components], 1)
    off = reported + formed @ tables.mineral_nu[rows] - gas - before
    assert np.max(np.abs(off) / (size + 1e-300)) < 1e-14
    assert np.max(np.abs(reported - m @ tables.nu) / (size + 1e-300)) < 3e-14
    for name in end.minerals:
        SI, s = end.SI[name], end.solids[name]
        assert np.all(s >= 0.0)
        assert np.max(np.abs(SI[s > 0]), initial=0.0) < 1e-11
        assert np.max(SI[s == 0], initial=0.0) < 1e-11


SETS = [("HAP",), ("calcite",), ("HAP", "DCPD"), ("OCP", "DCPD", "calcite"), SOLIDS, SOLIDS[::-1]]


@pytest.mark.parametrize("open_to_gas", [False, True])
@pytest.mark.parametrize("minerals", SETS, ids=len)
def test_1000_of_1000_fluids_are_solved_and_complementary(minerals, open_to_gas):
    """From water to brine, 0 to 1 mol/kgw of each solid at the start, pCO2 from 1 Pa to 0.3 bar."""
    n = 1000
    rng, fluid = any_fluids(n, 3)
    given = {m: 10 ** rng.uniform(-2, 3, n) * (rng.uniform(size=n) < 0.5) for m in minerals}
    pCO2 = 10 ** rng.uniform(0, 4.5, n) if open_to_gas else None
    with strong():
        hold(fluid, equilibrate(fluid, minerals=minerals, amount=given, pCO2=pCO2))


def test_the_safe_start_finds_the_same(monkeypatch):
    """All lanes left to it: the same solids, so neither way hangs on its start."""
    from sim.chemistry.batch import solve

    rng, pH, totals = body_fluids(100, 8)
    fluid = speciate(pH=pH, **totals)
    arguments = {
        "minerals": ("OCP", "DCPD", "calcite"),
        "amount": {"OCP": 3.0, "calcite": 1.0},
        "pCO2": 500.0,
    }
    usual = equilibrate(fluid, **arguments)
    real, calls = solve._solve_in_lanes, []

    def refuse_first(part, given, found, largest_I):
        calls.append(given.totals.shape[0])
        real(part, given, found, largest_I)
        if len(calls) == 1:
            found.x[:], found.extent[:], found.status[:] = np.nan, np.nan, 3

    monkeypatch.setattr(solve, "_solve_in_lanes", refuse_first)
    again = equilibrate(fluid, **arguments)
    assert calls == [100, 100]
    for name in usual.minerals:
        np.testing.assert_allclose(again.solids[name], usual.solids[name], rtol=1e-11, atol=1e-13)


def test_a_gas_alone_sets_the_carbon():
    """Pure water in air: Henry's law, and the pH of rain, 5.6 at 25 degC (Stumm & Morgan 1996)."""
    end = equilibrate(speciate(acidity=0.0, temperature=25.0), minerals=[], pCO2="38.5 Pa")
    assert end.pH == pytest.approx(5.62, abs=0.02)
    assert end.fluid.species["CO2"] == pytest.approx(1e3 * 38.5 / ATM * 10**-1.468, rel=1e-3)
    assert end.CO2_taken_up == pytest.approx(end.totals["C"], rel=1e-12)
    assert end.fluid.charge == pytest.approx(0.0, abs=1e-12)


def test_open_to_its_own_pressure_nothing_moves():
    """The gas that a fluid is at equilibrium with neither gives nor takes."""
    fluid = speciate(pH=7.4, **{**PLASMA, "Ca": 0.5, "P": 0.2})
    K = 10 ** (fluid.tables.gases.log_K[0] + fluid.tables.log_K[fluid.tables.species.index("CO2")])
    end = equilibrate(fluid, minerals=[], pCO2=ATM * fluid.activity["CO2"] / K)
    assert end.CO2_taken_up == pytest.approx(0.0, abs=1e-11)
    assert end.pH == pytest.approx(7.4, abs=1e-12)


def test_one_solid_is_a_value_and_several_are_by_name():
    fluid = speciate(pH=7.4, **PLASMA)
    one, same = equilibrate(fluid), equilibrate(fluid, minerals=["HAP"])
    assert isinstance(one.solid, float) and one.solid == same.solid == one.solids["HAP"] == one.formed
    several = equilibrate(fluid, minerals=["HAP", "DCPD"], amount={"DCPD": "2 mM"})
    assert several.mineral == "HAP, DCPD" and several.solid["DCPD"] == 0.0
    assert several.formed["DCPD"] == -2.0
    assert several.solid["HAP"] > one.solid
    assert "HAP" in repr(several)
    with pytest.raises(ConfigError, match="'OCP' is not among the solids"):
        several.solids["OCP"]


def test_a_solid_that_cannot_form_is_absent():
    end = equilibrate(speciate(pH=7.4, Ca=2.0, Cl=4.0), minerals=["HAP", "calcite"])
    assert end.solids["HAP"] == 0.0 == end.solids["calcite"] and end.SI["HAP"] == -np.inf


def test_the_same_solid_twice_by_two_names_is_kept_once():
    """DCPA and DCPD are both CaHPO4: the less soluble takes all of the other."""
    end = equilibrate(
        speciate(pH=6.0, **PLASMA), minerals=["DCPD", "DCPA"], amount={"DCPD": 5.0, "DCPA": 1.0}
    )
    assert end.solids["DCPD"] == 0.0 and end.solids["DCPA"] > 5.0
    assert end.SI["DCPA"] == pytest.approx(0.0, abs=1e-12)


def test_columns_and_missing_values():
    Ca = pd.Series([2.5, np.nan, 1.0], index=["a", "b", "c"])
    with pytest.warns(MissingWarning):
        fluid = speciate(pH=7.4, **{**PLASMA, "Ca": Ca})
    pCO2 = pd.Series([40.0, 40.0, np.nan], index=["a", "b", "c"]) * 133.322
    with pytest.warns(MissingWarning, match="2 of 3"):
        end = equilibrate(fluid, minerals=["HAP", "calcite"], pCO2=pCO2)
    assert list(end.solids["HAP"].index) == ["a", "b", "c"]
    assert np.isnan(end.solids["HAP"]).tolist() == [False, True, True]
    assert end.converged.tolist() == [True, False, False]
    assert np.isnan(end.fluid.pH).tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"mineral": "HAP", "minerals": ["DCPD"]}, "are both given"),
        ({"minerals": "HAP"}, "not a list of names"),
        ({"minerals": ["HAP", "hap"]}, "Did you mean 'HAP'"),
        ({"minerals": ["HAP", "HAP"]}, "names a solid twice"),
        ({"minerals": []}, "nothing to come to equilibrium with"),
        ({"minerals": ["HAP", "DCPD"], "amount": 3.0}, "does not say of which solid"),
        ({"amount": {"DCPD": 1.0}}, "not among the solids asked for"),
        ({"amount": -1.0}, "is negative"),
        ({"amount": [1.0, 2.0]}, "one for each fluid"),
        ({"pCO2": 0.0}, "is outside 0-1e"),
        ({"pCO2": "40"}, "has no unit"),
        ({"pCO2": "40 mM"}, "pCO2"),
        ({"pCO2": [1.0, 2.0]}, "one for each fluid"),
    ],
)
def test_wrong_arguments_are_answered_in_sentences(arguments, words):
    with pytest.raises(ConfigError, match=words):
        equilibrate(speciate(pH=7.4, **PLASMA), **arguments)


def test_unsolved_fluids_are_counted_or_named(monkeypatch):
    """None is known, so one is forced through its status."""
    real = module.solve_batch

    def broken(batch):
        found = real(batch)
        found.status[0] = 3
        return found

    monkeypatch.setattr(module, "solve_batch", broken)
    with pytest.raises(SpeciationError, match="no equilibrium with HAP was found"):
        equilibrate(speciate(pH=7.4, **PLASMA))
    with pytest.warns(UserWarning, match="1 of 2 fluids have no equilibrium with HAP"):
        end = equilibrate(speciate(pH=[7.4, 7.0], **PLASMA))
    assert np.isnan(end.solid[0]) and np.isnan(end.pH[0]) and end.solid[1] > 0
    assert end.converged.tolist() == [False, True] == end.fluid.converged.tolist()
    assert np.isnan(end.fluid.SI["HAP"][0])
