"""Living and dead tissue in runs: what cells take from mineral comes back as ions, and nothing is lost.

A stirred, closed cell, so that every course can be told by hand.
"""

import math

import numpy as np
import pytest
from reference import elements

import sim

DAY = 86400.0
# No nucleation, no growth, no poison: what remains is what a test is about.
QUIET = {
    "tissue.perfusion": 0.0, "tissue.collagen": 0.0, "tissue.inhibitor": 0.0, "tissue.citrate": 0.0,
    "plasma.PPi": 0.0, "nucleation.A_site": sim.Parameter(0.0, "1/s"), "growth.k": sim.Parameter(0.0, "m/s"),
    "nucleation.A_solution": sim.Parameter(0.0, "1/m3/s"), "living.rate": sim.Parameter(0.0, "mol/m3/s"),
    "fluid.Mg": "0.3 mM",
}  # fmt: skip
P = sim.library.model().parameters.si


def cell(duration, initial=None, **changes):
    made = sim.scenario("normal_tissue_control").with_geometry("well_mixed")
    made = made.with_(outer="closed", duration=duration, initial=initial or {})
    return made.with_parameters(QUIET | {k.replace("__", "."): v for k, v in changes.items()})


def run(scenario, times=13):
    """The result, in which every element is kept: added up by hand and by the ledger."""
    result = sim.simulate(scenario, times=times, rtol=1e-8, atol=1e-9)
    assert result.success, result.message
    for element, held in elements(result).items():
        turned = np.abs(held).max() + 1e-9 * float(result["volume"].sum())
        assert np.abs(held - held[0]).max() < 1e-10 * turned, element
    assert result.manifest["ledger_residual"] < 1e-10
    return result


def course(result, name):
    return result[name].values.reshape(result.t.size, -1)[:, 0]


def test_cells_give_back_what_they_clear_and_are_full_at_a_load():
    """-dHAP/dt = k HAP/(1 + HAP/load), so ln(HAP/HAP0) + (HAP - HAP0)/load = -k t; sizes stay."""
    load = 0.01
    result = run(cell("2 day", {"HAP": 0.02}, clearance__load=sim.Parameter(load, "mol/m3")))
    HAP, m0 = course(result, "HAP"), course(result, "hap_m0")
    left = np.log(HAP / HAP[0]) + (HAP - HAP[0]) / load
    np.testing.assert_allclose(left, -P("clearance.k") * result.t, rtol=1e-5, atol=1e-7)
    assert HAP[-1] < 0.1 * HAP[0]
    np.testing.assert_allclose(m0 / m0[0], HAP / HAP[0], rtol=1e-6)
    Ca = (course(result, "Ca") * course(result, "porosity")) + course(result, "buffer_Ca")
    np.testing.assert_allclose(Ca - Ca[0], 5 * (HAP[0] - HAP), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("changes", [{"tissue__viable": 0.0}, {"tissue__sheltered": 1.0}], ids=str)
def test_dead_tissue_and_sheltered_mineral_keep_it(changes):
    HAP = course(run(cell("4 day", {"HAP": 3.0}, **changes)), "HAP")
    np.testing.assert_allclose(HAP, 3.0, rtol=1e-9)


def test_macrophages_also_take_granules_where_all_is_dead():
    """Far below their load both go at k_macrophage; granules that turn into apatite are switched off."""
    off = {"granules__k": sim.Parameter(0.0, "1/s"), "granules__k_dissolution": sim.Parameter(0.0, "1/s")}
    dead = cell("4 day", {"granules": 0.01}, tissue__viable=0.0, tissue__macrophages=1.0, **off)
    result = run(dead)
    held = course(result, "granules")
    np.testing.assert_allclose(held, 0.01 * np.exp(-P("clearance.k_macrophage") * result.t), rtol=1e-5)


def test_macrophages_digest_cores_and_living_tissue_alone_does_not():
    """At k_macrophage; the phospholipid of a core is free again, or holds calcium."""
    off = {"membrane__k_dissolution": sim.Parameter(0.0, "1/s")}
    result = run(cell("4 day", {"core": 0.01}, tissue__viable=0.0, tissue__macrophages=1.0, **off))
    held = course(result, "core")
    np.testing.assert_allclose(held, 0.01 * np.exp(-P("clearance.k_macrophage") * result.t), rtol=1e-5)
    np.testing.assert_allclose(course(result, "lipid") + course(result, "bound_Ca"), 0.01 - held, atol=1e-9)
    kept = course(run(cell("4 day", {"core": 0.01}, **off), times=2), "core")
    np.testing.assert_allclose(kept, 0.01, rtol=1e-9)


def test_living_cells_make_pyrophosphate_from_phosphate():
    """At its rate, of which P/(P + K_P) is left; two phosphates go for each. Dead cells make none."""
    rate = 1e-9  # mol m-3 s-1
    changes = {"living__rate": sim.Parameter(rate, "mol/m3/s"), "tissue__ENPP1": 2.0,
               "pyrophosphatase__V_PPi": sim.Parameter(0.0, "mol/m3/s")}  # fmt: skip
    result = run(cell("2 day", tissue__viable=0.5, **changes))
    made = course(result, "PPi") * course(result, "porosity")
    phosphate = course(result, "P")
    share = np.mean(phosphate / (phosphate + P("living.K_P")))
    assert made[-1] == pytest.approx(rate * share * result.t[-1], rel=1e-3)
    lost = phosphate * course(result, "porosity")
    assert lost[0] - lost[-1] == pytest.approx(2 * made[-1], rel=1e-4)
    dead = run(cell("2 day", tissue__viable=0.0, **changes))
    assert course(dead, "PPi").max() == 0.0


def test_phosphatase_starts_at_what_living_tissue_keeps_up():
    baseline = P("phosphatase.baseline")
    for viable in (1.0, 0.25, 0.0):
        activity = course(run(cell("30 day", tissue__viable=viable), times=3), "phosphatase")
        np.testing.assert_allclose(activity, baseline * viable, rtol=1e-8, atol=1e-12)


def test_alkali_is_made_in_its_time_raises_pH_and_is_counted():
    result = run(cell("14 day", {"alkali": 5.0}))
    left = course(result, "alkali")
    np.testing.assert_allclose(left, 5.0 * np.exp(-result.t / P("alkali.tau_release")), rtol=1e-5)
    pH = course(result, "pH")
    assert np.all(np.diff(pH) > 0) and pH[-1] > pH[0] + 0.05
    counted = result["ledger"].sel(element="acidity", pool="alkali").values
    np.testing.assert_allclose(counted, -left * float(result["volume"].sum()), rtol=1e-12)


def test_elastin_is_laid_bare_faster_and_faster():
    """dm/dt = -m (k + a (1 - m)) from 1: 1/m = [a + k exp((k + a) t)]/(k + a)."""
    k, a = 1e-6, 2e-5
    rates = {"elastin__k": sim.Parameter(k, "1/s"), "elastin__k_auto": sim.Parameter(a, "1/s")}
    result = run(cell("8 day", tissue__masked=1.0, tissue__elastin=1e21, **rates))
    exact = (k + a) / (a + k * np.exp((k + a) * result.t))
    np.testing.assert_allclose(course(result, "masked"), exact, rtol=1e-5, atol=1e-7)
    assert exact[-1] < 0.1 and np.argmax(-np.diff(exact)) > 2, "the fall is steepest later on"


def test_granules_ripen_into_crystals_of_the_stated_size():
    """Five units for one of apatite, d^k each in the moments; phosphate and acid left go to the water."""
    off = {"granules__k_dissolution": sim.Parameter(0.0, "1/s"), "tissue__viable": 0.0}
    result = run(cell("30 day", {"granules": 10.0}, **off))
    granules, HAP = course(result, "granules"), course(result, "HAP")
    np.testing.assert_allclose(5 * HAP, 10.0 - granules, rtol=1e-6, atol=1e-9)
    assert HAP[-1] > 0.5
    size = P("granules.size")
    m0, m1, m2 = (course(result, f"hap_m{k}")[1:] for k in range(3))
    m3 = 6 / math.pi * P("mineral.V_HAP") * HAP[1:]
    for k, m in ((1, m1), (2, m2), (3, m3)):
        np.testing.assert_allclose(m, m0 * size**k, rtol=1e-6)


def test_colloid_holds_no_more_than_its_fetuin_can():
    """Much amorphous phosphate, little fetuin: capacity x fetuin, and the rest stays what it was."""
    rich = cell("2 day", {"Ca": 8.0, "P": 8.0}, tissue__fetuin=0.01, tissue__viable=0.0, tissue__phi0=0.3)
    result = run(rich, times=49)
    held = course(result, "colloid") + course(result, "ripe_colloid")
    most = P("colloid.capacity") * 0.01
    print("colloid", held.max(), "of", most)
    assert held.max() < most * (1 + 1e-6)
    assert held.max() > 0.5 * most and course(result, "ripe_colloid")[-1] > 0


def test_collagen_needs_what_serum_brings():
    """Fibrils in supersaturated solution: crystals on them with serum, none without (Hamlin & Price 2004)."""
    on = {"nucleation__A_site": sim.Parameter(1e4, "1/s"), "growth__k": sim.Parameter(1e-14, "m/s"),
          "nucleation__sites_precursor": sim.Parameter(0.0, "1/mol"), "tissue__collagen": 1e21,
          "tissue__viable": 0.0}  # fmt: skip
    medium = {"Ca": 2.4, "P": 3.0}
    with_it = course(run(cell("6 day", medium, **on)), "HAP")[-1]
    without = course(run(cell("6 day", medium, tissue__serum=0.0, **on)), "HAP")[-1]
    print("with and without serum", with_it, without)
    assert with_it > 0.01 and without == 0.0


def dying(doomed, perfusion, tau, reflow):
    return doomed * (1.0 / tau + reflow * perfusion)


def test_formulas_read_the_perfusion_that_an_intervention_sets():
    """Cells die with 1/tau, faster by the flow from when it comes; the flow brings ions as well."""
    small = sim.Model(
        (sim.Species("Ca", diffusivity=1e-9, contains={"Ca": 1}),
         sim.Species("doomed", unit="1", initial=1.0)),
        (sim.Process("death", dying, {"doomed": -1},
                     {"tau": sim.Parameter(1e4, "s"), "reflow": sim.Parameter(0.2)}),),
        fields={"perfusion": (0.0, "s-1", "flow"), "porosity": (1.0, "1", "")},
    )  # fmt: skip
    values = {"core.thickness": sim.Parameter(1e-3, "m"), "rim.thickness": sim.Parameter(1e-3, "m"),
              "plasma.Ca": sim.Parameter(1.2, "mM")}  # fmt: skip
    made = sim.Scenario("flow", small, layers=(("core", 2), ("rim", 2)), outer="closed", duration=6000.0,
                        parameters=values, initial={"Ca": 1.2})  # fmt: skip
    flow = 1e-3
    come = sim.Intervention(at=2000.0, parameters={"rim.perfusion": f"{flow} 1/s"})
    gone = sim.Intervention(at=5000.0, parameters={"rim.perfusion": 0.0})
    treated = made.with_intervention(come).with_intervention(gone)
    result = sim.simulate(treated, times=[2000.0, 5000.0, 6000.0], rtol=1e-9, atol=1e-10)
    found = result["doomed"].values
    still = np.exp(-result.t / 1e4)
    np.testing.assert_allclose(found[:, :2], still[:, None] * [1.0, 1.0], rtol=1e-6)
    fed = np.array([0, 3000, 3000])
    np.testing.assert_allclose(found[:, 3], still * np.exp(-0.2 * flow * fed), rtol=1e-6)
