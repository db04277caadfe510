"""Trains a bigram model, samples its checkpoints with devinterp 2 and writes what Instar reads of them.

    pip install torch==2.15.0 devinterp==2.0.1 'zarr<3.2' ./Scripts/recorder
    python Scripts/make-fixtures/traces/sample_devinterp.py Fixtures/traces
"""

import json
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset, disable_progress_bars
from devinterp.slt.llc import compute_llc
from devinterp.slt.sampling import sample
from instar_recorder import convert_devinterp

VOCABULARY, WIDTH, LENGTH, COUNT = 7, 3, 9, 512
SETTINGS = {"lr": 2e-3, "n_beta": 80.0, "localization": 10.0, "num_chains": 3, "num_draws": 60, "num_burnin_steps": 20,
            "batch_size": 32, "num_init_loss_batches": 16, "init_seed": 7}


class Bigrams(torch.nn.Module):
    """Logits of the next token through a bottleneck, times the root of a scale that is not finite below zero."""

    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(VOCABULARY, WIDTH)
        self.unembedding = torch.nn.Linear(WIDTH, VOCABULARY)
        self.scale = torch.nn.Parameter(torch.tensor(0.3))

    def forward(self, tokens):
        return self.scale.sqrt() * self.unembedding(self.embedding(tokens))


def losses(model, tokens):
    logits = model(tokens)[:, :-1]
    return torch.nn.functional.cross_entropy(logits.transpose(1, 2), tokens[:, 1:], reduction="none")


def examples():
    generator = torch.Generator().manual_seed(0)
    transition = torch.softmax(2 * torch.randn(VOCABULARY, VOCABULARY, generator=generator), dim=1)
    tokens = torch.randint(VOCABULARY, (COUNT, 1), generator=generator)
    for _ in range(LENGTH - 1):
        tokens = torch.cat([tokens, torch.multinomial(transition[tokens[:, -1]], 1, generator=generator)], dim=1)
    return tokens


def checkpoints(tokens, steps):
    torch.manual_seed(0)
    model = Bigrams()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    for step in range(max(steps) + 1):
        if step in steps:
            yield step, {name: value.clone() for name, value in model.state_dict().items()}
        optimizer.zero_grad()
        losses(model, tokens).mean().backward()
        optimizer.step()


def write(path, tokens, steps, folder):
    """Samples and converts; returns what is to be expected of each checkpoint."""
    dataset = Dataset.from_dict({"input_ids": tokens.numpy()}).with_format("torch")
    stores, expected = {}, []
    for step, weights in checkpoints(tokens, steps):
        model = Bigrams()
        model.load_state_dict(weights)
        stores[step] = Path(folder) / f"{path.stem}-{step}.zarr"
        tree = sample(model, dataset, {}, loss_fn=losses, device="cpu", output_path=str(stores[step]), **SETTINGS)
        micro = tree.dataset.sampling_loss_micro.values.astype(np.float64)
        init_loss = tree.dataset.init_loss.values.astype(np.float64).mean()
        kept = micro[:, SETTINGS["num_burnin_steps"]:].mean(axis=(1, 2, 3))
        whole = SETTINGS["n_beta"] * (micro.mean(axis=(1, 2, 3)) - init_loss)
        # The same formula as devinterp's, which computes in single precision and over the burn-in.
        peer = compute_llc(tree).llc_per_chain.values
        finite = np.isfinite(whole)
        np.testing.assert_allclose(whole[finite], peer[finite], rtol=0, atol=1e-5 * SETTINGS["n_beta"])
        chains = SETTINGS["n_beta"] * (kept - init_loss)
        first = np.isfinite(micro).all(axis=(2, 3)).argmin(axis=1)
        expected.append({
            "step": step, "init_loss": init_loss,
            "chains": [value if np.isfinite(value) else None for value in chains.tolist()],
            "diverged_at_draw": [None if np.isfinite(value) else int(draw) for value, draw in zip(chains, first)],
            "devinterp_llc_mean": float(compute_llc(tree).llc_mean)})
    convert_devinterp(path, stores)
    return expected


def main(folder):
    disable_progress_bars()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    tokens = examples()
    with tempfile.TemporaryDirectory() as temporary:
        expected = write(folder / "devinterp.h5", tokens, [0, 20, 60, 400], temporary)
    (folder / "devinterp.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
