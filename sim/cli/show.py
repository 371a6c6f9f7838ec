"""`hapsim scenarios`, `hapsim show NAME` and `hapsim glossary [WORD]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sim.cli import choices
from sim.cli.tables import name_list, text_paragraph, text_table
from sim.texts import duration_text, length_text

if TYPE_CHECKING:
    from sim.experiment.scenario import Scenario
    from sim.parameters import Parameters


@click.command()
@choices.debug
def scenarios() -> None:
    """List the scenarios, a line each."""
    from sim.experiment.catalogue import scenario
    from sim.experiment.catalogue import scenarios as names

    rows = []
    for name in names():
        s = scenario(name)
        rows.append((name, s.geometry.replace("_", " "), _extent(s), duration_text(s.duration), s.title))
    click.echo(text_table(rows, ("name", "geometry", "size", "duration", "title")))
    click.echo("\nhapsim show NAME says what one assumes, hapsim run NAME runs it.")


@click.command(short_help="Show what a scenario assumes, and why.")
@click.argument("name")
@choices.changes
@click.option("--all", "everything", is_flag=True, help="Every parameter of the model too.")
@choices.debug
def show(name: str, changes: tuple[str, ...], everything: bool) -> None:
    """Show what a scenario assumes: tissue, fluid, parameters and where they come from.

    Values that --set changes are marked with *.
    """
    base, s = choices.chosen(name, changes)
    click.echo(f"{s.name}: {s.title}")
    for text in (s.notes, f"Expected: {s.expected}" if s.expected else ""):
        if text:
            click.echo("\n" + text_paragraph(text))
    click.echo("\n" + text_table(_facts(s)))
    own = [n for n, p in s.parameters.items() if p != s.model.parameters.get(n)]
    own.sort(key=lambda n: n in s.model.parameters)  # its tissue and fluid first
    click.echo(f"\nParameters of the scenario ({len(own)})")
    click.echo(_parameters(s.parameters, own, base.parameters))
    rest = [n for n in s.parameters if n not in own]
    if everything:
        click.echo(f"\nParameters of the model left at their defaults ({len(rest)})")
        click.echo(_parameters(s.parameters, rest, base.parameters))
        click.echo("\n" + text_paragraph(_settable(s)))
    else:
        click.echo(f"\n{len(rest)} more of the model are left at their defaults: --all lists them.")
    changed = [n for n in s.parameters if _changed(n, s.parameters, base.parameters)]
    if changed:
        click.echo(f"* changed here: {', '.join(changed)}.")


@click.command()
@click.argument("word", required=False, default="")
@click.option("--markdown", is_flag=True, help="The whole of it as the page docs/glossary.md.")
@choices.debug
def glossary(word: str, markdown: bool) -> None:
    """Say what names mean: parameters, species, processes, quantities of layers and of results.

    WORD is a part of a name or of its description; without it all are listed, by kind.
    """
    from sim.model.glossary import glossary as found
    from sim.model.glossary import glossary_page

    if markdown:
        click.echo(glossary_page(), nl=False)
        return
    rows = list(found(word))
    for kind in dict.fromkeys(row[1] for row in rows):
        here = [
            (name, f"{text} [{unit}]" if unit not in ("", "1") else text)
            for name, k, unit, text in rows
            if k == kind
        ]
        click.echo(f"\n{kind}" if kind != rows[0][1] else kind)
        click.echo(name_list(here))


def _settable(s: Scenario) -> str:
    """What may be set for a layer although nothing here does."""
    layers = [n for n, _ in s.layers]
    free = [
        f"{name} ({text}, {value:g})"
        for name, (value, _, text) in s.model.fields.items()
        if not all(f"{layer}.{name}" in s.parameters for layer in layers)
    ]
    return f"Also settable for each layer, as {layers[0]}.NAME, with its default: {', '.join(free)}."


def _extent(s: Scenario) -> str:
    """How large the tissue is: from the centre to its edge."""
    from sim.space.geometries import GEOMETRIES

    if not GEOMETRIES[s.geometry].axes:
        return "-"
    if s.domain:
        return " x ".join(length_text(a) for a, _ in s.domain)
    return length_text(sum(s.size(name) for name, _ in s.layers))


def _facts(s: Scenario) -> list[tuple[str, str]]:
    from sim.space.geometries import GEOMETRIES

    if not GEOMETRIES[s.geometry].axes:
        layers = s.layers[0][0]
    elif s.domain:
        layers = ", ".join(n for n, _ in s.layers)
    else:
        layers = ", ".join(f"{n} {length_text(s.size(n))} ({c} cells)" for n, c in s.layers)
    outside = {
        "fixed": "fluid of fixed composition around it",
        "closed": "nothing passes its edge",
        "exchange": "exchange with a fluid through a resistance",
    }
    rows = [
        ("geometry", s.geometry.replace("_", " ")),
        ("layers", layers + (", from the centre outwards" if len(s.layers) > 1 else "")),
        *[("domain", f"{length_text(a)} ({c} cells)") for a, c in s.domain],
        *[(f"region {n}", repr(shape)) for n, shape in s.regions],
        *[("random field", repr(f)) for f in s.random_fields],
        *[("nucleation", repr(s.stochastic)) for _ in "1" if s.stochastic],
        ("boundary", f"{s.outer}: {outside[s.outer]}"),
        ("duration", duration_text(s.duration)),
        ("constants", s.constants),
    ]
    if s.initial:
        rows.append(("initial", ", ".join(f"{k} = {v}" for k, v in s.initial.items())))
    return rows + [("intervention", str(i)) for i in s.interventions]


def _changed(name: str, now: Parameters, before: Parameters) -> bool:
    return name not in before or now.si(name) != before.si(name)


def _parameters(parameters: Parameters, names: list[str], before: Parameters) -> str:
    rows = []
    for name in names:
        p = parameters[name]
        low, high = ("..." if b is None else f"{b:g}" for b in p.range)
        limits = "" if p.range == (None, None) else f"{low} to {high}"
        mark = "*" if _changed(name, parameters, before) else " "
        source = p.source or (f"was {before[name].text()}" if name in before else "set by hand")
        rows.append((f"{mark} {name}", p.text(), limits, p.confidence, source))
    head = ("  name", "value", "range", "confidence", "source")
    return text_table(rows, head) if rows else "  none"
