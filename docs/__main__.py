"""`python -m docs [FOLDER]`: build the site, every warning an error. Neither it nor the site needs a network.

It is written to docs/_build/site; open index.html there, no server is needed.
"""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

from sim.errors import not_installed

HERE = Path(__file__).parent
NEEDED = {"sphinx": "sphinx", "myst_nb": "myst-nb", "pydata_sphinx_theme": "pydata-sphinx-theme",
          "sphinx_copybutton": "sphinx-copybutton"}  # fmt: skip


def missing() -> list[str]:
    """Packages of the extra `docs` that are not installed, as pip calls them."""
    return [package for module, package in NEEDED.items() if find_spec(module) is None]


def build(folder: Path) -> int:
    """Write the pages, and the site into `folder`; 0 when nothing was amiss."""
    from sphinx.cmd.build import main as sphinx

    from docs.building import source_tree

    source = folder.parent / f"{folder.name}_source"
    source_tree.write(source)
    kept = folder.parent / f"{folder.name}_doctrees"
    options = ["-W", "--keep-going", "-q", "-b", "html", "-c", str(HERE), "-d", str(kept)]
    return sphinx([*options, str(source), str(folder)])


def main(arguments: list[str]) -> int:
    """Build, and say where the site is."""
    parser = argparse.ArgumentParser("python -m docs", description="Build the documentation as a site.")
    told = "where to write it, and beside it what Sphinx keeps (default: docs/_build/site)"
    parser.add_argument("folder", nargs="?", type=Path, default=HERE / "_build" / "site", help=told)
    given = parser.parse_args(arguments)
    if lacking := missing():
        print(not_installed("The site needs", *lacking), file=sys.stderr)
        return 2
    folder = given.folder.resolve()
    code = build(folder)
    if code == 0:
        print(folder / "index.html")
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
