"""Writes Fixtures/references/exports: what onnxruntime computes with the graphs of several exporters.

    python -m pip install -r requirements.txt
    python generate.py FOLDER

FOLDER holds the graphs, MODEL.MODE.onnx, one file each of

    func*            parameters as graph inputs; `funcbuf` has the floating-point buffers there too
    dyn_noopt*       PyTorch's exporter with optimize=False: every tensor of the state_dict is an initializer
    legacy_kiai*     PyTorch's older exporter with keep_initializers_as_inputs=True

Every parameter is replaced, by name, by numbers that follow from its name alone (`named_numbers.py`), and so
are the examples; a fixture therefore holds only the names, the shapes and the outputs.
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, numpy_helper

from named_numbers import integers, parameter, real

ROOT = Path(__file__).resolve().parents[3]
# No graph was traced with this many examples.
BATCH = 3
# What the models with whole-number inputs embed.
VOCABULARIES = {"attn_only_lm": 32, "llama": 32, "llama_native_rms": 32, "lstm": 10, "mha_transformer": 32,
                "modadd": 13, "nanogpt_tied": 32}
# The extent of an axis that was exported without a length, within the eight positions of the model.
SEQUENCE = 6


def is_floating(element_type):
    return element_type in (TensorProto.FLOAT, TensorProto.DOUBLE)


def unread_inputs(graph):
    """Inputs that no node reads: the model was frozen before it was exported, as one of Keras's is."""
    read = {name for node in graph.node for name in node.input}
    return [value.name for value in graph.input if value.name not in read]


def parameters_of(graph):
    """Name and shape of the tensors that take other numbers: the inputs after x, or what is stored."""
    inputs = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in graph.input[1:]
              if is_floating(v.type.tensor_type.elem_type)}
    stored = {t.name: list(t.dims) for t in graph.initializer if is_floating(t.data_type)}
    return inputs if inputs and not unread_inputs(graph) else {**inputs, **stored}


def constants_of(graph, parameters):
    """Stored tensors that might be weights. Group normalisation before opset 21 is InstanceNormalization with scale 1."""
    units = {name for node in graph.node if node.op_type == "InstanceNormalization" for name in node.input[1:]}
    return sorted(t.name for t in graph.initializer if is_floating(t.data_type) and t.name not in {*parameters, *units}
                  and np.prod(t.dims) >= 2)


def examples_of(graph, model):
    declared = graph.input[0].type.tensor_type
    shape = [BATCH] + [d.dim_value or SEQUENCE for d in declared.shape.dim[1:]]
    if is_floating(declared.elem_type):
        return real("x", shape)
    return integers("x", shape, VOCABULARIES[model])


def fixture(path):
    proto = onnx.load(path)
    graph, model = proto.graph, path.name.split(".")[0]
    shapes = parameters_of(graph)
    values = {name: parameter(name, shape) for name, shape in shapes.items()}
    x = examples_of(graph, model)

    declared = {value.name for value in graph.input}
    for tensor in graph.initializer:
        if tensor.name in values and tensor.name not in declared:
            tensor.CopyFrom(numpy_helper.from_array(values[tensor.name], tensor.name))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options)
    fed = {name: value for name, value in values.items() if name in declared}
    output = session.run(None, {graph.input[0].name: x, **fed})[0]
    assert output.dtype == np.float32 and np.isfinite(output).all() and np.abs(output).max() > 0
    return {
        "source": f"onnxruntime {onnxruntime.__version__}",
        "input": {"name": graph.input[0].name, "shape": list(x.shape), "vocabulary": VOCABULARIES.get(model)},
        "parameters": shapes,
        "unread": unread_inputs(graph),
        "constants": constants_of(graph, shapes),
        "output": {"shape": list(output.shape), "float32": base64.b64encode(output.astype("<f4").tobytes()).decode()},
    }


def main():
    folder = ROOT / "Fixtures/references/exports"
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(Path(sys.argv[1]).glob("*.onnx")):
        document = fixture(path)
        (folder / f"{path.stem}.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
        print(f"{path.stem}: {len(document['parameters'])} tensors, output {document['output']['shape']}")


if __name__ == "__main__":
    main()
