"""LSTM, against torch.nn.functional's cell and the definition in PyTorch's operations."""

import torch
import torch.nn.functional as F

from reference import Operator, ints, single

HIDDEN = 2


def lstm(x, w, r, b=None, lengths=None, h0=None, c0=None, p=None, *, reverse=(False,), layout=0, clip=None,
         couples=False, functions=(torch.sigmoid, torch.tanh, torch.tanh)):
    """ONNX's equations, step by step; gates in the order input, output, forget, cell. ONNX Runtime 1.32 agrees on every
    case that it takes (not batch first, not lengths of 0 or beyond the end)."""
    if layout:
        x, h0, c0 = (None if v is None else v.transpose(0, 1) for v in (x, h0, c0))
    bound = (lambda z: z.clamp(-clip, clip)) if clip else (lambda z: z)
    times, batch = x.shape[:2]
    outputs, states, cells = [], [], []
    for d, backwards in enumerate(reverse):
        f, g, out = functions[3 * d:3 * d + 3] if len(functions) > 3 else functions
        h = x.new_zeros(batch, HIDDEN) if h0 is None else h0[d]
        c = x.new_zeros(batch, HIDDEN) if c0 is None else c0[d]
        peep = x.new_zeros(3, HIDDEN) if p is None else p[d].reshape(3, HIDDEN)
        y = [None] * times
        for t in reversed(range(times)) if backwards else range(times):
            z = x[t] @ w[d].T + h @ r[d].T
            if b is not None:
                z = z + b[d, :4 * HIDDEN] + b[d, 4 * HIDDEN:]
            zi, zo, zf, zc = z.split(HIDDEN, -1)
            i = f(bound(zi + peep[0] * c))
            forget = 1 - i if couples else f(bound(zf + peep[2] * c))
            new = forget * c + i * g(bound(zc))
            state = f(bound(zo + peep[1] * new)) * out(new)
            seen = torch.ones(batch, 1, dtype=torch.bool) if lengths is None else (t < lengths)[:, None]
            y[t] = torch.where(seen, state, 0.0)
            h, c = torch.where(seen, state, h), torch.where(seen, new, c)
        outputs.append(torch.stack(y) if times else x.new_zeros(0, batch, HIDDEN))
        states.append(h)
        cells.append(c)
    y, h, c = torch.stack(outputs, 1), torch.stack(states), torch.stack(cells)
    return (y.permute(2, 0, 1, 3), h.transpose(0, 1), c.transpose(0, 1)) if layout else (y, h, c)


def layer(x, w, r, b, lengths, h0, c0):
    """PyTorch's own layer, whose gates stand in the order input, forget, cell, output."""
    bidirectional = w.shape[0] == 2
    module = torch.nn.LSTM(w.shape[2], HIDDEN, bidirectional=bidirectional)
    order = [0, 2, 3, 1]
    weights = {}
    for d in range(w.shape[0]):
        suffix = "_l0_reverse" if d else "_l0"
        gates = lambda v: torch.cat([v.split(HIDDEN)[k] for k in order])
        weights |= {f"weight_ih{suffix}": gates(w[d]), f"weight_hh{suffix}": gates(r[d]),
                    f"bias_ih{suffix}": gates(b[d, :4 * HIDDEN]), f"bias_hh{suffix}": gates(b[d, 4 * HIDDEN:])}
    y, (h, c) = torch.func.functional_call(module, weights, (x, (h0, c0)))
    return y.unflatten(-1, (w.shape[0], HIDDEN)).transpose(1, 2), h, c


op = Operator("LSTM")
real = lambda *shape: op.numbers.real(*shape, low=-1.0, high=1.0)


def operands(times=3, batch=2, size=2, directions=1, bias=True, lengths=None, states=True, peephole=False, layout=0):
    pair = (lambda: real(batch, directions, HIDDEN)) if layout else (lambda: real(directions, batch, HIDDEN))
    return [real(batch, times, size) if layout else real(times, batch, size), real(directions, 4 * HIDDEN, size),
            real(directions, 4 * HIDDEN, HIDDEN), real(directions, 8 * HIDDEN) if bias else None, lengths,
            pair() if states else None, pair() if states else None,
            real(directions, 3 * HIDDEN) if peephole else None]


def case(title, inputs, attributes=None, opset=22, compute=None, checked=False, **how):
    """The standard's reference implementation knows one direction, layout 0 and no other attribute."""
    while inputs[-1] is None:
        inputs.pop()
    op.case(title, inputs, compute or (lambda *xs: lstm(*xs, **how)), {"hidden_size": HIDDEN, **(attributes or {})},
            opset, checked=checked)


case("forward", operands(), opset=14, compute=layer)
case("both directions", operands(times=2, directions=2), {"direction": "bidirectional"}, compute=layer)
case("peepholes", operands(peephole=True))
case("reverse, without bias and states", operands(bias=False, states=False), {"direction": "reverse"}, reverse=(True,))
case("lengths in both directions", operands(directions=2, lengths=ints(1, 3)), {"direction": "bidirectional"},
     reverse=(False, True))
case("lengths of 0 and beyond the end", operands(times=2, lengths=ints(0, 9)))
case("batch first, both directions", operands(directions=2, layout=1, peephole=True),
     {"direction": "bidirectional", "layout": 1}, opset=14, reverse=(False, True), layout=1)
case("batch first with lengths, reverse", operands(layout=1, lengths=ints(3, 2)), {"direction": "reverse", "layout": 1},
     reverse=(True,), layout=1)
case("coupled gates, clipped", operands(), {"input_forget": 1, "clip": 0.5}, couples=True, clip=0.5)
case("clipped, with peepholes", operands(peephole=True), {"clip": 0.75}, clip=0.75)
hard = lambda z: (0.25 * z + 0.5).clamp(0, 1)
case("other functions", operands(), {
    "activations": ["HardSigmoid", "Elu", "Softsign"], "activation_alpha": [0.25, 0.5], "activation_beta": [0.5],
}, functions=(hard, lambda z: F.elu(z, 0.5), F.softsign))
case("functions of each direction", operands(times=2, directions=2), {
    "direction": "bidirectional",
    "activations": ["Softplus", "ScaledTanh", "Relu", "Sigmoid", "LeakyRelu", "Affine"],
    "activation_alpha": [0.5, 0.125, 0.75], "activation_beta": [2.0, 0.25],
}, reverse=(False, True), functions=(
    F.softplus, lambda z: 0.5 * torch.tanh(2 * z), torch.relu,
    torch.sigmoid, lambda z: F.leaky_relu(z, 0.125), lambda z: 0.75 * z + 0.25))
case("one step, one example", operands(times=1, batch=1, size=1))
case("no examples", operands(batch=0))
case("no steps", operands(times=0))
op.write()
