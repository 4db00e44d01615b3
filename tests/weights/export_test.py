#!/usr/bin/env python3
"""What `hasten export` writes, in PyTorch: the same logits from modules that the plan describes; and back by model.init."""

import runpy
import tempfile
import unittest
from pathlib import Path

import with_torch

OPTIONS = with_torch.arguments()

import numpy  # noqa: E402  (after the start with the right Python)
import torch  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

EXAMPLE = runpy.run_path(str(with_torch.SOURCE / "examples" / "load_in_pytorch.py"), run_name="example")
CONVNET = 'family = "convnet"\nwidths = [8, 8]\nnorm = true\nhidden = [12]\ndropout = 0.1\noutput_scale = 0.5'
RESNET = 'family = "resnet"\nstages = [1, 1, 1]\nwidth = 4'
EMA = '[[method]]\nname = "ema"\nhalf_life = "3step"\n'
STANDARDIZED = '[[method]]\nname = "weight_standardization"\n[[method]]\nname = "auxiliary_classifier"\n'


class ExportTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        folder = Path(cls.scratch.name)
        cls.folder = folder
        cls.hasten = with_torch.Hasten(OPTIONS.hasten, folder)
        cls.test_images = {channels: with_torch.images(folder / f"data{channels}", channels) for channels in (1, 3)}
        cls.hasten.train("convnet", "data1", CONVNET, rest=EMA)
        cls.hasten.train("resnet", "data3", RESNET)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def logits(self, run, channels, *flags):
        """Of the engine and of PyTorch, for the test images."""
        for form in ("plan", "safetensors", "predictions"):
            self.hasten("export", run, "--format", form, *(flags if form != "plan" else ()))
        path = self.folder / run
        plan, net = EXAMPLE["load"](path / "plan.json", path / "weights.safetensors")
        with torch.no_grad():
            ours = net(EXAMPLE["inputs"](plan, self.test_images[channels]))
        return numpy.load(path / "predictions.npy"), ours.numpy()

    def assert_same(self, engine, pytorch):
        self.assertEqual(engine.shape, (30, 3))
        self.assertGreater(numpy.abs(engine).max(), 0.05)  # they say something
        self.assertLess(numpy.abs(engine - pytorch).max(), 1e-5)

    def test_the_same_logits(self):
        self.assert_same(*self.logits("convnet", 1))
        self.assert_same(*self.logits("resnet", 3))

    def test_the_same_logits_of_a_plan_that_methods_edited(self):
        rest = '[[method]]\nname = "scale_bias_norm"\nshift_rate = 2\n'
        self.hasten.train("edited", "data1", CONVNET + '\nactivation = "relu_squared"', "--set", "optimizer.lr=0.01",
                          rest=rest)
        self.assert_same(*self.logits("edited", 1))
        norms = [name for name in load_file(self.folder / "edited" / "weights.safetensors") if "norm" in name]
        self.assertTrue(norms and not [name for name in norms if name.endswith(".weight")], norms)

    def test_a_layer_that_the_example_does_not_build_is_refused_by_name(self):
        attention = {"name": "mix", "kind": "self_attention", "settings": {}, "input": [4, 8], "tensors": {}}
        with self.assertRaisesRegex(SystemExit, "layer mix is of the kind self_attention"):
            EXAMPLE["layer"](attention)

    def test_weights_of_a_method_and_raw_ones(self):
        averaged, _ = self.logits("convnet", 1)
        raw, pytorch = self.logits("convnet", 1, "--weights", "raw")
        self.assert_same(raw, pytorch)
        self.assertGreater(numpy.abs(raw - averaged).max(), 1e-3)
        self.assertIn("ema weights of step 12", self.hasten("export", "convnet"))
        message = self.hasten("export", "resnet", "--weights", "ema", fails=2)
        self.assertIn("[--weights] expected weights that the run has: raw, got 'ema'", message)

    def test_predictions_have_the_recorded_accuracy(self):
        self.hasten("export", "convnet", "--format", "predictions")
        logits = numpy.load(self.folder / "convnet" / "predictions.npy")
        labels = numpy.load(self.folder / "data1" / "y_test.npy")
        last = (self.folder / "convnet" / "events.jsonl").read_text().splitlines()[-1]
        self.assertIn(f'"value":{(logits.argmax(1) == labels).mean():.6g}'[:14], last)

    def test_values_that_a_method_computes_with(self):
        self.hasten.train("standardized", "data1", CONVNET, rest=STANDARDIZED)
        self.assert_same(*self.logits("standardized", 1))

    def test_averaged_weights_with_statistics_of_their_own(self):
        swa = '[[method]]\nname = "swa"\nstart = "4step"\ninterval = "2step"\n'
        self.hasten.train("swa", "data1", CONVNET, rest=swa)
        self.assert_same(*self.logits("swa", 1))

    def test_a_run_starts_from_exported_weights(self):
        self.hasten("export", "resnet", "--out", "w.safetensors")
        more = '\ninit = "w.safetensors"\n'
        shown = self.hasten.train("again", "data3", RESNET + more, "--set", "optimizer.lr=1e-30")
        self.assertRegex(shown, r"(?m)^init w.safetensors: \d+ tensors$")
        self.hasten("export", "again", "--out", "again.safetensors")
        before, after = (load_file(self.folder / f"{name}.safetensors") for name in ("w", "again"))
        for name, value in before.items():
            if "running" not in name:
                self.assertTrue(torch.equal(value, after[name]), name)
        record = self.hasten.record("again")
        self.assertEqual([record["files"][0][key] for key in ("use", "path", "loaded")],
                         ["init", "w.safetensors", len(before)])
        self.assertEqual(record["auxiliary"][0]["kind"], "pre-trained weights")
        self.assertEqual(record["auxiliary"][0]["flops"], self.hasten.record("resnet")["executed"]["flops"])
        # Resuming needs the file no more.
        (self.folder / "w.safetensors").unlink()
        for path in sorted((self.folder / "again" / "checkpoints").iterdir())[1:]:
            path.unlink()
        self.hasten.train("again", "data3", RESNET + more, "--set", "optimizer.lr=1e-30", "--resume")
        self.assertEqual(self.hasten.record("again")["files"], record["files"])
        message = self.hasten.train("third", "data3", RESNET + more, fails=2)
        self.assertIn("[model.init] expected a safetensors file, got 'w.safetensors'", message)

    def test_a_new_head(self):
        self.hasten("export", "resnet", "--out", "base.safetensors")
        state = load_file(self.folder / "base.safetensors")
        wide = 'family = "resnet"\nstages = [1, 1, 1, 1]\nwidth = 4\ninit = "base.safetensors"'
        message = self.hasten.train("wide", "data3", wide, fails=2)
        self.assertIn("[model.init] expected tensors of the model's shapes and kinds, got head.linear.weight", message)
        self.assertFalse((self.folder / "wide").exists())
        shown = self.hasten.train("wide", "data3", wide + '\ninit_skip = ["head.*"]')
        self.assertIn("  skipped by init_skip: head.linear.weight, head.linear.bias\n", shown)
        self.assertIn("  missing in the file: stage4_block1.conv1.weight,", shown)
        self.assertEqual(self.hasten.record("wide")["files"][0]["loaded"], len(state) - 2)

    def test_a_broken_file_is_refused_with_its_place(self):
        self.hasten("export", "resnet", "--out", "cut.safetensors")
        data = (self.folder / "cut.safetensors").read_bytes()
        (self.folder / "cut.safetensors").write_bytes(data[:-5])
        message = self.hasten.train("cut", "data3", RESNET + '\ninit = "cut.safetensors"', fails=3)
        self.assertIn(f"byte {len(data) - 5}: truncated: tensor ", message)


if __name__ == "__main__":
    unittest.main(argv=["export_test"])
