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


@pytest.mark.parametrize("name", ["necrosis", "necrosis: of mine"])
def test_a_number_that_differs_from_the_librarys_is_refused(name):
    model = sim.library.model()
    taken = own("x", loss_of_A, "Ca", 1e-4).parameters["k"]
    key = next(n for n in model.parameters if n.startswith("necrosis.")).partition(".")[2]

    def sink(Ca, rate):
        return rate * Ca

    process = sim.Process(name, sink, {"Ca": -1}, {key: taken}, {"rate": f"necrosis.{key}"})
    with pytest.raises(ModelError, match=rf"necrosis\.{key} is .* in '{name}'"):
        model.with_process(process)


def test_two_of_one_group_that_differ_are_refused():
    one, two = own("mine: A", loss_of_A, "A", 1e-4), own("mine: B", loss_of_B, "B", 5e-4)
    with pytest.raises(ModelError, match=r"mine\.k is 0\.0001.* in 'mine: A' and 0\.0005.* in 'mine: B'"):
        sim.Model(SPECIES, (one, two))


def test_the_same_number_in_another_unit_is_another_parameter_only_if_the_dimension_differs():
    one, minutes = own("mine: A", loss_of_A, "A", 1.0), own("mine: B", loss_of_B, "B", 60.0, "1/min")
    assert sim.Model(SPECIES, (one, minutes)).parameters["mine.k"].si == 1.0
    with pytest.raises(ModelError, match=r"mine\.k is 1 1/s .* and 1 m/s"):
        sim.Model(SPECIES, (one, own("mine: B", loss_of_B, "B", 1.0, "m/s")))


def test_a_derived_quantity_and_shared_parameters_take_part():
    fast = sim.Parameter(2.0, "1/s")
    helper = sim.Derived("mine: speed", loss_of_A, {"k": fast}, outputs=("speed",))
    with pytest.raises(ModelError, match=r"mine\.k is 2 .* in 'mine: speed'"):
        sim.Model(SPECIES, (own("mine: A", loss_of_A, "A", 1.0),), (helper,))
    with pytest.raises(ModelError, match=r"mine\.k is 2 .* in the shared parameters"):
        sim.Model(
            SPECIES,
            (own("mine: A", loss_of_A, "A", 1.0),),
            shared=sim.parameters.Parameters({"mine.k": fast}),
        )


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
    tissue = sim.Scenario(
        "decay", model, layers=[("tissue", 2)], duration=3600.0, parameters={"tissue.thickness": "1 mm"}
    )
    r = sim.simulate(tissue, times=2, rtol=1e-8)
    for name, k in (("A", 1e-4), ("B", 5e-4)):
        assert float(r[name][-1].mean()) == pytest.approx(math.exp(-k * 3600.0), rel=1e-5)
