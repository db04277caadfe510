"""The forward graph as ONNX, with the inputs of the model and its weights as inputs of the graph."""

import onnx
import torch

from .arguments import RecorderError
from .weights import tied


class _Functional(torch.nn.Module):
    """The model as a function of its inputs and its weights, so that an exporter can fold neither."""

    def __init__(self, model, aliases, input_names, state_names):
        super().__init__()
        self.model = (model,)  # In a tuple, so that the weights do not become this module's own.
        self.aliases, self.input_names, self.state_names = aliases, input_names, state_names

    def forward(self, inputs, weights):
        state = dict(zip(self.state_names, weights))
        state.update(tied(state, self.aliases))
        return torch.func.functional_call(self.model[0], state, (), dict(zip(self.input_names, inputs)))


def export(model, aliases, state, inputs, opset):
    """The graph whose inputs are `inputs`, with a free number of examples, and then `state`, both by their names."""
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


def evaluate(graph, feeds):
    """Evaluates the graph with ONNX Runtime where it is installed, else with the reference evaluator of ONNX."""
    try:
        import onnxruntime
    except ImportError:
        from onnx.reference import ReferenceEvaluator
        return ReferenceEvaluator(graph).run(None, feeds)[0]
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, feeds)[0]
