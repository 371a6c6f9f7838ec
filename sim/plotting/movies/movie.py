"""A movie of a variable over the section, in a file that is whole or not there."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import numpy as np

from sim.errors import ConfigError, not_one_of, shown
from sim.files import write_whole
from sim.plotting.colour_scale import Colours, ColourScale
from sim.plotting.labels import look_of
from sim.plotting.movies.film import Film
from sim.plotting.movies.gif import MOST_FPS, GifWriter
from sim.plotting.movies.mp4 import Mp4Writer, ffmpeg
from sim.plotting.movies.thin_result import thin_result
from sim.plotting.movies.webp import WebpWriter
from sim.plotting.runs.compare import labelled
from sim.plotting.runs.fields import scale_for
from sim.plotting.series.strip import in_one_unit
from sim.plotting.ticks import CLOCKS

if TYPE_CHECKING:
    from PIL.Image import Image

    from sim.run.result import Result

FORMATS = (".webp", ".gif", ".mp4")
MOST_FRAMES = 10_000
GREYS = 40  # of the colours of a GIF: letters and lines

Told = Callable[[int, int], object]


def movie(
    results: Mapping[str, Result] | Sequence[Result] | Result,
    path: str | os.PathLike[str],
    name: str = "Ca_in_mineral",
    frames: int = 100,
    fps: float = 12.0,
    clock: str = "linear",
    dpi: int = 100,
    progress: bool | Told = False,
    **colours: Unpack[Colours],
) -> Path:
    """Write the section over time as a movie: a map as of `plane`, or one for each of several runs.

    results: one, {label: result}, or several; times are those that all of them cover
    path: a name ending in .webp (smallest), .gif, or .mp4, which needs imageio-ffmpeg (the extra `movie`)
    frames: how many, evenly spaced in time, or in its root with clock="root"; linear between outputs
    fps: frames a second, 0.1 to 100, of a .gif 50 · dpi: dots an inch, at some 5 inches for a map
    progress: True for a bar, or a function of the frames that are written and of all
    colours: scale, cmap, vmin, vmax, like; one scale for all runs and frames
    Memory does not grow with the number of frames. A file of this name is replaced when the new one is
    whole; a movie that is interrupted leaves none. Returns the path.
    """
    suffix, write = Path(path).suffix.lower(), _told(progress)
    if suffix not in FORMATS:
        raise ConfigError(f"{shown(str(path))} is no movie: {not_one_of('its ending', suffix, FORMATS)}")
    if suffix == ".mp4":
        ffmpeg()
    given = {"frames": (frames, 2, MOST_FRAMES), "fps": (fps, 0.1, 100), "dpi": (dpi, 30, 600)}
    for key, (value, low, high) in given.items():
        if not low <= value <= high:
            raise ConfigError(f"{key} = {shown(value)} is outside {low:g} to {high:g}.")
    if suffix == ".gif" and fps > MOST_FPS:
        raise ConfigError(
            f"fps = {shown(fps)} is above {MOST_FPS:g}, the most that browsers show of a .gif; "
            "a .webp may have 100."
        )
    runs = {label: thin_result(r, name) for label, r in labelled(results, "a movie").items()}
    in_one_unit(runs, name, "a movie")
    times = frame_times(list(runs.values()), int(frames), clock)
    first = next(iter(runs.values()))
    look = look_of(first[name])
    values = np.concatenate([r.array_of(name).ravel() for r in runs.values()]) * look.factor
    film = Film(runs, name, look, how := scale_for(first, name, values, look, colours), int(dpi))
    pictures = write(film.frames(times, clock), times.size)
    if suffix == ".mp4":
        return write_whole(path, lambda part: _write_mp4(part, film.size, fps, pictures))
    palette = _palette(how)
    return write_whole(path, lambda part: _write_parts(part, film.size, fps, pictures, palette))


def frame_times(runs: Sequence[Result], count: int, clock: str) -> np.ndarray:
    """Times [s] of frames, evenly spaced on a clock over what all runs cover."""
    if clock not in CLOCKS:
        raise ConfigError(not_one_of("clock", clock, CLOCKS))
    start = max(float(r.t[0]) if r.t.size else np.inf for r in runs)
    end = min(float(r.t[-1]) if r.t.size else -np.inf for r in runs)
    if not start < end:
        raise ConfigError(
            "a movie needs two output times, and ones that all runs cover; plot.plane and plot.strip show "
            "single times."
        )
    share = np.linspace(0.0, 1.0, count)
    if clock == "linear":
        return start + share * (end - start)
    found = (np.sqrt(start) + share * (np.sqrt(end) - np.sqrt(start))) ** 2
    return np.clip(found, start, end)


def _write_mp4(path: Path, size: tuple[int, int], fps: float, pictures: Iterable[Image]) -> None:
    with ExitStack() as stack:
        writer = Mp4Writer(path, size, fps)
        stack.callback(writer.close)
        for picture in pictures:
            writer.add(picture)


def _write_parts(
    path: Path, size: tuple[int, int], fps: float, pictures: Iterable[Image], palette: np.ndarray
) -> None:
    """Write a format of which a frame holds what has changed alone."""
    from PIL import ImageChops

    with path.open("wb") as file:
        gif = path.suffix.lower() == ".gif"
        writer = GifWriter(file, size, fps, palette) if gif else WebpWriter(file, size, round(1000.0 / fps))
        before: Image | None = None
        for picture in pictures:
            box = None if before is None else ImageChops.difference(before, picture).getbbox()
            left, top, right, bottom = box or ((0, 0, *size) if before is None else (0, 0, 2, 2))
            left, top = left - left % 2, top - top % 2
            writer.add(picture.crop((left, top, right, bottom)), left, top)
            before = picture
        writer.close()


def _palette(how: ColourScale) -> np.ndarray:
    """Colours of a movie of 256 at most: those of the map, and greys."""
    import matplotlib

    coloured = matplotlib.colormaps[how.cmap](np.linspace(0.0, 1.0, 256 - GREYS))[:, :3]
    grey = np.repeat(np.linspace(0.0, 1.0, GREYS)[:, None], 3, axis=1)
    return np.round(255 * np.concatenate([coloured, grey])).astype(np.uint8)


def _told(progress: bool | Told) -> Callable[[Iterable[Image], int], Iterable[Image]]:
    """How pictures are counted as they are written."""
    if callable(progress):
        return lambda pictures, count: _counted(pictures, count, progress)
    if not progress or sys.stderr is None:
        return lambda pictures, _: pictures

    def bar(pictures: Iterable[Image], count: int) -> Iterable[Image]:
        from tqdm.auto import tqdm

        return tqdm(pictures, total=count, desc="movie", unit="frame")

    return bar


def _counted(pictures: Iterable[Image], count: int, told: Told) -> Iterable[Image]:
    for k, picture in enumerate(pictures):
        yield picture
        told(k + 1, count)
