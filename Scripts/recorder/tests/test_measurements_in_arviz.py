"""ArviZ opens `measurements.h5` and finds the numbers that Instar wrote to `analysis.json`.

    INSTAR_OUTPUT=RUN/instar pytest Scripts/recorder/tests/test_measurements_in_arviz.py
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

az = pytest.importorskip("arviz")
OUTPUT = os.environ.get("INSTAR_OUTPUT")
pytestmark = pytest.mark.skipif(not OUTPUT, reason="INSTAR_OUTPUT names no output folder of `instar analyze`")


def test_summary_gives_the_numbers_of_the_analysis():
    output = Path(OUTPUT)
    data = az.from_netcdf(output / "measurements.h5")
    posterior = data["posterior"]
    checkpoints = json.loads((output / "analysis.json").read_text())["checkpoints"]
    assert list(posterior["checkpoint"].values) == [checkpoint["step"] for checkpoint in checkpoints]
    compared = 0
    for index, checkpoint in enumerate(checkpoints):
        llc = checkpoint["llc"]
        draws = np.asarray(posterior["llc"].isel(checkpoint=index).transpose("chain", "draw"))
        draws = draws[np.isfinite(draws).all(axis=1)]  # Instar leaves diverged chains out.
        if llc is None or llc["value"] is None or draws.shape[1] < 4:
            continue
        one = {"llc": draws} if az.__version__.startswith("0.") else {"posterior": {"llc": draws}}
        one = az.from_dict(one)
        row = az.summary(one, round_to="none").loc["llc"]
        # The probabilities are stated: ArviZ from 1.0 takes 11 % and 89 % by default.
        tail = float(az.ess(one, method="tail", prob=(0.05, 0.95))["llc"])
        found = [float(row[name]) for name in ("mean", "mcse_mean", "ess_bulk", "r_hat")] + [tail]
        expected = [llc[name] for name in ("value", "standardError", "bulkESS", "rHat", "tailESS")]
        np.testing.assert_allclose(found, expected, rtol=1e-9, err_msg=f"step {checkpoint['step']}")
        compared += 1
    assert compared > 0
