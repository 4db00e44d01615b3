"""Environments with other people's tools from PyPI, and a small run of ours for them to read."""

import argparse
import subprocess
import sys
from pathlib import Path

SKIP = 77
RECIPE = """
name = "toy"
[workload]
dataset = "synthetic"
[data]
samples = 300
test_samples = 100
[model]
family = "convnet"
widths = [8, 8]
[optimizer]
name = "sgd"
lr = 0.05
[batch]
size = 30
[budget]
train = "{epochs}ep"
[[method]]
name = "ema"
[[method]]
name = "label_smoothing"
"""


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hasten", required=True)
    parser.add_argument("--environments", required=True, type=Path, help="folder where environments are kept")
    return parser.parse_args()


def environment(folder, name, packages, module):
    """Python of an environment that has `module`; ends the test as skipped where the packages cannot be had."""
    python = folder / name / "bin" / "python"
    if python.exists() and subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode == 0:
        return python
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", folder / name], capture_output=True, text=True)
    if made.returncode != 0:
        skip(f"Python cannot make an environment: {made.stdout}{made.stderr}")
    installed = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--retries", "1", "--timeout", "20", *packages],
        capture_output=True, text=True)
    if installed.returncode != 0:
        skip(f"{' '.join(packages)} cannot be installed from PyPI: {installed.stderr.strip().splitlines()[-1]}")
    return python


def skip(message):
    print("skipped:", message)
    sys.exit(SKIP)


def train(hasten, folder, *flags, epochs=3):
    """A run in folder/run."""
    recipe = folder / "r.toml"
    recipe.write_text(RECIPE.format(epochs=epochs))
    subprocess.run([hasten, "train", recipe, "--out", folder / "run", "--quiet", *flags], check=True)
    return folder / "run"
