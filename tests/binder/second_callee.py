"""Helpers that share their names with those of first_callee."""


def same(x):
    return inner(x)


def inner(x):
    return 3.0 * x
