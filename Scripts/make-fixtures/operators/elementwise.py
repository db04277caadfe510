"""Element-wise operators, products and casts."""

import functools

import torch
import torch.nn.functional as F

from reference import Operator, broadcast_pair, ints, single


def binary(name, compute, second=lambda numbers, *shape: numbers.real(*shape),
           first=lambda numbers, *shape: numbers.real(*shape)):
    op = Operator(name)
    for title, left, right in [
        ("same shape", (2, 3), (2, 3)),
        ("scalar on the right", (2, 3), ()),
        ("row over a batch", (4, 3), (3,)),
        ("column and row", (4, 1), (1, 5)),
        ("inner axis of one", (2, 1, 3), (2, 4, 1)),
        ("left has fewer axes", (3,), (2, 2, 3)),
        ("one element each", (1, 1), (1,)),
        ("empty", (0, 3), (3,)),
        ("empty by broadcasting", (2, 1, 3), (2, 0, 1)),
        *((f"random shapes {index}", *broadcast_pair(op.numbers)) for index in range(4)),
    ]:
        op.case(title, [first(op.numbers, *left), second(op.numbers, *right)], compute)
    op.write()


def unary(name, compute, values=lambda numbers, *shape: numbers.real(*shape), **cases):
    op = Operator(name)
    op.case("matrix", [values(op.numbers, 3, 5)], compute)
    op.case("scalar", [values(op.numbers)], compute)
    op.case("three axes with one of size 1", [values(op.numbers, 2, 1, 7)], compute)
    for title, (attributes, variant) in cases.items():
        op.case(title.replace("_", " "), [values(op.numbers, 3, 5)], variant, attributes)
    op.case("empty", [values(op.numbers, 2, 0, 3)], compute)
    if name in ("Neg", "Abs", "Relu"):
        op.case("integers", [op.numbers.integers(-9, 9, 2, 3)], compute)
    op.write()


def positive(numbers, *shape):
    return numbers.real(*shape, low=0.25, high=3.0)


binary("Add", lambda a, b: a + b)
binary("Sub", lambda a, b: a - b)
binary("Mul", lambda a, b: a * b)
binary("Div", lambda a, b: a / b, second=positive)

op = Operator("Pow")
op.case("positive base", [positive(op.numbers, 2, 3), op.numbers.real(2, 3)], torch.pow)
op.case("broadcast exponents", [positive(op.numbers, 4, 3), op.numbers.real(3)], torch.pow)
op.case("square of any base", [op.numbers.real(2, 3), torch.tensor(2.0)], torch.pow, constants=(1,))
op.case("cube of any base", [op.numbers.real(2, 3), torch.tensor(3.0)], torch.pow, constants=(1,))
op.case("square root", [positive(op.numbers, 2, 3), torch.tensor(0.5)], torch.pow, constants=(1,))
op.case("integer exponent", [op.numbers.real(2, 3), ints(3)], torch.pow)
op.case("integers", [op.numbers.integers(-3, 4, 2, 3), op.numbers.integers(0, 4, 3)], torch.pow)
# PyTorch promotes; the standard keeps the type of the base.
op.case("integer base", [op.numbers.integers(1, 5, 2, 3), torch.tensor([0.5, 1.5, 2.0])],
        lambda a, b: torch.pow(a.double(), b).to(torch.int64), constants=(1,))
op.case("both broadcast", [positive(op.numbers, 3, 1), op.numbers.real(2, 1, 4)], torch.pow)
op.case("empty", [positive(op.numbers, 0, 3), op.numbers.real(3)], torch.pow)
op.write()

unary("Neg", torch.neg)
unary("Abs", torch.abs)
unary("Sqrt", torch.sqrt, positive)
unary("Exp", torch.exp)
unary("Log", torch.log, positive)
unary("Reciprocal", torch.reciprocal, positive)
unary("Erf", torch.erf)
unary("Tanh", torch.tanh)
unary("Sigmoid", torch.sigmoid)
unary("Relu", torch.relu)
unary("Sin", torch.sin)
unary("Cos", torch.cos)
unary("Identity", lambda x: x + 0)
unary("Softplus", F.softplus, lambda numbers, *shape: numbers.real(*shape, low=-15.0, high=15.0))
unary("LeakyRelu", lambda x: F.leaky_relu(x, single(0.01)),
      slope=({"alpha": 0.125}, lambda x: F.leaky_relu(x, 0.125)))
unary("Elu", F.elu, alpha=({"alpha": 0.5}, lambda x: F.elu(x, 0.5)))
unary("Gelu", F.gelu,
      none=({"approximate": "none"}, F.gelu),
      tanh=({"approximate": "tanh"}, lambda x: F.gelu(x, approximate="tanh")))

op = Operator("Clip")
low, high = torch.tensor(-0.625 - 1 / 128), torch.tensor(1.0 + 1 / 128)
op.case("both bounds", [op.numbers.real(3, 5), low, high], torch.clip, constants=(1, 2))
op.case("lower bound only", [op.numbers.real(3, 5), low], lambda x, a: torch.clip(x, min=a), constants=(1,))
op.case("upper bound only", [op.numbers.real(3, 5), None, high], lambda x, _, b: torch.clip(x, max=b), constants=(2,))
op.case("no bound", [op.numbers.real(3, 5)], lambda x: x + 0)
op.case("bounds that cross", [op.numbers.real(3, 5), high, low], torch.clip, constants=(1, 2))
op.case("integers", [op.numbers.integers(-9, 9, 3, 5), torch.tensor(-3), torch.tensor(4)], torch.clip)
op.case("integers, lower bound only", [op.numbers.integers(-9, 9, 3, 5), torch.tensor(-3)],
        lambda x, a: torch.clip(x, min=a))
op.case("empty", [op.numbers.real(0, 5), low, high], torch.clip, constants=(1, 2))
op.write()

op = Operator("Dropout")
op.case("inference", [op.numbers.real(3, 5)], lambda x: x + 0)
op.case("inference with a ratio", [op.numbers.real(3, 5), torch.tensor(0.5)], lambda x, _: x + 0, constants=(1,))
op.case("mask", [op.numbers.real(3, 5)], lambda x: (x + 0, torch.ones(3, 5, dtype=torch.bool)))
op.case("training with a ratio of 0", [op.numbers.real(3, 5), torch.tensor(0.0), torch.tensor(True)],
        lambda x, *_: (x + 0, torch.ones(3, 5, dtype=torch.bool)), constants=(1,))
op.write()

for name, compute in [
    ("Equal", torch.eq), ("Greater", torch.gt), ("GreaterOrEqual", torch.ge), ("Less", torch.lt),
    ("LessOrEqual", torch.le),
]:
    op = Operator(name)
    values = op.numbers.distinct(2, 3)
    other = values.clone()
    other[0] += 1 / 64
    op.case("reals", [values, other], compute, constants=(0, 1))
    op.case("integers, broadcast", [op.numbers.integers(0, 3, 4, 1), op.numbers.integers(0, 3, 5)], compute)
    op.case("empty", [op.numbers.real(0, 3), op.numbers.real(3)], compute, constants=(0, 1))
    if name == "Equal":
        op.case("bool", [op.numbers.booleans(3, 4), op.numbers.booleans(4)], compute)
    op.write()

for name, compute in [("And", torch.logical_and), ("Or", torch.logical_or)]:
    op = Operator(name)
    op.case("same shape", [op.numbers.booleans(3, 4), op.numbers.booleans(3, 4)], compute)
    op.case("broadcast", [op.numbers.booleans(3, 1), op.numbers.booleans(4)], compute)
    op.write()

op = Operator("Not")
op.case("matrix", [op.numbers.booleans(3, 4)], torch.logical_not)
op.write()

op = Operator("Where")
op.case("same shape", [op.numbers.booleans(3, 4), op.numbers.real(3, 4), op.numbers.real(3, 4)], torch.where)
op.case("mask and scalar", [op.numbers.booleans(4, 4), op.numbers.real(2, 4, 4), op.numbers.real()], torch.where)
op.case("all broadcast", [op.numbers.booleans(3, 1), op.numbers.real(4), op.numbers.real(2, 1, 1)], torch.where)
op.case("integers", [op.numbers.booleans(3), op.numbers.integers(0, 9, 3), ints(7)], torch.where)
op.case("bool", [op.numbers.booleans(3, 4), op.numbers.booleans(4), op.numbers.booleans(3, 1)], torch.where)
op.case("condition has fewer axes", [op.numbers.booleans(4), op.numbers.real(2, 1, 4), op.numbers.real(3, 1)],
        torch.where)
op.case("empty", [op.numbers.booleans(0, 1), op.numbers.real(3), op.numbers.real(1, 3)], torch.where)
op.write()

for name, compute in [("Max", torch.maximum), ("Min", torch.minimum)]:
    op = Operator(name)
    values = op.numbers.distinct(4, 6)
    op.case("two", [values[:, :3].contiguous(), values[:, 3:].contiguous()], compute)
    op.case("broadcast", [values[:1].contiguous(), values[1:, :1].contiguous()], compute)
    many = lambda *xs: functools.reduce(compute, xs)
    op.case("one", [values[0].contiguous()], many)
    op.case("three", [values[row].contiguous() for row in range(3)], many)
    op.case("four, all broadcast", [values[:, :1].contiguous(), values[0, 1:4].contiguous(),
                                    values[1, 1:4].reshape(1, 3), values[2:4, 4].reshape(2, 1, 1)], many)
    op.case("integers", [op.numbers.integers(-9, 9, *shape) for shape in [(2, 3), (3,), (2, 1)]], many)
    op.case("empty", [op.numbers.real(0, 3), op.numbers.real(3), op.numbers.real(1, 1)], many)
    op.write()

op = Operator("Mod")
op.case("integers take the divisor's sign", [ints(-7, -3, 0, 5, 8, -8), ints(3, 5, 4, 3, -3, -3)], torch.remainder)
op.case("fmod of integers takes the dividend's sign", [ints(-7, -3, 5, 8), ints(3, 5, 3, -3)], torch.fmod, {"fmod": 1})
op.case("broadcast", [op.numbers.integers(0, 30, 3, 4), ints(5)], torch.remainder)
# Apart from whole quotients, where the remainder jumps.
numerators, divisors = torch.tensor([[-278, 250, 166], [45, -339, 70]]) / 64, torch.tensor([2.125, -1.0, 0.75])
op.case("fmod of reals", [numerators, divisors], torch.fmod, {"fmod": 1})
op.case("fmod of reals, broadcast", [numerators[:, :1].contiguous(), divisors], torch.fmod, {"fmod": 1})
op.case("empty", [op.numbers.real(0, 3), op.numbers.real(1)], torch.fmod, {"fmod": 1})
op.write()

op = Operator("Cast")
op.case("real to real", [op.numbers.real(2, 3)], lambda x: x + 0, {"to": 11})
op.case("real to integer truncates", [op.numbers.real(2, 3)], lambda x: x.to(torch.int64), {"to": 7}, constants=(0,))
op.case("integer to real", [op.numbers.integers(-5, 5, 2, 3)], lambda x: x.to(torch.float64), {"to": 11})
op.case("real to bool", [torch.tensor([0.0, 1.5, -2.0])], lambda x: x.to(torch.bool), {"to": 9}, constants=(0,))
op.case("bool to integer", [op.numbers.booleans(5)], lambda x: x.to(torch.int64), {"to": 7})
op.case("integer to bool", [op.numbers.integers(-1, 2, 5)], lambda x: x.to(torch.bool), {"to": 9})
op.case("empty", [op.numbers.real(2, 0)], lambda x: x + 0, {"to": 11})
op.write()

op = Operator("CastLike")
op.case("real like real", [op.numbers.real(2, 3), torch.tensor(1.0)], lambda x, _: x + 0, constants=(1,))
op.case("integer like real", [op.numbers.integers(-5, 5, 2, 3), torch.tensor(1.0)],
        lambda x, _: x.to(torch.float64), constants=(1,))
op.write()

op = Operator("Constant")
value = op.numbers.real(2, 3)
op.case("tensor", [], lambda: value,
        {"value": {"type": "float64", "shape": [2, 3], "values": value.reshape(-1).tolist()}})
op.case("integers", [], lambda: ints(3, -1, 4), {"value_ints": [3, -1, 4]})
op.case("integer", [], lambda: torch.tensor(7), {"value_int": 7})
op.write()

op = Operator("MatMul")
for title, left, right in [
    ("matrices", (3, 4), (4, 2)),
    ("vector on the left", (4,), (4, 2)),
    ("vector on the right", (3, 4), (4,)),
    ("two vectors", (4,), (4,)),
    ("batch against one matrix", (2, 3, 4), (4, 2)),
    ("one matrix against a batch", (3, 4), (2, 4, 2)),
    ("batches", (2, 3, 4), (2, 4, 5)),
    ("broadcast batches", (2, 1, 3, 4), (1, 3, 4, 2)),
    ("batch of vectors on the left", (4,), (3, 4, 2)),
    ("batch against a vector", (2, 3, 4), (4,)),
    ("both batches repeated", (3, 1, 2, 1, 2), (2, 1, 2, 3)),
    ("one by one", (1, 1), (1, 1)),
    ("no inner axis", (2, 0), (0, 3)),
    ("no rows", (2, 0, 4), (4, 3)),
    ("no batch", (0, 2, 3), (1, 3, 2)),
]:
    op.case(title, [op.numbers.real(*left), op.numbers.real(*right)], torch.matmul)
op.write()

op = Operator("Gemm")
a, b, c = op.numbers.real(3, 4), op.numbers.real(4, 2), op.numbers.real(2)
op.case("bias row", [a, b, c], lambda a, b, c: a @ b + c)
op.case("no bias", [a, b], lambda a, b: a @ b)
op.case("both transposed", [a.T.contiguous(), b.T.contiguous(), c], lambda a, b, c: a.T @ b.T + c,
        {"transA": 1, "transB": 1})
op.case("weights transposed, bias matrix", [a, b.T.contiguous(), op.numbers.real(3, 2)],
        lambda a, b, c: a @ b.T + c, {"transB": 1})
op.case("scaled, bias column", [a, b, op.numbers.real(3, 1)], lambda a, b, c: 0.5 * a @ b + 2 * c,
        {"alpha": 0.5, "beta": 2.0})
op.case("scaled, scalar bias", [a.T.contiguous(), b, op.numbers.real()], lambda a, b, c: 1.5 * a.T @ b - 0.25 * c,
        {"alpha": 1.5, "beta": -0.25, "transA": 1})
op.case("no inner axis", [op.numbers.real(2, 0), op.numbers.real(0, 3), op.numbers.real(1, 3)],
        lambda a, b, c: a @ b + c)
op.case("one column", [op.numbers.real(3, 1), op.numbers.real(1, 1), op.numbers.real(1, 1)],
        lambda a, b, c: a @ b + c)
op.write()

op = Operator("Einsum")
for equation, *shapes in [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("btd,hde->bthe", (2, 3, 4), (2, 4, 5)),
    ("bqhe,bkhe->bhqk", (2, 3, 2, 4), (2, 5, 2, 4)),
    ("bhqk,bkhe->bqhe", (2, 2, 3, 5), (2, 5, 2, 4)),
    ("bqhe,hed->bqd", (2, 3, 2, 4), (2, 4, 5)),
    ("i,j->ij", (3,), (4,)),
    ("i,i->", (4,), (4,)),
    ("ij,ij->i", (3, 4), (3, 4)),
    ("ij,k->j", (3, 4), (2,)),
    ("ij,jk", (2, 3), (3, 2)),
    ("ij->ji", (2, 3)),
    ("ijk->j", (2, 3, 4)),
    ("ij->", (2, 3)),
    ("...ij,...jk->...ik", (2, 3, 4), (2, 4, 2)),
    ("...i,ij->...j", (2, 3, 4), (4, 2)),
    ("ii->i", (3, 3)),
    ("bii->b", (2, 3, 3)),
    ("...ii->...i", (2, 3, 3)),
    ("ij,ij->", (2, 0), (2, 0)),
    ("b...i,b...i->b...", (2, 3, 1, 4), (2, 1, 3, 4)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    ("i,j,k->kji", (2,), (3,), (4,)),
    ("bi,bj,bij->b", (2, 3), (2, 4), (2, 3, 4)),
    ("...i,ij,...j->...", (2, 3), (3, 4), (2, 4)),
    ("ab,bc,cd,da->", (2, 3), (3, 2), (2, 4), (4, 2)),
]:
    op.case(equation, [op.numbers.real(*shape) for shape in shapes],
            lambda *xs, equation=equation: torch.einsum(equation, *xs), {"equation": equation})
op.write()
