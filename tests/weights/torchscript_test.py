#!/usr/bin/env python3
"""Modules that PyTorch scripted, trained by the family torchscript: as far as a family of our own, and bit for bit."""

import json
import tempfile
import unittest
from pathlib import Path

import with_torch

OPTIONS = with_torch.arguments()

import numpy  # noqa: E402  (after the start with the right Python)
import torch  # noqa: E402
from safetensors import safe_open  # noqa: E402
from torch import nn  # noqa: E402

MODEL = 'family = "torchscript"\npath = "model.pt"'
METHODS = """
[[method]]
name = "ema"
half_life = "3step"
[[method]]
name = "label_smoothing"
[[method]]
name = "cutmix"
[[method]]
name = "sam"
interval = 2
"""


class Net(nn.Module):
    """The convnet of ours with widths = [8, 8], norm and dropout, as one writes it in PyTorch."""

    def __init__(self, classes=3, dropout=0.2):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(8)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(72, classes)

    def forward(self, x):
        x = torch.relu(self.norm1(torch.max_pool2d(self.conv1(x), 2)))
        x = torch.relu(self.norm2(torch.max_pool2d(self.conv2(x), 2)))
        return self.head(self.dropout(x.flatten(1)))


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.net, self.calls = Net(), 0

    def forward(self, x):
        self.calls += 1
        return self.net(x)


def tensors(path):
    """Of a checkpoint, clocks apart."""
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys() if name != "digest.xxh3"}, file.metadata()


class TorchScriptTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.scratch.name)
        cls.hasten = with_torch.Hasten(OPTIONS.hasten, cls.folder)
        with_torch.images(cls.folder / "data1", 1)
        torch.manual_seed(1)
        torch.jit.script(Net()).save(cls.folder / "model.pt")
        cls.hasten.train("all", "data1", MODEL, rest=METHODS)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def test_trains_with_methods_and_is_recorded(self):
        record = self.hasten.record("all")
        self.assertEqual((record["status"], record["metric"]["weights"]), ("ok", "ema"))
        self.assertEqual([(f["use"], f["path"]) for f in record["files"]], [("module", "model.pt")])
        self.assertEqual((self.folder / "all" / "model.pt").read_bytes(), (self.folder / "model.pt").read_bytes())

    def test_counts_what_a_family_of_ours_counts(self):
        ours = 'family = "convnet"\nwidths = [8, 8]\nnorm = true\ndropout = 0.2'
        self.hasten.train("plain", "data1", MODEL)
        self.hasten.train("ours", "data1", ours)
        counted = [self.hasten.record(run)["executed"]["flops"] for run in ("plain", "ours")]
        self.assertGreater(counted[0], 0)
        self.assertEqual(*counted)

    def test_resumes_bit_for_bit_without_the_file(self):
        self.hasten.train("cut", "data1", MODEL, rest=METHODS)
        checkpoints = sorted((self.folder / "cut" / "checkpoints").iterdir())
        for path in checkpoints[1:]:
            path.unlink()
        (self.folder / "model.pt").rename(self.folder / "elsewhere.pt")
        try:
            self.hasten.train("cut", "data1", MODEL, "--resume", rest=METHODS)
        finally:
            (self.folder / "elsewhere.pt").rename(self.folder / "model.pt")
        (whole, _), (cut, _) = (tensors(self.folder / run / "checkpoints" / checkpoints[-1].name)
                                for run in ("all", "cut"))
        self.assertEqual(whole.keys(), cut.keys())
        self.assertIn("model/buffers/norm1.num_batches_tracked", whole)
        for name, value in whole.items():
            self.assertTrue(torch.equal(value, cut[name]), name)

    def test_the_trained_module_predicts_in_pytorch_what_it_does_here(self):
        for form in ("torchscript", "predictions"):
            self.hasten("export", "all", "--format", form)
        module = torch.jit.load(self.folder / "all" / "trained.pt").eval()
        norm = self.hasten.record("all")["data"][0]
        pixels = numpy.load(self.folder / "data1" / "x_test.npy")
        x = (pixels / 255 - numpy.array(norm["mean"])) / numpy.array(norm["deviation"])
        with torch.no_grad():
            logits = module(torch.from_numpy(x.astype("float32")).permute(0, 3, 1, 2)).numpy()
        engine = numpy.load(self.folder / "all" / "predictions.npy")
        self.assertLess(numpy.abs(engine - logits).max(), 1e-5)
        # And the other way round: a module of the same class takes the exported tensors.
        self.hasten("export", "all")
        with safe_open(self.folder / "all" / "weights.safetensors", "pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}
            self.assertEqual(file.metadata()["weights"], "ema")
        net = Net().eval()
        net.load_state_dict(state)
        with torch.no_grad():
            same = net(torch.from_numpy(x.astype("float32")).permute(0, 3, 1, 2)).numpy()
        self.assertLess(numpy.abs(engine - same).max(), 1e-5)

    def test_starts_from_weights_by_name(self):
        self.hasten("export", "all", "--out", "w.safetensors")
        shown = self.hasten.train("tuned", "data1", MODEL + '\ninit = "w.safetensors"\ninit_skip = ["head.*"]')
        self.assertIn("init w.safetensors: 12 tensors\n", shown)

    def test_its_settings_can_be_searched_for(self):
        recipe = self.hasten.recipe("searched", "data1", MODEL)
        (self.folder / "space.toml").write_text('optimizer.lr = {low = 1e-3, high = 0.3, scale = "log"}\n')
        self.hasten("tune", recipe, "--space", "space.toml", "--trials", 2, "--rungs", 1, "--budget", "12step", "--on",
                    "validation", "--set", "data.validation=30", "--out", "search")
        trials = json.loads((self.folder / "search" / "result.json").read_text())["recipes"][0]["trials"]
        self.assertEqual([rung["status"] for trial in trials for rung in trial["rungs"]], ["ok", "ok"])

    def test_explain_says_what_it_cannot_know(self):
        recipe = self.hasten.recipe("explained", "data1", MODEL, METHODS)
        self.assertIn("parameters, FLOPs unknown (no plan describes its layers; a run counts them)",
                      self.hasten("explain", recipe))
        cost = json.loads(self.hasten("explain", recipe, "--json"))["cost"]["recipe"]
        self.assertIsNone(cost["forward_flops_per_sample"])
        self.assertEqual(cost["parameters"], sum(p.numel() for p in Net().parameters()))

    def refused(self, model=None, expected="", rest="", path="other.pt"):
        if model is not None:
            torch.jit.script(model).save(self.folder / path)
        message = self.hasten.train("refused", "data1", f'family = "torchscript"\npath = "{path}"', rest=rest, fails=2)
        self.assertIn(expected, message)
        self.assertFalse((self.folder / "refused").exists())

    def test_refuses_before_the_first_step(self):
        self.refused(Net(classes=7), "[model.path] expected a module from [n, 1, 12, 12] to logits [n, 3], got an output "
                                     "of Float [4, 7] for 4 samples")
        self.refused(nn.Sequential(nn.Flatten(), nn.Linear(7, 3)),
                     "expected a module from [n, 1, 12, 12] to logits [n, 3], got RuntimeError: mat1 and mat2")
        self.refused(Counting(), "got one that assigns 'calls', a int")
        self.refused(None, "expected the file of a scripted module, got 'nowhere.pt', which is not there", path="nowhere.pt")
        for method in ("stochastic_depth", "weight_standardization", "dirac_init", "layer_freezing"):
            self.refused(None, f"[method.{method}] expected a model that is made from a plan, whose layers it can change, "
                               "got 'torchscript', whose layers no plan describes",
                         f'[[method]]\nname = "{method}"\n', path="model.pt")
        (self.folder / "text.pt").write_text("no module")
        message = self.hasten.train("refused", "data1", 'family = "torchscript"\npath = "text.pt"', fails=3)
        self.assertIn("text.pt: not a module that torch.jit.save wrote", message)


if __name__ == "__main__":
    unittest.main(argv=["torchscript_test"], warnings="ignore")  # torch.jit is deprecated in Python
