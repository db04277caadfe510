"""Writes whole models: Fixtures/onnx/MODEL.opsetN.onnx and Fixtures/references/models/MODEL.json.

    python -m pip install -r requirements.txt
    python models.py

Each model is exported with its parameters as graph inputs (`functional_call`), so that the exporter cannot
fold any of them. The JSON holds parameters, inputs, targets and PyTorch's per-example losses and gradients of
their mean, in float64. Weights and inputs are multiples of 1/1024 or integers, so that they are the
same in single and double precision.

Before opset 20 a GELU is exported as an error function of x divided by √2 in single precision. That is another
function, by one part in 10⁸; MODEL.opset18.json then holds its numbers.
"""

import json
import math
import warnings
from pathlib import Path
from unittest.mock import patch

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call

warnings.filterwarnings("ignore")
ROOT = Path(__file__).resolve().parents[3]
OPSETS = (18, 20)
# ONNX stores epsilon in single precision; the reference must use the number that is in the file.
EPSILON = float(np.float32(1e-5))
BATCH = 5
SINGLE_SQRT_2 = float(np.float32(math.sqrt(2)))


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 7), nn.Tanh(), nn.Linear(7, 4))

    def forward(self, x):
        return self.net(x)


class DeepLinear(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(a, b, bias=False) for a, b in [(5, 6), (6, 4), (4, 3)]])

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 4, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(4, eps=EPSILON)
        self.conv2 = nn.Conv2d(4, 6, 3, stride=1)
        self.fc = nn.Linear(6, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.avg_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(x.flatten(1))


class Superposition(nn.Module):
    """Elhage et al. 2022, "Toy Models of Superposition": relu(x WᵀW + b)."""

    def __init__(self):
        super().__init__()
        self.W = nn.Parameter(torch.randn(2, 6))
        self.b = nn.Parameter(torch.randn(6))

    def forward(self, x):
        return F.relu(x @ self.W.T @ self.W + self.b)


class ModularAddition(nn.Module):
    def __init__(self, p=7):
        super().__init__()
        self.embed = nn.Embedding(p, 6)
        self.left = nn.Linear(6, 8, bias=False)
        self.right = nn.Linear(6, 8, bias=False)
        self.out = nn.Linear(8, p)

    def forward(self, x):
        return self.out(F.gelu(self.left(self.embed(x[:, 0])) + self.right(self.embed(x[:, 1]))))


class Attention(nn.Module):
    def __init__(self, width, heads, context):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width, bias=False)
        self.register_buffer("mask", torch.tril(torch.ones(context, context)).bool(), persistent=False)

    def forward(self, x):
        batch, time, width = x.shape
        q, k, v = (
            part.reshape(batch, time, self.heads, width // self.heads).transpose(1, 2)
            for part in self.qkv(x).split(width, -1))
        scores = q @ k.transpose(-2, -1) / math.sqrt(width // self.heads)
        weights = scores.masked_fill(~self.mask[:time, :time], float("-inf")).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(batch, time, width))


class Block(nn.Module):
    def __init__(self, width, heads, context, hidden):
        super().__init__()
        self.ln1 = nn.LayerNorm(width, eps=EPSILON)
        self.attn = Attention(width, heads, context)
        self.hidden = hidden
        if hidden:
            self.ln2 = nn.LayerNorm(width, eps=EPSILON)
            self.up = nn.Linear(width, hidden)
            self.down = nn.Linear(hidden, width)

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.down(F.gelu(self.up(self.ln2(x)))) if self.hidden else x


class InContextRegression(nn.Module):
    """Reads x₁ y₁ x₂ y₂ … as tokens [0, x] and [y, 0]; predicts each y at its x."""

    def __init__(self, dimension=2, pairs=4, width=8):
        super().__init__()
        self.embed = nn.Linear(dimension + 1, width, bias=False)
        self.positions = nn.Parameter(torch.randn(2 * pairs, width))
        self.block = Block(width, 2, 2 * pairs, 12)
        self.norm = nn.LayerNorm(width, eps=EPSILON)
        self.read = nn.Linear(width, 1)

    def forward(self, x):
        hidden = self.block(self.embed(x) + self.positions)
        return self.read(self.norm(hidden))[:, ::2, 0]


class LanguageModel(nn.Module):
    def __init__(self, hidden=0, vocabulary=11, width=8, context=6, layers=2):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(context, width)
        self.blocks = nn.ModuleList([Block(width, 2, context, hidden) for _ in range(layers)])
        self.norm = nn.LayerNorm(width, eps=EPSILON)
        self.unembed = nn.Linear(width, vocabulary, bias=False)

    def forward(self, x):
        hidden = self.embed(x) + self.positions(torch.arange(x.shape[1]))
        for block in self.blocks:
            hidden = block(hidden)
        return self.unembed(self.norm(hidden))


def cross_entropy(logits, targets):
    return F.cross_entropy(logits, targets, reduction="none")


def next_token(logits, tokens):
    losses = F.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:], reduction="none")
    return losses.mean(1)


def sum_squared_error(output, targets):
    return ((output - targets) ** 2).flatten(1).sum(1)


def mean_squared_error(output, targets):
    return ((output - targets) ** 2).flatten(1).mean(1)


def real(*shape):
    return torch.round(torch.randn(*shape) * 64) / 64


def integers(high, *shape):
    return torch.randint(0, high, shape)


MODELS = {
    "mlp": (MLP, "cross-entropy", cross_entropy, lambda: (real(BATCH, 6), integers(4, BATCH))),
    "deep-linear": (DeepLinear, "sum-squared-error", sum_squared_error, lambda: (real(BATCH, 5), real(BATCH, 3))),
    "convnet": (ConvNet, "cross-entropy", cross_entropy, lambda: (real(BATCH, 2, 8, 8), integers(3, BATCH))),
    "superposition": (Superposition, "sum-squared-error", sum_squared_error,
                      lambda: (lambda x: (x, x))(real(BATCH, 6).abs())),
    "modular-addition": (ModularAddition, "cross-entropy", cross_entropy,
                         lambda: (lambda x: (x, x.sum(1) % 7))(integers(7, BATCH, 2))),
    "in-context-regression": (InContextRegression, "mean-squared-error", mean_squared_error,
                              lambda: (real(BATCH, 8, 3), real(BATCH, 4))),
    "attention-language-model": (LanguageModel, "next-token", next_token,
                                 lambda: (lambda x: (x, x))(integers(11, BATCH, 6))),
    "gelu-language-model": (lambda: LanguageModel(hidden=12, layers=1), "next-token", next_token,
                            lambda: (lambda x: (x, x))(integers(11, BATCH, 6))),
}


def export(model, state, x, path, opset):
    """Parameters and float buffers become graph inputs after x; PyTorch's stack traces are removed."""
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
    exported = torch.onnx.export(
        program, input_names=["x", *names], output_names=["output"], opset_version=opset, external_data=False,
        verbose=False).model_proto
    for node in exported.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in [*exported.graph.value_info, *exported.graph.input, *exported.graph.output]:
        del value.metadata_props[:]
    del exported.graph.value_info[:]
    del exported.graph.metadata_props[:]
    del exported.metadata_props[:]
    onnx.checker.check_model(exported)
    onnx.save(exported, path)


def numbers(tensor):
    return tensor.detach().reshape(-1).tolist()


def entry(tensor, **extras):
    kind = "float64" if tensor.is_floating_point() else "int64"
    result = {"type": kind, "shape": list(tensor.shape), "values": numbers(tensor)}
    result.update({key: numbers(value) for key, value in extras.items()})
    return result


def main():
    (ROOT / "Fixtures/onnx").mkdir(parents=True, exist_ok=True)
    folder = ROOT / "Fixtures/references/models"
    folder.mkdir(parents=True, exist_ok=True)
    for name, (make, head, loss, data) in MODELS.items():
        torch.manual_seed(sum(name.encode()))
        model = make().eval()
        with torch.no_grad():
            for parameter_name, parameter in model.named_parameters():
                # Gains stay near one; everything else is random, so that no two tensors are equal.
                center = 1.0 if parameter.dim() == 1 and "norm" in parameter_name else 0.0
                scale = 0.4 if parameter.dim() > 1 else 0.2
                parameter.copy_(torch.round((center + scale * torch.randn_like(parameter)) * 1024) / 1024)
            for buffer_name, buffer in model.named_buffers():
                if buffer_name.endswith("running_mean"):
                    buffer.copy_(torch.round(0.2 * torch.randn_like(buffer) * 1024) / 1024)
                if buffer_name.endswith("running_var"):
                    buffer.copy_(torch.round((0.5 + torch.rand_like(buffer)) * 1024) / 1024)
        x, targets = data()
        state = {k: v for k, v in model.state_dict().items() if v.is_floating_point()}
        for opset in OPSETS:
            export(model, state, x, ROOT / f"Fixtures/onnx/{name}.opset{opset}.onnx", opset)

        for variant, gelu in variants(model).items():
            with patch.object(F, "gelu", gelu):
                document = reference(name, model.double(), state, x, targets, head, loss)
            (folder / f"{name}{variant}.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
        print(f"{name}: {sum(p.numel() for p in model.parameters())} parameters")


def variants(model):
    """The references to write: one, or for a model with a GELU another one for the opset that has none."""
    rounded = lambda x: 0.5 * x * (1 + torch.erf(x / SINGLE_SQRT_2))
    has_gelu = any(getattr(module, "hidden", 0) for module in model.modules()) or isinstance(model, ModularAddition)
    return {"": F.gelu, ".opset18": rounded} if has_gelu else {"": F.gelu}


def reference(name, model, state, x, targets, head, loss):
    """Losses of the examples and gradients of their mean."""
    wide = lambda tensor: tensor.double() if tensor.is_floating_point() else tensor
    losses = loss(model(wide(x)), wide(targets))
    parameters = dict(model.named_parameters())
    gradients = dict(zip(parameters, torch.autograd.grad(losses.mean(), list(parameters.values()))))
    tensors = {
        key: entry(value.double(), **({"gradient": gradients[key]} if key in gradients else {}))
        for key, value in state.items()
    }
    return {
        "model": name, "source": f"PyTorch {torch.__version__.split('+')[0]}", "loss": head,
        "inputs": {"x": entry(wide(x))}, "targets": entry(wide(targets)), "losses": numbers(losses), "tensors": tensors,
    }


if __name__ == "__main__":
    main()
