#!/usr/bin/env python3
"""Tiny Shakespeare by character with what the speed-runs of GPT-2 use (modded-nanogpt), for CPUs.

Rotary positions, norms of queries and keys, root-mean-square norms without gains, squared ReLU, matrices that add to the
stream and the output layer from zero, a table of pairs of characters, Muon for hidden matrices and Adam for the rest, a rate
that stays and then falls in a line, bf16.
"""
import math

import common

options = common.arguments(__doc__, steps=(430, "of training"), layers=(3, "blocks"), width=(256, "features"),
                           heads=(4, "of attention"), context=(128, "characters a sample"), batch=(32, "samples a step"),
                           muon=(0.012, "rate of hidden matrices"), adam=(0.004, "rate of the rest"),
                           momentum=(0.85, "of Muon"),
                           decay=(0.0, "of hidden matrices"), fall=(0.6, "share of the steps in which rates fall"),
                           dropout=(0.0, "of what blocks add"), pairs=(True, "table of pairs"), bf16=(True, "autocast"),
                           fused=(False, "attention by one kernel"),
                           spread=(0.02, "of weights at the start"), stem_norm=(False, "norm of embeddings"))

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402


def orthogonal(x, steps=5):
    """Newton and Schulz for a stack of matrices [k, rows, columns], in bf16."""
    x = x.bfloat16()
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    tall = x.size(1) > x.size(2)
    if tall:
        x = x.mT
    for _ in range(steps):
        square = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Matrices of one shape are done together."""

    def __init__(self, parameters, lr, momentum, decay):
        shapes = {}
        for p in parameters:
            shapes.setdefault(p.shape, []).append(p)
        super().__init__([{"params": group} for group in shapes.values()], {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            params = group["params"]
            gradients = torch.stack([p.grad for p in params])
            buffer = self.state[params[0]].setdefault("buffer", torch.zeros_like(gradients))
            buffer.lerp_(gradients, 1 - group["momentum"])
            update = orthogonal(gradients.lerp(buffer, group["momentum"])).float()
            scale = max(1.0, update.size(1) / update.size(2)) ** 0.5
            if group["decay"]:
                torch._foreach_mul_(params, 1 - group["lr"] * group["decay"])
            torch._foreach_add_(params, list(update.unbind()), alpha=-group["lr"] * scale)


def norm(x):
    return functional.rms_norm(x, (x.size(-1),))


class Rotary(nn.Module):
    def __init__(self, each):
        super().__init__()
        speed = 100.0 ** -(torch.arange(each // 2) / (each // 2))
        angle = torch.outer(torch.arange(options.context), speed)[None, :, None]
        self.register_buffer("cosine", angle.cos(), persistent=False)
        self.register_buffer("sine", angle.sin(), persistent=False)

    def forward(self, x):
        a, b = x.chunk(2, -1)
        cosine, sine = self.cosine[:, :x.size(1)].to(x.dtype), self.sine[:, :x.size(1)].to(x.dtype)
        return torch.cat([a * cosine - b * sine, b * cosine + a * sine], -1)


class Block(nn.Module):
    def __init__(self, width, rotary):
        super().__init__()
        # Three matrices, each orthogonalised by itself, and one product.
        self.qkv = nn.ParameterList([nn.Linear(width, width, bias=False).weight for _ in range(3)])
        self.out = nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, 4 * width, bias=False), nn.Linear(4 * width, width, bias=False)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.down.weight)
        for matrix in (*self.qkv, self.up.weight):
            nn.init.normal_(matrix, std=options.spread)
        self.rotary = rotary
        self.register_buffer("mask", torch.full((options.context,) * 2, float("-inf")).triu(1), persistent=False)

    def attend(self, x):
        n, t, width = x.shape
        qkv = functional.linear(x, torch.cat(list(self.qkv)))
        q, k, v = qkv.view(n, t, 3, options.heads, -1).unbind(2)
        q, k = [self.rotary(norm(part)).transpose(1, 2) for part in (q, k)]
        v = v.transpose(1, 2)
        if options.fused:
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = q @ k.mT / math.sqrt(q.size(-1)) + self.mask[:t, :t].to(q.dtype)
            y = functional.softmax(scores, -1).to(v.dtype) @ v
        return self.out(y.transpose(1, 2).reshape(n, t, width))

    def forward(self, x):
        drop = options.dropout
        x = x + functional.dropout(self.attend(norm(x)), drop, self.training)
        return x + functional.dropout(self.down(functional.relu(self.up(norm(x))).square()), drop, self.training)


class Gpt(nn.Module):
    def __init__(self, known):
        super().__init__()
        width = options.width
        self.known = known
        self.tokens = nn.Embedding(known, width)
        self.pairs = nn.Embedding((known + 1) * known, width) if options.pairs else None
        rotary = Rotary(width // options.heads)
        self.blocks = nn.Sequential(*[Block(width, rotary) for _ in range(options.layers)])
        self.head = nn.Linear(width, known, bias=False)
        nn.init.zeros_(self.head.weight)
        nn.init.normal_(self.tokens.weight, std=options.spread)
        if self.pairs is not None:
            nn.init.zeros_(self.pairs.weight)

    def forward(self, x):
        h = self.tokens(x)
        if self.pairs is not None:
            before = functional.pad(x[:, :-1], (1, 0), value=self.known)
            h = h + self.pairs(before * self.known + x)
        return self.head(norm(self.blocks(norm(h) if options.stem_norm else h)))


def main():
    train, held, known = common.characters_of(options)
    net = Gpt(known)
    hidden = [p for p in net.blocks.parameters()]
    inside = {id(p) for p in hidden}
    muon = Muon(hidden, options.muon, options.momentum, options.decay)
    adam = torch.optim.Adam([p for p in net.parameters() if id(p) not in inside], lr=options.adam, betas=(0.8, 0.99),
                            eps=1e-10, fused=True)
    rates = [(group, group["lr"]) for optimizer in (muon, adam) for group in optimizer.param_groups]

    def logits_of(x):
        with torch.autocast("cpu", torch.bfloat16, enabled=options.bf16):
            return net(x)

    run = common.Run(options, options.steps, options.batch, lambda: common.text_loss(net, logits_of, held, options.context))
    windows = train.unfold(0, options.context + 1, 1)

    def passes():
        """Windows side by side from a new beginning, in a new order: each character once in a pass."""
        while True:
            first = torch.randint(options.context, ()).item()
            starts = torch.arange(first, len(windows), options.context)
            yield from starts[torch.randperm(len(starts))].split(options.batch)

    order = passes()
    for step in range(options.steps):
        rows = windows[next(order)]
        left = (options.steps - step) / (options.steps * options.fall)
        for group, rate in rates:
            group["lr"] = rate * min(1.0, left)
        loss = functional.cross_entropy(logits_of(rows[:, :-1]).float().flatten(0, 1), rows[:, 1:].flatten())
        muon.zero_grad(set_to_none=True)
        adam.zero_grad(set_to_none=True)
        loss.backward()
        muon.step()
        adam.step()
        run.stepped()


main()
