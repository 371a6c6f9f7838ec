"""`hapsim sweep`: files, stores and exit codes, as a user meets them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from click.testing import CliRunner

import sim
from sim.cli import main
from sim.cli.sweep.text import together
from sim.errors import SweepError
from sim.sweeps import load

ROOT = Path(__file__).parents[2]
FILE = """
title = "Acid in a drop"
scenario = "infarct_myocardium"
duration = "1 h"
resolution = 0.05

[axes]
"acid.load" = { low = "10 mM", high = "40 mM", log = true, n = 3 }
"lesion.radius" = { low = "1 mm", high = "2 mm", n = 2 }

[measures]
pH = { what = "lowest", of = "pH" }
onset = { what = "onset", of = "HAP", above = "1 mM" }

[run]
times = 4

[[figures]]
x = "acid.load"
y = "lesion.radius"
colour = "pH"
[[figures]]
x = "acid.load"
y = "lesion.radius"
colour = "onset"
"""


def hapsim(*words):
    return CliRunner().invoke(main, ["sweep", *map(str, words)])


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "drop.toml"
    path.write_text(FILE)
    return path


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A sweep that was run: (outcome, folder)."""
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "drop.toml").write_text(FILE)
    words = (
        folder / "drop.toml",
        "--store",
        folder / "drop.db",
        "--workers",
        1,
        "--figure",
        folder / "f.png",
    )
    return hapsim(*words), folder


def test_a_sweep_fills_a_store_and_draws(done):
    out, folder = done
    assert out.exit_code == 0, out.output
    table = load(folder / "drop.db")
    assert len(table.rows) == 6
    assert list(table.status) == ["finished"] * 6
    assert (folder / "f.png").read_bytes()[:4] == b"\x89PNG"
    assert "6: 6 finished" in " ".join(out.stdout.split())
    assert "never in all 6" in out.stdout
    assert str(folder / "drop.db") in out.stdout


def test_its_numbers_are_those_of_the_library(done):
    """Each row against a run by hand."""
    table = load(done[1] / "drop.db")
    base = sim.scenario("infarct_myocardium").with_(duration="1 h").with_resolution(0.05)
    for k in (0, 5):
        point = {name: float(table.inputs(name)[k]) for name in ("acid.load", "lesion.radius")}
        result = sim.simulate(base.with_parameters(point), times=4)
        assert table.measure("pH")[k] == float(result["pH"].min())


def test_running_it_again_runs_nothing(done, monkeypatch):
    folder = done[1]
    before = (folder / "drop.db").read_bytes()

    def refused(*_):
        raise AssertionError("a point was run again")

    monkeypatch.setattr("sim.sweeps.engines.point.run_point", refused)
    again = hapsim(folder / "drop.toml", "--store", folder / "drop.db", "--workers", 0, "--quiet")
    assert again.exit_code == 0, again.output
    assert again.stdout == f"{folder / 'drop.db'}\n"
    assert len(load(folder / "drop.db").rows) == 6
    assert len((folder / "drop.db").read_bytes()) == len(before)


def test_status_counts_and_gives_the_end(done):
    out = hapsim("status", done[1] / "drop.db")
    assert out.exit_code == 0, out.output
    text = " ".join(out.stdout.split())
    assert "6 of 6: 6 finished" in text
    assert "nothing: it is complete" in text


def test_the_rate_leaves_out_the_nights_between(tmp_path, monkeypatch):
    """Ten rows a second apart, a day later ten more half a second apart: two points a second."""
    from sim.sweeps.store.store import Store

    blank = {
        "inputs": {},
        "measures": {},
        "statistics": {},
        "versions": {},
        "reason": "",
        "run": "",
        "result": "",
    }
    row = {"status": "finished", "wall": 0.5, **blank}
    start = 1.7e9
    with Store.open(tmp_path / "a.db", {"x": 1}) as store:
        store.plan({"planned": 40}, [(k, f"{k:064x}") for k in range(40)])
        for k in range(20):
            monkeypatch.setattr("time.time", lambda at=start + (k if k < 10 else 86400 + k / 2): at)
            store.add([row | {"key": f"{k:064x}", "index": k}])
        assert store.pace(start) == pytest.approx(19 / (86400 + 9.5))
        assert store.pace(start + 80000) == pytest.approx(2.0)


def test_export_to_csv_has_units_and_every_digit(done, tmp_path):
    out = hapsim("export", done[1] / "drop.db", tmp_path / "x.csv")
    assert out.exit_code == 0, out.output
    frame, table = pd.read_csv(tmp_path / "x.csv"), load(done[1] / "drop.db")
    assert frame["lesion.radius [m]"].to_numpy() == pytest.approx(table.inputs("lesion.radius"), rel=0, abs=0)
    assert frame["pH"].to_numpy() == pytest.approx(table.measure("pH"), rel=0, abs=0)
    assert np.isinf(frame["onset [s]"]).all()
    assert (frame["status"] == "finished").all()


def test_export_to_netcdf_is_a_grid(done, tmp_path):
    assert hapsim("export", done[1] / "drop.db", tmp_path / "x.nc").exit_code == 0
    with xr.open_dataset(tmp_path / "x.nc", engine="h5netcdf") as data:
        assert data["pH"].sizes == {"acid.load": 3, "lesion.radius": 2}
        assert data["acid.load"].attrs["units"] == "mol m-3"
        table = load(done[1] / "drop.db")
        one = {n: float(table.inputs(n)[4]) for n in ("acid.load", "lesion.radius")}
        assert float(data["pH"].sel(one)) == table.measure("pH")[4]


def test_export_to_parquet_works_or_says_what_is_missing(done, tmp_path):
    out = hapsim("export", done[1] / "drop.db", tmp_path / "x.parquet")
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        assert out.exit_code == 2
        assert "needs pyarrow" in out.stderr
        assert not list(tmp_path.iterdir())
    else:
        assert out.exit_code == 0
        assert len(pd.read_parquet(tmp_path / "x.parquet")) == 6


def test_parts_of_a_job_array_come_together(done, file, tmp_path):
    parts = [tmp_path / f"part-{k}.db" for k in (1, 2, 3)]
    for k, part in enumerate(parts, start=1):
        out = hapsim(file, "--store", part, "--workers", 0, "--shard", f"{k}/3", "--quiet")
        assert out.exit_code == 0, out.output
        assert len(load(part).rows) == 2
    assert hapsim("export", *parts, tmp_path / "parts.csv").exit_code == 0
    assert hapsim("export", done[1] / "drop.db", tmp_path / "whole.csv").exit_code == 0
    parts_, whole = (pd.read_csv(tmp_path / f"{n}.csv").drop(columns="wall [s]") for n in ("parts", "whole"))
    pd.testing.assert_frame_equal(parts_, whole, check_exact=True)
    assert hapsim("draw", file, *parts, tmp_path / "parts.png").exit_code == 0
    assert (tmp_path / "parts.png").stat().st_size > 5000


def test_parts_of_another_sweep_are_refused(done, file, tmp_path):
    file.write_text(FILE.replace('duration = "1 h"', 'duration = "2 h"'))
    assert hapsim(file, "--store", "other.db", "--workers", 0, "--quiet").exit_code == 0
    out = hapsim("export", done[1] / "drop.db", "other.db", "all.csv")
    assert out.exit_code == 2
    assert "duration" in out.stderr


def test_a_changed_file_does_not_mix_with_an_old_store(file):
    assert hapsim(file, "--store", "a.db", "--workers", 0, "--quiet").exit_code == 0
    file.write_text(FILE.replace('duration = "1 h"', 'duration = "2 h"'))
    out = hapsim(file, "--store", "a.db", "--workers", 0)
    assert out.exit_code == 2
    assert "duration" in out.stderr
    assert len(load("a.db").rows) == 6


def test_failed_points_are_results_but_not_with_strict(file):
    """An intervention after the end of the run is refused, in the points that have it alone."""
    late = '[[interventions]]\nlabel = "late"\nat = "30 min"\nparameters = { "plasma.Ca" = "1.3 mM" }\n[axes]'
    axis = '"late.at" = { values = ["30 min", "2 h"] }\n[measures]'
    text = FILE.replace("[axes]", late).replace("[measures]", axis)
    file.write_text(text.partition("[[figures]]")[0])
    words = (file, "--workers", 0, "--store", "a.db")
    out = hapsim(*words)
    assert out.exit_code == 0, out.output
    assert sorted(load("a.db").status) == ["failed"] * 6 + ["finished"] * 6
    assert "6 stopped" in out.stdout and "before it" in out.stdout
    assert hapsim(*words, "--strict").exit_code == 1


def test_a_sweep_of_which_nothing_finished_exits_with_1(file):
    """A time-out that nothing meets: rows with a reason."""
    words = (file, "--workers", 0, "--timeout", "1 ms", "--figure", "a.png")
    out = hapsim(*words, "--store", "a.db")
    assert out.exit_code == 1
    assert set(load("a.db").status) == {"timed out"}
    assert "timed out" in out.stdout
    assert "No figure: no point of this sweep has a value" in out.stderr
    assert not Path("a.png").exists()


def test_check_runs_nothing(file):
    out = hapsim(file, "--check")
    assert out.exit_code == 0
    for words in ("6, grid", "10 mM to 40 mM, logarithmic", "1 mm to 2 mm", "onset of HAP"):
        assert words in out.stdout
    assert [p.name for p in Path().iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('of = "pH"', 'of = "pHH"', "no variable 'pHH'"),
        ("times = 4", 'times = 4\nsolver = "nfd"', "nfd"),
        ('"lesion.radius" = { low = "1 mm", high = "2 mm"', '"wash.at" = { low = "10 min", high = "60 min"',
         "wash.at = 3600 s"),
    ],
)  # fmt: skip
def test_check_refuses_what_would_fail_at_a_point(old, new, words, file):
    """The run lasts 1 h, 3600 s; the axis of the last case reaches that."""
    wash = "[[interventions]]\nlabel = 'wash'\nat = '30 min'\nboundary = { PPi = '20 uM' }\n[axes]"
    text = FILE.partition("[[figures]]")[0].replace("[axes]", wash)
    file.write_text(text)
    assert hapsim(file, "--check").exit_code == 0
    file.write_text(text.replace(old, new))
    out = hapsim(file, "--check")
    assert out.exit_code == 2 and words in out.stderr and "drop.toml" in out.stderr


def test_the_default_store_is_named_after_the_file(file):
    out = hapsim(file, "--workers", 0, "--quiet")
    assert out.stdout == "results/drop.db\n"
    assert Path("results/drop.db").exists()


def test_files_are_listed_and_printed():
    listed = hapsim("files")
    assert listed.exit_code == 0
    printed = hapsim("files", "acid_question")
    source = ROOT / "sim" / "data" / "sweeps" / "acid_question.toml"
    assert printed.stdout == source.read_text("utf-8")
    for name in ("acid_question", "size_question"):
        assert f"\n{name} " in f"\n{listed.stdout}"


def test_help_shows_the_options_of_a_run_and_the_commands():
    out = hapsim("--help")
    for word in ("--store", "--workers", "--scheduler", "--shard", "--figure", "status", "export", "draw"):
        assert word in out.stdout
    short = hapsim("-h")
    assert short.exit_code == 0, repr(short.exception)
    assert short.stdout == out.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nothing.toml"], "there is no sweep file 'nothing.toml'"),
        (["acid_queston"], "Did you mean 'acid_question'?"),
        (["statsu", "a.db"], "unexpected extra argument"),
        (["statsu"], "Did you mean 'status'?"),
        (["FILE", "--workers", "-1"], "must be a whole number, 0 (in this process) to 1024"),
        (["FILE", "--shard", "4/3"], "parts are counted from 1"),
        (["FILE", "--shard", "0/3"], "parts are counted from 1"),
        (["FILE", "--shard", "third"], "the third of twenty is '3/20'"),
        (["FILE", "--retry", "faled"], "Did you mean 'failed'?"),
        (["FILE", "--keep", "al"], "is not one of none, failed, all. Did you mean 'all'"),
        (["FILE", "--timeout", "5 mm"], "a time"),
        (["FILE", "--timeout", "-5"], "must be above 0"),
        (["FILE", "--memory", "much"], "not an amount of memory"),
        (["FILE", "--figure", "a.gif"], "must end in .png"),
        (["FILE", "--figure", "nowhere/a.png"], "there is no folder nowhere"),
        (["FILE", "--scheduler", "here"], "not an address"),
        (["FILE", "--scheduler", "tcp://127.0.0.1:9", "--workers", "2"], "give one of them"),
        (["status", "no.db"], "there is no store no.db"),
        (["status", "FILE"], "FILE"),
        (["export", "no.db", "a.csv"], "there is no store no.db"),
        (["export", "no.db", "a.xls"], "must end in .csv, .parquet or .nc"),
        (["export", "no.db", "FILE"], "must end in"),
        (["draw", "FILE", "no.db", "a.png"], "there is no store no.db"),
        (["draw", "FILE", "no.db", "a.gif"], "must end in .png"),
        (["files", "acid_queston"], "Did you mean 'acid_question'?"),
    ],
)
def test_bad_input_is_a_sentence_with_exit_code_2(words, sentence, file):
    out = hapsim(*[file.name if w == "FILE" else w for w in words])
    assert out.exit_code == 2, out.output
    assert sentence.replace("FILE", file.name) in out.stderr
    assert "Traceback" not in out.output
    assert [p.name for p in Path().iterdir()] == [file.name]


def test_a_scheduler_that_does_not_answer_is_bad_input(file, monkeypatch):
    def silent(address):
        raise SweepError(f"no Dask scheduler answers at {address}.")

    monkeypatch.setattr("sim.sweeps.engines.cluster.connect", silent)
    out = hapsim(file, "--scheduler", "tcp://127.0.0.1:9")
    assert out.exit_code == 2
    assert out.stderr == "Error: no Dask scheduler answers at tcp://127.0.0.1:9.\n"


@pytest.mark.parametrize(
    ("values", "unit", "texts"),
    [
        ([1e-3, 2e-3], "m", ["1 mm", "2 mm"]),
        ([1e-4, 15e-3], "m", ["0.1 mm", "15 mm"]),
        ([1.5e-8, 1.21, 3.8], "mol m-3", ["0.015 nM", "1.21 mM", "3.8 mM"]),
        ([0.0, 80.0], "mol m-3", ["0 mM", "80 mM"]),
        ([7200.0, 30 * 86400.0], "s", ["2 h", "30 days"]),
        ([5.99208, 7.0], "1", ["5.99", "7"]),
        ([1e-14], "m s-1", ["1e-14 m s-1"]),
        ([40.2, 312.0], "HU", ["40.2 HU", "312 HU"]),  # which sim.units does not know
    ],
)
def test_numbers_as_people_write_them(values, unit, texts):
    assert together(values, unit) == texts


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_sweep_keeps_its_points_and_goes_on(number, code, tmp_path):
    """A signal after the first points, to a driver with a process of its own beside it."""
    path = tmp_path / "long.toml"
    path.write_text(FILE.replace("n = 3", "n = 30").replace('"1 h"', '"20 day"').replace("0.05", "0.5"))
    command = [
        sys.executable,
        "-m",
        "sim",
        "sweep",
        str(path),
        "--store",
        str(tmp_path / "a.db"),
        "--workers",
        "1",
    ]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and not _some_rows(tmp_path / "a.db"):
        time.sleep(0.05)
    told = hapsim("status", tmp_path / "a.db").stdout
    assert f"running  process {process.pid} on" in told
    assert "points/s" in told and "of 60" in told and "points, about" in told
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code, said
    assert "run the same sweep again to go on" in said
    first = [r["key"] for r in load(tmp_path / "a.db").rows]
    assert 0 < len(first) < 60
    assert len(set(first)) == len(first)


def _some_rows(store):
    try:
        return store.exists() and len(load(store).rows) > 2
    except Exception:  # not there yet, as a whole
        return False
