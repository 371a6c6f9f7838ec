"""Sweep files: what they mean, and that nothing in them is trusted."""

import math
import re
import time
from pathlib import Path

import pytest

import sim
from sim.errors import ConfigError, FileFormatError
from sim.experiment.values.file_tables import read_toml
from sim.sweeps.plans.memory import memory_in_bytes
from sim.sweeps.plans.plan import load_plan, plan_path, plans

GOOD = """
title = "A question"
scenario = "infarct_myocardium"
duration = "2 day"
resolution = 0.25
cells = { lesion = 40 }

[parameters]
"lesion.radius" = "2 mm"
plasma.Ca = "1.3 mM"

[[interventions]]
label = "reflow"
at = "1 h"
parameters = { "lesion.perfusion" = "0.5 1/min" }
boundary = { PPi = "20 uM" }

[design]
method = "grid"
n = 3

[axes]
"acid.load" = { low = "0 mM", high = "120 mM" }
reflow.at = { low = "1 h", high = "16 h", log = true, n = 5 }
constants = { values = ["tissue-37C", "minteq.v4"] }

[measures]
mineral = { what = "mean", of = "HAP" }
onset = { what = "onset", of = "Ca_in_mineral", above = "0.2 mM" }
acid = { what = "lowest", of = "pH" }

[run]
solver = "cvode"
rtol = 1e-4
times = 30
timeout = "2 min"
memory = "1.5 GB"
keep = "none"
lanes = false

[[figures]]
x = "acid.load"
y = "reflow.at"
colour = "mineral"
contours = 4
at = { constants = "minteq.v4" }
"""


def plan_of(text, folder, name="mine.toml"):
    (folder / name).write_text(text, encoding="utf-8")
    return load_plan(folder / name)


def replaced(old, new):
    """The good file with a piece exchanged."""
    assert old in GOOD
    return GOOD.replace(old, new)


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return plan_of(GOOD, tmp_path_factory.mktemp("plan"))


def test_the_scenario_is_the_named_one_with_the_changes_of_the_file(plan):
    by_hand = (
        sim.scenario("infarct_myocardium")
        .with_(duration="2 day")
        .with_geometry("cylinder", {"lesion": 40})
        .with_resolution(0.25)
        .with_parameters({"lesion.radius": "2 mm", "plasma.Ca": "1.3 mM"})
        .with_intervention(
            sim.Intervention("1 h", {"PPi": "20 uM"}, {"lesion.perfusion": "0.5 1/min"}, label="reflow")
        )
    )
    assert plan.base.diff(by_hand) == "no difference"
    assert plan.base.layers == (("lesion", 10), ("border", 10))


def test_the_design_has_the_points_that_arithmetic_gives(plan):
    """3 x 5 x 2 points; a logarithmic axis from 1 to 16 h in five levels doubles."""
    assert plan.design.method == "grid"
    assert len(plan.design) == 30
    by_axis = {a.name: sorted({p[a.name] for p in plan.design}) for a in plan.design.axes}
    assert by_axis["acid.load"] == pytest.approx([0.0, 60.0, 120.0])
    assert by_axis["reflow.at"] == pytest.approx([3600.0 * 2**k for k in range(5)])
    assert by_axis["constants"] == ["minteq.v4", "tissue-37C"]
    plan.check()


def test_measures_and_options_are_those_of_the_library(plan):
    result = sim.simulate(plan.base.with_(duration="2 h"), times=5)
    assert plan.measures["mineral"](result) == sim.measures.mean("HAP")(result)
    assert plan.measures["acid"](result) == float(result["pH"].min())
    assert plan.measures["onset"](result) == sim.measures.onset("Ca_in_mineral", "0.2 mM")(result)
    assert plan.options == {
        "solver": "cvode", "rtol": 1e-4, "times": 30, "timeout": 120.0, "memory": 1.5e9, "keep": "none",
        "lanes": False,
    }  # fmt: skip


PICTURES = """
scenario = "monckeberg_ckd"
duration = "1 year"
resolution = 0.25
axes = { "plasma.P" = { low = "2 mM", high = "2.4 mM", n = 2 } }

[measures]
stain = { what = "first_seen", by = "von_kossa" }
seen = { what = "first_seen" }
log_seen = { what = "first_seen", by = "ct", log = true }
density = { what = "hounsfield", by = "chest_ct" }
score = { what = "agatston" }
"""


def test_measures_of_pictures_are_those_of_the_library(tmp_path):
    """By a method or an instrument; left out, that of the function."""
    plan = plan_of(PICTURES, tmp_path)
    of, result = sim.measures, sim.simulate(plan.base, times=13)
    by_hand = {
        "stain": of.first_seen("von_kossa"), "seen": of.first_seen("ct"),
        "density": of.hounsfield("chest_ct"), "score": of.agatston("calcium_ct"),
    }  # fmt: skip
    found = {name: measure(result) for name, measure in plan.measures.items()}
    assert found == {n: m(result) for n, m in by_hand.items()} | {"log_seen": math.log10(found["seen"])}
    assert found["stain"] < found["seen"] < plan.base.duration  # or nothing was asked of them
    table = plan.run(times=13)
    assert table.units == {
        "plasma.P": "mol m-3", "stain": "s", "seen": "s", "log_seen": "1", "density": "HU", "score": "1"
    }  # fmt: skip
    assert {name: table.measure(name)[0] for name in found} == pytest.approx(found)


BAD_PICTURES = {
    "unknown measure": ('"agatston"', '"agastton"', "Did you mean 'agatston'?"),
    "unknown method": ('"von_kossa"', '"von_kosa"', "Did you mean 'von_kossa'?"),
    "unknown instrument": ('"chest_ct"', '"chset_ct"', "Did you mean 'chest_ct'?"),
    "a radiograph has no CT number": ('"chest_ct"', '"mammography"', "is not one of chest_ct"),
    "of for by": ('by = "von_kossa"', 'of = "von_kossa"', "'by' a method or instrument"),
    "a layer": ('"agatston"', '"agatston", within = "media"', "within is not for agatston"),
    "by for of": ('"agatston"', '"mean", by = "ct"', "mean is 'of' a variable"),
    "code": ('"von_kossa"', "\"__import__('os').getcwd()\"", "is not one of von_kossa"),
    "a number": ('"von_kossa"', "7", "is not text"),
}


@pytest.mark.parametrize("case", BAD_PICTURES)
def test_slips_in_measures_of_pictures(case, tmp_path):
    old, new, sentence = BAD_PICTURES[case]
    assert old in PICTURES
    with pytest.raises(ConfigError) as caught:
        plan_of(PICTURES.replace(old, new), tmp_path)
    assert sentence in str(caught.value) and "mine.toml [measures]" in str(caught.value)


def test_figures_name_axes_and_measures(plan):
    (one,) = plan.figures
    assert (one.x, one.y, one.colour) == ("acid.load", "reflow.at", "mineral")
    assert one.options == {"contours": 4, "at": {"constants": "minteq.v4"}}


def test_names_with_dots_may_be_written_as_tables(tmp_path):
    tables = replaced('"acid.load" = { low', "acid.load = { low").replace(
        '"lesion.radius" = "2 mm"', 'lesion.radius = "2 mm"'
    )
    other = plan_of(tables, tmp_path)
    mine = plan_of(GOOD, tmp_path)
    assert other.design.points == mine.design.points
    assert other.base.diff(mine.base) == "no difference"


@pytest.mark.parametrize(
    ("design", "points"),
    [
        ('method = "latin_hypercube"\nn = 7\nseed = 3', 7),
        ('method = "sobol"\nn = 8', 8),
        ('method = "morris"\nn = 4\nlevels = 6', 4 * (2 + 1)),
        ('method = "saltelli"\nn = 8', 8 * (2 + 2)),
        ('method = "saltelli"\nn = 8\nsecond_order = true', 8 * (2 * 2 + 2)),
    ],
)
def test_every_method_has_its_number_of_points(design, points, tmp_path):
    """Counts of Morris (1991) and of Saltelli (2010), two axes."""
    if "saltelli" in design or "morris" in design:
        pytest.importorskip("SALib")
    text = replaced('method = "grid"\nn = 3', design).replace(", n = 5 }", " }")
    text = re.sub(r"(?m)^constants = .*\n", "", text).replace('at = { constants = "minteq.v4" }\n', "")
    assert len(plan_of(text, tmp_path).design) == points


POINTS = """
scenario = "elastin_implant_rat"
[[points]]
implant.thickness = "0.2 mm"
[[points]]
"implant.thickness" = "0.4 mm"
[measures]
calcium = { what = "peak", of = "Ca_per_dry_mass" }
"""


def test_points_may_be_listed(tmp_path):
    plan = plan_of(POINTS, tmp_path)
    assert plan.design.method == "table"
    assert [p["implant.thickness"] for p in plan.design] == pytest.approx([2e-4, 4e-4])


def test_replicates_are_seeds(tmp_path):
    text = 'scenario = "elastin_implant_rat"\n[design]\nreplicates = [3, 5]' + POINTS.split('rat"')[1]
    assert [p["seed"] for p in plan_of(text, tmp_path).design] == [3, 5, 3, 5]


def test_a_scenario_file_beside_the_sweep_file(tmp_path):
    source = Path(sim.__file__).parent / "data" / "scenarios" / "elastin_implant_rat.toml"
    (tmp_path / "own.toml").write_text(source.read_text("utf-8").replace("0.25", "0.3"), "utf-8")
    plan = plan_of(POINTS.replace("elastin_implant_rat", "own.toml"), tmp_path)
    assert plan.base.parameters.si("implant.thickness") == pytest.approx(3e-4)
    assert plan.base.name == "own"


def test_what_ships_loads_and_checks():
    assert {"acid_question", "seen_question", "size_question"} <= set(plans())
    for name in plans():
        plan = load_plan(name)
        plan.check()
        assert plan.title and plan.notes and plan.figures
        assert len(plan.design) >= 100
        assert plan.options["timeout"] <= 120


def test_shipped_files_say_what_readers_need_to_know():
    """The question comes first and the limits of validity are stated."""
    for name in plans():
        text = plan_path(name).read_text("utf-8")
        assert text.startswith("title = ")
        assert "does not show" in text.lower()


BAD = {
    "unknown key": ("duration =", "duraton =", "Did you mean 'duration'?"),
    "unknown scenario": ("infarct_myocardium", "infarct_myocardum", "Did you mean 'infarct_myocardium'?"),
    "unknown parameter": ('"lesion.radius" =', '"lesion.radus" =', "Did you mean 'lesion.radius'?"),
    "unknown axis key": ("low = \"0 mM\"", "lo = \"0 mM\"", "Did you mean 'low'?"),
    "wrong unit": ('"lesion.radius" = "2 mm"', '"lesion.radius" = "2 mM"', "a length"),
    "number without unit": ('high = "120 mM"', 'high = "a lot"', "acid.load"),
    "infinite": ('low = "0 mM"', "low = inf", "not a finite number"),
    "nan": ("resolution = 0.25", "resolution = nan", "not a finite number"),
    "huge": ("resolution = 0.25", "resolution = 1e300", "outside 0.01-100"),
    "a number of 400 digits": ("rtol = 1e-4", "rtol = 1" + "0" * 400, "too large a whole number"),
    "a number of 9000 digits": ("rtol = 1e-4", "rtol = 1" + "0" * 9000, "not valid TOML"),
    "code as a number": ("times = 30", "times = \"__import__('os').system('true')\"", "not a whole number"),
    "code as a quantity": ('"2 mm"', "\"__import__('os').getcwd()\"", "does not begin with a number"),
    "code as a measure": ('"mean"', "\"lambda r: 1\"", "is not one of mean, total, peak, volume"),
    "a place that is not there": ('of = "HAP" }', 'of = "HAP", within = "lesoin" }', "'lesion'?"),
    "unknown measure": ('"mean"', '"maen"', "Did you mean 'mean'?"),
    "unknown variable": ('of = "HAP"', 'of = "HPA"', "Did you mean 'HAP'?"),
    "a threshold of another kind": ('above = "0.2 mM"', 'above = "0.2 mm"', "above"),
    "a threshold of a total": ('of = "HAP" }', 'of = "HAP", above = "1 mM" }', "for an onset"),
    "unknown method": ('"grid"', '"gird"', "Did you mean 'grid'?"),
    "an idle key": ('n = 3', 'n = 3\nseed = 1', "seed decides nothing"),
    "no points": ("n = 3", "n = 0", "not a whole number from 1"),
    "a billion points": ("n = 3", "n = 200000", "1000000 are the most"),
    "crossing bounds": ('low = "0 mM"', 'low = "130 mM"', "acid.load"),
    "a log axis from zero": ('"120 mM" }', '"120 mM", log = true }', "log"),
    "a range and a list": ("values = [", 'low = 1, values = [', "give a range, or list its levels"),
    "an empty list": ('["tissue-37C", "minteq.v4"]', "[]", "lists no level"),
    "unknown solver": ('"cvode"', '"cvod"', "Did you mean 'cvode'?"),
    "a tolerance of everything": ("rtol = 1e-4", "rtol = 1.0", "a number from 1e-13 to 0.1"),
    "lanes as a word": ("lanes = false", 'lanes = "no"', "lanes = 'no' is neither true nor false"),
    "unknown keep": ('keep = "none"', 'keep = "never"', "is not one of none, failed, all"),
    "no time": ('"2 min"', '"0 s"', "must be above 0"),
    "memory in metres": ('"1.5 GB"', '"1.5 m"', "not an amount of memory"),
    "a figure of nothing": ('x = "acid.load"', 'x = "acid.lod"', "Did you mean 'acid.load'?"),
    "a figure of one axis": ('x = "acid.load"', 'x = "reflow.at"', "give two axes"),
    "an intervention's slip": ("boundary = {", "bondary = {", "Did you mean 'boundary'?"),
    "a list for a table": ('cells = { lesion = 40 }', "cells = [1]", "is not a table"),
    "a date": ('duration = "2 day"', "duration = 2026-01-01", "is not a number"),
    "twice": ('plasma.Ca = "1.3 mM"', 'plasma.Ca = "1.3 mM"\n"plasma.Ca" = "1 mM"', "twice"),
    "not TOML": ('title = "A question"', "title = A question", "not valid TOML"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_slip_is_answered_in_a_sentence_that_names_the_file(case, tmp_path):
    old, new, sentence = BAD[case]
    with pytest.raises((ConfigError, FileFormatError)) as caught:
        plan_of(replaced(old, new), tmp_path).check()
    assert sentence in str(caught.value)
    assert len(str(caught.value)) < 600
    assert "mine.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"x = " + b"[" * 5000, "nested too deeply"),
        (b"x = " + b"[" * 50 + b"]" * 50, "within each other"),
        (b"x = " + b"{a=" * 40 + b"1" + b"}" * 40, "within each other"),
        (b"a." * 2000 + b"a = 1", "within each other"),
        (b"a." * 90000 + b"a = 1", "thousands of dots"),
        (b"#" * 2_000_000, "larger than"),
        (b"", "lacks 'scenario'"),
        (b"scenario = 7", "is not text"),
        (b"scenario = '" + b"x" * 9000 + b"'", "200 are the most"),
        (b"scenario = 'tb_caseous'\n[axes]\n\"acid.load\" = {low = 0, high = 1}", "measures nothing"),
        (b"scenario = '/dev/zero.toml'", "does not exist"),
        (b"scenario = 'tb_caseous'\nmeasures = { m = {what='total',of='HAP'} }", "has no axes"),
    ],
)
def test_hostile_files_are_refused_at_once(content, sentence, tmp_path):
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    started = time.perf_counter()
    with pytest.raises((ConfigError, FileFormatError), match=re.escape(sentence)) as caught:
        load_plan(path)
    assert time.perf_counter() - started < 5
    assert len(str(caught.value)) < 700


def test_an_endless_file_is_not_read(tmp_path):
    with pytest.raises(FileFormatError, match="is not a file"):
        read_toml(Path("/dev/zero"))


@pytest.mark.parametrize(
    "content", ["x = 1", "layers = 3", "layers = [{}]", "layers = [{name='a', cells='b'}]", "parameters = 1"]
)
def test_a_scenario_file_that_is_none_is_refused(content, tmp_path):
    (tmp_path / "own.toml").write_text(content)
    with pytest.raises((ConfigError, FileFormatError), match="own.toml|own:"):
        plan_of(POINTS.replace("elastin_implant_rat", "own.toml"), tmp_path)


@pytest.mark.parametrize(
    ("text", "bytes_"), [("2 GB", 2e9), ("1.5GiB", 1.5 * 2**30), (3e6, 3e6), ("500 kB", 5e5)]
)
def test_sizes_of_memory(text, bytes_):
    assert memory_in_bytes(text, "memory") == bytes_


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_a_file_in_another_encoding_is_told_to_be_utf8(tmp_path, encoding):
    path = tmp_path / "mine.toml"
    path.write_bytes('scenario = "infarct_myocardium"  # für später\n'.encode(encoding))
    with pytest.raises(FileFormatError, match="ave it as UTF-8"):
        load_plan(path)
