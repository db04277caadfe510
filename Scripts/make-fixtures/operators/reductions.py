"""Further reductions and sums, and what works along one axis."""

import torch

from reference import Operator, ints


def write(name, compute, low=-2.0):
    """Axes as an attribute before opset 18, as an input after; negative, all, none, of extents 1 and 0."""
    op = Operator(name)
    real = lambda *shape: op.numbers.real(*shape, low=low)
    op.case("an axis as attribute", [real(2, 3, 4)], lambda x: compute(x, (1,), False), {"axes": [1], "keepdims": 0},
            opset=13)
    op.case("two axes, kept", [real(2, 3, 4), ints(0, -1)], lambda x, _: compute(x, (0, 2), True), opset=18)
    op.case("all axes", [real(3, 5)], lambda x: compute(x, (0, 1), False), {"keepdims": 0}, opset=20)
    op.case("an axis of extent 1", [real(3, 1), ints(1)], lambda x, _: compute(x, (1,), False), {"keepdims": 0})
    if name == "ReduceMin":
        op.case("integers", [op.numbers.integers(-9, 9, 3, 2, 4), ints(1)], lambda x, _: x.amin(1), {"keepdims": 0})
        op.case("booleans", [op.numbers.booleans(3, 4), ints(0)], lambda x, _: x.all(0), {"keepdims": 0})
    else:
        op.case("no rows", [real(0, 3), ints(1)], lambda x, _: compute(x, (1,), False), {"keepdims": 0})
    op.write()


write("ReduceL1", lambda x, axes, keeps: x.abs().sum(axes, keeps))
write("ReduceL2", lambda x, axes, keeps: torch.linalg.vector_norm(x, 2, axes, keeps))
write("ReduceSumSquare", lambda x, axes, keeps: x.square().sum(axes, keeps))
write("ReduceLogSum", lambda x, axes, keeps: x.sum(axes, keeps).log(), low=0.25)
write("ReduceLogSumExp", lambda x, axes, keeps: x.logsumexp(axes, keeps))
write("ReduceMin", lambda x, axes, keeps: x.amin(axes, keeps))

for name, compute in [("Sum", sum), ("Mean", lambda xs: sum(xs) / len(xs))]:
    op = Operator(name)
    case = lambda title, *shapes, **how: op.case(
        title, [op.numbers.real(*s) for s in shapes], lambda *xs: compute([x + 0 for x in xs]), **how)
    case("one operand", (2, 3))
    # The standard's reference implementation of Mean broadcasts to the first operand alone.
    case("two operands, both broadcast", (3, 1), (1, 4), opset=13, checked=name == "Sum")
    case("four operands", (2, 3), (3,), (2, 1), ())
    case("extents of 1 and 0", (1, 0), (1, 1))
    op.write()

op = Operator("CumSum")
real = op.numbers.real
op.case("first axis", [real(3, 4), torch.tensor(0)], lambda x, _: x.cumsum(0), opset=13)
op.case("negative axis, reverse", [real(2, 3, 2), torch.tensor(-2)], lambda x, _: x.flip(1).cumsum(1).flip(1),
        {"reverse": 1})
op.case("exclusive", [real(2, 5), ints(1)], lambda x, _: x.cumsum(1) - x, {"exclusive": 1}, checked=False)
op.case("exclusive and reverse", [real(5), torch.tensor(0)], lambda x, _: x.flip(0).cumsum(0).flip(0) - x,
        {"exclusive": 1, "reverse": 1})
op.case("integers", [op.numbers.integers(-5, 5, 3, 3), torch.tensor(1)], lambda x, _: x.cumsum(1))
op.case("extents of 1", [real(3, 1), torch.tensor(1)], lambda x, _: x.cumsum(1))
op.case("no elements", [real(0, 3), torch.tensor(1)], lambda x, _: x.cumsum(1))
op.write()

for name in ["ArgMax", "ArgMin"]:
    op = Operator(name)
    best = (lambda x, *how: x.argmax(*how)) if name == "ArgMax" else (lambda x, *how: x.argmin(*how))
    op.case("first axis", [op.numbers.distinct(3, 4)], lambda x: best(x, 0, True), constants=(0,), opset=13)
    op.case("negative axis, dropped", [op.numbers.distinct(2, 3, 4)], lambda x: best(x, -2),
            {"axis": -2, "keepdims": 0}, constants=(0,))
    op.case("the last of several", [ints(3, 1, 3, 1, 2).reshape(1, 5)],
            lambda x: 4 - best(x.flip(1), 1), {"axis": 1, "keepdims": 0, "select_last_index": 1})
    op.case("the first of several", [ints(2, 3, 1, 3, 1)], lambda x: best(x, 0, True))
    op.case("no rows", [op.numbers.real(0, 3)], lambda x: best(x, 1), {"axis": 1, "keepdims": 0}, constants=(0,))
    op.write()

op = Operator("GatherElements")
real, whole = op.numbers.real, op.numbers.integers
op.case("last axis", [real(3, 5), whole(0, 5, 3, 2)], lambda x, i: x.gather(1, i), {"axis": 1}, opset=13)
op.case("first axis, repeated and negative", [real(3, 2), ints(0, -1, 0, 2, 0, -3, 1, 1).reshape(4, 2)],
        lambda x, i: x.gather(0, i % 3))
op.case("fewer rows than the input has", [real(4, 3, 4), whole(0, 3, 2, 5, 3)], lambda x, i: x.gather(1, i),
        {"axis": -2}, checked=False)
op.case("integers", [whole(-9, 9, 2, 3), whole(0, 3, 2, 3)], lambda x, i: x.gather(1, i), {"axis": 1})
op.case("no indices", [real(2, 3), whole(0, 3, 2, 0)], lambda x, i: x.gather(1, i), {"axis": 1},
        checked=False)
op.write()
