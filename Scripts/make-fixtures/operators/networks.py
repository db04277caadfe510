"""Reductions, normalisations, convolutions and poolings."""

import torch
import torch.nn.functional as F

from reference import Operator, ints, single

EPSILON = single(1e-5)

for name, compute in [("Softmax", F.softmax), ("LogSoftmax", F.log_softmax)]:
    op = Operator(name)
    op.case("last axis by default", [op.numbers.real(3, 5)], lambda x: compute(x, -1), opset=13)
    op.case("first axis", [op.numbers.real(3, 5)], lambda x: compute(x, 0), {"axis": 0})
    op.case("middle axis", [op.numbers.real(2, 4, 3)], lambda x: compute(x, 1), {"axis": -2})
    op.case("logits of 100", [100 + op.numbers.real(2, 4)], lambda x: compute(x, -1))
    op.case("one class", [op.numbers.real(3, 1)], lambda x: compute(x, -1))
    op.case("empty", [op.numbers.real(0, 4, 2)], lambda x: compute(x, 1), {"axis": 1})
    op.case("no classes", [op.numbers.real(2, 0)], lambda x: compute(x, -1))
    op.case("logits of 10000", [10000 + op.numbers.real(2, 4)], lambda x: compute(x, -1), constants=(0,))
    op.write()

for name, compute in [("ReduceMean", torch.mean), ("ReduceSum", torch.sum), ("ReduceMax", torch.amax)]:
    op = Operator(name)
    values = lambda *shape: op.numbers.distinct(*shape)
    everything = tuple(range(3))
    op.case("all axes", [values(2, 3, 4)], lambda x: compute(x, dim=everything, keepdim=True))
    op.case("all axes, dropped", [values(2, 3, 4)], lambda x: compute(x, dim=everything), {"keepdims": 0})
    op.case("last axis", [values(2, 3, 4), ints(-1)], lambda x, _: compute(x, dim=-1, keepdim=True))
    op.case("first axis, dropped", [values(2, 3, 4), ints(0)], lambda x, _: compute(x, dim=0), {"keepdims": 0})
    op.case("middle axis", [values(2, 3, 4), ints(1)], lambda x, _: compute(x, dim=1, keepdim=True))
    op.case("outer axes", [values(2, 3, 4), ints(0, 2)], lambda x, _: compute(x, dim=(0, 2)), {"keepdims": 0})
    op.case("no axes means no reduction", [values(2, 3), torch.zeros(0, dtype=torch.int64)], lambda x, _: x + 0,
            {"noop_with_empty_axes": 1})
    op.case("negative axes", [values(2, 3, 2, 2), ints(-3, -1)], lambda x, _: compute(x, dim=(1, 3)), {"keepdims": 0})
    op.case("axes of extent 1", [values(1, 3, 1), ints(0, 2)], lambda x, _: compute(x, dim=(0, 2), keepdim=True))
    op.case("empty", [values(0, 3, 2), ints(1)], lambda x, _: compute(x, dim=1), {"keepdims": 0})
    op.case("empty axes mean all", [values(2, 3), torch.zeros(0, dtype=torch.int64)],
            lambda x, _: compute(x, dim=(0, 1)), {"keepdims": 0})
    if name != "ReduceMean":
        op.case("integers", [op.numbers.integers(-9, 9, 2, 3), ints(-1)], lambda x, _: compute(x, dim=-1, keepdim=True))
    if name == "ReduceSum":
        op.case("a sum of nothing", [values(2, 0), ints(1)], lambda x, _: compute(x, dim=1), {"keepdims": 0})
    else:
        op.case("axes as an attribute", [values(2, 3, 4)], lambda x: compute(x, dim=(1, 2), keepdim=True),
                {"axes": [1, -1]}, opset=13)
    op.write()

op = Operator("LayerNormalization")
op.case("last axis", [op.numbers.real(2, 3, 4), op.numbers.real(4), op.numbers.real(4)],
        lambda x, g, b: F.layer_norm(x, (4,), g, b, eps=EPSILON))
op.case("no bias", [op.numbers.real(3, 5), op.numbers.real(5)], lambda x, g: F.layer_norm(x, (5,), g, eps=EPSILON))
op.case("two axes and epsilon", [op.numbers.real(2, 3, 4), op.numbers.real(3, 4), op.numbers.real(3, 4)],
        lambda x, g, b: F.layer_norm(x, (3, 4), g, b, eps=0.125), {"axis": 1, "epsilon": 0.125})
op.case("negative axis", [op.numbers.real(2, 3, 4), op.numbers.real(3, 4)],
        lambda x, g: F.layer_norm(x, (3, 4), g, eps=EPSILON),
        {"axis": -2})


def normalise_layer(x, scale, bias, axes, epsilon=EPSILON):
    mean = x.mean(axes, keepdim=True)
    inverse = 1 / torch.sqrt(((x - mean) ** 2).mean(axes, keepdim=True) + epsilon)
    return (x - mean) * inverse * scale + bias, mean, inverse


op.case("mean and inverse deviation", [op.numbers.real(2, 3, 4), op.numbers.real(4), op.numbers.real(4)],
        lambda *xs: normalise_layer(*xs, (-1,)))
for scale, bias in [((1,), (4,)), ((3, 1), (1, 4)), ((2, 1, 4), ()), ((2, 3, 4), (2, 1, 1))]:
    op.case(f"scale {scale} and bias {bias} broadcast",
            [op.numbers.real(2, 3, 4), op.numbers.real(*scale), op.numbers.real(*bias)],
            lambda *xs: normalise_layer(*xs, (1, 2))[0], {"axis": 1})
op.case("scale broadcasts, no bias", [op.numbers.real(2, 4), op.numbers.real(1)],
        lambda x, g: normalise_layer(x, g, 0, (1,))[0])
op.case("mean and inverse deviation of all axes",
        [op.numbers.real(3, 2), op.numbers.real(3, 2), op.numbers.real(3, 2)],
        lambda *xs: normalise_layer(*xs, (0, 1), 0.125), {"axis": 0, "epsilon": 0.125})
# Two gradients are 0 here, which PyTorch has but for rounding.
op.case("one element", [op.numbers.real(3, 1), op.numbers.real(1), op.numbers.real(1)],
        lambda x, g, b: F.layer_norm(x, (1,), g, b, eps=0.125), {"epsilon": 0.125}, constants=(0, 1))
op.case("empty", [op.numbers.real(0, 4), op.numbers.real(4), op.numbers.real(4)],
        lambda x, g, b: F.layer_norm(x, (4,), g, b, eps=EPSILON))
op.write()

op = Operator("BatchNormalization")
channels = lambda: [op.numbers.real(3), op.numbers.real(3), op.numbers.real(3), op.numbers.real(3, low=0.25, high=2.0)]


def normalise(x, scale, bias, mean, variance, epsilon=EPSILON):
    # Written out, because PyTorch's batch_norm takes no gradient of the stored statistics.
    shape = (1, -1) + (1,) * (x.dim() - 2)
    scaled = (x - mean.reshape(shape)) / torch.sqrt(variance.reshape(shape) + epsilon) * scale.reshape(shape)
    return scaled + bias.reshape(shape)


op.case("images", [op.numbers.real(2, 3, 2, 2), *channels()], normalise)
op.case("vectors", [op.numbers.real(4, 3), *channels()], normalise)
op.case("sequences and epsilon", [op.numbers.real(2, 3, 5), *channels()], lambda *xs: normalise(*xs, epsilon=0.25),
        {"epsilon": 0.25})
op.case("volumes", [op.numbers.real(1, 3, 2, 1, 2), *channels()], normalise)
op.case("empty", [op.numbers.real(0, 3, 2), *channels()], normalise)
op.write()

op = Operator("Conv")
image = op.numbers.real(2, 3, 5, 6)
op.case("bias", [image, op.numbers.real(4, 3, 3, 2), op.numbers.real(4)], F.conv2d)
op.case("padding and stride", [image, op.numbers.real(2, 3, 3, 3)], lambda x, w: F.conv2d(x, w, stride=2, padding=1),
        {"pads": [1, 1, 1, 1], "strides": [2, 2]})
op.case("unequal pads", [image, op.numbers.real(2, 3, 2, 3)], lambda x, w: F.conv2d(F.pad(x, (2, 1, 0, 1)), w),
        {"pads": [0, 2, 1, 1], "kernel_shape": [2, 3]})
op.case("dilation", [image, op.numbers.real(2, 3, 2, 2)], lambda x, w: F.conv2d(x, w, dilation=(2, 3)),
        {"dilations": [2, 3]})
op.case("groups", [op.numbers.real(2, 4, 4, 4), op.numbers.real(6, 2, 2, 2), op.numbers.real(6)],
        lambda x, w, b: F.conv2d(x, w, b, groups=2), {"group": 2})
op.case("depthwise", [image, op.numbers.real(3, 1, 3, 3)], lambda x, w: F.conv2d(x, w, groups=3, padding=1),
        {"group": 3, "pads": [1, 1, 1, 1]})
op.case("one by one", [image, op.numbers.real(4, 3, 1, 1), op.numbers.real(4)], F.conv2d)
op.case("one axis", [op.numbers.real(2, 3, 7), op.numbers.real(4, 3, 3), op.numbers.real(4)],
        lambda x, w, b: F.conv1d(x, w, b, padding=1, stride=2), {"pads": [1, 1], "strides": [2]})
op.case("one axis, causal and dilated", [op.numbers.real(2, 3, 7), op.numbers.real(2, 3, 2)],
        lambda x, w: F.conv1d(F.pad(x, (3, 0)), w, dilation=3), {"pads": [3, 0], "dilations": [3]})
op.case("same, upper", [image, op.numbers.real(2, 3, 3, 2)],
        lambda x, w: F.conv2d(F.pad(x, (0, 0, 1, 1)), w, stride=2), {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
        checked=False)
op.case("same, lower", [image, op.numbers.real(2, 3, 2, 2)],
        lambda x, w: F.conv2d(F.pad(x, (1, 0, 1, 0)), w), {"auto_pad": "SAME_LOWER"})
op.case("valid", [image, op.numbers.real(2, 3, 2, 2)], F.conv2d, {"auto_pad": "VALID"}, checked=False)
volume = op.numbers.real(2, 2, 3, 4, 3)
op.case("three axes", [volume, op.numbers.real(3, 2, 2, 2, 2), op.numbers.real(3)], F.conv3d)
op.case("three axes, padded, by strides, in groups", [volume, op.numbers.real(2, 1, 2, 3, 1), op.numbers.real(2)],
        lambda x, w, b: F.conv3d(x, w, b, stride=(1, 2, 2), padding=(1, 1, 0), groups=2),
        {"group": 2, "strides": [1, 2, 2], "pads": [1, 1, 0, 1, 1, 0]})
op.case("three axes, dilated", [volume, op.numbers.real(2, 2, 2, 2, 2)],
        lambda x, w: F.conv3d(x, w, dilation=(2, 1, 2)), {"dilations": [2, 1, 2]})
op.case("three axes, one by one", [volume, op.numbers.real(3, 2, 1, 1, 1)], F.conv3d)
op.case("one position", [op.numbers.real(2, 3, 1, 1), op.numbers.real(2, 3, 3, 3)],
        lambda x, w: F.conv2d(x, w, padding=1), {"pads": [1, 1, 1, 1]})
op.case("empty", [op.numbers.real(0, 2, 4), op.numbers.real(3, 2, 2), op.numbers.real(3)], F.conv1d, checked=False)
op.write()

op = Operator("MaxPool")
values = op.numbers.distinct(2, 2, 5, 6)
op.case("halves", [values], lambda x: F.max_pool2d(x, 2), {"kernel_shape": [2, 2], "strides": [2, 2]})
op.case("overlapping, padded", [values], lambda x: F.max_pool2d(x, 3, 2, 1),
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]})
op.case("rounded up", [values], lambda x: F.max_pool2d(x, 2, 2, ceil_mode=True),
        {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1})
op.case("dilated, stride 1 by default", [values], lambda x: F.max_pool2d(x, 2, 1, dilation=2),
        {"kernel_shape": [2, 2], "dilations": [2, 2]})
op.case("one axis", [op.numbers.distinct(2, 3, 7)], lambda x: F.max_pool1d(x, 3, 2),
        {"kernel_shape": [3], "strides": [2]})
op.case("same, upper", [op.numbers.distinct(1, 2, 5, 5)],
        lambda x: F.max_pool2d(F.pad(x, (0, 1, 0, 1), value=-1e9), 2, 2),
        {"kernel_shape": [2, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"})


def with_places(pooled, x):
    """PyTorch counts within a plane, the standard from the first element of all."""
    y, places = pooled
    planes = torch.arange(x.shape[0] * x.shape[1]).reshape(x.shape[:2] + (1,) * (x.dim() - 2))
    return y, places + planes * x[0, 0].numel()


op.case("indices", [values], lambda x: with_places(F.max_pool2d(x, 2, 2, return_indices=True), x),
        {"kernel_shape": [2, 2], "strides": [2, 2]})
op.case("indices, padded", [values], lambda x: with_places(F.max_pool2d(x, 3, 2, 1, return_indices=True), x),
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]})
op.case("three axes", [op.numbers.distinct(1, 2, 3, 4, 5)],
        lambda x: with_places(F.max_pool3d(x, 2, (1, 2, 2), (1, 0, 1), return_indices=True), x),
        {"kernel_shape": [2, 2, 2], "strides": [1, 2, 2], "pads": [1, 0, 1, 1, 0, 1]})
op.case("three axes, dilated and rounded up", [op.numbers.distinct(1, 1, 4, 4, 6)],
        lambda x: F.max_pool3d(x, 2, 2, dilation=(1, 2, 2), ceil_mode=True),
        {"kernel_shape": [2, 2, 2], "strides": [2, 2, 2], "dilations": [1, 2, 2], "ceil_mode": 1})
op.case("one position", [op.numbers.distinct(2, 2, 1, 1)], lambda x: F.max_pool2d(x, 1), {"kernel_shape": [1, 1]})
op.case("empty", [op.numbers.real(0, 2, 4)], lambda x: F.max_pool2d(x[:, :, None], (1, 2), 1)[:, :, 0],
        {"kernel_shape": [2]})
op.write()

op = Operator("AveragePool")
values = op.numbers.real(2, 2, 5, 6)
op.case("halves", [values], lambda x: F.avg_pool2d(x, 2), {"kernel_shape": [2, 2], "strides": [2, 2]})
op.case("padding left out of the count", [values], lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]})
op.case("padding in the count", [values], lambda x: F.avg_pool2d(x, 3, 2, 1),
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1], "count_include_pad": 1})
op.case("rounded up", [values], lambda x: F.avg_pool2d(x, 2, 2, ceil_mode=True),
        {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1})
op.case("one axis", [op.numbers.real(2, 3, 7)], lambda x: F.avg_pool1d(x, 3, 2), {"kernel_shape": [3], "strides": [2]})
op.case("three axes", [op.numbers.real(1, 2, 3, 4, 5)],
        lambda x: F.avg_pool3d(x, 2, (1, 2, 2), (1, 0, 1), count_include_pad=False),
        {"kernel_shape": [2, 2, 2], "strides": [1, 2, 2], "pads": [1, 0, 1, 1, 0, 1]})
op.case("three axes, padding in the count, rounded up", [op.numbers.real(1, 1, 3, 4, 4)],
        lambda x: F.avg_pool3d(x, 2, 2, 1, ceil_mode=True),
        {"kernel_shape": [2, 2, 2], "strides": [2, 2, 2], "pads": [1, 1, 1, 1, 1, 1], "count_include_pad": 1,
         "ceil_mode": 1})
op.case("empty", [op.numbers.real(0, 2, 4)], lambda x: F.avg_pool2d(x[:, :, None], (1, 2), 1)[:, :, 0],
        {"kernel_shape": [2]})
op.write()

op = Operator("GlobalAveragePool")
op.case("images", [op.numbers.real(2, 3, 4, 5)], lambda x: x.mean((2, 3), keepdim=True))
op.case("sequences", [op.numbers.real(2, 3, 7)], lambda x: x.mean(2, keepdim=True))
op.case("volumes", [op.numbers.real(2, 1, 2, 1, 3)], lambda x: x.mean((2, 3, 4), keepdim=True))
op.case("empty", [op.numbers.real(0, 3, 2)], lambda x: x.mean(2, keepdim=True), checked=False)
op.write()
