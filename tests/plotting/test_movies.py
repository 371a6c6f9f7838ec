"""Movies: what is in a file is what was drawn, none is there in part, and frames are not held."""

import gc
import weakref

import numpy as np
import pytest
from PIL import Image, ImageSequence

import sim
from sim import plotting as plot
from sim.errors import ConfigError
from sim.plotting.movies import movie as movie_file
from sim.plotting.movies.film import Film, time_labels
from sim.plotting.movies.gif import GifWriter
from sim.plotting.movies.webp import WebpWriter
from sim.run.result import Result

ENDINGS = (".webp", ".gif")


def with_values(result, name, values):
    """The result with other values of a variable."""
    data = result.dataset.copy()
    data[name] = data[name].copy(data=np.broadcast_to(values, data[name].shape))
    return Result(data, result.manifest, result.tables)


def pictures_of(path):
    with Image.open(path) as image:
        return [np.asarray(f.convert("RGB")).astype(int) for f in ImageSequence.Iterator(image)]


def blocks(count, size=(20, 14)):
    """Pictures on which a block of one colour moves over another."""
    for k in range(count):
        field = np.full((size[1], size[0], 3), (250, 230, 40), np.uint8)
        field[3:7, k : k + 5] = (70, 0, 80)
        yield Image.fromarray(field)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_holds_every_picture(ending, tmp_path):
    """Read back by Pillow, dot by dot. Two pictures alike are two frames: time goes on between them."""
    made = list(blocks(6))
    made.insert(3, made[2].copy())
    palette = np.array([(250, 230, 40), (70, 0, 80)])
    path = tmp_path / f"film{ending}"
    movie_file._write_parts(path, (20, 14), 8.0, iter(made), palette)
    found = pictures_of(path)
    wanted = [np.asarray(m).astype(int) for m in made]
    if ending == ".gif":  # Pillow puts frames that are alike together on reading
        kept = [k for k in range(len(wanted)) if k == 0 or np.any(wanted[k] != wanted[k - 1])]
        assert len(found) in (len(kept), len(made))
        wanted = [wanted[k] for k in kept] if len(found) == len(kept) else wanted
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("ending", ENDINGS)
def test_frames_stand_as_long_as_was_asked(ending, tmp_path):
    path = tmp_path / f"film{ending}"
    movie_file._write_parts(path, (20, 14), 10.0, blocks(4), np.array([(250, 230, 40), (70, 0, 80)]))
    with Image.open(path) as image:
        assert image.info["loop"] == 0
        for frame in ImageSequence.Iterator(image):
            frame.load()
            assert frame.info["duration"] == 100


@pytest.mark.parametrize("fps", [12.0, 30.0, 40.0, 50.0])
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_movie_is_as_long_as_its_frames_say(ending, fps, tmp_path):
    """Also where a frame is no whole number of the units of the format (10 ms, 1 ms)."""
    path, count = tmp_path / f"film{ending}", 15
    movie_file._write_parts(
        path, (30, 14), fps, blocks(count, (30, 14)), np.array([(250, 230, 40), (70, 0, 80)])
    )
    with Image.open(path) as image:
        stands = []
        for frame in ImageSequence.Iterator(image):
            frame.load()
            stands.append(frame.info["duration"])
    unit = 10.0 if ending == ".gif" else 1.0
    assert len(stands) == count and all(abs(s - 1000.0 / fps) <= unit for s in stands)
    assert abs(sum(stands) - count * 1000.0 / fps) <= (0.5 * unit if ending == ".gif" else 0.5 * count)


def test_colours_of_frames_are_the_values_at_their_times(result):
    """A field that grows evenly in time: in the middle of the run its colour is that of the half."""
    run = with_values(result, "pH", np.linspace(6.0, 8.0, result.t.size)[:, None])
    run = Result(
        run.dataset.assign_coords(time=np.linspace(0, 21600, result.t.size)), run.manifest, run.tables
    )
    look = movie_file.look_of(run["pH"])
    how = movie_file.scale_for(run, "pH", run["pH"].values, look, {})
    film = Film({"a": run}, "pH", look, how, 60)
    first, middle, last = film.frames(np.array([0.0, 10800.0, 21600.0]), "linear")
    import matplotlib

    for picture, share in ((first, 0.0), (middle, 0.5), (last, 1.0)):
        wanted = 255 * np.array(matplotlib.colormaps["viridis"](share)[:3])
        near = np.abs(np.asarray(picture).astype(float) - wanted).max(axis=2) < 3
        assert near.mean() > 0.15  # a disc, and not only the bar


def test_all_frames_and_runs_have_one_scale(result, monkeypatch, tmp_path):
    low, high = (with_values(result, "pH", v) for v in (6.5, 7.5))
    seen = []
    real = Film.__init__

    def noted(self, runs, name, look, how, dpi):
        real(self, runs, name, look, how, dpi)
        seen.extend(image.norm for image in self._images)

    monkeypatch.setattr(Film, "__init__", noted)
    plot.movie({"low": low, "high": high}, tmp_path / "a.gif", "pH", frames=2, dpi=40)
    assert len(seen) == 2 and seen[0] is seen[1]
    assert (seen[0].vmin, seen[0].vmax) == (6.5, 7.5)


@pytest.mark.parametrize("ending", [".webp", pytest.param(".gif", marks=pytest.mark.slow)])
def test_no_more_than_two_pictures_are_alive(result, ending, monkeypatch, tmp_path):
    """However long the movie: the one that is written, and the one before it."""
    seen, most = [], []
    real = Film.frames

    def counted(self, times, clock):
        for picture in real(self, times, clock):
            seen.append(weakref.ref(picture))
            gc.collect()
            most.append(sum(one() is not None for one in seen))
            yield picture

    monkeypatch.setattr(Film, "frames", counted)
    plot.movie(result, tmp_path / f"a{ending}", "pH", frames=12, dpi=30)
    assert len(most) == 12 and max(most) == 2


@pytest.mark.parametrize("writer", [WebpWriter, GifWriter])
def test_a_writer_holds_on_to_no_picture(writer, tmp_path):
    extra = (np.array([(0, 0, 0)]),) if writer is GifWriter else ()
    with (tmp_path / "a").open("wb") as file:
        made = writer(file, (20, 14), 100, *extra)
        picture = next(blocks(1))
        seen = weakref.ref(picture)
        made.add(picture, 0, 0)
        del picture
        gc.collect()
        assert seen() is None


@pytest.mark.parametrize("ending", [*ENDINGS, ".mp4"])
def test_a_movie_that_is_interrupted_leaves_what_was_there(result, ending, tmp_path):
    if ending == ".mp4":
        pytest.importorskip("imageio_ffmpeg")
    path = tmp_path / f"a{ending}"
    path.write_bytes(b"before")

    def stop(done, of):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        plot.movie(result, path, "pH", frames=6, dpi=30, progress=stop)
    assert path.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_progress_is_told_of_every_frame(result, tmp_path, capsys):
    told = []
    assert plot.movie(
        result, tmp_path / "a.webp", "pH", frames=4, dpi=30, progress=lambda *n: told.append(n)
    ) == (tmp_path / "a.webp")
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    plot.movie(result, tmp_path / "a.webp", "pH", frames=3, dpi=30, progress=True)
    assert "3/3" in capsys.readouterr().err


def test_a_film_of_mp4_has_its_frames(result, tmp_path):
    ffmpeg = pytest.importorskip("imageio_ffmpeg")
    path = plot.movie(result, tmp_path / "a.mp4", "pH", frames=9, fps=5, dpi=41)
    count, seconds = ffmpeg.count_frames_and_secs(str(path))
    assert count == 9 and seconds == pytest.approx(9 / 5, abs=0.05)


def test_of_a_lazy_result_one_variable_is_taken_alone(tmp_path, monkeypatch):
    from sim.identity.settings import Settings
    from sim.run.lazy_result import LazyResult
    from sim.run.simulate import solved

    scenario = sim.scenario("infarct_myocardium").with_geometry("slab", {"lesion": 4, "border": 2})
    lazy = LazyResult(solved(scenario.with_(duration="1 h"), Settings(times=3)))
    plot.movie(lazy, tmp_path / "lazy.webp", "HAP", frames=3, dpi=30)
    assert not {"dataset", "tables"} & set(lazy.__dict__)
    whole = Result(lazy.dataset, lazy.manifest, lazy.tables)
    plot.movie(whole, tmp_path / "whole.webp", "HAP", frames=3, dpi=30)
    assert (tmp_path / "lazy.webp").read_bytes() == (tmp_path / "whole.webp").read_bytes()


@pytest.mark.parametrize("name", ["result", "slab", "square", "box"])
def test_every_shape_has_a_movie(name, request, tmp_path):
    path = plot.movie(request.getfixturevalue(name), tmp_path / "a.gif", "pH", frames=3, dpi=40)
    assert len(pictures_of(path)) == 3


def test_times_of_frames():
    assert time_labels(np.linspace(0, 10, 11) * 86400) == [f"{k} days" for k in range(11)]
    assert time_labels(np.linspace(0, 1, 11) * 86400)[1] == "2.4 h"


def test_frames_are_even_on_their_clock(result):
    end = float(result.t[-1])
    assert movie_file.frame_times([result], 5, "linear") == pytest.approx(np.linspace(0, end, 5))
    assert np.sqrt(movie_file.frame_times([result], 5, "root")) == pytest.approx(
        np.linspace(0, np.sqrt(end), 5)
    )


def test_what_is_no_movie_is_answered_in_a_sentence(result, stirred, tmp_path):
    one = Result(result.dataset.isel(time=[-1]), result.manifest, result.tables)
    for call, words in (
        (lambda: plot.movie(result, tmp_path / "a.avi"), r"'\.avi' is not one of .*\.webp"),
        (lambda: plot.movie(result, tmp_path / "a.gif", frames=1), "frames = 1 is outside 2 to 10000"),
        (lambda: plot.movie(result, tmp_path / "a.gif", fps=60), "fps = 60 is above 50"),
        (lambda: plot.movie(result, tmp_path / "a.gif", "Hap"), "Did you mean 'HAP'"),
        (lambda: plot.movie(stirred, tmp_path / "a.gif"), "a movie needs a place"),
        (lambda: plot.movie(one, tmp_path / "a.gif"), "a movie needs two output times"),
        (lambda: plot.movie(result, tmp_path / "a.gif", clock="sundial"), "clock = 'sundial'"),
        (lambda: plot.movie(result, tmp_path / "a.gif", "ledger"), "no value in each cell"),
    ):
        with pytest.raises(ConfigError, match=words):
            call()
    assert not list(tmp_path.iterdir())


def test_without_imageio_ffmpeg_other_endings_are_named(result, monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    with pytest.raises(ConfigError, match=r"imageio-ffmpeg.*\.webp or \.gif"):
        plot.movie(result, tmp_path / "a.mp4")
