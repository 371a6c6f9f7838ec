"""`hapsim validate`: the scorecard on the screen and in files, and what it says of slips."""

import json

import pytest
from click.testing import CliRunner

from sim.cli import main
from sim.validation import experiments

FILE = """
row = "X1"
title = "A coarse implant"
cause = "it is coarse"
base = "elastin_implant_rat"
resolution = 0.1
duration = "1 day"
[arms.implant]
[[wanted]]
of = "pH"
least = 7
source = "bailey2001"
confidence = "seen"
[[wanted]]
least = "5 M"
source = "bailey2001"
confidence = "seen"
fitted = true
"""


def hapsim(*words):
    return CliRunner().invoke(main, [str(w) for w in words])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(FILE)
    return tmp_path


def test_the_card_says_what_was_wanted_and_found(folder):
    done = hapsim("validate", "mine.toml")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].startswith("X1 mine: FAIL (1 of 2 fitted")
    assert any("pass" in x and "at least 7" in x for x in lines)
    assert any("FAIL" in x and "at least 5 M" in x and "[fitted] calcium in solids" in x for x in lines)
    assert "   cause: it is coarse" in lines
    assert lines[-1] == "0 of 1 experiment pass; 1 of 2 statements hold."


def test_files_hold_all_of_it(folder):
    done = hapsim("validate", "mine.toml", "--json", "card.json", "--markdown", "page.md", "--quiet")
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == "0 of 1 experiment pass; 1 of 2 statements hold."
    card = json.loads((folder / "card.json").read_text())
    statement = card["rows"][0]["statements"][1]
    assert (statement["verdict"], statement["least"], statement["unit"]) == ("FAIL", 5.0, "M")
    assert statement["most"] is None
    page = (folder / "page.md").read_text(encoding="utf-8")
    assert "| X1 | `mine`: A coarse implant | **FAIL** | 1 of 2 fitted | it is coarse |" in page
    assert "Bailey 2001 (seen, fitted)" in page


def test_a_page_is_renewed_between_its_marks_only(folder):
    (folder / "page.md").write_text(
        "before\n<!-- scorecard: begin -->\nthe former card\n<!-- scorecard: end -->\nafter\n"
    )
    for _ in range(2):
        assert hapsim("validate", "mine.toml", "--markdown", "page.md", "-q").exit_code == 0
    page = (folder / "page.md").read_text(encoding="utf-8")
    assert page.startswith("before\n<!-- scorecard: begin -->\n")
    assert page.endswith("<!-- scorecard: end -->\nafter\n")
    assert "the former card" not in page
    assert page.count("A coarse implant") == 2


def test_changes_strictness_and_the_short_card(folder):
    done = hapsim("validate", "mine.toml", "--short", "--strict", "--set", "plasma.Ca=1.7 mM")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[1].split()[:3] == ["X1", "mine", "FAIL"]
    kept = hapsim("validate", "mine.toml", "--constants", "phreeqc", "--json", "card.json", "-q")
    assert kept.exit_code == 0, kept.output
    assert json.loads((folder / "card.json").read_text())["changes"] == {"constants": "phreeqc"}


def test_robustness_prints_what_flips(folder):
    done = hapsim("validate", "mine.toml", "--robustness", "--vary", "growth.k")
    assert done.exit_code == 0, done.output
    assert any(x.startswith("growth.k +10 %") for x in done.stdout.splitlines())
    assert "changes: 0 of 1 experiment flip at most" in done.stdout


def test_all_experiments_are_listed():
    lines = hapsim("validate", "--list").stdout.splitlines()
    assert [x.split()[1] for x in lines[1:]] == experiments()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["elastin_rta"], "Did you mean 'elastin_rat'?"),
        (["mine.toml", "--set", "plasma.Cx=1 mM"], "Did you mean 'plasma.C'?"),
        (["mine.toml", "--constants", "phreqc"], "Did you mean 'phreeqc'?"),
        (["mine.toml", "--vary", "growth.k"], "--robustness"),
        (["mine.toml", "--json", "nowhere/card.json"], "there is no folder nowhere"),
        (["mine.toml", "--workers", "-2"], "workers = -2"),
    ],
)
def test_slips_are_answered_in_sentences(folder, words, said):
    done = hapsim("validate", *words)
    assert done.exit_code == 2, done.output
    assert said in done.stderr
