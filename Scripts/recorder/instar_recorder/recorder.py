"""The recorder: what it writes when it is made, and at every checkpoint."""

import copy
import json
import math
import os
import pathlib
import shutil

import h5py
import numpy as np
import onnx
import torch

from .arguments import RecorderError, by_argument, check_examples, check_model, numeric_array
from .files import replacing, write_dataset
from .graph import evaluate, export
from .weights import aliases_of, state_of, tied

RECORDED_EXAMPLE_COUNT = 16
RECORDED_VALUE_COUNT = 1 << 20
"""How many training examples, and numbers in all, the stored outputs of a checkpoint cover at most."""

class Recorder:
    """Records one training run.

    On creation it writes `run.yaml`, `data.h5` and `model.onnx`; each `save(step)` writes one checkpoint, and each
    `log(step, …)` one line of `metrics.jsonl`. The model itself is never changed, nor moved between devices.

    - run_dir: the run directory; created if missing, and refused if it already holds a recording, unless `resume`.
    - model: the bare module (not a compiled or a data-parallel wrapper of it).
    - example_input: what the model is exported with, as one would call it: a tensor, a tuple of tensors, or a dict by
      argument name. The first two examples are used; a single one is repeated. `None`: those of `data`.
    - data: the examples, by the names of the arguments of `model.forward`: `{"x": array}`; first axis = examples.
      NumPy arrays or tensors, three examples at least. A bare array serves for a model of one input.
    - loss: one of `LOSSES`.
    - targets: what the loss compares the outputs with; first axis = examples. `None` for `next-token`. Handing over
      the very array that `data` holds (an autoencoder's) stores it once.
    - subsets: indices of examples by name. `train` names the training examples, else all of them are.
    - hyperparameters: any values that JSON can hold, shown in the report.
    - name: the run's name; the directory's by default.
    - opset: the ONNX operator set of the graph.
    - resume: continue the recording that the directory holds, if it holds one: of the same model and the same examples.
      Its files stay; a step saved again replaces the earlier checkpoint, a step logged again the earlier values.
    """

    def __init__(self, run_dir, model, example_input, data, loss="cross-entropy", targets=None, *, subsets=None,
                 hyperparameters=None, name=None, opset=20, resume=False):
        self.directory = pathlib.Path(run_dir)
        self.name = name or self.directory.resolve().name
        self._model = model
        check_model(model)
        data = by_argument(model, data, "data")
        self._data = {key: numeric_array(value, f"data[{key!r}]") for key, value in data.items()}
        self._targets = None
        if targets is not None:
            shared = [key for key, value in data.items() if value is targets]
            self._targets = self._data[shared[0]] if shared else numeric_array(targets, "targets")
        self._subsets = {key: np.asarray(value) for key, value in (subsets or {}).items()}
        check_examples(self._data, self._targets, self._subsets, loss)
        example_input = self._example_input(example_input)

        # A frozen twin on the CPU in evaluation mode, so that the caller's model keeps its mode and device.
        self._twin = copy.deepcopy(model).cpu().eval().requires_grad_(False)
        self._aliases = aliases_of(model)
        self._metrics = None
        self._inherited = set()
        if (self.directory / "run.yaml").exists():
            if not resume:
                raise RecorderError(f"{self.directory} already holds a recording. Continue it with resume=True, choose "
                                    "another directory or remove it.")
            self._continue()
        else:
            (self.directory / "checkpoints").mkdir(parents=True, exist_ok=True)
            constants = self._write_graph(example_input, opset)
            self._write_examples()
            self._write_manifest(loss, constants, hyperparameters or {})

    def save(self, step):
        """Writes the model's parameters and buffers as the checkpoint of training step `step`.

        The file appears under its name only when it is whole. The model's outputs on the first training examples
        are stored for the first and for the latest checkpoint.
        """
        state = state_of(self._model)
        path = self.directory / "checkpoints" / f"step_{int(step):07d}.h5"
        if path.exists() and path not in self._inherited:
            raise RecorderError(f"step {step} is already recorded in {path}.")
        self._inherited.discard(path)
        with replacing(path) as temporary, h5py.File(temporary, "w") as file:
            file.attrs["step"] = int(step)
            for key, tensor in state.items():
                if key not in self._aliases:
                    write_dataset(file, key, tensor.numpy())
        self._record_outputs(int(step), state)

    def log(self, step, **metrics):
        """Adds the named numbers, such as a loss, to the run's own series at training step `step`.

        NaN and infinities, which JSON does not know, are written as null.
        """
        if self._metrics is None:
            self._metrics = open(self.directory / "metrics.jsonl", "a", encoding="utf-8", buffering=1)
        values = {key: float(value) for key, value in metrics.items()}
        line = {"step": int(step), **{key: value if math.isfinite(value) else None for key, value in values.items()}}
        self._metrics.write(json.dumps(line, allow_nan=False) + "\n")

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
        path = self.directory / "data.h5"
        with replacing(path) as temporary:
            shutil.copyfile(path, temporary)
            with h5py.File(temporary, "r+") as file:
                recorded = file.require_group("recorded_outputs")
                if str(step) not in recorded and len(recorded) < 2:
                    recorded.create_dataset(str(step), data=outputs)
                else:
                    # Overwritten in place: deleting and writing anew would let the file grow with every checkpoint.
                    if str(step) not in recorded:
                        recorded.move(max(recorded, key=int), str(step))
                    recorded[str(step)][...] = outputs

    def _evaluate(self, state, inputs):
        with torch.no_grad():
            return torch.func.functional_call(self._twin, {**state, **tied(state, self._aliases)}, (), inputs)

    def _example_input(self, values):
        """The first two examples of what the caller gave, by argument name; of the data where nothing was given."""
        if values is None:
            return self._leading_examples(2)
        arrays = {key: numeric_array(value, f"example_input[{key!r}]")
                  for key, value in by_argument(self._model, values, "example_input").items()}
        if set(arrays) != set(self._data):
            raise RecorderError(f"example_input and data must hold the same arguments of forward(): {sorted(arrays)} "
                                f"against {sorted(self._data)}.")
        for key, array in arrays.items():
            stored = self._data[key]
            if len(array) == 0 or array.shape[1:] != stored.shape[1:] or array.dtype != stored.dtype:
                raise RecorderError(
                    f"example_input[{key!r}] and data[{key!r}] must differ in the number of examples only: "
                    f"{array.dtype} of shape {list(array.shape)} against {stored.dtype} of shape {list(stored.shape)}.")
        # Two, since torch.export takes an axis of length one for a constant.
        return {key: torch.from_numpy(arrays[key][[0, min(1, len(arrays[key]) - 1)]]) for key in self._data}

    def _continue(self):
        """Checks that the recording is of this model and these examples, and makes it ready for more."""
        expected = {key: ["batch", *value.shape[1:]] for key, value in self._data.items()}
        expected.update({key: list(tensor.shape) for key, tensor in self._graph_state().items()})
        path = self.directory / "model.onnx"
        if not path.exists():
            raise RecorderError(f"{self.directory} holds a recording, but no model.onnx. Restore it, choose another "
                                "directory or remove this one.")
        found = {value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
                 for value in onnx.load(path).graph.input}
        differing = sorted(key for key in expected | found if expected.get(key) != found.get(key))
        if differing:
            raise RecorderError(f"{self.directory} holds the recording of another model: the inputs of its model.onnx "
                                f"differ in {', '.join(differing)}. Choose another directory or remove it.")
        with h5py.File(self.directory / "data.h5") as file:
            differing = [key for key, value in self._examples().items()
                         if key not in file or not np.array_equal(file[key][()], value)]
        if differing:
            raise RecorderError(f"{self.directory} holds a recording with other examples: its data.h5 differs in "
                                f"{', '.join(differing)}. Choose another directory or remove it.")
        self._inherited = set((self.directory / "checkpoints").glob("*.h5"))
        metrics = self.directory / "metrics.jsonl"
        if metrics.exists():
            # A line cut short by the interruption would spoil the one written after it.
            os.truncate(metrics, metrics.read_bytes().rfind(b"\n") + 1)

    def _graph_state(self):
        """The parameters and buffers that are inputs of the graph."""
        return {key: tensor for key, tensor in state_of(self._model).items()
                if tensor.is_floating_point() and key not in self._aliases}

    def _write_graph(self, example_input, opset):
        """Exports `model.onnx` and returns the names of the floating-point constants that stand in it."""
        state = self._graph_state()
        graph = export(self._twin, self._aliases, state, example_input, opset)
        self._verify(graph, state)
        with replacing(self.directory / "model.onnx") as temporary:
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
        expected = self._evaluate({**state_of(self._model), **moved}, inputs).numpy()
        found = evaluate(graph, {value.name: feeds[value.name] for value in graph.graph.input})
        # A float32 network of a few layers agrees to about 1e-6 of its largest output; a folded weight shows at 1e-2.
        tolerance = (1e-4 if expected.dtype == np.float32 else 1e-8) * (1 + np.abs(expected).max())
        if found.shape != expected.shape or not np.abs(found - expected).max() <= tolerance:
            raise RecorderError(
                "the exported graph does not follow the model when its weights are replaced "
                f"(outputs {list(found.shape)} against {list(expected.shape)}, tolerance {tolerance:.1e}). Has "
                "forward() data-dependent branches, randomness in evaluation mode, or weights outside state_dict()?")

    def _examples(self):
        """The datasets of `data.h5` without the recorded outputs."""
        subsets = {f"subsets/{key}": indices.astype(np.int64) for key, indices in self._subsets.items()}
        return {**self._data, **({} if self._targets is None else {"targets": self._targets}), **subsets}

    def _write_examples(self):
        with replacing(self.directory / "data.h5") as temporary, h5py.File(temporary, "w") as file:
            for key, value in self._examples().items():
                shared = [name for name, other in self._data.items() if other is value and name in file]
                if shared:
                    file[key] = file[shared[0]]
                else:
                    write_dataset(file, key, value)

    def _write_manifest(self, loss, constants, hyperparameters):
        floating = list(self._graph_state())
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
        with replacing(self.directory / "run.yaml") as temporary:
            pathlib.Path(temporary).write_text("".join(lines), encoding="utf-8")
