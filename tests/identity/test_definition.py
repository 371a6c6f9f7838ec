"""One identity of a run: every field that decides a number changes the hash, in manifest and store."""

import inspect
import os
import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import pytest

import sim
from sim import shapes
from sim.experiment.change import applied
from sim.experiment.nucleation import StochasticNucleation
from sim.identity.definition import (
    DESCRIPTIONS,
    WORDS,
    fingerprint,
    run_definition,
    run_fingerprint,
)
from sim.identity.described import described, text_of, text_of_parameters
from sim.identity.differences import differing
from sim.identity.settings import Settings
from sim.model.process import Derived, Process
from sim.model.species import Species
from sim.parameters import Parameters
from sim.space.maps.measured_map import MeasuredMap
from sim.space.random_field import RandomField
from sim.sweeps import grid
from sim.sweeps.design.job import Job

BASE = sim.scenario("infarct_myocardium").with_resolution(0.1).with_(duration="1 h")


def run_hash(scenario=BASE, **settings):
    return run_fingerprint(scenario, Settings.of(**settings))


# --- scenario

ONE_VOXEL = "eNpjYACBSAcAAPoAmg=="  # 100 mg/mL
OTHER = {
    "model": BASE.model.without("acid"),
    "geometry": "sphere",
    "layers": (("lesion", 9), ("border", 4)),
    "outer": "closed",
    "duration": 7200.0,
    "parameters": BASE.parameters.with_values({"acid.load": np.nextafter(60.0, 61.0)}),
    "initial": {"glycogen": 0.5},
    "interventions": (sim.Intervention(at="1 s", boundary={"PPi": 1.0}),),
    "constants": "phreeqc",
    "growth_law": "spiral",
    "parts": ("soaps",),
    "domain": ((5e-3, 120),),
    "regions": (("clot", shapes.Disc("1 mm")),),
    "random_fields": (RandomField("collagen", 0.5, 1e-3, 1),),
    "stochastic": StochasticNucleation(1, None, "10 um"),
    "maps": (MeasuredMap("HAP", cells=(1, 1, 1), bits=ONE_VOXEL, spacing="1 mm"),),
    "courses": (sim.Course("plasma.P", ["0 s", "1 h"], ["1 mM", "2 mM"]),),
}


def test_all_fields_of_a_scenario_are_tried_here():
    assert {f.name for f in fields(BASE)} == {*OTHER, *WORDS}


@pytest.mark.parametrize("name", OTHER)
def test_each_field_of_a_scenario_decides(name):
    assert run_hash(replace(BASE, **{name: OTHER[name]})) != run_hash()


@pytest.mark.parametrize("name", [None, *OTHER])
def test_the_hash_is_that_of_the_whole_definition(name):
    """It is put together from texts of parts, of which those of parameters are kept."""
    scenario = BASE if name is None else replace(BASE, **{name: OTHER[name]})
    settings = Settings.of(rtol=1e-4, times=[1.0, 10.0])
    whole = fingerprint(run_definition(scenario, settings))
    assert [run_fingerprint(scenario, settings) for _ in range(2)] == [whole, whole]


def test_one_parameter_under_two_names_is_two_rows():
    p = sim.Parameter(1.0, "mM")
    given = {"a.x": p, "b.x": p}
    assert text_of_parameters(Parameters(given)) == text_of(described(given))


def test_the_unit_of_a_parameter_is_part_of_the_definition_that_of_an_amount_is_not():
    """As the docstring of sim.identity.definition says."""
    mm, m = (
        BASE.with_parameters({"lesion.radius": p}) for p in (sim.Parameter(4, "mm"), sim.Parameter(4e-3, "m"))
    )
    assert mm.parameters.si("lesion.radius") == m.parameters.si("lesion.radius")
    assert run_hash(mm) != run_hash(m)
    for make in (
        lambda amount: BASE.with_(initial={"Ca": amount}),
        lambda amount: BASE.with_intervention(sim.Intervention("1 min", {"PPi": amount})),
    ):
        assert run_hash(make("20 uM")) == run_hash(make("0.02 mM"))


@pytest.mark.parametrize("name", WORDS)
def test_words_of_a_scenario_decide_nothing(name):
    assert run_hash(replace(BASE, **{name: "other words"})) == run_hash()


CUT = sim.Intervention("1 s", {"PPi": 1.0}, {"growth.k": 1e-14}, {"Ca": 1.0}, "lesion", False, "a")
OTHER_CUT = {
    "at": "2 s", "boundary": {"PPi": 2.0}, "parameters": {}, "state": {"Ca": 2.0}, "region": "border",
    "excise": True, "label": "b", "until": "3 s",
}  # fmt: skip


GIVEN = sim.Intervention("1 s", treatment="lavage", dose=0.2)


@pytest.mark.parametrize(("name", "other"), [("treatment", "tnap_inhibitor"), ("dose", 0.3)])
def test_each_field_of_a_treatment_decides(name, other):
    one, another = (BASE.with_intervention(c) for c in (GIVEN, replace(GIVEN, **{name: other})))
    assert run_hash(one) != run_hash(another)


@pytest.mark.parametrize("name", [f.name for f in fields(CUT) if f.name not in ("treatment", "dose")])
def test_each_field_of_an_intervention_decides(name):
    """The label too: an axis such as "a.at" is named by it."""
    one, other = (BASE.with_intervention(c) for c in (CUT, replace(CUT, **{name: OTHER_CUT[name]})))
    assert run_hash(one) != run_hash(other)


DRAWN = BASE.with_stochastic_nucleation(1, "10 min", "10 um")
FIELD = BASE.with_random_field("collagen", 0.5, "1 mm", 1, "lesion")
PLACE = BASE.with_geometry("rectangle").with_region("clot", shapes.Disc("1 mm"))


@pytest.mark.parametrize(
    ("base", "other"),
    [
        (DRAWN, DRAWN.with_stochastic_nucleation(2, "10 min", "10 um")),
        (DRAWN, DRAWN.with_stochastic_nucleation(1, "20 min", "10 um")),
        (DRAWN, DRAWN.with_stochastic_nucleation(1, "10 min", "20 um")),
        (FIELD, BASE.with_random_field("elastin", 0.5, "1 mm", 1, "lesion")),
        (FIELD, BASE.with_random_field("collagen", 0.6, "1 mm", 1, "lesion")),
        (FIELD, BASE.with_random_field("collagen", 0.5, "2 mm", 1, "lesion")),
        (FIELD, BASE.with_random_field("collagen", 0.5, "1 mm", 2, "lesion")),
        (FIELD, BASE.with_random_field("collagen", 0.5, "1 mm", 1)),
        (PLACE, BASE.with_geometry("rectangle").with_region("clot", shapes.Disc("2 mm"))),
        (PLACE, BASE.with_geometry("rectangle").with_region("core", shapes.Disc("1 mm"))),
    ],
)
def test_chance_and_places_decide_by_all_they_hold(base, other):
    assert run_hash(base) != run_hash(other)


# --- model


def parts(kind):
    found = {Species: BASE.model.species, Process: BASE.model.processes, Derived: BASE.model.derived}
    return found[kind]


def rate(Ca, k):
    return 2 * k * Ca


OTHER_PART = {
    "name": "other", "diffusivity": 1e-9, "scale": 3.0, "contains": {"Ca": 2}, "unit": "m-3",
    "pool": "x", "signed": True, "initial": 7.0, "equilibrated": True, "changes": {"Ca": -2},
    "outputs": ("other",), "units": ("mol",), "parameters": {"k": sim.Parameter(2e-6, "1/s")},
    "inputs": {"Ca": "P"}, "formula": rate, "shown": False, "surface_for": ("OCP",),
    "initial_per": "viable", "healthy": 7.0, "adsorption": "inhibition.K_PPi", "covers": "device",
    "solid": next(s.solid for s in BASE.model.species if s.solid is not None),
}  # fmt: skip


def plain(Ca, k):
    return k * Ca


def with_part(kind, **changes):
    """The model with one more species, process or derived quantity."""
    made = {
        Species: lambda: Species("extra"),
        Process: lambda: Process("extra", plain, {"Ca": -1}, {"k": sim.Parameter(1e-6, "1/s")}),
        Derived: lambda: Derived("extra", plain, {"k": sim.Parameter(1e-6, "1/s")}),
    }[kind]()
    # The constructor sets outputs and units that are left out, and names must agree.
    extra = replace(made, **changes)
    add = {Species: "with_species", Process: "with_process", Derived: "with_derived"}[kind]
    return BASE.with_model(getattr(BASE.model, add)(extra))


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, f.name) for kind in (Species, Process, Derived) for f in fields(kind)],
)
def test_each_field_of_what_a_model_is_made_of_decides_but_for_words(kind, name):
    if name in DESCRIPTIONS:
        words = {"labels": ("other words",), "shown_in": "uM"}.get(name, "other words")
        assert run_hash(with_part(kind, **{name: words})) == run_hash(with_part(kind))
    else:
        assert run_hash(with_part(kind, **{name: OTHER_PART[name]})) != run_hash(with_part(kind))


def test_fields_and_shared_parameters_of_a_model_decide():
    fields_of = BASE.model.fields
    more = replace(BASE.model, fields=fields_of | {"collagen": (1.0, *fields_of["collagen"][1:])})
    said = replace(BASE.model, fields=fields_of | {"collagen": (*fields_of["collagen"][:2], "words")})
    assert run_hash(BASE.with_model(more)) != run_hash()
    assert run_hash(BASE.with_model(said)) == run_hash()
    name = next(iter(BASE.model.shared))
    shared = BASE.model.shared.with_values({name: 1.01 * BASE.model.shared[name].si})
    assert run_hash(replace(BASE, model=replace(BASE.model, shared=shared))) != run_hash()


# --- settings

OTHER_SETTINGS = {"solver": "cvode", "rtol": 1e-6, "atol": 1e-7, "times": 60, "max_steps": 1000}


@pytest.mark.parametrize("name", OTHER_SETTINGS)
def test_each_setting_decides(name):
    assert run_hash(**{name: OTHER_SETTINGS[name]}) != run_hash()


def test_every_argument_of_simulate_is_a_setting_or_of_the_scenario():
    arguments = set(inspect.signature(sim.simulate).parameters)
    assert {f.name for f in fields(Settings)} == set(OTHER_SETTINGS)
    # variables: what of a run is kept, which changes no number of it; watch: looks on (test_watch.py)
    # until: the scenario's duration; start, at: a state of a run with a hash (test_continued.py)
    more = {"scenario", "seed", "progress", "watch", "variables", "until", "start", "at"}
    assert arguments - set(OTHER_SETTINGS) == more


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"times": None}, {"times": 121}),
        ({"times": ["1 min", "1 h"]}, {"times": np.array([60.0, 3600.0])}),
        ({"times": np.int64(60)}, {"times": 60}),
        ({"rtol": np.float64(1e-5)}, {}),
    ],
)
def test_one_request_in_other_words_is_one_run(one, other):
    assert run_hash(**one) == run_hash(**other)


# --- where it is kept


@pytest.fixture(scope="module")
def run():
    return sim.simulate(BASE, times=3)


def test_the_manifest_has_the_hash_of_what_was_asked(run):
    assert run.manifest["hash"] == run_hash(times=3)
    assert run.manifest["hash"] == fingerprint(run_definition(BASE, Settings.of(times=3)))
    assert len(run.manifest["hash"]) == 64


def test_what_a_treatment_acts_on_is_in_the_manifest_s_hash():
    """Found missing once: two treatments of different places had one hash."""
    hashes = {
        sim.simulate(BASE.with_intervention(sim.Intervention("60 s", state={"Ca": 1.0}, region=r)), times=2)
        .manifest["hash"]
        for r in ("lesion", "border")
    }  # fmt: skip
    assert len(hashes) == 2


def test_the_seed_of_simulate_is_that_of_the_scenario():
    one = sim.simulate(DRAWN, times=2, seed=5).manifest
    other = sim.simulate(DRAWN.with_stochastic_nucleation(5, "10 min", "10 um"), times=2).manifest
    assert one["hash"] == other["hash"]
    assert one["seed"] == other["seed"] == 5
    assert sim.simulate(DRAWN, times=2).manifest["hash"] != one["hash"]


@pytest.mark.parametrize("words", [{}, {"growth_law": ["spiral"]}])
@pytest.mark.parametrize("workers", [0, 1])
def test_a_row_of_a_sweep_holds_the_hash_of_its_run(tmp_path, workers, words):
    """The same, however it was run, as in the kept result and in the manifest of that run by hand. Without
    words the model itself goes to the worker, with functions that are sent by value."""
    design = grid({"lesion.radius": ["1 mm", "2 mm"], **words})
    measures = {"end": sim.measures.mean("HAP")}
    path = tmp_path / "a.db"
    sim.sweep(BASE, design, path, workers=workers, measures=measures, times=3, keep="all")
    table = sim.sweeps.load(path)
    for k, row in enumerate(table.rows):
        point = applied(BASE, row["inputs"])
        assert row["run"] == sim.simulate(point, times=3).manifest["hash"] == run_hash(point, times=3)
        assert row["run"] == table.result(k).manifest["hash"]
    assert len({row["run"] for row in table.rows}) == 2


def test_the_definition_of_a_sweep_is_that_of_a_run_and_its_measures():
    job = Job(BASE, {"end": sim.measures.mean("HAP")}, rtol=1e-4, times=7)
    run = run_definition(BASE, Settings.of(rtol=1e-4, times=7))
    assert {k: v for k, v in job.definition.items() if k != "measures"} == run


def test_a_run_that_cannot_be_identified_says_so_and_is_run():
    """A kernel of one's own that holds what cannot be told from another of its kind."""
    held = iter([1])

    def numbers(parameters):
        assert held is not None
        return own.formula.numbers(parameters)

    own = next(d for d in BASE.model.derived if d.name == "speciation")
    odd = replace(own, formula=replace(own.formula, numbers=numbers))
    result = sim.simulate(BASE.with_model(BASE.model.with_derived(odd)), times=2)
    assert result.success
    assert result.manifest["hash"] == ""
    assert "speciation depends on <list_iterator" in result.manifest["no_hash"]


THREADS = """
import sim
base = sim.scenario("infarct_myocardium").with_resolution(0.1).with_(duration="1 h")
manifest = sim.simulate(base, times=3).manifest
print(manifest["threads"], manifest["hash"])
"""


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_are_those_of_numba_and_do_not_identify(threads, run):
    if threads > (os.cpu_count() or 1):
        pytest.skip("this machine has one processor")
    env = os.environ | {"NUMBA_NUM_THREADS": str(threads), "PYTHONHASHSEED": str(threads)}
    found = subprocess.run(
        [sys.executable, "-c", THREADS], env=env, capture_output=True, text=True, check=True
    ).stdout.split()
    assert found == [str(threads), run.manifest["hash"]]


def test_differences_are_named():
    old, new = {"a": {"b": [1, 2]}, "c": 1}, {"a": {"b": [1, 3]}, "d": 1}
    assert [where for where, _, _ in differing(old, new)] == ["a.b[1]", "c", "d"]
    assert list(differing(old, old)) == []
