"""docs/validation.md: its card is that of the files, and its example can be run."""

import re
from pathlib import Path

import pytest

from sim.validation import experiments, load_experiment, validate
from sim.validation.card_page import BEGIN, END

PAGE = (Path(__file__).parents[2] / "docs" / "validation.md").read_text(encoding="utf-8")


def card():
    return PAGE.partition(BEGIN)[2].partition(END)[0]


def lines_of(name):
    """The rows of an experiment's table."""
    e = load_experiment(name)
    part = card().partition(f"### {e.row} {e.title}\n")[2].partition("\n### ")[0]
    return [x for x in part.splitlines() if x.startswith("| ") and not x.startswith("| figure")]


@pytest.mark.parametrize("name", experiments())
def test_the_card_holds_what_is_wanted_now(name):
    """Where this fails: hapsim validate --robustness --markdown docs/validation.md"""
    wanted = load_experiment(name).wanted
    told = lines_of(name)
    assert len(told) == len(wanted)
    for line, one in zip(told, wanted, strict=True):
        assert line.startswith(f"| {one.wording}")
        assert f"| {one.bounds()} |" in line


@pytest.mark.slow
def test_the_card_holds_what_is_found_now():
    found = validate()
    for row in found.rows:
        told = lines_of(row.experiment.name)
        for line, j in zip(told, row.judged, strict=True):
            assert re.search(rf"\| (\*\*)?{j.verdict}\b", line), line
    assert f"**{found.summary()}**" in PAGE


def test_the_example_is_an_experiment(tmp_path):
    text = next(x for x in re.findall(r"```toml\n(.*?)```", PAGE, re.S) if "[[wanted]]" in x)
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    mine = load_experiment(tmp_path / "mine.toml")
    assert (list(mine.arms), len(mine.wanted)) == (["plain", "blocked"], 2)
    assert [j.verdict for j in validate([mine])["mine"].judged] != ["not run", "not run"]
