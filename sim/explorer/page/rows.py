"""Fields of the page: a parameter with slider and box, a text with its note, a treatment with its switch."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import panel as pn

from sim.explorer.asked.choices import SliderRange
from sim.explorer.asked.offers import Offer
from sim.explorer.asked.request import Said, TreatmentWish, with_unit
from sim.explorer.page.looks import CSS, FOCUS, SWITCH
from sim.explorer.page.spoken import spoken
from sim.explorer.page.words import block, label, note
from sim.units import convert_number, to_unit

BOX = 92  # pixels of a box for a number
STEP = 0.005  # of a slider, as a share of its length
TIGHT = (0, 5)


def html(text: str = "", **more: Any) -> Any:
    """A piece of HTML in the looks of the page."""
    looks: dict[str, Any] = {"margin": TIGHT, "sizing_mode": "stretch_width", "stylesheets": [CSS]}
    return pn.pane.HTML(text, **(looks | more))


class TextField:
    """A named box for a text, its unit, and a line below it.

    check: says what there is to say of a text; usual: the text that counts as unchanged
    hint: the line below while there is nothing to say
    """

    def __init__(
        self, name: str, unit: str, usual: str, check: Callable[[str], Said], hint: str = ""
    ) -> None:
        self.name, self.unit = name, unit
        self.usual, self.hint, self._check = usual, hint, check
        self.said = Said()
        self.box = pn.widgets.TextInput(
            value=usual,
            width=BOX,
            margin=TIGHT,
            css_classes=[f"box-{css_name(name)}"],
            tags=spoken(_in_unit(name, unit)),
        )
        self.note = html(note(hint), css_classes=[f"note-{css_name(name)}"])
        self.box.param.watch(self._typed, "value")
        self.view = self._laid_out()

    def _laid_out(self) -> Any:
        row = pn.Row(named_beside(self.name), self.box, _unit(self.unit), sizing_mode="stretch_width")
        return pn.Column(row, self.note, sizing_mode="stretch_width", margin=(0, 0, 6, 0))

    @property
    def text(self) -> str:
        """What was typed; "" where it is as it was."""
        typed = self.box.value.strip()
        return "" if typed == self.usual else typed

    def judge(self) -> None:
        """Say what there is to say of the text."""
        self.said = self._check(self.box.value) if self.text else Said()
        self.note.object = _line(self.said, self.hint)

    def propose(self, usual: str, hint: str = "") -> None:
        """Another text that counts as unchanged, and is in the box."""
        self.usual, self.hint = usual, hint or self.hint
        self.box.value = usual
        self.judge()

    def _typed(self, _event: Any) -> None:
        if not self.box.value.strip():  # an empty box gives back what was there
            self.box.value = self.usual
        self.judge()


class ParameterField(TextField):
    """A parameter: the slider moves within its range, the box takes any number, with its unit or without."""

    def __init__(self, control: SliderRange, check: Callable[[str], Said]) -> None:
        self.control = control
        self._following = False
        self.slider = pn.widgets.FloatSlider(
            start=0.0, end=1.0, step=STEP, value=control.position(control.value), show_value=False,
            tooltips=False, margin=(10, 10, 0, 10), sizing_mode="stretch_width",
            css_classes=[f"slider-{css_name(control.name)}"], stylesheets=[FOCUS],
            tags=spoken(f"{control.name}, a slider; the box after it has its value"),
        )  # fmt: skip
        usual = f"{control.value:.6g}"
        super().__init__(control.name, control.unit, usual, check)
        self.slider.param.watch(self._slid, "value")

    def _laid_out(self) -> Any:
        row = pn.Row(self.slider, self.box, _unit(self.unit), sizing_mode="stretch_width")
        head = html(label(self.name, self.control.words, self.control.range_text))
        return pn.Column(head, row, self.note, sizing_mode="stretch_width", margin=(0, 0, 10, 0))

    def _slid(self, event: Any) -> None:
        if not self._following:
            self._following = True
            self.box.value = f"{self.control.at(event.new):g}"
            self._following = False

    def _typed(self, event: Any) -> None:
        super()._typed(event)
        if not self._following and not self.said.refused:
            si = convert_number(with_unit(self.box.value, self.unit), self.unit, self.control.name)
            self._following = True
            self.slider.value = self.control.position(to_unit(si, self.unit))
            self._following = False


class TreatmentField:
    """A treatment: a switch and, when it is on, its dose and its times."""

    def __init__(
        self, offer: Offer, check: Callable[[TreatmentWish], Said], changed: Callable[[], None]
    ) -> None:
        given = offer.given
        self.name, self._check, self._changed = given.name, check, changed
        self.said = Said()
        self.switch = pn.widgets.CheckBoxGroup(  # of one: a box alone does not answer to its words
            options=[given.title], margin=(2, 5), css_classes=[f"treat-{css_name(given.name)}"],
            stylesheets=[SWITCH], sizing_mode="stretch_width",
        )  # fmt: skip
        known = given.dose
        self.dose = _short(
            "" if known is None else f"{known.value:g}", "usual", "dose", given.name,
            "1" if known is None else known.unit,
        )  # fmt: skip
        self.start, self.stop = (
            _short("0", "0", "start", given.name, "day"), _short("", "end", "stop", given.name, "day")
        )  # fmt: skip
        hint = f"Expected: {given.expected}." if given.expected else ""
        if known is not None:
            bounds = f"{known.range_text()}, {known.confidence}"
            hint = (
                f"Dose: {known.description}, {bounds}. {hint}" if known.description else f"{bounds}. {hint}"
            )
        self.hint, self.note = hint, html()
        doses = [] if known is None else [_word("dose"), self.dose, _unit(known.unit)]
        times = [_word("from"), self.start]
        times += [_word("to"), self.stop] if given.lasts else []
        self.details = pn.Column(
            *([pn.Row(*doses)] if doses else []),
            pn.Row(*times, _unit("day")),
            self.note,
            visible=False,
            margin=(0, 0, 6, 20),
        )
        self.view = pn.Column(self.switch, self.details, margin=0)
        for widget in (self.switch, self.dose, self.start, self.stop):
            widget.param.watch(self._touched, "value")

    @property
    def given(self) -> bool:
        """Whether it is switched on."""
        return bool(self.switch.value)

    @property
    def wish(self) -> TreatmentWish | None:
        """The treatment as it was typed; None where it is not given."""
        if not self.given:
            return None
        return TreatmentWish(self.name, self.dose.value, self.start.value, self.stop.value)

    def judge(self) -> None:
        """Say what there is to say of dose and times."""
        self.details.visible = self.given
        self.said = self._check(self.wish) if self.wish is not None else Said()
        self.note.object = _line(self.said, self.hint)

    def _touched(self, _event: Any) -> None:
        self.judge()
        self._changed()


def css_name(name: str) -> str:
    """A name as a class of CSS: "plasma-P"."""
    return "".join(c if c.isalnum() else "-" for c in name)


def _line(said: Said, hint: str) -> str:
    if said.refused:
        return note(said.refused, "refused")
    return note(said.mind, "mind") if said.mind else note(hint)


def named_beside(name: str) -> Any:
    """The name of a field at its left."""
    return _word(name, 82)


def _short(value: str, empty: str, what: str, treatment: str, unit: str) -> Any:
    """A narrow box of a treatment. empty: what an empty one stands for"""
    return pn.widgets.TextInput(
        value=value, placeholder=empty, width=70, margin=TIGHT,
        css_classes=[f"{what}-{css_name(treatment)}"], tags=spoken(_in_unit(f"{what} of {treatment}", unit)),
    )  # fmt: skip


def _in_unit(name: str, unit: str) -> str:
    """ "plasma.P [mM]"."""
    return name if unit == "1" else f"{name} [{unit}]"


def _word(text: str, width: int = 36) -> Any:
    return html(block(escape(text)), width=width, margin=(6, 0, 0, 5), sizing_mode=None)


def _unit(unit: str) -> Any:
    said = note("" if unit == "1" else unit)
    return html(said, width=84, margin=(7, 0, 0, 0), sizing_mode=None)
