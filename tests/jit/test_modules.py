"""Generated modules: one of a text, complete for every thread, from a folder that can be written."""

import inspect
import os
import subprocess
import sys
import threading

import pytest

from sim.jit import folder, modules
from sim.jit.closure import stamp

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


@pytest.mark.parametrize("kept, serves", [("kernel-1.nbi", True), ("rows_1.o", True), ("notes.txt", False)])
def test_folder_that_cannot_be_written_serves_if_it_holds_compiled_code(monkeypatch, tmp_path, kept, serves):
    """Of kernels, or of routines alone."""
    filled, empty = tmp_path / "filled", tmp_path / "empty"
    for made in (filled, empty):
        made.mkdir()
    (filled / kept).write_bytes(b"code")
    monkeypatch.setattr(folder, "_writable", lambda path: False)
    monkeypatch.setattr(folder, "_usual", lambda: [empty, filled])
    monkeypatch.setattr(folder, "_found", {})
    monkeypatch.delenv("HAPSIM_CACHE", raising=False)
    if serves:
        assert folder.cache_folder() == filled
    else:
        with pytest.warns(UserWarning, match="cannot be kept"):
            assert folder.cache_folder() not in (filled, empty)


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


ALONE = """
import sys, tempfile
def refused(*_, **__):
    raise FileNotFoundError(2, "No usable temporary directory found")
tempfile.gettempdir = tempfile.mkdtemp = tempfile.TemporaryFile = refused
import os
for name in ("mkdir", "makedirs"):
    setattr(os, name, lambda *_, **__: (_ for _ in ()).throw(OSError(30, "Read-only file system")))
opened = os.open
def closed(path, flags, *more, **words):
    if flags & (os.O_CREAT | os.O_WRONLY):
        raise OSError(30, "Read-only file system")
    return opened(path, flags, *more, **words)
os.open = closed
from sim.jit.modules import generated
from sim.jit.closure import stamp
text = "from sim.jit.kernel import kernel\\n@kernel\\ndef twice(x):\\n    return 2.0 * x\\n"
module = generated(text)
print(module.twice(4.0), stamp(module.twice), os.path.exists(module.__file__))
"""


@pytest.mark.parametrize("asked", ["file/inside", "missing/inside", ""])
def test_where_nothing_can_be_written_code_is_compiled_in_memory(tmp_path, asked):
    """One sentence, the number all the same, and the stamp that the text has where it can be written."""
    (tmp_path / "file").write_text("in the way")
    place = str(tmp_path / asked) if asked else ""
    environment = {**os.environ, "HAPSIM_CACHE": place, "HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": ""}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", ALONE]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    value, stamped, there = done.stdout.split()
    assert (float(value), there) == (8.0, "False")
    assert done.stderr.count("compiled code cannot be kept in") == 1
    text = "from sim.jit.kernel import kernel\n@kernel\ndef twice(x):\n    return 2.0 * x\n"
    written = modules.generated(text)
    assert os.path.exists(written.__file__) and stamp(written.twice) == stamped


def test_what_was_kept_is_found_where_nothing_can_be_written_any_more(tmp_path):
    """An image whose cache was filled when it was made: no folder for temporary files is asked for."""
    kept = tmp_path / "cache"
    (tmp_path / "program.py").write_text(
        "import sys, tempfile\n"
        "def refused(*_, **__):\n    raise OSError(30, 'Read-only file system')\n"
        "if sys.argv[1:]:\n    tempfile.TemporaryFile = refused\n"
        "from sim.jit.kernel import kernel\n"
        "@kernel\ndef twice(x):\n    return 2.0 * x\n"
        "print(twice(4.0), sum(twice.stats.cache_hits.values()))"
    )
    environment = {**os.environ, "HAPSIM_CACHE": str(kept)}
    for words, hits in (([], "0"), (["closed"], "1")):
        command = [sys.executable, str(tmp_path / "program.py"), *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["8.0", hits]
        assert not done.stderr


def test_a_full_disk_leaves_a_module_in_memory(monkeypatch, place):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(modules, "write_text", full)
    found = modules.generated(TEXT.format(number=11))
    assert found.enter() == 11 and not list(place.glob("*.py"))
    assert inspect.getsource(found) == TEXT.format(number=11)
