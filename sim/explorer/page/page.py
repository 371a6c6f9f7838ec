"""The page: a picker, the fields of the scenario, a run with progress, and tabs of results. One a browser."""

from __future__ import annotations

from functools import partial
from typing import Any

import panel as pn

from sim.errors import HapsimError, listing
from sim.experiment.catalogue import scenario as named
from sim.experiment.scenario import Scenario
from sim.explorer.asked.choices import class_of, classes
from sim.explorer.asked.request import scenario_of, tolerance_of
from sim.explorer.made import numbers
from sim.explorer.made.job import FAILED, RunJob
from sim.explorer.page.looks import BOTH, DOING, FIELDS, FOCUS, LEFT, RESULTS, TOP, UNSEEN
from sim.explorer.page.results import RUN, Results, ShownRun, views
from sim.explorer.page.rows import html
from sim.explorer.page.setup import Setup
from sim.explorer.page.spoken import STATUS, spoken
from sim.explorer.page.words import CANCELLED_EARLY, after_cancelled, header, note, state_in_words
from sim.texts import duration_text

EVERY = 150  # [ms] between looks at a run


class Page:
    """What one browser sees. Its own callbacks alone change it; the thread of a run is looked at."""

    def __init__(self, start: Scenario) -> None:
        self.own = {start.name: start}
        self.job: RunJob | None = None
        self.ending: list[RunJob] = []  # runs that are told of, and whose last tables are still to come
        self.behind: RunJob | None = None  # one that was cancelled before its first step, and compiles on
        self.count = 0  # of runs with a result
        self.picker = pn.widgets.Select(
            label="scenario",
            groups=self._groups(start),
            value=start.name,
            sizing_mode="stretch_width",
            css_classes=["picker"],
        )
        self.setup, self.results = Setup(start), Results(start, self._wake)
        self.fields = pn.Column(self.setup.view, sizing_mode="stretch_width", margin=0)
        self.run = pn.widgets.Button(
            label="Run", color="primary", width=90, margin=(8, 5), stylesheets=[FOCUS]
        )
        self.cancel = pn.widgets.Button(
            label="Cancel", width=90, disabled=True, margin=(8, 5), stylesheets=[FOCUS]
        )
        self.bar = pn.indicators.Progress(
            value=0,
            max=100,
            sizing_mode="stretch_width",
            height=12,
            margin=(2, 10, 8, 10),
            tags=spoken("how much of the run is done, in percent"),
        )
        self.says = html(note("Ready.", "plain"), css_classes=["says"], margin=(6, 10, 0, 10))
        self.heard = html(note("Ready."), css_classes=["heard"], tags=[STATUS], stylesheets=[UNSEEN])
        self.picker.param.watch(self._picked, "value")
        self.run.on_click(self._start)
        self.cancel.on_click(self._cancel)
        self.timer = pn.state.add_periodic_callback(self.look, EVERY, start=False)

    @property
    def view(self) -> Any:
        """The whole page: fields at the left, results at the right; below each other on a narrow one."""
        doing = pn.Column(self.says, self.heard, self.bar, margin=0, stylesheets=[DOING])
        title = html(header(), width=LEFT - 20, sizing_mode=None, margin=(6, 0, 0, 10))
        top = pn.FlexBox(title, self.run, self.cancel, doing, sizing_mode="stretch_width", stylesheets=[TOP])
        left = pn.Column(_whole(self.picker, self.fields), width=LEFT, stylesheets=[FIELDS])
        right = pn.Column(_whole(self.results.view), sizing_mode="stretch_width", stylesheets=[RESULTS])
        both = pn.Row(left, right, sizing_mode="stretch_width", stylesheets=[BOTH])
        return pn.Column(top, both, sizing_mode="stretch_width", margin=0)

    def leave(self) -> None:
        """Nobody looks any more: end what goes on."""
        self.results.leave()
        for job in filter(None, (*self.ending, self.job)):
            job.leave()

    @property
    def working(self) -> bool:
        """Whether anything is still to come."""
        return bool(self.job or self.ending or self.behind or self.results.working)

    def look(self) -> None:
        """Show what has become of the run and of the pictures that were asked for."""
        for job in list(self.ending):
            over = job.over  # before its views: what is made after this is taken at the next look
            self._take(job)
            if over:
                self.ending = [other for other in self.ending if other is not job]  # a new run clears it too
                if job.state == FAILED and self.job is None:
                    self._say(f"Failed: {job.failure}", "refused")
        if self.job is not None:
            self._take(self.job)
            self._tell(self.job)
        if self.behind is not None and self.behind.over:
            if self.job is None and self.says.object == note(CANCELLED_EARLY, "plain"):
                self._say(after_cancelled(self.behind))
            self.behind = None
        self.results.look()
        if not self.working:
            self.timer.stop()

    def _groups(self, start: Scenario) -> dict[str, dict[str, str]]:
        """Scenarios by class of condition, by title; one of the user's own first."""
        found = {title: {named(n).title: n for n in names} for title, names in classes().items()}
        if not any(start.name in names.values() for names in found.values()):
            found = {class_of(start.name): {start.title or start.name: start.name}, **found}
        return found

    def _picked(self, event: Any) -> None:
        chosen = self.own.get(event.new) or named(event.new)
        self.setup = Setup(chosen)
        self.fields.objects = [self.setup.view]
        self.results.describe(chosen)

    def _wake(self) -> None:
        """Look from now on: something is being made."""
        if not self.timer.running:
            self.timer.start()

    def _start(self, _event: Any) -> None:
        """Begin a run with what is in the fields, or say what is wrong with it."""
        refused = self.setup.refused
        if refused:
            self._say(f"Not run: see {listing(refused)}.", "refused")
            return
        request = self.setup.request
        try:
            scenario, tolerance = scenario_of(request), tolerance_of(request.tolerance)
        except HapsimError as error:
            self._say(f"Not run: {error}", "refused")
            return
        made = partial(views, self.count + 1, scenario)
        self.job = RunJob(scenario, tolerance, made).start()
        self.run.disabled, self.cancel.disabled = True, False
        self.bar.value = 0
        self._tell(self.job)
        self._wake()

    def _cancel(self, _event: Any) -> None:
        """End the run at its next step; let go of one that has made none, for nothing can stop compiling."""
        job = self.job
        if job is None:
            return
        if job.begun:
            job.cancel()
            return
        job.leave()
        self.behind = job
        self._free()
        self.bar.value = 0
        self._say(CANCELLED_EARLY)

    def _take(self, job: RunJob) -> None:
        """Show the views of a run that are ready and were not shown. Those of runs before it give way."""
        for name in [n for n in list(job.made) if n not in job.shown]:
            if name == RUN:
                self.count = job.made[RUN].number
                for before in self.ending:
                    before.leave()
                self.ending.clear()
            job.shown.add(name)
            self.results.take(name, job.made[name])

    def _tell(self, job: RunJob) -> None:
        """Progress, and what came of it; a run whose numbers are shown makes room for the next."""
        if job.state == FAILED:
            self._say(f"Failed: {job.failure}", "refused")
            self.bar.value = 0
        elif RUN not in job.shown:
            doing = state_in_words(job)
            self._say(f"Cancelling. {doing}" if job.cancelled else doing, heard=f"Run {job.state}.")
            self.bar.value = int(100 * job.share)
            return
        else:
            self._tell_end(job.made[RUN], job.share)
        self.ending.append(job)
        self._free()

    def _tell_end(self, run: ShownRun, share: float) -> None:
        """What came of a run. share: of its time that is done"""
        result, words, kind = run.result, "finished", "plain"
        if not result.success:
            words, kind = f"{result.status} at {duration_text(result.manifest['t_end'])}", "mind"
        self.bar.value = 100 if result.success else int(100 * share)
        main = numbers.main_number(run.rows) or f"its numbers cannot be made: {run.failure}"
        self._say(f"Run {run.number} {words}: {main.rstrip('.')}.", kind)

    def _free(self) -> None:
        """No run goes on: another can begin."""
        self.job = None
        self.run.disabled, self.cancel.disabled = False, True

    def _say(self, text: str, kind: str = "plain", heard: str = "") -> None:
        """Show a sentence. heard: what screen readers are told, the sentence itself where it stays"""
        for pane, said in ((self.says, note(text, kind)), (self.heard, note(heard or text, kind))):
            if pane.object != said:
                pane.object = said


def _whole(*rows: Any) -> Any:
    """Rows that keep their height within a column that is scrolled."""
    return pn.Column(
        *rows, sizing_mode="stretch_width", margin=0, styles={"flex": "0 0 auto", "max-height": "none"}
    )
