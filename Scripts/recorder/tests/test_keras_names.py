import json
import os

import h5py
import numpy as np
import pytest
import yaml

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")

from instar_recorder import RecorderError, keras_names, write_keras_names  # noqa: E402
from instar_recorder.__main__ import main  # noqa: E402


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.attention = keras.layers.MultiHeadAttention(2, 4, name="attention")
        self.blocks = [keras.layers.Dense(8, name=f"block_{index}") for index in range(12)]

    def call(self, x):
        x = self.attention(x, x)
        for block in self.blocks:
            x = block(x)
        return x


def functional():
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="hidden")], name="inner")
    inputs = keras.Input((4,))
    normed = keras.layers.BatchNormalization(name="norm")(inner(inputs))
    return keras.Model(inputs, keras.layers.Dense(1, name="last")(keras.layers.Dropout(0.5)(normed)))


def subclassed():
    model = Subclassed()
    model.build((None, 5, 8))
    return model


@pytest.mark.parametrize("make", [functional, subclassed])
def test_the_names_lead_from_every_dataset_to_the_weight_that_it_holds(make, tmp_path):
    model = make()
    for index, variable in enumerate(model.weights):
        variable.assign(np.full(variable.shape, index + 1, dtype="f4"))
    names = keras_names(model)
    model.save_weights(tmp_path / "step_1.weights.h5")
    found = {}
    with h5py.File(tmp_path / "step_1.weights.h5") as file:
        file.visititems(lambda path, item: found.update({path.replace("/", "."): item[()]})
                        if isinstance(item, h5py.Dataset) else None)
    expected = {variable.path: np.asarray(variable.value.detach().cpu()) for variable in model.weights}
    assert set(names) <= set(found) and set(names.values()) == set(expected)
    for name, path in names.items():
        np.testing.assert_array_equal(found[name], expected[path])


def test_the_command_writes_the_names_to_the_manifest_again_and_again(tmp_path):
    model = functional()
    model.save(tmp_path / "model.keras")
    (tmp_path / "run.yaml").write_text("name: toy\nloss: cross-entropy\n")
    for _ in range(2):
        main(["keras-names", str(tmp_path / "model.keras"), str(tmp_path)])
    manifest = yaml.safe_load((tmp_path / "run.yaml").read_text())
    # Paths may be shorter in a model that was loaded: Keras leaves out the names of models inside.
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert manifest == {"name": "toy", "loss": "cross-entropy", "names": keras_names(loaded)}


def test_names_written_by_hand_are_kept(tmp_path):
    text = "names:\n  layers.dense.vars.0: kernel\n"
    (tmp_path / "run.yaml").write_text(text)
    with pytest.raises(RecorderError, match="written by hand"):
        write_keras_names(tmp_path, functional())
    assert (tmp_path / "run.yaml").read_text() == text


def test_a_file_that_is_no_model_is_named(tmp_path):
    (tmp_path / "model.keras").write_text(json.dumps({}))
    with pytest.raises(SystemExit, match="model.keras cannot be loaded"):
        main(["keras-names", str(tmp_path / "model.keras"), str(tmp_path)])
