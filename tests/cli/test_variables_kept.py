"""`hapsim run --variables`: less is held, and what is said and drawn of the run is the same."""

import json
import shutil
from collections import namedtuple

import pytest
from click.testing import CliRunner

import sim
from sim.cli import main
from sim.plotting.runs import story
from sim.run import memory
from sim.run.simulate import simulate, variables_to_keep
from sim.summary import summary_lines

NAME = "infarct_myocardium"
SHORT = ("--days", "0.05", "--resolution", "0.05", "--outputs", "9")
WAYS = {
    "sphere": ("--set", "geometry=sphere"),
    "rectangle": ("--set", "geometry=rectangle", "--set", "lesion.cells=3", "--set", "border.cells=2"),
    "well_mixed": ("--set", "geometry=well_mixed", "--set", "outer=closed"),
}


def hapsim(*words):
    return CliRunner().invoke(main, ["run", NAME, *SHORT, *words])


def without_clock(file):
    """The summary but for how long the run took."""
    found = json.loads(file.read_text())
    return {k: v for k, v in found.items() if k not in ("wall_seconds", "memory")}


@pytest.mark.parametrize("way", WAYS)
def test_summary_and_pictures_are_those_of_the_whole_run(tmp_path, way, monkeypatch):
    held = []

    def seen(*given, **more):
        held.append(more["variables"])
        return simulate(*given, **more)

    monkeypatch.setattr("sim.run.simulate.simulate", seen)
    for folder, words in (("all", ()), ("few", ("--variables", "P"))):
        done = hapsim(*WAYS[way], *words, "--out", str(tmp_path / folder))
        assert done.exit_code == 0, done.output
    names = {f.name for f in (tmp_path / "all").iterdir()}
    assert names == {f.name for f in (tmp_path / "few").iterdir()}
    for picture in (n for n in names if n.endswith(".png")):
        assert (tmp_path / "few" / picture).read_bytes() == (tmp_path / "all" / picture).read_bytes()
    assert without_clock(tmp_path / "few/summary.json") == without_clock(tmp_path / "all/summary.json")
    whole, few = (sim.load(tmp_path / f / "result.nc") for f in ("all", "few"))
    assert set(few.dataset.data_vars) == {"P", "volume", "layer"}
    assert (few["P"].values == whole["P"].values).all()
    assert held[0] is None and "P" in held[1] and len(held[1]) < 0.5 * len(whole.dataset.data_vars)


def test_the_door_counts_what_is_held(tmp_path, monkeypatch):
    """Seven outputs of 10 000 cells: 8 bytes for each of them and each variable."""
    told = []

    def admitted(scenario, solver, outputs=None, kept=None):
        told.append((outputs, kept))
        raise sim.errors.ScenarioError("enough")

    monkeypatch.setattr(memory, "admitted", admitted)
    for words in ((), ("--variables", "P,pH"), ("--variables", "P,pH", "--no-figure")):
        hapsim(*words, "--out", str(tmp_path / "out"))
    (_, everything), (_, drawn), (_, said) = told
    model = sim.scenario(NAME).model
    assert everything is None
    assert said == len({"P", *summary_lines.READ, *(s.name for s in model.solids)})
    assert drawn == len({"P", *summary_lines.READ, *story.variables_read(model)})
    plane = sim.scenario(NAME).with_geometry("rectangle", {"lesion": 40, "border": 10})
    tables = [memory.memory_forecast(plane, outputs=7, kept=k).parts["dataset"] for k in (said, drawn)]
    assert [memory.file_size(plane, 7, k) for k in (said, drawn)] == tables
    assert tables == [8 * 7 * 10_000 * said, 8 * 7 * 10_000 * drawn]


def test_the_size_of_the_file_is_told_before_a_plane_runs(tmp_path, monkeypatch):
    """60 x 60 cells, 9 outputs, 2 variables of 8 bytes: 518.4 kB."""
    usage = namedtuple("Usage", "total used free")(10**9, 10**9, 10**5)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    def enough(self):
        raise sim.errors.ScenarioError("enough")

    monkeypatch.setattr("sim.run.segments.Builder.segments", enough)
    plane = ("--set", "geometry=rectangle", "--set", "lesion.cells=24", "--set", "border.cells=6")
    done = CliRunner().invoke(
        main,
        ["run", NAME, *SHORT[:2], *SHORT[4:], *plane, "--variables", "P,pH", "--out", str(tmp_path / "out")],
    )
    assert (
        done.exit_code == 2 and "3600 cells" in done.stderr and "up to 518 kB on the disk" in done.stderr
    ), done.output
    assert "result.nc may take up to 518 kB, and 100 kB are free" in done.stderr


@pytest.mark.filterwarnings("ignore:fluid:sim.errors.RangeWarning")
def test_what_is_beyond_the_chemistry_is_said_whatever_is_kept():
    """Salt of 2 mol/l is beyond any of the laws for ions; that is told though only pH is kept."""
    salty = sim.scenario(NAME).with_(duration="1 s").with_parameters({"fluid.Na": "2 M", "fluid.Cl": "2 M"})
    with pytest.warns(sim.errors.RangeWarning, match="ionic strength"):
        whole = sim.simulate(salty.with_resolution(0.05), times=2)
    with pytest.warns(sim.errors.RangeWarning, match="ionic strength"):
        few = sim.simulate(salty.with_resolution(0.05), times=2, variables=["pH"])
    assert few.notes == whole.notes and "ionic_strength" not in few.dataset


def test_names_beside_those_asked_for_need_not_be_there():
    s = sim.scenario(NAME)
    assert variables_to_keep(s, ["pH"], ["HAP", "pH", "no such thing"]) == ["pH", "HAP"]
    with pytest.raises(sim.errors.ScenarioError, match="HAP_dens"):
        variables_to_keep(s, ["HAP_dens"], ["pH"])
