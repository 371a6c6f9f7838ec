"""Versions of the packages that a run was made with."""

from __future__ import annotations

import re
from functools import cache

PACKAGES = ("hapsim", "numpy", "scipy", "numba", "xarray", "scikit-sundae")
VERSION = re.compile(r"^Version: (\S+)$", re.MULTILINE)


def installed_versions() -> dict[str, str]:
    """{package: version} of all that computes numbers, "not installed" where it is missing."""
    return {p: installed_version(p) for p in PACKAGES}


@cache
def installed_version(package: str) -> str:
    """The version of one package, "not installed" where it is missing."""
    from importlib import metadata  # here: it is slow to import

    try:
        found = metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return "not installed"
    said = VERSION.search(found.read_text("METADATA") or "")  # its other fields are pages of text
    return said[1] if said else found.version
