"""Runs of an atlas: an interruption ends it, a run that fails is told, and what is done is kept."""

from types import SimpleNamespace

import pytest

import sim
from sim.atlas.atlas import atlas, run_into
from sim.errors import ConfigError, ScenarioError
from sim.run import simulate as runs

NAMES = ("congenital_rubella", "cyst_wall")


def ended(status, message=""):
    return SimpleNamespace(status=status, success=status == "finished", message=message)


def test_ctrl_c_in_a_run_ends_the_atlas_and_is_not_a_failure_of_the_run(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(runs, "simulate", lambda s: asked.append(s.name) or ended("interrupted"))
    with pytest.raises(KeyboardInterrupt):
        atlas(tmp_path, NAMES, treatments=False)
    assert asked == [NAMES[0]]


def test_a_run_that_is_refused_is_told_and_the_others_go_on(tmp_path, monkeypatch):
    def refused(scenario):
        raise ScenarioError(f"{scenario.name} needs more memory than is free.")

    monkeypatch.setattr(runs, "simulate", refused)
    told = []
    found = atlas(tmp_path, NAMES, report=told.append, treatments=False)
    assert found.failures == {n: f"{n} needs more memory than is free." for n in NAMES}
    assert len(told) == len(NAMES)


def test_a_name_given_twice_is_run_once(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(runs, "simulate", lambda s: asked.append(s.name) or ended("failed", "too stiff."))
    found = atlas(tmp_path, [NAMES[0], NAMES[0]], treatments=False)
    assert asked == [NAMES[0]] and [e.name for e in found.entries] == [NAMES[0]]
    assert found.failures == {NAMES[0]: "failed: too stiff."}


@pytest.mark.parametrize("workers", [-1, 2000])
def test_a_number_of_processes_that_is_none_is_refused(tmp_path, workers):
    with pytest.raises(ConfigError, match="is not a number of processes, 0"):
        atlas(tmp_path / "none", NAMES, workers=workers)
    assert not (tmp_path / "none").exists()


def test_what_is_done_is_kept_and_a_damaged_file_is_run_again(tmp_path):
    name = NAMES[1]
    folder = tmp_path / "runs" / name
    assert run_into(folder, (name, "")) == ""
    whole = (folder / "result.nc").read_bytes()
    for content, said in ((whole, "kept"), (whole[:3000], "done"), (b"", "done")):
        (folder / "result.nc").write_bytes(content)
        told = []
        atlas(tmp_path, [name], report=told.append, treatments=False)
        assert told == [f"{name}: {said}"]
    assert sim.load(folder / "result.nc").success
