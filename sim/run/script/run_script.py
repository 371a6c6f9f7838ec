"""The Python that made a result: short, readable, and the same numbers when it is run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.errors import ScenarioError, shown
from sim.experiment.catalogue import scenario_from_text
from sim.experiment.scenario import Scenario
from sim.identity.versions import installed_version
from sim.public import public
from sim.run.continued.history import USUAL, recipes
from sim.run.result import Result
from sim.run.script.literals import Call, Name, source_of
from sim.run.script.scenario_source import changes, scenario_source

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
        made, version, joined = [of], installed_version("hapsim"), 0
    elif isinstance(of, Result):
        rows = recipes(of.manifest)
        rows[-1].setdefault("times", of.t.tolist())  # files of older versions do not say
        made, joined = [_scenario(row) for row in rows], _joined(of.manifest, rows)
        version = str(of.manifest["versions"].get("hapsim", "unknown"))
    else:
        raise ScenarioError(f"script needs a Result or a Scenario, not {shown(of)}.")
    lines = [f"# hapsim {ascii(version)[1:-1]}", "", "import sim", ""]
    if any(row.get("status") == "interrupted" for row in rows):
        lines.append(STOP)
    for k, (row, s) in enumerate(zip(rows, made, strict=True)):
        lines += _run(k, row, s, made[k - 1] if k else None, last=k == len(rows) - 1)
    for k in range(len(rows) - 2, len(rows) - 2 - joined, -1):
        lines.append(f"result = result.joined({_called('result', k, False)})")
    return "\n".join([*lines, "print(result)", ""])


def _run(k: int, row: dict[str, Any], s: Scenario, before: Scenario | None, last: bool) -> list[str]:
    """The lines of one run."""
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
        if not parent["at_end"]:
            said["at"] = parent["time"]
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


def _joined(manifest: dict[str, Any], rows: Sequence[dict[str, Any]]) -> int:
    """How many of the runs before a result was joined with."""
    if "before" not in manifest:
        return 0
    count = 1
    while count < len(rows) - 1 and rows[-1 - count].get("parent") != manifest["before"]:
        count += 1
    return count
