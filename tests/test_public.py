"""Arguments of public calls: what an annotation says is what is taken, and the rest is one sentence."""

import inspect
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sim.errors import ArgumentError, ConfigError, shown
from sim.public import public

if TYPE_CHECKING:
    from elsewhere import Stranger


@public
def dose(
    amount: "float | str", days: "int" = 1, to: "Sequence[str] | None" = None, **more: "Any"
) -> "tuple[object, ...]":
    """What was given."""
    return amount, days, to, more


@public
def told(
    table: "Mapping[str, float]", make: "Callable | None" = None, who: "Stranger | None" = None,
    sure: "bool" = False, path: "str | Path" = "x", cells: "np.ndarray | None" = None,
) -> "int":  # fmt: skip
    return len(table)


@public
class Patient:
    def __init__(self, name: "str"):
        self.name = name

    @public
    def renamed(self, name: "str") -> "Patient":
        return Patient(name)


@public
@dataclass(frozen=True)
class Pill:
    amount: "float"
    name: "str" = "pill"


class Stranger:  # noqa: F811
    """Not importable where `told` is annotated; known by its name."""


class Closer(Stranger):
    """Of the same kind."""


RIGHT = {
    "numbers": lambda: dose(1.5),
    "a number of numpy": lambda: dose(np.float32(2), np.int64(3)),
    "an array without axes": lambda: dose(np.array(2.0)),
    "text": lambda: dose("5 mM"),
    "a tuple, an array, a generator": lambda: (dose(1, 1, ("a",)), dose(1, 1, np.array(["a"])),
                                               dose(1, 1, (w for w in "ab"))),
    "None": lambda: dose(1, 1, None),
    "anything more": lambda: dose(1, other=object()),
    "a class by its name": lambda: told({}, who=Stranger()),
    "one derived from it": lambda: told({}, who=Closer()),
    "functions": lambda: (told({}, len), told({}, lambda: 1)),
    "a path": lambda: told({}, path=Path("y")),
    "a list as an array": lambda: told({}, cells=[1, 2]),
    "methods": lambda: Patient("A").renamed("B"),
}  # fmt: skip
WRONG = {
    "dose: amount = [1, 2] is not a number or text.": lambda: dose([1, 2]),
    "dose: amount = True is not a number or text.": lambda: dose(True),
    "dose: amount = None is not a number or text.": lambda: dose(None),
    "dose: amount = (1+2j) is not a number or text.": lambda: dose(1 + 2j),
    f"dose: days = {shown(10**400)} is not a whole number.": lambda: dose(1, 10**400),
    f"dose: amount = {shown(-(10**400))} is not a number or text.": lambda: dose(-(10**400)),
    "dose: days = 1.5 is not a whole number.": lambda: dose(1, 1.5),
    "dose: days = '3' is not a whole number.": lambda: dose(1, "3"),
    "dose: to = [1] is not a list of texts or None.": lambda: dose(1, to=[1]),
    "dose: to = 'arm' is not a list of texts or None.": lambda: dose(1, to="arm"),
    "dose: to = 3 is not a list of texts or None.": lambda: dose(1, to=3),
    "dose: missing a required argument: 'amount'": lambda: dose(days=1),
    "dose: too many positional arguments": lambda: dose(1, 1, None, 5),
    "told has no argument 'cell'; it takes table, make, who, sure, path, cells. Did you mean 'cells'?":
        lambda: told({}, cell=3),
    "told: table = ['a'] is not a table of names and values, {...}.": lambda: told(["a"]),
    "told: make = 'len' is not a function or None.": lambda: told({}, "len"),
    "told: who = 3 is not a Stranger or None.": lambda: told({}, who=3),
    "told: sure = 'yes' is not True or False.": lambda: told({}, sure="yes"),
    "told: path = 3 is not text or a Path.": lambda: told({}, path=3),
    "Was sorted(...) meant?": lambda: told(sorted),
    "Patient: name = 3 is not text.": lambda: Patient(3),
    "renamed: name = 3 is not text.": lambda: Patient("A").renamed(3),
    "Pill: amount = 'much' is not a number.": lambda: Pill("much"),
    "Pill has no argument 'nam'; it takes amount, name. Did you mean 'name'?": lambda: Pill(1, nam="x"),
    "renamed has no argument 'nam'; it takes name.": lambda: Patient("A").renamed(nam="B"),
}  # fmt: skip


@pytest.mark.parametrize("what", RIGHT)
def test_what_the_annotation_allows_is_taken(what):
    RIGHT[what]()


@pytest.mark.parametrize("sentence", WRONG)
def test_what_it_does_not_allow_is_a_sentence(sentence):
    with pytest.raises(ArgumentError) as caught:
        WRONG[sentence]()
    assert sentence in str(caught.value)
    assert isinstance(caught.value, TypeError) and isinstance(caught.value, ConfigError)


def test_an_error_inside_is_left_alone():
    @public
    def divided(by: "float") -> "float":
        return 1 / by

    with pytest.raises(ZeroDivisionError):
        divided(0.0)


def test_the_function_stays_itself():
    assert dose.__doc__ == "What was given." and list(inspect.signature(dose).parameters)[0] == "amount"
    assert pickle.loads(pickle.dumps(dose)) is dose  # noqa: S301
