"""Operators that move, select or describe elements."""

import torch
import torch.nn.functional as F

from reference import Operator, ints

op = Operator("Reshape")
op.case("merge axes", [op.numbers.real(2, 3, 4), ints(6, 4)], lambda x, _: x.reshape(6, 4))
op.case("zero copies, -1 infers", [op.numbers.real(2, 3, 4), ints(0, -1)], lambda x, _: x.reshape(2, 12))
op.case("to a vector", [op.numbers.real(2, 3), ints(-1)], lambda x, _: x.reshape(-1))
op.case("to a scalar", [op.numbers.real(1), torch.zeros(0, dtype=torch.int64)], lambda x, _: x.reshape(()))
op.case("zero kept where allowed", [op.numbers.real(2, 0, 3), ints(0, 6)], lambda x, _: x.reshape(0, 6),
        {"allowzero": 1})
op.case("empty", [op.numbers.real(0, 3), ints(3, 1, -1)], lambda x, _: x.reshape(3, 1, 0))
op.case("axes of extent 1", [op.numbers.real(1, 3, 1), ints(3, 1, 1, 1)], lambda x, _: x.reshape(3, 1, 1, 1))
op.write()

op = Operator("Flatten")
op.case("default axis", [op.numbers.real(2, 3, 4)], lambda x: x.reshape(2, 12))
op.case("axis 0", [op.numbers.real(2, 3)], lambda x: x.reshape(1, 6), {"axis": 0})
op.case("negative axis", [op.numbers.real(2, 3, 4)], lambda x: x.reshape(6, 4), {"axis": -1})
op.case("axis after the last", [op.numbers.real(2, 3)], lambda x: x.reshape(6, 1), {"axis": 2})
op.case("empty", [op.numbers.real(2, 0, 3)], lambda x: x.reshape(2, 0))
op.write()

op = Operator("Transpose")
op.case("reversed by default", [op.numbers.real(2, 3, 4)], lambda x: x.permute(2, 1, 0))
op.case("matrix", [op.numbers.real(3, 5)], lambda x: x.T)
op.case("heads", [op.numbers.real(2, 3, 2, 4)], lambda x: x.permute(0, 2, 1, 3), {"perm": [0, 2, 1, 3]})
op.case("last two axes", [op.numbers.real(2, 1, 3, 4)], lambda x: x.permute(0, 1, 3, 2), {"perm": [0, 1, 3, 2]})
op.case("cycle", [op.numbers.real(2, 3, 4)], lambda x: x.permute(1, 2, 0), {"perm": [1, 2, 0]})
op.case("five axes, one of extent 1", [op.numbers.real(2, 3, 1, 2, 4)], lambda x: x.permute(4, 2, 0, 3, 1),
        {"perm": [4, 2, 0, 3, 1]})
op.case("empty", [op.numbers.real(2, 0, 3)], lambda x: x.permute(2, 1, 0))
op.case("scalar", [op.numbers.real()], lambda x: x + 0)
op.write()

op = Operator("Squeeze")
op.case("all", [op.numbers.real(1, 3, 1)], lambda x: x.squeeze())
op.case("one axis", [op.numbers.real(1, 3, 1), ints(-1)], lambda x, _: x.squeeze(-1))
op.case("two axes", [op.numbers.real(1, 3, 1, 2), ints(0, 2)], lambda x, _: x.reshape(3, 2))
op.case("empty", [op.numbers.real(1, 0), ints(0)], lambda x, _: x.reshape(0))
op.write()

op = Operator("Unsqueeze")
op.case("front", [op.numbers.real(2, 3), ints(0)], lambda x, _: x[None])
op.case("negative and unordered", [op.numbers.real(2, 3), ints(-1, 1)], lambda x, _: x[:, None, :, None])
op.case("empty", [op.numbers.real(0, 3), ints(0, -1)], lambda x, _: x[None, :, :, None])
op.write()

op = Operator("Expand")
op.case("new leading axis", [op.numbers.real(3), ints(2, 3)], lambda x, _: x.expand(2, 3))
op.case("both ways", [op.numbers.real(3, 1), ints(2, 1, 4)], lambda x, _: x.expand(2, 3, 4))
op.case("smaller target", [op.numbers.real(2, 3), ints(1, 1)], lambda x, _: x + 0)
op.case("to nothing", [op.numbers.real(1, 3), ints(2, 0, 3)], lambda x, _: x.expand(2, 0, 3))
op.case("several axes", [op.numbers.real(1, 2, 1, 3, 1), ints(2, 2, 3, 1, 2)], lambda x, _: x.expand(2, 2, 3, 3, 2))
op.write()

op = Operator("Concat")
op.case("rows", [op.numbers.real(2, 3), op.numbers.real(1, 3)], lambda *xs: torch.cat(xs, 0), {"axis": 0})
op.case("three on a negative axis", [op.numbers.real(2, 1), op.numbers.real(2, 3), op.numbers.real(2, 2)],
        lambda *xs: torch.cat(xs, -1), {"axis": -1})
op.case("middle axis", [op.numbers.real(2, 1, 3), op.numbers.real(2, 2, 3)], lambda *xs: torch.cat(xs, 1), {"axis": 1})
op.case("integers", [ints(1, 2), ints(3)], lambda *xs: torch.cat(xs, 0), {"axis": 0})
op.case("an empty part", [op.numbers.real(2, 3), op.numbers.real(2, 0), op.numbers.real(2, 1)],
        lambda *xs: torch.cat(xs, 1), {"axis": 1})
op.case("one", [op.numbers.real(2, 3)], lambda x: x + 0, {"axis": -2})
op.case("bool", [op.numbers.booleans(2, 1), op.numbers.booleans(2, 2)], lambda *xs: torch.cat(xs, 1), {"axis": 1})
op.write()

op = Operator("Split")
op.case("sizes", [op.numbers.real(2, 6), ints(1, 3, 2)], lambda x, _: x.split([1, 3, 2], 1), {"axis": 1}, opset=13)
op.case("equal parts of the first axis", [op.numbers.real(4, 3)], lambda x: x.split(2, 0), {"num_outputs": 2}, opset=18)
op.case("uneven parts, negative axis", [op.numbers.real(2, 5)], lambda x: x.split(2, 1),
        {"num_outputs": 3, "axis": -1}, opset=18)
op.case("middle axis", [op.numbers.real(2, 3, 2), ints(2, 1)], lambda x, _: x.split([2, 1], 1), {"axis": 1})
op.case("an empty part", [op.numbers.real(2, 3), ints(3, 0)], lambda x, _: x.split([3, 0], 1), {"axis": -1})
op.case("parts of one", [op.numbers.real(3, 2)], lambda x: x.split(1, 0), {"num_outputs": 3}, opset=18)
op.case("equal parts without their number", [op.numbers.real(4, 3)], lambda x: x.split(2, 0), opset=13)
op.write()

op = Operator("Slice")
op.case("two axes", [op.numbers.real(4, 5), ints(1, 0), ints(3, 4), ints(0, 1)], lambda x, *_: x[1:3, 0:4])
op.case("no axes given", [op.numbers.real(4, 5), ints(1, 2), ints(4, 5)], lambda x, *_: x[1:4, 2:5])
op.case("negative, beyond the end", [op.numbers.real(2, 5), ints(-3), ints(1000), ints(-1)], lambda x, *_: x[:, 2:])
op.case("strided", [op.numbers.real(2, 7), ints(1), ints(7), ints(1), ints(2)], lambda x, *_: x[:, 1:7:2])
op.case("backwards", [op.numbers.real(2, 5), ints(-1), ints(-1000), ints(1), ints(-2)],
        lambda x, *_: x.flip(1)[:, ::2])
op.case("middle axis", [op.numbers.real(2, 4, 3), ints(1), ints(3), ints(1)], lambda x, *_: x[:, 1:3])
op.case("axes left out, steps given", [op.numbers.real(6), ints(1), ints(6), None, ints(3)], lambda x, *_: x[1:6:3])
op.case("nothing", [op.numbers.real(4, 3), ints(3), ints(1), ints(0)], lambda x, *_: x[3:1])
op.case("backwards over two axes", [op.numbers.real(3, 4), ints(-1, 2), ints(-1000, 0), ints(0, -1), ints(-1, -1)],
        lambda x, *_: x.flip(0)[:, [2, 1]])
op.case("empty", [op.numbers.real(0, 4), ints(1), ints(3), ints(1)], lambda x, *_: x[:, 1:3])
op.write()

op = Operator("Gather")
op.case("embedding", [op.numbers.real(5, 3), op.numbers.integers(0, 5, 2, 4)], lambda x, i: x[i])
op.case("repeated and negative", [op.numbers.real(4, 2), ints(1, -1, 1, 0)], lambda x, i: x[i])
op.case("scalar index drops the axis", [op.numbers.real(2, 3, 2), torch.tensor(1)], lambda x, i: x[:, 1], {"axis": 1})
op.case("negative axis", [op.numbers.real(2, 3, 4), ints(2, 0, 3)], lambda x, i: x[..., i], {"axis": -1})
op.case("middle axis, matrix of indices", [op.numbers.real(2, 3, 2), ints(2, 0, 1, 1).reshape(2, 2)],
        lambda x, i: x[:, i], {"axis": 1})
op.case("no indices", [op.numbers.real(3, 2), torch.zeros(0, dtype=torch.int64)], lambda x, i: x[i],
        checked=False)
op.case("integers", [ints(4, 5, 6), ints(2, -3)], lambda x, i: x[i])
op.case("one row", [op.numbers.real(1, 3), ints(0, -1, 0)], lambda x, i: x[i])
op.write()

op = Operator("GatherND")
op.case("rows", [op.numbers.real(5, 3), op.numbers.integers(0, 5, 2, 4, 1)], lambda x, i: x[i[..., 0]])
op.case("elements", [op.numbers.real(3, 4), ints(0, 1, 2, -1, 0, 1).reshape(3, 2)], lambda x, i: x[i[:, 0], i[:, 1]])
op.case("batched", [op.numbers.real(2, 3, 2), ints(1, 0).reshape(2, 1)],
        lambda x, i: x[torch.arange(2), i[:, 0]], {"batch_dims": 1})
op.case("two batch axes, negative", [op.numbers.real(2, 2, 3, 2), ints(0, -1, 2, -3).reshape(2, 2, 1)],
        lambda x, i: x[torch.arange(2)[:, None], torch.arange(2), i[..., 0]], {"batch_dims": 2})
op.case("no tuples", [op.numbers.real(3, 2), torch.zeros(0, 1, dtype=torch.int64)], lambda x, i: x[i[:, 0]])
op.write()

op = Operator("Shape")
op.case("all", [op.numbers.real(2, 3, 4)], lambda x: ints(2, 3, 4), constants=(0,))
op.case("from the second axis", [op.numbers.real(2, 3, 4)], lambda x: ints(3, 4), {"start": 1}, constants=(0,))
op.case("negative limits", [op.numbers.real(2, 3, 4)], lambda x: ints(3), {"start": -2, "end": -1}, constants=(0,))
op.case("empty", [op.numbers.real(0, 3)], lambda x: ints(0, 3), constants=(0,))
op.case("end before start", [op.numbers.real(2, 3)], lambda x: torch.zeros(0, dtype=torch.int64),
        {"start": 1, "end": -2}, constants=(0,))
op.write()

op = Operator("Size")
op.case("matrix", [op.numbers.real(2, 3)], lambda x: torch.tensor(6), constants=(0,))
op.write()

op = Operator("ConstantOfShape")
op.case("zeros of float32 by default", [ints(2, 3)], lambda _: torch.zeros(2, 3, dtype=torch.float32))
op.case("integers", [ints(4)], lambda _: torch.full((4,), 3), {"value": {"type": "int64", "shape": [1], "values": [3]}})
op.write()

op = Operator("Range")
op.case("integers", [torch.tensor(1), torch.tensor(10), torch.tensor(3)], lambda *_: ints(1, 4, 7))
op.case("downwards", [torch.tensor(5), torch.tensor(0), torch.tensor(-2)], lambda *_: ints(5, 3, 1))
op.case("reals", [torch.tensor(0.5), torch.tensor(2.0), torch.tensor(0.5)], lambda *_: torch.tensor([0.5, 1.0, 1.5]),
        constants=(0, 1, 2))
op.case("reals downwards", [torch.tensor(1.0), torch.tensor(-0.25), torch.tensor(-0.5)],
        lambda *_: torch.tensor([1.0, 0.5, 0.0]), constants=(0, 1, 2))
op.case("nothing", [torch.tensor(3), torch.tensor(1), torch.tensor(1)], lambda *_: torch.zeros(0, dtype=torch.int64))
op.write()

op = Operator("Trilu")
op.case("upper by default", [op.numbers.real(3, 4)], torch.triu)
op.case("lower", [op.numbers.real(2, 4, 3)], torch.tril, {"upper": 0})
op.case("upper above the diagonal", [op.numbers.real(2, 3, 3), torch.tensor(1)], lambda x, _: torch.triu(x, 1))
op.case("lower below the diagonal", [op.numbers.real(4, 4), torch.tensor(-1)], lambda x, _: torch.tril(x, -1),
        {"upper": 0})
op.case("diagonal outside", [op.numbers.real(2, 3), torch.tensor(-7)], lambda x, _: torch.triu(x, -7))
op.case("integers, two leading axes", [op.numbers.integers(1, 9, 2, 1, 3, 3)], torch.tril, {"upper": 0})
op.case("empty", [op.numbers.real(2, 0, 3)], torch.triu)
op.write()

op = Operator("Tile")
op.case("both axes", [op.numbers.real(2, 3), ints(2, 2)], lambda x, _: x.repeat(2, 2))
op.case("middle axis", [op.numbers.real(2, 3, 2), ints(1, 3, 1)], lambda x, _: x.repeat(1, 3, 1))
op.case("no times", [op.numbers.real(2, 3), ints(2, 0)], lambda x, _: x.repeat(2, 0))
op.case("axes of extent 1", [op.numbers.real(1, 2, 1), ints(3, 1, 2)], lambda x, _: x.repeat(3, 1, 2))
op.write()

op = Operator("Pad")
op.case("zeros", [op.numbers.real(2, 3), ints(0, 1, 1, 2)], lambda x, _: F.pad(x, (1, 2, 0, 1)))
op.case("a value", [op.numbers.real(2, 3), ints(1, 0, 0, 1), torch.tensor(1.5)],
        lambda x, *_: F.pad(x, (0, 1, 1, 0), value=1.5), {"mode": "constant"}, constants=(2,))
op.case("chosen axes", [op.numbers.real(2, 3, 2), ints(1, 2), None, ints(-2)], lambda x, *_: F.pad(x, (0, 0, 1, 2)),
        opset=18)
op.case("negative pads crop", [op.numbers.real(3, 4), ints(0, -1, 0, -2)], lambda x, _: x[:, 1:2],
        checked=False)
op.case("mirrored", [op.numbers.real(2, 4), ints(0, 2, 0, 3)], lambda x, _: F.pad(x, (2, 3), mode="reflect"),
        {"mode": "reflect"})
op.case("mirrored along two axes", [op.numbers.real(2, 3, 4), ints(0, 1, 2, 0, 2, 1)],
        lambda x, _: F.pad(x, (2, 1, 1, 2), mode="reflect"), {"mode": "reflect"})
op.case("edges", [op.numbers.real(2, 3, 4), ints(1, 3, 0, 2), None, ints(1, -1)],
        lambda x, *_: F.pad(x, (3, 2, 1, 0), mode="replicate"), {"mode": "edge"}, opset=18)
op.case("wrapped", [op.numbers.real(2, 3, 4), ints(0, 1, 2, 0, 2, 4)],
        lambda x, _: F.pad(x, (2, 4, 1, 2), mode="circular"), {"mode": "wrap"})
op.case("edges of one element", [op.numbers.real(3, 1), ints(0, 2, 0, 1)], lambda x, _: x.expand(3, 4),
        {"mode": "edge"})
op.case("edges of integers", [op.numbers.integers(0, 9, 4), ints(2, 1)], lambda x, _: x[[0, 0, 0, 1, 2, 3, 3]],
        {"mode": "edge"})
op.case("an empty axis", [op.numbers.real(0, 2), ints(1, 0, 1, 1)], lambda x, _: F.pad(x, (0, 1, 1, 1)))
op.case("edges beside an empty axis", [op.numbers.real(0, 2), ints(0, 1, 0, 1)], lambda x, _: x[:, [0, 0, 1, 1]],
        {"mode": "edge"})
op.write()
