"""Movies of a run on the page: the file of plot.movie, made in a thread, stopped when nobody wants it."""

import io
import threading
import time

import pytest
from PIL import Image

import sim
from sim import plotting as plot

pytest.importorskip("panel", reason="the explorer needs Panel (the extra app)")

from looking import until_still  # noqa: E402

from sim.explorer.made import film_job  # noqa: E402
from sim.explorer.made.film_job import FilmJob  # noqa: E402
from sim.explorer.page.film_view import FilmView  # noqa: E402

SECONDS = 120
FRAMES = 3


@pytest.fixture(scope="module")
def whole():
    return sim.simulate(sim.scenario("infarct_myocardium").changed({"resolution": 0.1, "duration": "2 day"}))


@pytest.fixture
def short(monkeypatch):
    """Movies of few frames; what they were asked for."""
    asked = []

    def few(result, path, name, progress):
        asked.append(name)
        return plot.movie(result, path, name, frames=FRAMES, progress=progress)

    monkeypatch.setattr(film_job, "movie", few)
    return asked


def ended(job):
    end = time.monotonic() + SECONDS
    while not job.over:
        assert time.monotonic() < end
        time.sleep(0.01)
    return job


def looked(view):
    until_still(view, SECONDS)
    return view.said.object


def test_a_movie_is_the_file_of_the_function_and_command(whole, short, tmp_path):
    job = ended(FilmJob(whole, "pH").start())
    path = plot.movie(whole, tmp_path / "by_hand.webp", "pH", frames=FRAMES)
    assert job.failure == "" and job.content == path.read_bytes() and job.written == FRAMES
    with Image.open(io.BytesIO(job.content)) as film:
        assert film.format == "WEBP" and film.n_frames == FRAMES


def test_a_movie_that_nobody_wants_ends_at_the_next_frame_and_leaves_no_file(whole, monkeypatch, tmp_path):
    monkeypatch.setattr(film_job.tempfile, "tempdir", str(tmp_path))
    seen, real = [], FilmJob._told

    def told(self, written, frames):
        seen.append((written, frames))
        self.stop()
        real(self, written, frames)

    monkeypatch.setattr(FilmJob, "_told", told)
    job = ended(FilmJob(whole, "pH").start())
    assert seen == [(1, 100)] and job.content == b"" and job.failure == ""
    assert list(tmp_path.iterdir()) == []


def test_what_has_no_movie_says_why(whole):
    job = ended(FilmJob(whole, "no_such_variable").start())
    assert "no_such_variable" in job.failure and job.content == b""


def test_the_button_makes_a_movie_of_what_is_chosen_and_offers_it(whole, short):
    chosen, woken = ["pH"], []
    view = FilmView(lambda: chosen[0], lambda: woken.append(True))
    assert not view.button.visible
    view.offer(whole, lambda ending: f"run1{ending}", "run 1")
    assert view.button.visible and not view.save.visible
    view.button.clicks += 1
    assert view.button.label == "Stop the movie" and woken
    chosen[0] = "HAP_density"  # what was asked for counts
    assert "The movie of pH is ready" in looked(view) and short == ["pH"]
    assert view.save.visible and view.save.filename == "run1-pH.webp" and view.button.label == "Movie (WebP)"
    assert view.save.callback().read()[:4] == b"RIFF"
    view.offer(whole, str, "run 2")
    assert not view.save.visible and view.said.object == ""  # it was ready: nothing was stopped


def test_a_movie_is_stopped_by_its_button_and_by_the_next_run(whole, monkeypatch):
    gate = threading.Event()

    def slow(result, path, name, progress):
        assert gate.wait(SECONDS)
        progress(1, 100)
        raise AssertionError("nobody wants it")

    monkeypatch.setattr(film_job, "movie", slow)
    view = FilmView(lambda: "pH", lambda: None)
    view.offer(whole, str, "run 1")
    jobs = []

    def press():
        view.button.clicks += 1

    following, pressed = "The movie of run 1 was stopped, since run 2 is shown.", "The movie was stopped."
    for stop, words in ((lambda: view.offer(whole, str, "run 2"), following), (press, pressed)):
        press()
        jobs.append(view.job)
        stop()
        assert not view.working and view.button.label == "Movie (WebP)"
        assert words in view.said.object
    gate.set()
    assert all(ended(job).failure == "" and job.content == b"" for job in jobs)


def test_a_stirred_cell_has_no_movie(whole):
    infarct = sim.scenario("infarct_myocardium")
    stirred = sim.simulate(infarct.changed({"geometry": "well_mixed", "outer": "closed", "duration": "1 h"}))
    view = FilmView(lambda: "pH", lambda: None)
    view.offer(stirred, str, "run 1")
    assert not view.button.visible
