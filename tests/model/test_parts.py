"""Parts of the library: named in a scenario, absent from others; soaps, scar, air, urine by their laws."""

import math

import numpy as np
import pytest

import sim
from sim.chemistry.solids import solids_from
from sim.errors import ConfigError, ScenarioError
from sim.experiment.models import same_model, standard_model
from sim.model.library.parts import named_parts, part_names, parts
from sim.run.dataset import variables
from sim.run.segments import Builder

pytestmark = pytest.mark.filterwarnings("ignore::sim.errors.RangeWarning", "ignore::sim.errors.TissueWarning")
DAY = 86400.0
STIRRED = {
    "plasma.Ca": "2 mM", "plasma.P": "0.001 mM", "plasma.C": "20 mM", "plasma.pH": 7.4, "pot.phi0": 1.0,
}  # fmt: skip


def stirred(*names, duration="2 day", **given):
    """A closed, stirred pot of fluid with these parts."""
    bare = sim.Scenario(
        "pot", sim.library.model(parts=names), "well_mixed", (("pot", 1),), "closed", duration, parts=names
    )
    return bare.changed(STIRRED | given)


def last(result, name):
    return float(np.asarray(result[name])[-1].squeeze())


def test_a_scenario_without_parts_has_none_of_their_species():
    names = {s.name for s in standard_model().species}
    own = {n for p in parts().values() for n in (*p.species, *p.solids)}
    assert own and not names & own
    every = {s.name for s in sim.library.model(parts=part_names()).species}
    assert own <= every


def test_names_of_parts_are_read_from_lists_and_texts_and_refused_in_a_sentence():
    assert named_parts(" soaps ,scar") == named_parts(["soaps", "scar", "soaps"]) == ("scar", "soaps")
    assert named_parts("none") == named_parts(()) == ()
    with pytest.raises(ConfigError, match="'soap' is not one of.*Did you mean 'soaps'"):
        named_parts(["soap"])
    with pytest.raises(ConfigError, match="is not a list of names"):
        named_parts(3)


def test_parts_come_and_go_by_name_and_are_saved(tmp_path):
    base = sim.scenario("infarct_myocardium")
    made = base.changed({"parts": "soaps", "lesion.fat": "100 mM"})
    assert made.parts == ("soaps",)
    assert "parts: none -> soaps" in made.diff(base)
    again = sim.scenario(made.save(tmp_path / "own.toml"))
    assert again.parts == ("soaps",)
    assert same_model(again.model, made.model)
    assert same_model(made.changed({"parts": "none"}).model, base.model)
    with pytest.raises(ScenarioError, match=r"belongs to parts = \['soaps'\]"):
        base.changed({"soaps.k": "1 /day"})


def test_a_model_of_ones_own_takes_no_parts():
    base = sim.scenario("infarct_myocardium")
    own = base.with_model(base.model.with_species(sim.Species("drug")))
    with pytest.raises(ScenarioError, match="is one of its own"):
        own.changed({"parts": "soaps"})


@pytest.mark.parametrize("part", part_names())
def test_every_name_of_a_part_is_described(part):
    model = sim.library.model(parts=part)
    made = sim.Scenario("pot", model, "well_mixed", (("pot", 1),), "closed", parts=part)
    assert all(len(p.description) > 12 for p in made.parameters.values())
    listed = {row[0] for row in sim.glossary()}
    assert set(variables(Builder(made))) <= listed


def test_soap_ends_at_its_solubility():
    """Ca2+ + 2 HA(oil) = CaA2 + 2 H+ at rest: {Ca} 10^(2 (pH - pK_acid)) = 10^-pK_soap over pure acid."""
    made = stirred(
        "soaps", duration="300 day", **{"pot.fatty_acid": "50 mM", "pot.buffer": "5 mM", "plasma.Ca": "4 mM"}
    )
    result = sim.simulate(made, rtol=1e-8, times=5)
    soap, pH, activity = last(result, "soap"), last(result, "pH"), last(result, "a_Ca")
    assert soap > 0.1
    residue = math.log10(activity) + 2 * (pH - 12.2) + 15.6
    assert abs(residue) < 0.02  # k (1 - Omega^-1/3) is rounded over a width of 0.1
    assert last(result, "SI_soap") == pytest.approx(residue, abs=1e-4)  # 2 log10 of the share of acid in oil
    assert last(result, "fatty_acid") + 2 * soap == pytest.approx(50.0, rel=1e-9)
    held = [
        np.asarray(result["Ca"]) * np.asarray(result["porosity"]),
        *(np.asarray(result[n]) for n in ("soap", "buffer_Ca")),
    ]
    total = sum(h.ravel() for h in held)
    assert total == pytest.approx(total[0], rel=1e-7)
    assert result.manifest["ledger_residual"] < 1e-12


def test_apatite_starts_on_soap():
    """By the law of the other templates, written out: A n exp(-f b) on sites by amount, poisons apart."""
    fluid = {
        "plasma.P": "1.1 mM",
        "pot.inhibitor": 0.0,
        "plasma.PPi": 0.0,
        "pot.citrate": 0.0,
        "pot.soap": "5 mM",
    }
    result = sim.simulate(stirred("soaps", duration="1 s", **fluid), times=2)
    p, first = result.parameters, {n: float(result.array_of(n)[0]) for n in ("SI_HAP", "pH")}
    volume = p["mineral.V_HAP"].si / 6.02214076e23
    surface = (p["nucleation.interfacial_energy"].si / (1.380649e-23 * p["fluid.temperature"].si)) ** 3
    b = 16 * math.pi / 3 * surface * volume**2 / (first["SI_HAP"] * math.log(10)) ** 2
    sites = 5.0 * p["nucleation.sites_precursor"].si
    rate = sites * p["nucleation.A_site"].si * math.exp(-p["nucleation.f_precursor"].si * b)
    rate *= 10 ** (p["nucleation.pH_slope"].si * (first["pH"] - 7.4))
    assert float(result.array_of("nucleation_rate")[0]) == pytest.approx(rate, rel=0.05)
    bare = sim.simulate(stirred("soaps", duration="1 s", **fluid | {"pot.soap": 0.0}), times=2)
    assert float(bare.array_of("nucleation_rate")[0]) < 1e-3 * rate


def test_acid_takes_soap_apart():
    made = stirred("soaps", duration="60 day", **{"pot.soap": "5 mM", "pot.pH_hold": 5.5})
    result = sim.simulate(made, times=5)
    assert last(result, "soap") < 0.01
    assert last(result, "fatty_acid") == pytest.approx(10.0, abs=0.02)


def test_lipase_splits_fat_until_it_is_spent():
    """d fat/dt = -k L fat with L = exp(-t/tau): fat = fat0 exp(-k tau (1 - exp(-t/tau)))."""
    made = stirred("soaps", **{"pot.fat": "100 mM", "pot.lipase": 1.0, "plasma.Ca": "0.0001 mM"})
    result = sim.simulate(made, rtol=1e-8, times=9)
    k, tau = made.parameters.si("soaps.k"), made.parameters.si("soaps.tau_lipase")
    exact = 100.0 * np.exp(-k * tau * (1.0 - np.exp(-result.t / tau)))
    assert np.asarray(result["fat"]).ravel() == pytest.approx(exact, rel=1e-5)


def test_soap_takes_no_room_of_water():
    made = stirred("soaps", **{"pot.soap": "300 mM", "pot.fatty_acid": "100 mM"})
    result = sim.simulate(made.changed({"duration": "1 h"}), times=3)
    assert last(result, "porosity") == pytest.approx(1.0, abs=1e-4)
    full = {"title": "x", "formula": "CaCO3", "ions": {"Ca": 1, "CO3": 1},
            "volume": {"value": 37, "unit": "cm3/mol", "range": [36, 38], "source": "crc",
                       "confidence": "derived"}}  # fmt: skip
    assert solids_from({"x": full}, "x", {})["x"].fills_pores


def test_scar_replaces_dead_tissue_at_one_rate():
    given = {"pot.viable": 0.2, "pot.healing": "0.01 1/day", "pot.lipid": "3 mM", "pot.slow_ester": "0 mM"}
    made = stirred("scar", duration="100 day", **given, **{"plasma.Ca": "0.0001 mM"})
    result = sim.simulate(made, rtol=1e-8, times=6)
    left = np.exp(-0.01 * result.t / DAY)
    assert np.asarray(result["viable"]).ravel() == pytest.approx(1.0 - 0.8 * left, rel=1e-5)
    lipid = np.asarray(result["lipid"]).ravel() + np.asarray(result["bound_Ca"]).ravel()
    assert lipid == pytest.approx(3.0 * left, rel=1e-5)
    assert result.manifest["ledger_residual"] < 1e-12


def test_air_brings_the_fluid_to_its_partial_pressure():
    """At rest the pCO2 that `speciate` computes of the fluid is that of the air, within what separates the
    apparent pK of plasma from the thermodynamic one."""
    made = stirred("air", duration="10 day", **{"pot.ventilation": "1 1/min", "plasma.Ca": "0.0001 mM"})
    result = sim.simulate(made, rtol=1e-8, times=3)
    C, pH = last(result, "C"), last(result, "pH")
    assert C / (1 + 10 ** (pH - 6.1)) == pytest.approx(0.23 * 3.7, rel=1e-5)
    fluid = {"C": last(result, "C"), "pH": pH, "Na": 139, "K": 4, "Cl": 108, "Mg": 0.7}
    assert sim.speciate(**fluid).species["CO2"] == pytest.approx(0.23 * 3.7, rel=0.12)
    assert pH > 7.44  # CO2 lost: it began at 7.4 with 20 mM, 5 kPa
    assert result.manifest["ledger_residual"] < 1e-12


def test_urine_renews_a_lumen():
    """Inside -> outside exponentially with the flow, where nothing precipitates."""
    given = {"pot.urine_flow": "0.001 1/s", "pot.pH_hold": 5.0, "urine.Ca": "3 mM", "urine.P": "4 mM"}
    result = sim.simulate(stirred("urine", duration="2 h", **given), rtol=1e-8, times=5)
    found = np.asarray(result["Ca"]).ravel()
    assert found == pytest.approx(3.0 + (2.0 - 3.0) * np.exp(-0.001 * result.t), rel=1e-5)
    assert result.manifest["ledger_residual"] < 1e-12
