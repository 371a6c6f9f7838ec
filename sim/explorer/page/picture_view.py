"""A picture on the page: a choice of what it shows where there is one, and buttons to take it away."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from typing import Any

import panel as pn

from sim.explorer.made.job import Drawings
from sim.explorer.made.pictures import DOTS, FORMATS, DrawnFigure
from sim.explorer.page.looks import FOCUS
from sim.explorer.page.rows import css_name, html
from sim.explorer.page.words import note
from sim.run.result import Result

Draw = Callable[[Result, str], DrawnFigure]
BUTTON = 150  # pixels


class PictureView:
    """One picture of a run.

    what: can be chosen, "" where nothing can; draw: how what is chosen is drawn; drawings: in whose thread
    """

    def __init__(self, name: str, empty: str, what: str, draw: Draw, drawings: Drawings) -> None:
        self.name, self.draw, self.drawings, self.empty = name, draw, drawings, empty
        self.result: Result | None = None
        self.made: DrawnFigure | None = None
        self.asked: Callable[[], None] = lambda: None
        self.choice = pn.widgets.Select(
            label=what, options=[], width=300, visible=False, css_classes=[f"choice-{css_name(name)}"]
        )
        self.buttons = pn.Row(*(self._button(form) for form in FORMATS), visible=False, margin=0, align="end")
        self.said = html(note(empty))
        self.shown = pn.pane.PNG(None, sizing_mode="scale_width", margin=(5, 10))
        self.below = pn.Column(sizing_mode="stretch_width", margin=0)
        head = [self.choice] if what else []
        self.head = pn.FlexBox(*head, self.buttons, align_items="flex-end")
        self.view = pn.Column(self.head, self.said, self.shown, self.below, sizing_mode="stretch_width")
        self.choice.param.watch(lambda _event: self.ask(), "value")

    def offer(self, result: Result, options: dict[str, str], usual: str = "") -> None:
        """Choices for a run; what was chosen before stays chosen where it is there."""
        self.result = None  # nothing is drawn while the choices change
        held = self.choice.value
        self.choice.options = options
        self.choice.value = held if held in options.values() else usual or next(iter(options.values()))
        self.choice.visible = len(options) > 1
        self.result = result

    def clear(self) -> None:
        """Show nothing of the run before."""
        self.made, self.result, self.shown.object, self.buttons.visible = None, None, None, False
        self.said.object = note(self.empty)

    def ask(self) -> None:
        """Have what is chosen drawn."""
        if self.result is not None:
            self.said.object = note("Drawing ...")
            self.drawings.ask(self.name, partial(self.draw, self.result, self.choice.value))
            self.asked()

    def show(self, made: DrawnFigure, named: Callable[[str], str]) -> None:
        """Show a picture. named: the name of a file with this ending"""
        self.made = made
        self.shown.alt_text, self.shown.object = made.alt, made.png or None
        if made.figure is not None:
            self.shown.max_width = int(DOTS * made.figure.get_size_inches()[0])
        self.said.object = note(made.failure, "mind")
        self.buttons.visible = made.figure is not None
        for button, form in zip(self.buttons, FORMATS, strict=True):
            button.filename = named(f"-{css_name(self.name).lower()}.{form}")

    def _button(self, form: str) -> Any:
        return download(f"Picture ({form.upper()})", f"picture.{form}", lambda: self._saved(form))

    def _saved(self, form: str) -> bytes:
        return b"" if self.made is None else self.made.saved(form)


def download(words: str, name: str, content: Callable[[], bytes]) -> Any:
    """A button that gives a file away, made when it is pressed."""
    return pn.widgets.FileDownload(
        callback=lambda: io.BytesIO(content()),
        filename=name,
        label=words,
        width=BUTTON,
        margin=5,
        stylesheets=[FOCUS],
    )
