"""What a result keeps so that a run can go on from it: the last state as it is, and what has come in."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sim.binder.system import SUPPLIES
from sim.model.model import Model
from sim.run.stored.labelled import LabelledArrays

AMOUNTS, ENTERED_AT_END, ENTERED = "end_amounts", "end_entered", "entered"
FIRST, END, BY_HAND = "first_contents", "end_contents", "end_interventions"
UNITS = "species_unit"
WORDS = {
    AMOUNTS: (
        ("end_cell", "species"),
        "1",
        "amount per volume of tissue where it ended, in species_unit",
    ),
    ENTERED_AT_END: (("end_side", "end_mobile"), "mol", "what had come in where the run ended"),
    ENTERED: (("time", "end_side", "end_mobile"), "mol", "what had come in, cumulative"),
    FIRST: (("element",), "mol", "contents at the first start"),
    END: (("element",), "mol", "contents less what had come in, where the run ended"),
    BY_HAND: (("element",), "mol", "what interventions had changed where the run ended"),
}


def with_state(tables: LabelledArrays, model: Model, arrays: Mapping[str, np.ndarray]) -> LabelledArrays:
    """The tables of a result and, bit for bit, the last state of a run.

    arrays: one for each name of WORDS, over its axes
    """
    said = {
        n: (axes, arrays[n], {"units": unit, "long_name": text}) for n, (axes, unit, text) in WORDS.items()
    }
    labels = {
        UNITS: ("species", np.array([s.unit for s in model.species], str)),
        "end_side": ("end_side", np.array(SUPPLIES, str)),
        "end_mobile": ("end_mobile", np.array(model.mobile, str)),
    }
    added = LabelledArrays.of(said, labels, {})
    together, coordinates = tables.variables | added.variables, tables.coordinates | added.coordinates
    in_order = sorted(together, key=lambda n: n in coordinates)  # coordinates last, as in a dataset
    return LabelledArrays({n: together[n] for n in in_order}, coordinates, tables.attrs)
