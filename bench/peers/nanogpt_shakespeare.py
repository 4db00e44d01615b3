#!/usr/bin/env python3
"""Tiny Shakespeare by character with the configuration that nanoGPT's README gives for CPUs.

Four layers, width 128, four heads, contexts of 64, batches of 12, 2,000 steps of AdamW from 1e-3 to 1e-4 by a cosine behind
100 steps of warm-up, beta2 0.99, decay 0.1 for matrices, gradients clipped to norm 1, no dropout, GELU, layer norms without
shifts, tied embeddings.
"""
import math

import common

options = common.arguments(__doc__, steps=(2000, "of training"), bf16=(False, "autocast"),
                           fused=(True, "attention by one kernel, as written; otherwise by products"))

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

LAYERS, WIDTH, HEADS, CONTEXT, BATCH = 4, 128, 4, 64, 12


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.out = nn.Linear(WIDTH, WIDTH, bias=False)
        self.register_buffer("mask", torch.full((CONTEXT, CONTEXT), float("-inf")).triu(1), persistent=False)

    def forward(self, x):
        n, t, _ = x.shape
        q, k, v = [part.view(n, t, HEADS, -1).transpose(1, 2) for part in self.qkv(x).split(WIDTH, 2)]
        if options.fused:
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1)) + self.mask[:t, :t].to(q.dtype)
            y = functional.softmax(scores, -1).to(v.dtype) @ v
        return self.out(y.transpose(1, 2).reshape(n, t, WIDTH))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(WIDTH, bias=False), Attention()
        self.norm2 = nn.LayerNorm(WIDTH, bias=False)
        self.net = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH, bias=False), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH, bias=False))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.net(self.norm2(x))


class Gpt(nn.Module):
    def __init__(self, known):
        super().__init__()
        self.tokens, self.places = nn.Embedding(known, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.Sequential(*[Block() for _ in range(LAYERS)])
        self.norm = nn.LayerNorm(WIDTH, bias=False)
        for p in self.parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=0.02)
        for block in self.blocks:
            for last in (block.attention.out.weight, block.net[2].weight):
                nn.init.normal_(last, std=0.02 / math.sqrt(2 * LAYERS))

    def forward(self, x):
        h = self.blocks(self.tokens(x) + self.places.weight[:x.size(1)])
        return functional.linear(self.norm(h), self.tokens.weight)


def rate(step, steps, peak=1e-3, least=1e-4, warmup=100):
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    over = (step - warmup) / max(1, steps - warmup)
    return least + 0.5 * (1 + math.cos(math.pi * over)) * (peak - least)


def main():
    train, held, known = common.characters_of(options)
    net = Gpt(known)
    matrices = [p for p in net.parameters() if p.dim() >= 2]
    others = [p for p in net.parameters() if p.dim() < 2]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}],
                                  lr=1e-3, betas=(0.9, 0.99), fused=True)

    def logits_of(x):
        with torch.autocast("cpu", torch.bfloat16, enabled=options.bf16):
            return net(x)

    run = common.Run(options, options.steps, BATCH, lambda: common.text_loss(net, logits_of, held, CONTEXT))
    for step in range(options.steps):
        at = torch.randint(len(train) - CONTEXT, (BATCH,))
        rows = torch.stack([train[i:i + CONTEXT + 1] for i in at.tolist()])
        for group in optimizer.param_groups:
            group["lr"] = rate(step, options.steps)
        loss = functional.cross_entropy(logits_of(rows[:, :-1]).float().flatten(0, 1), rows[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        run.stepped()


main()
