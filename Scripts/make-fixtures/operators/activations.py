"""Activations with constants, and further functions of one number."""

import torch
import torch.nn.functional as F

from reference import Operator, single

ALPHA, GAMMA = single(1.67326319217681884765625), single(1.05070102214813232421875)


def write(name, cases, low=-4.0, high=4.0):
    """Each operator on a tensor, beyond the ends of its straight pieces, and without elements."""
    op = Operator(name)
    for title, compute, attributes, opset in cases:
        op.case(title, [op.numbers.real(2, 3, 4, low=low, high=high)], compute, attributes, opset)
    title, compute, attributes, opset = cases[0]
    op.case("far from 0", [torch.tensor([-90.0, -21.0, 21.0, 90.0])], compute, attributes, opset, checked=False)
    op.case("one number", [op.numbers.real(1)], compute, attributes, opset)
    op.case("no elements", [op.numbers.real(2, 0)], compute, attributes, opset)
    op.write()


def hard_sigmoid(alpha, beta):
    return lambda x: (alpha * x + beta).clamp(0, 1)


write("HardSigmoid", [
    ("PyTorch's constants", lambda x: (single(1 / 6) * x + 0.5).clamp(0, 1), {"alpha": single(1 / 6), "beta": 0.5}, 13),
    ("default", hard_sigmoid(single(0.2), 0.5), {}, 22),
])
write("HardSwish", [("default", F.hardswish, {}, 14), ("opset 22", F.hardswish, {}, 22)])
selu = lambda alpha, gamma: lambda x: gamma * torch.where(x > 0, x, alpha * torch.expm1(x))
write("Selu", [
    ("default", selu(ALPHA, GAMMA), {}, 13),
    ("constants", selu(0.5, 2.0), {"alpha": 0.5, "gamma": 2.0}, 22),
])
write("Celu", [("default", F.celu, {}, 13), ("alpha", lambda x: F.celu(x, 0.5), {"alpha": 0.5}, 20)])
write("Mish", [("default", F.mish, {}, 18), ("opset 22", F.mish, {}, 22)])
write("Swish", [("default", F.silu, {}, 24), ("alpha", lambda x: x * torch.sigmoid(1.5 * x), {"alpha": 1.5}, 25)])
write("Softsign", [("default", F.softsign, {}, 13), ("opset 22", F.softsign, {}, 22)])
write("ThresholdedRelu", [
    ("default", lambda x: F.threshold(x, 1.0, 0.0), {}, 13),
    ("alpha", lambda x: F.threshold(x, 0.3, 0.0), {"alpha": single(0.3)}, 22),
])

for name, compute in [("Sinh", torch.sinh), ("Cosh", torch.cosh), ("Atan", torch.atan), ("Sign", torch.sign),
                      ("Floor", torch.floor), ("Ceil", torch.ceil), ("Round", torch.round), ("Tan", torch.tan)]:
    # Tan stays away from its poles, the others from their jumps.
    limit = 1.25 if name == "Tan" else 4.0
    op = Operator(name)
    real = lambda *shape: op.numbers.real(*shape, low=-limit, high=limit) + 1 / 128
    op.case("three axes", [real(2, 3, 4)], compute, opset=13)
    op.case("one number", [real(1)], compute, opset=22)
    op.case("no elements", [op.numbers.real(2, 0)], compute)
    if name == "Round":
        op.case("halves", [torch.tensor([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])], compute, constants=(0,))
    op.write()

op = Operator("PRelu")
prelu = lambda x, s: torch.where(x > 0, x, s * x)
op.case("one slope", [op.numbers.real(2, 5), op.numbers.real(1)], lambda x, s: F.prelu(x, s), opset=13)
op.case("a slope per channel", [op.numbers.real(2, 3, 4), op.numbers.real(3, 1)],
        lambda x, s: F.prelu(x, s.reshape(3)), opset=16)
op.case("a slope per element and example", [op.numbers.real(2, 3), op.numbers.real(2, 3)], prelu)
op.case("a scalar slope", [op.numbers.real(3, 19), op.numbers.real()], prelu)
op.case("repeated along inner axes", [op.numbers.real(2, 3, 2, 2), op.numbers.real(1, 3, 1, 1)], prelu, opset=22)
op.case("no elements", [op.numbers.real(0, 3), op.numbers.real(3)], prelu)
op.write()
