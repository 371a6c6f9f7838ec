"""The run in its thread, and what is made of its result."""

import math
import subprocess
import sys
import threading
import time

import matplotlib
import numpy as np
import pytest

import sim
from sim.errors import ConfigError
from sim.explorer.made import downloads, numbers, pictures
from sim.explorer.made.job import DONE, FAILED, Drawings, RunJob

SMALL = sim.scenario("infarct_myocardium").changed({"resolution": 0.1, "duration": "2 day"})


def nothing(result):
    return ()


class StoppedAt(RunJob):
    """A run that is cancelled at its first step beyond a day."""

    def _progress(self, t, steps):
        if t > sim.units.day:
            self.cancel()
        super()._progress(t, steps)


@pytest.fixture(scope="module")
def whole():
    return sim.simulate(SMALL)


@pytest.fixture(scope="module")
def part():
    job = StoppedAt(SMALL, 1e-5, nothing).start()
    assert job.wait(300)
    return job.result


def test_a_job_gives_the_result_of_simulate(whole):
    job = RunJob(SMALL, 1e-5, nothing).start()
    assert job.wait(300) and job.state == DONE and job.share == 1.0
    assert np.array_equal(job.result["HAP"].values, whole["HAP"].values)


def test_cancel_keeps_what_was_computed_until_then(whole, part):
    assert part.status == "interrupted" and 1.0 < part.manifest["t_end"] / sim.units.day < 2.0
    common = np.isin(whole.t, part.t)
    assert common.sum() > 10
    kept = part.dataset.sel(time=whole.t[common])
    assert np.array_equal(kept["Ca_in_mineral"].values, whole["Ca_in_mineral"].values[common])


def test_the_tables_of_a_run_are_there_one_by_one_and_stop_when_nobody_waits():
    seen = threading.Event()

    def views(result):
        yield "first", 1
        seen.wait(60)
        yield "second", 2
        raise AssertionError("nobody waits for a third")

    job = RunJob(SMALL, 1e-3, views).start()
    while "first" not in job.made:
        assert not job.wait(0.01)
    assert not job.busy and not job.over
    job.leave()
    seen.set()
    assert job.wait(60) and job.state == DONE and "third" not in job.made


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConfigError("no such thing."), "no such thing."),
        (ZeroDivisionError("x / 0"), "Unexpected ZeroDivisionError: x / 0"),
    ],
)
def test_what_goes_wrong_in_the_thread_is_a_sentence(error, said):
    def views(result):
        raise error

    job = RunJob(SMALL, 1e-3, views).start()
    assert job.wait(300) and job.state == FAILED and job.failure.startswith(said)


def test_of_drawings_the_last_of_a_name_counts_and_what_was_forgotten_never_comes():
    drawings, gate, begun = Drawings(), threading.Event(), threading.Event()

    def slow():
        begun.set()
        gate.wait(60)
        return "old"

    drawings.ask("map", slow)
    assert begun.wait(60)
    drawings.ask("map", lambda: "new")
    gate.set()
    found = {}
    while drawings.working:
        found |= drawings.taken()
    assert found == {"map": "new"}
    gate.clear(), begun.clear()
    drawings.ask("map", slow)
    assert begun.wait(60)
    drawings.forget()
    gate.set()
    while drawings.working:
        assert drawings.taken() == {}


def test_a_drawing_that_fails_is_a_sentence_and_the_next_is_drawn():
    drawings, end = Drawings(), time.monotonic() + 60
    drawings.ask("map", lambda: 1 / 0)
    found = {}
    for name in ("map", "story"):
        while name not in found and time.monotonic() < end:
            found |= drawings.taken()
        drawings.ask("story", lambda: "drawn")
    assert found["map"].figure is None and found["map"].failure.startswith("Unexpected ZeroDivisionError: ")
    assert found["story"] == "drawn"
    while drawings.working and time.monotonic() < end:
        drawings.taken()
    assert not drawings.working


def number(key, value, unit="mM"):
    return numbers.Number(key, key, "text", value, unit)


@pytest.mark.parametrize(("key", "before", "now", "unit", "said"), [
    ("HAP_mean", 10.0, 15.0, "mg/cm3", "+50.0 %"),
    ("HAP_mean", 10.0, 5.0, "mg/cm3", "-50.0 %"),
    ("HAP_mean", 1.0, 200.0, "mg/cm3", "x 200"),
    ("HAP_mean", 0.0, 2.0, "mg/cm3", "+2 mg/cm3"),
    ("HAP_mean", 2.0, 2.0, "mg/cm3", "none"),
    ("onset_HAP", 3600.0, 7200.0, "s", "+1 h"),
    ("onset_HAP", 3600.0, math.inf, "s", "now never"),
    ("onset_HAP", math.inf, 3600.0, "s", "never before"),
    ("onset_HAP", math.inf, math.inf, "s", "none"),
    ("pH_lowest", 7.4, 6.9, "1", "-0.50"),
])  # fmt: skip
def test_changes_are_told_as_people_do(key, before, now, unit, said):
    ((_, _, _, change),) = numbers.changes([number(key, before, unit)], [number(key, now, unit)])
    assert change == said


def test_numbers_are_those_of_the_measures(whole):
    """The main number beside the measure it is, in its three digits."""
    mean = sim.measures.mean("Ca_in_mineral")(whole)
    assert numbers.main_number(numbers.numbers(whole)) == f"mean calcium in solids {mean:.3g} mM"


def test_sightings_are_those_of_imaging(whole):
    assert [row[0] for row in numbers.sightings(whole)] == [s.title for s in sim.imaging.first_seen(whole)]


def test_a_condition_that_nobody_described_has_no_verdicts(whole):
    assert [row[0] for row in numbers.verdicts(whole)][0] == "onset"
    own = sim.simulate(SMALL.with_(name="mine", duration="1 h"))
    assert numbers.verdicts(own) == []


DRAWN = {
    "story": pictures.story,
    "map": lambda r: pictures.over_space(r, "Ca_in_mineral"),
    "time": lambda r: pictures.over_time(r, "pH"),
    "budget": lambda r: pictures.budget(r, "P"),
    "ct": lambda r: pictures.scan(r, "calcium_ct"),
    "radiograph": lambda r: pictures.scan(r, "chest"),
    "section": lambda r: pictures.scan(r, "von_kossa"),
    "comparison": lambda r: pictures.comparison({"run 1": r, "run 2": r}, "HAP"),
}


@pytest.mark.parametrize("which", DRAWN)
def test_pictures_are_drawn_in_a_thread_without_pyplot(whole, which):
    import matplotlib.pyplot as plt

    open_before, settings, made = plt.get_fignums(), dict(matplotlib.rcParams), []
    thread = threading.Thread(target=lambda: made.append(DRAWN[which](whole)))
    thread.start()
    thread.join()
    assert made[0].failure == "" and made[0].png.startswith(b"\x89PNG") and made[0].alt
    assert made[0].saved("pdf").startswith(b"%PDF") and made[0].saved("png").startswith(b"\x89PNG")
    assert plt.get_fignums() == open_before and dict(matplotlib.rcParams) == settings


def test_a_story_on_a_given_figure_is_the_story_of_pyplot(whole):
    import matplotlib.pyplot as plt
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from sim import plotting as plot

    own, given = plot.story(whole), plot.story(whole, figure=Figure())
    drawn = []
    for figure in (own, given):
        figure.set_dpi(60)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        drawn.append(np.asarray(canvas.buffer_rgba()))
    plt.close(own)
    assert np.array_equal(*drawn)


@pytest.mark.parametrize("which", DRAWN)
def test_a_run_that_was_cancelled_has_its_pictures(part, which):
    assert DRAWN[which](part).failure == ""


def test_a_run_that_got_no_further_than_its_start_says_why_there_is_no_picture(whole):
    first = sim.Result(whole.dataset.isel(time=slice(0, 1)), whole.manifest, whole.tables)
    for which in ("map", "time", "budget", "comparison"):
        made = DRAWN[which](first)
        assert made.png == b"" and "before its second output" in made.failure
        with pytest.raises(ConfigError, match="second output"):
            made.saved("png")


def test_variables_to_draw_begin_with_mineral_and_have_names_of_their_own(whole):
    found = pictures.variables_of(whole)
    assert len(set(found)) == len(found) > 30 and "pH" in list(found.values())[:4]


def test_files_read_back_give_the_run(whole, tmp_path):
    data, scenario = tmp_path / "r.nc", tmp_path / "s.toml"
    data.write_bytes(downloads.data(whole))
    assert np.array_equal(sim.load(data)["HAP"].values, whole["HAP"].values)
    scenario.write_text(downloads.scenario_file(SMALL), encoding="utf-8")
    assert sim.scenario(scenario).diff(SMALL) == "no difference"


def test_the_script_of_a_cancelled_run_makes_the_same_numbers(part, tmp_path):
    path, mean = tmp_path / "run.py", sim.measures.mean("Ca_in_mineral")
    more = "print(repr(sim.measures.mean('Ca_in_mineral')(result)))\n"
    path.write_text(downloads.script_text(part) + more, encoding="utf-8")
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.splitlines()[-1]) == mean(part)


def test_names_of_files_hold_nothing_of_a_path():
    assert "/" not in downloads.file_name(SMALL.with_(name="../x/y"), 1, ".nc")
