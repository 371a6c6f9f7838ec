"""What is known of conditions is complete and sound; verdicts follow from it."""

import math
import re

import numpy as np
import pytest
import xarray as xr

import sim
from sim.atlas.atlas import Atlas, Entry, atlas
from sim.atlas.expectations import OPEN, RIGHT, WRONG, Answer, Expectation, expectations, judged, tally
from sim.atlas.morphology import WORDS
from sim.errors import ScenarioError

YEAR = 31557600.0


def run(t, course):
    """A result with this course of calcium in solids [mol m-3] in the outer of three dead cells."""
    t, values = np.array(t, float), np.array(course, float)
    over = ("time", "r")
    data = xr.Dataset(
        {
            "Ca_in_mineral": (over, np.stack([0 * values, 0 * values, values], 1)),
            "viable": (over, np.zeros((t.size, 3))),
        },
        {"time": t, "r": [0.5, 1.5, 2.5], "volume": ("r", [1.0, 1.0, 1.0]), "layer": ("r", ["lesion"] * 3)},
    )
    return sim.Result(data, {}, xr.Dataset(coords={"r_edges": [0.0, 1.0, 2.0, 3.0]}))


def test_every_scenario_has_an_entry_and_no_entry_is_left_over():
    assert set(expectations()) == set(sim.scenarios())


def test_rows_without_any_data_are_not_scored():
    unscored = {n for n, e in expectations().items() if not e.scored}
    assert unscored == {"hyaline_scar", "rheumatoid_nodule", "beaker_body_fluid", "beaker_seeded"}
    for e in expectations().values():
        assert len(e.known) > 20 and bool(e.sources) == e.scored
        assert (e.confidence == "none") == (not e.scored)
        assert not e.scored or (e.onset is not None and e.last and set(e.first + e.last) <= set(WORDS))


@pytest.mark.parametrize(
    ("course", "answer"),
    [((0, 10, 40), RIGHT), ((0, 30, 40), WRONG), ((0, 1, 2), WRONG)],
)
def test_onset_within_what_is_known(course, answer):
    known = Expectation("x", "known", "source", ("read",), (1.1 * YEAR, 2 * YEAR), "microscope", (), ("rim",))
    found = judged(known, run((0, YEAR, 2 * YEAR), course))
    assert found[0].answer == answer


def test_a_run_that_ends_early_says_nothing_and_never_means_never():
    later = Expectation("x", "known", "source", ("read",), (YEAR, 20 * YEAR), "microscope")
    assert judged(later, run((0, YEAR), (0, 1)))[0].answer == OPEN
    never = Expectation("x", "known", "source", ("read",), (math.inf, math.inf), "microscope", (), ("none",))
    assert [v.answer for v in judged(never, run((0, YEAR), (0, 0.01)))] == [RIGHT, RIGHT]
    assert [v.answer for v in judged(never, run((0, YEAR), (0, 30)))] == [WRONG, WRONG]


def test_places_are_judged_when_first_seen_and_at_the_end():
    known = Expectation("x", "k", "source", ("read",), (0.0, YEAR), "microscope", ("core",), ("rim",))
    found = judged(known, run((0, 1, 2), (0, 30, 40)))
    assert [(v.what, v.answer) for v in found] == [
        ("onset", RIGHT), ("place when first seen", WRONG), ("place at the end", RIGHT),
    ]  # fmt: skip
    assert tally({"x": found}) == {RIGHT: 2, WRONG: 1, OPEN: 0, "not scored": 0}


def test_an_atlas_is_kept_and_goes_on(tmp_path):
    told = []
    first = atlas(tmp_path, ["normal_tissue_control"], treatments=False, report=told.append)
    assert [v.answer for v in first.entries[0].verdicts] == [RIGHT, RIGHT]
    stamp = (tmp_path / "runs" / "normal_tissue_control" / "result.nc").stat().st_mtime_ns
    again = atlas(tmp_path, ["normal_tissue_control", "hyaline_scar"], treatments=False, report=told.append)
    assert told == ["normal_tissue_control: done", "normal_tissue_control: kept", "hyaline_scar: done"]
    assert (tmp_path / "runs" / "normal_tissue_control" / "result.nc").stat().st_mtime_ns == stamp
    assert again.counts["not scored"] == 1
    (tmp_path / "runs" / "hyaline_scar" / "result.nc").write_bytes(b"broken")
    atlas(tmp_path, ["hyaline_scar"], treatments=False, report=told.append)
    assert told[-1] == "hyaline_scar: done"
    with pytest.raises(ScenarioError, match="Did you mean 'tb_caseous'"):
        atlas(tmp_path, ["tb_caseus"])


def test_the_page_holds_wrong_answers_and_escapes_what_it_shows(tmp_path):
    from sim.atlas.page import write_page

    made = atlas(tmp_path, ["normal_tissue_control"], treatments=False)
    entry = made.entries[0]
    bad = Entry(
        entry.name, Expectation("x", "a < b & c", "source", reason="no <script>"), entry.folder,
        (Answer("onset", "never", "<b>soon</b>", WRONG),),
    )  # fmt: skip
    text = write_page(Atlas(tmp_path, (entry, bad))).read_text(encoding="utf-8")
    assert "a &lt; b &amp; c" in text and "<script>" not in text and "<b>soon" not in text
    assert "Why it is missed" in text and 'src="runs/normal_tissue_control/story.png"' in text
    assert not re.search(r"(src|href|url)\W{1,2}https?:", text)  # cited addresses are words


def test_a_run_that_fails_is_told_in_table_and_page(tmp_path):
    from sim.atlas.page import write_page

    plain = atlas(tmp_path, ["normal_tissue_control"], treatments=False).entries[0]
    failed = Entry(plain.name, plain.expected, plain.folder, plain.verdicts, "", {}, {"edta": "failed: <no>"})
    made = Atlas(tmp_path, (failed,))
    assert made.failures == {"normal_tissue_control@edta": "failed: <no>"}
    assert ("normal_tissue_control@edta", "run", "", "failed: <no>", "not run") in made.rows
    text = write_page(made).read_text(encoding="utf-8")
    assert (
        text.count("failed: &lt;no&gt;") == 2
        and 'href="#normal_tissue_control">normal_tissue_control@edta' in text
    )
