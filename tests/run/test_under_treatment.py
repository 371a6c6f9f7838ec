"""Treatments in runs: what they do, and what they do not; drugs on crystals, and the ledger."""

import math

import numpy as np
import pytest

import sim
from sim.errors import ScenarioError
from sim.experiment.models import standard_model
from sim.kinetics.smooth import ramp
from sim.plotting.runs.events import events
from sim.run.in_force.treated import treatment_notes
from sim.run.segments import Builder

pytestmark = pytest.mark.filterwarnings("ignore::sim.errors.RangeWarning", "ignore::sim.errors.TissueWarning")
DAY, HOUR = 86400.0, 3600.0
FLUID = {
    "plasma.Ca": "1.4 mM", "plasma.P": "1.5 mM", "plasma.C": "25 mM", "plasma.pH": 7.4, "pot.phi0": 0.7,
    "pot.inhibitor": 0.3, "pot.perfusion": "0.2 1/min",
}  # fmt: skip
POISONS = (
    "etidronate", "alendronate", "zoledronate", "ibandronate", "risedronate", "clodronate", "phytate",
    "pyrophosphate", "enpp1", "vitamin_k",
)  # fmt: skip
BOTH = ("bisphosphonate", "phytate")


def stirred(parts=(), duration="2 day", outer="closed", **given):
    """A stirred piece of dead tissue with perfusion, in which a little apatite grows."""
    words = tuple(parts)
    bare = sim.Scenario(
        "pot", standard_model(parts=words), "well_mixed", (("pot", 1),), outer, duration, parts=words
    )
    return bare.changed(FLUID | {"pot.HAP": "1 mM"} | given)


def series(result, name):
    return np.asarray(result[name]).reshape(result.t.size)


def last(result, name):
    return float(series(result, name)[-1])


def steady(made, name, level):
    """A treatment of which the level in plasma stays: what it sets, as a plain intervention, with its parts
    and properties."""
    given = sim.treatment(name)
    if not given.doses(0.0, 1.0):
        return made.treated(name, dose=level)
    (effect,) = given.effects
    parts = (*made.parts, *given.parts)
    held = given.changed(effect, made.quantity("plasma", effect.name, 0.0), level, name)
    return made.changed({"parts": parts, **given.properties}).with_intervention(
        sim.Intervention(0.0, {effect.name: held}, label=name)
    )


@pytest.mark.parametrize("name", POISONS)
def test_mineral_falls_with_the_dose(name):
    """From no dose to the highest of its range each step leaves less to grow, and nothing is dissolved."""
    dose = sim.treatment(name).dose
    high = dose.at(dose.si).si * dose.high / dose.value
    base = stirred(("bisphosphonate", "phytate"))
    runs = [
        base,
        *(
            steady(base, name, share * high)
            for share in ((0.7, 1.0) if name == "vitamin_k" else (0.02, 0.2, 1.0))
        ),
    ]
    found = [last(sim.simulate(s, times=3), "HAP") for s in runs]
    assert all(a > b for a, b in zip(found, found[1:], strict=False)), found
    assert found[-1] >= 1.0 - 1e-9


def test_an_inhibitor_of_an_enzyme_that_is_not_there_changes_nothing():
    base = stirred(duration="1 day", **{
        "pot.ester": "2 mM", "pot.phosphatase": 1.0, "plasma.PPi": "2 uM", "phosphatase.V_alk": 0.0,
        "pyrophosphatase.V_PPi": 0.0, "phosphatase.V_acid": 0.0,
    })  # fmt: skip
    plain = sim.simulate(base, times=5)
    for name in ("tnap_inhibitor", "sbi_425", "levamisole"):
        treated = sim.simulate(base.treated(name), times=5)
        for variable in ("HAP", "P", "PPi", "ester"):
            # not to the bit: the state is looked at once more at 0, and speciation starts from there
            assert series(treated, variable) == pytest.approx(series(plain, variable), rel=1e-9)


def test_an_inhibitor_leaves_the_share_of_the_enzyme_that_it_says():
    """Esters far above K_m are split at V: with 10 % left at a tenth of the rate; pyrophosphate as well."""
    base = stirred(duration="1 h", outer="closed", **{
        "pot.ester": "200 mM", "pot.phosphatase": 1.0, "phosphatase.V_alk": "1 umol/L/min",
        "phosphatase.V_acid": 0.0, "pot.perfusion": 0.0, "pot.HAP": 0.0, "pot.pH_hold": 6.5,
    })  # fmt: skip
    freed = [
        200.0 - last(sim.simulate(s, times=3, rtol=1e-8), "ester")
        for s in (base, base.treated("tnap_inhibitor"))
    ]
    assert freed[1] / freed[0] == pytest.approx(0.1, rel=1e-3)
    now = next(Builder(base.treated("sbi_425", dose="48 nM")).segments()).system.parameters
    for name in ("phosphatase.V_alk", "pyrophosphatase.V_PPi"):
        assert now.si(name) == pytest.approx(base.parameters.si(name) / 4.0)  # IC50 16 nM
    both = base.treated("sbi_425", dose="48 nM").treated("tnap_inhibitor")
    now = next(Builder(both).segments()).system.parameters
    assert now.si("phosphatase.V_alk") == pytest.approx(base.parameters.si("phosphatase.V_alk") / 40.0)


def test_a_binder_does_nothing_in_a_closed_fluid():
    base = stirred(duration="1 day", **{"pot.perfusion": 0.0})
    plain, treated = (sim.simulate(s, times=5) for s in (base, base.treated("phosphate_binder")))
    assert series(treated, "HAP") == pytest.approx(series(plain, "HAP"), rel=1e-9)
    open_, bound = (
        sim.simulate(s.changed({"pot.perfusion": "0.2 1/min"}), times=3)
        for s in (base, base.treated("phosphate_binder"))
    )
    assert last(bound, "HAP") < last(open_, "HAP")


def test_a_drug_prevents_and_does_not_dissolve():
    """On a surface that is covered nothing grows, and what is there stays to the last digit shown."""
    base = stirred(BOTH, duration="10 day", **{"pot.HAP": "2 mM", "pot.perfusion": "2 1/min"})
    steeped = base.changed({"pot.bisphosphonate": "5 mM"})
    free, held = (
        series(sim.simulate(s, times=9), "HAP") for s in (base, steady(steeped, "zoledronate", 1.0))
    )
    assert free[-1] > 2.5
    assert np.abs(held - 2.0).max() < 1e-3 and (np.diff(held) > -1e-9).all()


def test_in_acid_the_drug_keeps_mineral_by_the_share_that_it_covers():
    """The rate of dissolution goes with 1 - theta, theta = x/(1 + x), x = K c + 0.8 x inhibitor."""
    base = stirred(("bisphosphonate", "phytate"), duration="6 h", **{"pot.HAP": "20 mM", "pot.pH_hold": 5.0})
    steeped = base.changed({"pot.bisphosphonate": "0.02 mM", "plasma.bisphosphonate": "0.02 mM"})
    free, held = (sim.simulate(s, times=13) for s in (base, steeped))
    assert last(held, "HAP") > last(free, "HAP") + 0.1
    K, c = steeped.parameters.si("bisphosphonate.K"), series(held, "bisphosphonate")
    x = steeped.parameters.si("inhibition.K_protein") * 0.3 + 0.1 * steeped.parameters.si(
        "inhibition.K_citrate"
    )
    assert series(held, "occupancy") == pytest.approx((x + K * c) / (1 + x + K * c), rel=1e-9)
    # d ln HAP/dt = -3 k (1 - theta) (1 - Omega^(1/9))^n m2/m3
    sigma = [ramp(-math.expm1(math.log(10.0) * last(r, "SI_HAP") / 9.0), 1e-3) for r in (free, held)]
    p = steeped.parameters
    size = [  # m2/m3, with what keeps it finite where there is no mineral
        last(r, "hap_m2")
        / (6 / math.pi * p.si("mineral.V_HAP") * last(r, "HAP") + p.si("dissolution.m3_scale"))
        for r in (free, held)
    ]
    ratio = series(held, "shrinkage")[-1] / series(free, "shrinkage")[-1]
    n = steeped.parameters.si("dissolution.n")
    expected = (1 + x) / (1 + x + K * c[-1]) * (sigma[1] / sigma[0]) ** n * size[1] / size[0]
    assert ratio == pytest.approx(expected, rel=1e-6)


def test_two_poisons_add_in_K_c():
    base = stirred(BOTH, duration="1 h", **{"pot.HAP": "5 mM"})
    drugs = {"pot.bisphosphonate": "3 uM", "pot.phytate": "20 uM"}
    plasma = {n.replace("pot", "plasma"): v for n, v in drugs.items()}
    result = sim.simulate(base.changed(drugs | plasma), times=5)
    none = sim.simulate(base, times=5)

    def x(r):
        return series(r, "occupancy") / (1.0 - series(r, "occupancy"))

    p = result.scenario.parameters
    added = sum(p.si(f"{n}.K") * series(result, n) for n in BOTH)
    assert x(result) == pytest.approx(x(none)[-1] + added, rel=1e-9)


@pytest.mark.parametrize(("name", "species"), [("etidronate", "bisphosphonate"), ("phytate", "phytate")])
def test_crystals_take_up_what_their_surface_holds_and_nothing_is_lost(name, species):
    """At rest: K c (1 - theta) sites pi m2 on crystals; on them and in water what plasma has brought."""
    base = stirred(BOTH, duration="5 day", **{"pot.HAP": "10 mM"})
    result = sim.simulate(steady(base, name, 0.01), times=9, rtol=1e-7)
    p = base.treated(name).parameters
    bound, c = series(result, f"adsorbed_{species}"), series(result, species)
    area = math.pi * series(result, "hap_m2")
    held = p.si(f"{species}.K") * c * (1 - series(result, "occupancy")) * p.si(f"{species}.sites") * area
    assert bound[-1] == pytest.approx(held[-1], rel=1e-3) and bound[-1] > 10 * c[-1]
    assert result.manifest["ledger_residual"] < 1e-12
    ledger = result.ledger()["amount"].sel(element=species)
    inside = float(ledger.sel(pool="drugs")[-1] + ledger.sel(pool="adsorbed")[-1])
    assert inside == pytest.approx(float(ledger.sel(pool="supplied by perfusion")[-1]), rel=1e-12)


def test_drug_comes_off_when_crystals_dissolve():
    given = {"pot.HAP": "10 mM", "pot.perfusion": 0.0, "pot.bisphosphonate": "0.1 mM", "pot.pH_hold": 4.0}
    result = sim.simulate(stirred(BOTH, duration="200 day", **given), times=9)
    total = series(result, "adsorbed_bisphosphonate") + series(result, "bisphosphonate") * series(
        result, "porosity"
    )
    assert last(result, "hap_m2") < 0.7 * series(result, "hap_m2")[0]
    assert last(result, "adsorbed_bisphosphonate") < series(result, "adsorbed_bisphosphonate")[1]
    assert total == pytest.approx(total[0], rel=1e-9)


def test_what_is_washed_out_is_in_the_ledger():
    """30 % of each solid and of what lies on it: 5 Ca of each HAP; the drug on crystals goes with them."""
    base = stirred(BOTH, duration="2 day", **{"pot.HAP": "10 mM", "pot.OCP": "1 mM"})
    made = steady(base, "etidronate", 0.01).treated("lavage", "1 day", dose="30 %")
    result = sim.simulate(made, times=5)
    before, after = (int(k) for k in np.flatnonzero(np.isclose(result.t, DAY)))
    kept = {
        n: series(result, n)[after] / series(result, n)[before]
        for n in ("HAP", "OCP", "hap_m0", "hap_m2", "adsorbed_bisphosphonate")
    }
    assert kept == pytest.approx(dict.fromkeys(kept, 0.7), rel=1e-9)
    water = series(result, "Ca") * series(result, "porosity")
    assert water[after] == pytest.approx(water[before])
    ledger = result.ledger()["amount"].sel(pool="interventions")
    taken = -float(ledger.sel(element="Ca")[-1]) / float(result["volume"].sum())
    solids = {"HAP": 5, "OCP": 4, "DCPD": 1, "ACP": 1, "granules": 1, "colloid": 1, "ripe_colloid": 1}
    assert taken == pytest.approx(
        0.3 * sum(n * series(result, s)[before] for s, n in solids.items()), rel=1e-9
    )
    drug = -float(ledger.sel(element="bisphosphonate")[-1]) / float(result["volume"].sum())
    assert drug == pytest.approx(0.3 * series(result, "adsorbed_bisphosphonate")[before], rel=1e-9)
    assert result.manifest["ledger_residual"] < 1e-12


def test_what_is_cut_out_is_in_the_ledger():
    base = sim.scenario("infarct_myocardium").with_resolution(0.05).with_(duration="3 day")
    base = base.with_parameters({"plasma.PPi": "0.1 uM"})
    result = sim.simulate(base.treated("excision", "2 day"), rtol=1e-4)
    (cut,) = result.scenario.interventions
    assert cut.region == "lesion"
    k = int(np.flatnonzero(np.isclose(result.t, 2 * DAY))[0])
    inside = np.asarray(result["layer"] == "lesion")
    solids = np.asarray(result["Ca_in_mineral"])
    assert solids[k, inside].max() > 0.1 and solids[k + 1, inside].max() == 0.0
    assert solids[k + 1, ~inside] == pytest.approx(solids[k, ~inside])
    ledger = result.ledger()["amount"].sel(element="Ca", pool="interventions")
    assert float(ledger[k]) == 0.0 and float(ledger[-1]) < 0.0
    assert result.manifest["ledger_residual"] < 1e-10


def test_values_follow_what_is_in_force_without_the_treatment():
    """A binder lowers the phosphate of the scenario that runs; those of one quantity add up, in any order."""
    base = stirred(**{"plasma.PPi": "0.5 uM"})

    def outside(made):
        return next(Builder(made).segments()).system.tables.plasma[list(made.model.mobile).index("P")]

    bound = base.treated("phosphate_binder", dose="0.12 mM")
    assert outside(bound) == pytest.approx(1.38)
    assert outside(bound.changed({"plasma.P": "2 mM"})) == pytest.approx(1.88)
    fed = bound.with_intervention(sim.Intervention(0.0, {"P": "1 mM"}))
    assert outside(fed) == pytest.approx(0.88)

    def PPi(made):  # just after the first dose
        system = next(Builder(made).segments()).system
        system.courses.at(0.0)
        return system.tables.plasma[list(made.model.mobile).index("PPi")]

    one = base.treated("enpp1", dose="1 uM").treated("pyrophosphate", dose="5 uM")
    other = base.treated("pyrophosphate", dose="5 uM").treated("enpp1", dose="1 uM")
    assert PPi(one) == pytest.approx(PPi(other)) == pytest.approx(6e-3)
    assert PPi(base.treated("enpp1", dose="1 uM")) == pytest.approx(1.5e-3)


def test_a_course_ends_and_leaves_what_was():
    made = stirred(duration="4 day").treated("phosphate_binder", "1 day", "2 day", "0.2 mM")
    P = [s.system.tables.plasma[1] for s in Builder(made).segments()]
    assert pytest.approx([1.5, 1.3, 1.5]) == P
    assert (
        np.isclose(sim.simulate(made, times=3).t, DAY).sum(),
        np.isclose(sim.simulate(made, times=3).t, 2 * DAY).sum(),
    ) == (2, 2)


def test_alkali_and_acid_keep_the_carbon_dioxide_of_plasma():
    """C times 10^dose at a pH higher by the dose: CO2 is (C - CO2)/10^(pH - pK), about the same."""
    base = stirred()
    for name, pH in (("alkalinisation", 7.5), ("acid_load", 7.3)):
        made = base.treated(name, dose=0.1)
        system = next(Builder(made).segments()).system
        C = system.tables.plasma[list(made.model.mobile).index("C")]
        fluids = [
            sim.speciate(pH=7.4, C=25, Na=139, Cl=108, K=4),
            sim.speciate(pH=pH, C=float(C), Na=139, Cl=108, K=4),
        ]
        assert fluids[1].species["CO2"] == pytest.approx(fluids[0].species["CO2"], rel=0.02)


def test_flow_comes_back_where_it_was_lost():
    base = sim.scenario("infarct_myocardium").with_resolution(0.05)
    systems = [s.system for s in Builder(base.treated("reperfusion", "1 h", dose="1.5 1/min")).segments()]
    lesion = Builder(base).places.within("lesion")
    flow = [np.asarray(s.tables.perfusion) for s in systems]
    assert flow[1][lesion] == pytest.approx(1.5 / 60) and flow[0][lesion] == pytest.approx(0.03 / 60)
    assert flow[1][~lesion] == pytest.approx(flow[0][~lesion])


def test_fewer_cells_bring_less_acid():
    base = stirred(duration="1 h", **{"pot.recruits": 1.0, "acid.inflammation": "40 mM"})
    made = sim.simulate(base.treated("anti_inflammatory", "30 min", dose="75 %"), times=5)
    k = int(np.flatnonzero(np.isclose(made.t, 1800.0))[0])
    assert series(made, "recruits")[k + 1] == pytest.approx(0.25 * series(made, "recruits")[k])
    gone = float(
        made.ledger()["amount"].sel(element="acidity", pool="interventions")[-1] / made["volume"].sum()
    )
    assert gone == pytest.approx(-0.75 * 40.0 * series(made, "recruits")[k], rel=1e-9)
    assert made.manifest["ledger_residual"] < 1e-12


def test_a_treatment_of_what_is_not_there_is_refused_when_it_runs():
    made = stirred().with_intervention(sim.Intervention(0.0, treatment="etidronate"))
    with pytest.raises(ScenarioError, match=r"has no bisphosphonate.*needs parts = \['bisphosphonate'\]"):
        sim.simulate(made)


def test_more_than_all_there_is_is_refused_before_the_run():
    """And not when it comes to it, with all that was computed lost."""
    seen = []
    with pytest.raises(ScenarioError, match="take a smaller dose"):
        sim.simulate(stirred().treated("lavage", "1 day", dose=3), progress=lambda t, n: seen.append(t))
    assert not seen


def test_courses_are_drawn_over_time_with_their_dose():
    made = (
        stirred(duration="4 day")
        .treated("phosphate_binder", "1 day", "2 day", "0.2 mM")
        .treated("lavage", "3 day")
    )
    words = {(e.start / DAY, e.end / DAY): e.words for e in events(sim.simulate(made, times=5))}
    assert words == {(1.0, 2.0): "phosphate binder 0.2 mM", (3.0, 3.0): "lavage 0.5"}


LIGANDS = ("citrate", "edta", "thiosulfate")


def test_EDTA_dissolves_and_thiosulfate_does_not():
    """Lei 2013: EDTA dissolves apatite, thiosulfate was not effective. Calcium that leaves goes with EDTA."""
    base = stirred(LIGANDS, duration="10 day", **{"pot.HAP": "5 mM", "plasma.citrate": "0.1 mM"})
    plain, edta, salt = (
        sim.simulate(s, times=9, rtol=1e-6)
        for s in (base, steady(base, "edta", 5.0), steady(base, "thiosulfate", 5.0))
    )
    assert last(edta, "HAP") < 1.0
    assert (np.diff(series(salt, "HAP")) > 0).all()
    grown = [last(r, "HAP") - 5.0 for r in (plain, salt)]
    assert 0.5 * grown[0] < grown[1] < grown[0]  # a little calcium is bound, so a little less grows
    for r in (plain, edta, salt):
        assert r.manifest["ledger_residual"] < 1e-12


def test_EDTA_carries_a_calcium_each():
    """In a closed fluid 10 mM carry 0.921 Ca each by PHREEQC, 0.7 mM of magnesium taking its share."""
    given = {"pot.perfusion": 0.0, "plasma.Ca": "0.01 mM", "plasma.P": "0.1 mM", "plasma.EDTA": "10 mM"}
    base = stirred(LIGANDS, duration="200 day", **given, **{"pot.HAP": "5 mM", "pot.pH_hold": 7.4})
    result = sim.simulate(base, times=5)
    gained = last(result, "Ca") - 0.01
    assert gained / 10.0 == pytest.approx(0.921, abs=0.02)
    assert last(result, "HAP") < 5.0


def test_citrate_of_plasma_stays_where_none_is_given():
    base = stirred(duration="1 day")
    for made, level in ((base.treated("citrate", "2 h", "3 h"), 0.13), (base.treated("citrate"), 0.23)):
        result = sim.simulate(made, times=3)
        assert last(result, "citrate") == pytest.approx(level, rel=1e-3)


def plasma(made, species, times):
    """What plasma holds at times [s], from the segment that each lies in."""
    segments, k = list(Builder(made).segments()), list(made.model.mobile).index(species)
    found = []
    for t in times:
        system = next(s.system for s in reversed(segments) if s.start <= t)
        system.courses.at(t)
        found.append(float(system.tables.plasma[k]))
    return np.array(found)


def test_a_dose_decays_and_the_next_one_brings_the_level_back():
    """2^(-t/h) of the dose in plasma after each; after the last one too, past the end of the course."""
    made = stirred(BOTH, duration="8 day").treated("etidronate", "1 day", "3.5 day", "4 uM")
    half = 3 * HOUR
    assert plasma(made, "bisphosphonate", [0.0, DAY - 1.0]) == pytest.approx([0.0, 0.0])
    t = DAY + np.array([0.0, 1.0 * HOUR, 3.7 * HOUR, 23.2 * HOUR, 24 * HOUR, 26 * HOUR, 59 * HOUR])
    found = plasma(made, "bisphosphonate", t)
    assert found == pytest.approx(4e-3 * 2.0 ** (-((t - DAY) % DAY) / half), rel=1e-4)
    after = 3 * DAY + np.array([11.9, 12.0, 12.1, 20.0, 40.0, 59.9]) * HOUR
    found = plasma(made, "bisphosphonate", after)
    assert found == pytest.approx(4e-3 * 2.0 ** (-(after - 3 * DAY) / half), rel=1e-4)
    assert plasma(made, "bisphosphonate", 3 * DAY + np.array([60.1, 100.0]) * HOUR).max() == 0.0


def test_what_is_kept_up_falls_by_its_half_life_to_what_plasma_has_of_its_own():
    """own + (dose - own) 2^(-t/h) from the end on: pyrophosphate, infused for a day."""
    made = stirred(duration="3 day", **{"plasma.PPi": "1.5 uM"})
    made = made.treated("pyrophosphate", "1 day", "2 day", "5 uM")
    half = sim.treatment("pyrophosphate").half_life.si
    t = 2 * DAY + np.array([-DAY, -1.0, 0.0, 0.5, 1.0, 3.3, 19.9, 20.1]) * np.array([1, 1, *[half] * 6])
    exact = 1.5e-3 + 3.5e-3 * 2.0 ** (-np.maximum(t - 2 * DAY, 0.0) / half)
    assert plasma(made, "PPi", t) == pytest.approx(exact, rel=1e-5)
    assert plasma(made, "PPi", [0.0, 2.9 * DAY]) == pytest.approx([1.5e-3, 1.5e-3], rel=1e-12)


@pytest.mark.parametrize(
    ("name", "species", "stop"), [("phytate", "phytate", "9 day"), ("enpp1", "PPi", "23 day")]
)
def test_the_exposure_of_each_dose_is_that_of_its_whole_decay(name, species, stop):
    """Level over time, added up, is dose h/ln 2 for the last dose, and that times 1 - 2^(-T/h) for each that
    another follows after T."""
    given = sim.treatment(name)
    half, each = given.half_life.si, given.interval.si
    made = stirred(BOTH, duration="120 day", **{"plasma.PPi": 0.0}).treated(name, "1 day", stop, dose=1.0)
    count = len(given.doses(DAY, made.interventions[0].until))
    assert count > 2
    edges = np.unique([*(DAY + each * np.arange(count)), DAY + each * (count - 1) + 22 * half])
    x, w = np.polynomial.legendre.leggauss(40)
    exposure = 0.0
    for a, b in zip(edges, edges[1:], strict=False):
        fine = np.linspace(a, min(b, a + 22 * half), 12)
        for c, d in zip(fine, fine[1:], strict=False):
            exposure += 0.5 * (d - c) * float(w @ plasma(made, species, 0.5 * (c + d) + 0.5 * (d - c) * x))
    whole = half / math.log(2)
    followed = -math.expm1(-math.log(2) * each / half)
    assert exposure == pytest.approx(whole * (1 + (count - 1) * followed), rel=1e-4)


def test_a_drug_is_in_tissue_as_long_as_its_tail_brings_it():
    """Water behind capillaries, q (c_p - c): after an infusion c = q/(q - k) (e^-kt - e^-qt) + e^-qt, with
    k = ln 2/h. Nothing is bound where there are no crystals, and all that came is in the ledger."""
    base = stirred(duration="1 day", **{"pot.HAP": 0.0, "plasma.PPi": 0.0, "plasma.Ca": "0.01 mM"})
    base = base.changed({"pyrophosphatase.V_PPi": 0.0, "pot.perfusion": "0.02 1/min"})
    result = sim.simulate(base.treated("pyrophosphate", "1 h", "14 h", "5 uM"), times=97, rtol=1e-7)
    q, k = 0.02 / 60, math.log(2) / sim.treatment("pyrophosphate").half_life.si
    t = result.t - 14 * HOUR
    after = t > 1.0
    exact = 5e-3 * (q / (q - k) * (np.exp(-k * t) - np.exp(-q * t)) + np.exp(-q * t))[after]
    assert series(result, "PPi")[after] == pytest.approx(exact, rel=1e-3, abs=1e-8)
    assert exact[-1] < 1e-3 * exact[0] and np.isclose(result.t, 14 * HOUR).sum() == 2
    assert result.manifest["ledger_residual"] < 1e-12


def test_who_goes_on_from_a_run_in_the_tail_ends_as_the_run_does():
    made = stirred(BOTH, duration="30 h").treated("phytate", "0 day", "1 day", "60 uM")
    made = made.changed({"pot.HAP": "0.1 mM"})
    whole = sim.simulate(made, times=["0 h", "1 day", "26 h", "30 h"], rtol=1e-8)
    for at in ("26 h", "1 day"):
        rest = sim.simulate(made, start=whole, at=at, times=9, rtol=1e-8)
        for name in ("HAP", "phytate", "adsorbed_phytate"):
            assert last(rest, name) == pytest.approx(last(whole, name), rel=1e-4, abs=1e-8), name


SMALLER = {
    "phytate": (0.0, ("0 h", "30 min", "60 uM"), ("1 h", "90 min", "15 uM")),
    "pyrophosphate": (1.5e-3, ("0 h", "6 h", "20 uM"), ("6 h", "6.1 h", "2 uM")),
}


@pytest.mark.parametrize("name", SMALLER)
def test_a_smaller_course_takes_nothing_away_and_plasma_never_rises_after_it(name):
    """d ln(c - own)/dt = -ln 2/h from the end of the larger course on: the smaller one stays below it."""
    own, larger, smaller = SMALLER[name]
    made = stirred(BOTH, duration="8 h", **{"plasma.PPi": "1.5 uM"})
    made = made.treated(name, *larger).treated(name, *smaller)
    species, half = {"phytate": "phytate", "pyrophosphate": "PPi"}[name], sim.treatment(name).half_life.si
    t = np.linspace(0.0, 8 * HOUR, 1600, endpoint=False)
    found = plasma(made, species, t)
    assert (np.diff(found) <= 1e-12).all()
    falls = (t >= (6.0 if name == "pyrophosphate" else 0.0) * HOUR) & (found - own > 1e-5)
    rate = np.diff(np.log(found[falls] - own)) / np.diff(t[falls])
    assert rate == pytest.approx(-math.log(2) / half, rel=2e-3)


@pytest.mark.parametrize(
    ("name", "species", "dose"), [("enpp1", "PPi", "1 uM"), ("pyrophosphate", "PPi", "5 uM"),
                                  ("etidronate", "bisphosphonate", "4 uM")],
)  # fmt: skip
def test_courses_end_to_end_are_one_course(name, species, dose):
    """The second brings plasma to its dose, as the next one of a single course does, and not above it."""
    base = stirred(BOTH, duration="30 day", **{"plasma.PPi": "1 uM"})
    one = base.treated(name, "0 day", "14 day", dose)
    two = base.treated(name, "0 day", "7 day", dose).treated(name, "7 day", "14 day", dose)
    t = np.unique(
        [*np.linspace(0.0, 30 * DAY, 400, endpoint=False), *DAY * np.array([6.999, 7.0, 7.001, 14.0])]
    )
    whole, parts = plasma(one, species, t), plasma(two, species, t)
    assert parts == pytest.approx(whole, rel=2e-6, abs=1e-12)  # as near as the curve of a decay is
    if name == "enpp1":
        assert parts[t == 7 * DAY] == pytest.approx(2e-3, rel=1e-9)


def stepped(courses, own, half, interval, times, step):
    """Plasma in small steps [s]: it falls to its own by the half-life, and what is given brings it up.

    Of courses (start, end, level) the one that began last is given: all the time, or at each interval."""
    level, found = own, []
    for k in range(int(times[-1] / step) + 2):
        level = own + (level - own) * 2.0 ** (-step / half if k else 0.0)
        now = max(k - 0.5, 0.0) * step if interval is None else k * step
        running = [c for c in courses if c[0] <= now < c[1]]
        if running and (interval is None or (now - running[-1][0]) % interval < 0.5 * step):
            level = max(level, running[-1][2])
        found.append(level)
    return np.interp(times, step * np.arange(len(found)), found)


@pytest.mark.parametrize("name", ["pyrophosphate", "enpp1"])
def test_courses_that_overlap_are_those_of_small_steps(name):
    """A larger course within one that lasts, then a smaller one: the last is given, and what lasts comes back
    as the tail of the larger has washed out below it, or with its next dose."""
    unit = HOUR if name == "pyrophosphate" else 7 * DAY
    base = stirred(BOTH, duration=14 * unit, **{"plasma.PPi": "1 uM"})
    rows = [(0.0, 14.0, 5.0), (2.0, 3.0, 20.0), (8.0, 11.0, 3.0)]  # the first lasts
    for start, end, level in rows:
        until = None if end == 14.0 else end * unit
        gained = level - 1.0 if name == "enpp1" else level
        base = base.treated(name, start * unit, until, f"{gained} uM")
    given = sim.treatment(name)
    half, interval = given.half_life.si, given.interval.si if given.interval else None
    t = unit * (np.arange(14 * 40) / 40 + 1 / 80)
    courses = [(a * unit, b * unit, 1e-3 * level) for a, b, level in rows]
    exact = stepped(courses, 1e-3, half, interval, t, unit / 360)
    assert plasma(base, "PPi", t) == pytest.approx(exact, rel=1e-3)


def test_many_doses_are_their_mean_and_a_sentence_says_so():
    made = stirred(BOTH, duration="200 day").treated("etidronate")
    assert any("200 doses, one every 1 day, are more than the 100" in note for note in treatment_notes(made))
    (segment,) = Builder(made).segments()
    k = list(made.model.mobile).index("bisphosphonate")
    given = sim.treatment("etidronate")
    assert segment.system.tables.plasma[k] == pytest.approx(given.mean(1e-3))
    ends = stirred(BOTH, duration="300 day").treated("etidronate", "0 day", "200 day")
    assert any("the last one, which is followed" in note for note in treatment_notes(ends))
    t = DAY * np.array([100.0, 198.9, 199.0, 199.5, 201.0])
    exact = np.where(t < 199 * DAY, given.mean(1e-3), 1e-3 * 2.0 ** (-(t - 199 * DAY) / given.half_life.si))
    assert plasma(ends, "bisphosphonate", t) == pytest.approx(exact, rel=1e-4)


def test_doses_one_by_one_end_as_runs_that_are_cut_at_each():
    """An independent course: a short step for each twentieth of a half-life, as interventions."""
    base = stirred(BOTH, duration="4 h", **{"pot.HAP": "2 mM"})
    quick = base.treated("phytate", dose="60 uM")
    half, dose = sim.treatment("phytate").half_life.si, 0.06
    times = half / 20 * (np.arange(400) + 0.5)
    steps = [sim.Intervention(max(t - half / 40, 0.0), {"phytate": dose * 2 ** (-t / half)}) for t in times]
    cut = base.with_intervention(*[s for s in steps if s.at < 4 * HOUR])
    found = [sim.simulate(s, times=3, rtol=1e-7) for s in (quick, cut)]
    for name in ("HAP", "phytate", "adsorbed_phytate"):
        assert last(found[0], name) == pytest.approx(last(found[1], name), rel=2e-3)


def test_what_follows_a_course_is_treated_along_it():
    """A binder takes its dose from phosphate that rises; ENPP1 adds its doses to pyrophosphate that falls."""
    base = stirred(duration="4 day").with_course("plasma.P", ["0 day", "4 day"], ["1 mM", "2 mM"])
    base = base.with_course("plasma.PPi", ["0 day", "4 day"], ["2 uM", "1 uM"])
    made = base.treated("phosphate_binder", dose="0.2 mM").treated("enpp1", dose="1 uM")
    (segment,) = Builder(made).segments()
    mobile = list(made.model.mobile)
    for t in np.array([0.0, 1.0, 2.5, 3.9]) * DAY:
        segment.system.courses.at(t)
        plasma = segment.system.tables.plasma
        assert plasma[mobile.index("P")] == pytest.approx(0.8 + t / (4 * DAY), rel=1e-9)
        enzyme = 1e-3 * 2.0 ** (-t / sim.treatment("enpp1").half_life.si)
        assert plasma[mobile.index("PPi")] == pytest.approx(2e-3 - 1e-3 * t / (4 * DAY) + enzyme, rel=1e-4)


def test_doses_of_a_sweep_side_by_side_are_those_one_by_one():
    base = stirred(BOTH, duration="3 day").treated("etidronate").treated("phosphate_binder", "1 day", "2 day")
    levels = {"etidronate.dose": ("0.5 uM", "40 uM"), "phosphate_binder.dose": ["0.05 mM", "0.2 mM"]}
    measures = {"mineral": sim.measures.mean("HAP")}
    together, alone = (
        sim.sweep(base, sim.sweeps.grid(levels, n=3), measures=measures, lanes=lanes).to_dataframe()
        for lanes in (True, False)
    )
    assert together["mineral"].to_numpy() == pytest.approx(alone["mineral"].to_numpy(), rel=2e-4)
    for _, rows in alone.groupby("phosphate_binder.dose"):
        assert (np.diff(rows.sort_values("etidronate.dose")["mineral"]) < 0).all()
    for _, rows in alone.groupby("etidronate.dose"):
        assert (np.diff(rows.sort_values("phosphate_binder.dose")["mineral"]) < 0).all()


def test_ends_of_courses_are_swept_side_by_side_and_one_by_one():
    """Courses that end at other times, tails and all: the longer the drug is there, the less grows."""
    base = stirred(BOTH, duration="3 day").treated("pyrophosphate", "0 h", "1 day", "5 uM")
    points = sim.sweeps.grid({"pyrophosphate.until": ("2 h", "70 h")}, n=4)
    measures = {"mineral": sim.measures.mean("HAP")}
    together, alone = (
        sim.sweep(base, points, measures=measures, lanes=lanes).to_dataframe() for lanes in (True, False)
    )
    assert together["mineral"].to_numpy() == pytest.approx(alone["mineral"].to_numpy(), rel=2e-4)
    assert (np.diff(alone.sort_values("pyrophosphate.until")["mineral"]) < 0).all()
