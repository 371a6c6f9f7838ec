"""Lines of a terminal that show a run: every letter and number against the state that it stands for."""

import io
import re
from types import SimpleNamespace

import numpy as np
import pytest
from reference import busy

import sim
from sim.run.watching.strip import (
    BLOCKS,
    PLAIN_BLOCKS,
    Strip,
    head_line,
    letters_of,
    strip,
    variable_line,
)

LINE = {"lesion": 4, "border": 2}


class Screen(io.StringIO):
    """A terminal without a size of its own."""

    def __init__(self, encoding="utf-8"):
        super().__init__()
        self.code = encoding

    def isatty(self):
        return True

    @property
    def encoding(self):
        return self.code


def rows_of(text):
    """What stands in the terminal at the end: lines that were written over are gone."""
    shown, at = [], 0
    for piece in re.findall(r"\x1b\[\d+A|\r\x1b\[2K[^\n]*\n", text):
        if piece.endswith("A"):
            at -= int(piece[2:-1])
        else:
            shown[at:] = [piece[5:-1], *shown[at + 1 :]]
            at += 1
    return shown


@pytest.fixture
def columns(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    return lambda n: monkeypatch.setenv("COLUMNS", str(n))


def run(screen, names=None, geometry="slab", cells=None, every=0.0):
    s = busy(geometry, cells or LINE).with_(duration="6 h")
    made = Strip(names, screen)
    return sim.simulate(s, watch=sim.Watch(made, every=every, share=1))


@pytest.mark.parametrize("letters", [BLOCKS, PLAIN_BLOCKS])
def test_each_eighth_has_its_letter(letters):
    row = np.linspace(0.0, 1.0, 8001)
    text = letters_of(row, letters)
    assert [text.count(c) for c in letters] == [1000] * 7 + [1001]
    assert "".join(sorted(text, key=letters.index)) == text


def test_letters_of_rows_without_contrast_or_numbers():
    assert letters_of(np.zeros(3), "abcdefgh") == "aaa"
    assert letters_of(np.full(3, 7.4), "abcdefgh") == "eee"
    assert letters_of(np.array([np.nan, 0.0, 1.0]), "abcdefgh") == " ah"
    assert letters_of(np.full(2, np.nan), "abcdefgh") == "  "
    assert letters_of(np.array([7.0, 7.4]), "abcdefgh") == "ah"  # not from zero: nothing would be seen


def test_a_run_that_goes_on_from_another_is_forecast_from_its_own_part():
    """A minute for half a day leaves a minute for the other half, whatever came before."""
    day = 86400.0
    now = SimpleNamespace(
        name="a", began=9 * day, time=9.5 * day, duration=10 * day, done=0.95, seconds=60.0, status="running"
    )
    assert head_line(now, 100, True).endswith("95 %, 9.5 days of 10 days, 1 min, 1 min left")
    s = busy("slab", LINE).with_(duration="2 h")
    began = []
    half = sim.simulate(s, until="1 h", watch=lambda snapshot: began.append(snapshot.began))
    sim.simulate(s, start=half, watch=lambda snapshot: began.append(snapshot.began))
    assert {began[0], began[-1]} == {0.0, 3600.0} and began == sorted(began)


def test_what_stands_there_is_the_end_of_the_run(columns):
    columns(100)
    screen = Screen()
    result = run(screen, ["HAP", "pH"])
    head, HAP, pH = rows_of(screen.getvalue())
    assert head.startswith("infarct_myocardium ") and "100 %, 6 h of 6 h, finished" in head
    for line, name in ((HAP, "HAP"), (pH, "pH")):
        values = result.at("6 h")[name].values
        mean = float(sim.measures.mean(name)(result))
        said = [float(v) for v in re.findall(r"(\S+)(?: mM)? \((\S+) to (\S+)\)", line)[0]]
        assert said == pytest.approx([mean, values.min(), values.max()], rel=0.005)


def test_columns_are_means_of_their_cells(columns):
    """20 columns of 6 cells and 3 of 600: against a fine sampling of the same steps."""
    from sim.run.watching.strip import _resampled

    class Line:
        space = ("r",)

        def __init__(self, faces):
            self.faces = faces

        def array_of(self, name):
            return self.faces

    rng = np.random.default_rng(3)
    for cells, count in ((6, 20), (600, 3), (7, 7)):
        faces = np.linspace(0.0, 5e-3, cells + 1)
        values = rng.random(cells)
        found = _resampled(Line(faces), values[None], count)
        borders = np.linspace(0.0, 5e-3, count + 1)
        for k in range(count):
            inside = [
                values[i] for i in range(cells)
                if faces[i + 1] > borders[k] + 1e-9 and faces[i] < borders[k + 1] - 1e-9
            ]  # fmt: skip
            assert found[k] == pytest.approx(np.mean(inside))


@pytest.mark.parametrize("wide", [20, 45, 60, 80, 100, 300])
@pytest.mark.parametrize("geometry", ["slab", "rectangle", "well_mixed"])
def test_no_line_is_wider_than_the_terminal(columns, wide, geometry):
    columns(wide)
    screen = Screen()
    run(screen, geometry=geometry, cells={"lesion": 1} if geometry == "well_mixed" else LINE, every=60.0)
    rows = rows_of(screen.getvalue())
    assert len(rows) == 3 and all(rows)
    assert max(map(len, rows)) <= max(40, wide - 1)


def test_a_terminal_without_blocks_gets_plain_letters(columns):
    columns(100)
    screen = Screen("ascii")
    run(screen)
    screen.getvalue().encode("ascii")
    assert "#" in rows_of(screen.getvalue())[0]


@pytest.mark.parametrize("what", ["a file", "a dumb terminal", "nothing"])
def test_it_is_silent_where_lines_cannot_be_written_over(monkeypatch, what):
    monkeypatch.setenv("TERM", "dumb" if what == "a dumb terminal" else "xterm")
    stream = io.StringIO() if what == "a file" else Screen()
    if what == "nothing":
        monkeypatch.setattr("sys.stderr", None)
        result = run(None)
    else:
        result = run(stream)
    assert result.status == "finished" and stream.getvalue() == ""


def test_a_run_after_another_begins_anew(columns):
    """With the same watch: nothing of the first is written over, and a stirred course starts again."""
    columns(100)
    screen = Screen()
    watch = strip(stream=screen, every=60.0)
    s = busy("well_mixed", {"lesion": 1}).with_(duration="6 h")
    for _ in range(2):
        sim.simulate(s, watch=watch)
    first, second = rows_of(screen.getvalue())[:3], rows_of(screen.getvalue())[3:]
    assert len(second) == 3 and first[1:] == second[1:]


def test_what_is_below_the_tolerance_has_no_pattern(columns):
    class Present:
        name, call, seconds, time, duration, done, status = "x", 1, 0.0, 1.0, 1.0, 1.0, "running"
        space = ("x",)

        def array_of(self, name):
            return (
                np.array([0.0, 1.0, 2.0])
                if "edges" in name
                else np.array([[1e-9, 3e-9]])
                if (name == "HAP")
                else np.ones(2)
            )

        def attributes_of(self, name):
            return {"units": "mol m-3", "shown_in": "mM", "short_name": "HAP"}

        def least_resolved(self, name):
            return 1e-6

    line = variable_line(Present(), "HAP", 80, True)
    assert "< 1e-6 mM" in line and set(line.split()[1]) == {BLOCKS[0]}


def test_a_model_of_ones_own_shows_its_own_species(columns):
    from crystal_burst import scenario as burst

    columns(100)
    screen = Screen()
    sim.simulate(burst(cells=3), watch=sim.Watch(Strip(None, screen), every=60.0))
    assert len(rows_of(screen.getvalue())) == 3


@pytest.mark.parametrize("width", [1, 12, 30])
def test_no_line_is_wider_than_a_narrow_terminal(columns, width):
    """One that wraps takes two rows, and what is written over it lands in another place."""
    columns(width)
    screen = Screen()
    run(screen)
    lines = re.findall(r"\r\x1b\[2K([^\n]*)\n", screen.getvalue())
    assert lines and max(map(len, lines)) <= max(width - 1, 1)
