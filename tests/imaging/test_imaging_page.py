"""docs/imaging.md runs as it stands."""

import contextlib
import io
import re
from pathlib import Path

import matplotlib
import pytest

from sim.errors import RegionWarning

PAGE = Path(__file__).parents[2] / "docs" / "imaging.md"


def test_the_page_runs(tmp_path, monkeypatch):
    matplotlib.use("Agg")
    monkeypatch.chdir(tmp_path)
    pytest.importorskip("nibabel")
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    out = io.StringIO()
    told = pytest.warns(RegionWarning, match="outside of the domain")  # by blur, as the page says
    with contextlib.redirect_stdout(out), told:
        exec(compile("\n".join(blocks), str(PAGE), "exec"), {})  # noqa: S102  # our own documentation
    there, seen = re.search(r"([\d.]+) mg were there, ([\d.]+) mg were seen", out.getvalue()).groups()
    assert f"# {there} mg, {seen} mg;" in PAGE.read_text(encoding="utf-8")
    assert "CT for calcium scores" in out.getvalue() and "Agatston" in out.getvalue()
    assert all((tmp_path / p).stat().st_size > 0 for p in ("ct.png", "film.png", "ct.tif"))
