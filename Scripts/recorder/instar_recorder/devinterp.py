"""Converts what devinterp 2's `sample()` stores to a file of traces that `instar analyze` reads.

devinterp writes a Zarr store with nested attributes, which netCDF cannot hold, and the losses of every token. Kept are
the losses of the sampling minibatches, step by step, and their settings.
"""

import math
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import h5py
import numpy as np

from .arguments import RecorderError
from .files import replacing, write_dataset


def convert_devinterp(output, stores):
    """Writes one HDF5 file of traces from the stores of a series of checkpoints.

    `stores` maps the training step of each checkpoint to the directory that `sample(output_path=…)` wrote. The file
    holds `loss[checkpoint, chain, draw]`, the mean over batch and tokens of `sampling_loss_micro`, burn-in included;
    `init_loss[checkpoint]`, the mean over chains and tokens of `init_loss`, which devinterp compares every chain with;
    `steps`; and the settings as attributes. A chain that diverged keeps the NaN that devinterp filled it with.

    devinterp's own `compute_llc` averages over the burn-in as well; Instar leaves it out.
    """
    if not stores:
        raise RecorderError("no store to convert: give at least one STEP=PATH.")
    output = Path(output)
    steps = sorted(stores)
    if any(not isinstance(step, (int, np.integer)) or step < 0 for step in steps):
        raise RecorderError(f"training steps are whole numbers from 0 on; found {steps}.")
    parts = [_read(Path(stores[step])) for step in steps]
    for step, part in zip(steps, parts):
        for what in ("settings", "shape"):
            if part[what] != parts[0][what]:
                raise RecorderError(f"{stores[step]} (step {step}) differs in its {what} from {stores[steps[0]]}: "
                                    f"{part[what]} against {parts[0][what]}. A series is sampled with one setting.")
    with replacing(output) as temporary, h5py.File(temporary, "w") as file:
        write_dataset(file, "loss", np.stack([part["loss"] for part in parts]))
        write_dataset(file, "init_loss", np.array([part["init_loss"] for part in parts]))
        write_dataset(file, "steps", np.array(steps, dtype=np.int64))
        for name, value in parts[0]["settings"].items():
            file.attrs[name] = value


def _read(path):
    try:
        import zarr
    except ImportError as error:
        raise RecorderError("reading devinterp's stores needs zarr: pip install 'zarr>=3.1,<3.2'.") from error
    if not (path / "zarr.json").is_file():
        raise RecorderError(f"{path} is not a Zarr store of format 3; give the output_path that sample() was given.")
    store = zarr.open_group(str(path), mode="r")
    absent = [name for name in ("sampling_loss_micro", "init_loss") if name not in store]
    if absent:
        raise RecorderError(f"{path} lacks {' and '.join(absent)}: was it written by devinterp 2's sample()?")
    if not store.attrs.get("completed"):
        raise RecorderError(f"{path} is not complete: sampling was interrupted, or still goes on.")
    micro = store["sampling_loss_micro"]
    # In double precision, and NaN wherever any loss is: a mean that skips NaN would hide a diverged step.
    loss = np.stack([np.asarray(micro[chain], dtype=np.float64).reshape(micro.shape[1], -1).mean(axis=1)
                     for chain in range(micro.shape[0])])
    init_loss = np.asarray(store["init_loss"], dtype=np.float64).mean()
    if not np.isfinite(init_loss):
        raise RecorderError(f"{path}: init_loss is {init_loss}; the model gives no finite loss at this checkpoint.")
    return {"loss": loss, "init_loss": init_loss, "shape": loss.shape, "settings": _settings(path, store)}


def _settings(path, store):
    """The sampler's settings under the names that Instar reads, then the others as they are."""
    try:
        sampler = dict(store.attrs["metadata"]["config"]["sampler"])
    except (KeyError, TypeError) as error:
        raise RecorderError(
            f"{path} does not state its sampler's settings (attribute metadata.config.sampler).") from error
    renamed = {"n_beta": "nBeta", "num_burnin_steps": "burn_in", "lr": "step_size", "localization": "localization"}
    absent = [name for name in renamed if name not in sampler]
    if absent:
        raise RecorderError(f"{path} does not state {' and '.join(absent)} among its sampler's settings.")
    settings = {new: sampler.pop(old) for old, new in renamed.items()}
    settings["source"] = _source()
    for name, value in sorted(sampler.items()):
        if isinstance(value, (str, bool, int)) or isinstance(value, float) and math.isfinite(value):
            settings[name] = str(value) if isinstance(value, bool) else value
    return settings


def _source():
    """The stores do not say which version wrote them: the one that is installed here."""
    try:
        return f"devinterp {version('devinterp')}"
    except PackageNotFoundError:
        return "devinterp 2"
