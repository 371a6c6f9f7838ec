"""A run in a terminal while it goes on: a bar, and a line a variable with its profile in block letters."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from typing import Any, Protocol, TextIO

import numpy as np

from sim.run.watching.watch import EVERY, SHARE, Watch
from sim.texts import duration_text, moment_text, number_text
from sim.units import to_unit


class Present(Protocol):
    """What is read of a snapshot of a run."""

    call: int
    seconds: float

    @property
    def name(self) -> str: ...
    @property
    def time(self) -> float: ...
    @property
    def began(self) -> float: ...
    @property
    def duration(self) -> float: ...
    @property
    def done(self) -> float: ...
    @property
    def status(self) -> str: ...
    @property
    def space(self) -> tuple[str, ...]: ...
    @property
    def variables(self) -> dict[str, str]: ...
    def array_of(self, name: str) -> np.ndarray: ...
    def attributes_of(self, name: str) -> dict: ...
    def least_resolved(self, name: str) -> float: ...


USUAL = "Ca_in_mineral", "pH"  # of what a run has
BLOCKS, PLAIN_BLOCKS = "▁▂▃▄▅▆▇█", "_.-:=+*#"  # from the least to the most
BAR, PLAIN_BAR = "█░", "#."
NARROW, WIDE = 40, 120  # columns: where a terminal does not say; the most that are used
LABEL, NUMBERS = 24, 30  # of these, at most, for the name of a variable and for its numbers
UP, CLEAR = "\x1b[{}A", "\r\x1b[2K"  # of a terminal: the cursor so many lines up; the line emptied


def strip(
    names: Sequence[str] | str | None = None,
    every: float | str = EVERY,
    share: float = SHARE,
    stream: TextIO | None = None,
) -> Watch:
    """A watch that writes to a terminal, in place. It is silent where the stream is none.

    names: variables; calcium in solids and pH when None, or the first species of a model without them
    every, share: as those of a Watch · stream: standard error when None
    Lines are no wider than the terminal, for those that wrap cannot be written over.
    A line shows a variable from the centre (left) outwards, through the middle of other axes, from its least
    to its most of now (amounts from zero); of a stirred cell over the time since the run began. Its mean,
    least and most over the whole tissue follow.
    """
    return Watch(Strip(names, stream), every, share)


def usual_names(snapshot: Present) -> list[str]:
    """What is shown of a run where nothing else is asked for."""
    known = snapshot.variables
    found = [n for n in USUAL if n in known]
    return found or list(known)[:2]


class Strip:
    """Lines of a terminal that are written over. stream: it; standard error when None"""

    def __init__(self, names: Sequence[str] | str | None = None, stream: TextIO | None = None):
        self.names = [names] if isinstance(names, str) else names if names is None else list(names)
        self.stream = stream
        self._lines = 0
        self._courses: dict[str, list[float]] = {}

    def __call__(self, snapshot: Present) -> None:
        """Show a run as it is now."""
        stream = sys.stderr if self.stream is None else self.stream
        if not is_terminal(stream):
            return
        if snapshot.call == 1:
            self._lines, self._courses = 0, {}
        names = usual_names(snapshot) if self.names is None else self.names
        width = max(1, min(WIDE, _columns(stream) - 1))
        lines = [head_line(snapshot, width, can_show(stream, BAR))]
        for name in names:
            profile = None
            if not snapshot.space:
                profile = np.array(self._course(name, snapshot))
            lines.append(variable_line(snapshot, name, width, can_show(stream, BLOCKS), profile))
        back = UP.format(self._lines) if self._lines else ""
        stream.write(back + "".join(f"{CLEAR}{line}\n" for line in lines))
        stream.flush()
        self._lines = len(lines)

    def _course(self, name: str, snapshot: Present) -> list[float]:
        course = self._courses.setdefault(name, [])
        course.append(float(snapshot.array_of(name).reshape(-1)[0]))
        return course


def is_terminal(stream: Any) -> bool:
    """Whether lines of a stream can be written over."""
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def can_show(stream: Any, letters: str) -> bool:
    """Whether a stream takes these letters."""
    try:
        letters.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or NARROW
    except (OSError, ValueError):
        return shutil.get_terminal_size().columns


def head_line(snapshot: Present, width: int, blocks: bool) -> str:
    """Name, bar, how far the run is and how long it will take."""
    name, done, seconds = snapshot.name[:LABEL], snapshot.done, snapshot.seconds
    words = f"{100 * done:3.0f} %, {moment_text(snapshot.time)} of {duration_text(snapshot.duration)}"
    if snapshot.status != "running":
        words += f", {snapshot.status}, {duration_text(seconds)}"
    else:
        part = (snapshot.time - snapshot.began) / (snapshot.duration - snapshot.began)
        if part > 0.01:  # steps are tiny at first: a forecast from the first hundredth would be of weeks
            words += f", {duration_text(seconds, 2)}, {duration_text(seconds * (1 - part) / part, 2)} left"
    letters = BAR if blocks else PLAIN_BAR
    room = min(LABEL, width - len(name) - len(words) - 2)
    if room < 4:
        return words.strip()[:width]
    filled = round(done * room)
    return f"{name} {letters[0] * filled}{letters[1] * (room - filled)} {words}"


def variable_line(
    snapshot: Present, name: str, width: int, blocks: bool, course: np.ndarray | None = None
) -> str:
    """Name, profile and numbers of a variable. course: shown in place of the profile"""
    values, said = snapshot.array_of(name), snapshot.attributes_of(name)
    unit = str(said.get("shown_in") or said.get("units", "1"))
    factor = to_unit(1.0, unit) if said.get("units", "1") != unit else 1.0
    label = str(said.get("short_name") or name)[:LABEL].ljust(min(LABEL, width // 3))
    volume = snapshot.array_of("volume")
    mean = float((values[0] * volume).sum() / volume.sum())
    least, most = snapshot.least_resolved(name), float(np.nanmax(np.abs(values)))
    nothing = 0.0 < most <= least  # a pattern in it would be one of rounding
    shown = "" if unit == "1" else f" {unit}"
    numbers = number_text(mean * factor, float(f"{least * factor:.0e}")) + shown
    ends = [number_text(float(f(values)) * factor, 0.0) for f in (np.nanmin, np.nanmax)]
    if values.size > 1 and not nothing:
        numbers += f" ({' to '.join(ends)})"
    room = width - len(label) - max(len(numbers), NUMBERS) - 2
    if room < 8:
        return f"{label} {numbers}"[:width]
    row = _resampled(snapshot, values, room) if course is None else course[-room:]
    if nothing or (course is None and ends[0] == ends[1]):  # what reads the same does not look different
        row = np.full_like(row, 0.0 if nothing else mean)
    letters = BLOCKS if blocks else PLAIN_BLOCKS
    return f"{label} {letters_of(row, letters).ljust(room)} {numbers}"[:width]


def letters_of(row: np.ndarray, letters: str) -> str:
    """Values (k,) as letters from the least to the most of them; amounts from zero; a space for no number."""
    good = row[np.isfinite(row)]
    if not good.size:
        return " " * row.size
    low, high = float(good.min()), float(good.max())
    if 0.0 <= low < 0.5 * high:  # what is nowhere near zero, as pH, is told apart by its own range
        low = 0.0
    span, top = high - low, len(letters) - 1
    if span <= 1e-9 * max(abs(low), abs(high)):
        span, low = 1.0, low - (0.5 if high else 0.0)  # in the middle, and nothing at the bottom
    return "".join(
        letters[min(int((v - low) / span * len(letters)), top)] if np.isfinite(v) else " " for v in row
    )


def _resampled(snapshot: Present, values: np.ndarray, columns: int) -> np.ndarray:
    """Means (columns,) of a field (1, *space) along the main axis, from its beginning to its end."""
    axis = snapshot.space[-1]
    line = values[0]
    for _ in range(line.ndim - 1):
        line = line[line.shape[0] // 2]
    faces = snapshot.array_of(f"{axis}_edges")
    borders = np.linspace(faces[0], faces[-1], columns + 1)
    first = np.searchsorted(faces, borders[:-1] * (1 + 1e-12), side="right") - 1
    first = np.clip(first, 0, line.size - 1)
    last = np.clip(np.searchsorted(faces, borders[1:], side="left"), first + 1, line.size)
    return np.array([line[a:b].mean() for a, b in zip(first, last, strict=True)])
