"""What docs/own_mineral.md and docs/own_reaction.md show runs as it stands."""

import re
from pathlib import Path

import numpy as np
import pytest

DOCS = Path(__file__).parents[2] / "docs"


def run(name, folder, monkeypatch):
    """Files of a guide written down, its Python run in order, in one namespace, from a file."""
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    for block in re.findall(r"```toml\n(.*?)```", text, flags=re.S):
        called = re.match(r"# (\S+\.toml)\n", block)
        assert called, "the first line of a TOML block is the name of its file"
        (folder / called.group(1)).write_text(block, encoding="utf-8")
    script = "\n".join(re.findall(r"```python\n(.*?)```", text, flags=re.S))
    (folder / f"{name}_blocks.py").write_text(script, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.chdir(folder)
    return __import__(f"{name}_blocks")


def test_the_guide_to_a_mineral_runs(tmp_path, monkeypatch):
    shown = run("own_mineral", tmp_path, monkeypatch)
    assert shown.result.success
    assert shown.result.solids[-3:] == ("OCP", "HAP", "ATCP")
    assert float(shown.result["ATCP"].max()) > 1e-3


def test_the_guide_to_a_reaction_runs(tmp_path, monkeypatch, capsys):
    shown = run("own_reaction", tmp_path, monkeypatch)
    assert float(shown.chelated["complex"].max()) > 0.1
    assert shown.chelated.manifest["ledger_residual"] < 1e-10
    # First order, nearly undisturbed: a share t/tau of the pyrophosphate is stored.
    expected = 2 / (5 * 24) * float(shown.slow["PPi"][0].max())
    assert float(shown.slow["stored"][-1].max()) == pytest.approx(expected, rel=0.5)
    assert np.all(shown.slow["stored"].values >= -1e-9)
    out = capsys.readouterr().out
    assert "makes +1 P out of nothing" in out
    # A slope: nine tenths of what is covered, while the covered share is what it was.
    covered = shown.chelated["occupancy"][0].values
    assert shown.slowed["occupancy"][0].values == pytest.approx(covered, rel=1e-9)
    assert shown.slowed["inhibition"][0].values == pytest.approx(1 - 0.9 * covered, rel=1e-9)
    assert f"\n{float(shown.slowed['inhibition'][0].max()):.3f}\n" in out and "\n0.977\n" in out
    assert f"{float(shown.chelated['inhibition'][0].max()):.4f}" == "0.0002"
    assert f"{covered.max():.3f}" == "0.681"
    # K c adds up: 2e4 m3/mol x 2e-3 mol/m3 = 40 more than without the drug.
    drugged = shown.drugged["occupancy"][0].values
    more = drugged / (1 - drugged) - covered / (1 - covered)
    assert more == pytest.approx(40.0, abs=0.01)
    free = float(shown.bound["Ca_free"][0].max())
    assert f"\n{free:.3f} mM of free calcium" in out and f"{free:.3f}" == "0.377"
    assert f"{float(shown.chelated['Ca_free'][0].max()):.3f}" == "1.205"


@pytest.mark.parametrize("name", ["own_mineral", "own_reaction"])
def test_links_of_the_guides_lead_somewhere(name):
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (DOCS / target).exists(), target
