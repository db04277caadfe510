"""Writes a PyTorch training run as a directory that `instar analyze` reads.

    with Recorder("runs/mlp", model, x_train[:2], {"x": x_train}, loss="cross-entropy", targets=y_train) as recorder:
        for step in range(step_count + 1):
            if step in checkpoint_steps:
                recorder.save(step)
            …
"""

import importlib

from .arguments import LOSSES, RecorderError
from .devinterp import convert_devinterp
from .keras_names import keras_names, write_keras_names

# Keras's and devinterp's users may not have PyTorch: what needs it is imported when it is asked for.
_NEEDS_TORCH = {"RECORDED_EXAMPLE_COUNT": "recorder", "Recorder": "recorder", "convert": "convert"}


def __getattr__(name):
    if name not in _NEEDS_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_NEEDS_TORCH[name]}", __name__), name)
    # In place of a module of the same name, which importing puts there.
    globals()[name] = value
    return value


__all__ = ["LOSSES", "RECORDED_EXAMPLE_COUNT", "Recorder", "RecorderError", "convert",
           "convert_devinterp", "keras_names", "write_keras_names"]
