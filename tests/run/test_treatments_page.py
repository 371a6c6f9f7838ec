"""docs/treatments.md runs as it stands, and prints what it says."""

import contextlib
import io
import re
import tomllib
from pathlib import Path

import sim

PAGE = Path(__file__).parents[2] / "docs" / "treatments.md"


def test_the_page_on_treatments_runs_and_prints_what_it_says():
    text, names = PAGE.read_text(encoding="utf-8"), {}
    code = re.findall(r"```python\n(.*?)```", text, flags=re.S)
    for block in code:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102  # our own documentation
        said = [
            line.rpartition("  # ")[2].strip() for line in block.splitlines() if line.startswith("print(")
        ]
        assert out.getvalue().splitlines() == said
    assert len(code) == 4


def test_the_page_names_what_there_is():
    text = PAGE.read_text(encoding="utf-8")
    (content,) = re.findall(r"```toml\n(.*?)```", text, flags=re.S)
    table = tomllib.loads(content)
    made = sim.scenario("infarct_myocardium").treated(table["treatments"][0])
    assert list(table["axes"]) == ["etidronate.dose"]
    low = table["axes"]["etidronate.dose"]["low"]
    assert made.changed({"etidronate.dose": low}).interventions[0].dose == 0.001
