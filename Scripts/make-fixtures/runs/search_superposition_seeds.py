"""Trains many seeds of the toy model of superposition side by side and prints the losses at which each one rests.

It follows the arithmetic of `make_superposition.py` (same data, starts, minibatches, plain SGD) with NumPy.

    python search_superposition_seeds.py [SEEDS]
"""

import sys

import numpy as np

from superposition_training import BATCH_SIZE, LEARNING_RATE, TrainingSeed, examples

STEP_COUNT = 100_000
EVERY = 2_500
PLATEAU_TOLERANCE = 0.0015


def plateaus(series):
    """The losses at which a series rests, each with the number of records in a row that stay within the tolerance."""
    found = []
    for loss in series:
        if found and abs(loss - found[-1][0]) <= PLATEAU_TOLERANCE:
            found[-1][1] += 1
        else:
            found.append([loss, 1])
    return found


def main():
    seeds = range(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
    inputs = examples()
    training = [TrainingSeed(seed) for seed in seeds]
    starts = [seed.start() for seed in training]
    weights = np.stack([start[0] for start in starts])
    bias = np.stack([start[1] for start in starts])
    minibatches = [seed.minibatches() for seed in training]
    losses = []
    for step in range(STEP_COUNT + 1):
        if step % EVERY == 0:
            residual = np.maximum(inputs @ weights.transpose(0, 2, 1) @ weights + bias[:, None], 0) - inputs
            losses.append(np.square(residual).sum(axis=2).mean(axis=1))
        batch = inputs[np.stack([next(minibatch) for minibatch in minibatches])]
        hidden = batch @ weights.transpose(0, 2, 1)
        before = hidden @ weights + bias[:, None]
        slope = 2 / BATCH_SIZE * (np.maximum(before, 0) - batch) * (before > 0)
        gradient = hidden.transpose(0, 2, 1) @ slope + (slope @ weights.transpose(0, 2, 1)).transpose(0, 2, 1) @ batch
        weights -= np.float32(LEARNING_RATE) * gradient
        bias -= np.float32(LEARNING_RATE) * slope.sum(axis=1)
    for seed, series in zip(seeds, np.stack(losses, axis=1)):
        print(seed, " ".join(f"{loss:.4f}×{count}" for loss, count in plateaus(series)), flush=True)


if __name__ == "__main__":
    main()
