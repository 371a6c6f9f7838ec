"""Measures of a point are taken of plain arrays: numbers to the last bit those of the whole result."""

import pickle
import warnings

import numpy as np
import pytest
import xarray as xr

import sim
from sim import measures
from sim.errors import ConfigError, RangeWarning
from sim.experiment.change import applied
from sim.identity.settings import Settings
from sim.run import record as records
from sim.run.lazy_result import LazyResult
from sim.run.measures import first_above
from sim.run.simulate import solved
from sim.sweeps.design.job import Job, Point
from sim.sweeps.engines.point import run_point

RTOL = 1e-3


def infarct(geometry="sphere", cells=(5, 3), days=1):
    base = sim.scenario("infarct_myocardium").with_(duration=f"{days} day")
    return base.with_geometry(geometry, {"lesion": cells[0], "border": cells[1]})


def stirred():
    base = infarct()
    return sim.Scenario(
        "stirred", base.model, "well_mixed", [("lesion", 1)], "closed", base.duration,
        parameters=base.parameters, initial=base.initial,
    )  # fmt: skip


SCENARIOS = {
    "stirred": stirred,
    "sphere": infarct,
    "slab": lambda: infarct("slab"),
    "square": lambda: infarct("rectangle", (3, 2)),
    "box": lambda: infarct("box", (2, 1)),
    "cut": lambda: infarct().with_intervention(sim.Intervention(at="0.5 day", boundary={"PPi": "20 uM"})),
    "varied": lambda: infarct().with_random_field("collagen", 0.3, "1 mm", seed=3),
}


def space(result):
    return result["volume"].dims


def there(result):
    return result["volume"].where(result["layer"] == "lesion", 0.0)


def held(result, element):
    table = result.tables["ledger"]
    pools = [p for p in table["pool"].values if p != "interventions" and not p.startswith("supplied by")]
    return table.sel(element=element, pool=pools)


# What each measure says in words, in the terms of xarray: another way to the same sums.
OF_XARRAY = {
    "mean": (
        measures.mean("pH"),
        lambda r: ((r["pH"] * r["volume"]).sum(space(r)) / r["volume"].sum(space(r)))[-1],
    ),
    "mean within": (
        measures.mean("HAP", "lesion"),
        lambda r: ((r["HAP"] * there(r)).sum(space(r)) / there(r).sum(space(r)))[-1],
    ),
    "total": (measures.total("Ca_in_mineral"), lambda r: r.total("Ca_in_mineral")[-1]),
    "peak": (measures.peak("HAP"), lambda r: r["HAP"].max(space(r))[-1]),
    "lowest": (measures.lowest("SI_HAP"), lambda r: r["SI_HAP"].min()),
    "volume": (
        measures.volume("Ca", "2 mM"),
        lambda r: r["volume"].where(r["Ca"] > 2.0, 0.0).sum(space(r))[-1],
    ),
    "onset": (
        measures.onset("HAP", "0.01 mg/cm3"),
        lambda r: first_above(
            r["HAP"].max(space(r)).values, r["time"].values, 0.01 / r["HAP"].attrs["molar_mass"]
        ),
    ),
    "contents": (
        measures.contents("P"),
        lambda r: held(r, "P").sum("pool")[-1] / float(r["volume"].sum()),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
def test_measures_of_a_point_are_those_of_the_dataset_to_the_last_bit(name):
    base, inputs = SCENARIOS[name](), {"acid.load": 30.0}
    result = sim.simulate(applied(base, inputs), rtol=RTOL, times=9)
    job = Job(base, {k: m for k, (m, _) in OF_XARRAY.items()}, rtol=RTOL, times=9)
    row = run_point(job, Point(0, job.key(inputs), inputs))
    assert (row["status"], row["reason"]) == ("finished", "")
    # 0.01 mg/cm3 is 1e-2 kg/m3; a conversion may round it
    assert row["measures"].pop("onset") == pytest.approx(float(OF_XARRAY["onset"][1](result)), rel=1e-12)
    assert row["measures"] == {k: float(OF_XARRAY[k][1](result)) for k in row["measures"]}
    assert row["run"] == result.manifest["hash"] and row["statistics"] == result.stats


def test_nothing_is_made_of_a_run_that_no_measure_asks_for(monkeypatch):
    def refused(*_):
        raise AssertionError("made for nobody")

    for name in ("assemble", "assemble_tables", "scenario_text", "parameter_entry"):
        monkeypatch.setattr(records, name, refused)
    found = {"mean": measures.mean("HAP"), "pH": measures.lowest("pH"), "Ca": measures.contents("Ca")}
    job = Job(infarct(), found | {"own": lambda r: float(r["HAP"].max())}, rtol=RTOL, times=3)
    row = run_point(job, Point(0, job.key({}), {}))
    assert row["reason"] == "the measure 'own': AssertionError: made for nobody"
    assert all(row["measures"][name] is not None for name in found) and row["run"]


def test_a_lazy_result_is_the_result():
    base = SCENARIOS["cut"]()
    plain = sim.simulate(base, rtol=RTOL, times=5)
    lazy = LazyResult(solved(base, Settings.of(rtol=RTOL, times=5)))
    assert (lazy.status, lazy.message, lazy.stats) == (plain.status, plain.message, plain.stats)
    assert lazy.t.tolist() == plain.t.tolist() and dict(lazy.parameters) == dict(plain.parameters)
    for name in ("HAP", "pH", "layer", "volume", "time"):
        assert np.array_equal(lazy.array_of(name), plain.array_of(name))
        if name not in ("layer", "volume"):
            assert lazy.attributes_of(name) == plain.attributes_of(name)
    for axis in plain.space:
        assert np.array_equal(lazy.array_of(f"{axis}_edges"), plain[f"{axis}_edges"].values)
    xr.testing.assert_identical(lazy.dataset, plain.dataset)
    xr.testing.assert_identical(lazy.tables, plain.tables)
    own = ("wall_seconds", "memory")
    assert lazy.manifest.keys() == plain.manifest.keys()
    assert all(lazy.manifest[k] == plain.manifest[k] for k in plain.manifest if k not in own)
    assert lazy.only("HAP").dataset.data_vars.keys() == {"HAP", "volume", "layer"}
    xr.testing.assert_identical(pickle.loads(pickle.dumps(lazy)).dataset, plain.dataset)  # noqa: S301
    with pytest.raises(ConfigError, match="Did you mean 'HAP'"):
        measures.mean("HAPP")(lazy)


def test_a_point_beyond_the_range_of_the_chemistry_warns_and_keeps_its_numbers():
    """0.6 M NaCl is beyond Davies' 0.5. What was judged for it leaves no trace in what is measured."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        brine = infarct().with_parameters({"fluid.Na": "600 mM", "fluid.Cl": "600 mM"})
        result = sim.simulate(brine, rtol=RTOL, times=5)
    job = Job(brine, {"pH": measures.mean("pH")}, rtol=RTOL, times=5)
    with pytest.warns(RangeWarning, match="davies are sound to about 0.5"):
        row = run_point(job, Point(0, job.key({}), {}))
    assert row["measures"]["pH"] == measures.mean("pH")(result)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RangeWarning)
        row = run_point(job, Point(0, job.key({}), {}))
    assert row["status"] == "failed" and "davies are sound" in row["reason"]
    record = solved(infarct(), Settings.of(rtol=RTOL, times=5))
    before = record.parts[0][0].system.cells.memory.copy()
    assert record.notes_of_ends() == []
    assert np.array_equal(record.parts[0][0].system.cells.memory, before)


def test_a_point_that_changes_numbers_is_the_scenario_made_anew():
    base = infarct()
    point = applied(base, {"lesion.radius": 2e-3, "acid.load": 30.0})
    whole = base.changed({"lesion.radius": "2 mm", "acid.load": 30.0})
    assert list(point.parameters) == list(whole.parameters) == list(base.parameters)
    assert [p.si for p in point.parameters.values()] == [p.si for p in whole.parameters.values()]
    assert [p.description for p in point.parameters.values()] == [
        p.description for p in whole.parameters.values()
    ]
    assert base.parameters.si("acid.load") != 30.0 and base == infarct()
