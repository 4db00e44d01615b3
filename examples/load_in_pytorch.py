#!/usr/bin/env python3
"""A convnet, resnet or mlp that hasten trained, as PyTorch modules built from its exported plan, with its weights.

  hasten export RUN --format plan; hasten export RUN
  python3 load_in_pytorch.py RUN/plan.json RUN/weights.safetensors IMAGES.npy    (uint8, N x H x W x C)
"""
import json
import sys
from collections import OrderedDict

import numpy
import torch
from safetensors.torch import load_file
from torch import nn


class Function(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.forward = function


ACTIVATIONS = {"relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU, "tanh": nn.Tanh,
               "relu_squared": lambda: Function(lambda x: x.relu().square())}


def norm(plan, settings, channels):
    made = (nn.BatchNorm2d if len(plan["input"]) == 3 else nn.BatchNorm1d)(channels, settings["epsilon"])
    for name in {"weight", "bias"} - set(plan["tensors"]):  # not learnt: stays one, or zero, and is in no file
        value = getattr(made, name).detach()
        delattr(made, name)
        made.register_buffer(name, value, persistent=False)
    return made


def layer(plan):
    s, channels, mean = plan["settings"], plan["input"][0], plan["settings"].get("function") == "average"
    kinds = {
        "conv2d": lambda: nn.Conv2d(channels, s["channels"], s["kernel"], s["stride"], s["padding"],
                                    groups=s["groups"], bias=s["bias"]),
        "linear": lambda: nn.Linear(plan["input"][-1], s["features"], s["bias"]),
        "batch_norm": lambda: norm(plan, s, channels),
        "activation": lambda: ACTIVATIONS[s["function"]](),
        "pool2d": lambda: nn.AvgPool2d(s["kernel"], s["stride"], s["padding"], count_include_pad=False) if mean
        else nn.MaxPool2d(s["kernel"], s["stride"], s["padding"]),
        "global_pool": lambda: nn.Sequential((nn.AdaptiveAvgPool2d if mean else nn.AdaptiveMaxPool2d)(1), nn.Flatten()),
        "flatten": nn.Flatten, "dropout": lambda: nn.Dropout(s["rate"]),
        "scale": lambda: Function(lambda x: x * s["factor"]),
    }
    if plan["kind"] not in kinds:
        sys.exit(f"layer {plan['name']} is of the kind {plan['kind']}, which this example does not build")
    return kinds[plan["kind"]]()


class Block(nn.Module):
    def __init__(self, plan):
        super().__init__()
        self.plan = plan
        for each in plan["layers"] + plan["shortcut"] + plan["after"]:
            self.add_module(each["name"], layer(each))

    def run(self, chain, x):
        for each in self.plan[chain]:
            x = getattr(self, each["name"])(x)
        return x

    def forward(self, x):
        y = self.run("layers", x)
        return self.run("after", y + self.run("shortcut", x) if self.plan["residual"] else y)


def load(plan_file, weights_file):
    with open(plan_file, encoding="utf-8") as file:
        plan = json.load(file)
    net = nn.Sequential(OrderedDict((block["name"], Block(block)) for block in plan["blocks"]))
    heads = tuple(head["name"] + "." for head in plan["auxiliary_heads"])  # for training alone
    net.load_state_dict({name: value for name, value in load_file(weights_file).items() if not name.startswith(heads)})
    return plan, net.eval()


def inputs(plan, images):  # N x H x W x C bytes, as hasten normalised them
    norm = plan["normalisation"]
    x = (images / 255.0 - numpy.array(norm["mean"])) / numpy.array(norm["deviation"])
    return torch.from_numpy(x.astype("float32")).permute(0, 3, 1, 2)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    model_plan, model = load(*sys.argv[1:3])
    with torch.no_grad():
        print(model(inputs(model_plan, numpy.load(sys.argv[3]))).argmax(1).tolist())
