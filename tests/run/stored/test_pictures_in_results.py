"""A result whose regions came from a picture is whole without it, and does not tell where it lay."""

import json

import numpy as np
import pytest
from matplotlib import image

import sim
from sim import shapes


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """(scenario, path of its result, folder of a picture that is gone)."""
    folder = tmp_path_factory.mktemp("private")
    picture = folder / "traced.png"
    image.imsave(picture, np.tri(6), cmap="gray")
    traced = shapes.image(picture, width="2 mm", centre=("0.5 mm", 0), inside="dark")
    s = sim.scenario("infarct_myocardium").with_geometry("rectangle", {"lesion": 3, "border": 2})
    s = s.with_region("lesion", shapes.Union((shapes.Disc("1 mm"), traced)))
    s = s.with_region("rest", shapes.Difference((traced, shapes.Disc("0.5 mm"))), like="lesion")
    path = sim.simulate(s.with_(duration="1 min"), times=2).save(folder.parent / "traced.nc")
    picture.unlink()
    return s.with_(duration="1 min"), path, folder


def test_the_scenario_of_a_result_needs_no_picture(kept, tmp_path, monkeypatch):
    s, path, _ = kept
    monkeypatch.chdir(tmp_path)
    found = sim.load(path).scenario
    assert found == s and found.diff(s) == "no difference"
    assert sim.scenario(found.save(tmp_path / "again.toml")) == s


def test_no_folder_of_this_machine_is_in_a_result(kept):
    _, path, folder = kept
    manifest = json.dumps(sim.load(path).manifest)
    assert "traced.png" in manifest and str(folder) not in manifest and folder.name not in manifest
