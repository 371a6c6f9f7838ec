"""A figure of the present state of a run, of which only what has changed is drawn anew."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.plotting.canvas import style
from sim.plotting.colours import colour
from sim.plotting.labels import look_of, time_scale, time_words
from sim.plotting.runs import places, planes
from sim.plotting.spans import is_logarithm, least_span, widened
from sim.plotting.ticks import figure_of, power_in_label
from sim.texts import duration_text, moment_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.run.snapshot import Snapshot

DPI = 80  # of the pictures: each is made in a fraction of a tenth of a second
PANEL = (3.9, 3.0)  # inches
MARGINS = (0.8, 0.15, 0.5, 0.45)  # of a panel, left, right, below and above [inches]
BAR = (0.08, 0.1, 0.75)  # before, of and behind a colour bar [inches]


class LiveFigure:
    """A panel for each variable, over space, and one for their means over time, of the first one.

    names: of the variables
    """

    def __init__(self, snapshot: Snapshot, names: Sequence[str]):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.names = list(names)
        spatial = bool(snapshot.space)
        panels = len(self.names) * spatial + (1 if spatial else len(self.names))
        with style():
            self.figure = Figure(figsize=(PANEL[0] * panels, PANEL[1]), dpi=DPI)
            self._canvas = FigureCanvasAgg(self.figure)
            draw = _map if len(snapshot.space) > 1 else _line
            self._renew: list[Callable[[Snapshot], None]] = []
            if spatial:
                self._renew = [draw(self._place(k), snapshot, n) for k, n in enumerate(self.names)]
            courses = self.names[:1] if spatial else self.names
            for k, name in enumerate(courses, panels - len(courses)):
                self._renew.append(MeanCourse(self._place(k), snapshot, name).renew)
            self._title = self.figure.suptitle(" ", x=0.01, ha="left", fontsize=9.5)
            self.update(snapshot)

    def _place(self, k: int) -> Axes:
        """Axes of panel k from the left. Places are given: to find them takes longer than a picture."""
        wide, high = self.figure.get_size_inches()
        low, free = MARGINS[2], PANEL[1] - MARGINS[2] - MARGINS[3]
        left = PANEL[0] * k + MARGINS[0]
        size = PANEL[0] - MARGINS[0] - MARGINS[1]
        return self.figure.add_axes((left / wide, low / high, size / wide, free / high))

    def update(self, snapshot: Snapshot) -> None:
        """Show the state of now."""
        for renew in self._renew:
            renew(snapshot)
        self._title.set_text(title_of(snapshot))

    def png(self) -> bytes:
        """The picture as it is."""
        file = io.BytesIO()
        with style():
            self._canvas.print_png(file, pil_kwargs={"compress_level": 1})  # savefig draws twice
        return file.getvalue()


def title_of(snapshot: Snapshot) -> str:
    """Name, time, how far it is."""
    words = f"{snapshot.name}: {moment_text(snapshot.time)}, {100 * snapshot.done:.0f} %"
    if snapshot.status == "running":
        return f"{words}, {duration_text(snapshot.seconds, 2)}"
    return f"{words}, {snapshot.status} after {duration_text(snapshot.seconds, 2)}"


def _line(ax: Axes, snapshot: Snapshot, name: str) -> Callable[[Snapshot], None]:
    """A profile along the only axis."""
    axis = snapshot.space[0]
    size, unit = places.scale_along(snapshot, axis)
    look = look_of(snapshot[name])
    faces = places.edges(snapshot, axis) / size
    (line,) = ax.plot(0.5 * (faces[1:] + faces[:-1]), np.zeros(faces.size - 1), color=colour(name, snapshot))
    ax.set_xlim(faces[0], faces[-1])
    ax.set_xlabel(places.axis_text(snapshot, axis, unit))
    places.mark_layers(ax, snapshot, axis, size, vertical=True)

    def renew(now: Snapshot) -> None:
        values = now.array_of(name)[0] * look.factor
        line.set_ydata(values)
        _fit(ax, name, values, look.label, now.least_resolved(name) * look.factor)

    return renew


def _map(ax: Axes, snapshot: Snapshot, name: str) -> Callable[[Snapshot], None]:
    """The plane of the section; of a box the one through its middle."""
    from matplotlib.colors import Normalize

    look = look_of(snapshot[name])
    size, unit = places.scale_along(snapshot, places.main_axis(snapshot, "a map"))
    section = planes.section(snapshot, snapshot[name].isel(time=0))
    image = planes.draw(ax, snapshot, section, look.factor, Normalize(0.0, 1.0), "viridis", size, unit)
    middle = (snapshot[name].sizes[snapshot.space[0]] // 2,) if len(snapshot.space) == 3 else ()
    bar = ax.figure.colorbar(image, cax=_beside(ax, section))
    bar.outline.set_visible(False)

    def renew(now: Snapshot) -> None:
        values = now.array_of(name)[0][middle] * look.factor
        image.set_array(values)
        low, high = _span(name, values, now.least_resolved(name) * look.factor)
        image.set_clim(low, high)
        _label(bar.ax.yaxis, look.label, low, high)

    return renew


def _beside(ax: Axes, section: planes.Plane) -> Axes:
    """Axes of a colour bar as high as the section, which the panel then has the shape of."""
    figure = figure_of(ax)
    wide, high = figure.get_size_inches()
    left, low, width, height = ax.get_position(original=True).bounds
    room, tall = width * wide - sum(BAR), height * high
    shape = float(np.ptp(section.x) / np.ptp(section.y))
    across = min(room, tall * shape)
    up = across / shape
    bottom = low * high + tall - up
    ax.set_position((left, bottom / high, across / wide, up / high))
    return figure.add_axes(
        (left + (across + BAR[0]) / wide, bottom / high, BAR[1] / wide, up / high), label="<colorbar>"
    )


class MeanCourse:
    """The mean of a variable over the whole tissue, since the run was first looked at."""

    def __init__(self, ax: Axes, snapshot: Snapshot, name: str):
        self.ax, self.name, self.look = ax, name, look_of(snapshot[name])
        self.times: list[float] = []
        self.means: list[float] = []
        self.per, unit = time_scale(snapshot.duration)
        # Marks where it was looked at: between two of them a short run may have done anything.
        (self.line,) = ax.plot([], [], color=colour(name, snapshot), marker=".", lw=1.0, clip_on=False)
        ax.set_xlim(0.0, snapshot.duration / self.per)
        ax.set_xlabel(f"time [{time_words(unit)}]")
        self.label = self.look.label if not snapshot.space else f"mean {self.look.label}"

    def renew(self, now: Snapshot) -> None:
        """Go on to the present."""
        volume = now.array_of("volume")
        mean = float((now.array_of(self.name)[0] * volume).sum() / volume.sum())
        self.times.append(now.time / self.per)
        self.means.append(mean * self.look.factor)
        self.line.set_data(self.times, self.means)
        least = now.least_resolved(self.name) * self.look.factor
        _fit(self.ax, self.name, np.array(self.means), self.label, least)


def _fit(ax: Axes, name: str, values: np.ndarray, label: str, least: float) -> None:
    """Limits and label up for these values."""
    low, high = _span(name, values, least)
    edge = 0.05 * (high - low)
    ax.set_ylim(low if low == 0.0 else low - edge, high + edge)
    _label(ax.yaxis, label, low, high)


def _label(axis: Any, label: str, low: float, high: float) -> None:
    """A label with the power of ten of now, which that of before gives way to."""
    from matplotlib.ticker import ScalarFormatter

    axis.set_major_formatter(ScalarFormatter())
    power_in_label(axis, label, max(abs(low), abs(high)))


def _span(name: str, values: np.ndarray, least: float) -> tuple[float, float]:
    """Ends of a scale: amounts from zero, logarithms of their own; no narrower than what can be told apart.

    least: what the run tells from nothing
    """
    good = values[np.isfinite(values)]
    if not good.size:
        return 0.0, 1.0
    low, high = float(good.min()), float(good.max())
    if not is_logarithm(name) and high > 0 and -least <= low <= 0.5 * high:
        low = 0.0
    wide = max(least_span(name, max(-low, high)), 10.0 * least, np.finfo(float).tiny)
    return widened(low, high, wide)


def image_of(png: bytes) -> Any:
    """What a notebook displays of a picture."""
    from IPython.display import Image

    return Image(data=png)
