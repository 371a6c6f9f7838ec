"""Every public call with an argument of a wrong kind ends in a sentence of the package.

Each call below is right as it stands; then one argument at a time is exchanged for each of the strangers.
What is taken all the same must not end in anything but the package's errors either.
"""

import inspect
import warnings

import matplotlib.pyplot
import numpy as np
import pytest

import sim
from sim import plotting as plot
from sim.errors import HapsimError

matplotlib.use("Agg")


class Odd:
    """An object of a class that nothing here knows."""


STRANGERS = (
    None, True, 1j, "", "no such thing", b"bytes", [], [1, 2], ["a", 3], {}, {1: 2}, {"a": [1]}, {"a": None},
    set(), {1, "b"}, object(), Odd, Odd(), len, np.array([1.0, 2.0]), np.array(["a"]), np.zeros((2, 2)),
    float("nan"), float("-inf"), -1, 0, 2.5, range(3), ("a",), np.datetime64("2020-01-01"), 10**400,
)  # fmt: skip


@pytest.fixture(scope="module")
def things(tmp_path_factory):
    """What calls are made with: a scenario, a result on a line and on a plane, a swept table, a folder."""

    base = sim.scenario("infarct_myocardium").with_resolution(0.05).with_(duration="1 min")
    flat = base.with_geometry("rectangle", {"lesion": 3, "border": 1})
    design = sim.sweeps.morris(
        {"lesion.radius": ("3 mm", "5 mm"), "acid.load": ("0 mM", "9 mM")}, n=2, seed=1
    )
    measures = {"Ca": sim.measures.mean("Ca")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = {
            "base": base,
            "line": sim.simulate(base, times=3),
            "flat": sim.simulate(flat, times=2),
            "table": sim.sweep(base, design, measures=measures),
            "folder": tmp_path_factory.mktemp("out"),
        }
    return made


def sink(Ca, k):
    """First-order loss [mol m-3 s-1]."""
    return k * Ca


def calls(t):
    """{name: (function, its arguments)}, all of them right."""
    base, line, flat, folder = t["base"], t["line"], t["flat"], t["folder"]
    k = {"k": sim.Parameter(1e-4, "1/s")}
    process = sim.Process("own sink", sink, changes={"Ca": -1}, parameters=k)
    species = sim.Species("tracer", diffusivity=1e-10)
    fluid = sim.speciate(pH=7.4, Ca=2.5, P=1.0)
    axes = {"lesion.radius": ("3 mm", "5 mm")}
    return {
        "scenario": (sim.scenario, {"name": "tb_caseous"}),
        "load": (sim.load, {"path": line.save(folder / "r.nc")}),
        "speciate": (sim.speciate, {"pH": 7.4, "Ca": 2.5, "temperature": 37.0, "constants": "tissue-37C"}),
        "equilibrate": (sim.equilibrate, {"fluid": fluid, "mineral": "HAP", "amount": 0.0}),
        "memory_forecast": (sim.memory_forecast, {"scenario": base, "solver": "ndf", "outputs": 3}),
        "simulate": (
            sim.simulate,
            {"scenario": base, "solver": "ndf", "rtol": 1e-3, "atol": 1.0, "times": 2, "seed": None},
        ),
        "Parameter": (
            sim.Parameter,
            {"value": 1.0, "unit": "mM", "low": 0.5, "high": 2.0, "source": "this_work",
             "confidence": "assumed", "note": "n"},
        ),
        "Intervention": (
            sim.Intervention,
            {"at": "1 day", "boundary": {"PPi": "2 uM"}, "parameters": {"growth.k": 1e-14},
             "state": {"Ca": 1.0}, "region": "", "excise": False, "label": "x"},
        ),
        "Course": (
            sim.Course, {"of": "plasma.P", "times": ["0 s", "1 day"], "values": ["1 mM", "2 mM"]},
        ),
        "Species": (
            sim.Species,
            {"name": "tracer", "diffusivity": 1e-10, "scale": 1.0, "contains": {"Ca": 1}, "description": "d"},
        ),
        "Process": (sim.Process, {"name": "own", "formula": sink, "changes": {"Ca": -1}, "parameters": k}),
        "Derived": (
            sim.Derived,
            {"name": "own", "formula": sink, "parameters": k, "outputs": ("own",), "units": ("1",)},
        ),
        "library.model": (sim.library.model, {"constants": "tissue-37C", "growth_law": "spiral"}),
        "with_species": (base.model.with_species, [species]),
        "with_process": (base.model.with_process, [process]),
        "without": (base.model.without, ["growth"]),
        "changed": (base.changed, {"values": {"lesion.radius": "4 mm"}}),
        "with_parameters": (base.with_parameters, {"values": {"lesion.radius": "4 mm"}}),
        "with_intervention": (base.with_intervention, [sim.Intervention(at="1 s", boundary={"PPi": 0.0})]),
        "with_course": (
            base.with_course, {"of": "plasma.P", "times": ["0 s", "1 day"], "values": ["1 mM", "2 mM"]},
        ),
        "with_model": (base.with_model, {"model": base.model, "initial": {"Ca": 1.0}}),
        "with_stochastic_nucleation": (
            base.with_stochastic_nucleation, {"seed": 1, "interval": "6 hour", "sample": "10 um"},
        ),
        "with_geometry": (base.with_geometry, {"geometry": "sphere", "cells": {"lesion": 3}, "domain": ()}),
        "with_resolution": (base.with_resolution, {"factor": 1.0}),
        "with_region": (
            base.with_geometry("rectangle").with_region,
            {"name": "lesion", "shape": sim.shapes.Disc("1 mm"), "like": "lesion"},
        ),
        "with_random_field": (
            base.with_random_field,
            {"field": "collagen", "log_sd": 0.5, "correlation_length": "1 mm", "seed": 1, "region": ""},
        ),
        "with_": (
            base.with_,
            {"duration": "1 day", "outer": "closed", "name": "n", "title": "t", "initial": {"Ca": 1.0},
             "geometry": "slab", "layers": base.layers, "interventions": ()},
        ),
        "Scenario": (
            sim.Scenario,
            {"name": "own", "model": base.model, "geometry": "slab", "layers": [("a", 3)], "outer": "closed",
             "duration": "1 day", "parameters": {"a.thickness": "1 mm"}, "initial": {"Ca": 1.0},
             "interventions": ()},
        ),
        "Scenario.save": (base.save, {"path": folder / "s.toml"}),
        "Scenario.diff": (base.diff, {"base": base}),
        "Disc": (sim.shapes.Disc, {"radius": "1 mm"}),
        "Box": (sim.shapes.Box, {"size": ("1 mm", "1 mm")}),
        "Ellipse": (sim.shapes.Ellipse, {"radii": ("1 mm", "2 mm")}),
        "Union": (sim.shapes.Union, [sim.shapes.Disc("1 mm"), sim.shapes.Disc("2 mm")]),
        "measures.mean": (lambda name: sim.measures.mean(name)(line), {"name": "Ca"}),
        "measures.total": (lambda name: sim.measures.total(name)(line), {"name": "Ca"}),
        "measures.peak": (lambda name: sim.measures.peak(name)(line), {"name": "Ca"}),
        "measures.lowest": (lambda name: sim.measures.lowest(name)(line), {"name": "pH"}),
        "measures.onset": (
            lambda name, above: sim.measures.onset(name, above)(line), {"name": "HAP", "above": "1 mM"},
        ),
        "measure of a result": (sim.measures.mean("Ca"), {"result": line}),
        "Result.at": (line.at, {"time": "30 s"}),
        "Result.total": (line.total, {"name": "Ca"}),
        "Result[]": (line.__getitem__, ["Ca"]),
        "Result.save": (line.save, {"path": folder / "x.nc"}),
        "Result.to_csv": (line.to_csv, {"folder": folder / "csv"}),
        "Result.to_dataframe": (line.to_dataframe, {"names": ["Ca"]}),
        "Result.only": (line.only, [["Ca"]]),
        "Result.sel": (line.sel, {"time": "30 s"}),
        "Result.diff": (line.diff, {"other": line}),
        "Result.to_vtk": (flat.to_vtk, {"path": folder / "vtk", "names": ["HAP"]}),
        "Parameters.within": (base.parameters.within, {"prefix": "lesion"}),
        "Parameters.search": (base.parameters.search, {"word": "phosphatase"}),
        "glossary": (sim.glossary, ["HAP"]),
        "model.table": (base.model.table, {"what": "species"}),
        "Parameters.si": (base.parameters.si, {"name": "lesion.radius"}),
        "grid": (sim.sweeps.grid, {"axes": axes, "n": 3}),
        "latin_hypercube": (sim.sweeps.latin_hypercube, {"axes": axes, "n": 3, "seed": 1}),
        "sobol": (sim.sweeps.sobol, {"axes": axes, "n": 4, "seed": 1}),
        "sweeps.morris": (sim.sweeps.morris, {"axes": axes, "n": 3, "seed": 1}),
        "saltelli": (sim.sweeps.saltelli, {"axes": axes, "n": 4, "seed": 1}),
        "sweeps.table": (sim.sweeps.table, {"rows": [{"lesion.radius": "1 mm"}]}),
        "sensitivity.morris": (sim.sensitivity.morris, {"table": t["table"], "measure": "Ca"}),
        "sensitivity.local": (
            sim.sensitivity.local,
            {"scenario": base, "parameters": ["growth.k"], "measures": {"Ca": sim.measures.mean("Ca")}},
        ),
        "calibrate": (
            sim.calibrate,
            {"scenario": base, "data": [("30 s", "Ca", "1.2 mM", "0.1 mM")], "parameters": ["growth.k"],
             "starts": 1, "seed": 0, "profiles": False},
        ),
        "story": (plot.story, {"result": line}),
        "course": (plot.course, {"result": line, "names": ["Ca"]}),
        "profiles": (plot.profiles, {"result": line, "names": ["Ca"], "at": ["30 s"]}),
        "kymograph": (plot.kymograph, {"result": line, "name": "Ca", "scale": "auto", "cmap": None}),
        "budget": (plot.budget, {"result": line, "element": "Ca"}),
        "compare": (plot.compare, {"results": {"a": line}, "measure": sim.measures.mean("Ca"), "ax": None}),
        "plane": (plot.plane, {"result": flat, "name": "Ca", "at": "30 s", "scale": "auto", "cmap": None}),
        "maps": (plot.maps, {"result": flat, "names": ["Ca"], "at": ["30 s"]}),
        "atlas": (plot.atlas, {"result": flat}),
        "colour": (plot.colour, {"name": "HAP"}),
        "tornado": (plot.tornado, {"given": {"growth.k": (1.0, 2.0)}}),
        "scatter": (plot.scatter, {"table": t["table"], "x": "lesion.radius", "y": "Ca"}),
        "parallel": (plot.parallel, {"table": t["table"]}),
        "indices": (plot.indices, {"result": sim.sensitivity.morris(t["table"], "Ca")}),
    }  # fmt: skip


def named(function, given):
    """The arguments by name that the function has: some pictures call theirs otherwise."""
    if isinstance(given, list):
        return given
    known = inspect.signature(function).parameters
    loose = any(p.kind is p.VAR_KEYWORD for p in known.values())
    return {name: value for name, value in given.items() if loose or name in known}


OWN_WORDS = {("measure", Odd), ("measure", len)}  # functions that users give fail in their own words


def faults(function, given, strangers=STRANGERS):
    """Calls that end in an error which is not the package's, in words."""
    found = []
    keys = range(len(given)) if isinstance(given, list) else list(given)
    for key in keys:
        for stranger in strangers:
            new = list(given) if isinstance(given, list) else dict(given)
            new[key] = stranger
            try:
                function(*new) if isinstance(new, list) else function(**new)
            except (HapsimError, OSError) as error:
                assert str(error).strip("'").count(" ") > 2, (key, stranger, error)  # a sentence
            except Exception as error:
                if callable(stranger) and (key, stranger) in OWN_WORDS:
                    continue
                found.append(f"{key} = {stranger!r}: {type(error).__name__}: {error}"[:150])
            matplotlib.pyplot.close("all")
    return found


@pytest.mark.filterwarnings("ignore")
def test_strangers_are_answered_in_sentences(things, monkeypatch):
    monkeypatch.chdir(things["folder"])
    found = []
    for name, (function, given) in calls(things).items():
        found += [f"{name}: {fault}" for fault in faults(function, named(function, given))]
    assert found == []
