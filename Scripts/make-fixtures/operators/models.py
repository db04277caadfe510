"""Writes whole models: Fixtures/onnx/MODEL.EXPORT.onnx and Fixtures/references/models/MODEL.json.

    python -m pip install -r requirements.txt
    python models.py [MODEL…]

EXPORT is `opsetN` for a graph with its parameters as inputs; some models have also `initializers` and `legacy`, which
store parameters: those of another initialisation, so that only weights put in by name give the reference's numbers.
The JSON holds parameters, inputs, targets and PyTorch's per-example losses and gradients of their mean, in float64.
Weights and inputs are multiples of 1/1024 or integers, so that they are the same in single and double precision.

Before opset 20 a GELU is exported as a formula with constants in single precision. That is another function, by one
part in 10⁸; MODEL.opset18.json then holds its numbers, for `legacy` (opset 17) too.
"""

import json
import math
import sys
import warnings
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
import torch.nn.functional as F

import exporting
from architectures import LSTM, MLP, ConvNet, DeepLinear, ModularAddition, ResNet, Superposition
from transformer_models import GPT2, Encoder, InContextRegression, LanguageModel, Llama

warnings.filterwarnings("ignore")
ROOT = Path(__file__).resolve().parents[3]
BATCH = 5


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


def tokens(high, *shape):
    x = integers(high, *shape)
    return x, x


# Name, model, loss and examples; the opsets of the exports with parameters as inputs; whether the exports with stored
# parameters are made too.
OLDER, NEWER = (18, 20), (18, 23)
MODELS = {
    "mlp": (MLP, cross_entropy, lambda: (real(BATCH, 6), integers(4, BATCH)), OLDER, False),
    "deep-linear": (DeepLinear, sum_squared_error, lambda: (real(BATCH, 5), real(BATCH, 3)), OLDER, False),
    "convnet": (ConvNet, cross_entropy, lambda: (real(BATCH, 2, 8, 8), integers(3, BATCH)), OLDER, False),
    "superposition": (Superposition, sum_squared_error, lambda: (lambda x: (x, x))(real(BATCH, 6).abs()), OLDER, False),
    "modular-addition": (ModularAddition, cross_entropy, lambda: (lambda x: (x, x.sum(1) % 7))(integers(7, BATCH, 2)),
                         OLDER, False),
    "in-context-regression": (InContextRegression, mean_squared_error, lambda: (real(BATCH, 8, 3), real(BATCH, 4)),
                              OLDER, False),
    "attention-language-model": (LanguageModel, next_token, lambda: tokens(11, BATCH, 6), OLDER, False),
    "gelu-language-model": (lambda: LanguageModel(hidden=12, layers=1), next_token, lambda: tokens(11, BATCH, 6), OLDER,
                            False),
    "gpt-2": (GPT2, next_token, lambda: tokens(11, BATCH, 6), NEWER, True),
    "llama": (Llama, next_token, lambda: tokens(11, BATCH, 6), NEWER, False),
    "encoder": (Encoder, mean_squared_error, lambda: (real(BATCH, 5, 3), real(BATCH, 5)), NEWER, True),
    "resnet": (ResNet, cross_entropy, lambda: (real(BATCH, 2, 8, 8), integers(3, BATCH)), NEWER, True),
    "lstm": (LSTM, next_token, lambda: tokens(9, BATCH, 7), NEWER, False),
}


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
    for name in sys.argv[1:] or MODELS:
        make, loss, data, opsets, is_stored = MODELS[name]
        torch.manual_seed(sum(name.encode()))
        model = make().eval()
        randomize(model)
        x, targets = data()
        # A tied parameter has one name here and two in the state_dict.
        kept = {*dict(model.named_parameters()), *dict(model.named_buffers())}
        state = {k: v for k, v in model.state_dict().items() if v.is_floating_point() and k in kept}
        write_graphs(name, model, make, state, x, opsets, is_stored)
        for variant, gelu in variants(model).items():
            with patch.object(F, "gelu", gelu):
                document = reference(name, model.double(), state, x, targets, loss)
            (folder / f"{name}{variant}.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
        print(f"{name}: {sum(p.numel() for p in model.parameters())} parameters")


def randomize(model):
    """Random parameters and statistics, so that no two tensors are equal; gains of normalisations stay near one."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            center = 1.0 if parameter.dim() == 1 and ("norm" in name or "ln_" in name) else 0.0
            scale = 0.4 if parameter.dim() > 1 else 0.2
            parameter.copy_(torch.round((center + scale * torch.randn_like(parameter)) * 1024) / 1024)
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(torch.round(0.2 * torch.randn_like(buffer) * 1024) / 1024)
            if name.endswith("running_var"):
                buffer.copy_(torch.round((0.5 + torch.rand_like(buffer)) * 1024) / 1024)


def write_graphs(name, model, make, state, x, opsets, is_stored):
    path = lambda export: ROOT / f"Fixtures/onnx/{name}.{export}.onnx"
    for opset in opsets:
        exporting.save(exporting.with_parameters_as_inputs(model, state, x, opset), path(f"opset{opset}"))
    if is_stored:
        fresh = make().eval()
        exporting.save(exporting.with_initializers(fresh, x, 20), path("initializers"))
        exporting.save(exporting.legacy(fresh, x, 17), path("legacy"))


def variants(model):
    """The references to write: one, or for a model with a GELU another one for the opset that has none."""
    has_gelu = isinstance(model, (GPT2, ModularAddition)) or any(getattr(m, "hidden", 0) for m in model.modules())
    return {"": F.gelu, ".opset18": gelu_with_single_precision_constants} if has_gelu else {"": F.gelu}


def gelu_with_single_precision_constants(x, approximate="none"):
    if approximate == "tanh":
        return 0.5 * x * (1 + torch.tanh(single(math.sqrt(2 / math.pi)) * (x + single(0.044715) * x**3)))
    return 0.5 * x * (1 + torch.erf(x / single(math.sqrt(2))))


def single(number):
    return float(np.float32(number))


def reference(name, model, state, x, targets, loss):
    """Losses of the examples and gradients of their mean."""
    wide = lambda tensor: tensor.double() if tensor.is_floating_point() else tensor
    losses = loss(model(wide(x)), wide(targets))
    parameters = dict(model.named_parameters())
    gradients = dict(zip(parameters, torch.autograd.grad(losses.mean(), list(parameters.values()))))
    tensors = {
        key: entry(value.double(), **({"gradient": gradients[key]} if key in gradients else {}))
        for key, value in state.items()
    }
    document = {
        "model": name, "source": f"PyTorch {torch.__version__.split('+')[0]}", "loss": loss.__name__.replace("_", "-"),
        "inputs": {"x": entry(wide(x))}, "targets": entry(wide(targets)), "losses": numbers(losses), "tensors": tensors,
    }
    names = {parameter: name for name, parameter in model.named_parameters()}
    tied = {k: names[p] for k, p in model.named_parameters(remove_duplicate=False) if names[p] != k}
    return {**document, "tied": tied} if tied else document


if __name__ == "__main__":
    main()
