"""`hapsim run`: what it writes, keeps and says."""

import json
import os
import signal
from dataclasses import replace

import pytest
from click.testing import CliRunner

import sim
from sim.cli import main
from sim.solvers import DEFAULT, SOLVERS

NAME = "infarct_myocardium"
TINY = ("--days", "0.01", "--resolution", "0.05")
FILES = {"result.nc", "summary.json", "story.png"}


def hapsim(*words):
    return CliRunner().invoke(main, list(words))


@pytest.fixture
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A tiny run with everything written: (outcome, folder)."""
    folder = tmp_path_factory.mktemp("run") / "out"
    return hapsim("run", NAME, *TINY, "--out", str(folder)), folder


def test_a_run_writes_data_numbers_and_a_picture(run):
    done, folder = run
    assert done.exit_code == 0, done.output
    assert {f.name for f in folder.iterdir()} == FILES
    result = sim.load(folder / "result.nc")
    assert result.success
    assert result.t[-1] == pytest.approx(864.0)
    assert (folder / "story.png").read_bytes()[:4] == b"\x89PNG"
    for word in ("finished", "onset", "lowest pH", "ledger residual", "wall time", str(folder)):
        assert word in done.stdout


def test_a_rectangle_gets_maps_too(tmp_path):
    out = tmp_path / "out"
    words = (*TINY, "--set", "geometry=rectangle", "--set", "lesion.cells=3", "--set", "border.cells=2")
    done = hapsim("run", NAME, *words, "--out", str(out))
    assert done.exit_code == 0, done.output
    assert {f.name for f in out.iterdir()} == {*FILES, "maps.png"}
    assert (out / "maps.png").read_bytes()[:4] == b"\x89PNG"
    assert "story.png, maps.png" in done.stdout


def test_calcium_per_dry_mass_is_told_of_each_layer(run):
    """A mean over an implant and its capsule compares with nothing that was measured."""
    done, folder = run
    summary = json.loads((folder / "summary.json").read_text())
    result = sim.load(folder / "result.nc")
    found = summary["Ca_per_dry_mass_by_place"]
    assert found["unit"] == "ug/mg" and set(found["value"]) == {"lesion", "border"}
    inner = result["layer"].values == "lesion"
    volume, last = result["volume"].values, result["Ca_per_dry_mass"].values[-1]
    wanted = 1e3 * (last[inner] * volume[inner]).sum() / volume[inner].sum()
    assert found["value"]["lesion"] == pytest.approx(wanted, rel=1e-12)
    assert "by place" in done.stdout and "border" in done.stdout


def test_progress_goes_to_stderr_a_line_every_tenth(run):
    done, _ = run
    assert "100 %" in done.stderr
    assert len(done.stderr.splitlines()) <= 12
    assert "%" not in done.stdout


def test_the_summary_holds_the_numbers_of_the_result(run):
    _, folder = run
    summary = json.loads((folder / "summary.json").read_text())
    result = sim.load(folder / "result.nc")
    assert summary["scenario"] == NAME
    assert summary["status"] == "finished"
    mean = sim.measures.mean("Ca_in_mineral")(result)
    assert summary["Ca_in_solids_mean"] == {"value": pytest.approx(mean), "unit": "mM"}
    phases = summary["Ca_by_phase"]["value"]
    assert set(phases) == set(result.solids) and sum(phases.values()) == pytest.approx(mean, rel=1e-9)
    last = result.ledger()["amount"].sel(element="Ca").isel(time=-1) / float(result["volume"].sum())
    bound = {p: float(last.sel(pool=p)) for p in ("core", "membrane")}
    assert summary["Ca_bound"]["value"] == pytest.approx(bound)
    lowest = float(result["pH"].min())
    assert summary["pH_lowest"]["value"]["pH"] == pytest.approx(lowest)
    assert summary["onset_HAP"] == {"value": None, "unit": "s"}  # JSON has no infinity
    assert summary["manifest"]["hash"] == result.manifest["hash"]
    assert summary["steps"]["value"] == result.stats["steps"]


def test_calcium_comes_from_somewhere(run):
    """What cells released and what came in equals what the other pools gained."""
    _, folder = run
    summary = json.loads((folder / "summary.json").read_text())
    ledger = sim.load(folder / "result.nc")["ledger"].sel(element="Ca")
    gained = ledger[-1] - ledger[0]
    outside = [p for p in gained["pool"].values if "supplied" in p or p == "interventions"]
    inside = float(gained.drop_sel(pool=[*outside, "cells"]).sum())
    volume = float(sim.load(folder / "result.nc")["volume"].sum())
    assert sum(summary["Ca_origin"]["value"].values()) == pytest.approx(inside / volume, rel=1e-8)


def test_set_changes_what_is_run(run, tmp_path):
    words = ("--set", "lesion.radius=2 mm", "--set", "geometry=sphere", "--no-figure", "--quiet")
    done = hapsim("run", NAME, *TINY, "--out", str(tmp_path / "a"), *words)
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{tmp_path / 'a'}\n"
    assert {f.name for f in (tmp_path / "a").iterdir()} == FILES - {"story.png"}
    m = sim.load(tmp_path / "a" / "result.nc").manifest
    radius = m["parameters"]["lesion.radius"]
    assert (radius["value"], radius["unit"]) == (2.0, "mm")
    assert m["geometry"].startswith("Grid(sphere")
    assert m["hash"] != sim.load(run[1] / "result.nc").manifest["hash"]


def test_cells_of_a_layer_can_be_set(tmp_path):
    words = ("--days", "0.001", "--set", "lesion.cells=3", "--set", "border.cells=2")
    out = tmp_path / "a"
    assert hapsim("run", NAME, *words, "--out", str(out), "--no-figure").exit_code == 0
    assert sim.load(out / "result.nc").dataset.sizes["r"] == 5


def test_files_of_an_earlier_run_are_kept_unless_forced(run):
    _, folder = run
    before = (folder / "result.nc").read_bytes()
    words = ("run", NAME, *TINY, "--out", str(folder), "--no-figure", "--quiet")
    done = hapsim(*words)
    assert done.exit_code == 2
    assert "--force to overwrite" in done.stderr
    assert (folder / "result.nc").read_bytes() == before
    assert hapsim(*words, "--force").exit_code == 0


def test_repeating_a_command_takes_the_next_folder(empty_folder):
    words = ("run", NAME, *TINY, "--no-figure", "--quiet")
    folders = [hapsim(*words).stdout.strip() for _ in range(3)]
    assert folders == [f"results/{NAME}", f"results/{NAME}-2", f"results/{NAME}-3"]
    assert all((empty_folder / f / "result.nc").exists() for f in folders)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_keeps_what_it_has(request, monkeypatch, tmp_path, number, code):
    """Ctrl-C, or the end of a batch job, after 40 steps."""
    solve = SOLVERS[DEFAULT].solve

    # Jobs in the background of a shell ignore SIGINT, and so would this one.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    sent = []

    def interrupted(task):
        def stop(t, steps):
            if steps >= 40 and not sent:
                sent.append(steps)
                os.kill(os.getpid(), number)

        return solve(replace(task, progress=stop))

    monkeypatch.setitem(SOLVERS, DEFAULT, replace(SOLVERS[DEFAULT], solve=interrupted))
    done = hapsim("run", NAME, *TINY, "--out", str(tmp_path / "a"))
    assert done.exit_code == code
    assert {f.name for f in (tmp_path / "a").iterdir()} == FILES
    assert sim.load(tmp_path / "a" / "result.nc").status == "interrupted"
    assert json.loads((tmp_path / "a" / "summary.json").read_text())["status"] == "interrupted"


def test_a_failed_run_keeps_what_it_has_and_exits_1(monkeypatch, tmp_path):
    solve = SOLVERS[DEFAULT].solve

    def limited(task):
        return solve(replace(task, max_steps=30))

    monkeypatch.setitem(SOLVERS, DEFAULT, replace(SOLVERS[DEFAULT], solve=limited))
    done = hapsim("run", NAME, *TINY, "--out", str(tmp_path / "a"), "--no-figure")
    assert done.exit_code == 1
    assert "30 steps were not enough" in done.stderr
    assert sim.load(tmp_path / "a" / "result.nc").status == "failed"


def test_ctrl_c_before_anything_was_computed_leaves_nothing(monkeypatch, empty_folder):
    def stop(*arguments, **words):
        raise KeyboardInterrupt

    monkeypatch.setattr("sim.run.simulate.simulate", stop)
    done = hapsim("run", NAME, *TINY)
    assert done.exit_code == 130
    assert "Interrupted" in done.stderr
    assert not list(empty_folder.iterdir())


def test_the_forecast_counts_the_outputs_that_were_asked_for(empty_folder, monkeypatch):
    """A number of outputs, and listed times; the file's scenario has no intervention."""
    from sim.run import memory

    class Enough(Exception):
        pass

    def seen(scenario, solver, outputs=None, **_):
        raise Enough(outputs)

    monkeypatch.setattr(memory, "admitted", seen)
    for given, count in (("7", 7), ("10 s, 60 s, 5 min", 3)):
        done = CliRunner().invoke(main, ["--debug", "run", NAME, *TINY, "--outputs", given])
        assert repr(done.exception) == f"Enough({count})"


def test_a_file_of_any_name_gets_a_folder_that_every_system_takes(empty_folder, monkeypatch):
    """CON is a device of Windows, and a colon no part of a name there."""
    for stem, folder in (("con", "_con"), ("acid:2", "acid_2")):
        sim.scenario(NAME).save(empty_folder / f"{stem}.toml")
        done = hapsim("run", f"{stem}.toml", *TINY, "--no-figure", "--quiet")
        assert done.stdout == f"{os.path.join('results', folder)}\n", done.output


def test_a_watched_run_shows_lines_in_a_terminal_and_tenths_elsewhere(tmp_path, monkeypatch):
    from sim.cli.runs.while_running import shown_while_running
    from sim.run.watching.strip import Strip

    class Terminal:
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", Terminal())
    report, watch = shown_while_running(sim.scenario(NAME), quiet=False, watched=True, began=0.0)
    assert report is False and isinstance(watch.function, Strip)
    assert shown_while_running(sim.scenario(NAME), quiet=False, watched=False, began=0.0) == (True, None)
    monkeypatch.undo()
    done = hapsim("run", NAME, *TINY, "--out", str(tmp_path / "out"), "--watch", "--no-figure")
    assert done.exit_code == 0 and "100 %" in done.stderr and "\x1b" not in done.output
    refused = hapsim("run", NAME, *TINY, "--out", str(tmp_path / "no"), "--watch", "--quiet")
    assert refused.exit_code != 0 and "leave one out" in refused.stderr and not (tmp_path / "no").exists()


def test_outputs_that_are_none_and_a_result_for_a_scenario_are_slips(empty_folder):
    (empty_folder / "result.nc").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    for words, said in (
        ((NAME, *TINY, "--outputs", ""), "times"),
        (("./result.nc",), "is a NetCDF file, as results are"),
    ):
        done = CliRunner().invoke(main, ["run", *words])
        assert done.exit_code == 2 and said in done.output
