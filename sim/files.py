"""Files that are whole or not there."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

LONGEST_STEM = 60  # characters of the name that a temporary name repeats: no file system refuses the rest


def write_whole(
    path: str | os.PathLike[str], write: Callable[[Path], Any], make_folders: bool = False
) -> Path:
    """Have `write(temporary)` write a file beside `path`, then rename it: readers see all of it or none.

    A writer that is killed leaves what was there before, and a hidden file beside it. A link is written
    through; a device or a pipe is written to as it is. The mode is that of the file replaced, else what
    the umask leaves. make_folders: of the path, where they are missing
    Returns the path. Raises OSError, which names the path that was given.
    """
    given = Path(path)
    end = Path(os.path.realpath(given))
    temporary = end.with_name(f".{end.stem[:LONGEST_STEM]}-{os.urandom(8).hex()}.part{end.suffix}")
    try:
        if make_folders:
            end.parent.mkdir(parents=True, exist_ok=True)
        if end.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not end.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, f"there is no folder {end.parent}")
        if end.exists() and not end.is_file():
            write(end)
        else:
            _replace(end, temporary, write)
    except OSError as error:
        if error.errno is None or error.filename not in (None, str(temporary), str(end)):
            raise
        raise OSError(error.errno, error.strerror, str(given)) from error
    return given


def _replace(end: Path, temporary: Path, write: Callable[[Path], Any]) -> None:
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        if end.exists():
            shutil.copymode(end, temporary)
        write(temporary)
        os.replace(temporary, end)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: str | os.PathLike[str], content: bytes, make_folders: bool = False) -> Path:
    """Write a file of these bytes that is whole or not there."""
    return write_whole(path, lambda temporary: temporary.write_bytes(content), make_folders)


def write_text(path: str | os.PathLike[str], text: str, make_folders: bool = False) -> Path:
    """Write a text file (UTF-8, ends of lines as given) that is whole or not there."""
    return write_bytes(path, text.encode(), make_folders)
