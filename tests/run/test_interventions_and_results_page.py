"""docs/interventions_and_results.md runs as it stands, and prints what it says."""

import contextlib
import io
import re
from pathlib import Path

import matplotlib
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "interventions_and_results.md"


@pytest.mark.filterwarnings("ignore::sim.errors.RegionWarning")
def test_the_page_runs_and_prints_what_it_says(tmp_path, monkeypatch):
    matplotlib.use("Agg")
    monkeypatch.chdir(tmp_path)
    names, blocks = {}, re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    for text in blocks:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(text, str(PAGE), "exec"), names)  # noqa: S102  # our own documentation
        told = [line.rpartition("  # ")[2] for line in text.splitlines() if line.startswith("print(")]
        assert out.getvalue().splitlines() == told
    assert len(blocks) == 11
    assert all(
        Path(p).stat().st_size > 0
        for p in ("front.webp", "treated.nc", "tables/course.csv", "course.png", "maps.png")
    )
