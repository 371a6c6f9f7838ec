"""Hashes of points: the same in every process, other for whatever decides a number."""

import importlib
import os
import subprocess
import sys
import textwrap
from dataclasses import fields, replace

import numpy as np
import pytest

import sim
from sim import measures, shapes
from sim.errors import ConfigError
from sim.experiment.nucleation import StochasticNucleation
from sim.identity.described import described, digest, text_of
from sim.identity.differences import differing
from sim.parameters import Parameters
from sim.space.maps.measured_map import MeasuredMap
from sim.space.random_field import RandomField
from sim.sweeps import grid
from sim.sweeps.design.job import Job
from sim.sweeps.design.points import points_of

INPUTS = {"lesion.radius": 2e-3}
BASE = sim.scenario("infarct_myocardium")


def key(base=BASE, inputs=INPUTS, **changes):
    return Job(base, **changes).key(inputs)


def measured(measure):
    return Job(BASE, {"x": measure}).fingerprint


# --- the same


PROGRAM = """
    import sim
    from sim.sweeps.design.job import Job

    LEVEL = 3.0

    def helper(result):
        return {3, 1, 2, LEVEL}

    def own(result):
        '''Words.'''
        return len(helper(result)) + (1 if result.status in {"finished", "failed", "a", "b"} else 0)

    def rate(Ca, k_on):
        return k_on * Ca

    process = sim.Process("sink", rate, {"Ca": -1}, {"k_on": sim.Parameter(1e-6, "1/s")})
    base = sim.scenario("infarct_myocardium")
    base = base.with_model(base.model.with_process(process))
    two = lambda r: r.status in {"finished", "failed", "a", "b"}
    job = Job(base, {"a": sim.measures.onset("HAP"), "own": own, "two": two})
    print(job.key({"lesion.radius": 0.1 + 0.2, "growth_law": "spiral", "seed": 3}))
"""


def test_keys_are_the_same_in_every_process(tmp_path):
    """Order of sets and of hashes changes from process to process with PYTHONHASHSEED."""
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent(PROGRAM))
    found = set()
    for seed in ("1", "2"):
        env = os.environ | {"PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, str(path)], env=env, capture_output=True, text=True, check=True, cwd=tmp_path
        )
        found.add(run.stdout.strip())
    assert len(found) == 1
    assert len(found.pop()) == 64


def test_order_of_inputs_and_parameters_does_not_matter():
    a = key(inputs={"lesion.radius": 1e-3, "acid.load": 2.0})
    assert a == key(inputs={"acid.load": 2.0, "lesion.radius": 1e-3})
    turned = BASE.with_(parameters=Parameters(dict(reversed(list(BASE.parameters.items())))))
    assert key(turned) == key()


def test_what_decides_no_number_is_left_out():
    assert key(timeout=3.0, memory=1e9, keep="all", folder="x") == key()


def test_a_source_decides_no_number():
    p = replace(BASE.parameters["acid.load"], source="someone else", note="x")
    assert key(BASE.with_parameters({"acid.load": p})) == key()


def test_running_a_model_or_pickling_its_job_keeps_its_key():
    cloudpickle = pytest.importorskip("cloudpickle")
    job = Job(BASE, {"a": measures.mean("HAP")})
    before = job.key(INPUTS)
    sim.simulate(BASE.with_(duration="10 s"), times=2)
    again = cloudpickle.loads(cloudpickle.dumps(Job(BASE, {"a": measures.mean("HAP")})))
    assert again.key(INPUTS) == before


# --- other


WORDS = ("name", "title", "notes", "expected")
ONE_VOXEL = "eNpjYACBSAcAAPoAmg=="  # 100 mg/mL
OTHER = {
    "name": "other",
    "model": BASE.model.without("acid"),
    "geometry": "sphere",
    "layers": (("lesion", 81), ("border", 40)),
    "outer": "closed",
    "duration": 86400.0,
    "parameters": BASE.parameters.with_values({"acid.load": np.nextafter(60.0, 61.0)}),
    "initial": {"glycogen": 0.5},
    "interventions": (sim.Intervention(at="1 s", boundary={"PPi": 1.0}),),
    "constants": "phreeqc",
    "growth_law": "spiral",
    "parts": ("soaps",),
    "courses": (sim.Course("plasma.P", ["0 h", "1 h"], ["1 mM", "2 mM"]),),
    "title": "x",
    "notes": "x",
    "expected": "x",
    "domain": ((5e-3, 120),),
    "regions": (("clot", shapes.Disc("1 mm")),),
    "random_fields": (RandomField("collagen", 0.5, 1e-3, 1),),
    "stochastic": StochasticNucleation(1, None, "10 um"),
    "maps": (MeasuredMap("HAP", cells=(1, 1, 1), bits=ONE_VOXEL, spacing="1 mm"),),
}


@pytest.mark.parametrize("name", [f.name for f in fields(BASE) if f.name not in WORDS])
def test_each_field_of_a_scenario_decides(name):
    changed = replace(BASE, **{name: OTHER[name]})
    assert key(changed) != key()
    where = [w for w, _, _ in differing(Job(BASE).definition, Job(changed).definition)]
    assert any(w.startswith("model" if name == "model" else f"scenario.{name}") for w in where)


@pytest.mark.parametrize("name", WORDS)
def test_what_words_a_scenario_decides_nothing(name):
    assert key(replace(BASE, **{name: OTHER[name]})) == key()


@pytest.mark.parametrize(
    "changes", [{"solver": "cvode"}, {"rtol": 1e-6}, {"atol": 1e-7}, {"times": 60}, {"times": (0.0, 1.0)}]
)
def test_how_a_point_is_solved_decides(changes):
    assert key(**changes) != key()


@pytest.mark.parametrize(
    "inputs",
    [
        {"lesion.radius": np.nextafter(2e-3, 1)},
        {"acid.load": 2e-3},
        {"lesion.radius": 2e-3, "acid.load": 1.0},
        {},
    ],
)
def test_inputs_decide_to_the_last_digit(inputs):
    assert key(inputs=inputs) != key()


def test_each_field_of_an_intervention_decides():
    cut = sim.Intervention("1 s", {"PPi": 1.0}, {"growth.k": 1e-14}, {"Ca": 1.0}, "lesion", False, "a")
    other = {
        "at": "2 s", "boundary": {"PPi": 2.0}, "parameters": {}, "state": {"Ca": 2.0}, "region": "border",
        "excise": True, "label": "b", "until": "3 s",
    }  # fmt: skip
    of_treatments = {"treatment", "dose"}  # tests/identity: they take the place of the values
    keys = [key(BASE.with_intervention(replace(cut, **{n: v}))) for n, v in other.items()]
    assert other.keys() == {f.name for f in fields(cut)} - of_treatments
    assert len({key(BASE.with_intervention(cut)), *keys}) == 1 + len(other)


def with_rate(text, **held):
    """The base with a process of one's own, from its text."""
    path = f"/generated/{digest(text)}.py"
    import linecache

    linecache.cache[path] = (len(text), None, text.splitlines(True), path)
    space = {"__name__": "generated", **held}
    exec(compile(text, path, "exec"), space)  # noqa: S102
    own = sim.Process("sink", space["rate"], {"Ca": -1}, {"k": sim.Parameter(1e-6, "1/s")})
    return BASE.with_model(BASE.model.with_process(own))


def test_the_formula_of_a_process_decides_and_its_comments_do_not():
    a = key(with_rate("def rate(Ca, k):\n    return k * Ca\n"))
    assert a == key(with_rate("def rate(Ca, k):\n    '''Words.'''\n    return k * Ca  # why\n"))
    assert a != key(with_rate("def rate(Ca, k):\n    return k * Ca * Ca\n"))
    text = "def part(c):\n    return c ** N\n\ndef rate(Ca, k):\n    return k * part(Ca)\n"
    assert key(with_rate(text, N=2)) != key(with_rate(text, N=3))


def test_what_a_process_changes_and_what_a_species_is_decide():
    model = BASE.model
    slow = model.with_species(replace(model.species[0], scale=2 * model.species[0].scale))
    p = model.processes[0]
    more = model.with_process(replace(p, changes={**p.changes, "leaky": 2}))
    assert len({key(), key(BASE.with_model(slow)), key(BASE.with_model(more))}) == 3


@pytest.mark.parametrize(
    "two",
    [
        (measures.onset("HAP", above="1 mM"), measures.onset("HAP", above="2 mM")),
        (measures.mean("HAP"), measures.mean("ACP")),
        (measures.mean("HAP"), measures.peak("HAP")),
        (lambda r: r.t[-1], lambda r: r.t[0]),
        (lambda r: 1.0, lambda r: 2.0),
        (lambda r, k=1: k, lambda r, k=2: k),
    ],
)
def test_what_a_measure_is_made_of_decides(two):
    assert measured(two[0]) != measured(two[1])


def test_equal_measures_made_twice_are_the_same():
    assert measured(measures.onset("HAP", above="1 mM")) == measured(measures.onset("HAP", above="1 mM"))


LEVEL = 1.0


def helper(x):
    return x * LEVEL


def by_global(result):
    return helper(result.t[-1])


def test_names_that_a_measure_reaches_through_others_decide(monkeypatch):
    before = measured(by_global)
    monkeypatch.setattr(sys.modules[__name__], "LEVEL", 2.0)
    assert measured(by_global) != before


class Threshold:
    def __init__(self, level):
        self.level = level

    def __call__(self, result):
        return float(result.t[-1] > self.level)


def test_objects_and_arrays_decide_by_what_they_hold():
    assert measured(Threshold(1.0)) != measured(Threshold(2.0))
    assert measured(Threshold(1.0)) == measured(Threshold(1.0))
    a, b = np.arange(3.0), np.array([0.0, 1.0, 2.5])
    assert measured(lambda r, w=a: w.sum()) != measured(lambda r, w=b: w.sum())


KINDS_OF_CODE = """
import functools
from dataclasses import dataclass

@dataclass
class Fields:
    k: float = 1.0
    def __call__(self, result): return NUMBER * self.k

class Listed:
    limits = (0, NUMBER)
    def __call__(self, result): return self.limits[1]

class Cached:
    @functools.cached_property
    def v(self): return NUMBER
    def __call__(self, result): return self.v

def scaled(f):
    @functools.wraps(f)
    def inner(result): return NUMBER * f(result)
    return inner

@scaled
def decorated(result): return 1

def marked(result): return marked.k
marked.k = NUMBER

MEASURES = [Fields(), Listed(), Cached(), decorated, marked]
"""


def test_methods_attributes_and_decorators_decide(tmp_path, monkeypatch):
    """What a measure computes with, wherever Python lets it stand."""
    monkeypatch.syspath_prepend(tmp_path)
    found = {}
    for number in (2, 3, 2):
        name = f"measures_{len(found)}_{number}"
        (tmp_path / f"{name}.py").write_text(KINDS_OF_CODE.replace("NUMBER", str(number)))
        made = importlib.import_module(name).MEASURES
        keys = [digest(described(m)) for m in made]
        assert [m(None) for m in made] == [number] * 5
        assert [digest(described(m)) for m in made] == keys  # also when it has been called
        assert found.setdefault(number, keys) == keys
    assert all(a != b for a, b in zip(found[2], found[3], strict=True))


def test_tables_decide_by_their_content():
    import pandas
    import xarray

    frames = [pandas.DataFrame({"t": [0.0, 1.0], "HAP": [0.0, x]}) for x in (1.0, 2.0, 1.0)]
    found = [measured(lambda r, f=f: f["HAP"].sum()) for f in frames]
    assert found[0] == found[2] != found[1]
    sets = [xarray.Dataset({"a": ("t", [x])}) for x in (1.0, 2.0, 1.0)]
    found = [measured(lambda r, s=s: float(s["a"][0])) for s in sets]
    assert found[0] == found[2] != found[1]


def test_functions_that_call_each_other_end():
    def even(n):
        return n == 0 or odd(n - 1)

    def odd(n):
        return n > 0 and even(n - 1)

    assert measured(even) != measured(odd)


def test_what_cannot_be_told_apart_is_told():
    held = iter([1])
    with pytest.raises(ConfigError, match="the measure 'x' depends on .*list_iterator"):
        measured(lambda r: next(held))


def test_minus_zero_and_infinity_are_plain():
    assert text_of(described(-0.0)) == text_of(described(0.0)) == "0.0"
    assert text_of(described([float("inf"), float("nan"), 0.1])) == '["inf","nan",0.1]'
    assert described({2, 1, 3}) == ["set", [1, 2, 3]]


# --- points of a design


def test_equal_points_are_run_once():
    design = grid({"acid.load": [1.0, 2.0]}) + grid({"acid.load": [2.0, 3.0]})
    found = points_of(Job(BASE), design)
    assert [(p.index, p.inputs["acid.load"]) for p in found] == [(0, 1.0), (1, 2.0), (3, 3.0)]
    assert len({p.key for p in found}) == 3


def test_a_key_costs_little():
    """The job is described once: 10 000 more keys take less than 0.3 ms each."""
    import time

    job, inputs = Job(BASE), {f"a{k}": 0.1 * k for k in range(10)}
    job.key(inputs)
    start = time.perf_counter()
    for k in range(1000):
        job.key(inputs | {"a0": float(k)})
    assert time.perf_counter() - start < 0.3
