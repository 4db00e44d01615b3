#!/usr/bin/env python3
"""Trains a network that hasten exported, in PyTorch's loop or by Composer's Trainer; prints steps a second and losses.

  peers.py torch|torch-best|torch-double|composer SETUP.json --steps N [--window W] [--threads T]

torch is the loop of a tutorial: DataLoader over tensors, zero_grad, forward, backward, step. torch-best does what is known to
help: batches gathered from resident tensors, channels last, fused optimizer, the loss read once in a window; its
caller also raises the allocator's thresholds by the environment. torch-double is torch's loop in double precision,
which the others' losses are held against.
"""
import argparse
import json
import os
import sys
import time

import numpy
import torch
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "examples"))
sys.path.insert(0, HERE)
import load_in_pytorch  # noqa: E402


def data_of(setup):
    images = numpy.load(os.path.join(setup["data"], "x_train.npy"))
    labels = numpy.load(os.path.join(setup["data"], "y_train.npy")).astype("int64")
    if images.ndim == 3:
        images = images[..., None]
    plan, net = load_in_pytorch.load(setup["plan"], setup["weights"])
    return load_in_pytorch.inputs(plan, images), torch.from_numpy(labels), net.train()


def train_torch(setup, steps, window, who):
    inputs, labels, net = data_of(setup)
    best = who == "torch-best"
    if who == "torch-double":
        inputs, net = inputs.double(), net.double()
    batch = setup["batch"]
    if best and inputs.dim() == 4:
        inputs, net = inputs.to(memory_format=torch.channels_last), net.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), lr=setup["lr"], momentum=setup["momentum"], fused=best)
    criterion = nn.CrossEntropyLoss()
    bf16 = setup["precision"] == "bf16" and who != "torch-double"
    losses, times, kept = [], [], []

    def batches():
        if best:
            while True:
                for ids in torch.randperm(len(labels)).split(batch):
                    if len(ids) == batch:
                        yield inputs[ids], labels[ids]
        loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(inputs, labels), batch, shuffle=True,
                                             drop_last=True)
        while True:
            yield from loader

    for step, (x, y) in enumerate(batches()):
        if step % window == 0:
            if kept:
                losses.extend(torch.stack(kept).tolist())
                kept = []
            times.append(time.perf_counter())
        if step == steps:
            break
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
        kept.append(loss.detach())
    losses.extend(torch.stack(kept).tolist() if kept else [])
    return losses, times


def train_composer(setup, steps, window):
    import stub_torchvision
    stub_torchvision.install()
    import logging
    import warnings
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    from composer import Callback, Trainer
    from composer.models import ComposerModel

    class Model(ComposerModel):
        def __init__(self, net):
            super().__init__()
            self.net, self.criterion = net, nn.CrossEntropyLoss()

        def forward(self, batch):
            return self.net(batch[0])

        def loss(self, outputs, batch):
            return self.criterion(outputs, batch[1])

    class Clock(Callback):
        def __init__(self):
            self.times, self.losses, self.step = [], [], 0

        def batch_start(self, state, logger):
            if self.step % window == 0:
                self.times.append(time.perf_counter())
            self.step += 1

        def batch_end(self, state, logger):
            self.losses.append(state.loss.detach())

    inputs, labels, net = data_of(setup)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(inputs, labels), setup["batch"], shuffle=True,
                                         drop_last=True)
    model, clock = Model(net), Clock()
    optimizer = torch.optim.SGD(model.parameters(), lr=setup["lr"], momentum=setup["momentum"])
    Trainer(model=model, train_dataloader=loader, max_duration=f"{steps}ba", optimizers=optimizer, device="cpu",
            precision="amp_bf16" if setup["precision"] == "bf16" else "fp32", callbacks=[clock], progress_bar=False,
            auto_log_hparams=False).fit()
    clock.times.append(time.perf_counter())
    return [float(loss) for loss in clock.losses], clock.times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=["torch", "torch-best", "torch-double", "composer"])
    parser.add_argument("setup")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--window", type=int, default=50, help="steps between two looks at the clock")
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    setup = json.load(open(args.setup, encoding="utf-8"))
    if args.peer == "composer":
        losses, times = train_composer(setup, args.steps, args.window)
    else:
        losses, times = train_torch(setup, args.steps, args.window, args.peer)
    warm = max(1, len(times) // 5)
    rate = args.window * (len(times) - 1 - warm) / (times[-1] - times[warm]) if len(times) > warm + 1 else None
    print(json.dumps({"steps_per_s": rate, "losses": losses}))


if __name__ == "__main__":
    main()
