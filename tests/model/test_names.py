"""Names that results, ledgers and places use cannot be taken by parts of a model."""

import dataclasses

import pytest

import sim
from sim.errors import ModelError
from sim.experiment import scenario_data
from sim.model.words import names
from sim.model.words.naming import quantity_words
from sim.space.geometries import GEOMETRIES


@pytest.fixture(scope="module")
def base():
    return sim.scenario("infarct_myocardium").with_resolution(0.2).with_(duration="1 minute")


@pytest.fixture(scope="module")
def results(base):
    """A line, and a plane of which a field is drawn at random."""
    square = (("4 mm", 4), ("4 mm", 4))
    plane = base.with_geometry("rectangle", domain=square).with_region(
        "lesion", sim.shapes.Ellipse(("1 mm", "1 mm"))
    )
    drawn = plane.with_random_field("collagen", 0.2, "2 mm", seed=1)
    return [sim.simulate(s, times=2) for s in (base, drawn)]


def of_results(result, model):
    """What a dataset and its tables hold beside the names of the model's own parts."""
    own = {*(s.name for s in model.species), *model.quantities, *model.fields}
    parts = (result.dataset, result.tables)
    return {str(n) for part in parts for n in (*part.variables, *part.dims)} - own


def test_every_name_of_a_dataset_is_on_the_list(results, base):
    found = set().union(*(of_results(r, base.model) for r in results))
    assert {"time", "r", "x", "ledger", "HAP_density", "SI_HAP"} <= found
    assert sorted(n for n in found if not names.meaning(n)) == []


def test_what_is_on_the_list_is_in_some_dataset_or_is_an_axis(results, base):
    """Names that results no longer use would forbid what nobody needs."""
    found = set().union(*(of_results(r, base.model) for r in results))
    axes = {a for g in GEOMETRIES.values() for a in g.axes}
    axes |= {f"{a}_{end}" for a in axes for end in ("edge", "edges")}
    assert sorted(set(names.RESULTS) - found - axes) == []


def test_the_pools_that_the_ledger_makes_are_on_the_list(results, base):
    pools = {str(p) for p in results[0].tables["pool"].values}
    own = {s.pool or s.name for s in base.model.species}
    assert sorted(p for p in pools - own if p not in names.POOLS and not p.startswith(names.SUPPLIED)) == []


def test_the_words_of_places_are_those_of_scenarios():
    words = {*scenario_data.SIZES, *scenario_data.OF_PLACES, "cells"}
    assert words - {"pH"} == set(names.PLACES)


@pytest.mark.parametrize(
    "name", ["x", "z_edges", "r_edge", "element", "pool", "process", "species", "contents", "stoichiometry",
             "ledger_residual", "Ca_per_dry_mass", "SI_mine", "S_mine", "ln_omega_mine", "porosity", "t",
             "thickness", "cells", "unaccounted_Ca"],
)  # fmt: skip
def test_a_species_of_such_a_name_is_refused_by_name(name):
    with pytest.raises(ModelError, match=f"'{name}'"):
        sim.Model(species=(sim.Species(name, diffusivity=1e-10),))


@pytest.mark.parametrize("name", ["y", "ledger", "Ca_in_mineral", "S_mine", "SI_HAP", "time"])
def test_so_is_a_derived_quantity_or_one_of_its_outputs(base, name):
    def double(Ca):
        return 2 * Ca

    def two(Ca):
        return Ca, 2 * Ca

    with pytest.raises(ModelError, match=f"'{name}' cannot name a derived quantity"):
        base.model.with_derived(sim.Derived(name, double))
    with pytest.raises(ModelError, match=f"'{name}' cannot name a derived quantity"):
        base.model.with_derived(sim.Derived("pair", two, outputs=("one_Ca", name)))


@pytest.mark.parametrize("name", ["z", "volume", "dry_density", "SI_mine", "t"])
def test_so_is_a_field(base, name):
    with pytest.raises(ModelError, match=f"'{name}'"):
        dataclasses.replace(base.model, fields={**base.model.fields, name: (0.0, "1", "")})


def test_perfusion_may_be_a_field_so_that_formulas_read_it(base):
    assert "perfusion" in dataclasses.replace(base.model, fields=dict(base.model.fields)).fields
    with pytest.raises(ModelError, match="'perfusion'"):
        sim.Model(species=(sim.Species("perfusion", diffusivity=1e-10),))


def test_a_saturation_needs_a_phase_that_there_is(base):
    def always(Ca):
        return 0.0 * Ca

    with pytest.raises(ModelError, match="no phase 'HPA'; .* Did you mean 'HAP'"):
        sim.Model(base.model.species[:1], derived=(sim.Derived("ln_omega_HPA", always),))


@pytest.mark.parametrize("pool", ["ions", "interventions", "supplied by me"])
def test_a_pool_that_the_ledger_makes_is_refused(pool):
    with pytest.raises(ModelError, match=f"the pool '{pool}'"):
        sim.Model(species=(sim.Species("bound", contains={"Ca": 1}, pool=pool),))


@pytest.mark.parametrize(("place", "argument"), [("plasma", "Ca"), ("lesion", "radius"), ("border", "pH")])
def test_a_process_called_like_a_place_never_takes_its_quantity(base, place, argument):
    def sink(P, rate):
        return rate * P

    own = sim.Process(
        place, sink, {"P": -1}, {argument: sim.Parameter(1e-4, "1/s")}, {"rate": f"{place}.{argument}"}
    )
    with pytest.raises(sim.errors.ConfigError, match=f"{place}.{argument} is a parameter of the model and"):
        base.with_model(base.model.with_process(own))


def test_a_phase_is_called_by_its_own_solid_before_others_that_are_judged_as_it_is():
    """Colloid dissolves below ACP1 as fresh ACP does; the index of the phase is not the colloid's."""
    said = quantity_words(sim.library.model(), "SI_ACP1").description
    assert "amorphous calcium phosphate" in said and "colloid" not in said
