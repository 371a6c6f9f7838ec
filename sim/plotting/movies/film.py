"""The frames of a movie: one figure, of which colours and the time are changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from sim.plotting.canvas import style
from sim.plotting.colour_scale import ColourScale, colour_bar
from sim.plotting.labels import Look, time_scale, time_words, wrapped
from sim.plotting.runs import places, planes
from sim.plotting.runs.fields import snapshot
from sim.texts import moment_text

if TYPE_CHECKING:
    from PIL.Image import Image

    from sim.run.result import Result

TALLEST = 4.2  # inches of the highest map
MOST_DECIMALS = 3
SAME = 0.01  # of the step between frames: what its decimals may leave out


class Film:
    """Maps of a variable of some runs beside each other, on one scale.

    runs: {label: result} with that variable; size: (width, height) of a frame in dots, both even
    """

    def __init__(self, runs: Mapping[str, Result], name: str, look: Look, how: ColourScale, dpi: int):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self._runs, self._name, self._factor = runs, name, look.factor
        with style():
            sections = [planes.section(r, snapshot(r, name, float(r.t[-1]))) for r in runs.values()]
            wide, high = _inches(sections)
            self._figure = Figure(figsize=(_even(wide, dpi), _even(high, dpi)), dpi=dpi, layout="compressed")
            self._canvas = FigureCanvasAgg(self._figure)
            panels = np.ravel(self._figure.subplots(1, len(runs), squeeze=False))
            self._images = []
            for ax, (label, r), section in zip(panels, runs.items(), sections, strict=True):
                size, unit = places.scale_along(r, places.axes_of(r)[0])
                image = planes.draw(ax, r, section, look.factor, how.norm, how.cmap, size, unit)
                self._images.append(image)
                if len(runs) > 1:
                    ax.set_title(wrapped(label, 30))
            colour_bar(list(panels), self._images[-1], look, how)
            self._title = self._figure.suptitle("\n", x=0.01, ha="left", fontsize=10)
            self._name_of = wrapped(look.name, 60)
            self._canvas.draw()  # laid out once: nothing moves from frame to frame
            self._figure.set_layout_engine("none")
        self.size = self._canvas.get_width_height()

    def frames(self, times: np.ndarray, clock: str) -> Iterator[Image]:
        """A picture at each of some times [s], which are even on a clock. None is held on to."""
        from PIL import Image

        words = time_labels(times) if clock == "linear" else map(moment_text, times)
        for t, word in zip(times, words, strict=True):
            with style():
                for image, r in zip(self._images, self._runs.values(), strict=True):
                    section = planes.section(r, snapshot(r, self._name, float(t)))
                    image.set_array(section.values * self._factor)
                self._title.set_text(f"{self._name_of}\n{word}")
                self._canvas.draw()
            yield Image.fromarray(np.asarray(self._canvas.buffer_rgba())[..., :3].copy())


def time_labels(times: np.ndarray) -> list[str]:
    """Times [s] in one unit, with as many digits as tell one frame from the next."""
    per, unit = time_scale(float(times[-1]))
    step = float(np.min(np.diff(times))) / per if times.size > 1 else 1.0
    digits = next(
        (d for d in range(MOST_DECIMALS) if abs(step - round(step, d)) < SAME * step), MOST_DECIMALS
    )
    return [f"{t / per:.{digits}f} {time_words(unit)}" for t in times]


def _inches(sections: list[planes.Plane]) -> tuple[float, float]:
    """Size of a figure that holds maps beside each other."""
    ratios = [float(np.ptp(s.x) / np.ptp(s.y)) for s in sections]
    tall = min(TALLEST, 5.2 / max(ratios))
    return max(sum(r * tall + 0.6 for r in ratios) + 1.2, 3.2), max(tall, 1.0) + 1.3


def _even(inches: float, dpi: int) -> float:
    """A length of an even number of dots, near to one in inches."""
    return 2 * round(0.5 * inches * dpi) / dpi
