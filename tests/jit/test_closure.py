"""The closure of compiled code is complete: judged by what Python itself finds behind each name."""

import importlib
import inspect
import linecache
import pkgutil
import sys
import textwrap
from types import ModuleType

import numpy as np
import pytest
from numba.core.registry import CPUDispatcher

import sim
from sim.jit import source
from sim.jit.closure import closure, forget, stamp
from sim.solvers.lanes import operations
from sim.solvers.steps import compiled as steps

NUMBERS = (int, float, tuple, np.ndarray)


def kernels():
    """Every compiled function of the package, and the entries of the steps on a line and in lanes."""
    for info in pkgutil.walk_packages(sim.__path__, "sim."):
        if not info.name.endswith("__main__"):
            importlib.import_module(info.name)
    found = {
        id(v): v
        for name, module in list(sys.modules.items())
        if name.startswith("sim.")
        for v in vars(module).values()
        if isinstance(v, CPUDispatcher)
    }
    of_steps = (steps._module(m).enter for m in (steps.COMPILED, operations.__name__))
    return [*found.values(), *of_steps]


def behind(function):
    """(module, name, value) of what a function's code names and its module holds; through modules too.

    By the names in its bytecode, so that nothing of `closure` is used."""
    names = inspect.getclosurevars(function).globals
    for name, value in names.items():
        if isinstance(value, ModuleType):
            for inner in function.__code__.co_names:
                if hasattr(value, inner):
                    yield value, inner, getattr(value, inner)
        else:
            yield sys.modules[function.__module__], name, value


def reached(entry):
    """Functions that compiled code can call from `entry`, and the numbers that each of them reads."""
    waiting, seen, numbers = [getattr(entry, "py_func", entry)], set(), {}
    while waiting:
        f = waiting.pop()
        if f in seen:
            continue
        seen.add(f)
        for module, name, value in behind(f):
            if isinstance(value, CPUDispatcher) and ours(value.py_func):
                waiting.append(value.py_func)
            elif isinstance(value, NUMBERS) and ours(module):
                numbers[module.__name__, name] = value
    return seen, numbers


def ours(thing):
    name = thing.__name__ if isinstance(thing, ModuleType) else thing.__module__
    return name.startswith(("sim.", "hapsim_generated"))


def other(value):
    """Another value of the same kind."""
    if isinstance(value, np.ndarray):
        return value + 1 if value.dtype != bool else ~value
    if isinstance(value, tuple):
        return (*value, value[0]) if value else (0,)
    return value + 1


KERNELS = kernels()


def test_there_are_many():
    modules = {f.py_func.__module__ if hasattr(f, "py_func") else f.__module__ for f in KERNELS}
    assert len(KERNELS) > 100
    assert {"sim.simd.elementary", "sim.space.transport", "sim.solvers.linear.elimination"} <= modules


def test_every_callee_is_in_the_closure_of_its_caller():
    for kernel in KERNELS:
        found = set(closure(kernel))
        for f in reached(kernel)[0]:
            assert (f.__module__, f.__name__) in found, (kernel, f)


def test_every_constant_that_compiled_code_reads_changes_the_stamp(monkeypatch):
    """In every file, and from the entries that a run compiles."""
    changed = set()
    for kernel in KERNELS:
        before = None
        for (module, name), value in reached(kernel)[1].items():
            if (module, name) in changed and kernel not in KERNELS[-3:]:
                continue
            before = before or stamp(kernel)
            with monkeypatch.context() as m:
                m.setattr(sys.modules[module], name, other(value))
                assert stamp(kernel) != before, (kernel, module, name)
            changed.add((module, name))
    assert len({module for module, _ in changed}) >= 8
    assert ("sim.simd.elementary", "LN2_LOW") in changed


@pytest.mark.parametrize(("name", "value"), [("BOUNDSCHECK", 1), ("OPT", 1), ("LOOP_VECTORIZE", 0)])
def test_what_numba_is_told_by_the_environment_changes_the_stamp(monkeypatch, name, value):
    """Code that checks no bounds must not be found where they are to be checked, nor the other way."""
    before = stamp(other)
    monkeypatch.setattr(f"numba.core.config.{name}", value)
    assert stamp(other) != before


CASES = {
    "a callee": ("b.py", "return 2.0 * x", "return 3.0 * x"),
    "a constant of its own": ("a.py", "OWN = 1.0", "OWN = 1.5"),
    "a constant imported by name": ("b.py", "GIVEN = 4.0", "GIVEN = 5.0"),
    "a constant of an imported module": ("c.py", "LIMIT = 7", "LIMIT = 8"),
    "what a constant is computed from": ("c.py", "BASE = 3", "BASE = 2"),
    "a default argument": ("b.py", "y=1.0", "y=2.0"),
    "an option of the decorator": ("b.py", "@mark(1)", "@mark(2)"),
    "the order of a record": ("c.py", "    u: float\n    v: float", "    v: float\n    u: float"),
    "a record that is only noted": ("c.py", "    p: float\n    q: float", "    q: float\n    p: float"),
    "a definition in a branch": (
        "c.py",
        "    def kind(x):\n        return x",
        "    def kind(x):\n        return -x",
    ),
    "a callee behind the name of a package": ("e.py", "STEP = 2", "STEP = 3"),
    "a constant behind a star": ("f.py", "STAR = 2", "STAR = 3"),
    "a file that teaches numba": ("d.py", "HIDDEN = 1", "HIDDEN = 2"),
    "what such a file does": ("d.py", "print(end='')", "print(end='', flush=True)"),
}
SAME = {
    "a docstring": ("b.py", '"""Doubles."""', '"""Twice as much."""'),
    "a comment": ("b.py", "# nothing", "# something"),
    "types of arguments": ("b.py", "def callee(x, y", "def callee(x: float, y"),
    "a function that is not called": ("b.py", "return 'idle'", "return 'busy'"),
}
FILES = {
    "a.py": """
        import pack.c as c
        import pack.e
        from pack.f import *
        from pack import b
        from pack.b import GIVEN
        from pack.c import Outer
        from pack.d import taught
        OWN = 1.0
        def entry(x, given: Outer = None):
            r = c.Record(x, x)
            return b.callee(x) + GIVEN + c.LIMIT + c.kind(x) + r.u + OWN + pack.e.STEP + STAR
    """,
    "b.py": """
        GIVEN = 4.0
        def mark(n):
            return lambda f: f
        # nothing
        @mark(1)
        def callee(x, y=1.0):
            \"\"\"Doubles.\"\"\"
            return 2.0 * x
        def idle():
            return 'idle'
    """,
    "c.py": """
        from typing import NamedTuple
        BASE = 3
        LIMIT = 7 * BASE
        class Record(NamedTuple):
            u: float
            v: float
        class Inner(NamedTuple):
            p: float
            q: float
        class Outer(NamedTuple):
            inner: Inner
        if BASE:
            def kind(x):
                return x
    """,
    "e.py": "STEP = 2",
    "f.py": "STAR = 2",
    "d.py": """
        from numba.extending import intrinsic
        HIDDEN = 1
        def taught():
            return 0
        print(end='')
    """,
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """stamp_with(file, old, new): that of pack.a.entry after a change, in fresh modules."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "pack").mkdir()

    def stamp_with(file="", old="", new=""):
        for name in ("pack", *(f"pack.{letter}" for letter in "abcdef")):
            sys.modules.pop(name, None)
            forget(name)
        for name, text in {"__init__.py": "", **FILES}.items():
            text = textwrap.dedent(text)
            assert file != name or old in text
            (tmp_path / "pack" / name).write_text(text.replace(old, new) if file == name else text)
        importlib.invalidate_caches()
        linecache.clearcache()
        return stamp(importlib.import_module("pack.a").entry)

    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield stamp_with
    for name in [n for n in sys.modules if n.partition(".")[0] == "pack"]:
        del sys.modules[name]


@pytest.mark.parametrize("case", CASES)
def test_a_change_of(package, case):
    assert package(*CASES[case]) != package()


@pytest.mark.parametrize("case", SAME)
def test_no_change_by(package, case):
    assert package(*SAME[case]) == package()


def test_what_was_read_of_a_file_is_found_again_and_says_the_same(monkeypatch, tmp_path):
    """The stamp must not depend on whether a text was read or kept, and damage counts as nothing kept."""
    monkeypatch.setenv("HAPSIM_CACHE", str(tmp_path))
    text = "from math import pi\nimport numpy as np\n\ndef f(x: 'Kind'):\n    'Words.'\n"
    text += "    return np.linalg.norm(x) * pi\n"
    first = source.parsed.__wrapped__("m", text, "p")
    (kept,) = tmp_path.glob("*.source")
    again = source.parsed.__wrapped__("m", text, "p")
    assert again == first
    assert [tuple(map(list, s.chains)) for s in first.defined["f"]] == [
        (["np", "linalg", "norm"], ["np", "linalg"])
    ]
    assert "Words" not in first.defined["f"][0].text
    written = kept.read_bytes()
    kept.write_bytes(written[:-1])
    assert source.parsed.__wrapped__("m", text, "p") == first
    assert kept.read_bytes() == written
    source.parsed.__wrapped__("m", text + "x = 1\n", "p")
    source.parsed.__wrapped__("m", text, "q")  # relative imports would lead elsewhere
    assert len(list(tmp_path.glob("*.source"))) == 3
