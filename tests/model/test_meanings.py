"""A model is what it was when it was put together: constants and helpers that are changed later are told."""

import subprocess
import sys
import types
from pathlib import Path

import cloudpickle
import pytest

import sim
from sim.binder.text import write
from sim.errors import ModelError

RATE = 0.37
SET = types.SimpleNamespace(most=4.5)
SMALL = sim.scenario("infarct_myocardium").with_(duration="1 s").with_resolution(0.02)


def slow(Ca):
    return 0.61 * Ca


def fast(Ca):
    return 0.71 * Ca


helper = slow


class Law:
    def __init__(self, k):
        self.k = k

    def __call__(self, Ca):
        return self.k * Ca


def by_constant(Ca):
    return RATE * Ca


def by_namespace(Ca):
    return SET.most * Ca


def by_helper(Ca):
    return helper(Ca)


def by_default(Ca):
    return by_constant(Ca)


LAW = Law(0.83)
HERE = sys.modules[__name__]
CHANGES = {  # formula, what is changed, to what, what is said
    "constant": (by_constant, HERE, "RATE", 0.38, "'RATE' in by_constant was 0.37 .* and is 0.38 now"),
    "of a namespace": (by_namespace, SET, "most", 5.5, "'SET.most' in by_namespace was 4.5 .* is 5.5 now"),
    "helper": (by_helper, HERE, "helper", fast, r"'helper' in by_helper was slow \(.* is fast \("),
    "constant of a helper": (by_default, HERE, "RATE", 0.39, "'RATE' in by_constant was 0.37 .* is 0.39"),
    "of an object": (LAW, LAW, "k", 0.84, "'self.k' in __call__ was 0.83 .* is 0.84 now"),
}


def with_sink(formula):
    sink = sim.Process("sink", formula, {"Ca": -1})
    return SMALL.with_model(SMALL.model.with_process(sink))


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_changed_after_a_model_was_put_together_is_told(monkeypatch, change):
    formula, owner, name, value, words = CHANGES[change]
    made = with_sink(formula)
    monkeypatch.setattr(owner, name, value)
    with pytest.raises(ModelError, match=f"^sink: {words}.*Put the model together again"):
        sim.simulate(made, times=2)
    assert f"{value} * " in write(with_sink(formula).model) or callable(value)  # which helps
    monkeypatch.undo()
    made.model.check_meanings()  # as it was, it is taken again


def test_the_number_in_the_text_is_that_of_the_model():
    assert "0.37 * " in write(with_sink(by_constant).model)


def test_a_model_of_the_package_has_nothing_to_change():
    assert not any(SMALL.model.meanings)
    SMALL.model.check_meanings()


def test_a_process_that_reads_another_number_from_its_file_says_so(tmp_path, monkeypatch):
    """A constant of a module that was set while the program ran: a worker imports what the file says."""
    (tmp_path / "laws_of_a_file.py").write_text("K = 0.43\n\ndef sink(Ca):\n    return K * Ca\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import laws_of_a_file

    laws_of_a_file.K = 0.53
    made = sim.Model((sim.Species("Ca"),), (sim.Process("sink", laws_of_a_file.sink, {"Ca": -1}),))
    there = (
        f"import sys, pickle; sys.path.insert(0, {str(tmp_path)!r})\n"
        "pickle.load(sys.stdin.buffer).check_meanings()"
    )
    command = [sys.executable, "-c", there]
    done = subprocess.run(
        command, input=cloudpickle.dumps(made), capture_output=True, cwd=Path(sim.__file__).parents[1]
    )
    assert b"sink: 'K' in sink was 0.53 when the model was put together, and is 0.43 now" in done.stderr
