"""Experiment files: what they are read to, and the sentences that answer what does not fit."""

import math

import pytest

import sim
from sim.errors import ConfigError, FileFormatError
from sim.parameters import load_references
from sim.validation import experiments, load_experiment
from sim.validation.rules import Span

GOOD = """
row = "T3"
title = "Two implants"
base = "elastin_implant_rat"
resolution = 0.1
duration = "2 day"
cause = "too coarse"

[parameters]
plasma.Ca = "1.5 mM"

[arms.plain]
"plasma.PPi" = "2 uM"

[arms.held]
like = "plain"
"implant.thickness" = { value = 0.2, unit = "mm", source = "this_work", confidence = "assumed" }
"plasma.P" = "1.9 mM"

[[arms.held.interventions]]
at = "1 day"
boundary = { PPi = "20 uM" }

[[wanted]]
arm = "plain"
is = "none"
source = "bailey2001"
confidence = "seen"

[[wanted]]
arm = "held"
of = "Ca_per_dry_mass"
within = "implant"
source = ["bailey2001", "vyavahare1999"]
confidence = "derived"
course = [
    { at = "1 day", mean = "10 ug/mg", sd = "2 ug/mg", fitted = true },
    { at = "2 day", value = "30 ug/mg" },
]

[[wanted]]
arm = "held"
of = "HAP"
most = 0.5
against = { arm = "plain", at = "1 day" }
source = "bailey2001"
confidence = "unverified"

[[wanted]]
order = ["held", "plain"]
of = "HAP"
source = "bailey2001"
confidence = "seen"

[[wanted]]
arm = "plain"
of = "HAP"
reaches = "1 mM"
least = "12 h"
source = "bailey2001"
confidence = "seen"
"""


def read(text, folder):
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    return load_experiment(folder / "mine.toml")


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    return read(GOOD, tmp_path_factory.mktemp("experiment"))


def test_arms_are_scenarios_changed_in_the_one_language(mine):
    base = sim.scenario("elastin_implant_rat")
    values = {"resolution": 0.1, "duration": "2 day", "plasma.Ca": "1.5 mM", "plasma.PPi": "2 uM"}
    plain = base.changed(values)
    cut = sim.Intervention("1 day", {"PPi": "20 uM"})
    held = plain.changed({"implant.thickness": "0.2 mm", "plasma.P": "1.9 mM", "interventions": [cut]})
    assert list(mine.arms) == ["plain", "held"]
    assert mine.arms["plain"].diff(plain) == "no difference"
    assert mine.arms["held"].diff(held) == "no difference"
    assert (mine.name, mine.row, mine.title, mine.cause) == ("mine", "T3", "Two implants", "too coarse")


def test_a_mean_with_scatter_is_met_within_two_standard_deviations_and_a_number_within_a_factor(mine):
    """10 +- 2 x 2 ug/mg, and 30 / 1.5 to 30 x 1.5; a mg/g is 1e-3."""
    one, two = mine.wanted[1:3]
    assert one.span[:2] == pytest.approx((0.006, 0.014))
    assert two.span[:2] == pytest.approx((0.020, 0.045))
    assert (one.fitted, two.fitted) == (True, False)
    assert (one.readings[0].at, two.readings[0].at) == (86400.0, 172800.0)
    assert one.source == ("bailey2001", "vyavahare1999")
    assert one.bounds() == "6 to 14 ug/mg"


def test_words_bounds_ratios_orders_and_times(mine):
    none, ratio, order, time = mine.wanted[0], *mine.wanted[3:6]
    assert none.span == Span(most=0.5)
    assert none.bounds() == "at most 0.5 mM"
    assert (ratio.kind, ratio.span) == ("ratio", Span(most=0.5))
    assert [(r.arm, r.at) for r in ratio.readings] == [("held", 172800.0), ("plain", 86400.0)]
    assert (order.kind, order.span, [r.arm for r in order.readings]) == (
        "order", Span(least=1.0), ["held", "plain"],
    )  # fmt: skip
    assert (time.unit, time.span.least, time.readings[0].reaches) == ("s", 43200.0, 1.0)
    assert time.bounds() == "at least 12 h"


def test_each_run_has_outputs_at_the_times_that_are_asked_for(mine):
    times = mine.times("held")
    assert {86400.0, 172800.0} <= set(times)
    assert len(times) < 65
    assert sorted(set(times)) == list(times)


def test_pH_is_accepted_within_a_factor_of_acidity(tmp_path):
    text = GOOD.partition("[[wanted]]")[0]
    text += '[[wanted]]\narm = "plain"\nof = "pH"\nvalue = 7.4\nsource = "rehr_lad"\nconfidence = "seen"\n'
    span = read(text, tmp_path).wanted[0].span
    assert span.logarithm
    assert (span.least, span.most) == pytest.approx((7.4 - math.log10(1.5), 7.4 + math.log10(1.5)))


SLIPS = {
    "a key": ('row = "T3"', 'rwo = "T3"', "Did you mean 'row'"),
    "an arm": ('arm = "plain"\nis', 'arm = "palin"\nis', "Did you mean 'plain'"),
    "no arm": ('arm = "plain"\nis', "is", "lacks 'arm'"),
    "like": ('like = "plain"', 'like = "plian"', "Did you mean 'plain'"),
    "a name of an arm": ('"plasma.P" = "1.9 mM"', '"plasma.PP" = "1.9 mM"', "Did you mean 'plasma.P"),
    "a unit of an arm": ('"plasma.P" = "1.9 mM"', '"plasma.P" = "1.9 mm"', "plasma.P"),
    "a variable": ('of = "HAP"\nmost', 'of = "HPA"\nmost', "Did you mean 'HAP'"),
    "a layer": ('within = "implant"', 'within = "implnat"', "Did you mean 'implant'"),
    "a word": ('is = "none"', 'is = "non"', "Did you mean 'none'"),
    "a confidence": ('"unverified"', '"unverifed"', "Did you mean 'unverified'"),
    "no source": ('source = "bailey2001"\nconfidence = "unv', 'confidence = "unv', "lacks 'source'"),
    "no bound": ('is = "none"\n', "", "has no bound"),
    "two kinds of bounds": ('is = "none"', 'is = "none"\nmost = "1 mM"', "together"),
    "a mean alone": (', sd = "2 ug/mg"', "", "mean together"),
    "a bound of another kind": ('value = "30 ug/mg"', 'value = "30 mm"', "value"),
    "a word of another kind": ('most = 0.5\nagainst', 'is = "none"\nagainst', "Give least or most"),
    "a time beyond the run": ('at = "2 day", value', 'at = "3 day", value', "outside the run"),
    "a time of a time": ('reaches = "1 mM"', 'reaches = "1 mM"\nat = "1 day"', "Keep one"),
    "an order of one": ('["held", "plain"]', '["held"]', "two arms or more"),
    "an order and an arm": ('["held", "plain"]', '["held", "plain"]\narm = "held"', "arm and order"),
    "least above most": ('least = "12 h"', 'least = "12 h"\nmost = "1 h"', "nothing is accepted"),
    "a course of an arm": ('{ at = "2 day", value', '{ arm = "plain", value', "unknown key 'arm'"),
}  # fmt: skip


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_answered_in_a_sentence_that_names_the_file(slip, tmp_path):
    old, new, said = SLIPS[slip]
    assert GOOD.count(old) >= 1
    with pytest.raises(ConfigError) as error:
        read(GOOD.replace(old, new, 1), tmp_path)
    assert said in str(error.value)
    assert "mine.toml" in str(error.value)


def test_a_file_without_arms_or_wishes_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="has no arms"):
        read('base = "elastin_implant_rat"\n[[wanted]]\nis = "none"\n', tmp_path)
    with pytest.raises(ConfigError, match="wants nothing"):
        read('base = "elastin_implant_rat"\n[arms.plain]\n', tmp_path)
    with pytest.raises(FileFormatError, match="Did you mean 'elastin_rat'"):
        load_experiment("elastin_rta")


def test_those_of_the_package_are_in_order_and_cite_what_there_is():
    """Sixteen rows, D1 to D16, each number with a source that a .bib file has."""
    found = [load_experiment(name) for name in experiments()]
    assert [e.row for e in found] == [f"D{k}" for k in range(1, 17)]
    assert all(e.title and e.notes for e in found)
    known = load_references()
    for e in found:
        for wanted in e.wanted:
            for key in wanted.source:
                known.require(key, e.name)
        for arm, scenario in e.arms.items():
            for name, p in scenario.parameters.items():
                for key in p.sources:
                    known.require(key, f"{e.name}, {arm}, {name}")


def test_numbers_of_their_set_ups_say_where_they_come_from():
    """What an experiment sets for itself has a source and a confidence, and lies within its own range."""
    for name in experiments():
        for scenario in load_experiment(name).arms.values():
            for key, p in scenario.parameters.items():
                assert p.confidence in ("measured", "derived", "fitted", "assumed"), (name, key)
                assert p.contains_value(), (name, key)


def test_fresh_medium_is_fluid():
    """An excision puts living tissue in place: fresh medium is said not to live and to hold no enzyme."""
    fresh = 0
    for name in experiments():
        for arm, scenario in load_experiment(name).arms.items():
            enzyme = name == "aorta_rings" and arm.endswith("phosphatase")
            for one in scenario.interventions:
                if one.excise and one.region == "medium":
                    fresh += 1
                    assert dict(one.state) == {"viable": 0.0, "phosphatase": float(enzyme)}, (name, arm)
    assert fresh == 6 * 2 + 4 * 6 + (2 + 3 + 2) + 2 * 4  # D4, D6, D7, D9
