"""Settings of a run: one number where one is meant, a row where times are."""

import numpy as np
import pandas as pd
import pytest

from sim.errors import HapsimError
from sim.identity.settings import Settings


@pytest.mark.parametrize(
    ("given", "words"),
    (
        ({"times": [0, ["1 h", "2 h"]]}, r"times = \['1 h', '2 h'\] is a list"),
        ({"times": [np.array([0.0, 1.0]), 3]}, r"times = array\(\[0\., 1\.\]\) is an array"),
        ({"times": np.zeros((2, 2))}, "is no row of times"),
        ({"times": {0: 1}}, "is no row of times"),
        ({"max_steps": [10]}, r"max_steps = \[10\] must be a whole number"),
        ({"max_steps": 2.5}, "max_steps = 2.5 must be a whole number"),
        ({"max_steps": 0}, "max_steps = 0 must be a whole number of steps, at least 1"),
        ({"rtol": [1e-5]}, r"rtol = \[1e-05\] must be a number"),
        ({"solver": ["ndf"]}, "no solver is called"),
    ),
)
def test_what_is_no_setting_is_told(given, words):
    with pytest.raises(HapsimError, match=words):
        Settings.of(**given)


@pytest.mark.parametrize(
    "row",
    (
        [0, "1 h"], (0, 3600), range(0, 7200, 3600), np.array([0, 3600]), pd.Series([0.0, 3600.0]),
        pd.to_timedelta(["0 h", "1 h"]), [np.array(0), np.float32(3600)],
    ),
)  # fmt: skip
def test_times_in_any_row_are_seconds(row):
    assert Settings.of(times=row).times == (0.0, 3600.0)
