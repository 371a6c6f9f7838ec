"""What commands have in common: NAME, --set, and options that are described in one way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from sim.errors import ConfigError, ScenarioError

if TYPE_CHECKING:
    from sim.experiment.scenario import Scenario


class LateHelp(click.Option):
    """An option whose help is asked for only when it is shown, as it needs modules that take a while.

    words: gives the help text
    """

    def __init__(self, *names: Any, words: Callable[[], str], **more: Any) -> None:
        super().__init__(*names, **more)
        self.words = words

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        self.help = self.words()
        return super().get_help_record(ctx)


def word_list(words: Any) -> str:
    """ "a, b or c"."""
    *some, last = [str(word) for word in words]
    return f"{', '.join(some)} or {last}" if some else last


debug = click.option("--debug", is_flag=True, expose_value=False, hidden=True)
changes = click.option(
    "--set", "-s", "changes", multiple=True, metavar="KEY=VALUE",
    help="Change a parameter (lesion.radius='2 mm'), the cells of a layer (lesion.cells=20), an "
    "intervention (PPi.at='3 day', PPi.until='10 day'), an amount at the start (initial.Ca='1.2 mM', or "
    "none), or geometry, outer, duration, resolution, constants, growth_law, parts, "
    "seed. VALUE may be a name times a number (plasma.PPi='plasma.PPi * 3'), or a CSV with the course "
    "that KEY follows (plasma.P=serum.csv, which begins with 'time [day], P [mM]'). "
    "May be repeated; plain numbers are SI, and refused where that cannot be meant.",
)  # fmt: skip
treatments = click.option(
    "--treat", "-t", "treatments", multiple=True, metavar="NAME[/REGION][@START[..STOP]][:DOSE]",
    help="Give a treatment (hapsim treatments): etidronate, etidronate@3day..10day, "
    "etidronate@3day..10day:2uM, lavage/border@3day:0.5. May be repeated; --set etidronate.dose=5uM "
    "changes one that is given.",
)  # fmt: skip
force = click.option("--force", is_flag=True, help="Overwrite files that are there.")
quiet = click.option("--quiet", "-q", is_flag=True, help="No progress; print only where the files are.")


def pairs(words: tuple[str, ...], option: str) -> dict[str, str]:
    """KEY=VALUE words as a dictionary, each key once."""
    found: dict[str, str] = {}
    for word in words:
        key, sign, value = (part.strip() for part in word.partition("="))
        if not sign or not key or not value:
            raise ConfigError(f"{option} {word!r} is not KEY=VALUE; write for example pH=7.4.")
        if key in found:
            raise ConfigError(f"{option} gives {key} twice.")
        found[key] = value
    return found


def quantity(text: str) -> float | int | str:
    """A plain number, or the text itself, which may carry a unit."""
    for kind in (int, float):  # a seed has more digits than a float holds
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def named(name: str) -> Scenario:
    """The scenario of this name or path; for a part of a name, the whole ones are offered."""
    from sim.experiment.catalogue import is_path, scenario, scenarios

    inside = [n for n in scenarios() if name.casefold() in n.casefold()]
    if not is_path(name) and name not in scenarios() and inside:
        hint = f"Did you mean {' or '.join(repr(n) for n in inside[:4])}?"
        raise ScenarioError(f"no scenario is called '{name}'. {hint}")
    return scenario(name)


def chosen(
    name: str, given: tuple[str, ...] = (), treated: tuple[str, ...] = (), **more: Any
) -> tuple[Scenario, Scenario]:
    """The scenario of this name or path, as it is and `with_changes`."""
    base = named(name)
    return base, with_changes(base, given, treated, **more)


def with_changes(
    base: Scenario, given: tuple[str, ...] = (), treated: tuple[str, ...] = (), **more: Any
) -> Scenario:
    """A scenario with the changes of --set and of other options.

    treated: the words of --treat, which --set may then change
    more: changes by the options that are short for them (--days for duration), None where not given
    """
    from sim.experiment.targets import TEXTS
    from sim.experiment.typed import typed

    values: dict[str, Any] = {
        key: text if key in TEXTS else quantity(text) for key, text in pairs(given, "--set").items()
    }
    for key, value in more.items():
        if value is not None and key in values:
            raise ConfigError(f"{key} is given twice, by --set {key}=... and by an option; leave one out.")
        if value is not None:
            values[key] = value
    made = base
    if treated and "duration" in values:  # first: a treatment may lie beyond the end that was
        made = typed(made, {"duration": values.pop("duration")})
    for word in treated:
        made = made.treated(word)
    files = {
        key: text for key, text in values.items() if isinstance(text, str) and text.lower().endswith(".csv")
    }
    if files:
        from sim.experiment.timing.course import Course

        kept = [c for c in made.courses if c.of not in files]
        values = {key: value for key, value in values.items() if key not in files}
        values["courses"] = (*kept, *(Course(key, file=text) for key, text in files.items()))
    return typed(made, values) if values else made


def names_in(text: str | None) -> list[str] | None:
    """The words of "HAP, pH"; None stays None."""
    return None if text is None else [word.strip() for word in text.split(",") if word.strip()]
