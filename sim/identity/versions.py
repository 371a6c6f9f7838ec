"""Versions of the packages that a run was made with."""

from __future__ import annotations

from functools import cache
from importlib import metadata

PACKAGES = ("hapsim", "numpy", "scipy", "numba", "xarray", "scikit-sundae")


def installed_versions() -> dict[str, str]:
    """{package: version} of all that computes numbers, "not installed" where it is missing."""
    return {p: _version(p) for p in PACKAGES}


@cache
def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
