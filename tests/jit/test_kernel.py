"""Compiled code is found again, made anew when anything changes, and never the reason that a run ends."""

import errno
import importlib
import math
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from sim.jit.kernel import ClosureCache, kernel, plain_kernel

PROGRAM = """
import sys
sys.path.insert(0, {folder!r})
import outer
print(outer.outer(3.0), sum(outer.outer.stats.cache_hits.values()))
"""
OUTER = """
import inner
from sim.jit.kernel import kernel

@kernel(nogil=True)
def outer(x):
    return inner.times(x) + 1.0
"""
INNER = """
from sim.jit.kernel import kernel
FACTOR = {factor}

@kernel
def times(x):
    return FACTOR * x
"""


@pytest.fixture
def place(tmp_path):
    (tmp_path / "outer.py").write_text(OUTER)
    (tmp_path / "inner.py").write_text(INNER.format(factor=2.0))
    return tmp_path


def run(place):
    environment = {**os.environ, "HAPSIM_CACHE": str(place / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    program = textwrap.dedent(PROGRAM).format(folder=str(place))
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    value, hits = done.stdout.split()
    return float(value), int(hits)


def test_a_changed_constant_of_a_callee_in_another_file_is_seen(place):
    """What numba's own cache misses: the file of the caller stays as it was."""
    assert run(place) == (7.0, 0)
    assert run(place) == (7.0, 1)
    (place / "inner.py").write_text(INNER.format(factor=5.0))
    assert run(place) == (16.0, 0)
    (place / "inner.py").write_text(INNER.format(factor=2.0))
    assert run(place) == (7.0, 1)  # what was compiled before is still there


def test_a_copy_of_the_sources_elsewhere_starts_warm(place, tmp_path):
    """The stamp is of the text, not of its path or time."""
    run(place)
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("outer.py", "inner.py"):
        (copy / name).write_text((place / name).read_text())
    os.symlink(place / "cache", copy / "cache")
    assert run(copy) == (7.0, 1)


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize("content", [b"", b"\x00not a pickle", None])
def test_damaged_files_are_made_anew(place, ending, content):
    run(place)
    for f in (place / "cache").glob(f"*.{ending}"):
        f.write_bytes(f.read_bytes()[:20] if content is None else content)
    assert run(place)[0] == 7.0
    assert run(place) == (7.0, 1)


@kernel
def twice(x):
    return 2.0 * x


def test_a_full_disk_is_said_and_does_no_harm(monkeypatch, tmp_path):
    monkeypatch.setenv("HAPSIM_CACHE", str(tmp_path))  # where nothing is kept yet

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("numba.core.caching.IndexDataCacheFile.save", full)
    with pytest.warns(UserWarning, match="cannot be kept in .*No space left.*HAPSIM_CACHE"):
        assert twice(2.0) == 4.0


def test_a_signature_compiles_at_once_and_for_that_alone():
    def half(x):
        return x / 2

    compiled = kernel("f8(f8)", nogil=True)(half)
    assert compiled.nopython_signatures
    assert compiled(3) == 1.5
    with pytest.raises(TypeError):
        compiled("3")


def test_division_by_zero_is_infinite():
    @kernel(cache=False)
    def inverse(x):
        return 1.0 / x

    assert inverse(0.0) == float("inf")


def test_without_jit_a_kernel_is_the_function(monkeypatch):
    monkeypatch.setattr("numba.core.config.DISABLE_JIT", 1)

    @kernel(nogil=True)
    def same(x):
        return x

    assert type(same) is type(run)
    assert same("text") == "text"


def test_one_decorator_serves_many_functions():
    """What it is told holds for each of them, not for the first alone."""
    inner = kernel(cache=False)

    def same(x):
        return x

    def less(x):
        return x - 1.0

    assert not any(isinstance(inner(f)._cache, ClosureCache) for f in (same, less))


def test_a_plain_kernel_counts_no_references():
    """The same function otherwise counts those of the array that it takes out of its argument."""

    def first_of(pair, n):
        total = 0.0
        for _ in range(n):
            for array in pair:
                total += array[0]
        return total

    pair = (np.ones(3), np.full(3, 2.0))
    counting, plain = kernel(cache=False)(first_of), plain_kernel(cache=False)(first_of)
    assert counting(pair, 5) == plain(pair, 5) == 15.0
    body = {f: next(iter(f.inspect_llvm().values())) for f in (counting, plain)}
    assert "NRT_incref" in body[counting]
    assert "NRT_incref" not in body[plain]


def test_a_function_within_another_is_never_kept():
    """Its text may be another each time, and no name leads to it."""

    def made(by):
        @kernel
        def times(x):
            return by * x

        return times

    assert (made(2.0)(3.0), made(5.0)(3.0)) == (6.0, 15.0)
    assert made(2.0)._cache.cache_path is None


def test_a_module_loaded_again_is_compiled_from_its_new_text(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "loaded_again.py").write_text(INNER.format(factor=2.0))
    module = importlib.import_module("loaded_again")
    assert module.times(3.0) == 6.0
    (tmp_path / "loaded_again.py").write_text(INNER.format(factor=50.0))
    assert importlib.reload(module).times(3.0) == 150.0


EDITED = """
import sys
sys.path.insert(0, {folder!r})
import plain, user
{edit}
print(user.user(3.0), sum(user.user.stats.cache_hits.values()))
"""
EDITS = {  # what the file of the callee says between its import and the first compilation
    "function": "def inner(x):\n    return 2.0 * x\n\ndef times(x):\n    return 9.0 * x\n",
    "gone": "def other(x):\n    return x\n",
    "a callee of it": "def inner(x):\n    return 9.0 * x\n\ndef times(x):\n    return inner(x)\n",
}
BEFORE = "def inner(x):\n    return 2.0 * x\n\ndef times(x):\n    return inner(x)\n"


@pytest.mark.parametrize("edit", EDITS)
def test_code_of_a_plain_file_that_was_edited_since_its_import_is_not_found_under_the_new_text(
    tmp_path, edit
):
    (tmp_path / "user.py").write_text(
        "import plain\nfrom numba.extending import register_jitable\nfrom sim.jit.kernel import kernel\n\n"
        "times = register_jitable(plain.times)\nif hasattr(plain, 'inner'):\n"
        "    register_jitable(plain.inner)\n\n@kernel\ndef user(x):\n    return plain.times(x) + 1.0\n"
    )

    def run_edited(after):
        environment = {**os.environ, "HAPSIM_CACHE": str(tmp_path / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
        line = f"open(plain.__file__, 'w').write({after!r})" if after else ""
        program = EDITED.format(folder=str(tmp_path), edit=line)
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        value, hits = done.stdout.split()
        return float(value), int(hits)

    (tmp_path / "plain.py").write_text(BEFORE)
    assert run_edited(EDITS[edit]) == (7.0, 0)
    (tmp_path / "plain.py").write_text(BEFORE.replace("2.0", "5.0"))
    assert run_edited(EDITS[edit]) == (16.0, 0)  # other code under the same new text
    if edit != "gone":  # its new text has nothing to run
        assert run_edited("") == (28.0, 0)  # the new text, not what was compiled of the old one
        (tmp_path / "plain.py").write_text(BEFORE)
        assert run_edited("")[0] == 7.0
        assert run_edited(EDITS[edit])[0] == 7.0  # and the old text never runs what the new one made


LIBRARY = """
import math
import numpy as np
from sim.jit.kernel import kernel

@kernel
def raised(x):
    if x > 1:
        raise ValueError("too large", x)
    return x

@kernel
def drawn(n):
    np.random.seed(3)
    return np.random.normal(0.0, 1.0, n).sum()

@kernel
def solved(n):
    return np.linalg.solve(np.eye(n) * 2.0, np.ones(n)), np.dot(np.eye(n), np.ones(n))

@kernel
def looked_up(n):
    held = {"a": n, "b": 2 * n}
    return held["b"], str(n)

@kernel
def special(x):
    return math.gamma(x) + math.erf(x) + x**2.5

@kernel
def ordered(n):
    return np.unique(np.sort(np.ones(n)))
"""
CALLS = {
    "raised": (2.0, "ValueError('too large', 2.0)"),
    "drawn": (4, str(np.random.RandomState(3).normal(0.0, 1.0, 4).sum())),
    "solved": (2, "(array([0.5, 0.5]), array([1., 1.]))"),
    "looked_up": (3, "(6, '3')"),
    "special": (1.0, str(1.0 + math.erf(1.0) + 1.0)),
    "ordered": (3, "array([1.])"),
}
LATE = """
import sys
sys.path.insert(0, {folder!r})
import library
f = getattr(library, {name!r})
try:
    found = f({argument!r})
except ValueError as error:
    found = error
print(sum(f.stats.cache_hits.values()), repr(found) if not isinstance(found, float) else float(found))
"""


@pytest.mark.slow
def test_code_that_is_kept_runs_though_what_it_was_compiled_with_is_not_imported(tmp_path):
    """Each in a process of its own: what one takes from numba must not help another."""
    (tmp_path / "library.py").write_text(LIBRARY)
    environment = {**os.environ, "HAPSIM_CACHE": str(tmp_path / "cache")}
    for wanted_hits in (0, 1):
        for name, (argument, wanted) in CALLS.items():
            program = LATE.format(folder=str(tmp_path), name=name, argument=argument)
            done = subprocess.run(
                [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, (name, done.stderr)
            assert done.stdout.strip() == f"{wanted_hits} {wanted}"
