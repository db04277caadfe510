"""Whole building blocks of models: normalisations."""

import torch
import torch.nn.functional as F

from reference import Operator, single

EPSILON = single(1e-5)


def group_norm(groups, epsilon=EPSILON):
    return lambda x, s, b: F.group_norm(x, groups, s, b, epsilon)


op = Operator("RMSNormalization")
op.case("last axis", [op.numbers.real(2, 3, 5), op.numbers.real(5)],
        lambda x, s: F.rms_norm(x, (5,), s, EPSILON), opset=23)
op.case("two axes", [op.numbers.real(2, 3, 4), op.numbers.real(3, 4)],
        lambda x, s: F.rms_norm(x, (3, 4), s, single(0.1)), {"axis": 1, "epsilon": single(0.1), "stash_type": 1},
        opset=23)
op.case("all axes, rows longer than a vector", [op.numbers.real(1, 37), op.numbers.real(1, 37)],
        lambda x, s: F.rms_norm(x, (1, 37), s, EPSILON), {"axis": -2}, opset=24)
op.case("extents of 1", [op.numbers.real(3, 1), op.numbers.real(1)], lambda x, s: F.rms_norm(x, (1,), s, 0.5),
        {"epsilon": 0.5}, opset=25)
op.case("no rows", [op.numbers.real(0, 4), op.numbers.real(4)], lambda x, s: F.rms_norm(x, (4,), s, EPSILON),
        opset=23)
op.write()

op = Operator("InstanceNormalization")
op.case("images", [op.numbers.real(2, 3, 2, 4), op.numbers.real(3), op.numbers.real(3)], group_norm(3))
op.case("a sequence, another epsilon", [op.numbers.real(2, 2, 19), op.numbers.real(2), op.numbers.real(2)],
        group_norm(2, single(0.25)), {"epsilon": single(0.25)}, opset=13)
op.case("one channel", [op.numbers.real(3, 1, 5), op.numbers.real(1), op.numbers.real(1)], group_norm(1), opset=22)
op.case("no examples", [op.numbers.real(0, 2, 3), op.numbers.real(2), op.numbers.real(2)],
        lambda x, s, b: x * s[:, None] + b[:, None])
op.write()

op = Operator("GroupNormalization")
op.case("per channel", [op.numbers.real(2, 6, 2, 3), op.numbers.real(6), op.numbers.real(6)], group_norm(3),
        {"num_groups": 3}, opset=21)
op.case("one group, no sliding axes", [op.numbers.real(3, 8), op.numbers.real(8), op.numbers.real(8)],
        group_norm(1, single(0.01)), {"num_groups": 1, "epsilon": single(0.01), "stash_type": 1}, opset=23)
op.case("every channel a group", [op.numbers.real(2, 2, 17), op.numbers.real(2), op.numbers.real(2)], group_norm(2),
        {"num_groups": 2}, opset=25)
op.case("scale and bias per group before opset 21", [op.numbers.real(2, 6, 3), op.numbers.real(3), op.numbers.real(3)],
        lambda x, s, b: F.group_norm(x, 3, s.repeat_interleave(2), b.repeat_interleave(2), EPSILON),
        {"num_groups": 3}, opset=18)
op.case("no elements", [op.numbers.real(2, 4, 0), op.numbers.real(4), op.numbers.real(4)],
        lambda x, s, b: x * s[:, None] + b[:, None], {"num_groups": 2}, opset=21, checked=False)
op.write()
