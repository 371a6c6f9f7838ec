"""Draw the sweeps that come with the package for docs/sweeps.md: `python docs/sweep_questions.py`.

One picture a sweep file, docs/sweep_NAME.png, by `hapsim sweep NAME --figure`; some minutes on two cores.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib import resources
from pathlib import Path

HERE = Path(__file__).parent
WORKERS = "2"


def names() -> list[str]:
    """The sweep files of the package."""
    folder = resources.files("sim") / "data" / "sweeps"
    return sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml"))


def picture(name: str) -> Path:
    """Where the picture of a sweep is."""
    return HERE / f"sweep_{name}.png"


def main() -> None:
    """Run each sweep and draw its figures; stores go to a folder that is taken away again."""
    with tempfile.TemporaryDirectory() as folder:
        for name in names():
            store, file = Path(folder) / f"{name}.db", str(picture(name))
            command = [sys.executable, "-m", "sim", "sweep", name, "--workers", WORKERS]
            subprocess.run([*command, "--store", str(store), "--figure", file], check=True)  # noqa: S603


if __name__ == "__main__":
    main()
