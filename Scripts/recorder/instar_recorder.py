"""Writes a PyTorch training run as a directory that `instar analyze` reads.

    with Recorder("runs/mlp", model, {"x": x_train}, targets=y_train, loss="cross-entropy") as recorder:
        for step in range(step_count + 1):
            if step in checkpoint_steps:
                recorder.save(step)
            …
"""

import contextlib
import copy
import json
import os
import pathlib
import tempfile

import h5py
import numpy as np
import onnx
import torch

__all__ = ["LOSSES", "Recorder", "RecorderError"]

LOSSES = ("cross-entropy", "next-token", "sum-squared-error", "mean-squared-error", "binary-cross-entropy")

RECORDED_EXAMPLE_COUNT = 16
RECORDED_VALUE_COUNT = 1 << 20
"""How many training examples, and numbers in all, the stored outputs of a checkpoint cover at most."""

_COMPRESSION = {"compression": "gzip", "compression_opts": 6, "shuffle": True}


class RecorderError(Exception):
    """A model, an example or an argument that cannot be recorded; the message says what to do."""


class Recorder:
    """Records one training run.

    On creation it writes `run.yaml`, `data.h5` and `model.onnx`; each `save(step)` writes one checkpoint, and each
    `log(step, …)` one line of `metrics.jsonl`. The model itself is never changed, nor moved between devices.

    - directory: the run directory; created if missing, and refused if it already holds a recording.
    - model: the bare module (not a compiled or a data-parallel wrapper of it).
    - data: the examples, by the names of the arguments of `model.forward`: `{"x": array}`; first axis = examples.
      NumPy arrays or CPU tensors. Three examples at least.
    - targets: what the loss compares the outputs with; first axis = examples. `None` for `next-token`. Handing over
      the very array that `data` holds (an autoencoder's) stores it once.
    - loss: one of `LOSSES`.
    - subsets: indices of examples by name. `train` names the training examples, else all of them are.
    - hyperparameters: any values that JSON can hold, shown in the report.
    - name: the run's name; the directory's by default.
    - opset: the ONNX operator set of the graph.
    """

    def __init__(self, directory, model, data, targets=None, *, loss="cross-entropy", subsets=None,
                 hyperparameters=None, name=None, opset=20):
        self.directory = pathlib.Path(directory)
        self.name = name or self.directory.resolve().name
        self._model = model
        self._data = {key: _array(value, f"data[{key!r}]") for key, value in data.items()}
        self._targets = None
        if targets is not None:
            shared = [key for key, value in data.items() if value is targets]
            self._targets = self._data[shared[0]] if shared else _array(targets, "targets")
        self._subsets = {key: np.asarray(value) for key, value in (subsets or {}).items()}
        _check_model(model)
        _check_examples(self._data, self._targets, self._subsets, loss)
        if (self.directory / "run.yaml").exists():
            raise RecorderError(f"{self.directory} already holds a recording. Choose another directory or remove it.")

        # A frozen twin on the CPU in evaluation mode, so that the caller's model keeps its mode and device.
        self._twin = copy.deepcopy(model).cpu().eval().requires_grad_(False)
        self._aliases = _aliases(model)
        self._latest_recorded_step = None
        self._metrics = None
        (self.directory / "checkpoints").mkdir(parents=True, exist_ok=True)
        constants = self._write_graph(opset)
        self._write_examples()
        self._write_manifest(loss, constants, hyperparameters or {})

    def save(self, step):
        """Writes the model's parameters and buffers as the checkpoint of training step `step`.

        The file appears under its name only when it is whole. The model's outputs on the first training examples
        are stored for the first and for the latest checkpoint.
        """
        state = _state(self._model)
        path = self.directory / "checkpoints" / f"{self.name}_{int(step):07d}.h5"
        if path.exists():
            raise RecorderError(f"step {step} is already recorded in {path}.")
        with _replacing(path) as temporary, h5py.File(temporary, "w") as file:
            file.attrs["step"] = int(step)
            for key, tensor in state.items():
                if key not in self._aliases:
                    _write_dataset(file, key, tensor.numpy())
        self._record_outputs(int(step), state)

    def log(self, step, **metrics):
        """Adds the named numbers, such as a loss, to the run's own series at training step `step`."""
        if self._metrics is None:
            self._metrics = open(self.directory / "metrics.jsonl", "w", encoding="utf-8", buffering=1)
        line = {"step": int(step), **{key: float(value) for key, value in metrics.items()}}
        self._metrics.write(json.dumps(line) + "\n")

    def close(self):
        """Closes `metrics.jsonl`; everything else is written already."""
        if self._metrics is not None:
            self._metrics.close()
            self._metrics = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _record_outputs(self, step, state):
        order = self._subsets.get("train", np.arange(RECORDED_EXAMPLE_COUNT))[:RECORDED_EXAMPLE_COUNT]
        inputs = {key: torch.from_numpy(value[order[order < len(value)]]) for key, value in self._data.items()}
        outputs = self._evaluate(state, inputs).numpy()
        outputs = outputs[:max(1, RECORDED_VALUE_COUNT * len(outputs) // outputs.size)]
        with h5py.File(self.directory / "data.h5", "r+") as file:
            recorded = file.require_group("recorded_outputs")
            if len(recorded) < 2:
                recorded.create_dataset(str(step), data=outputs)
            else:
                # Overwritten in place: deleting and writing anew would let the file grow with every checkpoint.
                recorded.move(str(self._latest_recorded_step), str(step))
                recorded[str(step)][...] = outputs
        self._latest_recorded_step = step

    def _evaluate(self, state, inputs):
        with torch.no_grad():
            return torch.func.functional_call(self._twin, {**state, **_tied(state, self._aliases)}, (), inputs)

    def _write_graph(self, opset):
        """Exports `model.onnx` and returns the names of the floating-point constants that stand in it."""
        state = {key: tensor for key, tensor in _state(self._model).items()
                 if tensor.is_floating_point() and key not in self._aliases}
        graph = _export(self._twin, self._aliases, state, self._leading_examples(2), opset)
        self._verify(graph, state)
        with _replacing(self.directory / "model.onnx") as temporary:
            onnx.save(graph, temporary)
        return [initializer.name for initializer in graph.graph.initializer
                if initializer.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE)
                and np.prod(initializer.dims) >= 2]

    def _leading_examples(self, count):
        return {key: torch.from_numpy(value[:count]) for key, value in self._data.items()}

    def _verify(self, graph, state):
        """Compares the graph with the model at other weights and at another batch size than it was exported with."""
        generator = torch.Generator().manual_seed(0)
        parameters = dict(self._model.named_parameters())
        moved = {}
        for key, tensor in state.items():
            noise = torch.randn(tensor.shape, generator=generator).to(tensor.dtype)
            # Buffers such as a running variance must keep their sign, so they are scaled.
            moved[key] = tensor + 0.1 * noise if key in parameters else tensor * (1 + 0.1 * noise.tanh())
        inputs = self._leading_examples(3)
        feeds = {key: tensor.numpy() for key, tensor in {**inputs, **moved}.items()}
        expected = self._evaluate({**_state(self._model), **moved}, inputs).numpy()
        found = _run(graph, {value.name: feeds[value.name] for value in graph.graph.input})
        # A float32 network of a few layers agrees to about 1e-6 of its largest output; a folded weight shows at 1e-2.
        tolerance = (1e-4 if expected.dtype == np.float32 else 1e-8) * (1 + np.abs(expected).max())
        if found.shape != expected.shape or not np.abs(found - expected).max() <= tolerance:
            raise RecorderError(
                "the exported graph does not follow the model when its weights are replaced "
                f"(outputs {list(found.shape)} against {list(expected.shape)}, tolerance {tolerance:.1e}). Has "
                "forward() data-dependent branches, randomness in evaluation mode, or weights outside state_dict()?")

    def _write_examples(self):
        with _replacing(self.directory / "data.h5") as temporary, h5py.File(temporary, "w") as file:
            for key, value in self._data.items():
                _write_dataset(file, key, value)
                if value is self._targets:
                    file["targets"] = file[key]
            if self._targets is not None and "targets" not in file:
                _write_dataset(file, "targets", self._targets)
            for key, indices in self._subsets.items():
                _write_dataset(file, f"subsets/{key}", indices.astype(np.int64))

    def _write_manifest(self, loss, constants, hyperparameters):
        floating = [key for key, tensor in _state(self._model).items()
                    if tensor.is_floating_point() and key not in self._aliases]
        trainable = {key for key, parameter in self._model.named_parameters() if parameter.requires_grad}
        manifest = {
            "name": self.name,
            "loss": loss,
            "trainable": [key for key in floating if key in trainable],
            "buffers": [key for key in floating if key not in trainable],
            "constants": constants,
            "hyperparameters": hyperparameters,
        }
        # JSON values are YAML, so no YAML writer is needed.
        lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in manifest.items() if value]
        with _replacing(self.directory / "run.yaml") as temporary:
            pathlib.Path(temporary).write_text("".join(lines), encoding="utf-8")


class _Functional(torch.nn.Module):
    """The model as a function of its inputs and its weights, so that an exporter can fold neither."""

    def __init__(self, model, aliases, input_names, state_names):
        super().__init__()
        self.model = (model,)  # In a tuple, so that the weights do not become this module's own.
        self.aliases, self.input_names, self.state_names = aliases, input_names, state_names

    def forward(self, inputs, weights):
        state = dict(zip(self.state_names, weights))
        state.update(_tied(state, self.aliases))
        return torch.func.functional_call(self.model[0], state, (), dict(zip(self.input_names, inputs)))


def _export(model, aliases, state, inputs, opset):
    function = _Functional(model, aliases, list(inputs), list(state))
    batch = torch.export.Dim("batch")
    try:
        program = torch.export.export(
            function, (tuple(inputs.values()), tuple(tensor.clone() for tensor in state.values())),
            dynamic_shapes=(tuple({0: batch} for _ in inputs), tuple({} for _ in state)))
        graph = torch.onnx.export(program, dynamo=True, input_names=[*inputs, *state], output_names=["output"],
                                  opset_version=opset, verbose=False).model_proto
    except Exception as error:
        raise RecorderError(f"torch could not export {type(model).__name__} with a free number of examples: {error}"
                            ) from error
    if len(graph.graph.output) != 1:
        raise RecorderError(f"forward() must return one tensor; it returns {len(graph.graph.output)} outputs.")
    _strip(graph)
    return graph


def _strip(graph):
    """Removes what carries local paths (stack traces) and the inferred shapes, and names the batch axis."""
    del graph.metadata_props[:], graph.graph.metadata_props[:], graph.graph.value_info[:]
    graph.doc_string = graph.graph.doc_string = ""
    symbol = graph.graph.input[0].type.tensor_type.shape.dim[0].dim_param
    for value in (*graph.graph.input, *graph.graph.output, *graph.graph.initializer, *graph.graph.node):
        del value.metadata_props[:]
        value.doc_string = ""
    for value in (*graph.graph.input, *graph.graph.output):
        for dimension in value.type.tensor_type.shape.dim:
            if dimension.dim_param == symbol:
                dimension.dim_param = "batch"


def _run(graph, feeds):
    """Evaluates the graph with ONNX Runtime where it is installed, else with the reference evaluator of ONNX."""
    try:
        import onnxruntime
    except ImportError:
        from onnx.reference import ReferenceEvaluator
        return ReferenceEvaluator(graph).run(None, feeds)[0]
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, feeds)[0]


def _state(model):
    """Parameters and buffers by name, those that `state_dict()` leaves out too, as independent CPU tensors."""
    named = [*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False)]
    return {key: tensor.detach().cpu().clone().contiguous() for key, tensor in named}


def _aliases(model):
    """The names that stand for a tensor already named (tied weights), each with the name that is kept."""
    first, aliases = {}, {}
    named = [*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False)]
    for key, tensor in named:
        if tensor.numel() and first.setdefault(place := (tensor.data_ptr(), tensor.shape, tensor.stride()), key) != key:
            aliases[key] = first[place]
    return aliases


def _tied(state, aliases):
    return {alias: state[key] for alias, key in aliases.items() if key in state}


def _array(value, what):
    array = value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
    if array.ndim == 0 or array.dtype.kind not in "fiub":
        raise RecorderError(f"{what} must be a numeric array with the examples on its first axis; "
                            f"it is {array.dtype} of shape {list(array.shape)}.")
    return array


def _check_model(model):
    wrappers = (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)
    if isinstance(model, wrappers) or hasattr(model, "_orig_mod"):
        raise RecorderError(f"{type(model).__name__} is a wrapper. Record the module inside it.")


def _check_examples(data, targets, subsets, loss):
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


def _write_dataset(file, name, array):
    if array.nbytes > 65536:  # Below that, the bookkeeping of chunks outweighs what compression saves.
        file.create_dataset(name, data=array, **_COMPRESSION)
    else:
        file.create_dataset(name, data=array)


@contextlib.contextmanager
def _replacing(path):
    """A temporary path in the same folder that takes the final name when the body has succeeded."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        yield temporary
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
