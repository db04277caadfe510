"""Trains a small transformer on in-context linear regression and records the run.

    python make_in_context_regression.py DIRECTORY

The task of Hoogland et al., "Loss landscape degeneracy and stagewise development in transformers" (2024), in small:
a sequence holds pairs (x_k, y_k) with y_k = t·x_k + noise and a task vector t of its own; the model predicts each y_k
from what stands before it.
"""

import sys

import numpy as np
import torch
from instar_recorder import Recorder
from torch.nn import functional

DIMENSION = 2
PAIR_COUNT = 8
NOISE_VARIANCE = 0.125
WIDTH = 20
HEAD_COUNT = 2
LAYER_COUNT = 2

BATCH_SIZE = 128
LEARNING_RATE = 0.003
STEP_COUNT = 20_000
SEED = 1
TRAIN_COUNT = 1_024
TEST_COUNT = 256

LOGARITHMIC_STEPS = np.unique(np.geomspace(1, STEP_COUNT, 30).round().astype(int))
LINEAR_STEPS = np.arange(0, STEP_COUNT + 1, STEP_COUNT // 10)
CHECKPOINT_STEPS = np.union1d(LOGARITHMIC_STEPS, LINEAR_STEPS).tolist()


def sequences(count, generator):
    """Tokens `[sequence, 2K, D + 1]`, (0, x_1), (y_1, 0), (0, x_2), …, and the targets y, `[sequence, K]`."""
    task = torch.randn(count, DIMENSION, 1, generator=generator)
    x = torch.randn(count, PAIR_COUNT, DIMENSION, generator=generator)
    noise = torch.randn(count, PAIR_COUNT, generator=generator)
    y = (x @ task).squeeze(-1) + NOISE_VARIANCE**0.5 * noise
    tokens = torch.zeros(count, PAIR_COUNT, 2, DIMENSION + 1)
    tokens[:, :, 0, 1:] = x
    tokens[:, :, 1, 0] = y
    return tokens.flatten(1, 2), y


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.attention_norm = torch.nn.LayerNorm(WIDTH)
        self.query_key_value = torch.nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.projection = torch.nn.Linear(WIDTH, WIDTH, bias=False)
        self.mlp_norm = torch.nn.LayerNorm(WIDTH)
        self.expand = torch.nn.Linear(WIDTH, WIDTH, bias=False)
        self.contract = torch.nn.Linear(WIDTH, WIDTH, bias=False)

    def forward(self, x):
        heads = self.query_key_value(self.attention_norm(x)).unflatten(-1, (3, HEAD_COUNT, WIDTH // HEAD_COUNT))
        query, key, value = heads.permute(2, 0, 3, 1, 4).unbind()
        attended = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.projection(attended.transpose(1, 2).flatten(2))
        return x + self.contract(functional.gelu(self.expand(self.mlp_norm(x))))


class Regressor(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Linear(DIMENSION + 1, WIDTH, bias=False)
        self.position = torch.nn.Parameter(0.02 * torch.randn(2 * PAIR_COUNT, WIDTH))
        self.blocks = torch.nn.ModuleList(Block() for _ in range(LAYER_COUNT))
        self.norm = torch.nn.LayerNorm(WIDTH)
        self.unembed = torch.nn.Linear(WIDTH, 1, bias=False)

    def forward(self, tokens):
        x = self.embed(tokens) + self.position
        for block in self.blocks:
            x = block(x)
        return self.unembed(self.norm(x))[:, ::2, 0]


def main(directory):
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    tokens, targets = sequences(TRAIN_COUNT + TEST_COUNT, generator)
    model = Regressor()
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    hyperparameters = {
        "optimizer": "Adam", "learning rate": LEARNING_RATE, "batch size": BATCH_SIZE, "steps": STEP_COUNT,
        "seed": SEED, "dimension": DIMENSION, "pairs": PAIR_COUNT, "noise variance": NOISE_VARIANCE,
        "layers": LAYER_COUNT, "heads": HEAD_COUNT, "width": WIDTH,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }
    subsets = {"train": np.arange(TRAIN_COUNT), "test": np.arange(TRAIN_COUNT, TRAIN_COUNT + TEST_COUNT)}
    with Recorder(directory, model, tokens[:2], {"tokens": tokens}, loss="mean-squared-error", targets=targets,
                  subsets=subsets, hyperparameters=hyperparameters) as recorder:
        for step in range(STEP_COUNT + 1):
            if step in CHECKPOINT_STEPS:
                with torch.no_grad():
                    losses = (model(tokens) - targets).square().mean(dim=1)
                recorder.save(step)
                recorder.log(step, train_loss=losses[:TRAIN_COUNT].mean(), test_loss=losses[TRAIN_COUNT:].mean())
            batch, expected = sequences(BATCH_SIZE, generator)
            optimizer.zero_grad()
            (model(batch) - expected).square().mean().backward()
            optimizer.step()


if __name__ == "__main__":
    main(sys.argv[1])
