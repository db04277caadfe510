"""Writes Fixtures/keras: one small model as every form of Keras writes it, and its weights by name as JSON.

    pip install -r requirements.txt && KERAS_BACKEND=torch python3 make.py [FOLDER]

What Keras 2 wrote (`tensorflow`, not on this Python) is laid out by hand from `hdf5_format.py` of tf-keras 2.17.
"""
import json
import os
import pathlib
import sys

os.environ.setdefault("KERAS_BACKEND", "torch")

import h5py
import keras
import numpy as np

here = pathlib.Path(__file__).resolve()
folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parents[3] / "Fixtures" / "keras"
folder.mkdir(parents=True, exist_ok=True)
sys.path.insert(0, str(here.parents[2] / "recorder"))

from instar_recorder import keras_names

inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, name="hidden")], name="block")
inputs = keras.Input((2,))
outputs = keras.layers.Dense(3, name="first")(inputs)
outputs = keras.layers.BatchNormalization(name="norm")(inner(outputs))
model = keras.Model(inputs, keras.layers.Dense(1, name="last")(outputs), name="toy")
for index, variable in enumerate(model.variables):
    variable.assign(index + np.arange(np.prod(variable.shape), dtype="f4").reshape(variable.shape) / 16)
model.compile("adam", "mse")
model.optimizer.build(model.trainable_variables)
model.optimizer.iterations.assign(12)

values = {variable.path: np.asarray(variable.value.detach().cpu()).tolist() for variable in model.weights}
(folder / "weights.json").write_text(json.dumps(values, indent=1) + "\n")
(folder / "names.json").write_text(json.dumps(keras_names(model), indent=1) + "\n")
for path in folder.glob("*.h5"):
    path.unlink()
model.save_weights(folder / "keras3.weights.h5")
model.save_weights(folder / "sharded_step_12.weights.json", max_shard_size=1.5e-7)
model.save(folder / "legacy.h5")


def keras2(file):
    """`model.save` of Keras 2: fixed-length names that end in `:0`, here split as those of a large model are."""
    group = file.create_group("model_weights")
    layers = {}
    for variable in model.weights:
        layers.setdefault(variable.path.split("/")[0], []).append(variable)
    names = [name.encode() for name in layers]
    group.attrs["layer_names0"], group.attrs["layer_names1"] = np.array(names[:2]), np.array(names[2:])
    group.attrs["backend"], group.attrs["keras_version"] = b"tensorflow", b"2.15.0"
    for layer, variables in layers.items():
        inside = group.create_group(layer)
        inside.attrs["weight_names"] = np.array([f"{variable.path}:0".encode() for variable in variables])
        for variable in variables:
            inside[f"{variable.path}:0"] = np.asarray(variable.value.detach().cpu())
    top = group.create_group("top_level_model_weights")
    top.attrs["weight_names"] = np.array([b"scale:0"])
    top["scale:0"] = np.float32(0.5)
    optimizer = file.create_group("optimizer_weights")
    optimizer.attrs["weight_names"] = np.array([b"training/Adam/iter:0", b"training/Adam/first/kernel/m:0"])
    optimizer["training/Adam/iter:0"] = np.int64(12)
    optimizer["training/Adam/first/kernel/m:0"] = np.zeros((2, 3), dtype="f4")


with h5py.File(folder / "keras2.h5", "w", libver=("earliest", "v114")) as file:
    keras2(file)
