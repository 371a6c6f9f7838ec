"""The command line, as it describes itself."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import click

from docs.building.tables import slug
from sim.cli import main


@lru_cache(maxsize=1)
def commands() -> dict[str, str]:
    """ "hapsim run" -> its help; groups before what they hold."""
    return dict(
        _helps(main, click.Context(main, info_name="hapsim", terminal_width=100, max_content_width=100))
    )


def _helps(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from _helps(inner, click.Context(inner, info_name=name, parent=context))


def pages() -> dict[str, str]:
    """Path in the source tree -> text."""
    lines = [
        "# Command line",
        "`hapsim COMMAND --help` prints the same, exit codes included; `python -m sim` is `hapsim`.",
    ]
    for name, text in commands().items():
        lines += [f"({slug(name)})=\n## {name}", f"```text\n{text.rstrip()}\n```"]
    return {"reference/command_line.md": "\n\n".join(lines) + "\n"}
