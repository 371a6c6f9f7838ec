"""What every sound model of calcification must show.

A few of these were calibrated to (normal tissue stays clear; the elastin implant at 21 days), the others not;
docs/validation.md says which numbers were.

Coarse grids and short runs: the claims are about signs, orders of magnitude and places.
"""

import numpy as np
import pytest

import sim
from sim import validation

mean = sim.measures.mean
YEAR = 365.25 * 86400


def run(scenario, at=30):
    result = sim.simulate(scenario, times=at)
    assert result.success, result.message
    assert result.manifest["speciation_failures"] == 0
    return result


def in_layer(result, name, layer):
    """Volume mean of a variable over one layer at the end."""
    here = result["layer"] == layer
    volume = result["volume"].where(here)
    return float((result[name][-1] * volume).sum() / volume.sum())


def closed(scenario):
    still = {n: 0.0 for n in scenario.parameters if n.endswith(".perfusion")}
    return scenario.with_(outer="closed").with_parameters(still)


@pytest.fixture(scope="module")
def infarct():
    return sim.scenario("infarct_myocardium").with_resolution(0.3).with_(duration="60 day")


@pytest.fixture(scope="module")
def caseum():
    return sim.scenario("tb_caseous").with_resolution(0.3).with_(duration="1 year")


@pytest.fixture(scope="module")
def elastin():
    return sim.scenario("elastin_implant_rat").with_resolution(0.3)


def test_normal_tissue_stays_clear_for_fifty_years():
    result = run(sim.scenario("normal_tissue_control"))
    assert result.manifest["t_end"] == pytest.approx(50 * YEAR)
    assert float(result["SI_HAP"].min()) > 8, "it is supersaturated all the while"
    # Histology sees a few ug Ca per mg dry tissue; a thousandth of that is clear.
    assert float(result["Ca_per_dry_mass"].max()) < 1e-6 * 20


def test_raised_serum_calcifies_without_necrosis_and_everywhere():
    result = run(sim.scenario("metastatic_contrast"))
    assert float(result["doomed"].max()) == 0
    assert float(result["HAP"][-1].min()) > 1, "no part of the tissue is spared"
    same_tissue_normal_serum = sim.scenario("metastatic_contrast").with_parameters(
        {"plasma.Ca": "1.4 mM", "plasma.P": "1.1 mM", "plasma.pH": 7.4}
    )
    assert float(run(same_tissue_normal_serum)["HAP"].max()) < 1e-6


def test_mineral_only_where_cells_died(caseum):
    result = run(caseum)
    assert in_layer(result, "HAP", "lesion") > 10
    assert in_layer(result, "HAP", "capsule") < 1e-3


def test_dead_cells_trigger_and_plasma_feeds(caseum):
    open_box, shut = run(caseum), run(closed(caseum))
    assert mean("Ca_in_mineral")(shut) < 0.03 * mean("Ca_in_mineral")(open_box)


@pytest.mark.parametrize("name", ["infarct", "caseum", "elastin"])
def test_less_pyrophosphate_more_mineral(name, request):
    scenario = request.getfixturevalue(name)
    amounts = [
        mean("HAP")(run(scenario.with_parameters({"plasma.PPi": f"{level} uM"})))
        for level in (0.5, 1.0, 20.0)
    ]
    assert amounts[0] > amounts[1] > 5 * amounts[2]


def shut_in(initial, **changes):
    """Dead cells in a stirred, closed cell without blood, their own phosphate and acid left out."""
    made = sim.scenario("infarct_myocardium").with_geometry("well_mixed")
    return made.with_(outer="closed", duration="5 day", initial=initial).with_parameters({
        "lesion.perfusion": 0.0, "lesion.viable": 0.0, "lesion.inhibitor": 0.2, "plasma.PPi": 0.0,
        "necrosis.P_pool": 0.0, "necrosis.ester_pool": 0.0, "necrosis.tau_death": "1 h", **changes,
    })  # fmt: skip


@pytest.mark.parametrize(("esters", "phosphate"), [(10.0, 0.02), (0.0, 3.0)])
def test_phosphatase_inhibitor_needs_esters_to_matter(esters, phosphate):
    """At a held pH of 7.4: phosphate from esters only, or there already."""
    off = {"phosphatase.V_alk": "0.05 umol/L/min", "phosphatase.V_acid": 0.0}
    base = shut_in(
        {"pH": 7.4, "Ca": 2.5, "P": phosphate, "ester": esters}, **{"lesion.pH_hold": 7.4, "acid.load": 0.0}
    )
    HAP = mean("HAP")
    with_enzyme, without = HAP(run(base)), HAP(run(base.with_parameters(off)))
    assert with_enzyme > 0.01
    assert without < 0.1 * with_enzyme if esters else without == pytest.approx(with_enzyme, rel=1e-3)


def test_blocked_sites_leave_under_five_per_cent(elastin):
    blocked = run(elastin.with_parameters({"implant.elastin": 0.0}))
    assert mean("Ca_per_dry_mass")(blocked) < 0.05 * mean("Ca_per_dry_mass")(run(elastin))


def test_elastin_comes_near_what_was_measured():
    """89.7 +- 9.8 ug Ca/mg at 21 days, which was fitted, and 23.8 at 7 days, which was not (Bailey 2001)."""
    made = sim.scenario("elastin_implant_rat")
    result = run(made, at=["0 day", "7 day", "21 day"])
    found = [1e3 * mean("Ca_per_dry_mass", within="implant").curve(result).values[k] for k in range(3)]
    print("elastin", found)
    assert found[0] == 0.0
    assert found[2] == pytest.approx(89.7, abs=2 * 9.8)
    assert 23.8 / 1.5 < found[1] < 23.8 * 1.5


def test_held_acid_slows_apatite(elastin, caseum):
    for scenario, layer in ((elastin, "implant"), (caseum, "lesion")):
        amounts = [
            in_layer(run(scenario.with_parameters({f"{layer}.pH_hold": pH})), "HAP", layer)
            for pH in (6.5, 7.1, 7.4)
        ]
        assert amounts[0] < 0.01 * amounts[2]
        assert amounts[0] < amounts[1] < amounts[2]


def test_acid_then_recovery_beats_both_where_esters_feed():
    """Closed, phosphate only in esters, alkaline phosphatase lost: acid phosphatase mobilises it."""
    base = shut_in(
        {"pH": 7.4, "Ca": 4.0, "P": 0.02, "ester": 10.0},
        **{"phosphatase.V_alk": "0.05 umol/L/min", "phosphatase.V_acid": "5 umol/L/min"},
    )
    recovery = sim.Intervention(at="1 day", parameters={"lesion.pH_hold": 7.4})
    acid, neutral = (base.with_parameters({"lesion.pH_hold": pH}) for pH in (5.5, 7.4))
    HAP = mean("HAP")
    both = HAP(run(acid.with_intervention(recovery)))
    assert both > 2 * HAP(run(neutral)) and both > 2 * HAP(run(acid))


def test_acid_hinders_while_it_lasts_and_helps_once_it_is_gone():
    """The shipped experiment: tissues alike but for pH, at the same age, by a factor of ten both ways."""
    arms = validation.load_experiment("acid_paradox").arms
    recovered = arms["shut_recovered"]
    still_acid = recovered.with_(interventions=())
    course = {n: mean("HAP").curve(run(s, at=["2 day", "5 day", "10 day"])).values
              for n, s in {**arms, "still_acid": still_acid}.items()}  # fmt: skip
    print("acid", course)
    assert np.all(course["acid"] < 0.1 * course["neutral"])
    assert np.all(course["still_acid"][1:] < 0.1 * course["shut_neutral"][1:])
    assert course["shut_recovered"][1] == pytest.approx(course["still_acid"][1], rel=1e-3), "not gone yet"
    assert course["shut_recovered"][2] > 10 * course["shut_neutral"][2]
    assert course["shut_recovered"][2] > 0.1, "mM, and not of traces"


def test_large_lesions_calcify_as_a_rim_and_small_ones_throughout(caseum):
    def centre_to_edge(radius, duration):
        result = run(caseum.with_parameters({"lesion.radius": radius}).with_(duration=duration))
        HAP = result["HAP"][-1].where(result["layer"] == "lesion", drop=True)
        return float(HAP[0] / HAP[-1])

    assert centre_to_edge("8 mm", "200 day") < 0.25
    assert centre_to_edge("0.2 mm", "60 day") > 0.8


def test_cytosol_like_buffer_needs_a_millimole_of_calcium():
    """Solid forms at >= 1 mM added Ca in a cytosol-like phosphate buffer (Wuthier 1985)."""

    def solids(calcium):
        base = (
            sim.scenario("infarct_myocardium").with_geometry("well_mixed")
            .with_(outer="closed", duration="1 day", initial={"Ca": calcium, "P": 10.0, "C": 10.0})
            .with_parameters({
                "lesion.pH": 7.1, "lesion.buffer": 0.0, "lesion.doomed": 0.0, "lesion.viable": 0.0,
                "lesion.perfusion": 0.0, "lesion.collagen": 0.0, "lesion.inhibitor": 0.0,
                "lesion.citrate": 0.0, "plasma.PPi": 0.0,
            })
        )  # fmt: skip
        return mean("Ca_in_mineral")(run(base))

    assert solids(0.25) < 1e-3
    assert solids(1.0) > 1e-2
    assert solids(2.0) > 10 * solids(1.0)


def test_infarct_acid_course_is_that_of_ligated_dog_heart():
    """7.17 before, on average 6.58 in the first hour, 6.47 in the second (31P, Rehr et al.). Not fitted."""
    times = [900.0 * quarter for quarter in range(33)]
    result = sim.simulate(sim.scenario("infarct_myocardium").with_(duration="8 h"), times=times)
    volume = result["volume"].where(result["layer"] == "lesion")
    pH = ((result["pH"] * volume).sum("r") / volume.sum("r")).values
    assert pH[0] == pytest.approx(7.17, abs=0.01)
    assert pH[1:5].mean() == pytest.approx(6.58, abs=0.2), "it falls a little later here"
    assert pH[5:9].mean() == pytest.approx(6.47, abs=0.1)
    assert pH[-1] > pH.min() + 0.1, "it recovers without reflow"


def test_reflow_brings_pH_back_within_hours():
    """Reflow after one hour: 7.34 on average in the next hour in the dog; here most of the way."""
    base = sim.scenario("infarct_myocardium").with_resolution(0.3)
    reflow = sim.Intervention(at="1 h", parameters={"lesion.perfusion": "0.5 1/min"})
    treated = base.with_(duration="3 h").with_intervention(reflow)
    result = sim.simulate(treated, times=["0 h", "1 h", "2 h", "3 h"])
    pH = result["pH"].where(result["layer"] == "lesion").mean("r").values
    assert pH[2] > pH[1] + 0.3 and pH[3] > 7.1
