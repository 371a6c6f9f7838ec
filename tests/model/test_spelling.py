"""Names of one's own: each goes through everything, or is refused where it is given."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import sim
from sim import plotting as plot
from sim.cli.sweep.stores import without_slashes
from sim.errors import ConfigError, ModelError, ScenarioError

A = sim.Species("a", diffusivity=1e-9)
MODEL = sim.Model((A,))
K = sim.Parameter(1e-6, "1/s")
NO_WORDS = ["my own", "a.b", "2x", "", " a", "a-b", "a/b", "a\nb", "a'b", "$x$", "🙂", "a\u200bb", "x" * 65]
NOT_IN_FORMULAS = ["lambda", "None", "µ", "ﬁ"]  # the last two Python reads as other letters
NO_LINES = [
    "a.b",
    "",
    "  ",
    " a",
    "a ",
    "a/b",
    "a\nb",
    "a\tb",
    "a=b",
    "a[0]",
    "a,b",
    "a'b",
    ": part",
    "x" * 65,
]


def loss(a, k):
    return k * a


def twice(a):
    return 2.0 * a


def field(name):
    return dataclasses.replace(MODEL, fields={name: (0.0, "1", "")})


WORDS = {
    "a species": lambda n: sim.Species(n),
    "a derived quantity": lambda n: sim.Derived("d", twice, outputs=(n,)),
    "a parameter of p": lambda n: sim.Process("p", loss, {"a": -1}, {"k": K, n: K}),
    "a field": field,
}


@pytest.mark.parametrize("name", [*NO_WORDS, *NOT_IN_FORMULAS])
@pytest.mark.parametrize("what", WORDS)
def test_what_no_formula_could_say_is_refused(what, name):
    with pytest.raises(ModelError, match=f"cannot name {what}: "):
        WORDS[what](name)


@pytest.mark.parametrize("name", NO_WORDS)
def test_an_element_a_layer_and_a_region_are_words(name):
    with pytest.raises(ModelError, match="cannot name an element in b"):
        sim.Species("b", contains={name: 1})
    with pytest.raises(ScenarioError, match="cannot name a layer"):
        sim.Scenario("s", MODEL, layers=((name, 3),))
    with pytest.raises(ScenarioError, match="cannot name a region"):
        sim.scenario("infarct_myocardium").with_region(name, sim.shapes.Ellipse(("1 mm", "1 mm")))


@pytest.mark.parametrize("name", ["plasma", "outer", "initial", "region", "random_field", "intervention"])
def test_a_place_cannot_be_called_like_the_beginning_of_other_names(name):
    with pytest.raises(ScenarioError, match=f"'{name}' cannot name a layer: '{name}. ...' is "):
        sim.Scenario("s", MODEL, layers=((name, 3),))


@pytest.mark.parametrize("name", NO_LINES)
def test_a_process_and_a_derived_quantity_are_lines_of_words(name):
    """One with a line break would go on as code in the generated text."""
    with pytest.raises(ModelError, match="cannot name a process: "):
        sim.Process(name, loss, {"a": -1}, {"k": K})
    with pytest.raises(ModelError, match="cannot name a derived quantity: "):
        sim.Derived(name, twice, outputs=("d",))


def test_a_species_cannot_be_the_ph():
    with pytest.raises(ModelError, match="'pH' cannot name a species"):
        sim.Model((sim.Species("pH"),))


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "a\x1b[31mb"])
def test_names_that_are_read_are_one_line(text):
    with pytest.raises(ScenarioError, match="not one line of text"):
        sim.Scenario(text, MODEL)
    with pytest.raises(ScenarioError, match="not one line of text"):
        sim.Intervention(at=1.0, boundary={"a": 1.0}, label=text)


ODD = ("β", "nan", "print", "index", "status", "c", "self", "Öl", "exp")  # allowed, and used by somebody


@pytest.fixture(scope="module")
def odd():
    """A tissue whose parts are all called oddly; each of ODD decays at 1e-6 /s, β at 1.1e-5 from noon on."""
    species = tuple(
        sim.Species(n, diffusivity=1e-9 * (k % 2), contains={"Öl": 1}, unit="mM", description=f"stuff {k}")
        for k, n in enumerate(ODD)
    )
    processes = [
        sim.Process(f"{k}x: (fast) {n}", loss, {n: -1}, {"k": K}, {"a": n}, description=f"how {n} goes")
        for k, n in enumerate(ODD)
    ]
    two = sim.Derived(
        "two: β", twice, inputs={"a": "β"}, outputs=("two_β",), units=("mol/m3",), labels=("2 β",)
    )
    model = sim.Model(species, tuple(processes), (two,), name="odd")
    return sim.Scenario(
        "odd β", model, "slab", (("time", 3), ("None", 3)), outer="closed", duration="1 day",
        parameters={"time.thickness": "1 mm", "None.thickness": "1 mm"}, initial=dict.fromkeys(ODD, 1.0),
        interventions=[sim.Intervention(at="0.5 day", parameters={"0x.k": 1.1e-5}, label="drip (β)")],
    )  # fmt: skip


@pytest.fixture(scope="module")
def run(odd):
    return sim.simulate(odd, times=3, rtol=1e-8, atol=1e-9)


def test_odd_names_that_are_allowed_go_through_a_run(run):
    left = {n: np.exp(-1e-6 * 86400.0) for n in ODD} | {"β": np.exp(-1.2e-5 * 43200.0)}
    for name, value in left.items():
        assert run[name].values[-1] == pytest.approx(np.full(6, value), rel=1e-6)
    assert run["two_β"].values[-1] == pytest.approx(np.full(6, 2 * left["β"]), rel=1e-6)


def test_what_they_are_stands_beside_the_numbers(run):
    """Descriptions and units of one's own parts, as the names of those of the library."""
    assert run["nan"].attrs["long_name"] == "stuff 1, in pore water"
    assert (run["two_β"].attrs["long_name"], run["two_β"].attrs["units"]) == ("2 β", "mol m-3")
    assert {run[n].attrs["units"] for n in ODD} == {"mol m-3"}
    processes = dict(zip(run.tables["process"].values, run.tables["process_description"].values, strict=True))
    assert processes["0x: (fast) β"] == "how β goes"
    species = dict(zip(run.tables["species"].values, run.tables["species_description"].values, strict=True))
    assert species["print"] == "stuff 2"


def test_they_go_through_files_and_tables(run, tmp_path):
    read = sim.load(run.save(tmp_path / "odd.nc"))
    assert all(np.array_equal(read[n].values, run[n].values) for n in (*ODD, "two_β"))
    assert read.tables["process_description"].values.tolist()[0] == "how β goes"
    run.to_csv(tmp_path)
    course = pd.read_csv(tmp_path / "course.csv")
    assert {"mean β [mol m-3]", "total nan [mol]", "total two_β [mol]"} <= set(course.columns)
    profile = pd.read_csv(tmp_path / "profile.csv", keep_default_na=False)
    assert set(profile["layer"]) == {"time", "None"} and "print [mol m-3]" in profile.columns
    frame = run.dataset.to_dataframe()
    assert len(frame) == run.t.size * 6 and set(ODD) <= set(frame.columns)


def test_they_go_through_changes_sweeps_and_pictures(odd, run):
    changed = odd.changed({"1x.k": "2e-6 1/s", "None.cells": 4, "drip (β).at": "0.6 day"})
    assert changed.parameters.si("1x.k") == pytest.approx(2e-6)
    assert dict(changed.layers)["None"] == 4 and changed.interventions[0].at == pytest.approx(0.6 * 86400)
    axes = {"1x.k": ("1e-6 1/s", "3e-6 1/s"), "None.thickness": ("1 mm", "2 mm")}
    table = sim.sweep(odd, sim.sweeps.grid(axes, n=2), measures={"β/nan": sim.measures.mean("β")})
    frame = table.to_dataframe()
    assert list(frame.columns[:3]) == ["1x.k", "None.thickness", "β/nan"] and table.finished.all()
    plot.phase_diagram(table, x="1x.k", y="None.thickness", colour="β/nan").figure.canvas.draw()
    for ax in (plot.course(run, ["β"])[0], plot.kymograph(run, "nan"), plot.profiles(run, ["print"])[0],
               plot.scheme(odd.model), plot.budget(run, "Öl")):  # fmt: skip
        ax.figure.canvas.draw()


@pytest.mark.parametrize("name", ["status", "reason", "wall", "point", "1x.k", "two\nlines"])
def test_a_measure_cannot_take_the_column_of_something_else(odd, name):
    """It stood for the measure, or the measure for it, without a word."""
    design = sim.sweeps.grid({"1x.k": ("1e-6 1/s", "3e-6 1/s")}, n=2)
    with pytest.raises(ConfigError, match="give the measure another|cannot name a measure"):
        sim.sweep(odd, design, measures={name: sim.measures.mean("β")})


def test_a_slash_in_a_name_is_no_folder_of_a_file(tmp_path):
    """Exported to NetCDF, which refuses it; the name stays as words."""
    data = xr.Dataset({"Ca/P": ("point", [1.0, 2.0]), "Ca_P": ("point", [3.0, 4.0])}, {"point": [0, 1]})
    without_slashes(data).to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    read = xr.load_dataset(tmp_path / "x.nc", engine="h5netcdf")
    assert read["Ca_P"].values.tolist() == [3.0, 4.0]
    assert read["Ca_P_"].values.tolist() == [1.0, 2.0] and read["Ca_P_"].attrs["long_name"] == "Ca/P"


@pytest.mark.parametrize(("unit", "sentence"), [("apples", "not a known unit"), ("uM", "give shown_in='uM'")])
def test_amounts_of_ones_own_are_in_si(unit, sentence):
    with pytest.raises(ModelError, match=sentence):
        sim.Species("a", unit=unit)


def test_a_derived_quantity_has_a_unit_that_there_is():
    with pytest.raises(ModelError, match="d: units: .*apples.* not a known unit"):
        sim.Derived("d", twice, units=("apples",))
