"""Random numbers as a function of (seed, stream, row, index): no state, no order, no threads.

Philox 4x64-10 (Salmon et al. 2011) turns a counter and a key into four words; numpy's is used for
its words only, and turned into uniforms, normals and Poisson counts here, because numpy promises
the words of a bit generator for ever but not what its Generator makes of them.
"""

from __future__ import annotations

import hashlib

import numpy as np

from sim.errors import ScenarioError, shown

# Above this mean the expansion of a Poisson quantile is off by less than 1e-3 of a count.
EXPANSION_ONLY = 1e6


def seed_number(seed: int, owner: str) -> int:
    """The seed, if it is a whole number from 0 to 2^64 - 1."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**64:
        raise ScenarioError(f"{owner}: seed = {shown(seed)} must be a whole number from 0 to 2^64 - 1.")
    return int(seed)


def uniform(seed: int, stream: str, row: int, count: int) -> np.ndarray:
    """Uniforms in (0, 1), (count,): number i depends on seed, stream, row and i alone."""
    word = int.from_bytes(hashlib.sha256(stream.encode()).digest()[:8], "little")
    source = np.random.Philox(
        key=np.array([seed, word], np.uint64), counter=np.array([0, row, 0, 0], np.uint64)
    )
    return ((source.random_raw(count) >> np.uint64(11)).astype(float) + 0.5) * 2.0**-53


def normal(seed: int, stream: str, row: int, count: int) -> np.ndarray:
    """Standard normals (count,), by inversion."""
    from scipy.special import ndtri  # here: few runs have chance, and it is slow to import

    return ndtri(uniform(seed, stream, row, count))


def poisson(mean: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The smallest counts n with P(N > n) <= v for N ~ Poisson(mean); floats, because they may be huge.

    mean, v: (n,); v uniform in (0, 1) gives Poisson counts. Inversion, so a mean that differs by
    rounding gives the same count but for the rarest v. From the upper tail, so a count of 1 at a
    mean of 1e-12 has its true chance. From a mean of 1e6 on the Cornish-Fisher expansion alone.
    """
    from scipy.special import ndtri, pdtrc

    mean = np.asarray(mean, float)
    z = -ndtri(v)
    root = np.sqrt(mean)
    # Fisher & Cornish 1960 with the cumulants of Poisson, all equal to the mean, and -1/2 for a count
    guess = mean + root * z + (z * z - 1.0) / 6.0 + (z - z**3) / (72.0 * np.maximum(root, 1.0)) - 0.5
    n = np.maximum(np.ceil(guess), 0.0)
    exact = mean < EXPANSION_ONLY
    while True:
        up = exact & (pdtrc(n, mean) > v)
        if not up.any():
            break
        n[up] += 1.0
    while True:
        down = exact & (n > 0) & (pdtrc(np.maximum(n - 1.0, 0.0), mean) <= v)
        if not down.any():
            break
        n[down] -= 1.0
    return n
