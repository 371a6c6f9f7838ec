"""Counter-based random numbers against published vectors, exact distributions and a slow Philox."""

import numpy as np
import pytest
from scipy import stats

from sim.space.chance import normal, poisson, uniform

MASK = 2**64 - 1


def philox(counter, key):
    """Philox4x64-10 of Salmon et al. 2011 with Python's integers, written from the paper."""
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2E7470EE14C6C93 * c[0], 0xCA5A826395121157 * c[2]
        c = [(b >> 64) ^ c[1] ^ k[0], b & MASK, (a >> 64) ^ c[3] ^ k[1], a & MASK]
        k = [(k[0] + 0x9E3779B97F4A7C15) & MASK, (k[1] + 0xBB67AE8584CAA73B) & MASK]
    return c


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ("0 0 0 0", "0 0", "16554d9eca36314c db20fe9d672d0fdc d7e772cee186176b 7e68b68aec7ba23b"),
        (
            "ffffffffffffffff " * 4,
            "ffffffffffffffff " * 2,
            "87b092c3013fe90b 438c3c67be8d0224 9cc7d7c69cd777b6 a09caebf594f0ba0",
        ),
        (
            "243f6a8885a308d3 13198a2e03707344 a4093822299f31d0 082efa98ec4e6c89",
            "452821e638d01377 be5466cf34e90c6c",
            "a528f45403e61d95 38c72dbd566e9788 a5a1610e72fd18b5 57bd43b5e52b7fe6",
        ),
    ],
)
def test_the_slow_philox_gives_the_published_vectors(counter, key, words):
    """kat_vectors of Random123, philox4x64 10."""
    found = philox(*([int(w, 16) for w in text.split()] for text in (counter, key)))
    assert [f"{w:016x}" for w in found] == words.split()


def test_number_i_is_word_i_of_its_counter():
    """Block i//4 of row `row`, word i%4; the key is the seed and the stream's name."""
    import hashlib

    stream = int.from_bytes(hashlib.sha256(b"nucleation").digest()[:8], "little")
    u = uniform(77, "nucleation", 5, 11)
    for i in range(11):
        # numpy counts before it draws: the first block of a counter is the next one
        word = philox([1 + i // 4, 5, 0, 0], [77, stream])[i % 4]
        assert u[i] == ((word >> 11) + 0.5) * 2.0**-53


def test_more_numbers_do_not_change_the_first():
    assert np.array_equal(uniform(1, "a", 2, 50), uniform(1, "a", 2, 5000)[:50])
    others = [uniform(2, "a", 2, 50), uniform(1, "b", 2, 50), uniform(1, "a", 3, 50)]
    assert all(not np.any(uniform(1, "a", 2, 50) == o) for o in others)


def test_uniforms_and_normals_have_their_distribution():
    """Kolmogorov-Smirnov on 20 000 numbers, fixed seed."""
    assert stats.kstest(uniform(3, "x", 0, 20_000), "uniform").pvalue > 0.01
    assert stats.kstest(normal(3, "x", 1, 20_000), "norm").pvalue > 0.01


@pytest.mark.parametrize("mean", [0.0, 1e-12, 1e-3, 0.3, 1.0, 7.5, 40.0, 1234.5, 3e5])
def test_poisson_is_the_inverse_of_its_distribution(mean):
    """Against SciPy's survival function at the count and the one below."""
    v = np.concatenate([uniform(4, "p", 0, 3000), [1e-15, 1e-9, 0.5, 1 - 1e-9]])
    n = poisson(np.full(v.size, mean), v)
    law = stats.poisson(mean) if mean else stats.poisson(5e-324)
    assert np.all(n == np.floor(n)) and np.all(n >= 0)
    assert np.all(law.sf(n) <= v * (1 + 1e-9))
    assert np.all((n == 0) | (law.sf(n - 1) > v * (1 - 1e-9)))


def test_a_rare_crystal_has_its_chance():
    """At a mean of 1e-9 one draw in 1e9 is a crystal: v below 1e-9 and no other."""
    assert np.array_equal(poisson(np.full(3, 1e-9), np.array([1.001e-9, 0.999e-9, 1e-12])), [0, 1, 1])


@pytest.mark.parametrize("mean", [2e6, 1e9, 1e13, 1e18])
def test_large_counts_have_mean_and_variance_of_poisson(mean):
    """Over equally likely v; 1e5 of them leave out tails of 1e-4 of the variance."""
    v = (np.arange(100_000) + 0.5) / 100_000
    n = poisson(np.full(v.size, mean), v)
    assert abs(n.mean() - mean) < 1e-4 * np.sqrt(mean) + 1e-15 * mean
    assert n.var() == pytest.approx(mean, rel=1e-3)


def test_the_expansion_meets_the_exact_quantiles():
    """Just above 1e6, where the expansion is alone, SciPy's quantiles differ by rounding a count."""
    v = uniform(5, "p", 0, 2000)
    n = poisson(np.full(v.size, 1.0001e6), v)
    assert np.abs(n - stats.poisson(1.0001e6).isf(v)).max() <= 1
    assert np.mean(n != stats.poisson(1.0001e6).isf(v)) < 0.01
