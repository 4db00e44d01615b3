#!/usr/bin/env python3
"""Fashion-MNIST as a tutorial trains it: the small network of PyTorch's MNIST example, Adam 1e-3, batches of 64, fp32."""
import time

import common

options = common.arguments(__doc__, epochs=(20, "passes over the data"), batch=(64, "samples a step"), lr=(1e-3, "of Adam"))

import torch  # noqa: E402
from torch import nn  # noqa: E402


def main():
    (images, labels), (test_images, test_labels) = common.images_of(options.data)
    mean, deviation = 0.2860, 0.3530
    inputs, test_inputs = [(x.float() / 255 - mean) / deviation for x in (images, test_images)]
    net = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
                        nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5),
                        nn.Linear(128, 10)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(net.parameters(), lr=options.lr, fused=True)
    criterion = nn.CrossEntropyLoss()
    log = common.Log(options, options.epochs * -(-len(labels) // options.batch))

    def evaluate(step):
        began = time.perf_counter()
        net.eval()
        with torch.no_grad():
            right = sum((net(x).argmax(1) == y).sum().item() for x, y in zip(test_inputs.split(1000), test_labels.split(1000)))
        net.train()
        log.evaluated(step, step * options.batch, began, accuracy=right / len(test_labels))

    step, every = 0, options.evaluate
    log.start()
    for _ in range(options.epochs):
        for ids in torch.randperm(len(labels)).split(options.batch):
            optimizer.zero_grad(set_to_none=True)
            criterion(net(inputs[ids]), labels[ids]).backward()
            optimizer.step()
            step += 1
            if every and step % every == 0:
                log.stop()
                evaluate(step)
                log.start()
    log.stop()
    evaluate(step)


main()
