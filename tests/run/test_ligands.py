"""Ligands in runs: apatite in a flask with EDTA, the ledger, the pH of what is given, solvers, lanes."""

from __future__ import annotations

import math

import numpy as np
import pytest

import sim
from sim import library
from sim.chemistry.activity import water_density
from sim.chemistry.batch.equilibrate import equilibrate
from sim.chemistry.pore_water import BACKGROUND
from sim.errors import ConfigError, ModelError
from sim.model.library.parts import LibraryPart
from sim.model.library.quantities import ligands_of, speciation
from sim.model.library.tables import species_from
from sim.parameters import Parameters
from sim.sweeps import driver, grid

TABLE = """
[species.{name}]
description = "{name}, free and in complexes"
diffusivity = 6e-10
contains = {{ {name} = 1 }}
pool = "{name}"
"""
SALT = {"Mg": 0.7, "Na": 180.0, "K": 4.0, "Cl": 140.0}
FLUID = {"Ca": 0.01, "P": 0.1, "C": 1.0, "pH": 7.4}


def dissolves(ln_omega_HAP, HAP, k):
    """Hydroxyapatite that forms, or dissolves where this is negative [mol m-3 s-1]."""
    return k * HAP * math.expm1(ln_omega_HAP / 9.0)


def flask(ligand, level, duration="2 h"):
    """A closed stirred litre with 20 mM apatite that reacts both ways, and nothing else."""
    numbers = {f"fluid.{b}": sim.Parameter(SALT[b], "mol/m3", source="test") for b in BACKGROUND}
    numbers["fluid.temperature"] = sim.Parameter(310.15, "K", source="test")
    contains = {"H": {"acidity": 1}, "HAP": {"Ca": 5, "P": 3, "acidity": -4}}
    species = [
        sim.Species(n, diffusivity=1e-9, contains=contains.get(n, {n: 1}), signed=n == "H")
        for n in ("Ca", "P", "C", "H", ligand)
    ]
    law = sim.Process(
        "apatite", dissolves, {"Ca": -5, "P": -3, "H": 4, "HAP": 1},
        {"k": sim.Parameter(1e-2, "1/s", source="test")},
    )  # fmt: skip
    water = speciation("tissue-37C", ("HAP",), ligands=(ligand,))
    solid = sim.Species("HAP", contains=contains["HAP"])
    model = sim.Model((*species, solid), (law,), (water,), shared=Parameters(numbers))
    initial = {**FLUID, ligand: level, "HAP": 20.0}
    return sim.Scenario("flask", model, "well_mixed", [("flask", 1)], "closed", duration, initial=initial)


@pytest.mark.parametrize(
    ("ligand", "level"), [("EDTA", 10.0), ("EDTA", 60.0), ("citrate", 30.0), ("thiosulfate", 10.0)]
)
def test_a_flask_ends_at_the_equilibrium_of_a_batch(ligand, level):
    """Totals, apatite and pH to 1e-6, by `equilibrate` of the same; it begins at the pH given."""
    result = sim.simulate(flask(ligand, level), times=5, rtol=1e-8)
    density = water_density(310.15)
    given = {n: 1e3 * v / density for n, v in {**SALT, **FLUID, ligand: level}.items() if n != "pH"}
    start = sim.speciate(pH=FLUID["pH"], **given)
    end = equilibrate(start, "HAP", amount=1e3 * 20.0 / density)
    assert float(result["pH"][0].mean()) == pytest.approx(7.4, abs=1e-8)
    found = {n: float(result[n][-1].mean()) for n in ("Ca", "P", "HAP", "pH", "H", ligand)}
    scale = density / 1e3
    for name in ("Ca", "P", ligand):
        assert found[name] == pytest.approx(end.totals[name] * scale, rel=1e-6), name
    assert found["HAP"] == pytest.approx(end.solid * scale, rel=1e-6, abs=1e-6)
    assert found["pH"] == pytest.approx(end.pH, abs=1e-6)
    assert found["H"] == pytest.approx(end.fluid.acidity * scale, rel=1e-6)
    taken = 20.0 - found["HAP"]
    assert (taken > 1.0) == (ligand == "EDTA")  # a lot by EDTA alone


def of_library(tmp_path, *ligands, **more):
    path = tmp_path / "ligands.toml"
    path.write_text("".join(TABLE.format(name=n) for n in ligands))
    return library.model(reactions=path, ligands=ligands, **more)


def scar(model, **parameters):
    """A stirred scar with apatite, whose cells are dead and whose poisons are out of the way."""
    none = {"tissue.perfusion": 0.0, "tissue.inhibitor": 0.0, "plasma.PPi": 0.0, "tissue.viable": 0.0}
    if "citrate" in model.fields:
        none["tissue.citrate"] = 0.0
    initial = {"pH": 7.4, "HAP": 20.0, "EDTA": 10.0} if "EDTA" in model.mobile else {"HAP": 20.0}
    return (
        sim.scenario("normal_tissue_control").with_geometry("well_mixed")
        .with_model(model, initial=initial).with_(outer="closed", duration="5 day")
        .with_parameters({**none, **parameters})
    )  # fmt: skip


@pytest.fixture(scope="module")
def with_EDTA(tmp_path_factory):
    return of_library(tmp_path_factory.mktemp("EDTA"), "EDTA")


@pytest.fixture(scope="module")
def in_scar(with_EDTA):
    return sim.simulate(scar(with_EDTA), times=6, rtol=1e-6)


def test_edta_takes_apatite_and_is_kept(in_scar, with_EDTA):
    """A pool of its own in the ledger, whose amount stands still; calcium of apatite goes into complexes."""
    ledger = in_scar.ledger()
    assert "EDTA" in ledger["pool"].values and "EDTA" in ledger["element"].values
    of_EDTA = ledger["amount"].sel(element="EDTA")
    kept = of_EDTA.sel(pool="EDTA").values
    assert kept[0] > 0 and np.abs(kept / kept[0] - 1).max() < 1e-12
    assert float(np.abs(of_EDTA.drop_sel(pool="EDTA")).max()) == 0.0
    assert in_scar.manifest["ledger_residual"] < 1e-10
    calcium = ledger["amount"].sel(element="Ca")
    gained = calcium.sel(pool="complexes")[-1] - calcium.sel(pool="complexes")[0]
    assert float(gained) > 0.7 * kept[0] > 0
    assert abs(float(in_scar["SI_HAP"][-1].mean())) < 1e-3 and float(in_scar["HAP"][-1].mean()) < 19.9


@pytest.mark.parametrize("solver", ["bdf", "cvode"])
def test_solvers_agree_with_a_ligand(in_scar, with_EDTA, solver):
    """The slopes of the pore water by EDTA are in the Jacobian that all of them share."""
    other = sim.simulate(scar(with_EDTA), times=6, rtol=1e-6, solver=solver)
    for name in ("HAP", "Ca", "EDTA", "pH"):
        np.testing.assert_allclose(other[name].values, in_scar[name].values, rtol=2e-5)


def test_a_border_feeds_a_slab_with_what_the_fluid_holds(with_EDTA):
    """EDTA outside: a slab of bare water has its level and its pH, which the acidity outside holds."""
    base = sim.scenario("normal_tissue_control").with_model(with_EDTA).with_geometry("slab", {"tissue": 4})
    plain = {n: 0.0 for n in ("tissue.perfusion", "tissue.buffer", "tissue.collagen", "tissue.viable")}
    fluid = {"plasma.EDTA": "5 mM", "plasma.pH": 7.1, "tissue.thickness": "0.2 mm", **plain}
    result = sim.simulate(base.with_parameters(fluid).with_(duration="2 h", outer="fixed"), times=3)
    assert float(result["EDTA"][0].max()) == pytest.approx(5.0, rel=1e-9)
    assert float(result["pH"][0].min()) == pytest.approx(7.1, abs=1e-8)
    np.testing.assert_allclose(result["pH"][-1], 7.1, atol=2e-3)
    np.testing.assert_allclose(result["EDTA"][-1], 5.0, rtol=2e-3)
    inside = sim.simulate(
        base.with_parameters({**fluid, "plasma.EDTA": 0.0}).with_(duration="1 min", initial={"EDTA": "5 mM"}),
        times=2,
    )
    assert float(inside["EDTA"][-1].min()) < 4.5 < float(inside["EDTA"][0].min())


def test_points_in_lanes_have_the_rows_of_points_alone(with_EDTA):
    base = scar(with_EDTA).with_(duration="1 h")
    design = grid({"tissue.EDTA": ("2 mM", "12 mM"), "plasma.Ca": ("1 mM", "1.5 mM")}, n=3)
    base = base.with_parameters({"tissue.EDTA": "10 mM"})
    measures = {"mineral": sim.measures.mean("HAP"), "pH": sim.measures.lowest("pH")}
    found, plain = (
        driver.sweep(base, design, measures=measures, lanes=lanes, rtol=1e-6).to_dataframe()
        for lanes in (True, False)
    )
    assert (found["status"] == "finished").all()
    np.testing.assert_allclose(found[list(measures)], plain[list(measures)], rtol=1e-5)
    assert plain["mineral"].max() - plain["mineral"].min() > 0.3


@pytest.mark.filterwarnings("ignore:constants 'minteq.v4' hold no solubility")
def test_constants_may_be_exchanged_with_what_they_hold(with_EDTA):
    """The ligand stays; SI of apatite in the scar is that of the other set; one without EDTA is refused."""
    other = library.with_constants(with_EDTA, "minteq.v4")
    assert ligands_of(other.derived) == ("EDTA",)
    result = sim.simulate(scar(with_EDTA).changed({"constants": "minteq.v4", "duration": "1 h"}), times=2)
    density = water_density(310.15)
    p, end = result.parameters, {n: float(result[n][-1].mean()) for n in ("Ca", "P", "C", "H", "EDTA")}
    totals = {n: 1e3 * v / density for n, v in end.items()}
    totals |= {b: 1e3 * p.si(f"fluid.{b}") / density for b in BACKGROUND}
    fluid = sim.speciate(acidity=totals.pop("H"), constants="minteq.v4", **totals)
    assert float(result["pH"][-1].mean()) == pytest.approx(fluid.pH, abs=1e-8)
    assert float(result["SI_HAP"][-1].mean()) == pytest.approx(fluid.SI["HAP"], abs=1e-7)
    with pytest.raises(ConfigError, match=r"hold no EDTA.*\(tissue-37C, minteq.v4\)"):
        scar(with_EDTA).changed({"constants": "phreeqc"})


def test_citrate_takes_the_place_of_the_field_that_poisons(tmp_path):
    """Dissolved citrate covers crystals as the field does, and diffuses and binds calcium besides."""
    model = of_library(tmp_path, "citrate")
    assert "citrate" not in model.fields and "citrate" in model.mobile
    ligand = sim.simulate(scar(model, **{"tissue.citrate": "2 mM"}).with_(duration="1 s"), times=2)
    field = sim.simulate(scar(library.model(), **{"tissue.citrate": "2 mM"}).with_(duration="1 s"), times=2)
    of_poison, same = ligand["occupancy"][0], field["occupancy"][0]
    assert float(of_poison.mean()) == pytest.approx(float(same.mean()), rel=1e-12)
    assert float(ligand["Ca_free"][0].mean()) < 0.8 * float(field["Ca_free"][0].mean())


@pytest.mark.parametrize(
    ("ligands", "change", "words"),
    [
        (("EDTA",), {}, None),
        ("EDTA", {}, None),
        (("edta",), {}, "ligand = 'edta' is not one of citrate, EDTA, thiosulfate. Did you mean 'EDTA'"),
        (("thiosulfate",), {}, r"the ligand thiosulfate is no species.*\[species.thiosulfate\]"),
        (("EDTA",), {"diffusivity = 6e-10": ""}, "the ligand EDTA does not diffuse"),
    ],
)
def test_what_cannot_be_a_ligand_is_told(tmp_path, ligands, change, words):
    path, text = tmp_path / "own.toml", TABLE.format(name="EDTA")
    for old, new in change.items():
        text = text.replace(old, new)
    path.write_text(text)
    if words is None:
        assert ligands_of(library.model(reactions=path, ligands=ligands).derived) == ("EDTA",)
        return
    with pytest.raises((ConfigError, ModelError), match=words):
        library.model(reactions=path, ligands=ligands)


def test_a_part_of_the_library_brings_its_ligands(monkeypatch):
    """Beside those named, each once."""
    table = {"diffusivity": 6e-10, "contains": {"EDTA": 1}}
    part = LibraryPart("rinse", "a rinse", species=species_from({"EDTA": table}, "rinse"), ligands=("EDTA",))
    monkeypatch.setattr(library, "library_parts", lambda: {"rinse": part})
    monkeypatch.setattr(library, "named_parts", lambda given: ("rinse",) if given else ())
    assert ligands_of(library.model(parts="rinse").derived) == ("EDTA",)
    assert ligands_of(library.model(parts="rinse", ligands="EDTA").derived) == ("EDTA",)
    assert ligands_of(library.model().derived) == ()
