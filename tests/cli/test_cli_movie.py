"""`hapsim movie`: the frames that were asked for, of one run or of several, and mistakes in sentences."""

import pytest
from click.testing import CliRunner
from PIL import Image

import sim
from sim.cli import main


def hapsim(*words):
    return CliRunner().invoke(main, [str(w) for w in words])


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    base = sim.scenario("elastin_implant_rat").with_(duration="2 day")
    for name, scenario in {"plain": base, "less": base.changed({"plasma.P": "0.9 mM"})}.items():
        (folder / name).mkdir()
        sim.simulate(scenario, times=5).save(folder / name / "result.nc")
    return folder


def size_and_frames(path):
    with Image.open(path) as film:
        return film.size, film.n_frames


def test_one_run_and_two_side_by_side(saved):
    done = hapsim("movie", saved / "plain/result.nc", "--frames", "4", "--variable", "pH", "--quiet")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.split() == [str(saved / "plain/movie.webp")]
    (width, _), frames = size_and_frames(saved / "plain/movie.webp")
    assert frames == 4
    both = hapsim(
        "movie",
        saved / "plain/result.nc",
        saved / "less/result.nc",
        "--frames",
        "3",
        "--out",
        saved / "both.gif",
    )
    assert both.exit_code == 0, both.stderr
    (wider, _), frames = size_and_frames(saved / "both.gif")
    assert frames == 3 and wider > 1.5 * width


def test_mistakes_are_sentences_and_leave_no_file(saved):
    one = saved / "less/result.nc"
    for words, said in (
        (("--variable", "HPA"), "HAP"),
        (("--out", saved / "a.avi"), ".webp"),
        (("--frames", "1"), "frames"),
        (("--clock", "rot"), "root"),
    ):
        done = hapsim("movie", one, *words)
        assert done.exit_code == 2 and said in done.stderr and "Traceback" not in done.stderr
    assert {p.name for p in saved.glob("less/*")} == {"result.nc"}
    there = saved / "there.gif"
    there.write_bytes(b"mine")
    refused = hapsim("movie", one, "--out", there)
    assert refused.exit_code == 2 and "--force" in refused.stderr and there.read_bytes() == b"mine"
