#!/usr/bin/env python3
"""CIFAR-10 as a careful practitioner trains it: ResNet-18 in its form for small images, SGD, one cycle, crops and flips."""
import common

options = common.arguments(__doc__, epochs=(15, "passes over the data"), batch=(128, "samples a step"),
                           lr=(0.2, "highest rate"), decay=(5e-4, "of all weights"), bf16=(True, "autocast"))

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402


class Block(nn.Module):
    def __init__(self, before, width, stride):
        super().__init__()
        self.branch = nn.Sequential(nn.Conv2d(before, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width),
                                    nn.ReLU(inplace=True), nn.Conv2d(width, width, 3, 1, 1, bias=False),
                                    nn.BatchNorm2d(width))
        same = stride == 1 and before == width
        self.shortcut = nn.Identity() if same else nn.Sequential(nn.Conv2d(before, width, 1, stride, bias=False),
                                                                 nn.BatchNorm2d(width))

    def forward(self, x):
        return functional.relu(self.branch(x) + self.shortcut(x), inplace=True)


def resnet18(channels):
    layers = [nn.Conv2d(channels, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True)]
    before = 64
    for stage, width in enumerate((64, 128, 256, 512)):
        for index in range(2):
            layers.append(Block(before, width, 2 if stage > 0 and index == 0 else 1))
            before = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def augmented(x):
    """Crops of four padded pixels, one for each image, and flips."""
    n, side, reach = len(x), x.size(-1), 4
    padded = functional.pad(x, (reach,) * 4)
    top, left = torch.randint(0, 2 * reach + 1, (2, n))
    out = torch.stack([padded[i, :, t:t + side, s:s + side] for i, (t, s) in enumerate(zip(top.tolist(), left.tolist()))])
    flips = torch.rand(n) < 0.5
    out[flips] = out[flips].flip(-1)
    return out.contiguous(memory_format=torch.channels_last)


def main():
    (images, labels), (test_images, test_labels) = common.images_of(options)
    inputs, test_inputs = common.normalised(images, test_images)
    net = resnet18(inputs.size(1)).to(memory_format=torch.channels_last)
    per_epoch = len(labels) // options.batch
    optimizer = torch.optim.SGD(net.parameters(), options.lr, 0.9, weight_decay=options.decay, nesterov=True, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, options.lr, options.epochs * per_epoch, pct_start=0.3)

    def forward(x):
        with torch.autocast("cpu", torch.bfloat16, enabled=options.bf16):
            return net(x)

    run = common.Run(options, options.epochs * per_epoch, options.batch,
                     lambda: common.accuracy(net, forward, test_inputs, test_labels, 500))
    for _ in range(options.epochs):
        order = torch.randperm(len(labels))
        for at in range(per_epoch):
            ids = order[at * options.batch:(at + 1) * options.batch]
            optimizer.zero_grad(set_to_none=True)
            functional.cross_entropy(forward(augmented(inputs[ids])).float(), labels[ids]).backward()
            optimizer.step()
            schedule.step()
            run.stepped()


main()
