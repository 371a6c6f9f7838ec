"""Helpers that formulas of the tests call."""

import math

TENTH = 0.1


def same(x):
    """Shares its name with another module's."""
    return inner(x)


def inner(x):
    return x


def smooth(x):
    return math.exp(-x) + math.pi
