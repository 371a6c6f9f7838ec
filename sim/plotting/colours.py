"""Colours of species, phases and pools, and of things that are counted."""

from __future__ import annotations

# One colour per species, phase and pool, apart in lightness too (Okabe-Ito, darkened or lightened).
COLOURS = {
    "Ca": "#0072B2",
    "P": "#D55E00",
    "C": "#7F7F7F",
    "H": "#882255",
    "pH": "#882255",
    "ester": "#E69F00",
    "PPi": "#009E73",
    "HAP": "#16324F",
    "OCP": "#B05A1E",
    "DCPD": "#2A9D8F",
    "ACP": "#C77CBA",
    "granules": "#F0A43C",
    "cells": "#B59B72",
    "ions": "#9CCBE8",
    "complexes": "#3F7FAF",
    "buffer": "#C9CDD3",
    "membrane": "#A3B36C",
    "core": "#5F7A3A",
    "esters": "#E9D27A",
    "pyrophosphate": "#009E73",
    "other": "#8A8F98",
    "Mg": "#44AA99",
}
FALLBACK = ("#332288", "#117733", "#AA4499", "#999933", "#661100", "#6699CC")
DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (5, 1.5, 1, 1.5)))
KIN = {
    "HAP_density": "HAP", "Ca_in_mineral": "Ca", "Ca_per_dry_mass": "Ca", "Ca_free": "Ca",
    "P_free": "P", "C_free": "C", "buffer_Ca": "buffer", "bound_Ca": "membrane",
    "slow_ester": "ester", "Mg_free": "Mg", "ACP1": "ACP", "ACP2": "ACP",
}  # fmt: skip


def colour(name: str) -> str:
    """The colour of a species, phase, pool or quantity derived from one."""
    key = name.removeprefix("SI_").removeprefix("S_")
    key = KIN.get(key, key)
    return COLOURS.get(key) or FALLBACK[sum(map(ord, key)) % len(FALLBACK)]


def dark_to_light(k: int, count: int) -> tuple[float, float, float, float]:
    """Colour k of `count` in an order that survives grey: dark to light."""
    import matplotlib

    return matplotlib.colormaps["viridis"](0.85 * k / max(count - 1, 1))
