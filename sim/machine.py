"""What the machine has left: memory that is free, also within the limit of a container."""

from __future__ import annotations

import os


def free_memory() -> int | None:
    """Memory that can still be had [bytes]; None where the system does not say."""
    known = [v for v in (_of_linux(), _of_group()) if v is not None]
    if known:
        return min(known)
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        names = [k for k in ("SC_AVPHYS_PAGES", "SC_PHYS_PAGES") if k in os.sysconf_names]
        return page * os.sysconf(names[0]) if names else None
    except (AttributeError, ValueError, OSError):
        return None


def _of_linux() -> int | None:
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            rows = dict(line.split(":", 1) for line in file)
        return 1024 * int(rows["MemAvailable"].split()[0])
    except (OSError, KeyError, ValueError):
        return None


def _of_group(folder: str = "/sys/fs/cgroup") -> int | None:
    """What a container may still take; cached files give way and do not count."""
    try:
        with open(f"{folder}/memory.max", encoding="ascii") as file:
            limit = int(file.read())  # "max" where there is none
        with open(f"{folder}/memory.current", encoding="ascii") as file:
            used = int(file.read())
        with open(f"{folder}/memory.stat", encoding="ascii") as file:
            cached = dict(line.split() for line in file)["inactive_file"]
        return max(0, limit - used + int(cached))
    except (OSError, KeyError, ValueError):
        return None
