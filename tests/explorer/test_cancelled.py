"""Cancel before the first step, while code is compiled: the page is free at once, and nothing is mixed."""

import threading
import time

import pytest

import sim

pytest.importorskip("panel", reason="the explorer needs Panel (the extra app)")

from looking import SECONDS, Looked, until_still  # noqa: E402

from sim.explorer.made import job, numbers  # noqa: E402
from sim.explorer.page import page as page_file  # noqa: E402
from sim.explorer.page.results import IMAGING  # noqa: E402

SMALL = sim.scenario("infarct_myocardium").changed({"resolution": 0.1, "duration": "1 day"})


@pytest.fixture
def page():
    made = Looked(SMALL)
    yield made
    made.leave()


@pytest.fixture
def compiling(monkeypatch):
    """A run of a day compiles until it is told that it has done so; the page says that it compiles."""
    gate, real = threading.Event(), job.simulate

    def simulate(scenario, **more):
        if scenario.duration == SMALL.duration:
            held = next(j for j in list(job._started) if j.scenario is scenario)
            held._compiling()
            assert gate.wait(SECONDS)
        return real(scenario, **more)

    monkeypatch.setattr(job, "simulate", simulate)
    yield gate
    gate.set()


def test_the_page_is_free_at_once_and_the_next_run_is_the_first(page, compiling):
    page.run.clicks += 1
    page.until("Compiling")
    behind = page.job
    page.cancel.clicks += 1
    assert "Cancelled before its first step" in page.says.object and "background" in page.says.object
    assert not page.run.disabled and page.cancel.disabled and page.bar.value == 0 and not behind.over
    page.setup.duration.box.value = "2"
    page.setup.parameters["acid.load"].box.value = "0"
    page.run.clicks += 1
    page.until("Run 1 finished")
    compiling.set()
    until_still(page)
    assert behind.over and not behind.made, "nobody waits for the views of a run that was cancelled"
    run = page.results.run
    assert run.number == 1 and run.scenario.duration == 2 * SMALL.duration and page.results.before is None
    assert "Run 1 finished" in page.says.object
    expected = sim.measures.mean("Ca_in_mineral")(
        sim.simulate(SMALL.changed({"duration": "2 day", "acid.load": "0 mM"}))
    )
    assert f"{expected:.3g} mM" in page.says.object
    page.run.clicks += 1
    page.until("Run 2 finished")


def test_a_run_that_waits_for_the_code_of_another_says_so(page, compiling, monkeypatch):
    page.run.clicks += 1
    page.until("Compiling")
    page.cancel.clicks += 1
    held, real = threading.Event(), job.simulate

    def waits(scenario, **more):
        assert held.wait(SECONDS)
        return real(scenario, **more)

    monkeypatch.setattr(job, "simulate", waits)
    page.setup.duration.box.value = "2"
    page.run.clicks += 1
    page.until("Waiting: code of another run is still being compiled")
    page.cancel.clicks += 1
    assert "Cancelled" in page.says.object and not page.run.disabled
    compiling.set(), held.set()
    until_still(page)
    assert page.results.run is None and page.count == 0


def test_the_page_says_when_the_code_is_there(page, compiling):
    page.run.clicks += 1
    page.until("Compiling")
    page.cancel.clicks += 1
    compiling.set()
    page.until("The code is compiled now")
    assert not page.working and page.results.run is None


def test_a_closed_page_leaves_nothing_behind_that_goes_on(page, compiling):
    page.run.clicks += 1
    page.until("Compiling")
    page.cancel.clicks += 1
    behind = page.behind
    page.run.clicks += 1
    second = page.job
    page.leave()
    compiling.set()
    assert behind.wait(SECONDS) and second.wait(SECONDS)
    assert second.result is None or second.result.status == "interrupted"


def test_a_run_with_steps_is_kept_when_it_is_cancelled(page, monkeypatch):
    """As before: only what has nothing to keep is let go of."""
    seen = threading.Event()
    real = job.RunJob._progress

    def slow(self, t, steps):
        real(self, t, steps)
        seen.wait(SECONDS)

    monkeypatch.setattr(job.RunJob, "_progress", slow)
    page.run.clicks += 1
    page.until("Running")
    page.cancel.clicks += 1
    page.look()
    assert "Cancelling" in page.says.object and page.run.disabled
    seen.set()
    page.until("Run 1 interrupted")
    until_still(page)
    assert page.results.run.result.status == "interrupted"


def test_a_run_begun_before_the_tables_of_the_last_are_made_mixes_nothing(page, monkeypatch):
    gate, begun = threading.Event(), threading.Event()
    real = numbers.sightings

    def slow(result):
        begun.set()
        assert gate.wait(SECONDS)
        return real(result)

    monkeypatch.setattr(page_file.numbers, "sightings", slow)
    page.run.clicks += 1
    page.until("Run 1 finished")
    assert begun.wait(SECONDS) and not page.run.disabled
    monkeypatch.setattr(page_file.numbers, "sightings", lambda result: [("of run 2", "", "", "", "")])
    page.run.clicks += 1
    page.until("Run 2 finished")
    gate.set()
    until_still(page)
    assert (page.results.before.number, page.results.run.number) == (1, 2)
    assert "of run 2" in page.results.pictures[IMAGING].below.objects[0].object


def test_tables_of_a_run_come_while_the_next_is_at_work(page, compiling, monkeypatch):
    gate, real = threading.Event(), numbers.sightings

    def slow(result):
        assert gate.wait(SECONDS)
        return real(result)

    monkeypatch.setattr(page_file.numbers, "sightings", slow)
    page.setup.duration.box.value = "2"
    page.run.clicks += 1
    page.until("Run 1 finished")
    page.setup.duration.box.value = "1"
    page.run.clicks += 1
    page.until("Compiling")
    gate.set()
    page.until("Compiling")
    end = time.monotonic() + SECONDS
    while not page.results.pictures[IMAGING].below.objects:
        assert time.monotonic() < end
        page.look()
    page.cancel.clicks += 1
    assert page.results.run.number == 1
