"""What `hapsim run` shows on standard error while the run goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from sim.errors import ConfigError
from sim.texts import duration_text

if TYPE_CHECKING:
    from sim.experiment.scenario import Scenario
    from sim.run.watching.watch import Watch


def shown_while_running(
    scenario: Scenario, quiet: bool, watched: bool, began: float
) -> tuple[bool | Callable[[float, int], None], Watch | None]:
    """What is told of steps, and what looks at states: in a terminal a bar, or lines that show the tissue too
    where it is watched; elsewhere a line every tenth of the run.

    began: time of the run [s] that it goes on from
    """
    from sim.run.watching.strip import is_terminal, strip

    if quiet and watched:
        raise ConfigError("--quiet and --watch contradict each other; leave one out.")
    if watched and is_terminal(sys.stderr):
        return False, strip()
    if quiet or sys.stderr.isatty():
        return not quiet, None
    tenths = [int(10 * began / scenario.duration)]

    def report(t: float, steps: int) -> None:
        done = int(10 * t / scenario.duration * (1 + 1e-9))
        if done > tenths[0]:
            tenths[0] = done
            click.echo(f"{scenario.name}: {10 * done} %, {duration_text(t)}, {steps} steps", err=True)

    return report, None
