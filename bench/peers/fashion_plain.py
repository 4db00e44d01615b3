#!/usr/bin/env python3
"""Fashion-MNIST as a tutorial trains it: the small network of PyTorch's MNIST example, Adam 1e-3, batches of 64, fp32."""
import common

options = common.arguments(__doc__, epochs=(20, "passes over the data"), batch=(64, "samples a step"), lr=(1e-3, "of Adam"))

import torch  # noqa: E402
from torch import nn  # noqa: E402


def main():
    (images, labels), (test_images, test_labels) = common.images_of(options)
    inputs, test_inputs = common.normalised(images, test_images)
    net = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
                        nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5),
                        nn.Linear(128, 10)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(net.parameters(), lr=options.lr, fused=True)
    criterion = nn.CrossEntropyLoss()
    steps = options.epochs * (-(-len(labels) // options.batch))
    run = common.Run(options, steps, options.batch, lambda: common.accuracy(net, net, test_inputs, test_labels))
    for _ in range(options.epochs):
        for ids in torch.randperm(len(labels)).split(options.batch):
            optimizer.zero_grad(set_to_none=True)
            criterion(net(inputs[ids]), labels[ids]).backward()
            optimizer.step()
            run.stepped()


main()
