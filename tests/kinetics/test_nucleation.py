"""Classical nucleation against an independent table, and the kinetic handicap of hydroxyapatite."""

import csv
import inspect
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from sim.kinetics import living
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
        ln_omega_HAP=ln_omega, pH=7.4, inhibition=1.0, room=1.0, porosity=1.0, hap_m0=0.0, hap_m2=0.0,
        core=0.0, precursors=0.0, collagen=0.0, serum=1.0, elastin=0.0, device=0.0, temperature=T,
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
    both = {"elastin": 1e23, "collagen": 1e25}
    left = rate(**both, hap_m0=1e23)  # elastin is used up, of collagen nothing yet
    assert left - bare == pytest.approx(rate(collagen=1e25) - bare, rel=1e-9)
    assert rate(core=-1e-9) == bare  # an undershoot is no site


def test_poisons_and_full_pores_stop_nucleation_at_surfaces_and_not_in_solution():
    bare = rate()
    at_sites = rate(elastin=1e23) - bare
    assert rate(elastin=1e23, inhibition=0.25) - bare == pytest.approx(at_sites / 4, rel=1e-9)
    assert rate(elastin=1e23, room=0.25) - bare == pytest.approx(at_sites / 4, rel=1e-9)
    assert rate(inhibition=0.25) == bare
    assert rate(elastin=1e23, inhibition=0.0) == bare


def test_collagen_nucleates_only_with_what_serum_brings():
    """Half at half_serum (2 % serum); without serum or once covered, a site is none (Hamlin & Price 2004)."""
    bare, at = rate(), model().parameters.si("nucleation.half_serum")
    full = rate(collagen=1e23, serum=1e6 * at) - bare
    assert full > bare
    assert rate(collagen=1e23, serum=at) - bare == pytest.approx(full / 2, rel=1e-5)
    assert rate(collagen=1e23, serum=0.0) == bare
    assert rate(elastin=1e23, serum=0.0) == rate(elastin=1e23)


@pytest.mark.parametrize("matrix", ["collagen", "elastin"])
def test_a_matrix_nucleates_where_it_lies_bare(matrix):
    """Sites that fill for themselves act by their number: half of them, half the rate."""
    nothing, whole = rate(), rate(**{matrix: 1e23}) - rate()
    for share in (0.25, 0.5, 0.99):
        part = rate(**{matrix: living.bare(1e23, share)}) - nothing
        assert part == pytest.approx((1 - share) * whole, rel=1e-9)
    assert living.bare(1e23, 1.0) == living.bare(1e23, 1.5) == 0.0


def filled(kinds, w, times):
    """Crystals per volume over time; each kind of site (n, f) fills for itself, first order in vacancies."""
    p = model().parameters
    b = barrier_constant(p.si("nucleation.interfacial_energy"), p.si("mineral.V_HAP"), T) / w**2
    k = {f: p.si("nucleation.A_site") * math.exp(-f * b) for _, f in kinds}
    return sum(n * -np.expm1(-k[f] * times) for n, f in kinds)


def factor(kind):
    return model().parameters.si(f"nucleation.f_{kind}")


@pytest.mark.parametrize(
    "substrates",
    [
        {"collagen": 4e21, "elastin": 1e21},
        {"collagen": 1e21, "elastin": 4e21},
        {"precursors": 1e21, "device": 3e21},  # alike: one barrier factor
        {"precursors": 1e21, "device": 1e21, "collagen": 2e21},
    ],
    ids="-".join,
)
def test_sites_fill_from_the_lowest_barrier_first(substrates):
    """m0 by the law, integrated, against each kind of site followed for itself, over ten decades of time."""
    w, off = 27.0, {"A_solution": 0.0, "sites_crystal": 0.0, "seed": 1e-30, "sites_precursor": 1.0}
    kinds = [(n, factor("precursor" if k == "precursors" else k)) for k, n in substrates.items()]
    t = np.geomspace(1e-2, 1e8, 60) / filled(kinds, w, np.array([1e-6]))[0] * 1e15
    rhs = lambda _, m: [rate(w, hap_m0=m[0], **substrates, **off)]  # noqa: E731
    found = solve_ivp(rhs, (0, t[-1]), [0.0], "LSODA", t, rtol=1e-8, atol=1e8).y[0]
    exact = filled(kinds, w, t)
    worst = np.abs(found - exact).max() / sum(n for n, _ in kinds)
    print(substrates, worst)
    assert exact[0] < 0.01 * exact[-1] and exact[-1] > 0.98 * sum(n for n, _ in kinds)
    assert worst < 0.05, "ramp(x, 0.01) rounds the end; kinds a decade apart overlap a little"


def test_no_rate_and_no_kink_near_and_below_saturation():
    """exp(-B/(ln Omega)^2) has all derivatives zero at Omega = 1."""
    assert [rate(w) for w in (-50.0, -1.0, 0.0, 0.4)] == [0.0] * 4
    w = np.linspace(0.4, 5, 400)
    j = np.array([rate(x, elastin=1e23) for x in w])
    assert np.all(np.isfinite(j))
    assert np.all(np.diff(j) >= 0)
    assert rate(0.5, elastin=1e23) < 1e-200
