"""Attention, against PyTorch's functions and, for what they lack, the definition in PyTorch's operations."""

import math

import torch
import torch.nn.functional as F

from reference import Operator, ints, single


def attention(q, k, v, mask=None, past_key=None, past_value=None, lengths=None, *, heads=None, scale=None, cap=0.0,
              causal=False, stage=None, present=False):
    """The definition; `heads` are (query heads, key heads) of operands with three axes."""
    if heads:
        q, k, v = (x.unflatten(-1, (h, -1)).transpose(1, 2) for x, h in zip((q, k, v), (heads[0], heads[1], heads[1])))
    past = 0 if past_key is None else past_key.shape[2]
    if past_key is not None:
        k, v = torch.cat([past_key, k], 2), torch.cat([past_value, v], 2)
    caches = [k, v]
    group = q.shape[1] // max(1, k.shape[1])
    k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
    scores = q @ k.transpose(-1, -2) * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    stages = [scores]
    scores = cap * torch.tanh(scores / cap) if cap else scores
    stages.append(scores)
    if mask is not None:
        missing = scores.shape[-1] - mask.shape[-1]
        if mask.dtype == torch.bool:
            scores = scores.masked_fill(~F.pad(mask, (0, missing), value=False), -math.inf)
        else:
            scores = scores + F.pad(mask, (0, missing), value=-math.inf)
    if causal:
        seen = torch.ones(scores.shape[-2:], dtype=torch.bool).tril(past)
        scores = scores.masked_fill(~seen, -math.inf)
    if lengths is not None:
        seen = torch.arange(scores.shape[-1]) < lengths[:, None, None, None]
        scores = scores.masked_fill(~seen, -math.inf)
    stages.append(scores)
    masked = torch.isneginf(scores).all(-1, keepdim=True)
    weights = torch.where(masked, 0.0, torch.softmax(torch.where(masked, 0.0, scores), -1))
    stages.append(weights)
    y = weights @ v
    y = y.transpose(1, 2).flatten(2) if heads else y
    results = [y] + (caches if present or stage is not None else []) + ([] if stage is None else [stages[stage]])
    return results if len(results) > 1 else y


op = Operator("Attention")
real, whole = op.numbers.real, op.numbers.integers
four = lambda heads=2, key_heads=2, rows=3, columns=3, size=4, value_size=4: [
    real(2, heads, rows, size), real(2, key_heads, columns, size), real(2, key_heads, columns, value_size)]
packed = lambda heads=2, key_heads=2, rows=3, columns=3, size=2, value_size=2: [
    real(2, rows, heads * size), real(2, columns, key_heads * size), real(2, columns, key_heads * value_size)]
sdpa = F.scaled_dot_product_attention


def case(title, inputs, attributes=None, opset=23, compute=None, checked=True, constants=(), **how):
    op.case(title, inputs, compute or (lambda *xs: attention(*xs, **how)), attributes, opset, constants=constants,
            checked=checked)


# PyTorch's own function.
case("four axes", four(), compute=sdpa)
case("causal", four(), {"is_causal": 1}, compute=lambda q, k, v: sdpa(q, k, v, is_causal=True))
case("a mask of booleans", four(columns=5) + [op.numbers.booleans(3, 5) | torch.eye(3, 5, dtype=torch.bool)],
     compute=lambda q, k, v, m: sdpa(q, k, v, m))
case("a mask of numbers, for each head", four(columns=2) + [real(1, 2, 3, 2)],
     compute=lambda q, k, v, m: sdpa(q, k, v, m))
case("grouped heads, another scale", four(heads=4, value_size=3), {"scale": 0.25}, opset=24,
     compute=lambda q, k, v: sdpa(q, k, v, scale=0.25, enable_gqa=True))
case("a row that is masked throughout",
     four(columns=2) + [torch.tensor([[True, False], [False, False], [True, True]])],
     compute=lambda q, k, v, m: sdpa(q, k, v, m), checked=False)
# The definition.
case("three axes", packed(columns=4, value_size=3), {"q_num_heads": 2, "kv_num_heads": 2}, heads=(2, 2))
case("three axes, one head of keys, causal", packed(heads=3, key_heads=1, rows=4, columns=4),
     {"q_num_heads": 3, "kv_num_heads": 1, "is_causal": 1}, heads=(3, 1), causal=True)
case("capped scores and a mask of one row for all", four(columns=4) + [real(1, 4)], {"softcap": 1.5}, cap=1.5)
case("a mask for each example", four() + [real(2, 1, 3, 3)], {"is_causal": 1}, causal=True)
case("a short mask", four(columns=5) + [real(3, 3)], opset=24)
case("lengths and a mask", four(columns=4) + [real(2, 1, 3, 4), None, None, ints(2, 4)], {"softmax_precision": 11},
     opset=24)
# The standard's reference implementation fails where there are lengths and no mask.
case("lengths", four(columns=2) + [None, None, None, ints(1, 2)], opset=25, checked=False)
cache = lambda heads=2, past=2, size=4, value_size=4: [real(2, heads, past, size), real(2, heads, past, value_size)]
case("a cache, causal", four(rows=2, columns=2) + [None] + cache(), {"is_causal": 1}, causal=True, present=True)
case("a cache, three axes, grouped heads", packed(heads=4, value_size=3, columns=1) + [real(3, 3)]
     + cache(size=2, value_size=3), {"q_num_heads": 4, "kv_num_heads": 2}, heads=(4, 2), present=True)
case("keys and values given out without a cache", packed(), {"q_num_heads": 2, "kv_num_heads": 2}, heads=(2, 2),
     present=True)
for stage, name in enumerate(["products", "capped", "masked", "probabilities"]):
    case(f"the scores given out: {name}", four(columns=2) + [real(3, 2)],
         {"softcap": 2.0, "qk_matmul_output_mode": stage}, cap=2.0, stage=stage, checked=stage != 0)
case("extents of 1", [real(1, 1, 1, 1), real(1, 1, 1, 1), real(1, 1, 1, 1)])
case("no examples", [real(0, 2, 3, 4), real(0, 2, 3, 4), real(0, 2, 3, 4)])
case("no queries", [real(1, 2, 0, 4), real(1, 2, 3, 4), real(1, 2, 3, 4)])
case("no keys", [real(1, 2, 3, 4), real(1, 2, 0, 4), real(1, 2, 0, 4)], checked=False)
op.write()
