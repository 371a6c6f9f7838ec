"""What an earlier build wrote and the present one has not: pages of notebooks and guides that are no more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RECORD = "pages_of_the_site.json"  # beside what Sphinx keeps between builds; never in the site
MADE = ("genindex", "search", "py-modindex")  # by Sphinx itself
KINDS = ("*.html", "_images/*", "_downloads/**/*")


def note_site(app: Any) -> None:
    """The hook of Sphinx before it writes: whether a site lies there already, which an older build wrote."""
    app.site_was_there = (Path(app.outdir) / ".buildinfo").exists()


def remove_stale(app: Any, exception: Exception | None) -> None:
    """The hook of Sphinx at the end: takes away what belongs to no page any more.

    Only what a build wrote: files of one's own that lie in the folder stay, but for pages and pictures in
    the site of an older build, which kept no record.
    """
    if exception is not None or app.builder.format != "html":
        return
    folder, record = Path(app.outdir), Path(app.doctreedir) / RECORD
    now = _belonging(app)
    if record.exists():
        before = set(json.loads(record.read_text(encoding="utf-8")))
    else:
        before = _lying(folder) if app.site_was_there else set()
    for name in before - now:
        (folder / name).unlink(missing_ok=True)
        for parent in (folder / name).parents:
            if parent == folder or not parent.is_dir() or any(parent.iterdir()):
                break
            parent.rmdir()
    record.write_text(json.dumps(sorted(now)), encoding="utf-8")


def _belonging(app: Any) -> set[str]:
    """Pages, pictures and downloads of the site as it is now, whether this build wrote them or found them."""
    env = app.env
    modules = getattr(env, "_viewcode_modules", {})
    pages = [*env.found_docs, *MADE, *(f"_modules/{m.replace('.', '/')}" for m in modules)]
    pages += ["_modules/index"] if modules else []
    found = {f"{page}.html" for page in pages}
    found |= {f"_images/{name}" for _, name in env.images.values()}
    return found | {f"_downloads/{name}" for _, name in env.dlfiles.values()}


def _lying(folder: Path) -> set[str]:
    """Pages, pictures and downloads that lie in a folder, but for what themes bring."""
    lying = {p for kind in KINDS for p in folder.rglob(kind) if p.is_file()}
    names = {p.relative_to(folder).as_posix() for p in lying}
    return {n for n in names if not n.startswith("_static/")}
