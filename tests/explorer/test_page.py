"""The widgets of the page without a browser: what a field does to others, two pages, a run, no Panel."""

import sys
import time

import pytest

import sim
from sim.errors import ConfigError

pytest.importorskip("panel", reason="the explorer needs Panel (the extra app)")

from looking import Looked, until_still  # noqa: E402

from sim.explorer.page.results import COMPARISON, IMAGING, STORY  # noqa: E402

SMALL = sim.scenario("infarct_myocardium").changed({"resolution": 0.1, "duration": "1 day"})


@pytest.fixture
def page():
    made = Looked(SMALL)
    yield made
    made.leave()


def pressed(page, seconds=300):
    """Press Run and look until it is over."""
    page.run.clicks += 1
    return looked(page, seconds)


def looked(page, seconds=300):
    until_still(page, seconds)
    return page.says.object


def field(page, name):
    return page.setup.parameters[name]


def test_a_slider_fills_its_box_and_a_box_moves_its_slider(page):
    f = field(page, "plasma.P")
    f.slider.value = 0.5
    assert float(f.box.value) == pytest.approx((0.7 + 3.0) / 2)
    f.box.value = "3000 uM"
    assert f.slider.value == 1.0 and page.setup.request.values == {"plasma.P": "3000 uM"}
    f.box.value = ""
    assert f.box.value == f.usual and page.setup.request.values == {}


def test_garbage_is_answered_beside_its_field_and_nothing_runs(page):
    f = field(page, "plasma.Ca")
    f.box.value = "<b>much</b>"
    assert "does not begin with a number" in f.note.object and "<b>" not in f.note.object
    assert "see plasma.Ca" in pressed(page) and page.job is None and page.count == 0
    f.box.value = "1.5"
    assert f.note.object == ""


def test_a_parameter_can_be_added(page):
    page.setup.more.value = "growth.k"
    assert "growth.k" in page.setup.parameters and page.setup.more.value != "growth.k"
    assert "growth.k" not in page.setup.more.options.values()


def test_a_run_fills_the_tabs_and_the_next_is_compared_with_it(page):
    mean = sim.measures.mean("Ca_in_mineral")
    assert f"{mean(sim.simulate(SMALL)):.3g} mM" in pressed(page)
    assert page.results.pictures[STORY].made.png and page.bar.value == 100 and not page.run.disabled
    field(page, "acid.load").box.value = "0"
    changed = mean(sim.simulate(SMALL.changed({"acid.load": "0 mM"})))
    assert f"{changed:.3g} mM" in pressed(page)
    assert "acid.load: 60 -&gt; 0 mM" in page.results.difference.object
    page.results.view.active = page.results.names.index(COMPARISON)
    looked(page)
    assert page.results.pictures[COMPARISON].made.png


def test_runs_of_two_scenarios_are_compared_with_all_that_differs(page):
    pressed(page)
    page.picker.value = "metastatic_contrast"
    page.setup.duration.box.value = "1"
    pressed(page)
    assert "infarct_myocardium -&gt; metastatic_contrast" in page.results.difference.object
    page.results.view.active = page.results.names.index(COMPARISON)
    looked(page)
    assert "run 2, metastatic_contrast" in page.results.pictures[COMPARISON].made.alt
    (below,) = page.results.pictures[COMPARISON].below
    plasma = [sim.scenario(n).parameters["plasma.Ca"].value for n in (SMALL.name, "metastatic_contrast")]
    assert "plasma.Ca: {:g} -&gt; {:g} mM".format(*plasma) in below.object
    pressed(page)
    assert not page.results.pictures[COMPARISON].below.objects


def test_another_instrument_is_drawn_when_it_is_chosen(page):
    pressed(page)
    page.results.view.active = page.results.names.index(IMAGING)
    looked(page)
    view = page.results.pictures[IMAGING]
    before = view.made
    view.choice.value = "chest"
    looked(page)
    assert view.made is not before and "radiograph" in view.made.alt
    view.choice.value = "von_kossa"
    looked(page)
    assert "von Kossa" in view.made.alt and view.made.png


def test_a_treatment_is_given_when_it_is_switched_on(page):
    given = next(t for t in page.setup.treatments if t.name == "pyrophosphate")
    assert not given.details.visible
    given.switch.value, given.dose.value, given.start.value = given.switch.options, "20", "0.5"
    assert given.details.visible and "(1 given)" in page.setup.treated.title
    (cut,) = (pressed(page), page.results.run.scenario.interventions)[1]
    assert (cut.treatment, cut.at, cut.dose) == ("pyrophosphate", 43200.0, 0.02)


def test_another_geometry_has_its_own_number_of_cells(page):
    page.setup.geometry.value = "rectangle"
    assert page.setup.cells.box.value == "40" and "1600 cells" in page.setup.cells.note.object
    page.setup.geometry.value = SMALL.geometry
    assert page.setup.request.cells == ""


def test_another_scenario_has_other_fields(page):
    page.picker.value = "schistosome_eggs"
    assert page.setup.base.name == "schistosome_eggs" and "schistosome_eggs" in page.results.about.object
    assert page.setup.geometry.disabled


def test_a_failed_run_is_told_in_words(page, monkeypatch):
    from sim.explorer.made import job

    def refuses(*args, **more):
        raise ConfigError("the tissue is on strike.")

    monkeypatch.setattr(job, "simulate", refuses)
    assert "Failed: the tissue is on strike." in pressed(page) and not page.run.disabled


def test_a_run_without_its_tables_is_shown_and_says_why(page, monkeypatch):
    from sim.explorer.made import numbers

    def refuses(result):
        raise ConfigError("too many voxels.")

    monkeypatch.setattr(numbers, "numbers", refuses)
    monkeypatch.setattr(numbers, "sightings", refuses)
    assert "Run 1 finished: its numbers cannot be made: too many voxels." in pressed(page)
    assert page.results.pictures[STORY].made.png and page.count == 1
    assert (
        "too many voxels." in page.results.table.object
        and "Beside what is known" in page.results.table.object
    )
    assert "too many voxels." in page.results.pictures[IMAGING].below.objects[0].object


def test_two_pages_do_not_mix(page):
    other = Looked(SMALL)
    field(page, "acid.load").box.value = "0"
    page.run.clicks += 1
    other.run.clicks += 1
    looked(page), looked(other)
    assert page.results.run.scenario.parameters.si("acid.load") == 0.0
    assert other.results.run.scenario.parameters.si("acid.load") == 60.0
    assert page.says.object != other.says.object


def test_without_panel_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "panel", None)
    with pytest.raises(ConfigError, match=r"python -m pip install panel.*\[app\]"):
        sim.explore()


@pytest.mark.parametrize("port", [80, -1, 70000])
def test_a_port_that_cannot_be_had_is_refused(port):
    with pytest.raises(ConfigError, match="outside 1024 to 65535"):
        sim.explore(port=port)


def test_a_port_that_is_taken_is_refused():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigError, match="cannot be had"):
            sim.explore(port=taken.getsockname()[1])


def test_a_run_whose_list_is_cleared_while_it_is_taken_does_not_fail(page):
    """Its first table comes at the same look at which it is over, and the list of those that end is new."""
    page.run.clicks += 1
    end = time.monotonic() + 300
    while page.job is not None:
        assert time.monotonic() < end
        time.sleep(0.02)
        page.look()
    job, take = page.ending[0], page._take

    def cleared(taken):
        page.ending.clear()
        take(taken)

    while not job.over:
        assert time.monotonic() < end
        time.sleep(0.02)
    page._take = cleared
    page.look()
    assert page.ending == [] and "Run 1" in page.says.object
