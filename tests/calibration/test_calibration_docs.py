"""What docs/calibration.md shows runs, each block by itself, and prints what it says."""

import re
import tomllib
from pathlib import Path

import pytest

from sim.calibration.plans.fit_plan import calibration_from
from sim.validation.fits.experiments_plan import load_fit
from sim.validation.reading_files import experiment_path

TEXT = (Path(__file__).parents[2] / "docs" / "calibration.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, flags=re.S)
CASES = list(zip(BLOCKS, ["0.60943", "not identifiable", "first order"], strict=True))


@pytest.mark.parametrize(("block", "said"), CASES, ids=["worked", "known", "sensitivity"])
def test_each_block_runs_by_itself(block, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "block.py"
    path.write_text(block.replace("workers=2", "workers=0").replace("n=64", "n=8"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "block", raising=False)
    __import__("block")
    assert said in capsys.readouterr().out


def test_the_calibration_file_is_one(tmp_path):
    _, text, _ = re.findall(r"```toml\n(.*?)```", TEXT, flags=re.S)
    row = "7,mean Ca_per_dry_mass in implant,23.8\n"
    (tmp_path / "uptake.csv").write_text("time [day],quantity,value [ug/mg]\n" + row)
    calibration_from(tomllib.loads(text), tmp_path / "mine.toml").check()


def test_the_calibration_file_over_experiments_is_one(tmp_path):
    """With the ageing aorta under another name."""
    text = re.findall(r"```toml\n(.*?)```", TEXT, flags=re.S)[0]
    (tmp_path / "shared.toml").write_text(text, encoding="utf-8")
    (tmp_path / "mine.toml").write_text(experiment_path("aortic_media").read_text("utf-8"), encoding="utf-8")
    runs, plan = load_fit(tmp_path / "shared.toml").check()
    assert [f.name for f in runs.free] == ["nucleation.f_elastin", "elastin.k of mine"]
    assert (plan.starts, plan.tolerance) == (1, 0.1)
