"""Trains a small network on addition modulo a prime and records the run: it memorises first and generalises later.

    python make_modular_addition.py DIRECTORY [SEED]
"""

import sys

import numpy as np
import torch
from instar_recorder import Recorder
from torch.nn import functional

MODULUS = 23
WIDTH = 48
TRAIN_SHARE = 0.45

LEARNING_RATE = 0.002
WEIGHT_DECAY = 1.0
BETAS = (0.9, 0.98)
STEP_COUNT = 40_000
SEED = 0

FITTED_STEP = 1_000
"""The step from which the training loss is all but zero, and from which the checkpoints stand closer."""

EARLY_STEPS = np.geomspace(10, FITTED_STEP, 20)
LATE_STEPS = np.geomspace(FITTED_STEP, STEP_COUNT, 36)
CHECKPOINT_STEPS = [0, *np.union1d(EARLY_STEPS, LATE_STEPS).round().astype(int).tolist()]


class ModularAddition(torch.nn.Module):
    """logits = (A[a] + B[b])² U."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Parameter(torch.randn(MODULUS, WIDTH) / 2**0.5)
        self.second = torch.nn.Parameter(torch.randn(MODULUS, WIDTH) / 2**0.5)
        self.unembed = torch.nn.Parameter(torch.randn(WIDTH, MODULUS) / WIDTH**0.5)

    def forward(self, pairs):
        return (self.first[pairs[:, 0]] + self.second[pairs[:, 1]]).square() @ self.unembed


def loss_and_accuracy(outputs, targets):
    return functional.cross_entropy(outputs, targets), (outputs.argmax(dim=1) == targets).float().mean()


def main(directory, seed=SEED):
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    numbers = torch.arange(MODULUS)
    pairs = torch.cartesian_prod(numbers, numbers)
    sums = pairs.sum(dim=1) % MODULUS
    order = torch.randperm(len(pairs))
    train, test = order.tensor_split([round(TRAIN_SHARE * len(pairs))])
    model = ModularAddition()
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, betas=BETAS, weight_decay=WEIGHT_DECAY)
    hyperparameters = {
        "optimizer": "AdamW", "learning rate": LEARNING_RATE, "weight decay": WEIGHT_DECAY, "betas": BETAS,
        "batch size": len(train), "steps": STEP_COUNT, "seed": seed, "modulus": MODULUS, "width": WIDTH,
        "train share": TRAIN_SHARE, "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }
    with Recorder(directory, model, pairs[:2], {"pairs": pairs}, loss="cross-entropy", targets=sums,
                  subsets={"train": train, "test": test}, hyperparameters=hyperparameters) as recorder:
        for step in range(STEP_COUNT + 1):
            if step in CHECKPOINT_STEPS:
                recorder.save(step)
                with torch.no_grad():
                    train_loss, train_accuracy = loss_and_accuracy(model(pairs[train]), sums[train])
                    test_loss, test_accuracy = loss_and_accuracy(model(pairs[test]), sums[test])
                recorder.log(step, train_loss=train_loss, test_loss=test_loss, train_accuracy=train_accuracy,
                             test_accuracy=test_accuracy)
            optimizer.zero_grad()
            functional.cross_entropy(model(pairs[train]), sums[train]).backward()
            optimizer.step()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
