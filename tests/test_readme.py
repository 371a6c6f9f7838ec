"""The README's Python block runs as it stands, and says nothing that is not so."""

import re
import tomllib
from pathlib import Path

import pytest

import sim

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_python_blocks_run(tmp_path, monkeypatch):
    """In order, in one namespace, from a file: formulas are read from their source."""
    import matplotlib

    matplotlib.use("Agg")
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.S)
    assert len(blocks) >= 2
    script = tmp_path / "readme_blocks.py"
    script.write_text("\n".join(blocks))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)  # the files for ParaView
    module = __import__("readme_blocks")
    assert module.result.success
    assert "1e-14 -> 2e-14" in module.treated.diff(module.base)
    assert float(module.end.SI["HAP"]) == pytest.approx(0, abs=1e-9)
    assert sim.scenario("ball.toml").geometry == "sphere"
    assert apart("first_run.png", ROOT / "docs" / "first_run.png") < 0.05


def apart(one, two):
    """Mean difference of two pictures of one size, 0 to 1; a curve that moves by its width is 0.01 of it."""
    from matplotlib.image import imread

    a, b = imread(one), imread(two)
    assert a.shape == b.shape
    return float(abs(a - b).mean())


def test_every_scenario_named_exists():
    named = set(re.findall(r"`([a-z][a-z0-9_]+)`", README)) & set(sim.scenarios())
    assert named == set(sim.scenarios())


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_every_extra_that_users_need_is_named():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    asked = {name for group in re.findall(r'-e "\.\[([a-z0-9,]+)\]"', README) for name in group.split(",")}
    assert asked == set(extras) - {"dev"}
