#!/usr/bin/env python3
"""Time of a training step with fused and with explicit attention by length, at the same tokens a step.

  bench/attention_kernels.py --hasten build/release/hasten --text tinyshakespeare.txt [--rounds 5] [--lengths 64,256,...]

Kernels take turns within a round; shown are medians and ranges of the ratio, round by round. The losses of both have to
agree to 0.1% after the same steps. The first window of 50 steps does not count.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile

TOKENS = 4096  # a step


def step_ms(args, length, kernel, folder):
    recipe = {"workload": {"dataset": "text", "metric": "test/loss"},
              "data": {"path": os.path.abspath(args.text), "context": length, "train_share": 0.99},
              "model": {"family": "gpt", "layers": 2, "width": args.width, "heads": 4, "attention": kernel},
              "optimizer": {"name": "adamw", "lr": 1e-3}, "batch": {"size": TOKENS // length},
              "precision": {"compute": args.precision}, "budget": {"train": "100step"},
              "evaluation": {"every": "100step"}, "checkpoint": {"every": "100step"}}
    path, out = os.path.join(folder, "recipe.json"), os.path.join(folder, f"run-{len(os.listdir(folder))}")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(recipe, file)
    subprocess.run([args.hasten, "--no-defaults", "train", path, "--out", out, "--quiet"], check=True)
    with open(os.path.join(out, "events.jsonl"), encoding="utf-8") as file:
        windows = [e for e in map(json.loads, file) if any(m["split"] == "train" for m in e["metrics"])]
    return 20 * (windows[1]["t_train"] - windows[0]["t_train"]), windows[1]["metrics"][0]["value"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hasten", required=True)
    parser.add_argument("--text", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lengths", default="64,256,512,1024,2048")
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--precision", default="fp32")
    args = parser.parse_args()
    print("| length | explicit, ms a step | fused, ms a step | explicit / fused |\n|--:|--:|--:|--:|")
    for length in map(int, args.lengths.split(",")):
        times = {"explicit": [], "fused": []}
        with tempfile.TemporaryDirectory(prefix="attention_") as folder:
            for turn in range(args.rounds):
                losses = {}
                for kernel in sorted(times, reverse=turn % 2 == 1):
                    ms, losses[kernel] = step_ms(args, length, kernel, folder)
                    times[kernel].append(ms)
                if abs(losses["fused"] / losses["explicit"] - 1) > (1e-3 if args.precision == "fp32" else 2e-2):
                    raise SystemExit(f"the losses do not agree: {losses}")
        ratios = sorted(a / b for a, b in zip(times["explicit"], times["fused"]))
        print(f"| {length} | {statistics.median(times['explicit']):.1f} | {statistics.median(times['fused']):.1f} | "
              f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) |", flush=True)


if __name__ == "__main__":
    main()
