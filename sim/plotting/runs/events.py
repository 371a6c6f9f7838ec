"""What was done to the tissue during a run: bars and marks above a time axis, and thin lines in it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.errors import HapsimError
from sim.plotting.canvas import SMALL
from sim.plotting.labels import drawable, words_of
from sim.plotting.ticks import figure_of, points_across, text_width
from sim.texts import significant
from sim.units import convert

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.experiment.intervention import Intervention
    from sim.run.result import Result

ROW = 13.0  # height of a row of marks above the axes [pt]
MOST_ROWS, MOST_LINES = 4, 16
TONE = "0.35"
MARK = "intervention"  # in the gid of what is drawn here
_SAID = re.compile(
    r"^(?P<label>.*) at (?P<when>\S+ [A-Za-z]+)(?: until (?P<until>\S+ [A-Za-z]+))?: (?P<what>.*)$"
)


class Event(NamedTuple):
    """What was done. start, end: [s], equal for what happens at once; key: what it is about"""

    start: float
    end: float
    words: str
    key: str


class _Deed(NamedTuple):
    """An intervention in words. until: [s], inf where it has no end of its own
    lasting: {what: value in words}; once: what happens at its time alone
    back: of `lasting`, what it sets back to the scenario's own value
    """

    at: float
    until: float
    label: str
    lasting: dict[str, str]
    once: list[str]
    back: frozenset[str] = frozenset()


def events(result: Result) -> list[Event]:
    """The interventions of a run, in time. A changed value lasts until its end or until it is changed
    again, else to the end of the run; one that is set back to the scenario's own ends there. Several values
    of one labelled intervention are one event while they last alike."""
    end = float(result.t[-1]) if result.t.size else 0.0
    found: list[Event] = []
    running: dict[str, Event] = {}
    deeds = _deeds(result)
    for deed in sorted(deeds, key=lambda d: d.at):
        if deed.at > end * (1 + 1e-9):
            break
        found += [Event(deed.at, deed.at, deed.label or words, "once") for words in deed.once]
        for key, value in deed.lasting.items():
            if key in running and running[key].end > deed.at:
                found.append(running.pop(key)._replace(end=deed.at))
            elif key in running:
                found.append(running.pop(key))
            if key not in deed.back:
                words = deed.label or f"{words_of(key)} {value}"
                running[key] = Event(deed.at, min(deed.until, end), words, key)
    found += _courses(result, end)
    rows = sorted([*found, *running.values()], key=lambda e: (e.start, e.key))
    return list({(e.start, e.end, e.words): e for e in reversed(rows)}.values())[::-1]


def _courses(result: Result, end: float) -> list[Event]:
    """What follows a course, from its first point to its last."""
    found = []
    for table in result.manifest.get("course_tables", ()):
        first, last = (float(convert(table["times"][k], "s")) for k in (0, -1))
        if first < end:
            name = str(table["of"])
            words = f"{words_of(name.removeprefix('plasma.'))} follows a course"
            found.append(Event(max(0.0, first), min(last, end), words, name))
    return found


def _deeds(result: Result) -> list[_Deed]:
    """What was done, exact where the manifest is; files of older versions have words only."""
    texts, done = result.manifest.get("interventions", []), result.interventions
    if len(done) != len(texts):
        own = _own_values(result)
        return [_with_back(d, own) for d in map(_parsed, texts) if d is not None]
    return [_deed(i, words, result) for i, words in zip(done, texts, strict=True)]


def _deed(given: Intervention, words: str, result: Result) -> _Deed:
    """An intervention with the words of its manifest, and its times and what it sets back from itself."""
    said = _parsed(words) or _Deed(0.0, 0.0, given.label, {}, [])
    until = float("inf") if given.until is None else given.until
    own = {n: p.si for n, p in result.parameters.items()}
    values = {n: (v, f"plasma.{n}") for n, v in given.boundary.items()}
    values |= {n: (v, n) for n, v in given.parameters.items()}
    back = frozenset(
        n
        for n, (v, name) in values.items()
        if v == name or (not isinstance(v, str) and math.isclose(float(v), own.get(name, math.nan)))
    )
    # A treatment is worded by its name and dose, which its label alone would not tell.
    label = "" if given.treatment and given.label == given.treatment else drawable(given.label)
    return said._replace(at=given.at, until=until, label=label, back=back)


def _with_back(deed: _Deed, own: dict[str, str]) -> _Deed:
    """A deed that is known by its words: what reads like the scenario's own value is that."""
    back = (n for n, words in deed.lasting.items() if words in (n, f"plasma.{n}", own.get(n)))
    return deed._replace(back=frozenset(back))


def _parsed(text: object) -> _Deed | None:
    """The intervention of a text such as "label at 3 days until 10 days: PPi 20 uM, excise lesion"."""
    said = _SAID.match(str(text))
    if said is None:
        return None
    try:
        at = float(convert(said["when"], "s"))
        until = float(convert(said["until"], "s")) if said["until"] else float("inf")
    except HapsimError:
        return None
    lasting, once = {}, []
    for part in said["what"].split(", "):
        if part.startswith(("excise ", "set ", "once ")):
            once.append(re.sub(r"^excise (.*)$", r"\1 excised", _printed(part)).removeprefix("once "))
        else:
            name, _, value = part.partition(" ")
            lasting[name] = _printed(value)
    label = said["label"]
    return _Deed(at, until, "" if label == "intervention" else label, lasting, once)


def _printed(value: str) -> str:
    """A number with its unit as printed: "20 µM"; digits that only a machine wants are left out."""
    value = re.sub(r"\bu(?=[A-Za-z])", "µ", value.removesuffix(" in SI"))
    return re.sub(r"-?\d+\.\d{4,}(e[-+]?\d+)?", lambda m: significant(float(m.group())), value)


def _own_values(result: Result) -> dict[str, str]:
    """{what an intervention may change: its value in the scenario}, worded as interventions are."""
    found = {}
    for name in result.parameters:
        p = result.parameters[name]
        words = _printed(f"{significant(p.value, 6)} {p.unit}".removesuffix(" 1"))
        found[str(name)] = found[str(name).removeprefix("plasma.")] = words
    return found


def rows_of(given: list[Event], across: Callable[[float], float]) -> list[list[Event]]:
    """Events in rows of which the words do not run into each other. across: place of a time [pt]"""
    rows: list[tuple[str, float, list[Event]]] = []
    for one in given:
        left = across(one.start)
        right = max(across(one.end), left + text_width(one.words, SMALL) + 8.0)
        for k, (key, taken, members) in enumerate(rows):
            if left >= taken and (one.key == key or one.key == "once" == key):
                rows[k] = (key, right, [*members, one])
                break
        else:
            rows.append((one.key, right, [one]))
    return [members for _, _, members in rows]


def mark_events(ax: Axes, given: list[Event], per: float) -> None:
    """Draw events over a time axis in units of `per` seconds.

    What lasts is a bar from its start to its end, what happens at once a small triangle; a thin line
    stands in the axes at each. Of many steps of one quantity the first and last are worded.
    """
    from matplotlib.transforms import ScaledTranslation

    given = _few(given)
    last = float(ax.get_xlim()[1])
    if not given or not last > 0:
        return
    width, _ = points_across(ax)

    def across(time: float) -> float:
        at = ax.transData.transform((min(time / per, last), 0.0))
        return width * float(ax.transAxes.inverted().transform(at)[0])

    rows = rows_of(given, across)
    hidden = sum(len(row) for row in rows[MOST_ROWS:])
    for start in dict.fromkeys(t for e in given for t in (e.start, e.end) if 0 < t < last * per * (1 - 1e-9)):
        ax.axvline(start / per, color="0.45", lw=0.7, ls=(0, (1, 2)), zorder=2.6, gid=MARK, label="_event")
    for k, row in enumerate(rows[:MOST_ROWS]):
        up = ScaledTranslation(0.0, (3.0 + ROW * k) / 72.0, figure_of(ax).dpi_scale_trans)
        place: Any = ax.get_xaxis_transform() + up
        for one in row:
            a, b = one.start / per, min(one.end / per, last)
            if b > a:
                ax.plot(
                    [a, b], [1, 1], transform=place, color=TONE, lw=2.2, solid_capstyle="butt",
                    clip_on=False, gid=MARK, label="_event",
                )  # fmt: skip
            else:
                ax.plot(
                    [a], [1], transform=place, color=TONE, marker="v", ms=4.5, mec="none", ls="",
                    clip_on=False, gid=MARK, label="_event",
                )  # fmt: skip
            words = one.words + (f" (and {hidden} more)" if hidden and one is row[-1] and not k else "")
            late = across(one.start) + text_width(words, SMALL) > 1.15 * width
            _word(ax, words, last if late else a, place, late)


def _word(ax: Axes, words: str, at: float, place: Any, late: bool) -> None:
    """Words over a bar from its start on; late: they would run out of the picture and end there."""
    ax.annotate(
        words, (at, 1.0), (0.0, 1.5), xycoords=place, textcoords="offset points",
        ha="right" if late else "left", va="bottom", fontsize=SMALL, color="0.2", annotation_clip=False,
        gid=MARK,
    )  # fmt: skip


def _few(given: list[Event]) -> list[Event]:
    """Steps of one quantity, too many to be worded each, as one bar with its first and last value."""
    out: list[Event] = []
    for key in dict.fromkeys(e.key for e in given):
        steps = [e for e in given if e.key == key]
        if len(given) <= MOST_LINES and (key == "once" or len(steps) <= 3):
            out += steps
            continue
        words = f"{steps[0].words} to {steps[-1].words.rpartition(' ')[2]} in {len(steps)} steps"
        out.append(Event(steps[0].start, steps[-1].end, words, key))
    return sorted(out, key=lambda e: (e.start, e.key))


def height(ax: Axes) -> float:
    """Room [pt] that marks of events take above axes."""
    rows = [t for t in ax.texts if t.get_gid() == MARK]
    inch = figure_of(ax).dpi / 72.0
    tops = [(t.xycoords.transform((0.0, 1.0))[1] - ax.bbox.y1) / inch + ROW for t in rows]  # type: ignore[attr-defined]
    return max(tops, default=0.0)
