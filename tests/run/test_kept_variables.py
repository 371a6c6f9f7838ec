"""A run that keeps some variables has these, the same numbers, and all that the ledger needs."""

import numpy as np
import pytest
from reference import busy

import sim
from sim.errors import ScenarioError

ALWAYS = {"volume", "layer"}  # what is no variable of the run but says where its values are


@pytest.fixture(scope="module")
def short():
    return busy("slab", {"lesion": 4, "border": 2}).with_(outer="fixed", duration="6 h")


@pytest.fixture(scope="module")
def whole(short):
    return sim.simulate(short, times=4)


@pytest.mark.parametrize("names", [["HAP", "pH"], "SI_HAP", ("Ca_in_mineral", "HAP", "HAP")])
def test_a_run_keeps_the_variables_that_were_asked_for_and_no_others(short, whole, names):
    some = sim.simulate(short, times=4, variables=names)
    wanted = {names} if isinstance(names, str) else set(names)
    assert set(map(str, some.dataset.data_vars)) == wanted | ALWAYS
    for name in wanted:
        assert np.array_equal(some[name].values, whole[name].values), name
        assert some[name].attrs == whole[name].attrs
    assert np.array_equal(some["ledger"].values, whole["ledger"].values)
    assert set(map(str, whole.dataset.data_vars)) > wanted | ALWAYS


def test_what_is_kept_goes_through_a_file(short, tmp_path):
    some = sim.simulate(short, times=2, variables=["HAP"])
    read = sim.load(some.save(tmp_path / "some.nc"))
    assert set(map(str, read.dataset.data_vars)) == {"HAP"} | ALWAYS
    with pytest.raises(KeyError, match="'Ca'"):
        read["Ca"]


def test_what_a_run_does_not_have_is_refused_before_it(short):
    with pytest.raises(ScenarioError, match="'HPA' is not a variable of this run.* Did you mean 'HAP'"):
        sim.simulate(short, variables=["HPA"])
    with pytest.raises(ScenarioError, match="keeps nothing"):
        sim.simulate(short, variables=[])
