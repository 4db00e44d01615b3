#!/usr/bin/env python3
"""The recipe of airbench94 with Muon (K. Jordan, arXiv:2404.00498 and its repository) on CPUs, for CIFAR-10 and Fashion-MNIST.

  image_speedrun.py --data cifar10                                         # 64/256/256, 8 epochs, batches of 2000
  image_speedrun.py --data fashion-mnist --widths 32,96,128 --epochs 4 --batch 1000 --no-flip --translate 0

Frozen whitening of 2x2 patches whose bias learns for three epochs, Dirac start, norms without gains, Muon for filters and
momentum for the rest, label smoothing, a linearly falling rate, flips in every other epoch, shifts, and six views at
evaluation. Autocast to bf16, channels last.
"""
import math

import common

options = common.arguments(__doc__, epochs=(8.0, "passes over the data, also parts of one"), batch=(2000, "samples a step"),
                           widths=("64,256,256", "channels of the three groups"), flip=(True, "mirror images"),
                           translate=(2, "pixels of shifts"), bf16=(True, "autocast"), views=(6, "at evaluation: 1 or 6"),
                           muon=(0.24, "rate of the filters"), bias=(0.053, "rate of biases"),
                           head=(0.67, "rate of the output layer"), smoothing=(0.2, "of labels"))

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402


def orthogonal(matrix, steps=3):
    """Newton and Schulz, quintic, in bf16."""
    x = matrix.bfloat16()
    x = x / (x.norm() + 1e-7)
    tall = x.size(0) > x.size(1)
    if tall:
        x = x.T
    for _ in range(steps):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters, lr, momentum):
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                buffer = self.state[p].setdefault("buffer", torch.zeros_like(p))
                buffer.mul_(group["momentum"]).add_(p.grad)
                direction = p.grad.add(buffer, alpha=group["momentum"])
                p.mul_(len(p) ** 0.5 / p.norm())
                p.add_(orthogonal(direction.reshape(len(p), -1)).view_as(p), alpha=-group["lr"])


class Norm(nn.BatchNorm2d):
    def __init__(self, channels):
        super().__init__(channels, eps=1e-12, momentum=0.4)
        self.weight.requires_grad_(False)


def filters(before, after):
    conv = nn.Conv2d(before, after, 3, padding=1, bias=False)
    nn.init.dirac_(conv.weight.data[:before])
    return conv


class Net(nn.Module):
    def __init__(self, channels, widths, side):
        super().__init__()
        self.whiten = nn.Conv2d(channels, 8 * channels, 2)
        self.whiten.weight.requires_grad_(False)
        layers, before = [nn.GELU()], 8 * channels
        for width in widths:
            layers += [filters(before, width), nn.MaxPool2d(2), Norm(width), nn.GELU(), filters(width, width), Norm(width),
                       nn.GELU()]
            before = width
        self.layers = nn.Sequential(*layers, nn.MaxPool2d((side - 1) // 8), nn.Flatten())
        self.head = nn.Linear(widths[-1], 10, bias=False)
        self.head.weight.data /= self.head.weight.data.std()

    def whiten_with(self, images):
        c = images.size(1)
        patches = images.unfold(2, 2, 1).unfold(3, 2, 1).permute(0, 2, 3, 1, 4, 5).reshape(-1, 4 * c)
        values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
        rows = (vectors / (values + 5e-4).sqrt()).T.reshape(-1, c, 2, 2)
        self.whiten.weight.data.copy_(torch.cat([rows, -rows]))

    def forward(self, x, bias_learns=True):
        bias = self.whiten.bias if bias_learns else self.whiten.bias.detach()
        x = self.layers(functional.conv2d(x, self.whiten.weight, bias))
        return self.head(x) / x.size(1)


def shifted(padded, side, reach):
    """Each image from its own place in the padded one."""
    n = len(padded)
    top, left = torch.randint(0, 2 * reach + 1, (2, n))
    out = torch.empty((n, padded.size(1), side, side), dtype=padded.dtype).to(memory_format=torch.channels_last)
    for y in range(2 * reach + 1):
        for x in range(2 * reach + 1):
            chosen = ((top == y) & (left == x)).nonzero().flatten()
            out[chosen] = padded[chosen, :, y:y + side, x:x + side]
    return out


def predict(forward, x):
    def mirrored(view):
        return forward(view) + forward(view.flip(-1))
    if options.views == 1:
        return forward(x)
    side, padded = x.size(-1), functional.pad(x, (1,) * 4, "reflect")
    corners = mirrored(padded[..., :side, :side]) + mirrored(padded[..., 2:, 2:])
    return mirrored(x) / 4 + corners / 8


def main():
    (images, labels), (test_images, test_labels) = common.images_of(options)
    inputs, test_inputs = common.normalised(images, test_images)
    side, widths = inputs.size(-1), [int(w) for w in options.widths.split(",")]
    net = Net(inputs.size(1), widths, side).to(memory_format=torch.channels_last)
    per_epoch = len(labels) // options.batch
    steps, bias_steps = round(options.epochs * per_epoch), math.ceil(3 * per_epoch)
    decay = 2e-6 * options.batch
    biases = [p for name, p in net.layers.named_parameters() if p.requires_grad and p.dim() == 1]
    groups = [{"params": [net.whiten.bias], "lr": options.bias}, {"params": biases, "lr": options.bias},
              {"params": [net.head.weight], "lr": options.head}]
    for group in groups:
        group["weight_decay"] = decay / group["lr"]
    rest = torch.optim.SGD(groups, momentum=0.85, nesterov=True, fused=True)
    muon = Muon([p for p in net.layers.parameters() if p.dim() == 4], options.muon, 0.6)
    rates = [(group, group["lr"]) for optimizer in (rest, muon) for group in optimizer.param_groups]

    def forward(x, bias_learns=True):
        with torch.autocast("cpu", torch.bfloat16, enabled=options.bf16):
            return net(x, bias_learns)

    run = common.Run(options, steps, options.batch,
                     lambda: common.accuracy(net, lambda x: predict(forward, x), test_inputs, test_labels))
    net.whiten_with(inputs[:5000])
    if options.flip:
        first = torch.rand(len(inputs)) < 0.5
        inputs[first] = inputs[first].flip(-1)
    step = 0
    for epoch in range(math.ceil(options.epochs)):
        order = torch.randperm(len(labels))
        for at in range(min(per_epoch, steps - step)):
            ids = order[at * options.batch:(at + 1) * options.batch]
            x = inputs[ids]
            if options.translate:
                x = shifted(functional.pad(x, (options.translate,) * 4, "reflect"), side, options.translate)
            if options.flip and epoch % 2 == 1:
                x = x.flip(-1)
            x = x.contiguous(memory_format=torch.channels_last)
            for group, rate in rates:
                last = bias_steps if group is rest.param_groups[0] else steps
                group["lr"] = rate * max(0.0, 1 - step / last)
            loss = functional.cross_entropy(forward(x, step < bias_steps).float(), labels[ids],
                                            label_smoothing=options.smoothing, reduction="sum")
            rest.zero_grad(set_to_none=True)
            muon.zero_grad(set_to_none=True)
            loss.backward()
            rest.step()
            muon.step()
            step += 1
            run.stepped()


main()
