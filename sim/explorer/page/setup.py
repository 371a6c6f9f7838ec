"""The left side of the page: what can be set of one scenario."""

from __future__ import annotations

from functools import partial
from typing import Any

import panel as pn

from sim.errors import HapsimError
from sim.experiment.scenario import Scenario
from sim.explorer.asked.choices import (
    cells_along,
    control,
    first_controls,
    geometries,
    other_controls,
    size_in_words,
    usual_cells,
    why_one_geometry,
)
from sim.explorer.asked.offers import offers
from sim.explorer.asked.request import (
    Request,
    TreatmentWish,
    said_of_cells,
    said_of_duration,
    said_of_tolerance,
    said_of_treatment,
    said_of_value,
    scenario_of,
)
from sim.explorer.page.looks import FOCUS
from sim.explorer.page.rows import ParameterField, TextField, TreatmentField, html, named_beside
from sim.explorer.page.spoken import spoken
from sim.explorer.page.words import block, note
from sim.identity.settings import RTOL
from sim.texts import duration_text
from sim.units import to_unit

ADD = "add another parameter ..."


class Setup:
    """The fields of a scenario, and the request that they make."""

    def __init__(self, base: Scenario) -> None:
        self.base = base
        self.parameters = {c.name: self._field(c) for c in first_controls(base)}
        self.sliders = pn.Column(
            *(f.view for f in self.parameters.values()), sizing_mode="stretch_width", margin=0
        )
        self.more = pn.widgets.Select(
            options=[ADD],
            sizing_mode="stretch_width",
            margin=(0, 10),
            css_classes=["more"],
            tags=spoken("add another parameter"),
        )
        self._offer_more()
        self.more.param.watch(self._add, "value")
        self._geometry_and_time()
        found = offers(base)
        self.treatments = [
            TreatmentField(o, self._said_of_treatment, self._titled) for o in found if not o.idle
        ]
        self.treated = self._card(*(t.view for t in self.treatments), self._idle(found), open_=False)
        self._titled()
        self.view = pn.Column(
            self._card(self.sliders, self.more, title="Parameters"),
            self._card(*self._placed(), title="Geometry and time"),
            self.treated,
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip

    def _geometry_and_time(self) -> None:
        base, known = self.base, geometries(self.base)
        self.geometry = pn.widgets.Select(
            options=known, value=base.geometry, disabled=len(known) < 2, width=220, margin=(0, 5),
            css_classes=["geometry"], tags=spoken("geometry"),
        )  # fmt: skip
        self.geometry.param.watch(self._turned, "value")
        days = to_unit(base.duration, "day")
        self.duration = TextField(
            "duration", "day", f"{days:.6g}", partial(said_of_duration, base),
            f"{duration_text(base.duration)} in this scenario",
        )  # fmt: skip
        self.cells = TextField(
            "cells", "1", str(cells_along(base)), self._said_of_cells,
            f"along the axis or the longer side; {size_in_words(base)} in this scenario",
        )  # fmt: skip
        self.tolerance = TextField(
            "tolerance", "1", f"{RTOL:g}", said_of_tolerance,
            "relative, of each step; 1e-3 is much faster where there are many cells",
        )  # fmt: skip

    def _placed(self) -> list[Any]:
        why = why_one_geometry(self.base)
        row = pn.Row(named_beside("geometry"), self.geometry, sizing_mode="stretch_width")
        return [row, html(note(why)), self.cells.view, self.duration.view, self.tolerance.view]

    @property
    def request(self) -> Request:
        """What is asked for now."""
        turned = self.geometry.value != self.base.geometry
        return Request(
            self.base,
            {name: f.text for name, f in self.parameters.items() if f.text},
            tuple(wish for t in self.treatments if (wish := t.wish) is not None),
            self.geometry.value,
            self.cells.box.value if turned else self.cells.text,
            self.duration.text,
            self.tolerance.text,
        )

    @property
    def refused(self) -> list[str]:
        """Names of the fields whose values cannot be taken."""
        for f in self._fields():
            f.judge()
        named = {
            "duration": self.duration,
            "cells": self.cells,
            "tolerance": self.tolerance,
            **self.parameters,
        }
        found = [name for name, f in named.items() if f.said.refused]
        return found + [t.name for t in self.treatments if t.said.refused]

    def _fields(self) -> list[Any]:
        return [self.duration, self.cells, self.tolerance, *self.parameters.values(), *self.treatments]

    def _field(self, c: Any) -> ParameterField:
        return ParameterField(c, partial(said_of_value, self.base, c.name))

    def _said_of_cells(self, text: str) -> Any:
        return said_of_cells(self.base, self.geometry.value, text)

    def _said_of_treatment(self, wish: TreatmentWish) -> Any:
        return said_of_treatment(self.base, wish)

    def _turned(self, _event: Any) -> None:
        """Another geometry has its own number of cells."""
        usual = str(usual_cells(self.base, self.geometry.value))
        try:
            placed = scenario_of(Request(self.base, geometry=self.geometry.value, cells=usual))
            self.cells.propose(usual, size_in_words(placed))
        except HapsimError as error:
            self.cells.note.object = note(str(error), "refused")

    def _offer_more(self) -> None:
        self.more.options = {ADD: ADD, **other_controls(self.base, list(self.parameters))}
        self.more.value = ADD

    def _add(self, event: Any) -> None:
        """A slider for a parameter that has none yet."""
        made = None if event.new == ADD else control(event.new, self.base.parameters[event.new])
        if made is not None and made.name not in self.parameters:
            self.parameters[made.name] = self._field(made)
            self.sliders.append(self.parameters[made.name].view)
            self._offer_more()

    def _titled(self) -> None:
        given = sum(t.given for t in self.treatments)
        self.treated.title = f"Treatments ({given or 'none'} given)"

    @staticmethod
    def _idle(found: list[Any]) -> Any:
        """Treatments that cannot act here, and why."""
        rows = [f"{o.given.title}: {o.idle}." for o in found if o.idle]
        text = "".join(note(row) for row in rows)
        return html(block(f'<span class="small">Cannot act in this scenario:</span>{text}') if rows else "")

    @staticmethod
    def _card(*rows: Any, title: str = "", open_: bool = True) -> Any:
        return pn.Card(
            *rows,
            title=title,
            collapsed=not open_,
            sizing_mode="stretch_width",
            margin=(0, 0, 8, 0),
            stylesheets=[FOCUS],
        )
