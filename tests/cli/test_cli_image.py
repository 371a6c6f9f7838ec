"""`hapsim image`: files by their ending, scores on the screen, mistakes in sentences."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

import sim
from sim.cli import main


def hapsim(*words):
    return subprocess.run([sys.executable, "-m", "sim", *map(str, words)], capture_output=True, text=True)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    result = sim.simulate(sim.scenario("elastin_implant_rat"), times=4)
    return result.save(tmp_path_factory.mktemp("run") / "result.nc")


def test_ct_and_radiograph_lie_beside_the_result(saved):
    done = hapsim("image", saved, "--ct", "--at", "20 day")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == str(saved.with_name("ct.png"))
    assert done.stdout.splitlines()[1].startswith("Agatston ")
    assert hapsim("image", saved, "--xray", "--instrument", "mammography").returncode == 0
    for name in ("ct.png", "xray.png"):
        assert saved.with_name(name).read_bytes().startswith(b"\x89PNG")
    again = hapsim("image", saved, "--ct")
    assert again.returncode == 2 and "--force" in again.stderr
    assert hapsim("image", saved, "--ct", "--force").returncode == 0


def test_mri_and_sections_lie_beside_the_result(saved):
    for words, name in ((("--mri",), "mri.png"), (("--histology", "--stain", "von_kossa"), "histology.png")):
        done = hapsim("image", saved, *words, "--at", "20 day")
        assert done.stdout.splitlines() == [str(saved.with_name(name))], done.stderr
        assert saved.with_name(name).read_bytes().startswith(b"\x89PNG")


def test_endings_choose_the_file(saved, tmp_path):
    pytest.importorskip("pydicom")
    pytest.importorskip("nibabel")
    for out in ("a.tif", "a.nii.gz", "series"):
        assert hapsim("image", saved, "--ct", "--out", tmp_path / out).returncode == 0
    found = sim.imaging.read_nifti(tmp_path / "a.nii.gz")
    series = sim.imaging.read_dicom(tmp_path / "series")
    assert abs(found.values - series.values).max() <= 0.5 + 1e-3
    film = tmp_path / "film.tif"
    assert hapsim("image", saved, "--xray", "--out", film).returncode == 0 and film.stat().st_size > 1000


def test_mistakes_are_sentences(saved, tmp_path):
    for words, said in (
        ((saved,), "--ct, --xray, --mri or --histology"),
        ((saved, "--ct", "--mri"), "--ct and --mri are two pictures"),
        ((saved, "--mri", "--stain", "he"), "are of --histology"),
        ((saved, "--histology", "--instrument", "gre_3T"), "has a --stain"),
        (
            (saved, "--histology", "--stain", "von_kosa", "--out", tmp_path / "a.png"),
            "Did you mean 'von_kossa'",
        ),
        (
            (saved, "--mri", "--variable", "phase"),
            "--variable is of --mri written",
        ),
        ((saved, "--mri", "--instrument", "gre_3t", "--out", tmp_path / "a.png"), "gre_3T"),
        ((saved, "--ct", "--out", tmp_path / "a.jpg"), ".png, .tif"),
        ((saved, "--xray", "--out", tmp_path / "a.nii"), "are for CT"),
        ((saved, "--ct", "--instrument", "chest", "--out", tmp_path / "a.png"), "not an instrument for a CT"),
        ((saved, "--ct", "--at", "2 year", "--out", tmp_path / "a.png"), "outside the result"),
        ((tmp_path / "none.nc", "--ct"), "none.nc"),
    ):
        done = CliRunner().invoke(main, ["image", *map(str, words)])
        assert done.exit_code == 2 and said in done.stderr and "Traceback" not in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
