"""The words of an error: nearest name, short lists, nothing endless."""

import re
import time
import traceback
from pathlib import Path

import numpy as np
import pytest

from sim import errors
from sim.errors import listing, nearest, not_installed, not_one_of, shown, unknown
from sim.run.result import Result


@pytest.mark.parametrize(
    ("name", "candidates", "words"),
    [
        ("phosphatse", ["phosphatase", "phosphate"], " Did you mean 'phosphatase'?"),
        ("hap", ["Ca", "HAP"], " Did you mean 'HAP'?"),
        ("PPI", ["P", "PPi"], " Did you mean 'PPi'?"),
        ("quartz", ["Ca", "HAP"], ""),
        ("x", [], ""),
        (None, ["a"], ""),
    ],
)
def test_nearest_names_what_was_meant(name, candidates, words):
    assert nearest(name, candidates) == words


def test_nearest_is_cheap_for_hostile_names():
    start = time.perf_counter()
    nearest("a" * 1_000_000, ["a" * 60] * 100)
    assert time.perf_counter() - start < 0.5  # difflib alone: minutes


def test_lists_and_values_stay_short():
    assert listing(["a", "b"]) == "a, b"
    assert listing("abcdefgh", 3) == "a, b, c and 5 more"
    assert listing([]) == "none"
    assert shown("x" * 1000) == repr("x" * 64) + "..."
    assert len(shown(list(range(1000)))) < 70
    assert shown(10**5000) == "a very long int"
    assert shown(np.ones((2, 2))) == "array([[1., 1.], [1., 1.]])"
    assert shown("two\n  lines") == repr("two\n  lines")


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        (not_one_of("scale", "lin", ("auto", "linear", "log")),
         "scale = 'lin' is not one of auto, linear, log. Did you mean 'linear'?"),
        (not_one_of("", "x", iter(["a", "b"])), "'x' is not one of a, b."),
        (not_one_of("how", 3, ["mean"]), "how = 3 is not one of mean."),
        (not_one_of("a", "x", map(str, range(99)), 3), "a = 'x' is not one of 0, 1, 2 and 96 more."),
        (unknown("a component", "ca", ["Ca", "P"]),
         "'ca' is not a component; there are Ca, P. Did you mean 'Ca'?"),
        (unknown("an axis", None, []), "None is not an axis; there are none."),
    ],
)  # fmt: skip
def test_a_word_that_is_not_known_is_answered_in_one_way(sentence, words):
    assert sentence == words


def test_everything_that_hapsim_refuses_can_be_caught_by_one_name():
    ours = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, Exception)]
    ours = [e for e in ours if not issubclass(e, Warning)]
    assert len(ours) > 10
    assert all(issubclass(e, errors.HapsimError) for e in ours)


def test_wrong_input_is_a_value_error_and_failure_a_runtime_error():
    """What a caller of scientific Python catches without reading a manual."""
    for name in "ConfigError ParameterError UnitError ModelError ScenarioError".split():
        assert issubclass(getattr(errors, name), ValueError)
        assert issubclass(getattr(errors, name), errors.ConfigError)
    assert issubclass(errors.FileFormatError, ValueError)
    assert issubclass(errors.UnknownNameError, KeyError) and issubclass(errors.UnknownNameError, ValueError)
    assert issubclass(errors.SolverError, RuntimeError)
    assert issubclass(errors.SpeciationError, RuntimeError)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Hap", "the result has no 'Hap'. Did you mean 'HAP'?"),
        ("it's", "the result has no 'it's'."),
        (3, "3 is not the name of a variable; give one name, result['HAP'], or take result.dataset for "
         "several."),
        (["HAP", "Ca"], "['HAP', 'Ca'] is not the name of a variable; give one name, result['HAP'], or take "
         "result.dataset for several."),
    ],
)  # fmt: skip
def test_a_name_that_is_not_there_reads_as_a_sentence(name, words):
    """KeyError shows the repr of its argument: quotes around the sentence, escapes within it."""
    import xarray

    result = Result(xarray.Dataset({"HAP": ("time", [0.0])}), {})
    with pytest.raises(KeyError) as caught:
        result[name]
    assert str(caught.value) == words
    assert "".join(traceback.format_exception_only(caught.value)).endswith(f"UnknownNameError: {words}\n")


def test_what_is_missing_is_named_as_pip_finds_it():
    """Not as an extra of hapsim, which no index has: seen to end in "No matching distribution found"."""
    assert not_installed("indices need", "SALib") == (
        "indices need SALib, which is not installed here: python -m pip install SALib"
    )
    said = not_installed("a cluster needs", "dask[distributed]", "dask-jobqueue", without="Or run here.")
    assert said == (
        "a cluster needs dask and dask-jobqueue, which are not installed here: "
        'python -m pip install "dask[distributed]" dask-jobqueue. Or run here.'
    )


def test_no_message_asks_pip_for_an_extra_of_the_package():
    folder = Path(errors.__file__).parent
    asking = [p for p in folder.rglob("*.py") if re.search(r"pip install [^\n]*hapsim", p.read_text("utf-8"))]
    assert asking == []
