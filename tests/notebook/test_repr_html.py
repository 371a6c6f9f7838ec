"""What notebooks show: well-formed, escaped and bounded HTML without colours, scripts and addresses."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
import xarray as xr

import sim
from sim.notebook.fragments import (
    LONGEST,
    MOST_ROWS,
    Tipped,
    html_facts,
    html_fold,
    html_head,
    html_list,
    html_table,
    html_text,
)

EVIL = "<script>alert('x')</script> & \" onmouseover=\"y"
ALLOWED = {
    "table", "caption", "thead", "tbody", "tr", "th", "td", "span", "details", "summary", "div", "b", "ul",
    "li", "p", "pre",
}  # fmt: skip


class Seen(HTMLParser):
    """Tags, attributes, texts of cells; a tag that is not closed in order is an error."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.rows, self.texts = [], set(), [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.add(tag)
        self.attributes += attrs
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    @property
    def text(self):
        return " ".join(self.texts)


@pytest.fixture(scope="module")
def objects():
    scenario = sim.scenario("infarct_myocardium").with_resolution(0.1)
    scenario = scenario.treated("etidronate", start="3 h", stop="10 h", dose="2 uM").with_(duration="1 day")
    result = sim.simulate(scenario, times=3)
    design = sim.sweeps.grid(
        {"lesion.radius": ("0.5 mm", "8 mm", "log"), "acid.load": ("0 mM", "80 mM")}, n=2
    )
    base = sim.scenario("infarct_myocardium").with_resolution(0.05).with_(duration="1 h")
    x = np.arange(20) * 0.5e-3
    image = np.zeros((1, 20, 20))
    image[0, 5:9, 5:9] = 350.0
    ct = xr.DataArray(
        image, {"z": [0.0], "y": x, "x": x}, ("z", "y", "x"),
        attrs={"kVp": 120.0, "body": 0.2, "pixel": 0.5e-3, "slice": 3e-3, "spacing": 3e-3, "slope_HAP": 1.3},
    )  # fmt: skip
    changed = scenario.with_parameters({"growth.k": "2e-14 m/s"})
    return {
        "scenario": scenario,
        "result": result,
        "loaded": sim.simulate(scenario, times=2, variables=["HAP"]),
        "parameters": scenario.parameters,
        "few parameters": scenario.parameters.within("phosphatase"),
        "parameter": scenario.parameters["growth.k"],
        "differences": scenario.parameters.diff(changed.parameters),
        "no differences": scenario.parameters.diff(scenario.parameters),
        "sweep": sim.sweep(base, design),
        "first seen": sim.imaging.first_seen(result, ["he", "von_kossa", "ct"]),
        "calcium score": sim.imaging.calcium_score(ct),
        "citation": result.cite(),
        "glossary": sim.glossary(),
        "model": scenario.model,
        "process": scenario.model.processes[3],
        "treatment": sim.treatment("etidronate"),
    }


NAMES = (
    "scenario", "result", "loaded", "parameters", "few parameters", "parameter", "differences",
    "no differences", "sweep", "first seen", "calcium score", "citation", "glossary", "model", "process",
    "treatment",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_it_is_well_formed_plain_and_bounded(objects, name):
    text = objects[name]._repr_html_()
    seen = Seen(text)
    assert seen.tags <= ALLOWED
    assert {key for key, _ in seen.attributes} <= {"style", "title"}
    assert {value for key, value in seen.attributes if key == "style"} <= {"text-align:left"}
    assert not re.search(r"(?i)(src|href|url\(|@import|color|background)\s*=?[\"'(:]", text)
    assert 20 < len(text) < 150_000
    assert not seen.text.startswith("<") and repr(objects[name])  # text stays


@pytest.mark.parametrize("name", NAMES)
def test_rows_of_a_table_are_as_long_as_its_head(objects, name):
    table, width = [], 0
    for part in re.findall(r"<table>.*?</table>", objects[name]._repr_html_(), re.S):
        table = Seen(part).rows
        width = len(table[0])
        assert {len(row) for row in table} == {width}


def test_a_result_tells_ends_of_its_variables_in_the_units_that_people_read(objects):
    result = objects["result"]
    row = next(r for r in Seen(result._repr_html_()).rows if r[0] == "Ca_in_mineral")
    values = result["Ca_in_mineral"].values[-1]  # mol m-3 is mM
    assert [float(v) for v in row[1:3]] == pytest.approx([values.min(), values.max()], rel=0.005)
    assert row[3] == "mM"
    row = next(r for r in Seen(result._repr_html_()).rows if r[0] == "PPi")
    assert float(row[2]) == pytest.approx(1e3 * result["PPi"].values[-1].max(), rel=0.005) and row[3] == "uM"
    assert "etidronate at 3 h until 10 h" in Seen(result._repr_html_()).text


def test_a_parameter_tells_its_source_and_confidence_where_the_pointer_rests(objects):
    text = objects["few parameters"]._repr_html_()
    titles = [value for key, value in Seen(text).attributes if key == "title"]
    p = objects["few parameters"]
    known = sim.parameters.load_references()
    for name, q in p.items():
        row = next(r for r in Seen(text).rows if r[0] == name)
        assert row[1:] == [q.text(), q.range_text(), q.confidence, q.source]
        assert q.description[:LONGEST] in " ".join(titles)
        for key in q.sources:
            assert any(str(known[key])[:60] in t for t in titles)


def test_a_sweep_tells_the_reason_of_what_failed(objects):
    from dataclasses import replace

    table = objects["sweep"]
    rows = [{**table.rows[0], "status": "failed", "reason": EVIL}, *table.rows[1:]]
    seen = Seen(replace(table, rows=rows)._repr_html_())
    assert ("title", EVIL) in seen.attributes
    assert len(seen.rows) == 1 + len(table) and seen.rows[0][1:3] == [
        "lesion.radius [m]",
        "acid.load [mol m-3]",
    ]


def test_what_others_wrote_is_text_and_nothing_else():
    parameter = sim.Parameter(1.0, "mM", source="x", note=EVIL, description=EVIL)
    scenario = sim.scenario("infarct_myocardium").with_(title=EVIL, notes=EVIL)
    for shown in (
        parameter._repr_html_(), scenario._repr_html_(), html_facts([(EVIL, EVIL)]), html_text(EVIL),
        html_table([EVIL], [[EVIL], [Tipped(EVIL, EVIL)]], EVIL), html_fold(EVIL, html_list([EVIL])),
        html_head(EVIL, EVIL),
    ):  # fmt: skip
        seen = Seen(shown)
        assert seen.tags <= ALLOWED and {key for key, _ in seen.attributes} <= {"style", "title"}
        assert "<script" not in shown and EVIL in seen.text


def test_long_tables_say_how_many_rows_were_left_out():
    seen = Seen(html_table(["n"], ([str(k)] for k in range(MOST_ROWS + 7))))
    assert len(seen.rows) == 1 + MOST_ROWS and seen.rows[-1] == [str(MOST_ROWS - 1)]
    assert "7 more rows were left out; print() shows all." in seen.text
    assert "left out" not in Seen(html_table(["n"], ([str(k)] for k in range(MOST_ROWS)))).text


def test_long_texts_are_cut_and_empty_ones_leave_no_frame():
    assert len(html_facts([("a", "x" * 10_000)])) < LONGEST + 200
    assert len(Seen(html_list(["x"] * 1000)).texts) == 21
    assert html_fold("nothing") == html_facts([("a", "")]) == html_list([]) == ""
