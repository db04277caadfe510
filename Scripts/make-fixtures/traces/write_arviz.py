"""Writes the draws that devinterp made as ArviZ writes them, and what `az.summary` says of them.

Run once with each version of ArviZ, after sample_devinterp.py:

    pip install arviz==0.23.4 netCDF4     # or arviz==1.3.0
    python Scripts/make-fixtures/traces/write_arviz.py Fixtures/traces
"""

import json
import sys
from pathlib import Path

import arviz as az
import h5py
import numpy as np
import xarray as xr

IS_OLD = az.__version__.startswith("0.")


def summary(draws):
    """az.summary of λ per draw, unrounded, with the tail quantiles of Vehtari et al.; axes [chain, draw]."""
    data = dataset({"llc": draws})
    row = az.summary(data, round_to="none").loc["llc"]
    row = {name: float(row[name]) for name in ("mean", "mcse_mean", "ess_bulk", "r_hat")}
    return row | {"ess_tail": float(az.ess(data, method="tail", prob=(0.05, 0.95))["llc"])}


def dataset(posterior, **others):
    groups = {"posterior": posterior} | others
    return az.from_dict(**groups) if IS_OLD else az.from_dict(groups)


def write(path, axes, loss, steps, init_loss, settings, burn_in):
    """One file of a series: `axes` orders the dimensions of the loss, given as [checkpoint, chain, draw]."""
    order = ["checkpoint", "chain", "draw"]
    parts = {}
    for name, draws in (("posterior", slice(burn_in, None)), ("warmup_posterior", slice(burn_in))):
        part = loss[:, :, draws]
        array = xr.DataArray(part, dims=order, coords={
            "checkpoint": steps, "chain": np.arange(part.shape[1]), "draw": np.arange(part.shape[2])})
        parts[name] = xr.Dataset({"loss": array.transpose(*axes)})
    parts["constant_data"] = xr.Dataset({"init_loss": ("checkpoint", init_loss)}, coords={"checkpoint": steps})
    parts["posterior"].attrs = settings
    if IS_OLD:
        az.InferenceData(**parts, save_warmup=True).to_netcdf(path)
    else:
        xr.DataTree.from_dict(parts).to_netcdf(path)


def main(folder):
    with h5py.File(folder / "devinterp.h5") as file:
        loss, init_loss, steps = file["loss"][:], file["init_loss"][:], file["steps"][:]
        n_beta, burn_in = float(file.attrs["nBeta"]), int(file.attrs["burn_in"])
    sound = np.isfinite(loss).all(axis=(1, 2))
    loss, init_loss, steps = loss[sound], init_loss[sound], steps[sound]
    settings = {"n_beta": n_beta, "inference_library": "devinterp", "inference_library_version": "2.0.1"}
    expected = [{"step": int(step)} | summary(n_beta * (draws[:, burn_in:] - start))
                for step, draws, start in zip(steps, loss, init_loss)]
    name = "arviz-0.23" if IS_OLD else "arviz-1"
    # Another order of the axes in each, none of them that of the plain form.
    write(folder / f"{name}.nc", ["chain", "draw", "checkpoint"] if IS_OLD else ["draw", "checkpoint", "chain"],
          loss, steps, init_loss, settings, burn_in)
    (folder / f"{name}.json").write_text(json.dumps(expected, indent=1) + "\n")
    if not IS_OLD:
        # As many chains as draws: only names tell the axes apart.
        square = loss[:, :, burn_in:burn_in + loss.shape[1]]
        write(folder / "as-many-chains-as-draws.nc", ["draw", "chain", "checkpoint"], square, steps, init_loss,
              settings, 0)
    else:
        series = folder / "series"
        series.mkdir(exist_ok=True)
        for index, step in enumerate(steps[:2]):
            data = dataset({"loss": loss[index, :, burn_in:]}, constant_data={"init_loss": init_loss[index]})
            data.posterior.attrs.update(settings)
            data.to_netcdf(series / f"step_{step:05d}.nc")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
