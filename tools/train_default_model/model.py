"""The Llama architecture, arranged for training: equal matrices of all layers lie in one tensor.

A batch is a flat row of tokens, [tokens, hidden]; only the attention knows how it is cut into
contexts, so that the context can change during training without compiling anything again. Master
weights are f32, the arithmetic is bf16 with f32 norms, softmax and loss.
"""

import dataclasses

import torch
import torch.nn.functional as functional
from torch import Tensor, nn


@dataclasses.dataclass(frozen=True)
class Shape:
    vocabulary: int = 4096
    hidden: int = 384
    layers: int = 6
    heads: int = 6
    kv_heads: int = 2
    feed_forward: int = 1120
    rope_theta: float = 10000.0
    norm_epsilon: float = 1e-5

    @property
    def head_dim(self) -> int:
        return self.hidden // self.heads

    @property
    def kv_width(self) -> int:
        return self.kv_heads * self.head_dim

    @property
    def kv_bytes_per_token(self) -> int:
        return self.layers * self.kv_width * 2 * 2


def rms_norm(x: Tensor, gain: Tensor, epsilon: float) -> Tensor:
    return functional.rms_norm(x.float(), (x.shape[-1],), gain, epsilon).to(x.dtype)


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """x [tokens, heads, head_dim]; cosine, sine [tokens, head_dim / 2] f32.

    Pairs are (i, i + head_dim / 2), as transformers has them.
    """
    first, second = x.float().chunk(2, dim=-1)
    cosine, sine = cosine[:, None], sine[:, None]
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), dim=-1).to(
        x.dtype
    )


def drop(x: Tensor, keep: Tensor | None) -> Tensor:
    """Dropout whose rate is a tensor, so that validation (keep = 1) runs the same compiled code."""
    if keep is None:
        return x
    return x * ((torch.rand_like(x, dtype=torch.float32) < keep) / keep).to(x.dtype)


def before_attention(
    x: Tensor, square: Tensor, kv: Tensor, gain: Tensor, cosine: Tensor, sine: Tensor, shape: Shape
):
    weights = torch.cat((square[0], kv[0], kv[1]))
    qkv = functional.linear(rms_norm(x, gain, shape.norm_epsilon), weights)
    q, k, v = qkv.split((shape.hidden, shape.kv_width, shape.kv_width), dim=-1)
    q = rotate(q.unflatten(-1, (shape.heads, shape.head_dim)), cosine, sine)
    k = rotate(k.unflatten(-1, (shape.kv_heads, shape.head_dim)), cosine, sine)
    return q, k, v.unflatten(-1, (shape.kv_heads, shape.head_dim)).contiguous()


def attention(q: Tensor, k: Tensor, v: Tensor, context: int) -> Tensor:
    """Causal attention within each context; returns [tokens, hidden]."""
    q, k, v = (x.view(-1, context, x.shape[1], x.shape[2]).transpose(1, 2) for x in (q, k, v))
    out = functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    return out.transpose(1, 2).reshape(-1, q.shape[1] * q.shape[3])


def after_attention(
    x: Tensor,
    attended: Tensor,
    square: Tensor,
    ffn: Tensor,
    gain: Tensor,
    keep: Tensor | None,
    shape: Shape,
) -> Tensor:
    x = x + drop(functional.linear(attended, square[1]), keep)
    gate, up = functional.linear(
        rms_norm(x, gain, shape.norm_epsilon), ffn[:2].flatten(0, 1)
    ).chunk(2, dim=-1)
    return x + drop((functional.silu(gate) * up) @ ffn[2], keep)


def token_losses(
    x: Tensor, embedding: Tensor, gain: Tensor, targets: Tensor, shape: Shape
) -> Tensor:
    logits = functional.linear(rms_norm(x, gain, shape.norm_epsilon), embedding)
    return functional.cross_entropy(logits.float(), targets, reduction="none")


class Model(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        layers, hidden = shape.layers, shape.hidden
        self.embedding = nn.Parameter(torch.randn(shape.vocabulary, hidden) * 0.02)
        self.square = nn.Parameter(torch.empty(layers, 2, hidden, hidden))  # q, o
        self.kv = nn.Parameter(torch.empty(layers, 2, shape.kv_width, hidden))  # k, v
        self.ffn = nn.Parameter(
            torch.empty(layers, 3, shape.feed_forward, hidden)
        )  # gate, up, down transposed
        self.attention_gain = nn.Parameter(torch.ones(layers, hidden))
        self.ffn_gain = nn.Parameter(torch.ones(layers, hidden))
        self.final_gain = nn.Parameter(torch.ones(hidden))
        with torch.no_grad():
            for matrices in self.matrices():
                matrices.normal_(std=0.5 * hidden**-0.5)
            # What a layer adds to the stream starts at zero.
            self.square[:, 1].zero_()
            self.ffn[:, 2].zero_()

    def matrices(self) -> list[nn.Parameter]:
        return [self.square, self.kv, self.ffn]

    def compile(self) -> None:
        global before_attention, after_attention, token_losses
        before_attention = torch.compile(before_attention, dynamic=False)
        after_attention = torch.compile(after_attention, dynamic=False)
        token_losses = torch.compile(token_losses, dynamic=False)

    def forward(
        self, inputs: Tensor, targets: Tensor, context: int, keep: Tensor | None = None
    ) -> Tensor:
        """Returns each token's loss in nats, [tokens] f32.

        inputs, targets [tokens]: whole contexts, one after another.
        """
        shape, dtype = self.shape, torch.bfloat16
        half = shape.head_dim // 2
        frequency = shape.rope_theta ** -(torch.arange(half, device=inputs.device) / half)
        position = torch.arange(len(inputs), device=inputs.device) % context
        angle = position[:, None] * frequency
        cosine, sine = angle.cos(), angle.sin()
        embedding = self.embedding.to(dtype)
        x = drop(functional.embedding(inputs, embedding), keep)
        layers = zip(
            *(w.to(dtype).unbind() for w in self.matrices()),
            self.attention_gain.unbind(),
            self.ffn_gain.unbind(),
        )
        for square, kv, ffn, attention_gain, ffn_gain in layers:
            q, k, v = before_attention(x, square, kv, attention_gain, cosine, sine, shape)
            x = after_attention(x, attention(q, k, v, context), square, ffn, ffn_gain, keep, shape)
        return token_losses(x, embedding, self.final_gain, targets, shape)
