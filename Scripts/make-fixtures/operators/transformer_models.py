"""Small transformers: blocks of our own, GPT-2's, Llama's and PyTorch's.

Before opset 23 PyTorch exports `scaled_dot_product_attention` with the square root of its scale in single precision.
Heads of sixteen dimensions make it 1/2, so that the graph holds the same function.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from architectures import EPSILON


class CausalAttention(nn.Module):
    def __init__(self, width, heads, context):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width, bias=False)
        self.register_buffer("mask", torch.tril(torch.ones(context, context)).bool(), persistent=False)

    def forward(self, x):
        batch, time, width = x.shape
        q, k, v = (
            part.reshape(batch, time, self.heads, width // self.heads).transpose(1, 2)
            for part in self.qkv(x).split(width, -1))
        scores = q @ k.transpose(-2, -1) / math.sqrt(width // self.heads)
        weights = scores.masked_fill(~self.mask[:time, :time], float("-inf")).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(batch, time, width))


class Block(nn.Module):
    def __init__(self, width, heads, context, hidden):
        super().__init__()
        self.ln1 = nn.LayerNorm(width, eps=EPSILON)
        self.attn = CausalAttention(width, heads, context)
        self.hidden = hidden
        if hidden:
            self.ln2 = nn.LayerNorm(width, eps=EPSILON)
            self.up = nn.Linear(width, hidden)
            self.down = nn.Linear(hidden, width)

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.down(F.gelu(self.up(self.ln2(x)))) if self.hidden else x


class InContextRegression(nn.Module):
    """Reads x₁ y₁ x₂ y₂ … as tokens [0, x] and [y, 0]; predicts each y at its x."""

    def __init__(self, dimension=2, pairs=4, width=8):
        super().__init__()
        self.embed = nn.Linear(dimension + 1, width, bias=False)
        self.positions = nn.Parameter(torch.randn(2 * pairs, width))
        self.block = Block(width, 2, 2 * pairs, 12)
        self.norm = nn.LayerNorm(width, eps=EPSILON)
        self.read = nn.Linear(width, 1)

    def forward(self, x):
        hidden = self.block(self.embed(x) + self.positions)
        return self.read(self.norm(hidden))[:, ::2, 0]


class LanguageModel(nn.Module):
    def __init__(self, hidden=0, vocabulary=11, width=8, context=6, layers=2):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(context, width)
        self.blocks = nn.ModuleList([Block(width, 2, context, hidden) for _ in range(layers)])
        self.norm = nn.LayerNorm(width, eps=EPSILON)
        self.unembed = nn.Linear(width, vocabulary, bias=False)

    def forward(self, x):
        hidden = self.embed(x) + self.positions(torch.arange(x.shape[1]))
        for block in self.blocks:
            hidden = block(hidden)
        return self.unembed(self.norm(hidden))


class Conv1D(nn.Module):
    """GPT-2's linear layer, whose weight is stored [inputs, outputs]."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        return torch.addmm(self.bias, x.view(-1, x.size(-1)), self.weight).view(*x.shape[:-1], self.bias.size(0))


class GPT2Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.c_attn = Conv1D(width, 3 * width)
        self.c_proj = Conv1D(width, width)

    def forward(self, x):
        time, width = x.shape[1:]
        q, k, v = (part.view(-1, time, self.heads, width // self.heads).transpose(1, 2)
                   for part in self.c_attn(x).split(width, dim=2))
        scores = q @ k.transpose(-1, -2) / math.sqrt(width // self.heads)
        causal = torch.ones(time, time, dtype=torch.bool).tril()
        weights = torch.where(causal, scores, torch.finfo(torch.float32).min).softmax(-1)
        return self.c_proj((weights @ v).transpose(1, 2).reshape(-1, time, width))


class GPT2Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width, eps=EPSILON)
        self.attn = GPT2Attention(width, heads)
        self.ln_2 = nn.LayerNorm(width, eps=EPSILON)
        self.mlp = nn.ModuleDict({"c_fc": Conv1D(width, 2 * width), "c_proj": Conv1D(2 * width, width)})

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp["c_proj"](F.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh"))


class GPT2(nn.Module):
    """Radford et al. 2019, with the names of the published checkpoints; the unembedding is the embedding."""

    def __init__(self, vocabulary=11, width=8, context=6, layers=2, heads=2):
        super().__init__()
        self.transformer = nn.ModuleDict({
            "wte": nn.Embedding(vocabulary, width), "wpe": nn.Embedding(context, width),
            "h": nn.ModuleList([GPT2Block(width, heads) for _ in range(layers)]),
            "ln_f": nn.LayerNorm(width, eps=EPSILON)})
        self.lm_head = nn.Linear(width, vocabulary, bias=False)
        self.lm_head.weight = self.transformer["wte"].weight

    def forward(self, x):
        hidden = self.transformer["wte"](x) + self.transformer["wpe"](torch.arange(x.shape[1]))
        for block in self.transformer["h"]:
            hidden = block(hidden)
        return self.lm_head(self.transformer["ln_f"](hidden))


class LlamaLayer(nn.Module):
    def __init__(self, width, heads, groups, size, hidden):
        super().__init__()
        self.size = size
        self.input_layernorm = nn.RMSNorm(width, eps=EPSILON)
        self.q_proj = nn.Linear(width, heads * size, bias=False)
        self.k_proj = nn.Linear(width, groups * size, bias=False)
        self.v_proj = nn.Linear(width, groups * size, bias=False)
        self.o_proj = nn.Linear(heads * size, width, bias=False)
        self.post_attention_layernorm = nn.RMSNorm(width, eps=EPSILON)
        self.gate_proj = nn.Linear(width, hidden, bias=False)
        self.up_proj = nn.Linear(width, hidden, bias=False)
        self.down_proj = nn.Linear(hidden, width, bias=False)

    def forward(self, x, cos, sin):
        time = x.shape[1]
        normed = self.input_layernorm(x)
        q, k, v = (projection(normed).view(-1, time, projection.out_features // self.size, self.size).transpose(1, 2)
                   for projection in (self.q_proj, self.k_proj, self.v_proj))
        mixed = F.scaled_dot_product_attention(
            rotated(q, cos, sin), rotated(k, cos, sin), v, is_causal=True, enable_gqa=True)
        x = x + self.o_proj(mixed.transpose(1, 2).reshape(-1, time, self.o_proj.in_features))
        normed = self.post_attention_layernorm(x)
        return x + self.down_proj(F.silu(self.gate_proj(normed)) * self.up_proj(normed))


def rotated(x, cos, sin):
    """Rotary positions (Su et al. 2021): the second half of the dimensions is the imaginary part."""
    real, imaginary = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-imaginary, real], dim=-1) * sin


class Llama(nn.Module):
    """Touvron et al. 2023: RMSNorm, rotary positions, SwiGLU; one key and value head for all query heads."""

    def __init__(self, vocabulary=11, width=8, context=6, layers=2, heads=2, size=16, hidden=12):
        super().__init__()
        self.embed_tokens = nn.Embedding(vocabulary, width)
        self.layers = nn.ModuleList([LlamaLayer(width, heads, 1, size, hidden) for _ in range(layers)])
        self.norm = nn.RMSNorm(width, eps=EPSILON)
        self.lm_head = nn.Linear(width, vocabulary, bias=False)
        angles = torch.arange(context)[:, None] * 10000.0 ** (-torch.arange(0, size, 2) / size)
        for name, values in [("cos", angles.cos()), ("sin", angles.sin())]:
            self.register_buffer(name, torch.round(values.repeat(1, 2) * 1024) / 1024)

    def forward(self, x):
        hidden = self.embed_tokens(x)
        for layer in self.layers:
            hidden = layer(hidden, self.cos, self.sin)
        return self.lm_head(self.norm(hidden))


class Encoder(nn.Module):
    """PyTorch's own encoder layer, which keeps the weights of queries, keys and values in one tensor."""

    def __init__(self, inputs=3, width=32, heads=2, hidden=10):
        super().__init__()
        self.read_in = nn.Linear(inputs, width)
        self.layer = nn.TransformerEncoderLayer(
            width, heads, hidden, dropout=0.0, activation="relu", layer_norm_eps=EPSILON, batch_first=True)
        self.read_out = nn.Linear(width, 1)

    def forward(self, x):
        return self.read_out(self.layer(self.read_in(x)))[..., 0]
