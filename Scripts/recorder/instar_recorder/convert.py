"""Converts what `torch.save` wrote during training to HDF5 checkpoints that `instar analyze` reads."""

import os
import pathlib
import pickle
from collections.abc import Mapping

import h5py
import numpy as np
import torch

from .arguments import RecorderError
from .files import replacing, write_dataset

ENDINGS = (".pt", ".pth", ".ckpt", ".tar", ".bin")
STATE_KEYS = ("model_state_dict", "state_dict", "model_state", "model", "module", "net", "network", "params", "weights")
STEP_KEYS = ("step", "global_step", "iteration", "iter", "epoch")
"""Keys beside the weights that may tell the step; they become attributes, and Instar's own rule chooses."""

_NOT_WEIGHTS = ("optimizer", "optim", "scheduler", "lr_scheduler", "scaler", "rng_state", "random_states", "training_args")
_WRAPPERS = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")


def convert(source, run_dir, *, key=None, note=print):
    """Writes `RUN/checkpoints/NAME.h5` for every checkpoint of a folder (`NAME.pt`, `.pth`, `.ckpt`, `.tar`, `.bin`).

    A folder in it that holds `pytorch_model.bin`, such as `checkpoint-500`, is a checkpoint too. What is converted
    already, and has not changed since, is left as it is. `key` names the entry that holds the weights, where several
    may, with dots for entries inside entries; `note` is told what is done.

    Returns the paths of the series. Raises RecorderError, after all others are converted, for files that could not be.
    """
    source, folder = pathlib.Path(source), pathlib.Path(run_dir) / "checkpoints"
    found = _checkpoints(source, note)
    folder.mkdir(parents=True, exist_ok=True)
    written, failures, by_step = [], [], {}
    for name, path in found.items():
        target = folder / f"{name}.h5"
        try:
            is_done = target.exists() and target.stat().st_mtime_ns == path.stat().st_mtime_ns
            if not is_done:
                _write(target, path, key)
            with h5py.File(target) as file:
                step = file.attrs.get("step", file.attrs.get("global_step"))
            other = by_step.setdefault(int(step), target) if step is not None else target
            if other != target and _are_equal(other, target):
                target.unlink()
                note(f"{path}: left out, the same weights and step {step} as {other.name}")
                continue
            note(f"{path}: {'unchanged' if is_done else f'written to {target}'}")
            written.append(target)
        except (RecorderError, OSError) as error:
            failures.append(f"{path}: {error}")
            note(failures[-1])
    if failures:
        raise RecorderError(f"{len(failures)} of {len(found)} files could not be converted: " + "; ".join(failures))
    return written


def _checkpoints(source, note):
    """The files by the names of the checkpoints to be, in the order of the names."""
    if not source.is_dir():
        raise RecorderError(f"{source} is no folder; give the one that holds the checkpoints.")
    found, seen = {}, set()
    paths = sorted(source.iterdir(), key=lambda path: (path.is_symlink(), path.name))
    for path in paths:
        inside = path / "pytorch_model.bin"
        file, name = (inside, path.name) if inside.is_file() else (path, path.stem)
        if not file.is_file() or file.suffix not in ENDINGS or name.startswith((".", *_NOT_WEIGHTS)):
            continue
        if file.resolve() in seen:
            note(f"{path}: left out, a link to a checkpoint that is converted")
            continue
        seen.add(file.resolve())
        if name in found:
            raise RecorderError(f"{found[name]} and {file} would have one name; move one away.")
        found[name] = file
    if not found:
        raise RecorderError(f"{source} holds no checkpoints: expected files that end in {', '.join(ENDINGS)}, or folders "
                            "with pytorch_model.bin.")
    return dict(sorted(found.items()))


def _write(target, path, key):
    checkpoint = _load(path)
    state = _plain_names({name: tensor for name, tensor in _state(checkpoint, key).items()
                          if isinstance(tensor, torch.Tensor)})
    with replacing(target) as temporary:
        with h5py.File(temporary, "w", libver=("earliest", "v108")) as file:
            for name, value in _steps(checkpoint).items():
                file.attrs[name] = value
            first = {}
            for name, tensor in state.items():
                _check_storage(name, tensor)
                place = (tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride())
                if tensor.numel() and first.setdefault(place, name) != name:
                    file[name] = file[first[place]]  # Tied weights: two names of one dataset.
                else:
                    _write_tensor(file, name, tensor)
        times = path.stat()
        os.utime(temporary, ns=(times.st_atime_ns, times.st_mtime_ns))


def _load(path):
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=_is_archive(path))
    except pickle.UnpicklingError as error:
        reason = (str(error).splitlines() or ["it holds objects"])[0]
        raise RecorderError(
            "holds more than weights, and code in a file is not run "
            f"({reason}). Save `{{'state_dict': model.state_dict(), 'step': step}}` instead.") from error
    except OSError:
        raise
    except Exception as error:  # Whatever the unpickler falls over in a file that is none.
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise RecorderError(f"is damaged, cut short, or not of torch.save: {reason}") from error


def _is_archive(path):
    """Whether the file is of the form that can be mapped into memory (torch 1.6 and later)."""
    with open(path, "rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _state(checkpoint, key):
    """The mapping from names to tensors, wherever it stands."""
    if key is not None:
        for part in key.split("."):
            if not isinstance(checkpoint, Mapping) or part not in checkpoint:
                raise RecorderError(f"has no entry {key!r}; found {_keys(checkpoint)}.")
            checkpoint = checkpoint[part]
        if not _holds_tensors(checkpoint):
            raise RecorderError(f"holds no tensors under {key!r}; found {_keys(checkpoint)}.")
        return checkpoint
    if not isinstance(checkpoint, Mapping):
        raise RecorderError(f"holds a {type(checkpoint).__name__}; expected names and tensors, as of state_dict().")
    states = [name for name in STATE_KEYS if isinstance(checkpoint.get(name), Mapping)]
    states = [name for name in states if _holds_tensors(checkpoint[name]) or set(checkpoint[name]) & set(STATE_KEYS)]
    if len(states) > 1:
        raise RecorderError(f"may hold the weights under {' or '.join(states)}; say which with --key.")
    if states:
        return _state(checkpoint[states[0]], None)
    if not _holds_tensors(checkpoint):
        raise RecorderError(f"holds no tensors by name; found {_keys(checkpoint)}. Say where they are with --key.")
    return checkpoint


def _holds_tensors(value):
    return isinstance(value, Mapping) and any(isinstance(item, torch.Tensor) for item in value.values())


def _keys(value):
    return ", ".join(map(str, list(value)[:8])) if isinstance(value, Mapping) else f"a {type(value).__name__}"


def _steps(checkpoint):
    """The entries that may tell the step, as whole numbers."""
    steps = {}
    for name in STEP_KEYS:
        value = checkpoint.get(name)
        if isinstance(value, torch.Tensor) and value.numel() == 1:
            value = value.item()
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value == int(value):
            steps[name] = int(value)
    return steps


def _plain_names(state):
    """The names without what wrappers put into them: torch.compile, FSDP, and `module.` of data-parallel training."""
    names = {name: str(name) for name in state if name not in STEP_KEYS}
    for name in names:
        for wrapper in _WRAPPERS:
            names[name] = names[name].replace(wrapper, "")
    if names and all(name.startswith("module.") for name in names.values()):
        names = {name: plain.removeprefix("module.") for name, plain in names.items()}
    if len(set(names.values())) < len(names):
        raise RecorderError("two tensors have one name once wrappers' prefixes are taken off.")
    if not names:
        raise RecorderError("holds no tensors by name.")
    return {plain: state[name] for name, plain in names.items()}


def _check_storage(name, tensor):
    if tensor.layout != torch.strided or tensor.is_quantized:
        raise RecorderError(f"{name} is sparse or quantized; save it dense.")


def _write_tensor(file, name, tensor):
    tensor = tensor.detach().contiguous()
    if tensor.dtype == torch.bfloat16:
        # NumPy has no such type: its bits, marked as Keras marks them.
        write_dataset(file, name, tensor.view(torch.int16).numpy())
        file[name].attrs["dtype"] = "bfloat16"
        return
    try:
        array = tensor.numpy()
    except TypeError:
        array = None
    if array is None or array.dtype.kind not in "fiub":
        raise RecorderError(f"{name} is {tensor.dtype}, which has no counterpart; cast it to float32.")
    write_dataset(file, name, array)


def _are_equal(one, other):
    with h5py.File(one) as first, h5py.File(other) as second:
        return set(first) == set(second) and all(
            first[name].dtype == second[name].dtype
            and np.array_equal(first[name][()], second[name][()], equal_nan=first[name].dtype.kind == "f")
            for name in first)
