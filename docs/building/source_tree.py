"""The folder that Sphinx reads: pages of docs/, notebooks, the project's own papers, pages made from data.

Nothing in it is kept in the repository. Links between files of the repository lead to their pages.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from docs.building import api_pages, chemistry_pages, command_pages, parameter_pages, treatment_pages

ROOT = Path(__file__).parents[2]
GENERATED = (parameter_pages, chemistry_pages, treatment_pages, command_pages, api_pages)
PAPERS = {
    "README.md": "readme.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "CITATION.cff": "CITATION.cff",
    "LICENSE": "LICENSE",
}
TEXTS = (".md", ".ipynb")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)\s#]+)(#[^)\s]*)?\)")


def copied() -> dict[str, str]:
    """File of the repository -> its place in the source tree."""
    found = {name: place for name, place in PAPERS.items() if (ROOT / name).exists()}
    for path in sorted(ROOT.glob("docs/*.md")) + sorted(_pictures(ROOT / "docs")):
        found[_of_root(path)] = path.relative_to(ROOT / "docs").as_posix()
    for path in sorted(ROOT.glob("notebooks/*.ipynb")):
        found[_of_root(path)] = _of_root(path)
    for path in sorted((ROOT / "benchmarks" / "results").glob("*.png")):
        found[_of_root(path)] = f"benchmarks/{path.name}"
    found["benchmarks/results/report.md"] = "benchmarks/report.md"
    return found


def _pictures(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.suffix in (".png", ".gif", ".svg", ".webp") and "_build" not in path.parts:
            yield path


def _of_root(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def relinked(text: str, file: str, places: dict[str, str]) -> str:
    """Text of a file with its links as they are in the site; one to what is not there becomes a name."""
    folder, own = PurePosixPath(file).parent, PurePosixPath(places[file]).parent

    def changed(found: re.Match[str]) -> str:
        target = os.path.normpath(folder / found[1]).replace(os.sep, "/")
        if target not in places:
            return f"] (`{target}`)"
        return f"]({os.path.relpath(places[target], own).replace(os.sep, '/')}{found[2] or ''})"

    return LINK.sub(changed, text)


def generated() -> dict[str, str]:
    """Path in the source tree -> text of every page that is made from data."""
    return {path: text for maker in GENERATED for path, text in maker.pages().items()}


def write(folder: Path) -> None:
    """Write the source tree. Files that do not change keep their times: Sphinx reads only what did."""
    places = copied()
    contents: dict[str, bytes] = {}
    for file, place in places.items():
        path = ROOT / file
        if path.suffix in TEXTS:
            contents[place] = relinked(path.read_text(encoding="utf-8"), file, places).encode()
        else:
            contents[place] = path.read_bytes()
    contents |= {place: text.encode() for place, text in generated().items()}
    for path in [p for p in folder.rglob("*") if p.is_file()]:
        if path.relative_to(folder).as_posix() not in contents:
            path.unlink()
    for place, content in contents.items():
        path = folder / place
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
