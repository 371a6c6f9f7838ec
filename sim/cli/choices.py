"""What commands have in common: NAME, --set, and options that are described in one way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from sim.errors import ConfigError, ScenarioError, listing, nearest

if TYPE_CHECKING:
    from sim.experiment.scenario import Scenario

OPTIONS = ("constants", "growth_law")
FIELDS = ("geometry", "outer", "duration")


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
    help="Change a parameter (lesion.radius='2 mm'), the cells of a layer (lesion.cells=20), or "
    "geometry, outer, duration, constants, growth_law. May be repeated; plain numbers are SI.",
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


def quantity(text: str) -> float | str:
    """A plain number, or the text itself, which may carry a unit."""
    try:
        return float(text)
    except ValueError:
        return text


def named(name: str) -> Scenario:
    """The scenario of this name; for a part of a name, the whole ones are offered."""
    from sim.experiment.catalogue import scenario, scenarios

    inside = [n for n in scenarios() if name.casefold() in n.casefold()]
    if name not in scenarios() and inside:
        hint = f"Did you mean {' or '.join(repr(n) for n in inside[:4])}?"
        raise ScenarioError(f"no scenario is called '{name}'. {hint}")
    return scenario(name)


def chosen(name: str, given: tuple[str, ...] = ()) -> tuple[Scenario, Scenario]:
    """The scenario of this name, as it is and with the changes of --set."""
    from sim.experiment.catalogue import scenario

    values = pairs(given, "--set")
    base = named(name)
    options = {k: values.pop(k) for k in OPTIONS if k in values}
    made = scenario(name, **options) if options else base
    fields: dict[str, Any] = {k: values.pop(k) for k in FIELDS if k in values}
    if "duration" in fields:
        fields["duration"] = quantity(fields["duration"])
    if fields:
        made = made.with_(**fields)
    cells = {k.removesuffix(".cells"): values.pop(k) for k in list(values) if k.endswith(".cells")}
    if cells:
        made = made.with_geometry(made.geometry, {k: _count(k, v) for k, v in cells.items()})
    for key in values:
        if "." not in key:
            known = [*OPTIONS, *FIELDS]
            close = nearest(key, known) or nearest(key, list(made.parameters))
            inside = [n for n in made.parameters if n.endswith(f".{key}")]
            hint = f" Did you mean {listing(inside, 4)}?" if inside else close
            raise ConfigError(f"'{key}' cannot be set.{hint}")
    return base, made.with_parameters({k: quantity(v) for k, v in values.items()})


def _count(layer: str, text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 100_000:
        raise ConfigError(f"{layer}.cells = {text!r} is not a number of cells, 1 to 100000.")
    return int(text)
