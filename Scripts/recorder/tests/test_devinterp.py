import h5py
import numpy as np
import pytest
from instar_recorder import RecorderError, convert_devinterp
from instar_recorder.__main__ import main

zarr = pytest.importorskip("zarr", minversion="3.1")

SAMPLER = {"lr": 1e-3, "n_beta": 20.0, "localization": 5.0, "num_burnin_steps": 3, "num_chains": 2, "batch_size": 4,
           "init_seed": 100, "shuffle": True, "bounding_box_size": None, "sampling_method": "sgmcmc_sgld",
           "sampling_method_kwargs": {}}
CHAINS, STEPS, BATCH, TOKENS = 2, 13, 4, 5


def write_store(path, seed=0, completed=1, diverged_at=None, **sampler):
    """A store as devinterp 2.0.1 lays it out: a flat Zarr 3 group, float32, settings as nested attributes."""
    generator = np.random.default_rng(seed)
    losses = generator.gamma(4, 0.25, (CHAINS, STEPS, BATCH, TOKENS)).astype(np.float32)
    if diverged_at is not None:
        losses[1, diverged_at:] = np.nan
    initial = generator.gamma(4, 0.2, (CHAINS, TOKENS)).astype(np.float32)
    store = zarr.open_group(str(path), mode="w", zarr_format=3)
    for name, values in (("sampling_loss_micro", losses), ("init_loss", initial)):
        store.create_array(name, data=values)
    store.attrs.update({"metadata": {"config": {"sampler": SAMPLER | sampler, "observables": {}}}})
    if completed is not None:
        store.attrs["completed"] = completed
    return losses.astype(np.float64), initial.astype(np.float64)


def test_the_losses_are_means_over_batch_and_tokens(tmp_path):
    expected = {step: write_store(tmp_path / f"{step}.zarr", seed=step) for step in (1000, 0, 30)}
    convert_devinterp(tmp_path / "traces.h5", {step: tmp_path / f"{step}.zarr" for step in expected})
    with h5py.File(tmp_path / "traces.h5") as file:
        assert list(file["steps"]) == [0, 30, 1000]
        assert file["loss"].shape == (3, CHAINS, STEPS) and file["init_loss"].shape == (3,)
        for index, step in enumerate(sorted(expected)):
            losses, initial = expected[step]
            # Sums of twenty numbers in another order: a few units in the last place.
            np.testing.assert_allclose(file["loss"][index], losses.mean(axis=(2, 3)), rtol=1e-14)
            np.testing.assert_allclose(file["init_loss"][index], initial.mean(), rtol=1e-14)
        assert file.attrs["nBeta"] == 20 and file.attrs["step_size"] == 1e-3
        assert file.attrs["localization"] == 5 and file.attrs["burn_in"] == 3
        assert file.attrs["source"].startswith("devinterp 2")
        assert file.attrs["sampling_method"] == "sgmcmc_sgld" and file.attrs["shuffle"] == "True"


def test_a_diverged_chain_keeps_its_nan(tmp_path):
    write_store(tmp_path / "0.zarr", diverged_at=7)
    main(["convert-devinterp", str(tmp_path / "traces.h5"), f"0={tmp_path / '0.zarr'}"])
    with h5py.File(tmp_path / "traces.h5") as file:
        assert np.isfinite(file["loss"][0, 0]).all() and np.isfinite(file["loss"][0, 1, :7]).all()
        assert np.isnan(file["loss"][0, 1, 7:]).all()


@pytest.mark.parametrize("stores, message", [
    ({}, "no store"),
    ({-1: "a.zarr"}, "whole numbers"),
    ({0: "missing.zarr"}, "not a Zarr store"),
    ({0: "a.zarr", 1: "other.zarr"}, "differs in its settings"),
    ({0: "interrupted.zarr"}, "not complete"),
    ({0: "empty.zarr"}, "lacks sampling_loss_micro and init_loss"),
])
def test_what_cannot_be_converted_is_said(tmp_path, stores, message):
    write_store(tmp_path / "a.zarr")
    write_store(tmp_path / "other.zarr", lr=2e-3)
    write_store(tmp_path / "interrupted.zarr", completed=None)
    zarr.open_group(str(tmp_path / "empty.zarr"), mode="w", zarr_format=3)
    with pytest.raises(RecorderError, match=message):
        convert_devinterp(tmp_path / "traces.h5", {step: tmp_path / name for step, name in stores.items()})
    assert not (tmp_path / "traces.h5").exists()


@pytest.mark.parametrize("arguments", [["a.zarr"], ["=a.zarr"], ["x=a.zarr"], ["1=a.zarr", "1=b.zarr"]])
def test_wrong_arguments_are_a_usage_error(tmp_path, arguments):
    with pytest.raises(SystemExit) as error:
        main(["convert-devinterp", str(tmp_path / "traces.h5"), *arguments])
    assert error.value.code == 2
