"""What the three runs of the toy model of superposition share: data, starting point and order of the minibatches.

Chen, Lau, Mendel, Wei and Murfet, "Dynamical versus Bayesian phase transitions in a toy model of superposition"
(2023): f(x) = ReLU(WᵀWx + b), examples x = μ·e_i with i uniform and μ ~ U[0, 1], loss E|x − f(x)|².
"""

import numpy as np

FEATURE_COUNT = 6
HIDDEN_COUNT = 2
EXAMPLE_COUNT = 20_000
BATCH_SIZE = 20
LEARNING_RATE = 0.005
STEP_COUNT = 225_000
DATA_SEED = 0
START_NOISE = 0.2


def examples():
    """The training examples, `[example, feature]`, the same for every training seed."""
    generator = np.random.default_rng(DATA_SEED)
    feature = generator.integers(FEATURE_COUNT, size=EXAMPLE_COUNT)
    inputs = np.zeros((EXAMPLE_COUNT, FEATURE_COUNT), dtype=np.float32)
    inputs[np.arange(EXAMPLE_COUNT), feature] = generator.random(EXAMPLE_COUNT, dtype=np.float32)
    return inputs


class TrainingSeed:
    """The random choices of one training run: its starting point and its minibatches."""

    def __init__(self, seed):
        self.generator = np.random.default_rng((DATA_SEED + 1, seed))

    def start(self):
        """A 4-gon in the first four columns plus N(0, 0.2²): `W` of shape `[2, 6]` and `b` of shape `[6]`."""
        angles = np.pi / 2 * np.arange(4)
        weights = START_NOISE * self.generator.standard_normal((HIDDEN_COUNT, FEATURE_COUNT))
        weights[:, :4] += np.cos(angles), np.sin(angles)
        bias = START_NOISE * self.generator.standard_normal(FEATURE_COUNT)
        return weights.astype(np.float32), bias.astype(np.float32)

    def minibatches(self):
        """Index arrays of length `BATCH_SIZE`, one shuffled epoch after the other, without end."""
        while True:
            yield from self.generator.permutation(EXAMPLE_COUNT).reshape(-1, BATCH_SIZE)
