"""Whatever has a name is described, in words of its own, and found by a part of them."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

import sim
from sim import plotting as plot
from sim.atlas.morphology import WORDS
from sim.errors import UnknownNameError
from sim.model.glossary.entries import OF_PATHOLOGY, ON_SCREEN, glossary_page
from sim.model.library import GROWTH_LAWS
from sim.run.dataset import variables
from sim.run.segments import Builder
from sim.summary.summary_lines import summary_lines

ROOT = Path(__file__).parents[2]
SHORTEST = 12  # characters of a description


def poor(rows):
    """Names whose description is missing, too short, only the name again, or that of something else."""
    bad, seen = [], {}
    for name, kind, _, text in rows:
        plain = name.rpartition(".")[2].replace("_", " ")
        if len(text) < SHORTEST or text.casefold() == plain.casefold():
            bad.append(f"{kind} {name}: {text!r}")
        elif seen.setdefault(text, name.rpartition(".")[2]) != name.rpartition(".")[2]:
            bad.append(f"{kind} {name} is described as {seen[text]} is: {text!r}")
    return bad


def test_every_name_of_the_library_is_described():
    assert poor(sim.glossary()) == []


def test_poor_descriptions_would_be_seen():
    rows = [("a.k", "p", "1", ""), ("long_name_of_it", "p", "1", "long name of it"),
            ("b", "p", "1", "a phrase that is used"), ("c", "p", "1", "a phrase that is used")]  # fmt: skip
    assert len(poor(rows)) == 3


@pytest.mark.parametrize("law", GROWTH_LAWS)
@pytest.mark.parametrize("name", sim.scenarios())
def test_every_parameter_of_a_scenario_is_described(name, law):
    found = sim.scenario(name, growth_law=law).parameters
    assert poor((n, "parameter", p.unit, p.description) for n, p in found.items()) == []


def test_every_variable_of_a_result_is_in_the_glossary():
    listed = {row[0] for row in sim.glossary()}
    assert set(variables(Builder(sim.scenario("infarct_myocardium")))) <= listed


STOP = {
    "across",
    "and", "at", "by", "first", "from", "in", "is", "it", "of", "on", "over", "seen", "the", "to", "where",
    "days", "day", "min", "beside",
}  # fmt: skip


def of_words(text):
    """Words of a label that mean something: no units, numbers, times."""
    plain = re.sub(r"\[.*?\]|\$.*?\$|[\d.]+ ?(h|min|s|days?)\b", " ", text.replace("\n", " "))
    return {w for w in re.findall(r"[A-Za-z][A-Za-z_0-9-]+", plain) if w.casefold() not in STOP}


@pytest.fixture(scope="module")
def runs():
    """A line with a treatment, a plane, a stirred cell."""
    base = sim.scenario("infarct_myocardium").with_(duration="1 day")
    shapes = ({"resolution": 0.1}, {"geometry": "rectangle", "lesion.cells": 4, "border.cells": 2},
              {"geometry": "well_mixed", "outer": "closed"})  # fmt: skip
    dose = sim.Intervention(at="1 h", boundary={"PPi": "20 uM"})
    return [sim.simulate(base.with_intervention(dose).changed(c), rtol=1e-3) for c in shapes]


def test_every_label_of_a_summary_is_in_the_glossary(runs):
    """By its name, or by a name and what it is of: "mean" and "hydroxyapatite"."""
    names = {row[0] for row in sim.glossary() if row[1] == ON_SCREEN}
    labels = {line.label.strip() for result in runs for line in summary_lines(result)}
    assert len(labels) > 15
    for label in labels:
        known = [n for n in names if re.match(re.escape(n) + r"(,| |$)", label)]
        assert known, label
        rest = label[len(max(known, key=len)) :].strip(", ")
        assert not rest or sim.glossary(rest), label


def test_every_word_of_a_story_is_in_the_glossary(runs):
    seen = set()
    for result in runs:
        layers = {str(n) for n in np.unique(result["layer"].values)}
        figures = [plot.story(result), *([plot.atlas(result)] if len(result.space) == 2 else [])]
        for ax in (ax for figure in figures for ax in figure.axes):
            legend = ax.get_legend()
            texts = [ax.get_title(loc="left"), ax.get_xlabel(), ax.get_ylabel()]
            texts += [t.get_text() for t in legend.get_texts()] if legend else []
            seen |= {w for text in texts for w in of_words(text)} - layers
        plt.close("all")
    assert {"Saturation", "membranes", "pH"} <= seen
    lost = []
    for word in seen:
        found = " ".join(" ".join(row) for row in sim.glossary()).replace("_", " ").casefold()
        if not re.search(rf"\b{re.escape(word.casefold())}", found):
            lost.append(word)
    assert lost == []


def test_words_of_pathology_name_scenarios_parts_and_stains_that_are_there():
    rows = [row for row in sim.glossary() if row[1] == OF_PATHOLOGY]
    known = {*sim.scenarios(), *sim.imaging.stains()}
    named = {w for row in rows for w in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", row[3])} - {"calcium_score"}
    assert {"metastatic_contrast", "von_kossa"} <= named <= known


def test_words_of_the_atlas_and_treatments_are_in_the_glossary():
    rows = {row[0]: row for row in sim.glossary()}
    assert set(WORDS) <= set(rows)
    for name in sim.treatments():
        found = sim.treatment(name)
        dose = found.dose.unit if found.dose else ""
        row = next(r for r in sim.glossary() if r[:2] == (name, "treatment"))
        assert row[2:] == (dose, f"{found.title}: acts on {found.acts_on}")
    assert sim.glossary("onset").rows[0][0] == "onset"
    assert sim.glossary("SI HAP").rows[0][0] == "SI_HAP"


def test_a_value_of_ones_own_is_described_as_the_one_it_replaces():
    own = sim.scenario("infarct_myocardium").with_parameters(
        {"growth.k": sim.Parameter(2e-14, "m/s"), "border.elastin": 1e20, "outer.permeability": "1 um/s"}
        if "outer.permeability" in sim.scenario("infarct_myocardium").parameters
        else {"growth.k": sim.Parameter(2e-14, "m/s"), "border.elastin": 1e20}
    )
    assert "growth rate constant" in own.parameters["growth.k"].description
    assert own.parameters["border.elastin"].description == (
        "nucleation sites on elastin, per volume of tissue, in the border"
    )


def test_a_word_is_found_in_names_first_and_an_unknown_one_answered():
    found = [row[0] for row in sim.glossary("phosphatase")]
    assert found[0] == "phosphatase" and "phosphatase.K_m" in found and "ester_hydrolysis" in found
    with pytest.raises(UnknownNameError, match="Did you mean 'perfusion'"):
        sim.glossary("perfuson")


def test_the_glossary_is_a_table_for_notebooks():
    table = sim.glossary("perfusion")
    frame = table.to_dataframe()
    assert list(frame.columns) == ["name", "kind", "unit", "description"] and len(frame) == len(table)
    assert table._repr_html_().count("<tr>") == len(table) + 1


def test_the_page_is_that_of_the_data():
    """hapsim glossary --markdown > docs/glossary.md"""
    assert (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8") == glossary_page()


def test_tables_of_a_model_say_which_process_changes_what():
    model = sim.library.model()
    row = next(r for r in model.table("species") if r[0] == "OCP")
    assert row[-1] == "clearance: OCP; OCP: formation; OCP: dissolution"
    row = next(r for r in model.table("processes") if r[0] == "OCP: formation")
    assert row[1] == "4 Ca + 3 P -> OCP + 2 H"
    assert "collagen" in str(model.table("fields")) and "<table>" in model._repr_html_()
    with pytest.raises(sim.errors.ModelError, match="Did you mean 'species'"):
        model.table("specis")


def test_parameters_are_searched_and_tabled():
    found = sim.scenario("infarct_myocardium").parameters
    assert {"phosphatase.K_m", "pyrophosphatase.V_PPi"} <= set(found.search("phosphatase"))
    frame = found.to_dataframe()
    assert frame.loc["lesion.radius", ["value", "unit", "low", "high"]].tolist() == [4.0, "mm", 0.05, 15.0]
    assert "infarct 10 mm across" in found._repr_html_()
    assert "0.05 to 15 mm" in found.table() and "infarct 10 mm" not in found.table()
    assert "infarct 10 mm" in found.table(notes=True)
    with pytest.raises(UnknownNameError, match="Did you mean 'radius'"):
        found.search("radiuss")
