"""Courses as data: tables, CSV files, scenario files, differences, hashes, slips."""

import numpy as np
import pytest
from click.testing import CliRunner

import sim
from sim.cli import main
from sim.errors import ConfigError, FileFormatError, HapsimError, ParameterError, ScenarioError
from sim.experiment.typed import typed
from sim.identity.definition import run_fingerprint
from sim.identity.settings import Settings

CSV = "# serum of a day\ntime [h], plasma.P [mM]\n0, 1.1\n6, 1.5\n\n24, 1.1\n"
TIMES, VALUES = ["0 h", "6 h", "24 h"], ["1.1 mM", "1.5 mM", "1.1 mM"]


@pytest.fixture(scope="module")
def base():
    return sim.scenario("infarct_myocardium").with_resolution(0.05).with_(duration="1 day")


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "serum.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


def test_a_table_a_file_and_numbers_are_one_course(base, csv):
    a = sim.Course("plasma.P", TIMES, VALUES)
    assert (
        a
        == sim.Course("plasma.P", file=csv)
        == sim.Course("plasma.P", [0.0, 21600.0, 86400.0], [1.1, 1.5, 1.1])
    )
    assert base.with_course("plasma.P", TIMES, VALUES).courses == (a,)
    assert base.changed({"courses": [{"of": "plasma.P", "file": str(csv)}]}).courses == (a,)


def test_it_is_saved_read_told_and_hashed(base, csv, tmp_path):
    s = base.with_course("plasma.P", file=csv).with_course(
        "growth.k", ["0 h", 1e5 / 3], ["growth.k", 1e-13 / 3]
    )
    assert sim.scenario(s.save(tmp_path / "s.toml")) == s
    assert "plasma.P follows 1.1 mM at 0 days, 1.5 mM at 6 h, 1.1 mM at 1 day" in repr(s)
    assert "+ plasma.P follows" in s.diff(base) and "- plasma.P follows" in base.diff(s)
    result = sim.simulate(s, times=2)
    assert result.scenario == s and "plasma.P follows" in str(result)
    result.save(tmp_path / "r.nc")
    assert sim.load(tmp_path / "r.nc").scenario == s
    how = Settings.of()
    other = base.with_course("plasma.P", TIMES, [*VALUES[:2], "1.2 mM"])
    one = base.with_course("plasma.P", file=csv)
    assert len({run_fingerprint(x, how) for x in (base, s, one, other)}) == 4
    assert run_fingerprint(one, how) == run_fingerprint(base.with_course("plasma.P", TIMES, VALUES), how)
    assert "1.2 mM" in other.diff(one)


def test_two_long_courses_that_differ_inside_read_differently(base):
    values = [1.0 + 0.1 * k for k in range(9)]
    a, b = (
        base.with_course("plasma.P", [f"{k} h" for k in range(9)], v)
        for v in (values, [*values[:3], 9.0, *values[4:]])
    )
    lines = b.diff(a).splitlines()
    assert len(lines) == 2 and lines[0][1:] != lines[1][1:]


def test_a_file_finds_its_csv_beside_it_and_its_courses_go_before_those_of_its_base(
    csv, tmp_path, monkeypatch
):
    monkeypatch.chdir("/")
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    first.write_text(
        'base = "infarct_myocardium"\n[[courses]]\nof = "plasma.P"\nfile = "serum.csv"\n'
        '[[courses]]\nof = "plasma.C"\ntimes = ["0 h", "1 day"]\nvalues = ["plasma.C", "0.9 * plasma.C"]\n'
    )
    second.write_text(
        'base = "first.toml"\n'
        '[[courses]]\nof = "plasma.P"\ntimes = ["0 h", "1 h"]\nvalues = ["1 mM", "2 mM"]\n'
    )
    assert sim.scenario(first).courses[0] == sim.Course("plasma.P", file=csv)
    found = {c.of: c for c in sim.scenario(second).courses}
    assert found["plasma.P"].values == (1.0, 2.0) and found["plasma.C"].values[1] == "plasma.C * 0.9"


def test_the_command_takes_a_csv_and_shows_the_course(csv):
    done = CliRunner().invoke(main, ["show", "infarct_myocardium", "--set", f"plasma.P={csv}"])
    assert done.exit_code == 0 and "plasma.P follows 1.1 mM at 0 days" in done.output
    loud = csv.rename(csv.with_name("SERUM.CSV"))
    assert (
        CliRunner().invoke(main, ["show", "infarct_myocardium", "--set", f"plasma.P={loud}"]).exit_code == 0
    )
    done = CliRunner().invoke(main, ["show", "infarct_myocardium", "--set", "plasma.Px=plasma.P * 2"])
    assert done.exit_code and "plasma.P" in done.output


def test_a_course_that_was_measured_before_the_start_runs_and_is_told(base):
    s = base.with_course("plasma.P", ["-2 day", "2 day"], ["1 mM", "2 mM"])
    assert s.courses_in_words() == ["plasma.P follows 1 mM at -2 days, 2 mM at 2 days"]
    result = sim.simulate(s.with_(duration="1 h"), times=2)
    assert result.success and "at -2 days" in str(result)


def test_the_story_marks_it(base):
    from sim.plotting.runs.events import events

    found = events(sim.simulate(base.with_course("plasma.P", ["6 h", "12 h"], [1.1, 1.5]), times=3))
    assert [(e.start, e.end, e.words) for e in found] == [(21600.0, 43200.0, "P follows a course")]


@pytest.mark.parametrize(
    ("of", "times", "values", "words"),
    [
        ("plasma.P", TIMES, VALUES[:2], "3 times and 2 values"),
        ("plasma.P", ["0 h"], ["1 mM"], "two or more"),
        ("plasma.P", ["0 h", "0 h"], VALUES[:2], "times must rise"),
        ("plasma.P", ["0 h", "1 mM"], VALUES[:2], "times"),
        ("plasma.P", "day", VALUES, "not a list"),
        ("plasma.P", TIMES[:2], ["1 mM", "2 s"], "concentration"),
        ("plasma.P", TIMES[:2], ["1 mM", "-1 mM"], "below zero"),
        ("plasma.P", TIMES[:2], ["1 mM", "serum"], "called 'plasma.P'"),
        ("plasma.Px", TIMES[:2], VALUES[:2], "Did you mean"),
        (3, TIMES[:2], VALUES[:2], "not text"),
    ],
)
def test_slips_of_a_course_are_sentences(base, of, times, values, words):
    with pytest.raises(ConfigError, match=words):
        base.with_course(of, times, values)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("time, P\n0, 1\n", "no header of two columns"),
        ("time [h]; P [mM]\n0; 1\n", "commas separate"),
        ("time [mM], P [mM]\n0, 1\n", "no unit of time"),
        ("time [h], P [mN!]\n0, 1\n", "line 1"),
        ("time [h], P [mM]\n0, 1, 2\n", "line 2: two numbers"),
        ("time [h], P [mM]\n0, 1 mM\n", "line 2: '1 mM' is not a number"),
        ("time [h], P [mM]\n0, nan\n", "line 2"),
        (f"time [h], P [mM]\n0, {'1' * 200_000}\n", "line 2: this is no line of a CSV"),
    ],
)
def test_slips_of_a_csv_name_the_line(csv, text, words):
    csv.write_text(text)
    with pytest.raises(HapsimError, match=words):
        sim.Course("plasma.P", file=csv)


def test_files_that_are_none_and_two_sources_are_refused(csv):
    with pytest.raises(FileFormatError, match="does not exist"):
        sim.Course("plasma.P", file=csv.with_name("none.csv"))
    with pytest.raises(ScenarioError, match="give one of them"):
        sim.Course("plasma.P", TIMES, VALUES, file=csv)


def test_a_quantity_has_one_course_and_typed_numbers_are_judged(base):
    one = sim.Course("plasma.P", TIMES, VALUES)
    with pytest.raises(ScenarioError, match="two courses"):
        base.changed({"courses": (one, one)})
    assert base.with_course("plasma.P", TIMES, VALUES).with_course("plasma.P", TIMES[:2], VALUES[:2]).courses[
        0
    ].times == (0.0, 21600.0)
    with pytest.raises(ParameterError, match=r"plasma\.P"):
        typed(base, {"courses": [{"of": "plasma.P", "times": TIMES, "values": [1.1, 1500.0, 1.1]}]})


def test_a_random_density_that_follows_a_course_keeps_its_factors(base):
    from sim.run.segments import Builder

    drawn = base.with_resolution(10).with_random_field("collagen", 0.5, "500 um", 1)
    own = drawn.parameters["lesion.collagen"]
    s = drawn.with_course("lesion.collagen", ["0 h", "1 day"], ["lesion.collagen", "lesion.collagen * 2"])
    (still,), (moving,) = (list(Builder(x).segments()) for x in (drawn, s))
    k = list(base.model.fields).index("collagen")
    before = still.system.fields[:, k].copy()
    moving.system.courses.at(43200.0)
    lesion = Builder(s).places.within("lesion")
    assert own.si > 0 and np.ptp(before[lesion]) > 0
    np.testing.assert_allclose(moving.system.fields[lesion, k], 1.5 * before[lesion], rtol=1e-12)
    np.testing.assert_array_equal(moving.system.fields[~lesion, k], before[~lesion])
