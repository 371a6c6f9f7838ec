"""The Python that made a result: short, readable, and the same numbers when it is run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.errors import ScenarioError, shown
from sim.experiment.as_python.literals import Call, Name, source_of
from sim.experiment.as_python.scenario_source import changes, scenario_source
from sim.experiment.catalogue import scenario_from_text
from sim.experiment.scenario import Scenario
from sim.identity.versions import installed_version
from sim.public import public
from sim.run.continued.history import USUAL, recipes
from sim.run.result import Result

STOP = '''
def stop_at(end):
    """Interrupts a run at a time [s], where it was interrupted."""

    def progress(t, steps):
        if t >= end:
            raise KeyboardInterrupt

    return progress

'''


@public
def script(of: Result | Scenario) -> str:
    """Python that makes a result, or runs a scenario: the text of a file.

    A named scenario is called by its name, with what differs from it; a scenario without a base is written
    whole, pixels of pictures included. Of a run that goes on from others these come first. With the same
    version of hapsim the numbers are the same.
    Raises ScenarioError for a model of one's own.
    """
    if isinstance(of, Scenario):
        rows: list[dict[str, Any]] = [{}]
        made, version = [of], installed_version("hapsim")
    elif isinstance(of, Result):
        rows = recipes(of.manifest)
        rows[-1].setdefault("times", of.t.tolist())  # files of older versions do not say
        made = [_scenario(row) for row in rows]
        version = str(of.manifest["versions"].get("hapsim", "unknown"))
    else:
        raise ScenarioError(f"script needs a Result or a Scenario, not {shown(of)}.")
    lines = [f"# hapsim {ascii(version)[1:-1]}", "", "import sim", ""]
    if any(row.get("status") == "interrupted" for row in rows):
        lines.append(STOP)
    for k in range(len(rows)):
        lines += _run(rows, k, made[k], made[k - 1] if k else None)
    if "before" in rows[-1]:
        lines.append(f"result = {_with_before(rows, len(rows) - 1, last=True)}")
    return "\n".join([*lines, "print(result)", ""])


def _run(rows: Sequence[dict[str, Any]], k: int, s: Scenario, before: Scenario | None) -> list[str]:
    """The lines of one run."""
    row, last = rows[k], k == len(rows) - 1
    name, result = _called("scenario", k, last), _called("result", k, last)
    known = None if before is None else changes(before, s)
    if known is None:
        made: Call | Name = scenario_source(s)
    else:
        old = _called("scenario", k - 1, False)
        made = Call(f"{old}.changed", {}, (known,)) if known else Name(old)
    said = {key: row[key] for key, usual in USUAL.items() if row.get(key, usual) != usual}
    parent = row.get("parent")
    if parent:
        said["start"] = Name(_called("result", k - 1, False))
        if not parent["at_end"]:  # an output of any part of a result that was joined
            said |= {"start": Name(_with_before(rows, k - 1)), "at": parent["time"]}
    if row.get("status") == "interrupted":
        said["progress"] = Name(f"stop_at({float(row['t_end'])!r})")
    run = Call("sim.simulate", said, (Name(name),))
    return [f"{name} = {source_of(made, taken=len(name) + 3)}", f"{result} = {source_of(run, taken=12)}"]


def _called(what: str, k: int, last: bool) -> str:
    """The last run has no number."""
    return what if last else f"{what}_{k + 1}"


def _scenario(row: dict[str, Any]) -> Scenario:
    text = row.get("scenario_text", "")
    if not isinstance(text, str) or not text:
        why = row.get("no_scenario", "it was written by an older hapsim.")
        raise ScenarioError(f"there is no script of a result whose scenario was not kept: {why}")
    return scenario_from_text(str(row["scenario"]), text)


def _with_before(rows: Sequence[dict[str, Any]], k: int, last: bool = False) -> str:
    """A run joined with those before it, as far as it was."""
    name = _called("result", k, last)
    return name if "before" not in rows[k] else f"{name}.joined({_back_to(rows, k - 1, rows[k]['before'])})"


def _back_to(rows: Sequence[dict[str, Any]], k: int, begins: Any) -> str:
    """A run with all before it up to the one that goes on from `begins`."""
    name = _called("result", k, False)
    if k == 0 or rows[k].get("parent") == begins:
        return name
    return f"{name}.joined({_back_to(rows, k - 1, begins)})"
