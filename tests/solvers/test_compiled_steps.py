"""The steps of ndf, compiled: what their file promises is what the compiled module is made by."""

import ast
import inspect

import pytest

from sim.solvers.lanes import operations
from sim.solvers.steps import compiled, ndf_steps, on_a_line, on_threads

TEXT = inspect.getsource(ndf_steps)


@pytest.mark.parametrize("of", [on_a_line, operations])
def test_every_function_becomes_a_kernel_over_the_operations_of_a_line_or_of_lanes(of):
    module = compiled._module(of.__name__)
    functions = [s.name for s in ast.parse(TEXT).body if isinstance(s, ast.FunctionDef)]
    assert len(functions) > 10
    for name in functions:
        assert hasattr(getattr(module, name), "py_func"), name
        theirs, ours = (
            inspect.signature(f) for f in (getattr(module, name).py_func, getattr(ndf_steps, name))
        )
        assert theirs == ours
    (door,) = (s for s in ast.parse(TEXT).body if getattr(s, "module", "") == on_threads.__name__)
    for alias in door.names:
        assert getattr(module, alias.name) is getattr(of, alias.name)
        assert getattr(ndf_steps, alias.name) is getattr(on_threads, alias.name)


def test_words_in_comments_and_texts_change_nothing():
    """What an edit by words would trip over."""
    talk = TEXT.replace(
        "import numpy as np\n", "# def step(\nimport numpy as np\n\nWORD = '\\ndef march('\n", 1
    )
    assert compiled.compiled_text(talk).replace("WORD = '\\ndef march('\n", "") == compiled.compiled_text(
        TEXT
    )


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            "from sim.solvers.steps.on_threads import",
            "from sim.solvers.steps.on_a_line import",
            "not 0 times",
        ),
        ("def newton(", "def newtons(", "newton are missing"),
        ("def newton(", "class A:\n    pass\n\n\ndef newton(", "line .* is something else"),
    ],
)
def test_a_promise_not_kept_is_refused(before, after, words):
    assert before in TEXT
    with pytest.raises(ValueError, match=words):
        compiled.compiled_text(TEXT.replace(before, after))
