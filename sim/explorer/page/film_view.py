"""A movie of the variable of a picture: a button that has it made, how far it is, a button to save it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn

from sim.explorer.made.film_job import ENDING, FilmJob
from sim.explorer.page.looks import FOCUS
from sim.explorer.page.picture_view import BUTTON, download
from sim.explorer.page.rows import css_name, html
from sim.explorer.page.words import note
from sim.run.result import Result
from sim.texts import size_text

MAKE, STOP = "Movie (WebP)", "Stop the movie"


class FilmView:
    """Movies of one run, one at a time.

    variable: of which the next one is; asked: called when one was asked for, so that somebody looks
    """

    def __init__(self, variable: Callable[[], str], asked: Callable[[], None]) -> None:
        self.variable, self.asked = variable, asked
        self.result: Result | None = None
        self.named: Callable[[str], str] = str
        self.job: FilmJob | None = None
        self.shown = ""
        self.content = b""
        self.button = pn.widgets.Button(
            label=MAKE, width=BUTTON, margin=5, visible=False, stylesheets=[FOCUS]
        )
        self.save = download("Save the movie", f"movie{ENDING}", lambda: self.content)
        self.save.visible = False
        self.said = html(css_classes=["film"])
        self.button.on_click(self._pressed)
        self.row = pn.Row(self.button, self.save, margin=0, align="end")

    def offer(self, result: Result, named: Callable[[str], str], shown: str) -> None:
        """Movies of a run from now on; none of a stirred cell. One of the run before is stopped, and told of.

        named: the name of a file with this ending; shown: what the run is called, "run 2"
        """
        stopped = self.working
        self.leave()
        self.result, self.named, self.content = result, named, b""
        self.said.object, self.save.visible = "", False
        if stopped:
            self._say(f"The movie of {self.shown} was stopped, since {shown} is shown.", "mind")
        self.shown = shown
        self.button.label, self.button.visible = MAKE, bool(result.space) and result.t.size > 1

    def leave(self) -> None:
        """Nobody waits for a movie any more."""
        if self.job is not None:
            self.job.stop()
            self.job = None

    @property
    def working(self) -> bool:
        """Whether a movie is being made."""
        return self.job is not None

    def look(self) -> None:
        """Show how far the movie is, and offer it when it is whole."""
        job = self.job
        if job is None:
            return
        if not job.over:
            self._say(f"Movie of {job.variable}: frame {job.written} of {job.frames or '...'}.")
            return
        self.job, self.button.label = None, MAKE
        if job.failure:
            self._say(job.failure, "mind")
            return
        self.content = job.content
        self.save.filename = self.named(f"-{css_name(job.variable)}{ENDING}")
        self.save.visible = True
        self._say(f"The movie of {job.variable} is ready ({size_text(len(job.content))}).")

    def _pressed(self, _event: Any) -> None:
        """Begin a movie, or end the one that is being made."""
        if self.job is not None:
            self.leave()
            self.button.label = MAKE
            self._say("The movie was stopped.")
        elif self.result is not None:
            self.save.visible, self.button.label = False, STOP
            self.job = FilmJob(self.result, self.variable()).start()
            self.look()
            self.asked()

    def _say(self, text: str, kind: str = "small") -> None:
        said = note(text, kind)
        if self.said.object != said:
            self.said.object = said
