"""Batches with solids and a gas against PHREEQC's EQUILIBRIUM_PHASES."""

from __future__ import annotations

import numpy as np
import pytest
from phreeqc_oracle import MINERALS, Live

from sim.chemistry.batch.equilibrate import equilibrate
from sim.chemistry.fluid import speciate

THEIRS = {ours: theirs for theirs, ours in MINERALS.items()}
# CO2(g) of phreeqc.dat before its gases were real: Plummer & Busenberg 1982.
GAS = (
    "PHASES\n CO2(g)\n CO2 = CO2\n -log_k -1.468\n"
    " -analytic 108.3865 0.01985076 -6919.53 -40.45154 669365.0\n"
)
ATM = 101325.0  # Pa


@pytest.fixture(scope="module")
def live():
    pytest.importorskip("phreeqpython")
    return Live()


def fluid_with_all(rng, pH):
    """pH and totals [mmol/kgw] of a body fluid."""
    salt = 10 ** rng.uniform(1.5, 2.3)
    totals = {"Na": salt, "Cl": salt, "K": rng.uniform(1, 10), "Mg": 10 ** rng.uniform(-2, 0.7)}
    totals |= {
        "Ca": 10 ** rng.uniform(-1, 1),
        "P": 10 ** rng.uniform(-1, 1.2),
        "C": 10 ** rng.uniform(-1, 1.5),
    }
    return rng.uniform(*pH), totals


def compare(live, pH, totals, given, pCO2, temperature=37.0):
    """The solids of both, each per kilogram of the water that is left in theirs; to 1e-7 of the calcium."""
    text = GAS + live.solution(pH, temperature, {n: 1e-3 * v for n, v in totals.items()})
    text += "EQUILIBRIUM_PHASES 1\n"
    for name, amount in given.items():
        text += f" {THEIRS.get(name, name)} 0 {1e-3 * amount:.17g}\n"
    if pCO2:
        text += f" CO2(g) {np.log10(pCO2 / ATM):.17g} 10\n"
    asked = ['-LA("H+")', 'TOT("water")', *(f'EQUI("{THEIRS.get(n, n)}")' for n in given)]
    end_pH, water, *solids = live.punch(text, asked)
    start = speciate(pH=pH, temperature=temperature, **totals)
    # Reactions make and take water, which we do not count: begin with what is left of it at the end.
    left = {n: v / water for n, v in totals.items()}
    fluid = speciate(acidity=start.acidity / water, temperature=temperature, **left)
    amounts = {n: v / water for n, v in given.items()}
    end = equilibrate(fluid, minerals=list(given), amount=amounts, pCO2=pCO2 or None)
    most = totals["Ca"] + sum(given.values())
    for name, s in zip(given, solids, strict=True):
        assert end.solids[name] * water == pytest.approx(1e3 * s, abs=1e-7 * most), name
    assert end.pH == pytest.approx(end_pH, abs=1e-6)
    return [s > 0 for s in solids]


@pytest.mark.parametrize("mineral", ["HAP", "OCP", "DCPD", "calcite"])
@pytest.mark.parametrize("pCO2", [0.0, 5300.0])
def test_one_solid_forms_or_dissolves_as_in_phreeqc(live, mineral, pCO2):
    rng = np.random.default_rng(5)
    seen = []
    for case in range(12):
        pH, totals = fluid_with_all(rng, (5, 9))
        seen += compare(live, pH, totals, {mineral: [0.0, 0.3, 10.0][case % 3]}, pCO2)
    assert any(seen)


@pytest.mark.parametrize(
    ("given", "pH", "pCO2"),
    [
        ({"HAP": 20.0, "DCPD": 300.0}, (3.5, 4.5), 0.0),
        ({"HAP": 0.0, "DCPD": 3.0}, (5.0, 8.0), 0.0),
        ({"OCP": 5.0, "DCPD": 20.0}, (5.0, 6.5), 0.0),
        ({"HAP": 1.0, "calcite": 20.0}, (6.0, 9.0), 0.0),
        ({"HAP": 0.0, "calcite": 20.0}, (6.0, 9.0), 5300.0),
        ({"DCPD": 10.0, "calcite": 20.0, "OCP": 1.0}, (5.0, 9.0), 1000.0),
        ({"HAP": 2.0, "DCPD": 1.0, "OCP": 0.0, "bTCP": 1.0, "calcite": 1.0}, (4.0, 9.0), 40.0),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else None,
)
def test_several_solids_are_those_of_phreeqc(live, given, pH, pCO2):
    rng = np.random.default_rng(6)
    seen = []
    for _ in range(10):
        at, totals = fluid_with_all(rng, pH)
        seen.append(compare(live, at, totals, given, pCO2))
    assert any(any(there) for there in seen)
    if set(given) in ({"HAP", "calcite"}, {"HAP", "DCPD"}) and all(given.values()):
        assert any(all(there) for there in seen), "both solids present in none"


def test_a_gas_alone_is_that_of_phreeqc(live):
    rng = np.random.default_rng(7)
    for _ in range(10):
        pH, totals = fluid_with_all(rng, (5, 9))
        compare(live, pH, totals, {}, float(10 ** rng.uniform(1, 4.5)), float(rng.uniform(20, 40)))
