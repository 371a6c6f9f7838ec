"""Compiling is told as it begins, and loading is not."""

import importlib.util
import sys
import threading

import pytest

from sim.jit.compiling import told_of_compiling

TEXT = """from sim.jit.kernel import kernel


@kernel
def doubled(x):
    return 2.0 * x
"""


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Loads a file with a kernel anew, as another process does."""
    monkeypatch.setenv("HAPSIM_CACHE", str(tmp_path / "kept"))
    path = tmp_path / "kernel_of_a_test.py"
    path.write_text(TEXT, encoding="utf-8")

    def loaded():
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
        return module.doubled

    yield loaded
    sys.modules.pop(path.stem, None)


def told(function, inside=True):
    found = []
    with told_of_compiling(lambda: found.append(1)):
        if inside:
            assert function(2.0) == 4.0
        else:
            other = threading.Thread(target=function, args=(2.0,))
            other.start()
            other.join()
    return len(found)


def test_compiling_is_told_and_loading_is_not(load):
    function = load()
    assert told(function) == 1
    assert told(function) == 0
    assert told(load()) == 0


def test_the_compiling_of_another_thread_is_not_told(load):
    assert told(load(), inside=False) == 0
