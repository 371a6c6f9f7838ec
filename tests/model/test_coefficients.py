"""Coefficients written once a model: numbers as given, names at the parameters of a run."""

import numpy as np
import pytest

import sim
from sim.model.coefficients import Written


def test_names_take_the_numbers_of_a_run_and_several_are_added_up():
    made = Written([2, "-a.x", ("a.x", "b.y", 0.5), -1.5], 2, 2)
    assert made.at({"a.x": 3.0, "b.y": 10.0}).tolist() == [[2.0, -3.0], [13.5, -1.5]]
    assert made.at({"a.x": 4.0, "b.y": 10.0}).tolist() == [[2.0, -4.0], [14.5, -1.5]]  # nothing is kept


def test_contents_and_diffusivities_of_the_library():
    """Hydroxyapatite is Ca5(PO4)3OH; its formula holds five calcium and three phosphorus."""
    model = sim.library.model()
    values = {n: p.si for n, p in model.parameters.items()}
    contents = model.written_contents.at(values)
    hap = [s.name for s in model.species].index("HAP")
    assert contents.shape == (len(model.elements), len(model.species))
    held = dict(zip(model.elements, contents[:, hap], strict=True))
    assert held["Ca"] / held["P"] == pytest.approx(5 / 3)
    mobile = [s for s in model.species if s.mobile]
    found = model.written_diffusivities.at(values)
    assert np.array_equal(found, [values.get(s.diffusivity, s.diffusivity) for s in mobile])
