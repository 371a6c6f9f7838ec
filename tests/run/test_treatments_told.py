"""A result holds what was done to the tissue, complete, and tells it: manifest, repr, diff."""

import pytest

import sim
from sim.plotting.runs.events import events
from sim.run.stored.manifest_check import manifest_from

DAY = 86400.0
THIRD = 1 / 3


def dim(Ca, k):
    return k * Ca


@pytest.fixture(scope="module")
def base():
    return sim.scenario("infarct_myocardium").with_geometry("slab", {"lesion": 3, "border": 3})


@pytest.fixture(scope="module")
def cuts():
    return (
        sim.Intervention(THIRD * 1e4, {"PPi": THIRD, "pH": 7.1}, label="odd", until=THIRD * 3e4),
        sim.Intervention("2 h", {"PPi": "plasma.PPi"}, {"growth.k": "1e-14 m/s"}),
        sim.Intervention("3 h", state={"Ca": THIRD, "ACP": "1 mM"}, region="lesion"),
        sim.Intervention("4 h", excise=True, region="lesion", label="surgery"),
    )


@pytest.fixture(scope="module")
def result(base, cuts):
    """Of a model of one's own, which no file of a scenario can hold."""
    own = sim.Process("fading", dim, {"Ca": -1}, {"k": sim.Parameter(1e-9, "1/s")})
    s = base.with_model(base.model.with_process(own)).with_(duration="6 h").with_intervention(*cuts)
    s = s.with_random_field("collagen", 0.5, "3 mm", 7, "lesion")
    return sim.simulate(s.with_stochastic_nucleation(3, "2 h", "1 um2"), times=3)


def test_interventions_come_back_from_a_file_to_the_last_digit(result, cuts, tmp_path):
    read = sim.load(result.save(tmp_path / "r.nc"))
    for found in (result.interventions, read.interventions):
        assert found == tuple(sorted(cuts, key=lambda c: c.at))
    with pytest.raises(sim.errors.ScenarioError, match="was not kept"):
        read.scenario  # noqa: B018
    tables = read.manifest["intervention_tables"]
    assert tables[0]["boundary"]["PPi"] == f"{THIRD!r} mol/m3" and tables[0]["at"] == f"{THIRD * 1e4!r} s"
    state = next(t for t in tables if "state" in t)
    assert state["state"] == {"Ca": f"{THIRD!r} mol m-3", "ACP": "1 mM"} and state["region"] == "lesion"


def test_a_result_shows_random_fields_and_chance_a_line_each(result):
    lines = repr(result).splitlines()
    assert "├─ random field of collagen in lesion: log_sd 0.5, correlation length 3 mm, seed 7" in lines
    assert "├─ stochastic nucleation: seed 3, interval 2 h, sample 1 um2" in lines
    assert "├─ surgery at 4 h: excise lesion" in lines


def test_pictures_have_exact_times_and_see_what_is_set_back(result):
    found = {e.key: e for e in events(result)}
    assert found["pH"].start == THIRD * 1e4 and found["pH"].end == THIRD * 3e4
    assert found["PPi"].end == 2 * 3600.0  # back to the scenario's own, a bar no longer


def test_a_value_that_reads_like_the_own_one_is_another(base):
    s = base.with_(duration="3 h").changed({"plasma.PPi": "1.2345674 uM"})
    for back, end in (("1.2345674 uM", 2), ("1.2345671 uM", 3)):
        cuts = [sim.Intervention(f"{k} h", {"PPi": v}) for k, v in ((1, "20 uM"), (2, back))]
        lasting = events(sim.simulate(s.with_intervention(*cuts), times=2))
        assert max(e.end for e in lasting) == end * 3600.0


def test_a_difference_below_six_digits_is_told(base):
    one, other = (
        base.with_intervention(sim.Intervention(at, {"PPi": "20 uM"}, label="PPi"))
        for at in ("3 day", f"{3 * DAY * (1 + 1e-9)!r} s")
    )
    minus, plus = other.diff(one).splitlines()
    assert minus == "- PPi at 3 days: PPi 20 uM" and minus[1:] != plus[1:]
    later = float(plus.removeprefix("+ PPi at ").partition(" days")[0])
    assert later - 3 == pytest.approx(3e-9, rel=1e-6)
    values = [
        base.with_intervention(sim.Intervention("3 day", {"PPi": v})) for v in (0.02, 0.02 * (1 + 1e-9))
    ]
    minus, plus = values[1].diff(values[0]).splitlines()
    assert minus[1:] != plus[1:]


def test_damaged_tables_are_answered_in_a_sentence(result):
    import json

    for key, wrong in (("intervention_tables", [3]), ("layout", "a")):
        with pytest.raises(sim.errors.FileFormatError, match=key):
            manifest_from(json.dumps({**result.manifest, key: wrong}), "r.nc")


def test_a_level_below_that_of_plasma_is_told(base):
    """What is infused adds to what there is; a level in its place takes away."""
    small = base.with_parameters({"plasma.PPi": "1.5 uM"}).with_(duration="1 h")
    with pytest.warns(sim.errors.RangeWarning, match=r"0.5 uM is less than the 1.5 uM that plasma has"):
        result = sim.simulate(small.treated("pyrophosphate", dose="0.5 uM"), times=2)
    assert [n for n in result.notes if "takes away more than it gives" in n]
    told = sim.simulate(small.treated("pyrophosphate", dose="5 uM"), times=2).notes
    assert not [n for n in told if "takes away" in n]
