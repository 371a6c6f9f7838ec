"""A run while it goes on: a figure in a notebook, lines in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sim.errors import ConfigError, not_installed, not_one_of
from sim.plotting.live.figure import LiveFigure, image_of
from sim.public import public
from sim.run.watching.strip import is_terminal, strip, usual_names
from sim.run.watching.watch import EVERY, SHARE, Watch

if TYPE_CHECKING:
    from sim.run.snapshot import Snapshot

WHERE = ("auto", "notebook", "terminal")


@public
def live(
    names: Sequence[str] | str | None = None,
    every: float | str = EVERY,
    where: str = "auto",
    share: float = SHARE,
) -> Watch:
    """What shows a run while it goes on: sim.simulate(scenario, watch=plot.live()).

    names: variables; calcium in solids and pH when None, or the first species of a model without them
    every: real time between two pictures [s or text], or "output"
    where: "notebook", one figure that is drawn again in its place: each variable over space (a box is cut
        through its middle) and the mean of the first over time; "terminal", lines of text, as
        `hapsim run --watch` has them, and nothing where standard error is no terminal; "auto" finds out
    share: of the run's real time that pictures may take; a picture takes a tenth of a second or two
    """
    if where not in WHERE:
        raise ConfigError(not_one_of("where", where, WHERE))
    chosen = [names] if isinstance(names, str) else names if names is None else list(names)
    if where == "notebook" or (where == "auto" and in_notebook()):
        return Watch(InNotebook(chosen), every, share)
    return strip(chosen, every, share)


def in_notebook() -> bool:
    """Whether a notebook's kernel shows what is displayed."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None and not is_terminal(sys.stderr)


class InNotebook:
    """One figure of a notebook that is drawn again in its place. names: variables; None for the usual"""

    def __init__(self, names: Sequence[str] | None):
        try:
            from IPython.display import display
        except ImportError:
            raise ConfigError(not_installed("a live figure needs", "ipython")) from None
        from matplotlib.backends import backend_agg  # noqa: F401  # now, and not on the clock of the run

        self.names, self.display = names, display
        self.figure: LiveFigure | None = None
        self._handle: Any = None

    def __call__(self, snapshot: Snapshot) -> None:
        """Show a run as it is now."""
        if snapshot.call == 1 or self.figure is None:
            names = usual_names(snapshot) if self.names is None else self.names
            self.figure = LiveFigure(snapshot, names)
            self._handle = self.display(image_of(self.figure.png()), display_id=True)
            return
        self.figure.update(snapshot)
        self._handle.update(image_of(self.figure.png()))
