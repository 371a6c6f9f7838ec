"""Numbers of pictures, for sweeps and tables: when mineral is first seen, CT number and calcium score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.errors import ConfigError
from sim.imaging.detection.courses import ct_number
from sim.imaging.detection.first_seen import method_named, time_first_seen
from sim.imaging.xray.calcium_score import calcium_score
from sim.imaging.xray.ct import ct
from sim.imaging.xray.instruments import instrument as known_instrument
from sim.public import public
from sim.run.measures import (
    Measure,
    contents,
    log10,
    lowest,
    mean,
    onset,
    peak,
    total,
    volume,
    where_peak,
)

if TYPE_CHECKING:
    from sim.run.result import Result

# `sim.measures` is this module: measures of variables come with those of pictures.
__all__ = [
    "Measure",
    "agatston",
    "contents",
    "first_seen",
    "hounsfield",
    "log10",
    "lowest",
    "mean",
    "onset",
    "peak",
    "total",
    "volume",
    "where_peak",
]


@public
def first_seen(method: str = "ct") -> Measure:
    """When a method first shows mineral [s], linear between outputs; inf if never.

    method: a name of sim.imaging.METHODS; thresholds as sim.imaging.first_seen tells them
    """
    way = method_named(method)
    return Measure(f"first seen by {method}", lambda result: time_first_seen(way, result), unit="s")


@public
def hounsfield(instrument: str = "calcium_ct") -> Measure:
    """The highest CT number that 1 mm2 of touching pixels of a slice reach at the end, without noise [HU]."""
    known_instrument(instrument, "ct")

    def measure(result: Result) -> float:
        return ct_number(instrument)(result).seen(result.t.size - 1)

    return Measure(f"CT number by {instrument}", measure, unit="HU")


@public
def agatston(instrument: str = "calcium_ct") -> Measure:
    """Agatston's score at the end, of a picture without noise [1].

    It grows with the length of axes that the result lacks, see sim.imaging.specimen
    """
    if known_instrument(instrument, "ct").tube:
        raise ConfigError(f"calcium scores are defined for CT of patients, not for {instrument}.")

    def measure(result: Result) -> float:
        return calcium_score(ct(result, instrument=instrument, settings={"noise": 0.0})).agatston

    return Measure(f"Agatston score by {instrument}", measure, unit="1")
