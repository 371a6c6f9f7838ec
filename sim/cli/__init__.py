"""The command line: `hapsim COMMAND`, the same as `python -m sim COMMAND`.

Exit codes are in `exit_codes` and at the end of --help. Data go to stdout, progress and warnings to stderr.
"""

from __future__ import annotations

import gc
import os
import select
import shutil
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

import click

from sim.cli import bench, cite, doctor, exit_codes, explore, show, speciate
from sim.cli.files import export, image, movie
from sim.cli.fit import calibrate, sensitivity
from sim.cli.runs import run, script
from sim.cli.sweep import commands
from sim.cli.treatment.commands import treatments
from sim.cli.validation import atlas, validate
from sim.errors import HapsimError, unknown

# Objects made until Python looks for those that only refer to each other. At its 700 it looks at all modules
# again and again while they are imported, a tenth of a short run; at this many they are some MB.
COLLECTED_AFTER = 50_000


class Commands(click.Group):
    """A group that answers mistakes in sentences and shows tracebacks only with --debug."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            ctx.fail(unknown("a command", args[0], self.list_commands(ctx)))
        return super().resolve_command(ctx, args)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        words = list(sys.argv[1:] if args is None else args)
        if args is None:  # a process of its own
            gc.set_threshold(COLLECTED_AFTER)
        _open_streams()
        if prog_name is None and sys.argv[0].endswith("__main__.py"):
            prog_name = "python -m sim"
        extra |= {"prog_name": prog_name, "complete_var": complete_var, "standalone_mode": False}
        extra["windows_expand_args"] = windows_expand_args
        if not standalone_mode or "--debug" in words:
            code = super().main(words, **extra)
            return code if not standalone_mode else sys.exit(code if isinstance(code, int) else 0)
        with warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = _Sentences()
            sys.exit(self._guarded(words, extra))

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        with _reader_may_leave():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with _reader_may_leave():
            return super().invoke(ctx)

    def _guarded(self, words: list[str], extra: dict[str, Any]) -> int:
        try:
            code = super().main(words, **extra)
        except click.Abort:
            _say("Interrupted.")
            return exit_codes.INTERRUPTED
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except (HapsimError, OSError) as error:
            _say(f"Error: {_sentence(error)}")
            return exit_codes.BAD_INPUT
        except Exception as error:
            kind = type(error).__name__
            _say(f"Unexpected {kind}: {_sentence(error)}")
            _say("This is a fault of hapsim; please report it with what --debug adds to it.")
            return exit_codes.FAILED
        return code if isinstance(code, int) else 0


def _open_streams() -> None:
    """Let what is said go nowhere where whoever started us has closed stdout and stderr: a file opened now
    would get their numbers, and what C libraries say would be written into it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number that is free: this
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))


@contextmanager
def _reader_may_leave() -> Iterator[None]:
    """End as other programs do where the reader of stdout has enough, as in `hapsim scenarios | head -1`."""
    try:
        yield
    except BrokenPipeError:
        left = [number for number in (1, 2) if _nobody_reads(number)]
        if not left:  # another pipe, as that of a worker
            raise
        for number in left:  # or the flush at the very end would fail
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)
        raise click.exceptions.Exit(exit_codes.READER_LEFT) from None


def _nobody_reads(number: int) -> bool:
    """Whether stdout (1) or stderr (2) is a pipe whose other end is closed."""
    if not hasattr(select, "poll"):
        return number == 1
    watch = select.poll()
    watch.register(number, 0)  # errors are told unasked
    return any(event & select.POLLERR for _, event in watch.poll(0))


class _Sentences:
    """Shows each warning once, as a line on stderr."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def __call__(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        text = str(message)
        if text not in self.seen and not issubclass(category, DeprecationWarning):
            self.seen.add(text)
            _say(f"warning: {text}")


def _say(text: str) -> None:
    """A sentence on stderr; in a terminal lines end between words."""
    columns = shutil.get_terminal_size().columns
    click.echo(click.wrap_text(text, columns - 1) if sys.stderr.isatty() else text, err=True)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'the file'}: {error.strerror}."
    return str(error)


def _version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"hapsim {sys.modules['sim'].__version__}")
        ctx.exit()


@click.group(
    cls=Commands, epilog=exit_codes.EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)  # fmt: skip
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version,
    help="Show the version and exit.",
)  # fmt: skip
@click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks of errors.")
def main() -> None:
    """An open simulator of dystrophic calcification: mineral in dead tissue.

    \b
    A first run:
        hapsim scenarios                 what there is
        hapsim show infarct_myocardium   what one of them assumes
        hapsim glossary phosphatase      what a name means
        hapsim run infarct_myocardium    run it; files go to results/
        hapsim explore                   a page in the browser for all of this

    Not a clinical tool.
    """


COMMANDS = (
    show.scenarios, show.parts, treatments, show.show, show.glossary, run.run, explore.explore,
    commands.sweep, calibrate.calibrate, sensitivity.sensitivity, validate.validate, atlas.atlas,
    export.export, image.image, movie.movie, script.script, speciate.speciate, cite.cite, doctor.doctor,
    bench.bench,
)  # fmt: skip
for command in COMMANDS:
    main.add_command(command)
