"""Poisons of the mineral's surface: how much of it they hold, and when steps no longer pass between them."""

import math

import numpy as np
import pytest

import sim
from sim.kinetics import growth, inhibition
from sim.model.process import Derived

PARAMETERS = sim.library.model().parameters
PIN, SOFT = PARAMETERS.si("inhibition.pin"), PARAMETERS.si("inhibition.soft")


def factor(occupied, sigma, pin=PIN, soft=SOFT):
    return inhibition.pinning(occupied, 9.0 * sigma, pin, soft)


def test_steps_pass_a_clean_surface_and_stop_on_a_covered_one():
    sigma = np.linspace(-5.0, 12.0, 60)
    assert [factor(0.0, s) for s in sigma] == [pytest.approx(1.0, rel=1e-15)] * 60
    assert factor(1.0, 0.9 * PIN) < 0.01
    assert max(factor(1.0, s) for s in sigma[sigma < 0.8 * PIN]) < 1e-4
    assert factor(1.0, 1e3 * PIN) == pytest.approx(1.0, rel=1e-5)
    assert max(factor(x, s) for x in np.linspace(0, 1, 21) for s in sigma) <= 1.0


@pytest.mark.parametrize("soft", [0.01, SOFT, 0.3])
def test_pinning_is_that_of_cabrera_and_vermilyea_but_for_its_rounded_corner(soft):
    """max(0, 1 - theta (pin/sigma)^2): off by no more than soft ln 2, most at the corner."""
    off = 0.0
    for occupied in np.linspace(0, 1, 41):
        for sigma in np.linspace(0.5, 8, 76):
            sharp = max(0.0, 1.0 - occupied * (PIN / sigma) ** 2)
            off = max(off, abs(factor(occupied, sigma, soft=soft) - sharp))
    assert 0.5 * soft * math.log(2) < off < 1.05 * soft * math.log(2)


def test_pinning_rises_with_supersaturation_and_falls_with_coverage():
    sigma, occupied = np.linspace(0.0, 9.0, 301), np.linspace(0.0, 1.0, 301)
    for x in (0.05, 0.3, 0.7, 1.0):
        values = [factor(x, s) for s in sigma]
        assert np.all(np.diff(values) >= 0) and values[0] < 1e-12 < values[-1]
    for s in (2.0, PIN, 6.0):
        values = [factor(x, s) for x in occupied]
        assert np.all(np.diff(values) <= 0) and values[0] > 0.999 > values[-1] + 0.1


@pytest.mark.parametrize("soft", [0.01, SOFT, 0.3])
def test_pinning_has_no_kink(soft):
    """One-sided slopes differ as a smooth curve's do: halving the step halves the difference."""

    def jump(f, x, h):
        return abs((f(x + h) - f(x)) - (f(x) - f(x - h))) / h

    points = [(0.3, s) for s in np.linspace(0.2, 8, 157)] + [(x, 3.0) for x in np.linspace(0.01, 0.99, 99)]
    for occupied, sigma in points:
        for f, at in (
            (lambda s, x=occupied: factor(x, s, soft=soft), sigma),
            (lambda x, s=sigma: factor(x, s, soft=soft), occupied),
        ):
            assert jump(f, at, 1e-5) < 0.6 * jump(f, at, 2e-5) + 1e-5


def covered(**levels):
    """The occupancy at these levels, none of the others there, with the constants of the package."""
    none = dict(adsorbed=0.0, Mg_free=0.0, inhibitor=0.0, citrate=0.0, ATP=0.0, viable=1.0)
    names = ("K_Mg", "Mg_reference", "K_protein", "K_citrate", "K_ATP")
    return inhibition.occupancy(**(none | levels), **{n: PARAMETERS.si(f"inhibition.{n}") for n in names})


def at_rest(K_c):
    """Coverage of a surface on which each poison adsorbs where no other sits, and desorbs: the steady state.

    d theta_i/dt = k_i (K_i c_i (1 - sum theta) - theta_i), solved as linear equations.
    """
    k = np.array([0.5, 3.0, 20.0, 0.01, 1.0])[: len(K_c)]
    matrix = -np.diag(k) - np.outer(k * K_c, np.ones(len(K_c)))
    return np.linalg.solve(matrix, -k * K_c).sum()


def test_several_poisons_share_one_surface():
    p = PARAMETERS.si
    levels = dict(adsorbed=0.7, Mg_free=2.1, inhibitor=0.6, citrate=0.4, ATP=0.05)
    K_c = [
        0.7, p("inhibition.K_Mg") * (2.1 - p("inhibition.Mg_reference")), p("inhibition.K_protein") * 0.6,
        p("inhibition.K_citrate") * 0.4, p("inhibition.K_ATP") * 0.05,
    ]  # fmt: skip
    assert covered(**levels) == pytest.approx(at_rest(np.array(K_c)), rel=1e-12)
    for name, x in zip(levels, K_c, strict=True):
        assert covered(**{name: levels[name]}) == pytest.approx(at_rest(np.array([x])), rel=1e-12), name
    assert covered() == 0.0
    assert covered(adsorbed=-1e-6) == 0.0, "an undershoot uncovers nothing"
    assert covered(adsorbed=1e9) == pytest.approx(1.0, abs=1e-8)


def test_magnesium_acts_through_living_cells_and_above_its_reference():
    """Louvet 2013: none on fixed cells."""
    assert covered(Mg_free=3.0, viable=0.0) == 0.0
    assert covered(Mg_free=0.5) == 0.0
    half, whole = covered(Mg_free=3.0, viable=0.5), covered(Mg_free=3.0)
    assert half / (1 - half) == pytest.approx(0.5 * whole / (1 - whole), rel=1e-12)


OWN = """
[species.etidronate]
diffusivity = 5e-10
scale = 1e-3
contains = {}
adsorption = "drug.K"

[parameters.drug]
K = { value = 4e3, unit = "m3/mol", range = [0, 1e5], source = "this_work", confidence = "assumed" }
tau = { value = 30, unit = "day", range = [1, 99], source = "this_work", confidence = "assumed" }

["drug: loss"]
description = "the drug is broken down"
equation = "etidronate ="
law = "necrosis.first_order"
reads = { amount = "etidronate", tau = "drug.tau" }
"""


@pytest.fixture(scope="module")
def with_drug(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "drug.toml"
    path.write_text(OWN)
    return sim.library.model(reactions=path)


def quantity(model, name) -> Derived:
    return next(d for d in model.derived if name in d.outputs)


def test_a_poison_of_ones_own_joins_the_occupancy_by_a_row_of_data(with_drug):
    """No formula is touched: 4e3 m3/mol x 0.5 uM = 2, besides pyrophosphate's K c."""
    summed = quantity(with_drug, "adsorbed").formula
    K = PARAMETERS.si("inhibition.K_PPi")
    given = {"etidronate": 5e-4, "PPi": 1e-3, "drug_K": 4e3, "inhibition_K_PPi": K}
    assert summed(*(given[a] for a in summed.arguments)) == pytest.approx(2.0 + 1e-3 * K, rel=1e-12)
    plain = quantity(sim.library.model(), "adsorbed").formula
    assert set(plain.arguments) == {"PPi", "inhibition_K_PPi"}
    assert with_drug.parameters["drug.K"].si == 4e3


def test_it_holds_growth_and_dissolution_alike(with_drug):
    """In water above and below saturation: factors from the occupancy that K c adds up to."""

    def first(level, pH):
        scenario = (
            sim.scenario("normal_tissue_control").with_geometry("well_mixed").with_model(with_drug)
            .with_(outer="closed", duration="1 s", initial={"pH": pH, "HAP": 1.0, "etidronate": level})
            .with_parameters({"tissue.perfusion": 0.0, "tissue.inhibitor": 0.0, "tissue.citrate": 0.0,
                              "plasma.PPi": 0.0, "fluid.Mg": "0.3 mM", "tissue.viable": 0.0})
        )  # fmt: skip
        result = sim.simulate(scenario, times=2)
        return {n: float(result[n][0].mean()) for n in ("occupancy", "inhibition", "shrinkage", "SI_HAP")}

    none, some = first(0.0, 7.4), first(5e-4, 7.4)
    assert none["occupancy"] == 0.0 and some["occupancy"] == pytest.approx(2 / 3, rel=1e-9)
    assert some["inhibition"] == pytest.approx(factor(2 / 3, some["SI_HAP"] * math.log(10) / 9), rel=1e-9)
    assert none["inhibition"] == pytest.approx(1.0)
    acid, held = first(0.0, 3.5), first(5e-4, 3.5)
    assert acid["SI_HAP"] < 0.0
    assert held["shrinkage"] == pytest.approx(acid["shrinkage"] / 3, rel=1e-9) and acid["shrinkage"] > 0


def test_poisons_slow_dissolution_by_the_surface_they_hold():
    free = growth.dissolution(-9.0, 1.0, 1e4, inhibition.uncovered(0.0), 1e-12, 1, 1.6e-4, 1e-12)
    held = growth.dissolution(-9.0, 1.0, 1e4, inhibition.uncovered(0.8), 1e-12, 1, 1.6e-4, 1e-12)
    assert free > 0 and held == pytest.approx(0.2 * free, rel=1e-12)
