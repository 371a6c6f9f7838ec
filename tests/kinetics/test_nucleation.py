"""Classical nucleation against an independent table, and the kinetic handicap of hydroxyapatite."""

import csv
import inspect
import math
from pathlib import Path

import numpy as np
import pytest

from sim.kinetics.nucleation import barrier_constant, critical_size, nucleation
from sim.model.library import model

TABLE = Path(__file__).parents[1] / "data" / "phreeqc" / "cnt_reference.csv"
with TABLE.open() as f:
    ROWS = [r for r in csv.DictReader(f) if r["r_star_m"] != "none"]  # supersaturated ones
T = 310.15


def test_barrier_matches_the_reference_table():
    """dG*/kT = B/(ln S)^2 for every phase and interfacial energy, to the ten digits of the table."""
    worst = 0.0
    for row in ROWS:
        B = barrier_constant(float(row["gamma_J_m2"]), float(row["molar_volume_m3"]), T)
        ours = B / float(row["lnS"]) ** 2
        worst = max(worst, abs(ours / float(row["dGstar_sphere_kT"]) - 1))
    print("barrier", worst, len(ROWS))
    assert len(ROWS) > 20
    assert worst < 1e-9


def test_critical_size_matches_the_reference_table():
    for row in ROWS:
        ours = critical_size(float(row["lnS"]), float(row["gamma_J_m2"]), float(row["molar_volume_m3"]), T)
        assert ours / 2 == pytest.approx(float(row["r_star_m"]), rel=1e-9)


def test_per_formula_unit_and_per_ion_agree_and_mixing_them_does_not():
    """v and ln Omega both nine times smaller leave the barrier; one of them alone is off by 81."""
    v, w = 1.593e-4, 25.0
    whole = barrier_constant(0.1, v, T) / w**2
    assert barrier_constant(0.1, v / 9, T) / (w / 9) ** 2 == pytest.approx(whole, rel=1e-12)
    assert barrier_constant(0.1, v, T) / (w / 9) ** 2 == pytest.approx(81 * whole, rel=1e-12)


def rate(ln_omega=30.0, **changes):
    p = model().parameters
    known = dict(
        ln_omega_HAP=ln_omega, pH=7.4, inhibition=1.0, porosity=1.0, hap_m0=0.0, core=0.0,
        precursors=0.0, collagen=0.0, elastin=0.0, device=0.0, temperature=T,
        molar_volume=p.si("mineral.V_HAP"),
    )  # fmt: skip
    names = inspect.signature(nucleation).parameters
    for n in names:
        if n not in known:
            known[n] = p.si(f"nucleation.{n}")
    return nucleation(**{n: v for n, v in (known | changes).items() if n in names})[0]


def test_handicap_of_hydroxyapatite_at_acid_and_alkaline_pH():
    """Boistelle & Lopez-Valero 1990: pre-exponential factor 10-18 decades below 1e33 at pH 6.5,
    about 3 at pH 10; without a barrier the rate is that factor."""
    free = {"interfacial_energy": 1e-9}
    acid = 33 - math.log10(rate(pH=6.5, **free))
    alkaline = 33 - math.log10(rate(pH=10.0, **free))
    print("handicap", acid, alkaline)
    assert 10 <= acid <= 18
    assert alkaline == pytest.approx(3.0, abs=1.0)


def test_substrates_lower_the_barrier_and_run_out():
    bare = rate()
    assert rate(elastin=1e23) > bare
    with_sites = rate(elastin=1e23) - bare
    half = rate(elastin=1e23, hap_m0=0.5e23) - bare
    assert half == pytest.approx(with_sites / 2, rel=0.03)  # ramp(x, 0.01): 1 % of corner each
    assert rate(elastin=1e23, hap_m0=1e23) == pytest.approx(bare, rel=1e-9)
    idle = rate(elastin=1e23, collagen=1e25, hap_m0=1e23)  # idle sites open no vacancies
    assert idle - bare < 0.01 * with_sites
    assert rate(core=-1e-9) == bare  # an undershoot is no site
    assert rate(inhibition=0.25) == pytest.approx(bare / 4, rel=1e-12)


def test_no_rate_and_no_kink_near_and_below_saturation():
    """exp(-B/(ln Omega)^2) has all derivatives zero at Omega = 1."""
    assert [rate(w) for w in (-50.0, -1.0, 0.0, 0.4)] == [0.0] * 4
    w = np.linspace(0.4, 5, 400)
    j = np.array([rate(x, elastin=1e23) for x in w])
    assert np.all(np.isfinite(j))
    assert np.all(np.diff(j) >= 0)
    assert rate(0.5, elastin=1e23) < 1e-200
