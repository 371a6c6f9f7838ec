"""What docs/mri_and_histology.md shows runs, and its numbers are so."""

import re
from pathlib import Path

import pytest

import sim
from sim.imaging.sections.stains import stain

PAGE = (Path(__file__).parents[2] / "docs" / "mri_and_histology.md").read_text(encoding="utf-8")


def test_its_blocks_run(tmp_path, monkeypatch):
    import matplotlib
    import matplotlib.pyplot as plt

    matplotlib.use("Agg")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, flags=re.S):
        exec(block, names)  # noqa: S102
    plt.close("all")
    assert (tmp_path / "mri.png").exists() and (tmp_path / "section.png").exists()
    assert isinstance(names["mask"], sim.shapes.Mask)


@pytest.mark.parametrize(("name", "words"), [("von_kossa", "from 14 mM"), ("alizarin_red", "from 17 mM")])
def test_stains_show_from_what_it_says(name, words):
    assert words in PAGE
    assert stain(name).calcium_at(0.1, 4e-6) == pytest.approx(float(words.split()[1]), rel=0.03)
