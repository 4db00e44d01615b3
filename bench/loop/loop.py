#!/usr/bin/env python3
"""One network, batch and precision in hasten's loop, in PyTorch's and in Composer's, in turn; steps a second and ratios.

  python3 -m venv peers && peers/bin/pip install torch==2.13.0 safetensors numpy
  peers/bin/pip install --no-deps mosaicml torchmetrics ...     # what `import composer` asks for; torchvision is stubbed
  bench/loop/loop.py --hasten build/release/hasten --python peers/bin/python [--rounds 5] [--seconds 6] [CASE ...]

All start from the same weights. Before anything is timed, each trains on a set of one batch, and the loss of every step has to
be that of PyTorch in double precision (to 0.1% in fp32, 2% in bf16): 10 steps of an MLP, 3 of the convnet, 2 of ResNet-18, where
rounding grows five- to tenfold a step, PyTorch's own as well (cnn-512: 5e-5 after one step, 2e-3 after three). The first fifth of a
timed run does not count. Of the small nets hasten and torch-best run with 1 and with all threads and count by the better, and hasten
also by --choose-threads; the others run with all.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CNN = {"family": "convnet", "stem": 24, "stem_kernel": 2, "widths": [64, 128, 128], "convs_per_group": 2, "norm": True,
       "readout": "max"}
MLP = {"family": "mlp", "widths": [256]}
RESNET = {"family": "resnet", "depth": 18, "form": "imagenet"}
# model, side, channels, batch, precision
CASES = {
    "mlp-16": (MLP, 28, 1, 16, "fp32"),
    "mlp-64": (MLP, 28, 1, 64, "fp32"),
    "mlp-64-bf16": (MLP, 28, 1, 64, "bf16"),
    "cnn-512": (CNN, 28, 1, 512, "fp32"),
    "cnn-512-bf16": (CNN, 28, 1, 512, "bf16"),
    "resnet18-32": (RESNET, 64, 3, 32, "fp32"),
}
# Clocks are read once in so many steps: of a small net seldom, of a large one a few times in a run.
WINDOWS = {"mlp": 50, "convnet": 10, "resnet": 10}
CHECKED_STEPS = {"mlp": 10, "convnet": 3, "resnet": 2}
# Freed memory is kept instead of being given back and cleared again by the kernel.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 33)}


def make_data(python, folder, samples, side, channels):
    script = ("import numpy as n, sys; r = n.random.default_rng(1); f, c, s, k = sys.argv[1], *map(int, sys.argv[2:])\n"
              "for part, m in (('train', c), ('test', 64)):\n"
              "    y = r.integers(0, 10, m); x = r.integers(0, 200, (m, s, s, k)) + 5 * y[:, None, None, None]\n"
              "    n.save(f'{f}/x_{part}.npy', x.astype('uint8')); n.save(f'{f}/y_{part}.npy', y)\n")
    os.makedirs(folder, exist_ok=True)
    subprocess.run([python, "-c", script, folder, str(samples), str(side), str(channels)], check=True)


class Case:
    def __init__(self, args, name, scratch):
        self.args, self.name = args, name
        self.model, side, channels, self.batch, self.precision = CASES[name]
        self.window, self.small = WINDOWS[self.model["family"]], self.model["family"] == "mlp"
        self.folder = os.path.join(scratch, name)
        make_data(args.python, os.path.join(self.folder, "one"), self.batch, side, channels)
        make_data(args.python, os.path.join(self.folder, "many"), max(40 * self.batch, 2000), side, channels)
        self.start_weights()

    def recipe(self, data, steps, window, **changes):
        recipe = {"name": self.name, "workload": {"dataset": "images"}, "model": dict(self.model),
                  "data": {"path": os.path.join(self.folder, data)}, "batch": {"size": self.batch},
                  "optimizer": {"name": "sgd", "lr": 0.01, "momentum": 0.9}, "schedule": {"lr": "constant"},
                  "precision": {"compute": self.precision}, "budget": {"train": f"{steps}step"},
                  "evaluation": {"every": f"{min(steps, window)}step", "batch": 64}, "checkpoint": {"every": f"{steps}step"}}
        recipe.update(changes)
        path = os.path.join(self.folder, "recipe.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(recipe, file)
        return path

    def hasten(self, recipe, threads):
        out = os.path.join(self.folder, "run")
        shutil.rmtree(out, ignore_errors=True)
        command = [self.args.hasten, "train", recipe, "--out", out, "--quiet"]
        command += ["--threads", str(threads)] if threads else ["--choose-threads"]
        subprocess.run(command, check=True)
        with open(os.path.join(out, "events.jsonl"), encoding="utf-8") as file:
            events = [json.loads(line) for line in file]
        return out, [e for e in events if any(m["split"] == "train" for m in e["metrics"])]

    # One step at rate 0 leaves the start values, which all then begin with.
    def start_weights(self):
        run, _ = self.hasten(self.recipe("one", 1, 1, schedule={"lr": 0.0}), 0)
        self.weights, self.plan = (os.path.join(self.folder, f) for f in ("start.safetensors", "plan.json"))
        subprocess.run([self.args.hasten, "export", run, "--out", self.weights], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([self.args.hasten, "export", run, "--format", "plan", "--out", self.plan], check=True,
                       stdout=subprocess.DEVNULL)

    def run(self, who, data, steps, threads, window=None):
        window = window or self.window
        if who == "hasten":
            model = {**self.model, "init": self.weights}
            out, windows = self.hasten(self.recipe(data, steps, window, model=model), threads)
            losses = [next(m["value"] for m in e["metrics"] if m["split"] == "train") for e in windows]
            warm = windows[max(0, len(windows) // 5)]
            spent = windows[-1]["t_train"] - warm["t_train"]
            with open(os.path.join(out, "run.json"), encoding="utf-8") as file:
                had = json.load(file)["hardware"]["threads"]
            return {"steps_per_s": (windows[-1]["step"] - warm["step"]) / spent if spent > 0 else None,
                    "losses": losses, "threads": had}
        setup = {"data": os.path.join(self.folder, data), "plan": self.plan, "weights": self.weights, "lr": 0.01,
                 "momentum": 0.9, "batch": self.batch, "precision": self.precision}
        path = os.path.join(self.folder, "setup.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(setup, file)
        environment = {**os.environ, **(KEEP_MEMORY if who == "torch-best" else {})}
        done = subprocess.run([self.args.python, os.path.join(HERE, "peers.py"), who, path, "--steps", str(steps),
                               "--window", str(window), "--threads", str(threads)], capture_output=True, text=True, env=environment, check=False)
        if done.returncode != 0:
            raise SystemExit(done.stderr[-3000:])
        return json.loads(done.stdout[done.stdout.index('{"steps'):])

    # How far each is from double precision at worst.
    def check_losses(self, sides):
        steps = CHECKED_STEPS[self.model["family"]]
        exact = self.run("torch-double", "one", steps, os.cpu_count(), 1)["losses"]
        tolerance = 1e-3 if self.precision == "fp32" else 2e-2
        off = {}
        for who in sides:
            losses = self.run(who, "one", steps, os.cpu_count(), 1)["losses"]
            off[who] = max(abs(loss / true - 1) for loss, true in zip(losses, exact, strict=True))
            if off[who] > tolerance:
                raise SystemExit(f"{self.name}: the losses of {who} do not agree: {losses}, in double precision {exact}")
        return off

    # Everyone for about the same time; steps are fitted in a short run.
    def measure(self, sides):
        cores = os.cpu_count()
        variants = []
        for who in sides:
            best = self.small and who in ("hasten", "torch-best")
            for threads in ([1, cores] if best else [cores]) + ([0] if self.small and who == "hasten" else []):
                short = self.run(who, "many", 3 * self.window, threads)["steps_per_s"]
                steps = max(4, int(short * self.args.seconds / self.window)) * self.window
                variants.append((who, threads, steps))
        rates, chosen = {v[:2]: [] for v in variants}, []
        for turn in range(self.args.rounds):
            for who, threads, steps in variants[turn % len(variants):] + variants[:turn % len(variants)]:
                run = self.run(who, "many", steps, threads)
                rates[who, threads].append(run["steps_per_s"])
                if not threads:
                    chosen.append(run["threads"])
        return rates, chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=list(CASES), metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--hasten", required=True)
    parser.add_argument("--python", required=True, help="the Python that has the peers")
    parser.add_argument("--peers", default="torch,torch-best,composer")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6, help="of each timed run, about")
    args = parser.parse_args()
    sides = ["hasten", *[p for p in args.peers.split(",") if p]]
    with tempfile.TemporaryDirectory(prefix="loop_") as scratch:
        for name in args.cases:
            case = Case(args, name, scratch)
            off = case.check_losses(sides)
            rates, chosen = case.measure(sides)
            print(f"{name}: losses off double precision by at most " + ", ".join(f"{w} {v:.1e}" for w, v in off.items()))
            best = {}
            for (who, threads), values in rates.items():
                median = statistics.median(values)
                label = f"{who}, {threads or 'own choice of'} threads" + ("" if threads else f" ({', '.join(map(str, chosen))})")
                print(f"  {label:48} {median:9.1f} steps/s ({min(values):.1f} to {max(values):.1f}), "
                      f"{median * case.batch:.0f} samples/s")
                if threads and median > statistics.median(best.get(who, [0])):
                    best[who] = values
            ours, of = (rates["hasten", 0], "by its own choice") if case.small else (best["hasten"], "with all threads")
            for who in sides[1:]:
                ratios = sorted(a / b for a, b in zip(ours, best[who]))
                print(f"  hasten {of} / {who} at its best: {statistics.median(ratios):.2f} "
                      f"({ratios[0]:.2f} to {ratios[-1]:.2f})")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
