"""`hapsim scenarios`, `hapsim parts`, `hapsim show NAME` and `hapsim glossary [WORD]`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.cli import choices
from sim.cli.tables import name_list, text_paragraph, text_table
from sim.texts import duration_text, length_text, quantity_text

if TYPE_CHECKING:
    from sim.experiment.scenario import Scenario
    from sim.parameters import Parameter, Parameters


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


@click.command()
@choices.debug
def parts() -> None:
    """List the parts of the model that not every scenario has, and what each brings."""
    from sim.model.library.parts import parts as found

    for name, part in found().items():
        click.echo(f"{name}: {part.title}")
        click.echo(text_paragraph(part.description))
        brought = [*part.species, *part.solids, *part.ligands, *(f"<layer>.{n}" for n in part.fields)]
        click.echo(text_paragraph(f"Brings {', '.join(dict.fromkeys(brought))}.") + "\n")
    click.echo("A scenario takes them by parts = ['soaps'], and hapsim run by --set parts=soaps.")


@click.command(short_help="Show what a scenario assumes, and why.")
@click.argument("name")
@click.argument("parameter", required=False, default="")
@choices.changes
@choices.treatments
@click.option("--all", "everything", is_flag=True, help="Every parameter of the model too.")
@click.option("--brief", is_flag=True, help="A line for each parameter, without description and note.")
@click.option("--toml", "as_file", is_flag=True, help="The scenario as a file, to start one's own from.")
@choices.debug
def show(
    name: str, parameter: str, changes: tuple[str, ...], treatments: tuple[str, ...], everything: bool,
    brief: bool, as_file: bool,
) -> None:  # fmt: skip
    """Show what a scenario assumes: tissue, fluid, parameters, what they mean and where they come from.

    With PARAMETER, such as lesion.radius, all there is to say of that one; a part of a name, such as
    phosphatase, shows those it fits. Values that --set changes are marked with *.
    """
    base, s = choices.chosen(name, changes, treatments)
    if as_file:
        from sim.experiment.saving import scenario_text

        click.echo(scenario_text(s, Path(f"{s.name}.toml")), nl=False)
        return
    if parameter:
        known = _with_left_out(s)
        if parameter in known:
            click.echo(_in_full(s, parameter, known))
            return
        before = base.parameters | {n: p for n, p in known.items() if n not in s.parameters}
        click.echo(_parameters(known, list(known.search(parameter)), before, brief))
        return
    click.echo(f"{s.name}: {s.title}")
    for text in (s.notes, f"Expected: {s.expected}" if s.expected else ""):
        if text:
            click.echo("\n" + text_paragraph(text))
    click.echo("\n" + text_table(_facts(s)))
    own = [n for n, p in s.parameters.items() if p != s.model.parameters.get(n)]
    own.sort(key=lambda n: n in s.model.parameters)  # its tissue and fluid first
    click.echo(f"\nParameters of the scenario ({len(own)})")
    click.echo(_parameters(s.parameters, own, base.parameters, brief))
    rest = [n for n in s.parameters if n not in own]
    if everything:
        click.echo(f"\nParameters of the model left at their defaults ({len(rest)})")
        click.echo(_parameters(s.parameters, rest, base.parameters, brief))
        click.echo("\n" + text_paragraph(_settable(s)))
    else:
        click.echo(f"\n{len(rest)} more of the model are left at their defaults: --all lists them.")
    changed = [n for n in s.parameters if _changed(n, s.parameters, base.parameters)]
    if changed:
        click.echo(f"* changed here: {', '.join(changed)}.")


@click.command()
@click.argument("word", nargs=-1)
@click.option("--markdown", is_flag=True, help="The whole of it as the page docs/glossary.md.")
@choices.debug
def glossary(word: tuple[str, ...], markdown: bool) -> None:
    """Say what names mean: parameters, species, processes, results, words of pathology.

    WORD is a part of a name or of its description, or several words that stand there together (von kossa);
    without it all are listed, by kind.
    """
    from sim.model.glossary.entries import glossary as found
    from sim.model.glossary.entries import glossary_page

    if markdown:
        click.echo(glossary_page(), nl=False)
        return
    rows = list(found(" ".join(word)))
    for kind in dict.fromkeys(row[1] for row in rows):
        here = [
            (name, f"{text} [{unit}]" if unit not in ("", "1") else text)
            for name, k, unit, text in rows
            if k == kind
        ]
        click.echo(f"\n{kind}" if kind != rows[0][1] else kind)
        click.echo(name_list(here))


def _with_left_out(s: Scenario) -> Parameters:
    """The parameters, and the fields of each layer or region that the scenario leaves at their default."""
    from sim.experiment.places import names_of
    from sim.model.words.naming import parameter_words
    from sim.parameters import Parameters

    names = (f"{place}.{field}" for place in names_of(s) for field in s.model.fields)
    more = {
        n: replace(s.parameter(n), description=parameter_words(s.model, n))
        for n in names
        if n not in s.parameters
    }
    return Parameters({**s.parameters, **more})


def _settable(s: Scenario) -> str:
    """What may be set for a layer although nothing here does."""
    from sim.parameters.wording import shown_unit
    from sim.units import si_unit, to_unit

    layers = [n for n, _ in s.layers]
    free = []
    for name, (value, given, text) in s.model.fields.items():
        if not all(f"{layer}.{name}" in s.parameters for layer in layers):
            unit = shown_unit(si_unit(given))
            free.append(f"{name} ({text}, {quantity_text(to_unit(value, unit), unit)})")
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
        *[("map", m.in_words()) for m in s.maps],
        *[("nucleation", repr(s.stochastic)) for _ in "1" if s.stochastic],
        ("boundary", f"{s.outer}: {outside[s.outer]}"),
        ("duration", duration_text(s.duration)),
        ("constants", s.constants),
    ]
    if s.initial:
        rows.append(("initial", ", ".join(f"{n} = {text}" for n, text in s.initial_in_words().items())))
    rows += [("course", text) for text in s.courses_in_words()]
    return rows + [("intervention", text) for text in s.interventions_in_words()]


def _changed(name: str, now: Parameters, before: Parameters) -> bool:
    return name not in before or now.si(name) != before.si(name)


def _parameters(parameters: Parameters, names: list[str], before: Parameters, brief: bool) -> str:
    """A line for each parameter and, unless brief, what it is and its note below."""
    rows = []
    for name in names:
        p = parameters[name]
        mark = "*" if _changed(name, parameters, before) else " "
        was = f"was {before[name].text()}" if mark == "*" and name in before else "set by hand"
        source = p.source or was
        rows.append((f"{mark} {name}", p.text(), p.range_text(), p.confidence, source))
    if not rows:
        return "  none"
    head, *lines = text_table(rows, ("  name", "value", "range", "confidence", "source")).splitlines()
    if brief:
        return "\n".join([head, *lines])
    said = (_sentences(parameters[name]) for name in names)
    return "\n".join([head, *(f"{a}\n{b}" if b else a for a, b in zip(lines, said, strict=True))])


def _sentences(p: Parameter) -> str:
    """What a parameter is, and why it has its value."""
    said = [t for t in (p.description, f"Note: {p.note}" if p.note else "") if t]
    return text_paragraph(". ".join(said), "      ") if said else ""


def _in_full(s: Scenario, name: str, parameters: Parameters) -> str:
    """All there is to say of one parameter."""
    from sim.parameters import load_references
    from sim.units import si_unit

    p, default, known = parameters[name], s.model.parameters.get(name), load_references()
    rows = [
        ("what", p.description or "nobody has said"),
        ("value", p.text()),
        ("in SI", f"{p.si:g} {si_unit(p.unit)}".removesuffix(" 1")),
        ("range", p.range_text() or "not stated"),
        ("confidence", p.confidence),
        ("note", p.note or "none"),
        *(("source", f"[{key}] {known.get(key, '(no entry)')}") for key in p.sources or ()),
    ]
    if name not in s.parameters:
        rows.append(("default", f"what {s.name} leaves so; --set {name}=VALUE changes it"))
    if default is not None and default != p:
        why = f" ({default.note})" if default.note else ""
        rows.append(("default", f"{default.text()} where a scenario says nothing" + why))
    return f"{name} of {s.name}\n" + name_list(rows)
