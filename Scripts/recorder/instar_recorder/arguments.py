"""Checks of what a recorder is given; the messages say what to do."""

import inspect

import numpy as np

LOSSES = ("cross-entropy", "next-token", "sum-squared-error", "mean-squared-error", "binary-cross-entropy")


class RecorderError(Exception):
    """A model, an example or an argument that cannot be recorded; the message says what to do."""


def numeric_array(value, what):
    """The value as a NumPy array with the examples on its first axis."""
    array = value.detach().cpu().numpy() if hasattr(value, "detach") else np.asarray(value)
    if array.ndim == 0 or array.dtype.kind not in "fiub":
        raise RecorderError(f"{what} must be a numeric array with the examples on its first axis; "
                            f"it is {array.dtype} of shape {list(array.shape)}.")
    return array


def check_model(model):
    """Refuses wrappers, whose parameters go by other names than the model's."""
    import torch  # Only here: names of Keras weights are written without PyTorch.

    wrappers = (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)
    if isinstance(model, wrappers) or hasattr(model, "_orig_mod"):
        raise RecorderError(f"{type(model).__name__} is a wrapper. Record the module inside it.")


def by_argument(model, values, what):
    """The values by the names of `forward`'s arguments; a tuple, or a bare array, stands for the first of them."""
    parameters = inspect.signature(model.forward).parameters.values()
    takes_any = any(parameter.kind == parameter.VAR_KEYWORD for parameter in parameters)
    named = [parameter for parameter in parameters
             if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)]
    names = [parameter.name for parameter in named]
    known = f"forward() of {type(model).__name__} has the arguments: {', '.join(names)}"
    if not isinstance(values, dict):
        values = values if isinstance(values, tuple) else (values,)
        if len(values) > len(names):
            raise RecorderError(f"{what} holds {len(values)} inputs; {known}.")
        values = dict(zip(names, values))
    unknown = [] if takes_any else [repr(name) for name in values if name not in names]
    if unknown:
        raise RecorderError(f"{what} has no place for {', '.join(unknown)}: {known}.")
    absent = [repr(parameter.name) for parameter in named
              if parameter.default is parameter.empty and parameter.name not in values]
    if absent:
        raise RecorderError(f"{what} lacks {', '.join(absent)}: {known}.")
    return values


def check_examples(data, targets, subsets, loss):
    """Refuses examples that do not go together, or not with the loss."""
    if loss not in LOSSES:
        raise RecorderError(f"unknown loss {loss!r}. Known: {', '.join(LOSSES)}.")
    if not data or "targets" in data:
        raise RecorderError("data must hold at least one input by name, and none may be named 'targets'.")
    if (targets is None) != (loss == "next-token"):
        raise RecorderError(f"loss {loss!r} {'takes no' if loss == 'next-token' else 'needs'} targets.")
    counts = {key: len(value) for key, value in data.items()}
    if targets is not None:
        counts["targets"] = len(targets)
    count = min(counts.values())
    if len(set(counts.values())) != 1 or count < 3:
        raise RecorderError(f"the first axes must agree and hold three examples or more: {counts}.")
    for key, indices in subsets.items():
        if indices.ndim != 1 or indices.dtype.kind not in "iu" or len(indices) == 0 or (
                indices.min() < 0 or indices.max() >= count):
            raise RecorderError(f"subset {key!r} must be a list of indices from 0 to {count - 1}.")
