"""Pages made from data: all that there is has its row, and what a row says is what runs use."""

import re

import pytest

import sim
from docs.building import (
    api_pages,
    chemistry_pages,
    command_pages,
    parameter_pages,
    source_tree,
    tables,
    treatment_pages,
)
from docs.building.met_types import met_types
from sim.chemistry.constants_sets import constants_set
from sim.cli import main
from sim.model.library.parts import part_names
from sim.parameters import load_references


@pytest.fixture(scope="module")
def pages():
    return source_tree.generated()


def rows(text):
    """{name: cells} of all tables of a page."""
    found = {}
    for line in text.splitlines():
        if line.startswith("| ") and (name := re.search(r"`([^`]+)`", line)):
            found[name[1]] = [c.strip() for c in re.split(r"(?<!\\)\|", line.strip("| "))]
    return found


def test_every_parameter_has_its_row_and_value(pages):
    """Those of the model, of all its parts and of all growth laws, as the model itself has them."""
    found = rows(pages["reference/parameters.md"])
    models = [sim.library.model(), *(sim.library.model(growth_law=law) for law in sim.library.GROWTH_LAWS)]
    models += [sim.library.model(parts=name) for name in part_names()]
    wanted = {n: p for m in reversed(models) for n, p in m.parameters.items()}
    assert len(wanted) > 150
    for name, p in wanted.items():
        value = re.sub(r"<[^>]+>", "", found[name][1])
        assert sim.units.convert(value, p.unit) == pytest.approx(p.si, rel=1e-5), name
        assert p.confidence in found[name][-1], name


def test_every_scenario_has_a_page_with_all_that_it_sets(pages):
    for name in sim.scenarios():
        s, found = sim.scenario(name), rows(pages[f"reference/scenarios/{name}.md"])
        own = {n for n, p in s.parameters.items() if s.model.parameters.get(n) != p}
        assert own == found.keys() & own, name
        assert f"scenarios/{name}.md" in pages["reference/scenarios.md"]


def test_every_treatment_part_solid_set_and_measure_has_its_place(pages):
    treatments, minerals = pages["reference/treatments.md"], rows(pages["reference/minerals.md"])
    assert all(f"(treatment-{n})=" in treatments for n in sim.treatments())
    assert all(f"\n## {n}\n" in pages["reference/parts.md"] for n in part_names())
    assert chemistry_pages.every_solid().keys() <= minerals.keys()
    assert all(f"`sim.measures.{n}`" in pages["reference/measures.md"] for n in sim.measures.__all__)
    for name in sim.constants_sets():
        found, known = rows(pages[f"reference/constants/{name}.md"]), constants_set(name)
        assert {*known.species, *known.minerals, *known.gases} <= found.keys(), name


def test_every_command_is_there(pages):
    text = pages["reference/command_line.md"]
    for name in main.commands:
        assert f"## hapsim {name}\n" in text
        assert f"Usage: hapsim {name}" in text
    assert "hapsim sweep export" in command_pages.commands()


def test_every_source_can_be_followed(pages):
    """No table cites a key that the page of sources has not."""
    told = re.findall(r'<span id="([^"]+)"></span>', pages["reference/sources.md"])
    assert set(told) == {tables.slug(k) for k in load_references()}
    for name, text in pages.items():
        for key in re.findall(r'sources\.html#([^"]+)"', text):
            assert key in told, (name, key)


def test_every_public_name_has_its_page(pages):
    """What `sim` and its public modules offer, errors and units too."""
    modules = [getattr(sim, n) for n in sim.__all__]
    assert set(api_pages.modules().values()) >= {m for m in modules if hasattr(m, "__path__")}
    places = api_pages.places()
    for name in [f"sim.{n}" for n in sim.__all__ if n != "__version__"]:
        assert name in places
    for module in ("plotting", "imaging", "sweeps", "measures", "shapes", "sensitivity", "calibration"):
        for name in getattr(sim, module).__all__:
            page = places[f"sim.{module}.{name}"].partition("#")[0]
            assert f"sim.{module}.{name}" in pages[f"{page}.rst"]
    assert ".. py:data:: mM\n" in pages["api/sim.units.rst"] and "sim.errors.SolverError" in places


def test_types_that_users_meet_have_their_pages(pages):
    """Those of values that calls of the guides give, and of what these hold; and what the guides import."""
    from sim.solvers import SOLVERS
    from sim.solvers.steps.solution import Solution
    from sim.solvers.steps.task import Task

    base, public = sim.scenario("normal_tissue_control"), {id(v) for v in api_pages.names().values()}
    fluid, treatment = sim.speciate(pH=7.4, Ca=1.4, P=1.1), sim.treatment("etidronate")
    batch = sim.equilibrate(fluid, "HAP")
    changed = base.parameters.with_values({"plasma.P": "1.2 mM"})
    met = [
        fluid, fluid.free, batch, treatment, treatment.effects[0], changed.diff(base.parameters),
        SOLVERS["ndf"], sim.memory_forecast(base), sim.glossary(), base.model.solids[0].solid,
    ]  # fmt: skip
    for kind in {*map(type, met), Task, Solution}:
        if id(kind) not in public:
            name = f"{kind.__module__}.{kind.__qualname__}"
            page = f"{api_pages.page_of(name, kind)}.rst"
            assert f".. autoclass:: {name}" in pages[page], name
            assert f"</{page.removesuffix('.rst')}>" in pages["api/index.rst"]
            assert api_pages.places()[kind.__name__].startswith(page.removesuffix(".rst"))


def test_types_are_met_through_annotations():
    """Returned, taken, held, behind another name, and imported for type checkers only; machinery is not."""
    found = {name.rpartition(".")[2] for name in met_types()}
    assert {"Task", "Solution", "Snapshot", "Citation", "Treatment", "Fluid", "Colours", "Answer"} <= found
    assert not found & {"Result", "Scenario", "SweepTable", "Axes", "Registers", "Workspace"}


def test_no_two_pages_are_one_file_where_case_does_not_count(pages):
    names = [name.casefold() for name in [*pages, *source_tree.copied().values()]]
    assert len(names) == len(set(names))


def test_cells_of_tables_stay_cells():
    assert tables.table(("a", "b"), [("x | y", "two\nlines")]).splitlines()[-1] == r"| x \| y | two lines |"
    assert treatment_pages.facts([("dose", ""), ("title", "a b")]) == "* **title**: a b"
    assert parameter_pages.between(None, 2.0) == "at most 2"
