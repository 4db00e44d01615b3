"""The pipelines on which diagnoses are checked, by what holds each of them back."""

import argparse
import json
import re
import struct
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--hasten", default="build/release/hasten")
    parser.add_argument("--cifar", required=True, help="folder of CIFAR-10 as JPEG files: train/CLASS/*.jpg")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()), help="folder for files that are made")
    parser.add_argument("--time", default="40s", help="of each diagnosis")
    parser.add_argument("--log", help="a line a remedy that was tried")
    parser.add_argument("--only", action="append", help="these pipelines alone")
    return parser


def word_tokens(folder, text):
    """A text by words, numbered as they come: a vocabulary of some ten thousand."""
    numbers = {}
    words = re.findall(r"\w+|[^\w]", text.read_text())
    tokens = [numbers.setdefault(word, len(numbers)) for word in words]
    path = folder / "hasten-word-tokens.bin"
    path.write_bytes(struct.pack(f"<{len(tokens)}H", *tokens))
    return path


def scripted(folder, checked):
    """A convolutional network as TorchScript; `checked`: with a metric whose value every step waits for."""
    import torch
    from torch import nn

    class Checked(nn.Module):
        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, images):
            outputs = self.network(images)
            if outputs.abs().max().item() > 1e6:
                raise RuntimeError("outputs explode")
            return outputs

    torch.manual_seed(1)
    layers = [nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(),
              nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32 * 49, 10)]
    network = nn.Sequential(*layers)
    path = folder / f"hasten-{'checked' if checked else 'plain'}.pt"
    torch.jit.script(Checked(network) if checked else network).save(str(path))
    return path


def diagnose(options, recipe, changes, *words):
    command = [options.hasten, "diagnose", str(HERE / recipe), "--time", options.time, "--json", "--quiet", *words]
    if options.log:
        command += ["--log", options.log]
    for change in changes:
        command += ["--set", change]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return json.loads(done.stdout)
