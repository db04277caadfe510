"""ConvTranspose."""

import torch
import torch.nn.functional as F

from reference import Operator

op = Operator("ConvTranspose")
real = op.numbers.real


def case(title, inputs, attributes=None, opset=20, compute=None, checked=True, **how):
    function = {3: F.conv_transpose1d, 4: F.conv_transpose2d, 5: F.conv_transpose3d}[inputs[0].dim()]
    op.case(title, inputs, compute or (lambda *xs: function(*xs, **how)), attributes, opset, checked=checked)


case("bias", [real(2, 3, 2, 3), real(3, 2, 2, 3), real(2)])
case("strides, pads, output_padding", [real(1, 2, 3, 2), real(2, 3, 3, 3), real(3)],
     {"strides": [2, 3], "pads": [1, 0, 1, 0], "output_padding": [1, 2]}, stride=(2, 3), padding=(1, 0),
     output_padding=(1, 2))
case("groups and dilations", [real(2, 4, 2, 2), real(4, 1, 2, 2)], {"group": 2, "dilations": [2, 1]}, opset=22,
     checked=False, groups=2, dilation=(2, 1))
case("pads of two sizes crop", [real(1, 1, 3, 3), real(1, 2, 3, 2)], {"pads": [0, 1, 2, 0], "kernel_shape": [3, 2]},
     compute=lambda x, w: F.conv_transpose2d(x, w)[:, :, 0:3, 1:4])
case("one axis", [real(2, 3, 4), real(3, 2, 3), real(2)], {"strides": [2], "pads": [1, 1]}, opset=13, stride=2,
     padding=1)
case("three axes", [real(1, 2, 2, 1, 2), real(2, 1, 2, 2, 3), real(1)], {"strides": [2, 1, 1]}, stride=(2, 1, 1))
case("a stride beyond the kernel leaves gaps", [real(1, 2, 3), real(2, 1, 2)], {"strides": [4]}, stride=4)
case("output_shape, smaller: more is cut off in front", [real(1, 1, 3), real(1, 2, 4)],
     {"strides": [2], "output_shape": [5]}, compute=lambda x, w: F.conv_transpose1d(x, w, stride=2)[..., 2:7],
     checked=False)
case("output_shape, larger", [real(1, 1, 3), real(1, 1, 2)], {"strides": [2], "output_shape": [7]},
     compute=lambda x, w: F.pad(F.conv_transpose1d(x, w, stride=2), (0, 1)), checked=False)
case("SAME_UPPER", [real(1, 1, 3), real(1, 1, 4)], {"strides": [1], "auto_pad": "SAME_UPPER"},
     compute=lambda x, w: F.conv_transpose1d(x, w)[..., 1:4])
case("SAME_LOWER", [real(1, 1, 3), real(1, 1, 4)], {"strides": [1], "auto_pad": "SAME_LOWER"},
     compute=lambda x, w: F.conv_transpose1d(x, w)[..., 2:5])
case("VALID", [real(1, 1, 2, 2), real(1, 1, 2, 2)], {"auto_pad": "VALID"})
case("extents of 1", [real(1, 1, 1), real(1, 1, 1), real(1)])
case("no examples", [real(0, 2, 3), real(2, 1, 2), real(1)], checked=False)
op.write()
