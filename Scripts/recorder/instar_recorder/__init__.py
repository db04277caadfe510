"""Writes a PyTorch training run as a directory that `instar analyze` reads.

    with Recorder("runs/mlp", model, x_train[:2], {"x": x_train}, loss="cross-entropy", targets=y_train) as recorder:
        for step in range(step_count + 1):
            if step in checkpoint_steps:
                recorder.save(step)
            …
"""

from .arguments import LOSSES, RecorderError
from .convert import convert
from .devinterp import convert_devinterp
from .keras_names import keras_names, write_keras_names
from .recorder import RECORDED_EXAMPLE_COUNT, Recorder

__all__ = ["LOSSES", "RECORDED_EXAMPLE_COUNT", "Recorder", "RecorderError", "convert",
           "convert_devinterp", "keras_names", "write_keras_names"]
