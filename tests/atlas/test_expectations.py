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
from sim.atlas.sight import sight_title, time_seen, ways_to_see
from sim.errors import ScenarioError

YEAR = 31557600.0


APATITE = {"formula": "Ca5(PO4)3OH", "molar_mass": 0.5023, "molar_volume": 1.59e-4, "units": "mol m-3"}


def run(t, course):
    """A result with this course of calcium in apatite [mol m-3], in the outer of three dead cells."""
    t, values = np.array(t, float), np.array(course, float)
    over = ("time", "r")
    outer = np.stack([0 * values, 0 * values, values], 1)
    data = xr.Dataset(
        {
            "Ca_in_mineral": (over, outer),
            "HAP": (over, outer / 5, APATITE),
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
    known = Expectation("x", "known", "source", ("read",), (1.1 * YEAR, 2 * YEAR), "von_kossa", (), ("rim",))
    found = judged(known, run((0, YEAR, 2 * YEAR), course))
    assert found[0].answer == answer


def test_a_run_that_ends_early_says_nothing_and_never_means_never():
    later = Expectation("x", "known", "source", ("read",), (YEAR, 20 * YEAR), "von_kossa")
    assert judged(later, run((0, YEAR), (0, 1)))[0].answer == OPEN
    never = Expectation("x", "known", "source", ("read",), (math.inf, math.inf), "von_kossa", (), ("none",))
    assert [v.answer for v in judged(never, run((0, YEAR), (0, 0.01)))] == [RIGHT, RIGHT]
    assert [v.answer for v in judged(never, run((0, YEAR), (0, 30)))] == [WRONG, WRONG]


def test_the_eye_and_stains_have_thresholds_of_their_own():
    """50 mM for the eye and 20 for a stain, by hand on a straight line; a name of no method is refused."""
    rising = run((0, YEAR), (0, 100))
    for way, share in (("eye", 0.5), ("von_kossa", 0.2)):
        assert time_seen(way, rising) == pytest.approx(share * YEAR, rel=1e-3)
    assert {e.seen for e in expectations().values() if e.scored} <= set(ways_to_see())
    assert ways_to_see()[-1] == "eye" and sight_title("ct") == "CT for calcium scores"


@pytest.mark.slow
def test_a_thin_film_is_in_a_radiograph_what_its_shadow_is():
    """A shell of 0.1 mm around a ball of 2 mm, of a density that CT shows where there is enough of it."""
    model = sim.library.model()
    made = sim.Scenario("ball", model, "sphere", [("ball", 20), ("film", 4)], "fixed", "10 s").changed(
        {"plasma.Ca": "1.4 mM", "plasma.P": "1.1 mM", "plasma.C": "26 mM", "plasma.pH": 7.4}
        | {"ball.radius": "1 mm", "ball.phi0": 0.6, "film.thickness": "0.1 mm", "film.phi0": 0.6}
        | {"film.HAP": "250 mM"}  # 1250 mM of calcium, 125 mg/mL
    )
    result = sim.simulate(made, times=2)
    assert time_seen("ct", result) == math.inf
    assert time_seen("von_kossa", result) == time_seen("mammography", result) == 0.0


def test_mineral_that_no_stain_shows_has_no_place():
    """10 mM: open while it may yet come, wrong when it should have been there, and never a rim."""
    known = Expectation("x", "k", "source", ("read",), (YEAR, 20 * YEAR), "von_kossa", (), ("rim",))
    early = judged(known, run((0, 2 * YEAR), (0, 10)))
    late = judged(known, run((0, 30 * YEAR), (0, 10)))
    seen = judged(known, run((0, 2 * YEAR), (0, 30)))
    assert [(v.found, v.answer) for v in (early[1], late[1])] == [("none", OPEN), ("none", WRONG)]
    assert seen[1].answer == RIGHT and seen[1].found.startswith("rim")
    elsewhere = Expectation("x", "k", "source", ("read",), (YEAR, 20 * YEAR), "eye", (), ("core",))
    assert judged(elsewhere, run((0, 2 * YEAR), (0, 30)))[1].answer == WRONG  # a stain shows it: no excuse


def test_places_are_judged_when_first_seen_and_at_the_end():
    known = Expectation("x", "k", "source", ("read",), (0.0, YEAR), "von_kossa", ("core",), ("rim",))
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
    assert (
        "Why it is missed" in text
        and "No reason is known" not in text
        and 'src="runs/normal_tissue_control/story.png"' in text
    )
    assert not re.search(r"(src|href|url)\W{1,2}https?:", text)  # cited addresses are words


def test_the_page_says_loudly_where_no_reason_is_known(tmp_path):
    from sim.atlas.page import write_page

    entry = atlas(tmp_path, ["normal_tissue_control"], treatments=False).entries[0]
    wrong, right = (Answer("onset", "never", "soon", a) for a in (WRONG, RIGHT))
    given, lacking = (Expectation("x", "known of it", "source", reason=r) for r in ("a cause", ""))
    made = [Entry("a", given, entry.folder, (wrong,)), Entry("b", lacking, entry.folder, (right,))]
    assert Atlas(tmp_path, tuple(made)).unexplained == ()
    bare = Entry(entry.name, lacking, entry.folder, (right, wrong))
    book = Atlas(tmp_path, (*made, bare))
    assert book.unexplained == (entry.name,)
    text = write_page(Atlas(tmp_path, (bare,))).read_text(encoding="utf-8")
    assert text.count('class="loud"') == 2 and text.count("No reason is known.") == 2
    shown = write_page(Atlas(tmp_path, (Entry(entry.name, given, entry.folder, (wrong,)),)))
    table = shown.read_text(encoding="utf-8").partition("</table>")[0]
    assert "a cause" in table and 'class="loud"' not in table


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
