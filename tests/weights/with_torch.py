"""The Python that has torch, and runs of ours on images that it can read, too."""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

SKIP = 77
SOURCE = Path(__file__).resolve().parents[2]
RECIPE = """
[workload]
dataset = "images"
[data]
path = "{data}"
[optimizer]
name = "sgd"
lr = 0.05
[batch]
size = 20
[budget]
train = "12step"
[evaluation]
every = "6step"
[checkpoint]
every = "4step"
keep = 9
[model]
{model}
"""

# What the package does, where it cannot be had.
READER = '''
import json, torch
TYPES = {"F32": torch.float32, "F64": torch.float64, "BF16": torch.bfloat16, "I64": torch.int64, "U8": torch.uint8}
class safe_open:
    def __init__(self, path, framework):
        data = open(path, "rb").read()
        begin = 8 + int.from_bytes(data[:8], "little")
        self.header, self.data = json.loads(data[8:begin]), data[begin:]
        self.texts = self.header.pop("__metadata__", None)
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def keys(self): return list(self.header)
    def metadata(self): return self.texts
    def get_tensor(self, name):
        entry = self.header[name]
        begin, end = entry["data_offsets"]
        return torch.frombuffer(bytearray(self.data[begin:end]), dtype=TYPES[entry["dtype"]]).reshape(entry["shape"])
def load_file(path):
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}
'''


def arguments():
    """Starts the test again with the Python that has torch; ends it as skipped where there is none."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hasten", required=True)
    parser.add_argument("--python", default="", help="a Python with torch")
    parser.add_argument("--packages", required=True, type=Path, help="where safetensors is kept")
    options = parser.parse_args()
    if importlib.util.find_spec("torch") is None:
        if not options.python or os.environ.get("HASTEN_WITH_TORCH"):
            print("skipped: no Python with torch belongs to this LibTorch")
            sys.exit(SKIP)
        os.environ["HASTEN_WITH_TORCH"] = "1"
        os.execv(options.python, [options.python, "-B", *sys.argv])
    add_safetensors(options.packages)
    return options


def add_safetensors(packages):
    if not (packages / "safetensors").exists():
        done = subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--retries", "1",
                               "--timeout", "20", "--target", packages, "safetensors"], capture_output=True, text=True)
        if done.returncode != 0:
            print("safetensors is not to be had; a small reader stands in")
            packages = packages / "reader"
            (packages / "safetensors").mkdir(parents=True, exist_ok=True)
            (packages / "safetensors" / "__init__.py").write_text(READER)
            (packages / "safetensors" / "torch.py").write_text("from safetensors import load_file")
    sys.path.insert(0, str(packages))


def images(folder, channels):
    """Random images whose class is how bright they are; the images of the test part."""
    import numpy
    draw = numpy.random.default_rng(channels)
    folder.mkdir()
    for part, count in (("train", 120), ("test", 30)):
        labels = draw.integers(0, 3, count)
        pixels = draw.integers(0, 90, (count, 12, 12, channels)) + 80 * labels[:, None, None, None]
        numpy.save(folder / f"x_{part}.npy", pixels.astype("uint8"))
        numpy.save(folder / f"y_{part}.npy", labels)
    return numpy.load(folder / "x_test.npy")


class Hasten:
    """The program, in a folder of its own."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def __call__(self, *arguments, fails=0):
        done = subprocess.run([self.program, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == fails, f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def recipe(self, name, data, model, rest=""):
        (self.folder / f"{name}.toml").write_text(RECIPE.format(data=data, model=model) + rest)
        return f"{name}.toml"

    def train(self, name, data, model, *flags, rest="", fails=0):
        self.recipe(name, data, model, rest)
        return self("train", f"{name}.toml", "--out", name, "--no-summary", "--threads", 1, *flags, fails=fails)

    def record(self, name):
        return json.loads((self.folder / name / "run.json").read_text())
