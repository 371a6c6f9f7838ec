"""What was done to the tissue during a run: bars and marks above a time axis, and thin lines in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.errors import HapsimError
from sim.plotting.labels import name_of, wrapped
from sim.plotting.ticks import figure_of, points_across, text_width
from sim.texts import significant
from sim.units import convert

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.run.result import Result

ROW = 13.0  # height of a row of marks above the axes [pt]
SIZE = 8.2  # of their words [pt]
MOST_ROWS, MOST_LINES = 4, 16
TONE = "0.35"
MARK = "intervention"  # in the gid of what is drawn here
_SAID = re.compile(r"^(?P<label>.*) at (?P<when>\S+ [A-Za-z]+): (?P<what>.*)$")


class Event(NamedTuple):
    """What was done. start, end: [s], equal for what happens at once; key: what it is about"""

    start: float
    end: float
    words: str
    key: str


def events(result: Result) -> list[Event]:
    """The interventions of a run, in time. A changed value lasts until it is changed again, or to the end;
    one that is set back to what it was before ends there."""
    end = float(result.t[-1]) if result.t.size else 0.0
    found: list[Event] = []
    running: dict[str, tuple[float, str]] = {}
    at_first = _before(result)
    for at, label, changes, once in _interventions(result):
        if at > end * (1 + 1e-9):
            break
        found += [Event(at, at, label or words, "once") for words in once]
        for key, value in changes.items():
            if key in running:
                start, words = running.pop(key)
                found.append(Event(start, at, words, key))
            if value and value == at_first.get(key):
                continue
            words = label or f"{name_of(key)} {value}".strip()
            running[key] = (at, words)
    found += [Event(start, end, words, key) for key, (start, words) in running.items()]
    return sorted(found, key=lambda e: (e.start, e.key))


def _interventions(result: Result) -> list[tuple[float, str, dict[str, str], list[str]]]:
    """(time [s], label, {what lasts: value}, what happens at once), in time."""
    found = [_parsed(text) for text in result.manifest.get("interventions", [])]
    return sorted((f for f in found if f is not None), key=lambda f: f[0])


def _parsed(text: object) -> tuple[float, str, dict[str, str], list[str]] | None:
    """An intervention as a manifest words it: "label at 3 days: PPi 20 uM, excise lesion"."""
    said = _SAID.match(str(text))
    if said is None:
        return None
    try:
        at = float(convert(said["when"], "s"))
    except HapsimError:
        return None
    lasting, once = {}, []
    for part in said["what"].split(", "):
        if part.startswith(("excise ", "set ")):
            once.append(re.sub(r"^excise (.*)$", r"\1 excised", _printed(part)))
        else:
            name, _, value = part.partition(" ")
            lasting[name] = _printed(value)
    label = said["label"]
    return at, "" if label == "intervention" else label, lasting, once


def _printed(value: str) -> str:
    """A number with its unit as printed: "20 µM"; digits that only a machine wants are left out."""
    value = re.sub(r"\bu(?=[A-Za-z])", "µ", value)
    return re.sub(r"-?\d+\.\d{4,}(e[-+]?\d+)?", lambda m: significant(float(m.group())), value)


def _before(result: Result) -> dict[str, str]:
    """{what an intervention may change: its value at the start}, worded as interventions are."""
    found = {}
    for name, p in result.parameters.items() if isinstance(result.parameters, Mapping) else ():
        words = _printed(f"{significant(p.value, 6)} {p.unit}".removesuffix(" 1"))
        found[str(name)] = words
        if str(name).startswith("plasma."):
            found[str(name).removeprefix("plasma.")] = words
    return found


def rows_of(given: list[Event], across: Callable[[float], float]) -> list[list[Event]]:
    """Events in rows of which the words do not run into each other. across: place of a time [pt]"""
    rows: list[tuple[str, float, list[Event]]] = []
    for one in given:
        left = across(one.start)
        right = max(across(one.end), left + text_width(one.words, SIZE) + 8.0)
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
            late = across(one.start) + text_width(words, SIZE) > 1.15 * width
            _word(ax, words, last if late else a, place, late)


def _word(ax: Axes, words: str, at: float, place: Any, late: bool) -> None:
    """Words over a bar from its start on; late: they would run out of the picture and end there."""
    ax.annotate(
        words, (at, 1.0), (0.0, 1.5), xycoords=place, textcoords="offset points",
        ha="right" if late else "left", va="bottom", fontsize=SIZE, color="0.2", annotation_clip=False,
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
        words = f"{len(steps)} steps: {wrapped(steps[0].words, 80)} to {steps[-1].words}"
        out.append(Event(steps[0].start, steps[-1].end, words, key))
    return sorted(out, key=lambda e: (e.start, e.key))


def height(ax: Axes) -> float:
    """Room [pt] that marks of events take above axes."""
    rows = [t for t in ax.texts if t.get_gid() == MARK]
    inch = figure_of(ax).dpi / 72.0
    tops = [(t.xycoords.transform((0.0, 1.0))[1] - ax.bbox.y1) / inch + ROW for t in rows]  # type: ignore[attr-defined]
    return max(tops, default=0.0)
