"""A file that is written is whole or not there, whatever stops the writer."""

import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

import sim
from sim.cli import main
from sim.files import safe_name, whole_path, write_bytes, write_text, write_whole


def test_what_is_written_is_there_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    assert write_text(path, "für alle\r\n") == path
    assert path.read_bytes() == "für alle\r\n".encode()
    write_bytes(str(path), b"\x00again")
    assert path.read_bytes() == b"\x00again"
    assert list(tmp_path.iterdir()) == [path]


def test_the_writer_sees_the_suffix_by_which_formats_are_chosen(tmp_path):
    seen = []
    write_whole(tmp_path / "a.b.nc", lambda f: seen.append(f) or f.write_bytes(b"x"))
    assert seen[0].suffix == ".nc"
    assert seen[0].parent == tmp_path
    assert seen[0].name.startswith(".")  # not taken for a result by those who list the folder


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_a_writer_that_fails_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "a.txt"
    write_text(path, "before")

    def fail(temporary):
        temporary.write_text("half")
        raise error("stopped")

    with pytest.raises(error, match="stopped"):
        write_whole(path, fail)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_writer_that_is_killed_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "before")
    code = f"""
        import time
        from sim.files import write_whole
        def slowly(temporary):
            temporary.write_text("half")
            print("half", flush=True)
            time.sleep(60)
        write_whole({str(path)!r}, slowly)
    """
    env = os.environ | {"PYTHONPATH": str(Path(sim.__file__).parents[1])}
    writer = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, env=env, text=True
    )
    assert writer.stdout.readline() == "half\n"
    writer.send_signal(signal.SIGKILL)
    writer.wait(timeout=30)
    writer.stdout.close()
    assert path.read_text() == "before"
    write_text(path, "after")  # what the killed one left is in nobody's way
    assert path.read_text() == "after"


def test_readers_never_see_half_a_file(tmp_path):
    path = tmp_path / "a.bin"
    contents = [bytes([k]) * 300_000 for k in (1, 2)]
    write_bytes(path, contents[0])
    stop = threading.Event()

    def writer():
        for k in range(200):
            write_bytes(path, contents[k % 2])
        stop.set()

    thread = threading.Thread(target=writer)
    thread.start()
    while not stop.is_set():
        assert path.read_bytes() in contents
    thread.join()


def test_links_are_written_through(tmp_path):
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "a.txt", tmp_path / "link.txt"
    link.symlink_to(target)
    write_text(link, "new")  # one that pointed at nothing yet
    write_text(link, "newer")
    assert link.is_symlink()
    assert target.read_text() == "newer"
    assert set(tmp_path.iterdir()) == {link, tmp_path / "there"}


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_text(pipe, "through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_modes_are_those_of_a_file_written_in_place(tmp_path):
    mask = os.umask(0o027)
    try:
        write_text(tmp_path / "new.txt", "x")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "new.txt").stat().st_mode) == 0o640
    (tmp_path / "new.txt").chmod(0o604)
    write_text(tmp_path / "new.txt", "y")
    assert stat.S_IMODE((tmp_path / "new.txt").stat().st_mode) == 0o604


def test_folders_are_made_only_when_asked_for(tmp_path):
    path = tmp_path / "a" / "b" / "c.txt"
    with pytest.raises(FileNotFoundError, match="there is no folder") as caught:
        write_text(path, "x")
    assert caught.value.filename == str(path)
    assert not list(tmp_path.iterdir())
    write_text(path, "x", make_folders=True)
    assert path.read_text() == "x"


@pytest.mark.parametrize(
    ("name", "error"), [("", IsADirectoryError), ("x" * 300, OSError), ("f/x", (OSError,))]
)
def test_errors_name_the_path_that_was_given(tmp_path, monkeypatch, name, error):
    monkeypatch.chdir(tmp_path)
    Path("f").write_text("a file")
    with pytest.raises(error) as caught:
        write_text(name or ".", "x")
    assert caught.value.filename == str(Path(name))
    assert ".part" not in str(caught.value)


def test_a_long_name_that_the_disk_takes_is_taken(tmp_path):
    path = tmp_path / ("x" * 251 + ".txt")
    write_text(path, "x")
    assert path.read_text() == "x"


def test_what_a_killed_writer_left_goes_with_the_next_write_of_that_file_only(tmp_path):
    """A process that has ended and was waited for has no number any more; this test's own one lives."""
    path, other = tmp_path / "a[1].txt", tmp_path / "b.txt"
    code = f"""
        import os
        from sim.files import write_whole
        for name in ({str(path)!r}, {str(other)!r}):
            if os.fork() == 0:
                write_whole(name, lambda t: (t.write_text("half"), os._exit(1)))
            os.wait()
    """
    env = os.environ | {"PYTHONPATH": str(Path(sim.__file__).parents[1])}
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env=env, check=True)
    assert len(list(tmp_path.iterdir())) == 2
    mine = []

    def inner(temporary):
        temporary.write_text("mine")
        mine.append(temporary)
        write_text(path, "within")  # another write of the file, while this process is at it
        assert temporary.exists()

    write_whole(path, inner)
    assert path.read_text() == "mine"
    left = [f.name for f in tmp_path.iterdir() if f != path]
    assert len(left) == 1 and left[0].startswith(".b-")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("infarct 2.5 mm, Ca+", "infarct 2.5 mm, Ca+"), ("../../etc/x", "_.._etc_x"),
        ("/etc/passwd", "_etc_passwd"),
        ("C:\\x", "C__x"), ("a\0b\nc", "a_b_c"), ("con", "_con"), ("LPT1.txt", "_LPT1.txt"),
        ("~root", "_root"),
        ("..", "result"), ("", "result"), ("  ", "result"), ("größe", "größe"), ("x" * 300, "x" * 60),
    ],
)  # fmt: skip
def test_a_text_becomes_a_name_and_never_a_path(tmp_path, text, name):
    assert safe_name(text) == name
    (tmp_path / safe_name(text)).write_text("x")
    assert [f.parent for f in tmp_path.rglob("*")] == [tmp_path]


def test_the_tilde_is_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write_text("~/a.txt", "x")
    assert (tmp_path / "a.txt").read_text() == "x"


@pytest.fixture
def removed_folder(tmp_path, monkeypatch):
    """The current folder, removed under the program as a cleaned scratch folder is."""
    here = tmp_path / "scratch"
    here.mkdir()
    monkeypatch.chdir(here)
    try:
        here.rmdir()
    except OSError:
        pytest.skip("a current folder cannot be removed here")


def test_a_current_folder_that_was_removed_is_told(removed_folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="the current folder is not there any more") as told:
        write_text("a.txt", "a")
    assert told.value.filename == "a.txt"
    write_text(tmp_path / "a.txt", "a")  # a path from the root does not ask for it
    assert whole_path(tmp_path / "a.txt").read_text() == "a"


def test_commands_and_sweeps_tell_it_too(removed_folder):
    base = sim.scenario("infarct_myocardium")
    with pytest.raises(FileNotFoundError, match="the current folder is not there any more"):
        sim.sweep(base, sim.sweeps.grid({"lesion.radius": ["1 mm"]}), store="a.db")
    done = CliRunner().invoke(main, ["run", "infarct_myocardium", "--days", "0.01"])
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: results/infarct_myocardium: the current folder is not there any")
