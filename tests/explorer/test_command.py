"""`hapsim explore` where it cannot serve: sentences, and no traceback."""

import sys

import pytest
from click.testing import CliRunner

import sim
from sim.cli import main


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["infarct_myocardum"], "Did you mean 'infarct_myocardium'?"),
        (["nothing.toml"], "nothing.toml does not exist"),
        (["--port", "80"], "port = 80 is outside 1024 to 65535"),
        (["--port", "many"], "is not a valid integer"),
    ],
)
def test_slips_are_answered_in_a_sentence(words, said):
    pytest.importorskip("panel", reason="the explorer needs Panel (the extra app)")
    done = CliRunner().invoke(main, ["explore", *words])
    assert done.exit_code == 2 and said in done.output and "Traceback" not in done.output


def test_without_panel_the_command_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "panel", None)
    done = CliRunner().invoke(main, ["explore", "--no-browser"])
    assert done.exit_code == 2 and "python -m pip install panel" in done.output


def test_importing_sim_does_not_import_panel():
    import subprocess

    code = "import sim, sys; sim.explore; print('panel' in sys.modules, 'bokeh' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["False", "False"], done.stderr
    assert callable(sim.explore)
