"""The three ways of exporting a PyTorch model that keep every parameter under its own name."""

import io

import onnx
import torch
from torch import nn
from torch.func import functional_call


def with_parameters_as_inputs(model, state, x, opset):
    """Parameters and float buffers become graph inputs after x, so that the exporter can fold none of them."""
    names = list(state)

    class Functional(nn.Module):
        def __init__(self):
            super().__init__()
            # Hidden from the module's own parameters.
            self.inner = [model]

        def forward(self, x, *values):
            return functional_call(self.inner[0], dict(zip(names, values)), (x,))

    arguments = (x, *[value.detach().clone() for value in state.values()])
    batch = torch.export.Dim("batch", min=2)
    program = torch.export.export(
        Functional(), arguments, dynamic_shapes=({0: batch}, tuple(None for _ in names)), strict=False)
    return torch.onnx.export(
        program, input_names=["x", *names], output_names=["output"], opset_version=opset, external_data=False,
        verbose=False).model_proto


def with_initializers(model, x, opset):
    """Parameters are stored; without the optimiser none of them is folded."""
    return torch.onnx.export(
        model, (x,), input_names=["x"], output_names=["output"], opset_version=opset, external_data=False,
        optimize=False, dynamic_shapes=({0: torch.export.Dim("batch", min=2)},), verbose=False).model_proto


def legacy(model, x, opset):
    """PyTorch's older exporter: parameters are stored and inputs at once, which forbids folding."""
    file = io.BytesIO()
    torch.onnx.export(
        model, (x,), file, dynamo=False, input_names=["x"], output_names=["output"], opset_version=opset,
        do_constant_folding=False, keep_initializers_as_inputs=True,
        dynamic_axes={"x": {0: "batch"}, "output": {0: "batch"}})
    return onnx.load_from_string(file.getvalue())


def save(exported, path):
    """Checks and writes a graph without PyTorch's stack traces, which carry local paths."""
    for node in exported.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in [*exported.graph.value_info, *exported.graph.input, *exported.graph.output,
                  *exported.graph.initializer]:
        del value.metadata_props[:]
    del exported.graph.value_info[:]
    del exported.graph.metadata_props[:]
    del exported.metadata_props[:]
    onnx.checker.check_model(exported)
    onnx.save(exported, path)
