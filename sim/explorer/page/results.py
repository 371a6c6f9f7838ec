"""The right side of the page: tabs with what came of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any

import panel as pn

from sim.errors import HapsimError
from sim.experiment.scenario import Scenario
from sim.explorer.made import downloads, numbers, pictures
from sim.explorer.made.job import Drawings
from sim.explorer.page.film_view import FilmView
from sim.explorer.page.looks import TABS
from sim.explorer.page.picture_view import PictureView, download
from sim.explorer.page.rows import html
from sim.explorer.page.words import block, html_table, note, paragraphs, story_of
from sim.run.result import Result

RUN = "run"
SCENARIO, STORY, MAP, COURSE, BUDGET, IMAGING, NUMBERS, COMPARISON, FILES = (
    "Scenario", "Story", "Map", "Over time", "Budget", "Imaging", "Numbers", "Comparison", "Files",
)  # fmt: skip
EMPTY = "No run yet: press Run."
ALONE = "Run twice: each run is compared with the one before."
USUAL_SCANNER = "calcium_ct"
SEEN = ("method", "first seen", "threshold", "over", "at the end", "threshold is")
JUDGED = ("statement", "known of the condition", "found here", "answer")
DEPTHS = (
    "Depth: 0 is the centre of the lesion, 1 its edge. An onset is when the method named beside it first "
    "shows mineral; the tab Imaging has the times of all methods."
)
CHANGED = ("number", "run before", "this run", "change")


@dataclass
class ShownRun:
    """A run that ended, and its numbers. number: on this page, from 1; failure: why it has none"""

    number: int
    scenario: Scenario
    result: Result
    rows: list[numbers.Number] = field(default_factory=list)
    failure: str = ""

    @property
    def title(self) -> str:
        return f"run {self.number}"

    def file_name(self, ending: str) -> str:
        return downloads.file_name(self.scenario, self.number, ending)


def views(number: int, scenario: Scenario, result: Result) -> Iterator[tuple[str, Any]]:
    """The tables of a run, the most wanted first, made in its thread; pictures are drawn when seen."""
    run = ShownRun(number, scenario, result)
    try:
        run.rows = numbers.numbers(result)
    except HapsimError as error:  # the run has its pictures and files all the same
        run.failure = str(error)
    yield RUN, run
    yield NUMBERS, _or_why_not(numbers.verdicts, result)
    yield IMAGING, _or_why_not(numbers.sightings, result)


def _or_why_not(make: Callable[[Result], list[numbers.Row]], result: Result) -> list[numbers.Row] | str:
    """The rows of a table, or the sentence that says why it has none."""
    try:
        return make(result)
    except HapsimError as error:
        return str(error)


class Results:
    """The tabs. `take` shows what was made of a run, `look` the pictures that were asked for since.

    asked: called when a picture was asked for, so that somebody looks
    """

    def __init__(self, scenario: Scenario, asked: Callable[[], None]) -> None:
        self.drawings = Drawings()
        self.run: ShownRun | None = None
        self.before: ShownRun | None = None
        self.pictures = {
            STORY: PictureView(STORY, EMPTY, "", lambda result, _: pictures.story(result), self.drawings),
            MAP: PictureView(MAP, EMPTY, "variable", pictures.over_space, self.drawings),
            COURSE: PictureView(COURSE, EMPTY, "variable", pictures.over_time, self.drawings),
            BUDGET: PictureView(BUDGET, EMPTY, "element", pictures.budget, self.drawings),
            IMAGING: PictureView(IMAGING, EMPTY, "instrument or stain", pictures.scan, self.drawings),
            COMPARISON: PictureView(COMPARISON, "", "mean of", self._compared, self.drawings),
        }
        for view in self.pictures.values():
            view.asked = asked
        self.film = FilmView(lambda: str(self.pictures[MAP].choice.value), asked)
        self.pictures[MAP].head.append(self.film.row)
        self.pictures[MAP].view.insert(1, self.film.said)
        self.about, self.table = html(story_of(scenario)), html(note(EMPTY), css_classes=["numbers"])
        self.difference = html(note(ALONE), css_classes=["difference"])
        self.files = _column(html(note(EMPTY)))
        tabs = {
            SCENARIO: self.about,
            **{name: view.view for name, view in self.pictures.items() if name != COMPARISON},
            NUMBERS: self.table,
            COMPARISON: _column(self.difference, self.pictures[COMPARISON].view),
            FILES: self.files,
        }
        self.names = list(tabs)
        self.view = pn.Tabs(*tabs.items(), sizing_mode="stretch_width", stylesheets=[TABS])
        self.view.param.watch(lambda _event: self._draw_what_is_seen(), "active")

    def describe(self, scenario: Scenario) -> None:
        """Tell the story of another scenario, before it is run."""
        self.about.object = story_of(scenario)
        self.view.active = self.names.index(SCENARIO)

    def take(self, name: str, made: Any) -> None:
        """Show what was made of a run."""
        if name == RUN:
            self._begin(made)
        elif self.run is None:
            return
        elif name == IMAGING:
            text = "Of a good picture without noise. Thresholds, their ranges and sources are data of hapsim."
            table = _rows_or_why_not(made, SEEN) + f'<p class="small">{text}</p>'
            head = "<h2>When each method first sees it</h2>"
            self.pictures[IMAGING].below.objects = [html(block(head + table))]
        elif name == NUMBERS:
            self._tabulate(self.run, made)

    @property
    def working(self) -> bool:
        """Whether a picture or a movie that was asked for is still to come."""
        return self.drawings.working or self.film.working

    def leave(self) -> None:
        """Nobody looks any more: make nothing more."""
        self.drawings.forget()
        self.film.leave()

    def look(self) -> None:
        """Show the pictures that were asked for and are ready."""
        self.film.look()
        for name, made in self.drawings.taken().items():
            if self.run is not None:
                self.pictures[name].show(made, self.run.file_name)

    def _begin(self, run: ShownRun) -> None:
        """A run has ended: its numbers are there, and pictures follow."""
        self.before, self.run = self.run, run
        self.drawings.forget()
        for view in self.pictures.values():
            view.clear()
        variables = pictures.variables_of(run.result)
        self.pictures[STORY].offer(run.result, {"": ""})
        for name in (MAP, COURSE):
            self.pictures[name].offer(run.result, variables)
        self.film.offer(run.result, run.file_name, run.title)
        self.pictures[BUDGET].offer(run.result, {e: e for e in run.result.elements}, "Ca")
        self.pictures[IMAGING].offer(run.result, pictures.methods(), USUAL_SCANNER)
        if self.before is not None:
            there = self.before.result.dataset
            self.pictures[COMPARISON].offer(run.result, {w: n for w, n in variables.items() if n in there})
            self._tell_difference(self.before, run)
        self._tabulate(run, [])
        self.files.objects = list(_files(run))
        if self.view.active == self.names.index(SCENARIO):
            self.view.active = self.names.index(STORY)
        self._draw_what_is_seen()

    def _draw_what_is_seen(self) -> None:
        """Have the picture of the tab that is open drawn, unless it is there."""
        view = self.pictures.get(self.names[self.view.active])
        if view is not None and view.made is None:
            view.ask()

    def _compared(self, result: Result, variable: str) -> pictures.DrawnFigure:
        """A variable in the run before and in this one."""
        before, now = self.before, self.run
        if before is None or now is None:
            return pictures.DrawnFigure(None)
        first, second = _titles(before, now)
        return pictures.comparison({first: before.result, second: result}, variable)

    def _tabulate(self, run: ShownRun, judged: list[numbers.Row] | str) -> None:
        rows = [(row.label, row.text) for row in run.rows if not row.key.startswith("note_")]
        minded = paragraphs("Mind", run.result.notes, "mind")
        head = "<h2>Beside what is known of the condition</h2>"
        known = f'{head}{_rows_or_why_not(judged, JUDGED)}<p class="small">{DEPTHS}</p>' if judged else ""
        table = (
            paragraphs("Its numbers cannot be made", [run.failure], "mind")
            if run.failure
            else html_table(rows)
        )
        self.table.object = block(f"<h2>{run.title.capitalize()}</h2>{table}{minded}{known}")

    def _tell_difference(self, before: ShownRun, now: ShownRun) -> None:
        names = before.scenario.name, now.scenario.name
        lines, many = now.scenario.diff(before.scenario).splitlines(), []
        if names[0] != names[1]:  # nearly everything may differ: the picture goes first
            lines, many = [f"{' -> '.join(names)}: all that differs is listed below the picture."], lines
        changes = html_table(numbers.changes(before.rows, now.rows), CHANGED)
        first, second = _titles(before, now)
        head = f"<h2>{escape(first[0].upper() + first[1:])} and {escape(second)}</h2>"
        self.difference.object = block(head + changes + paragraphs("What differs between them", lines))
        every = paragraphs("All that differs", many)
        self.pictures[COMPARISON].below.objects = [html(block(every))] if every else []


def _titles(before: ShownRun, now: ShownRun) -> tuple[str, str]:
    """What two runs are called beside each other: with their scenarios where those differ."""
    if before.scenario.name == now.scenario.name:
        return before.title, now.title
    return f"{before.title}, {before.scenario.name}", f"{now.title}, {now.scenario.name}"


def _rows_or_why_not(made: list[numbers.Row] | str, head: tuple[str, ...]) -> str:
    """HTML of a table, or of the sentence in its place."""
    return note(made, "mind") if isinstance(made, str) else html_table(made, head)


def _files(run: ShownRun) -> Iterator[Any]:
    """Buttons for each file, and the script in full."""
    data = download("Data (NetCDF)", run.file_name(".nc"), lambda: downloads.data(run.result))
    yield html(block(f"<h2>Files of {run.title}</h2>"))
    try:
        script, scenario = downloads.script_text(run.result), downloads.scenario_file(run.scenario)
    except HapsimError as error:  # of a model of one's own
        yield data
        yield html(note(str(error), "mind"))
        return
    yield pn.FlexBox(
        download("Python script", run.file_name(".py"), script.encode),
        download("Scenario (TOML)", run.file_name(".toml"), scenario.encode), data,
    )  # fmt: skip
    yield html(block("<h2>The script</h2><p>Run alone, it gives the same numbers.</p>"))
    yield html(block(f"<pre>{escape(script)}</pre>"), css_classes=["script"])


def _column(*rows: Any) -> Any:
    return pn.Column(*rows, sizing_mode="stretch_width")
