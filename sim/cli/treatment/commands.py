"""`hapsim treatments [NAME]`: what can be given, and what each is known from."""

from __future__ import annotations

import click

from sim.cli import choices
from sim.cli.tables import name_list, text_paragraph, text_table

NOTICE = (
    "Not a clinical tool: doses are levels in a model, many of them from memory or assumed; nothing here "
    "says what to give to anybody."
)


@click.command(short_help="List treatments, or say all there is to say of one.")
@click.argument("name", required=False, default="")
@choices.debug
def treatments(name: str) -> None:
    """List the treatments, a line each; with NAME all there is to say of one, each number with its source
    and confidence.

    \b
    Examples:
      hapsim treatments etidronate
      hapsim run infarct_myocardium --treat etidronate@3day..10day:2uM
    """
    from sim.experiment.treatments.treatment import treatment
    from sim.experiment.treatments.treatment import treatments as names

    if name:
        found = treatment(name)
        click.echo(f"{found.name}: {found.title}\n")
        click.echo(name_list([row for row in found.in_words() if row[1]]))
    else:
        rows = []
        for each in map(treatment, names()):
            dose, confidence = ("", "") if each.dose is None else (each.dose.text(), each.dose.confidence)
            rows.append((each.name, dose, confidence, each.title))
        click.echo(text_table(rows, ("name", "dose", "known", "title")))
        click.echo("\nhapsim treatments NAME describes one; hapsim run SCENARIO --treat NAME gives it.")
    click.echo("\n" + text_paragraph(NOTICE))
