"""Shipped beakers: what is in them, where they end, and that seeds act by their surface."""

from math import pi

import numpy as np
import pytest

import sim

KOKUBO = {"Na": 142.0, "K": 5.0, "Mg": 1.5}  # mM, as the table of the fluid has them
SEED, MASS = 40e-9, 0.4  # m, mol m-3


@pytest.fixture(scope="module")
def seeded():
    return sim.simulate(sim.scenario("beaker_seeded"))


def test_the_fluid_is_that_of_its_table_and_neutral():
    s = sim.scenario("beaker_body_fluid")
    assert {n: s.parameters.si(f"fluid.{n}") for n in KOKUBO} == KOKUBO
    assert [s.parameters.si(f"plasma.{n}") for n in ("Ca", "P", "C")] == [2.5, 1.0, 4.2]
    fluid = sim.speciate(pH=7.4, temperature="36.5 degC", Ca=2.5, P=1.0, C=4.2, Cl=148.8, **KOKUBO)
    assert abs(fluid.charge) < 10.0  # mM; the acid of 45 mM of Tris stands beside its protonated form
    assert s.geometry == "well_mixed" and s.outer == "closed" and s.parameters.si("beaker.viable") == 0.0


def test_seeds_are_spheres_of_one_size_and_as_fine_as_seeds_are():
    """6.4 to 50 m2/g were measured on seeds that were made in several ways (1984)."""
    s = sim.scenario("beaker_seeded")
    volume = MASS * s.parameters.si("mineral.V_HAP")
    count = volume / (pi / 6 * SEED**3)
    for k in range(3):
        assert float(s.initial[f"hap_m{k}"]) == pytest.approx(count * SEED**k, rel=1e-4)
    grams = MASS * 502.31
    assert 6.4 < count * pi * SEED**2 / grams < 50.1


def test_calcium_goes_into_apatite_until_the_fluid_is_saturated(seeded):
    total = np.asarray(seeded.array_of("Ca")) + np.asarray(seeded.array_of("Ca_in_mineral"))
    # per water and per vessel: the solids take 1e-4 of it
    np.testing.assert_allclose(total.ravel(), 2.5 + 5 * MASS, rtol=1e-4)
    Ca, P = (float(np.asarray(seeded.array_of(n)).ravel()[-1]) for n in ("Ca", "P"))
    end = sim.speciate(pH=7.4, temperature="36.5 degC", Ca=Ca, P=P, C=4.2, Cl=148.8, **KOKUBO)
    assert 0.0 <= float(end.SI["HAP"]) < 0.2
    index = np.asarray(seeded.array_of("SI_HAP")).ravel()
    assert index[0] > 10 and np.all(np.diff(index) < 1e-6)


def test_half_of_the_seeds_remove_half_as_fast_at_first():
    """The rate goes with the surface that there is for growth; the fluid is the same at first."""
    base = sim.scenario("beaker_seeded").changed({"duration": "1 min"})
    half = base.changed({f"initial.{n}": 0.5 * float(v) for n, v in base.initial.items()})
    one, other = (
        float(np.diff(np.asarray(sim.simulate(s, rtol=1e-7, times=2).array_of("Ca")).ravel())[0])
        for s in (base, half)
    )
    assert one < 0 and one / other == pytest.approx(2.0, rel=0.02)
