"""Every notebook asks a question in its first cell, and answers it in the last with a number between bounds.

The last cell computes, prints, and asserts `low < value < high, "where the bounds come from"`. As notebooks
are run by test_notebooks.py, an answer that leaves its bounds fails there.
"""

import ast
import copy
import importlib
import re

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from stored_notebooks import LIST, NOTEBOOKS, executed, listing, question

import sim

WIDEST = 1e6  # high/low of bounds that lie on one side of zero: wider ones say nothing
PUBLIC = ("sim", "sim.plotting", "sim.units", "sim.units.constants")  # what a notebook imports of the package


def cells(notebook, kind):
    return [c.source for c in notebook.cells if c.cell_type == kind]


def number(node):
    """The value of a number that is written down; None for anything else."""
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def bounds(source):
    """(name, low, high, reason) of each `assert low < name < high, "reason"` of a cell."""
    found = []
    for one in ast.parse(source).body:
        match one:
            case ast.Assert(
                test=ast.Compare(left=low, ops=[a, b], comparators=[ast.Name(id=name), high]),
                msg=ast.Constant(value=str(reason)),
            ) if all(isinstance(op, ast.Lt | ast.LtE) for op in (a, b)):
                found.append((name, number(low), number(high), reason))
    return found


def told(source):
    """Names whose values the prints of a cell show."""
    calls = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call)]
    prints = [c for c in calls if isinstance(c.func, ast.Name) and c.func.id == "print"]
    shown = [f for c in prints for f in ast.walk(c) if isinstance(f, ast.FormattedValue)]
    return {n.id for f in shown for n in ast.walk(f) if isinstance(n, ast.Name)}


def slips(notebook):
    """Sentences on what the question or the answer of a notebook lacks."""
    first, last, found = notebook.cells[0], cells(notebook, "code")[-1], []
    if first.cell_type != "markdown" or not first.source.startswith("# "):
        found.append("the first cell is no text with a title")
    if not question(notebook).endswith("?"):
        found.append("the last paragraph of the first cell is no question")
    if notebook.cells[-1].cell_type != "code":
        found.append("the last cell computes nothing")
    answers = bounds(last)
    if not answers:
        found.append("the last cell has no `assert low < value < high, reason`")
    for name, low, high, reason in answers:
        if low is None or high is None or not low < high:
            found.append(f"the bounds of {name} are no two numbers, the lower first")
        elif low > 0 and high / low > WIDEST:
            found.append(f"the bounds of {name} are so wide that they say nothing")
        if len(reason.split()) < 2:
            found.append(f"nothing says where the bounds of {name} come from")
        if name not in told(last):
            found.append(f"{name} is bounded, but not told")
    return found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_asks_and_answers(path):
    assert slips(nbformat.read(path, as_version=4)) == []


GOOD = 'half = 2.0\nprint(f"{half} mM")\nassert 1 < half < 3, "measured: 2 +- 1"'


def made(first="# A title\n\nHow much?", last=GOOD):
    from nbformat import v4

    return v4.new_notebook(cells=[v4.new_markdown_cell(first), v4.new_code_cell(last)])


@pytest.mark.parametrize(
    ("notebook", "said"),
    [
        (made(), ""),
        (made(first="# A title\n\nSome words."), "no question"),
        (made(first="How much?"), "no text with a title"),
        (made(last='print(f"{2.0} mM")'), "has no `assert"),
        (made(last=GOOD.replace("1 < half < 3", "half > 1")), "has no `assert"),
        (made(last=GOOD.replace(', "measured: 2 +- 1"', "")), "has no `assert"),
        (made(last=GOOD.replace("1 <", "half - 1 <")), "no two numbers"),
        (made(last=GOOD.replace("1 < half < 3", "3 < half < 1")), "no two numbers"),
        (made(last=GOOD.replace("1 < half < 3", "1e-9 < half < 3")), "so wide"),
        (made(last=GOOD.replace("measured: 2 +- 1", "measured")), "where the bounds"),
        (made(last=GOOD.replace("{half}", "2")), "not told"),
    ],
)
def test_what_a_notebook_lacks_is_seen(notebook, said):
    found = slips(notebook)
    assert found == [] if not said else any(said in one for one in found)


def used(source):
    """Dotted names below `sim` and below what a cell imports of it, as `plot.story`, written out in full."""
    tree = ast.parse(re.sub(r"^[%!].*$", "", source, flags=re.M))
    known, found = {"sim": "sim"}, set()
    for one in ast.walk(tree):
        if isinstance(one, ast.ImportFrom) and one.module and one.module.partition(".")[0] == "sim":
            known |= {a.asname or a.name: f"{one.module}.{a.name}" for a in one.names}
            found |= {f"{one.module}.{a.name}" for a in one.names}
        elif isinstance(one, ast.Import):
            found |= {a.name for a in one.names if a.name.startswith("sim.")}
    return known, found, tree


def names_of(notebook):
    """All names of the package that a notebook uses, in full: "sim.simulate", "sim.plotting.story"."""
    known, found = {}, set()
    for source in cells(notebook, "code"):
        new, imported, tree = used(source)
        known, found = known | new, found | imported
        for one in ast.walk(tree):
            if isinstance(one, ast.Attribute):
                parts = ast.unparse(one).split(".")
                if parts[0] in known and all(p.isidentifier() for p in parts):
                    found.add(".".join([known[parts[0]], *parts[1:]]))
    return found


def lost(name):
    """Whether the package has no such public name, as "sim.plotting.stori"."""
    value, path = sim, "sim"
    for part in name.split(".")[1:]:
        if part.startswith("_") or part not in getattr(value, "__all__", dir(value)):
            try:
                importlib.import_module(f"{path}.{part}")
            except ImportError:
                return True
            if f"{path}.{part}" not in PUBLIC:
                return True
        value, path = getattr(value, part), f"{path}.{part}"
    return False


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_uses_public_names_that_exist(path):
    found = names_of(nbformat.read(path, as_version=4))
    assert "sim.simulate" in found or "sim.speciate" in found
    assert sorted(n for n in found if lost(n)) == []


def misspelt(old, new):
    """The first notebook with one name written otherwise, in the cells up to it."""
    notebook = copy.deepcopy(nbformat.read(NOTEBOOKS[0], as_version=4))
    place = next(k for k, c in enumerate(notebook.cells) if c.cell_type == "code" and old in c.source)
    notebook.cells[place].source = notebook.cells[place].source.replace(old, new)
    notebook.cells = notebook.cells[: place + 1]
    return notebook


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("sim.scenario(", "sim.scenarioo(", "sim has no 'scenarioo'. Did you mean 'scenario'?"),
        ('sim.scenario("infarct', 'sim.scenario("infract', "Did you mean 'infarct_myocardium'?"),
        ("base.parameters.search", "base.parameters.serch", "serch"),
    ],
)
def test_a_misspelt_call_breaks_a_notebook(old, new, said):
    with pytest.raises(CellExecutionError, match=re.escape(said)):
        executed(misspelt(old, new))


def test_a_name_that_is_gone_or_not_public_is_seen():
    for good in (
        "sim.simulate",
        "sim.plotting.story",
        "sim.units.day",
        "sim.units.constants.N_A",
        "sim.sweeps.grid",
    ):
        assert not lost(good), good
    for bad in (
        "sim.simulatte",
        "sim.plotting.stori",
        "sim.kinetics.growth.room",
        "sim.plotting._canvas",
        "sim.units.dy",
    ):
        assert lost(bad), bad
    from nbformat import v4

    text = "from sim import plotting as plot\nimport sim\nplot.story(sim.simulate(base).at(1))"
    assert names_of(v4.new_notebook(cells=[v4.new_code_cell(text)])) == {
        "sim.plotting", "sim.plotting.story", "sim.simulate"
    }  # fmt: skip


def test_the_list_of_notebooks_is_complete():
    """In order, without a gap, each with its question: `python tests/stored_notebooks.py NAME` writes it."""
    assert [int(p.stem.partition("_")[0]) for p in NOTEBOOKS] == list(range(1, len(NOTEBOOKS) + 1))
    assert LIST.read_text(encoding="utf-8") == listing()
