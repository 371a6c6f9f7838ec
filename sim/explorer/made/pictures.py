"""Figures of a run, made without pyplot, one at a time within `style`: settings are those of the process."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from matplotlib.backends import backend_agg, backend_pdf  # noqa: F401  before any thread asks for them
from matplotlib.figure import Figure

from sim import plotting as plot
from sim.errors import ConfigError, HapsimError
from sim.imaging.sections.section import histology
from sim.imaging.sections.stains import stains
from sim.imaging.xray.ct import ct
from sim.imaging.xray.instruments import instruments
from sim.imaging.xray.radiograph import radiograph
from sim.plotting.canvas import style
from sim.plotting.labels import name_of
from sim.plotting.moments import round_times
from sim.plotting.runs.story import mineral
from sim.run.result import Result

DOTS = 120  # per inch, on the page
PRINTED = 300  # per inch, of a PNG that is downloaded
WIDE, HIGH = 9.2, 3.9  # inches of a row of two panels
FORMATS = ("png", "pdf")


@dataclass(frozen=True)
class DrawnFigure:
    """A figure and its PNG for the page, or why there is none. alt: what it shows, in words"""

    figure: Figure | None
    png: bytes = b""
    alt: str = ""
    failure: str = ""

    def saved(self, form: str) -> bytes:
        """The bytes of a file. form: "png" or "pdf" """
        if self.figure is None:
            raise ConfigError(self.failure or "there is no picture.")
        if form not in FORMATS:
            raise ConfigError(f"'{form}' is no format of pictures here; there are {' and '.join(FORMATS)}.")
        with style():
            return _bytes(self.figure, form, PRINTED)


def picture(make: Callable[[Figure], None], alt: str) -> DrawnFigure:
    """A picture by a function that draws on an empty figure; a sentence where it refuses."""
    figure = Figure(figsize=(WIDE, HIGH), layout="constrained")
    try:
        with style():
            make(figure)
            return DrawnFigure(figure, _bytes(figure, "png", DOTS), alt)
    except HapsimError as error:
        return DrawnFigure(None, alt=alt, failure=str(error))


def _bytes(figure: Figure, form: str, dots: int) -> bytes:
    held = io.BytesIO()
    figure.savefig(held, format=form, dpi=dots)
    return held.getvalue()


def story(result: Result) -> DrawnFigure:
    """The whole run in one figure."""
    return picture(lambda figure: _done(plot.story(result, figure=figure)), f"The story of {_name(result)}")


def over_space(result: Result, variable: str) -> DrawnFigure:
    """A variable over time and place, and across the section at the end; of a plane, maps over time."""

    def draw(figure: Figure) -> None:
        axes = len(result.space)
        if axes == 0 or result.t.size < 2:
            _need_time(result)
            plot.course(result, variable, at="mean", ax=figure.subplots())
        elif axes == 1:
            left, right = figure.subplots(1, 2, width_ratios=(1.25, 1.0))
            plot.kymograph(result, variable, ax=left, clock="root")
            plot.plane(result, variable, ax=right)
        else:
            plot.maps(result, variable, figure=figure)

    return picture(draw, f"{variable} over time and place")


def over_time(result: Result, variable: str) -> DrawnFigure:
    """Profiles of a variable at some times, and its course at some places."""

    def draw(figure: Figure) -> None:
        _need_time(result)
        if not result.space:
            plot.course(result, variable, at="mean", ax=figure.subplots())
            return
        left, right = figure.subplots(1, 2)
        plot.profiles(result, variable, at=round_times(result, (0.01, 0.03, 0.1, 0.3, 1.0)), ax=left)
        plot.course(result, variable, ax=right, clock="root")

    return picture(draw, f"Profiles of {variable} and its course over time")


def budget(result: Result, element: str) -> DrawnFigure:
    """Where an element is over time."""

    def draw(figure: Figure) -> None:
        _need_time(result)
        plot.budget(result, element, ax=figure.subplots(), clock="root")

    return picture(draw, f"The budget of {element} over time")


def scan(result: Result, method: str) -> DrawnFigure:
    """The end of a run as an instrument or a stain of `methods` shows it: CT, radiograph or section."""

    def draw(figure: Figure) -> None:
        figure.set_size_inches(5.6, 4.6)
        axes = figure.subplots()
        if method in stains():
            plot.slide(histology(result, stain=method), ax=axes)
            return
        kind = instruments()[method].kind
        plot.scan((ct if kind == "ct" else radiograph)(result, instrument=method), ax=axes)

    return picture(draw, f"Simulated {next(title for title, name in methods().items() if name == method)}")


def comparison(runs: Mapping[str, Result], variable: str) -> DrawnFigure:
    """The mean of a variable over time in two runs."""

    def draw(figure: Figure) -> None:
        for result in runs.values():
            _need_time(result)
        plot.compare(dict(runs), variable, ax=figure.subplots(), clock="root")

    return picture(draw, f"Mean {variable} in {' and '.join(runs)}")


def variables_of(result: Result) -> dict[str, str]:
    """{words: name} of what can be drawn: mineral, pH and saturation first, then all else in each cell."""
    data = result.dataset
    there = [str(n) for n, v in data.data_vars.items() if {"time", *result.space} <= set(v.dims)]
    first = [
        mineral(result),
        "Ca_in_mineral",
        "HAP_density",
        "pH",
        *(n for n in there if n.startswith("SI_")),
    ]
    names = dict.fromkeys([n for n in first if n in there] + there)
    found: dict[str, str] = {}
    for name in names:
        words = name_of(name, data[name].attrs)
        found[f"{words} ({name})" if words in found else words] = name
    return found


def methods() -> dict[str, str]:
    """{title: name} of what makes a picture of the tissue: instruments, then stains of a section."""
    sections = {f"section, {title}": name for name, title in stains().items()}
    return {i.title: n for n, i in instruments().items()} | sections


def _need_time(result: Result) -> None:
    if result.t.size < 2:
        raise ConfigError("the run ended before its second output, so there is nothing to show over time.")


def _done(_: object) -> None:
    """A figure that was drawn on is at hand already."""


def _name(result: Result) -> str:
    return str(result.manifest["title"] or result.manifest["scenario"])
