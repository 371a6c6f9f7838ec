"""What the exit code of a command says, and how --help puts it."""

from __future__ import annotations

DONE, FAILED, BAD_INPUT, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143
READER_LEFT = 141  # whoever read stdout closed it; what a shell says of programs that SIGPIPE ends

_STOPPED = f"{BAD_INPUT} bad input; {INTERRUPTED} Ctrl-C, {TERMINATED} SIGTERM: what was computed is kept."
EPILOG = f"Exit codes: {DONE} done; {FAILED} it failed; {_STOPPED}"
OF_A_RUN = f"Exit codes: {DONE} done; {FAILED} the run failed, and what was computed is kept; {_STOPPED}"
OF_A_SWEEP = (
    f"Exit codes: {DONE} done, also where some points failed, for these are results too; {FAILED} no point "
    f"finished, or with --strict not all; {_STOPPED}"
)
OF_A_FIT = f"Exit codes: {DONE} done; {FAILED} it failed; {_STOPPED}"
OF_VALIDATION = (
    f"Exit codes: {DONE} done, also where experiments fail; {FAILED} with --strict, where any does; "
    f"{_STOPPED}"
)
