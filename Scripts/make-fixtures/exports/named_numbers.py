"""Numbers that follow from a name: SplitMix64 started at the FNV-1a hash of it.

Whoever knows the name has the numbers (Tests/TestSupport/NamedNumbers.swift is the same), so that no fixture needs
to store weights. All of them are multiples of 2⁻²³ below 1.5, the same in single and in double precision.
"""

import numpy as np

MASK = (1 << 64) - 1


def words(name, count):
    """The first `count` numbers of SplitMix64 (Steele, Lea and Flood 2014) from the 64-bit FNV-1a hash of `name`."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = (state ^ byte) * 0x100000001B3 & MASK
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        word = state
        word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 & MASK
        word = (word ^ word >> 27) * 0x94D049BB133111EB & MASK
        yield word ^ word >> 31


def uniform(name, shape, low):
    """Uniform in [low, low + 1)."""
    values = [(word >> 41) / (1 << 23) + low for word in words(name, int(np.prod(shape)))]
    return np.array(values, dtype=np.float32).reshape(shape)


def real(name, shape):
    """Uniform in [-1/2, 1/2)."""
    return uniform(name, shape, -0.5)


def parameter(name, shape):
    """Uniform in [-1/2, 1/2), or for a variance in [1/2, 3/2)."""
    if name.endswith(("running_var", "moving_variance")):
        return uniform(name, shape, 0.5)
    return real(name, shape)


def integers(name, shape, count):
    """Uniform in 0 ..< count, up to the remainder of 2⁶⁴."""
    values = [word % count for word in words(name, int(np.prod(shape)))]
    return np.array(values, dtype=np.int64).reshape(shape)
