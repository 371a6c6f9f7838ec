"""What may be a formula: functions and what a function is behind; all else is told by name."""

import asyncio
import functools
import linecache
import math
import operator
import os
import subprocess
import sys
import types

import cloudpickle
import numba
import numpy as np
import pytest

import sim
from sim.binder.text import write
from sim.errors import ArgumentError, ModelError
from sim.graph.evaluation import evaluate
from sim.graph.expressions import Graph
from sim.graph.flow import UnreadableFormula
from sim.graph.reading import functions_of, read_function
from sim.jit.callables import plain_function
from sim.model.formulas import FormulaText

A = sim.Species("A", initial=1.0)
RATE = 0.25
LIMITS = types.SimpleNamespace(most=0.5)


def loss(A, k):
    """[mol m-3 s-1]"""
    return k * A


def helped(A):
    return loss(A, RATE)


def capped(A):
    return min(A, LIMITS.most)


class Law:
    """A rate with numbers of its own."""

    scale = 2.0

    def __init__(self, k):
        self.k = k

    def __call__(self, A):
        return self.scale * self.rate(A)

    def rate(self, A):
        return self.k * A

    @staticmethod
    def plainly(A):
        return 3.0 * A

    @classmethod
    def of_the_class(cls, A):
        return cls.scale * A

    def passes_itself_on(self, A):
        return outside(self, A)


def outside(law, A):
    return law.k * A


def doubled(function):
    @functools.wraps(function)
    def inner(A):
        return 2.0 * function(A)

    return inner


def passed_on(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return 2.0 * function(*args, **kwargs)

    return inner


@doubled
def decorated(A):
    return 0.5 * A


@passed_on
def hidden(A):
    return 0.5 * A


@functools.lru_cache
def remembered(A):
    return 0.125 * A


@numba.njit
def dispatched(A):
    return 4.0 * A


one, other = (lambda A: 5.0 * A), (lambda A: 7.0 * A)


def powered(A, n):
    return A**n


FORMULAS = {
    "helper and constant": (helped, 0.25),
    "namespace": (capped, 0.5),
    "partial": (functools.partial(loss, k=1e-3), 1e-3),
    "partial of a partial": (functools.partial(functools.partial(loss), k=2e-3), 2e-3),
    "partial by place": (functools.partial(lambda k, A: k * A, 6.0), 6.0),
    "method": (Law(0.1).rate, 0.1),
    "object": (Law(0.1), 0.2),
    "static method": (Law(0.1).plainly, 3.0),
    "class method": (Law.of_the_class, 2.0),
    "decorated": (decorated, 1.0),
    "cached": (remembered, 0.125),
    "dispatcher": (dispatched, 4.0),
    "lambda": (one, 5.0),
    "the other lambda of the line": (other, 7.0),
    "numpy scalar": (functools.partial(loss, k=np.float32(0.5)), 0.5),
}


def model(formula, **more):
    return sim.Model((A,), (sim.Process("mine", formula, {"A": -1}, **more),))


def compiled_rates(formulas):
    """Rates at A = 1 of all formulas in one model, compiled."""
    from sim.binder.system import System
    from sim.space import grid as grids

    processes = [sim.Process(f"p{k}", f, {"A": -1}) for k, f in enumerate(formulas)]
    system = System(sim.Model((A,), processes), grids.well_mixed())
    return [float(r[0]) for r in system.evaluate(0.0, np.ones(system.size))[1].values()]


def test_each_of_them_gives_its_number():
    found = compiled_rates([f for f, _ in FORMULAS.values()])
    assert dict(zip(FORMULAS, found, strict=True)) == {n: pytest.approx(v) for n, (_, v) in FORMULAS.items()}


@pytest.mark.parametrize("name", FORMULAS)
def test_called_in_plain_python_it_gives_the_same(name):
    formula, value = FORMULAS[name]
    assert plain_function(formula)(1.0) == pytest.approx(value)


def forgets(A):
    A * 2.0


def returns_none(A):
    return None


def yields(A):
    yield A


async def waits(A):
    await asyncio.sleep(A)
    return A


def changes_k(A, k):
    k = k + 1.0
    return k * A


class Slotted:
    __slots__ = ()


SLIPS = {
    "no return": (forgets, "mine: forgets returns nothing"),
    "None": (returns_none, "mine: returns_none returns nothing"),
    "text": (lambda A: "fast", "mine: .*'fast' \\(str\\), which is no number"),
    "bool": (lambda A: A > 2.0, "mine: .*False \\(bool\\), which is no number"),
    "array": (lambda A: np.ones(3) * A, "mine: .*ndarray\\), which is no number"),
    "complex": (lambda A: 1j * A, "mine: .*complex\\), which is no number"),
    "pair": (lambda A: (A, A), "mine: .* returns 2 values, 1 wanted"),
    "list": (lambda A: [A], "mine: .*list\\), which is no number"),
    "generator": (yields, "mine: yields yields its values"),
    "async": (waits, "mine: waits is asynchronous"),
    "built-in": (math.exp, "mine: .*def rate.*exp"),
    "ufunc": (np.exp, "mine: .*def rate.*exp"),
    "operator": (operator.neg, "mine: .*neg"),
    "class": (Law, "mine: Law is a class"),
    "no function": ("k*A", "mine.*is not a function"),
    "object without call": (Slotted(), "mine.*is not a function"),
    "hidden by a decorator": (hidden, "mine: .*names each of its inputs. It is a wrapper"),
    "self passed on": (Law(1.0).passes_itself_on, "mine: .* uses 'self' \\(Law\\)"),
    "given and changed": (functools.partial(changes_k, k=1.0), "mine: .*changes 'k'"),
    "Sum": (sim.model.collector.Sum("volume"), "mine: a Sum cannot be a rate"),
}


@pytest.mark.parametrize("name", SLIPS)
def test_what_is_none_is_told_with_the_name_of_its_process(name):
    formula, words = SLIPS[name]
    with pytest.raises((ModelError, ArgumentError), match=words):
        model(formula)


@pytest.mark.parametrize("name", ["no return", "text", "array", "pair", "generator", "ufunc", "no function"])
def test_so_it_is_for_a_derived_quantity(name):
    formula, words = SLIPS[name]
    with pytest.raises((ModelError, ArgumentError), match=words.replace("rate must", "formula must")):
        sim.Model((A,), derived=(sim.Derived("mine", formula),))


def test_a_parameter_that_is_fixed_already_is_refused():
    with pytest.raises(ModelError, match="mine: 'k' is fixed in the partial of loss, and a parameter too"):
        model(functools.partial(loss, k=1.0), parameters={"k": sim.Parameter(1.0, "1/s")})


def test_a_pole_at_one_is_no_mistake():
    model(lambda A: math.log(1.0 - A))
    model(lambda A: 1.0 / (1.0 - A))


# The function that was imported is what runs, or it is refused.


def imported(path, text, monkeypatch, name):
    monkeypatch.syspath_prepend(str(path.parent))
    path.write_text(text)
    sys.modules.pop(name, None)
    return __import__(name)


def test_a_file_that_changes_after_the_model_was_made_changes_nothing(tmp_path, monkeypatch):
    module = imported(tmp_path / "laws_a.py", "def sink(A):\n    return 2.0 * A\n", monkeypatch, "laws_a")
    made = model(module.sink)
    (tmp_path / "laws_a.py").write_text("def sink(A):\n    return 9.0 * A\n")
    linecache.checkcache()
    assert "2.0 * A" in write(made) and "9.0" not in write(made)


CHANGES = {
    "function": ("def sink(A):\n    return 2.0 * A\n", "def sink(A):\n    return 9.0 * A\n", "sink"),
    "helper": (
        "def inner(A):\n    return 2.0 * A\n\ndef sink(A):\n    return inner(A)\n",
        "def inner(A):\n    return 9.0 * A\n\ndef sink(A):\n    return inner(A)\n",
        "inner",
    ),
    "gone": ("def sink(A):\n    return 2.0 * A\n", "def other(A):\n    return A\n", "sink"),
    "no longer Python": ("def sink(A):\n    return 2.0 * A\n", "def sink(A:\n", "sink"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changed_before_is_refused(tmp_path, monkeypatch, change):
    before, after, name = CHANGES[change]
    # A text that was read once is known for all functions of the same code, so each case has its own.
    before = before.replace("2.0", f"2{list(CHANGES).index(change)}.5")
    place = f"laws_b_{list(CHANGES).index(change)}"
    module = imported(tmp_path / f"{place}.py", before, monkeypatch, place)
    linecache.clearcache()
    (tmp_path / f"{place}.py").write_text(after)
    with pytest.raises(ModelError, match=f"mine: .*'{name}'"):
        model(module.sink)


def test_lines_and_constants_may_move(tmp_path, monkeypatch):
    """The text is found elsewhere in the file; a constant is what it is now, not what the file says."""
    text = "K = 2.0\n\ndef sink(A):\n    return K * A\n"
    module = imported(tmp_path / "laws_c.py", text, monkeypatch, "laws_c")
    linecache.clearcache()
    (tmp_path / "laws_c.py").write_text("# a note\n\n\n" + text.replace("2.0", "9.0"))
    assert "2.0 * A" in write(model(module.sink))


def test_a_function_of_a_module_that_was_loaded_anew_is_not_taken_for_the_new_one(tmp_path, monkeypatch):
    import importlib

    text = "def sink(A):\n    return 29.0 * A\n"
    module = imported(tmp_path / "laws_d.py", text, monkeypatch, "laws_d")
    old = module.sink
    (tmp_path / "laws_d.py").write_text(text.replace("29.0", "31.0"))
    os.utime(tmp_path / "laws_d.py", (1e9, 1e9))  # another time than that of the compiled file
    linecache.clearcache()
    importlib.reload(module)
    assert "31.0 * A" in write(model(module.sink))
    with pytest.raises(ModelError, match="not that of the function which was imported"):
        model(old)


def test_cells_of_a_notebook_that_share_a_name_are_told_apart():
    """Each cell has its lines; what is remembered under a name may be those of another."""
    texts = ["def sink(A):\n    return 13.0 * A\n", "def sink(A):\n    return 17.0 * A\n"]
    made = []
    for text in texts:
        space = {"__name__": "cell"}
        linecache.cache["<cell 1>"] = (len(text), None, text.splitlines(True), "<cell 1>")
        exec(compile(text, "<cell 1>", "exec"), space)  # noqa: S102
        made.append(space["sink"])
    assert "17.0 * A" in write(model(made[1]))
    with pytest.raises(ModelError, match="not that of the function"):
        model(made[0])


def test_what_has_no_text_is_told():
    space = {"__name__": "nowhere"}
    exec("def sink(A):\n    return 19.0 * A\n", space)  # noqa: S102
    with pytest.raises(ModelError, match="mine: the source of 'sink' cannot be read"):
        model(space["sink"])


SCRIPT = """
import cloudpickle, subprocess, sys, sim
FACTOR = 23.0
def inner(A):
    return FACTOR * A
def sink(A):
    return inner(A)
model = sim.Model((sim.Species("A"),), (sim.Process("mine", sink, {"A": -1}),))
there = "import pickle, sys; from sim.binder.text import write; print(write(pickle.load(sys.stdin.buffer)))"
done = subprocess.run([sys.executable, "-c", there], input=cloudpickle.dumps(model), capture_output=True)
print(done.stdout.decode(), done.stderr.decode())
"""


@pytest.mark.parametrize("way", ["file", "-c", "stdin"])
def test_a_formula_of_the_main_script_travels_to_a_process_that_cannot_read_it(tmp_path, way):
    (tmp_path / "main.py").write_text(SCRIPT)
    command = [sys.executable, *{"file": ["main.py"], "-c": ["-c", SCRIPT], "stdin": []}[way]]
    with (tmp_path / "main.py").open() as script:
        done = subprocess.run(command, stdin=script, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "return 23.0 * A" in done.stdout, done.stdout + done.stderr


def test_a_model_that_was_sent_can_be_changed_and_sent_on():
    made = cloudpickle.loads(cloudpickle.dumps(model(helped)))
    again = cloudpickle.loads(cloudpickle.dumps(made.with_species(sim.Species("B"))))
    assert "return 0.25" not in write(again) and "0.25)" in write(again)


def own_names():
    """Functions of a file that means something of its own by names of Python's."""
    file = types.ModuleType("own_names")
    text = """
def abs(x):
    return x * x + 1.0

def pow(a, b):
    return a + b

from numpy import maximum as max
from builtins import min
float = 3.0

def of_function(A):
    return abs(A) + pow(A, 2.0)

def of_library(A):
    return max(A, 0.5) + min(A, 0.25)

def of_number(A):
    return float * A

def within():
    def round(x):
        return 2.0 * x
    def of_closure(A):
        return round(A)
    return of_closure
"""
    linecache.cache["<own names>"] = (len(text), None, text.splitlines(True), "<own names>")
    exec(compile(text, "<own names>", "exec"), file.__dict__)  # noqa: S102
    sys.modules["own_names"] = file
    return file


@pytest.mark.parametrize("name", ["of_function", "of_library", "of_number", "of_closure"])
def test_names_of_pythons_own_mean_what_the_file_means_by_them(name):
    """A module's abs is not Python's."""
    file = own_names()
    formula = file.within() if name == "of_closure" else getattr(file, name)
    for A in (-1.5, 0.3, 2.0):
        graph = Graph()
        formulas = FormulaText()
        found = formulas.add(formula)
        (node,) = read_function(graph, functions_of("\n".join(formulas.parts)), found, [graph.leaf("A")])
        assert float(evaluate([node], (), {"A": A})[0]) == float(formula(A))


def to_a_base(A):
    return math.log(A, 10) + np.log(A) * math.log(2.0 * A, A + 1.5)


def with_out(A):
    return np.log(A, 10)


def test_logarithm_to_a_base_is_a_quotient_as_python_has_it():
    formulas, graph = FormulaText(), Graph()
    name = formulas.add(to_a_base)
    text = "\n".join(formulas.parts)
    assert "log(A, " not in text
    (node,) = read_function(graph, functions_of(text), name, [graph.leaf("A")])
    for A in (0.2, 1000.0, 7.0):
        found = float(evaluate([node], (), {"A": A})[0])
        assert found == pytest.approx(to_a_base(A), rel=1e-15)
    formulas = FormulaText()
    name = formulas.add(with_out)
    with pytest.raises(UnreadableFormula, match="2 arguments"):
        read_function(graph, functions_of("\n".join(formulas.parts)), name, [graph.leaf("A")])
