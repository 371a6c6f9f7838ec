"""A parameter has one value: formulas of one group share it or are told that they do not agree."""

import dataclasses
import math

import pytest

import sim
from sim.errors import ModelError

SPECIES = (sim.Species("A", initial=1.0), sim.Species("B", initial=1.0))


def loss_of_A(A, k):
    return k * A


def loss_of_B(B, k):
    return k * B


def own(name, formula, species, k, unit="1/s"):
    return sim.Process(name, formula, {species: -1}, {"k": sim.Parameter(k, unit, source="x")})


@pytest.mark.parametrize("name", ["necrosis"])
def test_a_number_that_differs_from_the_librarys_is_refused(name):
    model = sim.library.model()
    taken = own("x", loss_of_A, "Ca", 1e-4).parameters["k"]
    key = next(n for n in model.parameters if n.startswith("necrosis.")).partition(".")[2]

    def sink(Ca, rate):
        return rate * Ca

    process = sim.Process(name, sink, {"Ca": -1}, {key: taken}, {"rate": f"necrosis.{key}"})
    with pytest.raises(ModelError, match=rf"necrosis\.{key} is .* in '{name}'"):
        model.with_process(process)


def decayed(model, **given):
    """A and B after an hour."""
    values = {"tissue.thickness": "1 mm", **given}
    tissue = sim.Scenario("decay", model, layers=[("tissue", 2)], duration=3600.0, parameters=values)
    r = sim.simulate(tissue, times=2, rtol=1e-8)
    return [float(r[name][-1].mean()) for name in ("A", "B")]


def test_two_of_one_group_that_differ_act_with_their_own():
    """First-order decay: A = exp(-k t), for each its own k, under its own name."""
    one, two = own("mine: A", loss_of_A, "A", 1e-4), own("mine: B", loss_of_B, "B", 5e-4)
    model = sim.Model(SPECIES, (one, two))
    assert set(model.parameters) == {"mine: A.k", "mine: B.k"}
    assert decayed(model) == pytest.approx([math.exp(-1e-4 * 3600), math.exp(-5e-4 * 3600)], rel=1e-5)
    changed = decayed(model, **{"mine: B.k": "1e-4 1/s"})
    assert changed == pytest.approx([math.exp(-1e-4 * 3600)] * 2, rel=1e-5)
    agreed = sim.Model(SPECIES, (one, own("mine: B", loss_of_B, "B", 1e-4)))
    assert set(agreed.parameters) == {"mine.k"}


def test_one_of_the_librarys_group_acts_with_its_own_and_leaves_the_librarys_alone():
    library = sim.library.model()
    key = next(n for n in library.parameters if n.startswith("necrosis.")).partition(".")[2]

    def sink(Ca, p):
        return p * Ca

    parameters = {key: own("x", loss_of_A, "Ca", 1e-4).parameters["k"]}
    process = sim.Process(
        "necrosis: of mine", sink, {"Ca": -1}, parameters, {"p": f"necrosis: of mine.{key}"}
    )
    model = library.with_process(process)
    assert model.parameters.si(f"necrosis.{key}") == library.parameters.si(f"necrosis.{key}")
    assert model.parameters.si(f"necrosis: of mine.{key}") == 1e-4


def test_the_same_number_in_another_unit_is_another_parameter_only_if_the_dimension_differs():
    one, minutes = own("mine: A", loss_of_A, "A", 1.0), own("mine: B", loss_of_B, "B", 60.0, "1/min")
    assert sim.Model(SPECIES, (one, minutes)).parameters["mine.k"].si == 1.0
    other = sim.Model(SPECIES, (one, own("mine: B", loss_of_B, "B", 1.0, "m/s")))
    assert other.parameters["mine: A.k"].unit == "1/s" and other.parameters["mine: B.k"].unit == "m/s"


def test_a_derived_quantity_and_shared_parameters_take_part():
    fast = sim.Parameter(2.0, "1/s")
    helper = sim.Derived("mine: speed", loss_of_A, {"k": fast}, outputs=("speed",))
    one = own("mine: A", loss_of_A, "A", 1.0)
    assert sim.Model(SPECIES, (one,), (helper,)).parameters.si("mine: speed.k") == 2.0
    shared = sim.parameters.Parameters({"mine.k": fast})
    apart = sim.Model(SPECIES, (one,), shared=shared).parameters
    assert (apart.si("mine.k"), apart.si("mine: A.k")) == (2.0, 1.0)
    with pytest.raises(ModelError, match=r"mine\.k is 2 .* in the shared parameters"):
        sim.Model(SPECIES, (own("mine", loss_of_A, "A", 1.0),), shared=shared)


def test_a_solid_with_the_volume_name_of_another_is_refused():
    model = sim.library.model()
    held = next(s for s in model.solids if s.solid.volume_name == f"mineral.V_{s.name}")
    doubled = dataclasses.replace(held.solid, volume=held.solid.volume.at(2 * held.solid.volume.si))
    twin = sim.Species("twin", solid=doubled)
    with pytest.raises(ModelError, match=rf"{held.solid.volume_name} is .* in the solid twin"):
        model.with_species(twin)


def test_a_process_replaced_by_name_brings_its_own_number():
    model = sim.Model(SPECIES, (own("mine", loss_of_A, "A", 1e-4),))
    assert model.with_process(own("mine", loss_of_A, "A", 3e-4)).parameters.si("mine.k") == 3e-4


def test_each_group_acts_with_its_own_number():
    """First-order decay: A = exp(-k t)."""
    model = sim.Model(SPECIES, (own("one", loss_of_A, "A", 1e-4), own("two", loss_of_B, "B", 5e-4)))
    assert decayed(model) == pytest.approx([math.exp(-k * 3600.0) for k in (1e-4, 5e-4)], rel=1e-5)
