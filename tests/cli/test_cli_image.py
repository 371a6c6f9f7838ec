"""`hapsim image`: files by their ending, scores on the screen, mistakes in sentences."""

import shutil

import pytest
from click.testing import CliRunner

import sim
from sim.cli import main


def hapsim(*words):
    return CliRunner().invoke(main, [str(w) for w in words])


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    result = sim.simulate(sim.scenario("elastin_implant_rat"), times=4)
    return result.save(tmp_path_factory.mktemp("run") / "result.nc")


def test_ct_and_radiograph_lie_beside_the_result(saved):
    done = hapsim("image", saved, "--ct", "--at", "20 day")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[0] == str(saved.with_name("ct.png"))
    assert done.stdout.splitlines()[1].startswith("Agatston ")
    assert hapsim("image", saved, "--xray", "--instrument", "mammography").exit_code == 0
    for name in ("ct.png", "xray.png"):
        assert saved.with_name(name).read_bytes().startswith(b"\x89PNG")
    again = hapsim("image", saved, "--ct")
    assert again.exit_code == 2 and "--force" in again.stderr
    assert hapsim("image", saved, "--ct", "--force").exit_code == 0


def test_mri_and_sections_lie_beside_the_result(saved):
    for words, name in ((("--mri",), "mri.png"), (("--histology", "--stain", "von_kossa"), "histology.png")):
        done = hapsim("image", saved, *words, "--at", "20 day")
        assert done.stdout.splitlines() == [str(saved.with_name(name))], done.stderr
        assert saved.with_name(name).read_bytes().startswith(b"\x89PNG")


def test_endings_choose_the_file(saved, tmp_path):
    pytest.importorskip("pydicom")
    pytest.importorskip("nibabel")
    for out in ("a.tif", "a.nii.gz", "series"):
        assert hapsim("image", saved, "--ct", "--out", tmp_path / out).exit_code == 0
    found = sim.imaging.read_nifti(tmp_path / "a.nii.gz")
    series = sim.imaging.read_dicom(tmp_path / "series")
    assert abs(found.values - series.values).max() <= 0.5 + 1e-3
    film = tmp_path / "film.tif"
    assert hapsim("image", saved, "--xray", "--out", film).exit_code == 0 and film.stat().st_size > 1000


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
        done = hapsim("image", *words)
        assert done.exit_code == 2 and said in done.stderr and "Traceback" not in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def test_a_series_that_is_there_goes_only_for_one_that_has_been_written(saved, tmp_path):
    pytest.importorskip("pydicom")
    series, other = tmp_path / "series", tmp_path / "series" / "0999.dcm"
    assert hapsim("image", saved, "--ct", "--out", series).exit_code == 0
    other.write_bytes(b"of a longer series")
    before = {p.name: p.read_bytes() for p in series.iterdir()}
    for words in (
        (saved, "--ct", "--at", "2 year"),
        (saved, "--ct", "--instrument", "chest_cd"),
        (saved, "--xray"),
        (tmp_path / "none.nc", "--ct"),
    ):
        assert hapsim("image", *words, "--out", series, "--force").exit_code == 2
        assert {p.name: p.read_bytes() for p in series.iterdir()} == before
    assert hapsim("image", saved, "--ct", "--out", series, "--force").exit_code == 0
    del before[other.name]
    assert {p.name: p.read_bytes() for p in series.iterdir()} == before


def test_the_folder_of_a_run_stands_for_its_result(saved, tmp_path):
    """As for `hapsim script` and `hapsim run --continue`."""
    (tmp_path / "run").mkdir()
    shutil.copy(saved, tmp_path / "run" / "result.nc")
    for words, file in (
        (("image", tmp_path / "run", "--ct"), "ct.png"),
        (("movie", tmp_path / "run", "--frames", "2", "--quiet"), "movie.webp"),
        (("export", tmp_path / "run", "--csv", tmp_path / "run"), "course.csv"),
    ):
        done = hapsim(*words)
        assert done.exit_code == 0, done.stderr
        assert (tmp_path / "run" / file).exists()
    none = hapsim("image", tmp_path, "--ct")
    assert none.exit_code == 2 and "there is no file" in none.stderr
