"""Files that are whole or not there."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Callable
from functools import cache
from glob import escape
from pathlib import Path
from typing import Any

LONGEST_NAME = 60  # characters of a name that was made from a text
RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d", re.IGNORECASE)  # devices of Windows, with any suffix
LONGEST_STEM = 60  # characters of the name that a temporary name repeats: no file system refuses the rest


def write_whole(
    path: str | os.PathLike[str], write: Callable[[Path], Any], make_folders: bool = False
) -> Path:
    """Have `write(temporary)` write a file beside `path`, then rename it: readers see all of it or none.

    A writer that is killed leaves what was there before, and a hidden file beside it, which the next one
    to write that file takes away. "~" is the home. A link is written
    through; a device or a pipe is written to as it is. The mode is that of the file replaced, else what
    the umask leaves. make_folders: of the path, where they are missing
    Returns the path. Raises OSError, which names the path that was given.
    """
    given = Path(path)
    end = whole_path(given)
    mark = f"{_place()}-{os.getpid()}-{os.urandom(4).hex()}"
    temporary = end.with_name(f".{end.stem[:LONGEST_STEM]}-{mark}.part{end.suffix}")
    try:
        if make_folders:
            try:
                end.parent.mkdir(parents=True, exist_ok=True)
            except (FileExistsError, NotADirectoryError):
                raise NotADirectoryError(errno.ENOTDIR, f"{end.parent} is a file, no folder") from None
        if end.is_dir():
            raise IsADirectoryError(errno.EISDIR, "this is a folder; give the name of a file in it")
        if not end.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, f"there is no folder {end.parent}; make it first")
        _clear(end)
        if end.exists() and not end.is_file():
            write(end)
        else:
            _replace(end, temporary, write)
    except OSError as error:
        if error.errno is None or error.filename not in (None, str(temporary), str(end)):
            raise
        words = error.strerror
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) and str(end.parent) not in str(words):
            words = f"the folder {end.parent} may not be written to ({words})"
        raise OSError(error.errno, words, str(given)) from error
    return given


def whole_path(path: str | os.PathLike[str]) -> Path:
    """The path from the root, links followed. "~" is the home.

    Raises FileNotFoundError where the current folder, which a path counts from, has been removed.
    """
    try:
        return Path(os.path.realpath(Path(path).expanduser()))
    except FileNotFoundError:
        words = "the current folder is not there any more; change to another, or give a path from the root"
        raise FileNotFoundError(errno.ENOENT, words, str(path)) from None


@cache
def _place() -> str:
    """Where a process number means something: this machine, and within it this container."""
    import platform

    try:
        inner = os.readlink("/proc/self/ns/pid")
    except OSError:
        inner = ""
    return hashlib.sha256(f"{platform.node()} {inner}".encode()).hexdigest()[:8]


def _clear(end: Path) -> None:
    """Take away what writers of this very file left that were killed; what a living one writes stays."""
    if os.name != "posix":  # elsewhere a process cannot be asked whether it lives
        return
    head, tail = f".{end.stem[:LONGEST_STEM]}-{_place()}-", f".part{end.suffix}"
    for left in end.parent.glob(f"{escape(head)}*{escape(tail)}"):
        found = re.fullmatch(r"(\d+)-[0-9a-f]{8}", left.name[len(head) : -len(tail)])
        if found and not _lives(int(found[1])):
            left.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def safe_name(text: str, otherwise: str = "result") -> str:
    """A text as the name of a file in a folder: never a path, never a name that some system keeps for itself.

    Letters, digits, "_", "-", "+", "=", "," and dots and spaces inside stay; the rest becomes "_".
    """
    kept = re.sub(r"[^\w+=,. -]", "_", text).strip(". ")[:LONGEST_NAME].rstrip(". ")
    kept = kept.encode("utf-8", "ignore").decode()
    if not kept.strip("_. -"):
        return otherwise
    return f"_{kept}" if RESERVED.fullmatch(kept.partition(".")[0].strip()) else kept


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


def write_sealed(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write bytes behind their digest, for `read_sealed`."""
    return write_bytes(path, hashlib.sha256(content).digest() + content)


def read_sealed(path: Path) -> bytes | None:
    """What `write_sealed` wrote; None where there is nothing, or it is damaged."""
    try:
        found = path.read_bytes()
    except OSError:
        return None
    digest, content = found[:32], found[32:]
    return content if hashlib.sha256(content).digest() == digest else None


def write_text(path: str | os.PathLike[str], text: str, make_folders: bool = False) -> Path:
    """Write a text file (UTF-8, ends of lines as given) that is whole or not there."""
    return write_bytes(path, text.encode(), make_folders)
