"""Writes operator reference cases: inputs, outputs and PyTorch's gradients in float64.

Inputs and cotangents are multiples of 1/64, so that a case is the same in single and double precision.
The PyTorch expression of every case is checked against the ONNX standard's own reference
implementation, so that attributes and expression cannot disagree.
"""

import json
import zlib
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx.reference import ReferenceEvaluator

torch.set_default_dtype(torch.float64)

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "Fixtures" / "references" / "operators"
TYPE_NAMES = {torch.float64: "float64", torch.float32: "float32", torch.int64: "int64", torch.bool: "bool"}
ONNX_TYPES = {
    "float64": onnx.TensorProto.DOUBLE,
    "float32": onnx.TensorProto.FLOAT,
    "int64": onnx.TensorProto.INT64,
    "bool": onnx.TensorProto.BOOL,
}


class Numbers:
    """Seeded test data."""

    def __init__(self, seed):
        self.generator = np.random.default_rng(seed)

    def real(self, *shape, low=-2.0, high=2.0):
        """Multiples of 1/64 in [low, high), never zero (where relu, abs and others have a kink)."""
        values = self.generator.integers(int(low * 64), int(high * 64), size=shape)
        return torch.tensor(np.where(values == 0, 1, values) / 64.0)

    def distinct(self, *shape):
        """Multiples of 1/64 around zero, no two equal and none zero: for maxima and comparisons."""
        count = int(np.prod(shape))
        values = self.generator.permutation(count) - count // 2
        return torch.tensor((np.where(values >= 0, values + 1, values) * 3 / 64.0).reshape(shape))

    def integers(self, low, high, *shape):
        return torch.tensor(self.generator.integers(low, high, size=shape), dtype=torch.int64)

    def booleans(self, *shape):
        return torch.tensor(self.generator.integers(0, 2, size=shape) == 1)


def broadcast_pair(numbers, rank=4):
    """Two random shapes that broadcast, each with axes of extent 1 and perhaps fewer axes than the other."""
    draw = numbers.generator
    full = draw.integers(1, 4, size=rank)
    shapes = []
    for _ in range(2):
        shape = np.where(draw.random(rank) < 0.4, 1, full)
        shapes.append(tuple(int(extent) for extent in shape[draw.integers(0, rank):]))
    return shapes


def ints(*values):
    return torch.tensor(values, dtype=torch.int64)


def single(value):
    """The number that single precision has for `value`: attributes of the standard are stored so, defaults too."""
    return float(np.float32(value))


class Operator:
    """The cases of one operator; `write` puts them into one JSON file."""

    def __init__(self, name):
        self.name = name
        self.numbers = Numbers(zlib.crc32(name.encode()))
        self.cases = []

    def case(self, title, inputs, compute, attributes=None, opset=20, constants=(), checked=True):
        """Adds a case.

        inputs: tensors in the operator's order, None where one is left out.
        compute: the PyTorch expression of those inputs; returns a tensor or a tuple of them.
        constants: positions of floating-point inputs that take no gradient.
        checked: False only where the standard's reference implementation (onnx 1.22) fails or contradicts the
            specification: automatic padding of convolutions, negative pads, some empty tensors. ONNX Runtime agrees with us
            there.
        """
        attributes = attributes or {}
        leaves = [None if x is None else x.clone() for x in inputs]
        for position, leaf in enumerate(leaves):
            if leaf is not None and leaf.is_floating_point() and position not in constants:
                leaf.requires_grad_()
        outputs = compute(*leaves)
        outputs = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
        if checked:
            self._check(title, inputs, outputs, attributes, opset)
        cotangents = [
            self.numbers.real(*y.shape) if y.is_floating_point() and y.requires_grad else None for y in outputs
        ]
        pairs = [(y, c) for y, c in zip(outputs, cotangents) if c is not None]
        wanted = [x for x in leaves if x is not None and x.requires_grad]
        gradients = {}
        if pairs:
            found = torch.autograd.grad(
                [y for y, _ in pairs], wanted, [c for _, c in pairs], allow_unused=True, materialize_grads=True)
            gradients = {id(x): g for x, g in zip(wanted, found)}
        self.cases.append({
            "title": title,
            "opset": opset,
            "attributes": {name: self._attribute(value) for name, value in attributes.items()},
            "inputs": [None if x is None else self._tensor(x, gradient=gradients.get(id(x))) for x in leaves],
            "outputs": [self._tensor(y, cotangent=c) for y, c in zip(outputs, cotangents)],
        })

    @staticmethod
    def _attribute(value):
        """The value under the name of its kind: JSON has no difference between 2 and 2.0."""
        if isinstance(value, dict):
            return {"tensor": value}
        if isinstance(value, list):
            return {{float: "floats", str: "strings"}.get(type(next(iter(value), 0)), "integers"): value}
        return {{int: "integer", float: "float", str: "string"}[type(value)]: value}

    @staticmethod
    def _tensor(value, **extras):
        def numbers(tensor):
            flat = tensor.detach().reshape(-1)
            return flat.tolist() if tensor.is_floating_point() else [int(v) for v in flat]

        entry = {"type": TYPE_NAMES[value.dtype], "shape": list(value.shape), "values": numbers(value)}
        entry.update({key: numbers(extra) for key, extra in extras.items() if extra is not None})
        return entry

    def _check(self, title, inputs, outputs, attributes, opset):
        names = ["" if x is None else f"x{i}" for i, x in enumerate(inputs)]
        # The reference implementation wants typed graph inputs; the shapes are not needed.
        declared = [
            onnx.helper.make_tensor_value_info(n, ONNX_TYPES[TYPE_NAMES[x.dtype]], list(x.shape))
            for n, x in zip(names, inputs) if x is not None
        ]
        results = [f"y{i}" for i in range(len(outputs))]
        described = [
            onnx.helper.make_tensor_value_info(n, ONNX_TYPES[TYPE_NAMES[y.dtype]], None)
            for n, y in zip(results, outputs)
        ]
        attributes = {
            k: (onnx.helper.make_tensor("value", ONNX_TYPES[v["type"]], v["shape"], v["values"]) if isinstance(v, dict)
                else v)
            for k, v in attributes.items()
        }
        node = onnx.helper.make_node(self.name, names, results, **attributes)
        graph = onnx.helper.make_graph([node], "case", declared, described)
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)])
        feeds = {n: x.numpy() for n, x in zip(names, inputs) if x is not None}
        for expected, found in zip(ReferenceEvaluator(model).run(None, feeds), outputs):
            found = found.detach().numpy()
            assert expected.shape == found.shape, (self.name, title, expected.shape, found.shape)
            # The standard's Erf and Gelu are evaluated in single precision.
            error = np.linalg.norm(found.astype(float) - expected.astype(float))
            assert error <= 1e-6 * max(1, np.linalg.norm(found.astype(float))), (self.name, title, error)

    def write(self):
        FOLDER.mkdir(parents=True, exist_ok=True)
        document = {"operator": self.name, "source": f"PyTorch {torch.__version__.split('+')[0]}", "cases": self.cases}
        (FOLDER / f"{self.name}.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
