"""Writes a PyTorch training run as a directory that `instar analyze` reads.

    with Recorder("runs/mlp", model, x_train[:2], {"x": x_train}, loss="cross-entropy", targets=y_train) as recorder:
        for step in range(step_count + 1):
            if step in checkpoint_steps:
                recorder.save(step)
            …
"""

from .arguments import LOSSES, RecorderError
from .devinterp import convert_devinterp
from .recorder import RECORDED_EXAMPLE_COUNT, Recorder

__all__ = ["LOSSES", "RECORDED_EXAMPLE_COUNT", "Recorder", "RecorderError", "convert_devinterp"]
