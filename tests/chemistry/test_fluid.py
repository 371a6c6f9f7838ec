"""The public face: names, units, sentences, conservation, and the closed batch."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest

from sim.chemistry.batch.equilibrate import equilibrate
from sim.chemistry.constants_sets import constants_set, constants_sets
from sim.chemistry.fluid import speciate
from sim.errors import ConfigError, SpeciationError
from sim.units.constants import N_A

SBF = dict(Ca=2.5, P=1.0, Mg=1.5, Na=142.0, K=5.0, Cl=147.8, C=4.2, SO4=0.5)


def test_scalars_give_floats_and_arrays_keep_their_shape():
    fluid = speciate(pH=7.4, **SBF)
    assert isinstance(fluid.pH, float) and isinstance(fluid.free["Ca"], float)
    assert fluid.converged is True
    pH = np.array([[6.5], [7.0], [7.4]])
    many = speciate(pH=pH, **{**SBF, "Ca": np.array([1.0, 2.5])})
    assert many.SI["HAP"].shape == many.converged.shape == (3, 2)
    for name in ("Ca", "PO4", "CaHPO4"):
        assert many.species[name][2, 1] == pytest.approx(fluid.species[name], rel=1e-12)
    assert many.SI["HAP"][2, 1] == pytest.approx(fluid.SI["HAP"], abs=1e-11)


def test_text_with_units_is_a_total():
    a = speciate(pH=7.4, Ca="2.5 mM", P="1000 uM", Na="0.142 M", Cl=147.8)
    b = speciate(pH=7.4, Ca=2.5, P=1.0, Na=142.0, Cl=147.8)
    assert a.SI["HAP"] == b.SI["HAP"]


def test_elements_acidity_and_charge_are_kept():
    """Species summed by hand give the totals; the charge follows from the totals."""
    fluid = speciate(pH=6.9, citrate=0.3, PPi=0.01, Tris=20.0, EDTA=0.8, thiosulfate=2.0, **SBF)
    m = fluid.species
    assert sum(v for n, v in m.items() if "EDTA" in n) == pytest.approx(0.8, rel=1e-12)
    assert sum(v for n, v in m.items() if "S2O3" in n) == pytest.approx(2.0, rel=1e-12)
    assert sum(v for n, v in m.items() if n.startswith("Ca")) == pytest.approx(2.5, rel=1e-12)
    assert sum(v for n, v in m.items() if "PO4" in n) == pytest.approx(1.0, rel=1e-12)
    assert sum(v for n, v in m.items() if "CO" in n) == pytest.approx(4.2, rel=1e-12)
    assert sum(v for n, v in m.items() if "PPi" in n) == pytest.approx(0.01, rel=1e-12)
    assert sum(v for n, v in m.items() if "citrate" in n) == pytest.approx(0.3, rel=1e-12)
    acidity = (
        m["H"]
        - m["OH"]
        + m["H2PO4"]
        + 2 * m["H3PO4"]
        - m["PO4"]
        + m["CO2"]
        - m["CO3"]
        + m["TrisH"]
        + m["HSO4"]
        + m["CaH2PO4"]
        - m["CaPO4"]
        - m["CaOH"]
        - m["CaCO3"]
        + m["MgH2PO4"]
        - m["MgPO4"]
        - m["MgOH"]
        - m["MgCO3"]
        - m["NaCO3"]
        + m["HPPi"]
        + 2 * m["H2PPi"]
        + 3 * m["H3PPi"]
        + m["Hcitrate"]
        + 2 * m["H2citrate"]
        + 3 * m["H3citrate"]
        + m["CaHcitrate"]
        + m["MgHcitrate"]
        + m["HEDTA"]
        + 2 * m["H2EDTA"]
        + 3 * m["H3EDTA"]
        + 4 * m["H4EDTA"]
        + 5 * m["H5EDTA"]
        + m["CaHEDTA"]
        + m["MgHEDTA"]
    )
    assert fluid.acidity == pytest.approx(acidity, rel=1e-12)
    z = dict(
        Ca=2, P=-2, Mg=2, Na=1, K=1, Cl=-1, C=-1, SO4=-2, citrate=-3, PPi=-4, Tris=0, EDTA=-4, thiosulfate=-2
    )
    total = fluid.acidity + sum(z[n] * v for n, v in fluid.totals.items())
    assert fluid.charge == pytest.approx(total, abs=1e-10)


def test_acidity_gives_back_the_pH():
    pH = np.linspace(4.0, 10.0, 25)
    acidity = speciate(pH=pH, **SBF).acidity
    assert np.max(np.abs(speciate(acidity=acidity, **SBF).pH - pH)) < 1e-10
    assert np.all(np.diff(acidity) < 0)


def test_acid_and_base_move_the_acidity_one_for_one():
    """1 mM HCl raises the acidity by 1 mM, and 50 mM Tris of pH 8 takes it all up."""
    tris = speciate(pH=8.0, Tris=50.0, Cl=20.0)
    more = speciate(acidity=tris.acidity + 1.0, Tris=50.0, Cl=21.0)
    assert more.species["TrisH"] - tris.species["TrisH"] == pytest.approx(1.0, rel=1e-3)


def test_charge_balance_adjusts_chloride():
    fluid = speciate(pH=7.4, charge_balance="Cl", **SBF)
    assert fluid.charge == pytest.approx(0.0, abs=1e-12)
    assert fluid.totals["Cl"] != 147.8
    with pytest.raises(ConfigError, match="negative total of Cl"):
        speciate(pH=7.4, charge_balance="Cl", P=10.0)


def test_temperature_and_set_change_the_answer_and_are_named():
    cold = speciate(pH=7.4, temperature=25, **SBF)
    assert cold.SI["HAP"] == pytest.approx(10.199, abs=1e-3)  # PHREEQC, hap_rec.dat
    other = speciate(pH=7.4, constants="phreeqc", **SBF)
    assert "phreeqc" in repr(other) and "tissue-37C" in repr(cold)
    assert speciate(pH=7.4, **SBF).S["HAP"] / other.S["HAP"] == pytest.approx(10 ** (3.53 / 9), rel=0.02)
    assert other.activity_model == "truesdell-jones"


def test_truesdell_jones_on_the_tissue_set_shifts_the_coefficients_as_published():
    """0.15 m NaCl, 37 C, ion sizes of phreeqc.dat; values computed by PHREEQC."""
    fluid = speciate(pH=7.0, Na=150.0, Cl=150.0, Ca=1e-6, P=1e-6, activity="truesdell-jones")
    for name, expected in (("Ca", -0.468), ("HPO4", -0.492), ("PO4", -1.202), ("Na", -0.120)):
        assert np.log10(fluid.gamma[name]) == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (dict(pH=7.4, Calcium=2.5), "'Calcium' is not a component; there are Ca, P"),
        (dict(pH=7.4, Citrate=1.0), "Did you mean 'citrate'"),
        (dict(pH=7.4, temprature=25), "Did you mean 'temperature'"),
        (dict(pH=15.0, Ca=1), "pH = 15 is outside 0-14"),
        (dict(pH=[7.0, -1.0], Ca=1), "pH = -1 is outside 0-14"),
        (dict(pH=7.4, Ca=-1.0), "Ca = -1 mmol/kgw is negative"),
        (dict(Ca=1.0), "exactly one of them, must be given; neither was"),
        (dict(pH=7.4, acidity=1.0), "both were"),
        (dict(pH=7.4, Ca="2.5 mg"), "Ca = '2.5 mg'"),
        (dict(pH=7.4, constants="tissue"), "Did you mean 'tissue-37C'"),
        (dict(pH=7.4, activity="Davies"), "Did you mean 'davies'"),
        (dict(pH=7.4, Tris=50, constants="minteq.v4"), "constants 'minteq.v4' hold no Tris"),
        (dict(pH=7.4, temperature=310.15), "temperature = 310.15 degC is outside 0-99"),
        (dict(pH=[7.0, 7.4], Ca=[1.0, 2.0, 3.0]), "do not broadcast"),
        (dict(pH=7.4, charge_balance="Ca"), "only Na, K or Cl"),
    ],
)
def test_mistakes_come_back_as_sentences(arguments, sentence):
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        speciate(**arguments)


def test_unknown_species_and_minerals_are_answered_with_the_nearest():
    fluid = speciate(pH=7.4, **SBF)
    with pytest.raises(ConfigError, match="Did you mean 'CaHPO4'"):
        fluid.species["CaHPO"]
    with pytest.raises(ConfigError, match="Did you mean 'HAP'"):
        equilibrate(fluid, "hap")


def test_failures_are_counted_or_named(monkeypatch):
    """The solver has no known failing fluid, so one is forced through its status."""
    from sim.chemistry import fluid as module

    real = module.solve_totals

    def broken(*arguments):
        found = real(*arguments)
        found.status[0] = 1
        return found

    monkeypatch.setattr(module, "solve_totals", broken)
    with pytest.raises(SpeciationError, match="'tissue-37C': the balance of"):
        speciate(pH=7.4, **SBF)
    with pytest.warns(UserWarning, match="1 of 3 fluids"):
        many = speciate(pH=[7.0, 7.2, 7.4], **SBF)
    assert many.converged.tolist() == [False, True, True]
    assert np.isnan(many.SI["HAP"][0]) and np.isfinite(many.SI["HAP"][1:]).all()


def test_absent_components_have_no_saturation():
    fluid = speciate(pH=7.4, Ca=2.5, Cl=5.0)
    assert fluid.SI["HAP"] == -np.inf and fluid.S["HAP"] == 0.0
    assert fluid.free["HPO4"] == 0.0


@pytest.mark.parametrize("mineral", ["HAP", "OCP", "DCPD", "calcite", "ACP2"])
@pytest.mark.parametrize("amount", [0.0, 5.0])
def test_batch_ends_saturated_or_without_solid_and_keeps_all(mineral, amount):
    """SI 0 with solid, <= 0 without; elements and acidity of fluid and solid to 1e-12."""
    rng = np.random.default_rng(3)
    n = 60
    start = speciate(
        pH=rng.uniform(5, 9, n),
        Ca=10 ** rng.uniform(-3, 1.5, n),
        P=10 ** rng.uniform(-3, 1.5, n),
        C=10 ** rng.uniform(-2, 1.5, n),
        Na=140,
        Cl=140,
        citrate=10 ** rng.uniform(-3, 1, n),
    )
    end = equilibrate(start, mineral, amount)
    SI = end.SI[mineral]
    there = end.solid > 0
    assert there.any() and (amount or not there.all())
    assert np.max(np.abs(SI[there])) < 1e-10
    assert np.all(SI[~there] <= 0)
    takes = {
        "HAP": dict(Ca=5, P=3, acidity=-4),
        "OCP": dict(Ca=4, P=3, acidity=-2),
        "DCPD": dict(Ca=1, P=1, acidity=0),
        "calcite": dict(Ca=1, C=1, acidity=-1),
        "ACP2": dict(Ca=1, P=0.74, acidity=-0.52),
    }[mineral]
    for name, count in takes.items():
        before = start.acidity if name == "acidity" else start.totals[name]
        after = end.acidity if name == "acidity" else end.totals[name]
        scale = np.abs(before) + np.abs(count) * (amount + end.solid) + 1e-3
        assert np.max(np.abs(after + count * end.solid - before - count * amount) / scale) < 1e-12


def test_batch_with_nothing_to_do_changes_nothing():
    start = speciate(pH=5.0, Ca=0.1, P=0.1, Na=140, Cl=140)
    end = equilibrate(start)
    assert end.solid == 0.0 and end.pH == pytest.approx(5.0, abs=1e-11)


def test_near_total_precipitation_and_traces():
    """Phosphate of 1 uM taken to 1e-4 of it by 20 mM Ca, and exactly stoichiometric totals."""
    end = equilibrate(speciate(pH=9.5, Ca=20.0, P=1e-3, Na=140, Cl=180))
    assert end.SI["HAP"] == pytest.approx(0.0, abs=1e-10)
    assert 0.0 < end.totals["P"] < 1e-6
    end = equilibrate(speciate(acidity=-30.0, Ca=10.0, P=6.0, Na=140, Cl=160))
    assert end.SI["HAP"] == pytest.approx(0.0, abs=1e-10)
    assert end.solid == pytest.approx(2.0, rel=1e-3)


def test_what_is_left_of_nearly_all_keeps_its_digits():
    """Of 5 mM phosphate 2e-9 stays; the difference of what was and what formed has 7 digits of it."""
    end = equilibrate(speciate(pH=12, Ca=50.0, P=5.0, Na=140, Cl=100))
    held = sum(v for n, v in end.fluid.species.items() if "PO4" in n)
    assert end.totals["P"] < 1e-7
    assert end.totals["P"] == pytest.approx(held, rel=1e-12)


def test_dissolving_into_water_is_congruent():
    """Excess DCPD in pure water: as much Ca as P, acidity still zero, neutral, saturated."""
    end = equilibrate(speciate(acidity=0.0, temperature=25.0), "DCPD", amount=50.0)
    assert end.totals["Ca"] == pytest.approx(end.totals["P"], rel=1e-12)
    assert end.totals["Ca"] > 0.1
    assert end.acidity == pytest.approx(0.0, abs=1e-15)
    assert end.fluid.charge == pytest.approx(0.0, abs=1e-12)
    assert end.SI["DCPD"] == pytest.approx(0.0, abs=1e-10)


def test_constants_are_cited_and_volumes_follow_from_the_unit_cell():
    """Each source has an entry, each confidence is one of four; HAP volume from its cell."""
    from importlib.resources import files

    text = (files("sim") / "data" / "constants" / "references.bib").read_text(encoding="utf-8")
    keys = set(re.findall(r"^@\w+\{([^,]+),", text, flags=re.M))
    assert constants_sets()[0] == "tissue-37C" and len(constants_sets()) == 3
    for name in constants_sets():
        s = constants_set(name)
        for item in (*s.species.values(), *s.minerals.values()):
            own = item.source == "this_work" and len(item.note) >= 8
            assert item.source in keys or own, item
            assert item.confidence in {"measured", "derived", "fitted", "assumed"}
    cell = 9.422e-10**2 * 6.880e-10 * np.sqrt(3) / 2  # hexagonal, two formula units of Ca5
    assert constants_set("tissue-37C").minerals["HAP"].molar_volume == pytest.approx(cell / 2 * N_A, rel=1e-3)


def test_reading_constants_does_not_start_the_compiler():
    import subprocess
    import sys

    code = (
        "import sys, sim.chemistry.fluid, sim.chemistry.batch.equilibrate; sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_single_fluids_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        speciate(pH=7.4, **SBF)
