"""Formulas called with plain numbers: limits, signs, smoothness."""

import inspect
import math

import numpy as np
import pytest

from sim.kinetics import (
    acid,
    growth,
    membrane,
    phosphatase,
    porosity,
    precursors,
)
from sim.kinetics.smooth import floored, ramp, saturating
from sim.model.library import model

ROOMY = {"inhibition": 1.0, "room": 0.6}
PARAMETERS = model().parameters
AWKWARD = (-1e-6, -1e-12, -1e-300, 0.0, 1e-300, 1e-12, 1e-3, 1.0, 1e3)


def slopes_around(f, x, h):
    """One-sided slopes of f left and right of x."""
    return (f(x) - f(x - h)) / h, (f(x + h) - f(x)) / h


def bell_factor(pH):
    p = PARAMETERS
    names = ("pK_alk_low", "pK_alk_high", "pK_acid_low", "pK_acid_high")
    return phosphatase.pH_factors(pH, *(p.si(f"phosphatase.{n}") for n in names))


def test_alkaline_phosphatase_gains_nine_percent_in_a_fifth_of_pH():
    """Phosphatase of plasma: 9 % more for +0.2 pH around 7.35 (Villa-Bellosta's group, measured)."""
    gain = bell_factor(7.45)[0] / bell_factor(7.25)[0]
    assert gain == pytest.approx(1.09, abs=0.01)


def test_pH_factors_are_one_where_they_are_defined_to_be():
    alkaline, _ = bell_factor(7.4)
    assert alkaline == pytest.approx(1.0, rel=1e-14)
    grid = np.linspace(2, 12, 2001)
    acid_ = [bell_factor(x)[1] for x in grid]
    assert max(acid_) == pytest.approx(1.0, abs=1e-6)
    assert 4.0 < grid[int(np.argmax(acid_))] < 6.0
    assert bell_factor(5.0)[0] < 0.6 * bell_factor(8.5)[0]


def test_ester_hydrolysis_is_michaelis_menten_with_competition():
    law = phosphatase.hydrolysis
    rest = {"f_alk": 1.0, "f_acid": 0.0, "V_alk": 2.0, "V_acid": 9.0, "K_m": 0.3, "K_i": 0.5}
    half = law(1.0, 0.3, 0.0, 1.0, **rest)
    assert half == pytest.approx(1.0)  # V/2 at K_m
    assert law(1.0, 0.6, 0.5, 1.0, **rest) == pytest.approx(1.0)  # K_m doubles at P = K_i
    assert law(1.0, 1e9, 5.0, 1.0, **rest) == pytest.approx(2.0, rel=1e-6)  # competition is beaten
    assert law(0.0, 1.0, 0.0, 1.0, **rest) == 0.0


def test_calcium_protects_pyrophosphate_and_magnesium_is_needed():
    """Half the rate at Ca = K_Ca (32 uM); none without Mg; phosphate competes."""
    law = phosphatase.pyrophosphate_hydrolysis
    known = dict(phosphatase=1.0, PPi=1e-3, P=0.0, Mg_free=0.5, porosity=0.7, f_alk=1.0,
                 V_PPi=1e-6, K_m=1e-2, K_i=0.5, K_Mg=0.1, K_Ca=0.032)  # fmt: skip
    bare = law(Ca_free=0.0, **known)
    assert law(Ca_free=0.032, **known) == pytest.approx(bare / 2, rel=1e-12)
    assert law(Ca_free=1.2, **known) == pytest.approx(bare / 38.5, rel=1e-12)
    assert law(Ca_free=0.0, **{**known, "Mg_free": 0.0}) == 0.0
    assert law(Ca_free=0.0, **{**known, "P": 5.0}) < bare


GROWTH = {
    "affinity": lambda w: growth.affinity(w, k=1.0, n=2.0, **ROOMY),
    "spiral": lambda w: growth.spiral(w, k=1.0, sigma_1=0.5, **ROOMY),
    "two_activity": lambda w: growth.two_activity(w, 1e-3, 1e-9, k=1e9, molar_volume=1.0, **ROOMY),
}
OTHERS = {
    "HAP dissolution": lambda w: growth.dissolution(w, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1e-12),
    "precursor formation": lambda w: _fill(precursors.precipitation, ln_omega=w),
    "precursor dissolution": lambda w: _fill(precursors.dissolution, ln_omega=w),
    "templated formation": lambda w: _fill(precursors.templated, ln_omega=w),
    "ripening of colloid": lambda w: _fill(precursors.overgrowth, ln_omega=w),
}


def _fill(formula, **known):
    """Call a formula with 1.0 for what is not given, and small smoothing widths."""
    usual = {
        "width": 0.02, "order": 1.0, "nu": 2.0, "seed": 1e-4, "phi_min": 0.02, "n": 2.0, "capacity": 100.0
    }  # fmt: skip
    names = inspect.signature(formula).parameters
    return formula(**{n: known.get(n, usual.get(n, 1.0)) for n in names})


@pytest.mark.parametrize("law", [*GROWTH, *OTHERS])
def test_rates_vanish_smoothly_at_saturation(law):
    f = (GROWTH | OTHERS)[law]
    assert f(0.0) == 0.0
    far = max(abs(f(1.0)), abs(f(-1.0)))
    assert far > 0
    left, right = slopes_around(f, 0.0, 1e-9)
    assert abs(left - right) < 1e-5 * far  # no kink
    assert min(f(1.0), f(-1.0)) == 0.0  # one-sided: growth above or dissolution below
    assert abs(f(1e-3)) + abs(f(-1e-3)) > 0


def test_growth_laws_in_their_limits():
    room = ROOMY["room"]
    assert GROWTH["affinity"](9 * math.log(3.0)) == pytest.approx(4 * room, rel=1e-12)
    # BCF: parabolic sigma^2/sigma_1 far below sigma_1, linear far above
    assert GROWTH["spiral"](9 * 1e-3) == pytest.approx(1e-6 / 0.5 * room, rel=1e-5)
    assert GROWTH["spiral"](9 * 1e3) == pytest.approx(1e3 * room, rel=1e-6)
    twice = growth.two_activity(30.0, 2e-3, 1e-9, k=1e9, molar_volume=1.0, **ROOMY)
    assert twice == pytest.approx(2 * GROWTH["two_activity"](30.0), rel=1e-12)


def test_growth_stops_when_pores_are_full_and_under_inhibition():
    """Of 0.7 pores a share of 0.4 stays water: none left at 0.28, half speed `width` above it."""
    room = lambda open_porosity: growth.room(open_porosity, 0.7, 0.4, 0.02)  # noqa: E731
    assert room(0.1) == room(-0.3) == 0.0
    assert room(0.28) < 1e-20
    assert room(0.30) == pytest.approx(0.5, abs=0.02)
    assert room(0.7) == pytest.approx(0.42 / 0.44, rel=1e-3)
    left, right = slopes_around(room, 0.28, 1e-9)
    assert abs(left - right) < 1e-4
    for law in GROWTH_LAWS:
        assert law(inhibition=0.5, room=1.0) == pytest.approx(0.5 * law(inhibition=1.0, room=1.0))
        assert law(inhibition=1.0, room=0.0) == 0.0


GROWTH_LAWS = (
    lambda **both: growth.affinity(9.0, k=1.0, n=2.0, **both),
    lambda **both: growth.spiral(9.0, k=1.0, sigma_1=0.5, **both),
    lambda **both: growth.two_activity(30.0, 1e-3, 1e-9, k=1e9, molar_volume=1.0, **both),
)


def test_third_moment_of_one_crystal():
    """One sphere of diameter d per m3 has m3 = d^3."""
    d, V = 1e-6, 1.593e-4
    assert growth.third_moment(math.pi / 6 * d**3 / V, V) == pytest.approx(d**3, rel=1e-14)
    one = growth.birth_amount(1.0, d, V)
    assert growth.third_moment(one, V) == pytest.approx(d**3, rel=1e-14)


def test_binding_rests_at_its_equilibrium_constant():
    """CaL = K open L Ca; half of the sites are open at pH = pK."""
    f = membrane.phospholipid_binding
    assert f(2.0, 0.5 * 0.5 * 1.2 * 2.0, 1.2, 5.5, 0.5, 5.5, 5.0) == pytest.approx(0.0, abs=1e-16)
    assert f(2.0, 0.0, 1.2, 3.0, 0.5, 5.5, 5.0) < 0.01 * f(2.0, 0.0, 1.2, 8.0, 0.5, 5.5, 5.0)


def cores(hydrolysis=1.0, bound_Ca=1e9, pH=9.0, leaky=0.0):
    return membrane.core_formation(
        hydrolysis, leaky, bound_Ca, pH, P_pool=40.0, tau_leak=20.0, share=0.3, half_sites=0.2,
        pK_complex=6.8,
    )  # fmt: skip


def test_cores_take_at_most_their_share_and_none_in_acid():
    assert cores() == pytest.approx(0.3, rel=1e-4)
    assert cores(pH=5.0) < 1e-3 * 0.3
    assert cores(bound_Ca=0.0) == 0.0
    assert cores(bound_Ca=-1e-9) == 0.0
    assert cores(bound_Ca=0.2) == pytest.approx(0.15, rel=1e-4), "half of the share at half_sites"
    assert cores(bound_Ca=0.002) == pytest.approx(0.3e-4, rel=1e-3), "a hundredth of it: 1e-4"


def test_cores_also_take_phosphate_that_leaves_ruptured_cells():
    """40 mol m-3 of the pool x a tenth of the tissue ruptured, lost in 20 s: 0.2 mol m-3 s-1 pass."""
    assert cores(hydrolysis=0.0, leaky=0.1) == pytest.approx(0.3 * 0.2, rel=1e-4)
    assert cores(hydrolysis=0.5, leaky=0.1) == pytest.approx(0.3 * 0.7, rel=1e-4)


def test_protein_sites_fill_competitively():
    H, Ca = acid.sites_taken(6.9, 0.0, 6.9, 0.02)
    assert (H, Ca) == (0.5, 0.0)
    H, Ca = acid.sites_taken(6.9, 100.0, 6.9, 0.02)  # K Ca = 2: shares 1/4 and 2/4
    assert (H, Ca) == (pytest.approx(0.25), pytest.approx(0.5))


def test_smooth_stand_ins_have_continuous_slopes():
    cases = (
        (lambda x: ramp(x, 0.1), 0.0),
        (lambda x: floored(x, 0.02, 0.005), 0.02),
        (lambda x: saturating(x, 0.3), 0.0),
    )
    for f, at in cases:
        left, right = slopes_around(f, at, 1e-8)
        assert left == pytest.approx(right, abs=1e-5)
    assert ramp(100.0, 0.1) == pytest.approx(100.0, rel=2e-3)
    assert floored(0.7, 0.02, 0.005) == pytest.approx(0.7, rel=1e-4)
    assert min(floored(x, 0.02, 0.005) for x in (-10.0, -1.0, 0.0)) > 0.02
    assert saturating(0.3, 0.3) == 0.5


def test_porosity_loses_the_volume_of_the_solids():
    left = next(d for d in model().derived if d.outputs == ("open_porosity",))
    held = {"phi0": 0.7, "HAP": 1000.0, "V_HAP": 1.593e-4}
    left = left.formula(*(held.get(a, 0.0) for a in left.formula.arguments))
    assert left == pytest.approx(0.7 - 0.1593, rel=1e-12)
    assert porosity.porosity(left, 0.02, 0.005) == pytest.approx(left, abs=1e-4)
    assert porosity.porosity(-0.3, 0.02, 0.005) == pytest.approx(0.02, abs=1e-4), "some water stays"


PROCESSES = {p.name: p for p in model().processes}


@pytest.mark.parametrize("name", PROCESSES)
def test_uptake_is_smooth_and_restoring_through_zero_of_what_it_consumes(name):
    """Each species a process takes away: rate finite and continuous from -1e-6 to 1e3 mol m-3,
    with the same slope on both sides of zero; never faster than at zero when it has run out."""
    process = PROCESSES[name]
    taken = [s for s, v in process.changes.items() if v == -1 or (isinstance(v, float) and v < 0)]
    names = list(inspect.signature(process.formula).parameters)
    for species in taken:
        arguments = [a for a in names if process.inputs.get(a, a) == species]
        for a in arguments:
            rates = [_fill(process.formula, **{a: x}) for x in AWKWARD]
            assert np.all(np.isfinite(rates)), (name, a)
            left, right = slopes_around(lambda x, a=a: _fill(process.formula, **{a: x}), 0.0, 1e-7)
            usual = abs(_fill(process.formula, **{a: 1.0}))
            assert left == pytest.approx(right, rel=1e-4, abs=1e-12 + 1e-6 * usual), (name, a)
            at_zero = _fill(process.formula, **{a: 0.0})
            assert _fill(process.formula, **{a: -1e-6}) <= at_zero, (name, a)


def test_the_three_growth_laws_agree_at_interstitial_fluid():
    """Each constant comes from its own source; at the fluid they were taken to they differ by < 3."""
    import sim
    from sim.kinetics import growth

    fluid = sim.speciate(pH=7.4, Ca=1.2, P=1.1, Mg=0.7, Na=139, K=4, Cl=108, C=26)
    ln_omega = float(fluid.SI["HAP"]) * np.log(10)
    p = {law: sim.library.model(growth_law=law).parameters for law in sim.library.GROWTH_LAWS}
    same = (1.0, 1.0)
    rates = [
        growth.affinity(ln_omega, *same, p["affinity"].si("growth.k"), 2),
        growth.spiral(ln_omega, *same, p["spiral"].si("spiral.k"), p["spiral"].si("spiral.sigma_1")),
        growth.two_activity(
            ln_omega, float(fluid.activity["Ca"]), float(fluid.activity["PO4"]), *same,
            p["two_activity"].si("two_activity.k"), p["two_activity"].si("mineral.V_HAP"),
        ),
    ]  # fmt: skip
    assert max(rates) < 3 * min(rates)
