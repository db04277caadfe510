"""Trains the toy model of superposition and records the run.

    python make_superposition.py SEED DIRECTORY
"""

import csv
import pathlib
import sys

import numpy as np
import torch
from instar_recorder import Recorder

from superposition_training import (BATCH_SIZE, DATA_SEED, EXAMPLE_COUNT, FEATURE_COUNT, HIDDEN_COUNT, LEARNING_RATE,
                                    STEP_COUNT, TrainingSeed, examples)
from polygons import configuration, population_loss, theory

LOGARITHMIC_STEPS = np.unique(np.geomspace(10, STEP_COUNT, 25).round().astype(int))
LINEAR_STEPS = np.arange(0, STEP_COUNT + 1, STEP_COUNT // 25)
CHECKPOINT_STEPS = np.union1d(LOGARITHMIC_STEPS, LINEAR_STEPS).tolist()


class Superposition(torch.nn.Module):
    def __init__(self, weights, bias):
        super().__init__()
        self.W = torch.nn.Parameter(torch.from_numpy(weights))
        self.b = torch.nn.Parameter(torch.from_numpy(bias))

    def forward(self, x):
        return torch.relu(x @ self.W.T @ self.W + self.b)


def squared_error(outputs, inputs):
    return (outputs - inputs).square().sum(dim=1).mean()


def main(seed, directory):
    torch.set_num_threads(1)
    inputs = examples()
    training = TrainingSeed(seed)
    model = Superposition(*training.start())
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    minibatches = training.minibatches()
    tensor = torch.from_numpy(inputs)
    hyperparameters = {
        "optimizer": "SGD", "learning rate": LEARNING_RATE, "batch size": BATCH_SIZE, "steps": STEP_COUNT,
        "examples": EXAMPLE_COUNT, "features": FEATURE_COUNT, "hidden dimensions": HIDDEN_COUNT,
        "data seed": DATA_SEED, "training seed": seed,
    }
    rows = []
    with Recorder(directory, model, tensor[:2], {"x": inputs}, loss="sum-squared-error", targets=inputs,
                  hyperparameters=hyperparameters) as recorder:
        for step in range(STEP_COUNT + 1):
            if step in CHECKPOINT_STEPS:
                weights, bias = (parameter.detach().double().numpy() for parameter in (model.W, model.b))
                with torch.no_grad():
                    loss = squared_error(model(tensor), tensor).item()
                recorder.save(step)
                recorder.log(step, train_loss=loss)
                found = configuration(weights, bias)
                rows.append([step, found or "", f"{loss:.6f}", f"{population_loss(weights, bias):.6f}", *theory(found)])
            batch = tensor[torch.from_numpy(next(minibatches))]
            optimizer.zero_grad()
            squared_error(model(batch), batch).backward()
            optimizer.step()
    with open(pathlib.Path(directory) / "kgons.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["step", "configuration", "train_loss", "population_loss", "theory_loss", "theory_llc"])
        writer.writerows(rows)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
