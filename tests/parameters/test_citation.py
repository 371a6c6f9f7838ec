"""Every number has a source that exists, and the package says how to be cited."""

import re
import tomllib
from pathlib import Path

import pytest

from sim.experiment.catalogue import scenario, scenarios
from sim.model.library import GROWTH_LAWS
from sim.parameters import Parameters, cite, load_references
from sim.parameters.references import data_files

ROOT = Path(__file__).parents[2]
FILES = {str(f).rpartition("sim/data/")[2]: f for f in data_files(".toml")}


def tables(content, name=""):
    """Every table in a TOML document with its dotted name, lists of tables included."""
    if isinstance(content, dict):
        yield name, content
        for key, inner in content.items():
            yield from tables(inner, f"{name}.{key}" if name else key)
    elif isinstance(content, list):
        for i, inner in enumerate(content):
            yield from tables(inner, f"{name}[{i}]")


def keys(source):
    """Reference keys of a source: text with commas, or a list."""
    items = [source] if isinstance(source, str) else source
    return [key for item in items for key in re.findall(r"[^,;\s]+", item)]


def wrong_sources(content, references):
    """Tables whose source is empty or names no entry, in words."""
    bad = []
    for name, table in tables(content):
        if not isinstance(table.get("source", ""), str | list):
            continue  # a parameter that happens to be called source
        found = keys(table.get("source", "")) if "source" in table else ["-"]
        if not found:
            bad.append(f"[{name}] has an empty source")
        bad += [f"[{name}] cites {k}" for k in found if k != "-" and k not in references]
    return bad


def wrong_ranges(content):
    """Tables with a value whose range is missing or does not hold it, in words."""
    bad = []
    for name, table in tables(content):
        if not isinstance(table.get("value"), int | float) or "unit" not in table:
            continue
        low, high = table.get("range", (1, 0))
        if not low <= table["value"] <= high:
            bad.append(f"[{name}] has {table['value']} outside {table.get('range')}")
    return bad


@pytest.mark.parametrize("name", FILES)
def test_every_source_is_in_a_bibliography(name):
    assert wrong_sources(tomllib.loads(FILES[name].read_text("utf-8")), load_references()) == []


@pytest.mark.parametrize("name", FILES)
def test_every_value_lies_in_its_range(name):
    assert wrong_ranges(tomllib.loads(FILES[name].read_text("utf-8"))) == []


def test_bad_tables_would_be_seen():
    bad = tomllib.loads("""
        [a]
        value = 5
        unit = "s"
        range = [1, 2]
        source = "nobody"
        [[b.c]]
        value = 5
        unit = "s"
        source = ["known", "none"]
        [d]
        source = ""
    """)
    assert wrong_sources(bad, {"known": None}) == [
        "[a] cites nobody",
        "[b.c[0]] cites none",
        "[d] has an empty source",
    ]
    assert wrong_ranges(bad) == ["[a] has 5 outside [1, 2]", "[b.c[0]] has 5 outside None"]


def test_the_package_has_references_and_each_can_be_found():
    """A title, and either a link or who and when."""
    references = load_references()
    assert references
    for key, entry in references.items():
        assert entry.get("title"), f"{key} has no title"
        link = entry.get("doi") or entry.get("url")
        dated = entry.get("author") and entry.get("year")
        assert link or dated, f"{key} has neither a link nor author and year"
        assert re.fullmatch(r"(\d{4}|n\.d\.)?", entry.get("year")), f"{key} has an odd year"
        assert "{" not in str(entry)


def test_a_reference_without_authors_begins_with_its_title():
    """Not with its key and the year twice, nor with words about the record."""
    found = load_references()
    assert str(found["jfb2015"]).startswith(
        "A review of calcium phosphates, with their densities in table 4 (2015)"
    )
    assert str(found["jfb2015"]).count("2015)") == 1
    assert str(found["tris_protonation"]).startswith("Protonation of tris(hydroxymethyl)aminomethane")
    assert str(found["kanzaki1998"]).startswith("N. Kanzaki et al. (1998). Direct growth rate")
    assert not [key for key, r in found.items() if str(r).startswith(key) or "not on the record" in str(r)]


@pytest.mark.parametrize("law", GROWTH_LAWS)
@pytest.mark.parametrize("name", scenarios())
def test_every_number_of_our_own_says_why(name, law):
    """`this_work` is "documented with each parameter": so each has a note, and a citation prints it."""
    parameters = scenario(name, growth_law=law).parameters
    assert [n for n, p in parameters.items() if "this_work" in p.sources and len(p.note) < 8] == []
    text = str(cite(parameters))
    assert "no note" not in text
    assert "    buffer.pK: imidazole-like (histidine); one site stands for a spread" in text.splitlines()


def test_nothing_to_cite_is_a_citation_too():
    assert str(cite(Parameters())) == "0 measured, 0 derived, 0 fitted, 0 assumed"


def test_citation_file_has_what_the_format_requires():
    """Line by line: no YAML reader is a dependency. Required keys: cff-version 1.2.0 schema."""
    text = (ROOT / "CITATION.cff").read_text("utf-8")
    assert "\t" not in text
    top = dict(re.findall(r"^([a-z-]+):\s*(.*)$", text, re.M))
    assert top["cff-version"] == "1.2.0"
    assert top["message"].strip('"')
    assert top["title"].strip('"').startswith("hapsim")
    assert re.search(r"^authors:\n {2}- (name|family-names): \S", text, re.M)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert top["version"] == project["version"]
    assert top["license"] == project["license"]
