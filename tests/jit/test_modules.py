"""Generated modules: one of a text, complete for every thread, from a folder that can be written."""

import os
import subprocess
import sys
import threading

import pytest

from sim.jit import folder, modules

TEXT = """
import time
time.sleep(0.2)
def enter():
    return {number}
"""


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("HAPSIM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_threads_that_ask_at_once_get_one_complete_module():
    text, found = TEXT.format(number=7), []
    ask = lambda: found.append((modules.generated(text), modules.generated(text).enter()))  # noqa: E731
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [number for _, number in found] == [7] * 4
    assert len({id(module) for module, _ in found}) == 1


def test_another_text_is_another_module():
    one, two = (modules.generated(TEXT.format(number=n)) for n in (1, 2))
    assert (one.enter(), two.enter()) == (1, 2)


def test_a_module_that_cannot_be_loaded_is_not_half_there(place):
    for _ in range(2):
        with pytest.raises(NameError):
            modules.generated("nothing_of_this_name")


def test_a_damaged_file_is_written_again(place):
    text = TEXT.format(number=3)
    name = modules.generated(text).__name__
    (place / f"{name}.py").write_bytes(b"\xff\xfe")
    modules.sys.modules.pop(name)
    assert modules.generated(text).enter() == 3


def test_a_folder_that_cannot_be_made_is_replaced(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("HAPSIM_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(folder, "_found", {})
    with pytest.warns(UserWarning, match="every process compiles the model anew") as said:
        found = folder.cache_folder()
        assert found.is_dir() and found == folder.cache_folder()
    assert len(said) == 1 and str(tmp_path / "file" / "cache") in str(said[0].message)


def test_without_a_home_there_is_a_temporary_folder(monkeypatch, tmp_path):
    def nobody():
        raise RuntimeError("Could not determine home directory.")

    for name in ("HAPSIM_CACHE", "LOCALAPPDATA", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pathlib.Path.home", nobody)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(folder, "_found", {})
    assert folder.cache_folder() == tmp_path / "hapsim-cache"


def test_a_kernel_is_compiled_where_nothing_is_writable_but_a_temporary_folder(tmp_path):
    """As an installation in a container has it: no home, a cache in the way; the child says so once."""
    (tmp_path / "file").write_text("in the way")
    program = (
        "import atexit; from sim.jit import folder; from sim.jit.modules import generated\n"
        "text = 'from sim.jit.kernel import kernel\\n@kernel\\ndef twice(x):\\n    return 2.0 * x\\n'\n"
        "print(generated(text).twice(4.0), folder.cache_folder())"
    )
    blocked = str(tmp_path / "file" / "inside")
    environment = {**os.environ, "HAPSIM_CACHE": blocked, "HOME": blocked, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    value, kept = done.stdout.split()
    assert float(value) == 8.0
    assert kept.startswith(str(tmp_path)) and not os.path.exists(kept)  # taken away at the end
    assert done.stderr.count("compiled code cannot be kept") == 1


def test_no_folder_at_all_is_a_sentence(monkeypatch, tmp_path):
    def refused(**_):
        raise FileNotFoundError(2, "No usable temporary directory found")

    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr("tempfile.mkdtemp", refused)
    with pytest.raises(OSError, match="no folder can be written to"):
        folder._first_writable([tmp_path / "file" / "inside"])
