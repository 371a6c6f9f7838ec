"""The right side of the page: tabs with what came of a run."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import panel as pn

from sim.experiment.scenario import Scenario
from sim.explorer import downloads, numbers, pictures
from sim.explorer.job import Drawings
from sim.explorer.pictures import Picture
from sim.explorer.rows import html
from sim.explorer.words import block, html_table, note, paragraphs, story_of
from sim.run.result import Result

SCENARIO, STORY, MAP, COURSE, BUDGET, IMAGING, NUMBERS, COMPARISON, FILES = (
    "Scenario", "Story", "Map", "Over time", "Budget", "Imaging", "Numbers", "Comparison", "Files",
)  # fmt: skip
EMPTY = "No run yet: press Run."
SEEN = ("method", "first seen", "threshold", "at the end", "threshold is")
JUDGED = ("statement", "known of the condition", "found here", "answer")
CHANGED = ("number", "run before", "this run", "change")


@dataclass
class Run:
    """A run that ended, and what was made of it. number: on this page, from 1"""

    number: int
    scenario: Scenario
    result: Result
    rows: list[numbers.Number] = field(default_factory=list)

    @property
    def title(self) -> str:
        return f"run {self.number}"


def views(number: int, scenario: Scenario, before: Run | None, result: Result) -> Iterator[tuple[str, Any]]:
    """What a page shows of a run, the most wanted first; made in the thread of the run."""
    run = Run(number, scenario, result)
    run.rows = numbers.numbers(result)
    yield "run", run
    yield STORY, pictures.story(result)
    yield "seen", numbers.sightings(result)
    yield "judged", numbers.verdicts(result)
    if before is not None:
        yield COMPARISON, compared(before, run)


def compared(before: Run, now: Run) -> Picture:
    """Calcium in solids in two runs."""
    return pictures.comparison({before.title: before.result, now.title: now.result}, "Ca_in_mineral")


class PictureTab:
    """A tab of one picture, with a choice of what it shows."""

    def __init__(
        self, what: str, draw: Callable[[Result, str], Picture], drawings: Drawings, name: str
    ) -> None:
        self.name, self.draw, self.drawings = name, draw, drawings
        self.result: Result | None = None
        self.choice = pn.widgets.Select(
            name=what, options=[], width=320, visible=False, css_classes=[f"choice-{name.split()[0]}"]
        )
        self.shown = shown_picture()
        self.said = html(block(note(EMPTY)), sizing_mode="stretch_width")
        self.below = pn.Column(sizing_mode="stretch_width", margin=0)
        self.view = pn.Column(self.choice, self.said, self.shown, self.below, sizing_mode="stretch_width")
        self.choice.param.watch(lambda _event: self.ask(), "value")

    def offer(self, result: Result, options: dict[str, str], usual: str | None = None) -> None:
        """Choices for a run; what was chosen before stays chosen where it is there."""
        self.result = None  # no drawing while the choices change
        held = self.choice.value
        self.choice.options = options
        self.choice.value = held if held in options.values() else usual or next(iter(options.values()))
        self.choice.visible = True
        self.result = result
        self.said.object = block(note("Drawing ..."))

    def ask(self) -> None:
        """Have the chosen picture drawn."""
        if self.result is not None:
            self.said.object = block(note("Drawing ..."))
            self.drawings.ask(self.name, partial(self.draw, self.result, self.choice.value))

    def show(self, made: Picture) -> None:
        put(self.shown, made)
        self.said.object = block(note(made.failure, "mind")) if made.failure else ""


def shown_picture() -> Any:
    """A pane for a picture, as wide as there is room, and no wider than it was drawn for."""
    return pn.pane.PNG(None, sizing_mode="scale_width", max_width=1104, margin=(5, 10))


def put(pane: Any, made: Picture) -> None:
    """Show a picture in its pane."""
    pane.alt_text = made.alt
    pane.object = made.png or None
    pane.max_width = None if made.figure is None else int(120 * made.figure.get_size_inches()[0])


class Results:
    """The tabs. `take` shows what was made of a run, `look` the pictures that were asked for since."""

    def __init__(self, scenario: Scenario) -> None:
        self.drawings = Drawings()
        self.run: Run | None = None
        self.before: Run | None = None
        self.figures: dict[str, Picture] = {}
        tabs = {
            MAP: PictureTab("variable", pictures.over_space, self.drawings, MAP),
            COURSE: PictureTab("variable", pictures.over_time, self.drawings, COURSE),
            BUDGET: PictureTab("element", pictures.budget, self.drawings, BUDGET),
            IMAGING: PictureTab("instrument", pictures.scan, self.drawings, IMAGING),
        }
        self.tabs = tabs
        self.about = html(story_of(scenario), sizing_mode="stretch_width")
        self.story, self.story_said = shown_picture(), html(block(note(EMPTY)))
        self.table = html(block(note(EMPTY)), sizing_mode="stretch_width", css_classes=["numbers"])
        self.difference = html(
            block(note("Run twice: each run is compared with the one before.")), sizing_mode="stretch_width"
        )
        self.compared = shown_picture()
        self.files = pn.Column(html(block(note(EMPTY))), sizing_mode="stretch_width")
        self.view = pn.Tabs(
            (SCENARIO, self.about), (STORY, _column(self.story_said, self.story)),
            *((name, tab.view) for name, tab in tabs.items()), (NUMBERS, self.table),
            (COMPARISON, _column(self.difference, self.compared)), (FILES, self.files),
            sizing_mode="stretch_width",
        )  # fmt: skip
        self.view.param.watch(lambda _event: self._drawn_where_seen(), "active")

    @property
    def _names(self) -> list[str]:
        return [SCENARIO, STORY, *self.tabs, NUMBERS, COMPARISON, FILES]

    def describe(self, scenario: Scenario) -> None:
        """Tell the story of another scenario."""
        self.about.object = story_of(scenario)

    def take(self, name: str, view: Any) -> None:
        """Show what was made of a run."""
        if name == "run":
            self._begin(view)
        elif name == STORY:
            self.figures[STORY] = view
            put(self.story, view)
            self.story_said.object = block(note(view.failure, "mind")) if view.failure else ""
        elif name == "seen":
            text = "First seen, of a good picture without noise; thresholds are data of hapsim."
            self.tabs[IMAGING].below.objects = [
                html(block(html_table(view, SEEN) + f'<p class="small">{text}</p>'))
            ]
        elif name == "judged":
            self._tabulate(view)
        elif name == COMPARISON:
            self.figures[COMPARISON] = view
            put(self.compared, view)

    def look(self) -> None:
        """Show the pictures that were asked for and are ready."""
        for name, made in self.drawings.taken().items():
            self.figures[name] = made
            self.tabs[name].show(made)

    def _begin(self, run: Run) -> None:
        """A run has ended: its numbers are there, and pictures follow."""
        self.before, self.run = self.run, run
        self.figures.clear()
        self.drawings.forget()
        variables = pictures.variables_of(run.result)
        self.tabs[MAP].offer(run.result, variables)
        self.tabs[COURSE].offer(run.result, variables)
        self.tabs[BUDGET].offer(run.result, {e: e for e in run.result.elements}, "Ca")
        self.tabs[IMAGING].offer(run.result, pictures.instruments_for(), "calcium_ct")
        self._tabulate([])
        if self.before is not None:
            self._tell_difference(self.before, run)
        self.files.objects = list(self._files(run))
        if self.view.active == 0:
            self.view.active = self._names.index(STORY)
        self._drawn_where_seen()

    def _drawn_where_seen(self) -> None:
        """Have the picture of the tab that is open drawn, unless it is there."""
        name = self._names[self.view.active]
        if name in self.tabs and name not in self.figures:
            self.tabs[name].ask()

    def _tabulate(self, judged: list[numbers.Row]) -> None:
        if self.run is None:
            return
        table = html_table(
            [(row.label, row.text) for row in self.run.rows if not row.key.startswith("note_")]
        )
        minded = paragraphs("Mind", self.run.result.notes, "mind")
        known = (
            f"<h2>Beside what is known of the condition</h2>{html_table(judged, JUDGED)}" if judged else ""
        )
        self.table.object = block(f"<h2>{self.run.title}</h2>{table}{minded}{known}")

    def _tell_difference(self, before: Run, now: Run) -> None:
        same = before.scenario.name == now.scenario.name
        lines = (
            now.scenario.diff(before.scenario).splitlines()
            if same
            else [f"{before.scenario.name} -> {now.scenario.name}"]
        )
        changes = html_table(numbers.changes(before.rows, now.rows), CHANGED)
        head = f"<h2>{before.title} and {now.title}</h2>"
        self.difference.object = block(head + changes + paragraphs("What differs between them", lines))

    def _files(self, run: Run) -> Iterator[Any]:
        """Buttons for each file, and the script in full."""
        script = downloads.script_text(run.result)
        named = partial(downloads.file_name, run.scenario, run.number)
        rows: list[tuple[str, str, Callable[[], bytes]]] = [
            ("Python script", named(".py"), script.encode),
            ("Scenario (TOML)", named(".toml"), lambda: downloads.scenario_file(run.scenario).encode()),
            ("Data (NetCDF)", named(".nc"), lambda: downloads.data(run.result)),
            ("Story (PNG)", named("-story.png"), lambda: self._saved(STORY, "png")),
            ("Story (PDF)", named("-story.pdf"), lambda: self._saved(STORY, "pdf")),
        ]
        yield html(block(f"<h2>Files of {run.title}</h2>"))
        yield pn.FlexBox(*(_button(*row) for row in rows), sizing_mode="stretch_width")
        yield html(block("<h2>The script</h2><p>Run alone, it gives the same numbers.</p>"))
        yield html(
            block(f"<pre>{_escaped(script)}</pre>"), sizing_mode="stretch_width", css_classes=["script"]
        )

    def _saved(self, name: str, form: str) -> bytes:
        made = self.figures.get(name) or (
            pictures.story(self.run.result) if self.run is not None else Picture(None)
        )
        return made.saved(form)


def _button(words: str, name: str, content: Callable[[], bytes]) -> Any:
    return pn.widgets.FileDownload(
        callback=lambda: io.BytesIO(content()), filename=name, label=words, width=170, margin=5
    )


def _column(*rows: Any) -> Any:
    return pn.Column(*rows, sizing_mode="stretch_width")


def _escaped(text: str) -> str:
    from html import escape

    return escape(text)
