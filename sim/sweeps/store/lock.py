"""One writer at a time: a lock of the operating system on a file beside the store, which names its owner.

The system releases it when its owner ends, however that happens; a file that merely exists locks nothing.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import sys
import time
from pathlib import Path

from sim.errors import StoreError

BUSY = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}
FAR = 1 << 30  # Windows locks bytes and forbids reading them: one that is never read


class WriterLock:
    """Held from creation until `free`. path: the file beside the store."""

    def __init__(self, path: Path, what: Path):
        self.path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as e:
            raise StoreError(
                f"{path} cannot be written: {e.strerror or e}; give a folder of your own."
            ) from e
        try:
            _lock_soon(self._file)
        except OSError as e:
            os.close(self._file)
            if e.errno not in BUSY:
                raise StoreError(
                    f"{path} cannot be locked: {e.strerror or e}. Two writers would spoil a store, so put it "
                    "on a disk that can lock files."
                ) from e
            raise StoreError(
                f"{what} is being written by {_owner_text(path)}. Wait until that has ended, or give "
                "another store."
            ) from None
        words = {"pid": os.getpid(), "host": platform.node(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        try:
            os.ftruncate(self._file, 0)
            os.lseek(self._file, 0, os.SEEK_SET)
            os.write(self._file, json.dumps(words).encode())
        except OSError as e:
            self.free()
            raise StoreError(
                f"{path} cannot be written: {e.strerror or e}. Make room, then run the same sweep again."
            ) from e

    def free(self) -> None:
        """Let the next one in. The file stays: removing it could lock two writers out of different files."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def lock_path(store: Path) -> Path:
    """The file beside a store that is locked."""
    return store.with_name(store.name + ".lock")


def current_writer(path: Path) -> str:
    """Who is writing, "process 12 on host since ..."; "" when no one is."""
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return ""
    try:
        _lock_now(file)
    except OSError:
        return _owner_text(path)
    finally:
        os.close(file)
    return ""


def last_writer_began(path: Path) -> float:
    """When the last writer began [s since 1970]; 0 where it is not known."""
    try:
        return time.mktime(time.strptime(json.loads(path.read_text())["since"], "%Y-%m-%d %H:%M:%S"))
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        return 0.0


def _owner_text(path: Path) -> str:
    try:
        words = json.loads(path.read_text())
        return f"process {words['pid']} on {words['host']} since {words['since']}"
    except (OSError, ValueError, TypeError, KeyError):  # it has taken the lock and not yet said who it is
        return "another process"


def _lock_soon(file: int) -> None:
    """Lock after some attempts: `current_writer` holds it for an instant when the status is asked for."""
    for _ in range(5):
        try:
            return _lock_now(file)
        except OSError as e:
            if e.errno not in BUSY:
                raise
        time.sleep(0.05)
    _lock_now(file)


def _lock_now(file: int) -> None:
    """Lock without waiting; OSError when another process has it."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(file, FAR, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
