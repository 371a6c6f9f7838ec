"""Nucleation in closed form against a stored table made by another code, and its own identities."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from sim.chemistry import saturation as sat
from sim.units.constants import N_A, k_B

DATA = Path(__file__).parents[1] / "data" / "phreeqc"
TABLE = DATA / "cnt_reference.csv"
SOLID = {"HAP": "Hydroxyapatite", "OCP": "OCP", "DCPD": "DCPD", "ACP": "ACP1"}
T = 310.15


def test_nucleation_reference_to_1e_9():
    """Driving force, radius, size, barriers, Zeldovich factor.

    The table prints ln S with 10 digits, too few for n*, which goes with its third power; the
    same saturation index stands with 12 digits in the table of fluids.
    """
    with open(DATA / "fluids.csv", newline="") as f:
        fluids = {
            r["fluid"]: r for r in csv.DictReader(f) if r["database"] == "hap_rec.dat" and r["temp_C"] == "37"
        }
    with open(TABLE, newline="") as f:
        table = [{k: _number(v) for k, v in r.items()} for r in csv.DictReader(f)]
    assert len(table) == 256
    worst = dict.fromkeys(
        (
            "dmu_J",
            "r_star_m",
            "n_star_sphere",
            "dGstar_sphere_kT",
            "dGstar_het_kT",
            "zeldovich_sphere",
            "f_theta",
        ),
        0.0,
    )
    compared = 0
    for r in table:
        v, gamma = r["molar_volume_m3"] / N_A, r["gamma_J_m2"]
        assert r["lnS"] == pytest.approx(r["SI"] * math.log(10), rel=1e-9)
        f = sat.wetting_factor(math.radians(r["theta_deg"]))
        ln_S = float(fluids[r["fluid"]][f"SI[{SOLID[r['phase']]}]"]) * math.log(10)
        assert ln_S == pytest.approx(r["lnS"], rel=1e-9)
        dmu = sat.driving_force(ln_S, T)
        if dmu <= 0:  # undersaturated: the table holds "none" and an infinite barrier
            assert dmu == pytest.approx(r["dmu_J"], rel=1e-9) and r["r_star_m"] == "none"
            continue
        compared += 1
        dG = sat.barrier_sphere(gamma, v, dmu) / (k_B * T)
        mine = {
            "dmu_J": dmu,
            "r_star_m": sat.critical_radius(gamma, v, dmu),
            "n_star_sphere": sat.critical_size(gamma, v, dmu),
            "dGstar_sphere_kT": dG,
            "dGstar_het_kT": f * dG,
            "zeldovich_sphere": sat.zeldovich(gamma, v, dmu, T),
            "f_theta": f,
        }
        for k, value in mine.items():
            worst[k] = max(worst[k], abs(value / r[k] - 1))
        assert sat.barrier_constant(gamma, v, T) / ln_S**2 == pytest.approx(dG, rel=1e-12)
    assert compared >= 150
    assert max(worst.values()) < 1e-9, worst


def _number(text):
    try:
        return float(text)
    except ValueError:
        return text


def test_zeldovich_is_the_curvature_at_the_top():
    """dG(n) = -n dmu + gamma (36 pi v^2)^(1/3) n^(2/3), differentiated numerically at n*."""
    gamma, v = 0.09, 1.593e-4 / N_A
    dmu = sat.driving_force(20.0, T)

    def dG(n):
        return -n * dmu + gamma * (36 * math.pi * v**2) ** (1 / 3) * n ** (2 / 3)

    n = sat.critical_size(gamma, v, dmu)
    h = 1e-3 * n
    assert dG(n) == pytest.approx(sat.barrier_sphere(gamma, v, dmu), rel=1e-12)
    assert dG(n + h) - dG(n - h) == pytest.approx(0.0, abs=1e-6 * dG(n))
    curvature = (dG(n + h) - 2 * dG(n) + dG(n - h)) / h**2
    expected = math.sqrt(-curvature / (2 * math.pi * k_B * T))
    assert sat.zeldovich(gamma, v, dmu, T) == pytest.approx(expected, rel=1e-5)


def test_per_ion_and_per_formula_unit_give_one_barrier():
    """v/n with ln(Omega)/n is the same; mixing v with ln(Omega)/n is off by n^2 = 81 for HAP."""
    gamma, v, ln_Omega, n = 0.045, 1.593e-4 / N_A, 25.0, 9
    whole = sat.barrier_sphere(gamma, v, sat.driving_force(ln_Omega, T))
    per_ion = sat.barrier_sphere(gamma, v / n, sat.driving_force(ln_Omega / n, T))
    mixed = sat.barrier_sphere(gamma, v, sat.driving_force(ln_Omega / n, T))
    assert per_ion == pytest.approx(whole)
    assert mixed / whole == pytest.approx(81)


def test_wetting_factor_limits():
    assert sat.wetting_factor(math.pi) == pytest.approx(1.0)
    assert sat.wetting_factor(math.pi / 2) == pytest.approx(0.5)  # Habraken's 8 pi/3
    assert sat.wetting_factor(0.0) == 0.0


def test_product_of_an_absent_component_is_zero():
    """No phosphate: ln IAP of a phosphate is -inf, calcite stays finite; failed fluids stay NaN."""
    nu = np.array([[5.0, 3.0, 0.0], [1.0, 0.0, 1.0]])
    x = np.array([[-6.0, -np.inf, -8.0], [-6.0, np.nan, -8.0]])
    got = sat.ln_iap(x, np.zeros(2), nu, np.zeros(2))
    assert got[0].tolist() == [-np.inf, -14.0]
    assert np.isnan(got[1, 0])
