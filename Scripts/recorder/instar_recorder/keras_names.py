"""The names of a Keras model's weights, which Keras 3's `.weights.h5` leaves out: it numbers them instead."""

import json
import pathlib

from .arguments import RecorderError
from .files import replacing


def keras_names(model):
    """The path of every weight (`dense/kernel`) by the name that `.weights.h5` gives it (`layers.dense.vars.0`).

    The numbers follow the model's layers as Keras walks them when it saves; nothing is written, and no weight changed.
    """
    try:
        from keras.src.saving import saving_lib
    except ImportError as error:
        raise RecorderError("the names of Keras weights need Keras 3: pip install keras.") from error
    weights = {id(variable): variable for variable in model.weights}
    names = {}

    class Entry:
        """Stands where Keras expects a group of the file."""

        def __init__(self, group):
            self.group = group

        def __setitem__(self, key, value):
            if id(value) in weights:
                names[".".join([*filter(None, self.group.split("/")), "vars", key])] = value.path

    class Store(saving_lib.H5IOStore):
        """Takes what Keras would write to a file."""

        def __init__(self):
            pass

        def __bool__(self):
            return True

        def make(self, path, metadata=None):
            return Entry(path)

    saving_lib._save_state(model, weights_store=Store(), assets_store=None, inner_path="", visited_saveables=set())
    absent = sorted({variable.path for variable in model.weights} - set(names.values()))
    if absent:
        raise RecorderError(f"Keras does not save {', '.join(absent)} as plain weights; name these under `names:` in "
                            "run.yaml by hand.")
    if len(set(names.values())) < len(names):
        raise RecorderError("several weights have one path; give the model's layers names that differ.")
    return names


def write_keras_names(run_dir, model):
    """Writes the names of a Keras model's weights to `run.yaml`, under `names`; what else stands there is kept."""
    path = pathlib.Path(run_dir) / "run.yaml"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    kept = [line for line in lines if not (line.startswith("names: {") and line.endswith("}"))]
    if any(line.startswith("names:") for line in kept):
        raise RecorderError(f"{path} has a list of names that was written by hand; remove it first.")
    names = json.dumps(keras_names(model), ensure_ascii=False)
    with replacing(path) as temporary:
        pathlib.Path(temporary).write_text("".join(f"{line}\n" for line in [*kept, f"names: {names}"]), encoding="utf-8")
