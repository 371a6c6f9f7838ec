"""The hook that makes fields of house docstrings: each argument one, and no markup that is not meant."""

import inspect
import re

import pytest

from docs.building import api_pages, docstrings

HOUSE = """Run a scenario, or go on.

times: output times [s], rising, or how many, to which the states
    before each cut are added
seed, share: of the draws; store: a file; keep: "all" or "none"
Names are grouped as in `profiles`.
Warns (RangeWarning) beyond the range.
Returns a Result: see result.status. One that goes on has
the outputs from there on.

    r = run(s, times=[1, 2])
    print(r)

dose: of the treatment, 2 * x | y, for c_ and _d
"""
NAMES = ("times", "seed", "share", "store", "keep", "dose")


def fields(lines):
    """{field: its text} of what the hook gives."""
    return dict(
        re.match(r":([^:]+): (.*)", line).groups() for line in lines if line.startswith(":") and line != "::"
    )


def test_every_piece_becomes_what_it_is():
    lines = docstrings.fielded(HOUSE.splitlines(), NAMES)
    found = fields(lines)
    assert found == {
        "param times": "output times [s], rising, or how many, to which the states before each cut are added",
        "param seed": "of the draws",
        "param share": "of the draws",
        "param store": "a file",
        "param keep": '"all" or "none"',
        "returns": "a Result: see result.status. One that goes on has the outputs from there on.",
        "param dose": r"of the treatment, 2 \* x \| y, for c\_ and \_d",
    }
    text = "\n".join(lines)
    assert text.startswith(
        "Run a scenario, or go on.\n\nNames are grouped as in ``profiles``.\n\nWarns (RangeWarning)"
    )
    assert "::\n\n    r = run(s, times=[1, 2])\n    print(r)\n" in text


def test_what_is_no_argument_stays_prose():
    """A colon within a sentence makes no field, nor does one in the description of a module."""
    assert (
        fields(docstrings.fielded(["Totals.", "", "Not so: Ca, P.", "hapsim: a simulator."], ("pH",))) == {}
    )
    assert fields(docstrings.fielded(["hapsim: a simulator."], (), attributes=False)) == {}
    assert fields(docstrings.fielded(["What it is.", "", "edges: of the cells [m]"])) == {
        "edges": "of the cells [m]"
    }


def test_a_field_goes_on_in_lines_that_begin_small():
    lines = [
        "A rate.",
        "",
        "changes: numbers or names (x for its",
        "negative). parameters: {a: b}",
        "All is SI.",
    ]
    assert fields(docstrings.fielded(lines, ("changes", "parameters"))) == {
        "param changes": "numbers or names (x for its negative)",
        "param parameters": "{a: b}",
    }


CALLED = {n: v for n, v in api_pages.names().items() if callable(v) and not inspect.isclass(v)}


@pytest.mark.parametrize("name", CALLED)
def test_what_is_said_of_an_argument_becomes_its_field(name):
    """Of every public function: lines that begin with the name of an argument and a colon."""
    value, given = CALLED[name], docstrings.arguments(CALLED[name])
    lines = (inspect.getdoc(value) or "").splitlines()
    told = {a for line in lines for a in given if re.match(rf"{a}(, \w+)*: ", line)}
    assert told <= {f.removeprefix("param ") for f in fields(docstrings.fielded(lines, given))}


def test_every_public_name_is_read_without_complaint():
    """As reStructuredText, by docutils itself."""
    core = pytest.importorskip("docutils.core", reason="reading it needs docutils, of the extra docs")
    settings = {"report_level": 2, "halt_level": 2, "warning_stream": False}
    for value in api_pages.names().values():
        lines = (
            (inspect.getdoc(value) or "").splitlines() if callable(value) or inspect.ismodule(value) else []
        )
        text = "\n".join(docstrings.fielded(lines, docstrings.arguments(value), not inspect.ismodule(value)))
        core.publish_doctree(text, settings_overrides=settings)
