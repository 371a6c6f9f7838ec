"""A movie of a run, written in a thread of its own; whoever shows it looks from time to time."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

from sim.errors import HapsimError
from sim.explorer.made.job import unexpected
from sim.explorer.made.thread_names import DRAWING_THREAD
from sim.plotting import movie
from sim.run.result import Result

ENDING = ".webp"  # the smallest of the formats, and one that every browser shows


class _Unwanted(Exception):
    """Nobody waits for the movie any more."""


class FilmJob:
    """The movie that `hapsim movie` writes of a variable, as bytes.

    written, frames: of how many; content: of the file, once it is whole; failure: why there is none
    """

    def __init__(self, result: Result, variable: str) -> None:
        self.result, self.variable = result, variable
        self.written = self.frames = 0
        self.content, self.failure, self.over = b"", "", False
        self._stopped = threading.Event()

    def start(self) -> FilmJob:
        """Begin; returns itself."""
        threading.Thread(target=self._work, name=DRAWING_THREAD, daemon=True).start()
        return self

    def stop(self) -> None:
        """End after the next frame, without a movie."""
        self._stopped.set()

    def _work(self) -> None:
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = movie(self.result, Path(folder) / f"movie{ENDING}", self.variable, progress=self._told)
                self.content = path.read_bytes()
        except _Unwanted:
            pass
        except HapsimError as error:
            self.failure = str(error)
        except Exception as error:  # as in a run: nobody sees a traceback of this thread
            self.failure = unexpected(error)
        self.over = True  # last: whoever sees it finds the rest in place

    def _told(self, written: int, frames: int) -> None:
        self.written, self.frames = written, frames
        if self._stopped.is_set():
            raise _Unwanted
