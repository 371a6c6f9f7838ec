"""Whatever has a name is described, in words of its own, and found by a part of them."""

from pathlib import Path

import pytest

import sim
from sim.errors import UnknownNameError
from sim.model.glossary.entries import glossary_page
from sim.model.library import GROWTH_LAWS
from sim.run.dataset import variables
from sim.run.segments import Builder

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
